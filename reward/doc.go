// Package reward turns preferences into a score. Read it in the order of the work:
//
//	config.go       every setting with its unit and range
//	loss.go         comparisons -> pairs; the Bradley-Terry loss and its gradient
//	calibration.go  held-out pairs -> accuracy, log-loss, calibration
//	norm.go         scores -> mean 0, standard deviation 1 on reference samples
//	network.go      a decoder with a linear head: one number per token
//	model.go        the reward model: made of a language model, saved, loaded, scoring
//	trainer.go      comparisons -> one optimiser step; held-out quality
//
// A score is one number per sequence, read at its last real token. A pair says that
// one of two sequences answering the same prompt was preferred; K candidates of one
// prompt are up to K(K-1)/2 pairs, which always stay in one batch element.
package reward
