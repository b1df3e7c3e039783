// Package bench measures how fast this machine trains and decodes, in the units that
// compare across programs: tokens and floating-point operations per second. Weights and
// tokens are random, for the speed does not depend on them. Read it in this order:
//
//	arch.go    published architectures by name
//	flops.go   the operations of a model, counted by formula
//	train.go   optimiser steps
//	decode.go  sampling with a KV cache
//	usage_*.go memory and processor time, as the system tells
//
// A step's time is the median of several after one that is not timed. The peak it is
// compared with is measured in the same call, before and after: on a shared machine it
// varies as the steps do.
package bench
