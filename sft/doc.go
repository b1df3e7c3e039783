// Package sft teaches a decoder by demonstration, and, as pretraining, on plain text.
// Read it in this order:
//
//	config.go    the settings
//	sequence.go  examples or documents -> tokens and the mask of what is learnt
//	trainer.go   sequences -> one optimiser step; held-out loss
//	save.go      checkpoints that other programs load; exact resume
//
// The loss is the mean of -log p over the response tokens, the end-of-sequence token
// among them, of the whole step: however a step is cut into micro-batches, each token
// has the same weight.
package sft
