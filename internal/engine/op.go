package engine

import (
	"fmt"
	"hash"
	"hash/fnv"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// runFunc computes an op: out and in are whole buffers of the node's capacity.
type runFunc func(out []float32, in [][]float32) error

// gradFunc gives the gradient node of each input, nil where none is wanted.
type gradFunc func(in G.Nodes, out, dout *G.Node) (G.Nodes, error)

var opID atomic.Uint64

// op is the one gorgonia op; every fused kernel is a value of it. It owns its output
// buffer, which survives VM resets, so a steady step allocates nothing.
type op struct {
	name  string
	id    uint64 // makes the hash unique: gorgonia merges nodes of equal 32-bit hash
	in    hm.Types
	wrt   []bool
	shape tensor.Shape
	run   runFunc
	grad  gradFunc
	ext   func() []float32 // set: the output is memory of somebody else

	out     G.Value
	scalar  *G.F32
	scratch [][]float32
}

var (
	_ G.Op   = (*op)(nil)
	_ G.SDOp = (*op)(nil)
)

func typeOf(s tensor.Shape) hm.Type {
	if s.IsScalar() {
		return tensor.Float32
	}
	return G.TensorType{Dims: s.Dims(), Of: tensor.Float32}
}

// Arity is part of gorgonia.Op, as the methods below.
func (o *op) Arity() int { return len(o.in) }

// Type is made fresh at each call: gorgonia recycles what it returns.
func (o *op) Type() hm.Type {
	return hm.NewFnType(append(append(hm.Types{}, o.in...), typeOf(o.shape))...)
}

func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// Do runs the op. It is called on the VM's goroutine, where a panic would end the
// process, so panics become errors.
func (o *op) Do(vs ...G.Value) (_ G.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("engine: %s: %v", o.name, r)
		}
	}()
	o.scratch = o.scratch[:0]
	for _, v := range vs {
		o.scratch = append(o.scratch, floats(v))
	}
	if o.ext != nil {
		if o.out == nil {
			o.out = dense(o.ext(), o.shape...)
		}
		return o.out, nil
	}
	if o.scalar != nil {
		var x [1]float32
		err := o.run(x[:], o.scratch)
		*o.scalar = G.F32(x[0])
		return o.scalar, err
	}
	return o.out, o.run(floats(o.out), o.scratch)
}

// allocate gives the op an output buffer of its own, or, with a plan, one in the arena.
func (o *op) allocate(arena []float32) {
	switch {
	case o.ext != nil:
	case o.shape.IsScalar():
		o.scalar = G.NewF32(0)
	default:
		o.out = dense(arena, o.shape...)
	}
}

func floats(v G.Value) []float32 {
	switch x := v.(type) {
	case *tensor.Dense:
		return x.Float32s()
	case *G.F32:
		return []float32{float32(*x)}
	}
	return nil
}

func (o *op) ReturnsPtr() bool     { return true }
func (o *op) CallsExtern() bool    { return false } // true would make the VM allocate after every reset
func (o *op) OverwritesInput() int { return -1 }
func (o *op) String() string       { return o.name }
func (o *op) DiffWRT(int) []bool   { return o.wrt }

func (o *op) WriteHash(h hash.Hash) { _, _ = fmt.Fprintf(h, "%s/%d", o.name, o.id) }

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// SymDiff adds the backward ops to the graph.
func (o *op) SymDiff(in G.Nodes, out, dout *G.Node) (G.Nodes, error) {
	if o.grad == nil {
		return nil, fmt.Errorf("engine: %s has no gradient", o.name)
	}
	return o.grad(in, out, dout)
}
