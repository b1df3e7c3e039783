// Package kernel computes: matrix products, attention, norms, activations,
// vocabulary rows and the optimiser step, on float32 in row-major order.
//
// Read it in this order:
//
//	team.go       workers that share a range; the only goroutines here
//	build.go      the function table, one per instruction set, chosen once at start
//	gemm.go       C += A·B in three forms, and B packed for decode
//	attention.go  causal attention over ragged sequences, and its gradient
//	cache.go      keys and values kept between calls, for decode
//	rows.go       bias, embedding, gathering; norm.go, rotary.go, activation.go
//	vocab.go      logprob, entropy and their gradient over rows of logits
//	optim.go      AdamW and reductions; cast.go: bf16 and f16
//	ref_*.go      every function again in plain Go: the oracle of the tests, and
//	              the build without cgo
//	*.h, *.c      the C kernels, written once in vector extensions and compiled
//	              for AVX-512, AVX2 and the base (SSE2, NEON)
//	bench.go      measured rates as a share of the peak that peak.go measures
//
// Three promises hold within one build:
//
//   - A row's result depends on that row's inputs only, never on how many rows,
//     workers or tiles there were: one token decoded alone has the bits it has in
//     a batch of a thousand.
//   - An element of a product is one chain of multiply-adds over k ascending, an
//     attention output one chain over its keys, so training, prefill and decode agree.
//   - Reductions across rows have an order fixed by shapes alone.
//
// Slices that are too short panic with what was got and what is needed: that is an
// error in the calling program, and the engine turns it into an error value.
package kernel
