// Package engine builds, differentiates and runs the computation graphs of the
// models. It is the only importer of gorgonia, which serves as graph, autodiff,
// virtual machine and solver interface; the work is done by fused ops over
// package kernel. Read it in this order:
//
//	runtime.go     the worker team that programs run on
//	param.go       a weight, shared by any number of graphs, and its gradient
//	input.go       axes (how many rows are live) and host inputs
//	op.go          gorgonia's Op protocol, in one struct
//	builder.go     nodes, parameters in a graph, side results
//	embed.go linear.go norm.go attention.go activation.go   the ops of a decoder
//	head.go        vocabulary: log-probabilities and cross-entropy, never all logits
//	loss.go        a scalar loss written as a Go function with its gradient
//	checkpoint.go  recompute a block in the backward pass
//	plan.go        one arena for all activations
//	program.go     build, run, read results
//	adamw.go       the optimiser
//
// Shapes: a node is [rows, cols]; rows belong to an Axis with a fixed capacity and
// a live length that is set before each run. Ops touch live rows only, so a
// program for a bucket of tokens serves every smaller batch without padding.
//
// Errors: the Builder keeps the first error and returns it from Build. Ops run on
// gorgonia's goroutine; a panic inside one becomes an error of Run. One Runtime
// runs one program at a time.
package engine
