// Package verify compares a model with numbers that another framework recorded for
// it. Read it in this order:
//
//	report.go   rows of name, worst difference, tolerance; the dump
//	golden.go   a golden file: padded batches, results, tolerances
//	forward.go  hidden states, logits, logprobs, the stream between blocks
//	train.go    loss, every gradient, two AdamW steps
//	greedy.go   greedy tokens over KV caches
//	prompts.go  golden.json of prompts: logprobs, first choices, greedy tokens
//
// Rows are evaluated as they are, end to end without padding; the results are put
// back to the places that the padded batches give them, zero at padding.
package verify
