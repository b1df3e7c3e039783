// Package models holds a decoder as a graph. Read it in this order:
//
//	spec.go     what a decoder is: sizes, norm, positions, activation, biases, tying
//	decoder.go  its parameters by name
//	forward.go  tokens -> hidden states, one block after the other
//	inputs.go   the host side of a batch: tokens, positions, offsets, caches
//	rotary.go   rotary frequencies and their scalings
//	lora.go     low-rank adapters: add, merge
//	random.go   initial values, a function of (seed, name, index)
//
// The families of published models are in families, their files in checkpoint,
// sampling in generate, comparison with recorded numbers in verify.
//
// Shapes: N tokens laid end to end, V vocabulary, d width, H query and KV key/value
// heads of size h, f inner width of the MLP. Activations are [N, d], matrices
// [out, in]. q, k and v are one matrix [(H+2·KV)·h, d]; gate and up are one [2f, d].
//
// Training, sampling and scoring run the same graph code, and a row's result does
// not depend on what else is in the batch: a sequence alone, packed among others,
// or token by token over caches gets the same log-probabilities bit for bit.
package models
