// Package eval measures models; every figure comes with its interval. Read it in order:
//
//	interval.go   Interval; Wilson's for a share
//	bootstrap.go  the interval of anything else, by resampling
//	kl.go         estimators of the divergence between two policies
//	model.go      logprobs of given texts under a model
//	measure.go    perplexity, KL to a reference, win rate of B over A
//	text.go       distinct n-grams, lengths
//
// An interval says how much a figure would move had other prompts been drawn. It does
// not cover another training seed, nor a scorer that is itself wrong.
package eval
