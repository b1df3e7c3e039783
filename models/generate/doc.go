// Package generate continues prompts: ragged batches with a KV cache, the same graph
// code as training. Read it in this order:
//
//	filter.go    logits -> distribution: penalties, temperature, top-k, top-p, ...
//	sample.go    distribution -> token, by a random number with an address
//	generator.go prompts -> rollouts
//
// In f32 the log-probability recorded for a sampled token equals what a training
// graph computes for it, bit for bit, whatever the batch was.
package generate
