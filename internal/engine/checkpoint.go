package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"plumbline/internal/kernel"
)

// block is a part of a graph that is compiled by itself: once forward only, once
// with its backward pass. All blocks of a program share one arena, since they run
// one after the other.
type block struct {
	fwd, bwd *inner
}

// inner is the graph of a block. x and dy are fed, y and dx read.
type inner struct {
	b            *Builder
	x, y, dy, dx *G.Node
	spans        []*span
	size         int
	vm           G.VM
}

// Checkpoint is body(x), of which only x is kept: the backward pass computes the
// block again (Chen et al. 2016, arXiv:1604.06174). The results are the same bit for
// bit. body is called several times and must build the same ops each time; its
// result has x's shape.
func (b *Builder) Checkpoint(x Node, body func(b *Builder, x Node) Node) Node {
	if b.mode == Forward {
		return body(b, x)
	}
	if !b.want("checkpoint", x, 0) {
		return Node{}
	}
	fwd, err := b.newInner(x, Forward, body)
	if err != nil {
		return b.fail("checkpoint: %w", err)
	}
	bwd, err := b.newInner(x, Train, body)
	if err != nil {
		return b.fail("checkpoint: %w", err)
	}
	b.blocks = append(b.blocks, &block{fwd, bwd})
	live := func(v []float32) []float32 { return v[:x.axis.n*x.cols] }
	ch := G.Nodes{x.n}
	for _, p := range bwd.b.params {
		ch = append(ch, b.use(p))
	}
	n := b.apply("checkpoint", shape2(x.axis, x.cols), func(out []float32, v [][]float32) error {
		if err := fwd.run(v[0], nil); err != nil {
			return err
		}
		copy(live(out), nodeValue(fwd.y))
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		dx := b.apply("checkpoint.grad", shape2(x.axis, x.cols), func(out []float32, v [][]float32) error {
			if err := bwd.run(v[0], v[1]); err != nil {
				return err
			}
			copy(live(out), nodeValue(bwd.dx))
			return nil
		}, nil, in[0], dout)
		return b.normGrads(in, dx, bwd.b.params...), nil
	}, ch...)
	return Node{n, x.axis, x.cols}
}

func (b *Builder) newInner(x Node, mode Mode, body func(b *Builder, x Node) Node) (*inner, error) {
	in := &inner{b: NewBuilder(b.rt, mode)}
	in.b.packs = false
	in.x = in.feed("x", x)
	in.b.needs[in.x] = mode == Train
	y := body(in.b, Node{in.x, x.axis, x.cols})
	if !in.b.want("checkpoint: result", y, x.cols) {
		return nil, in.b.err
	}
	in.y = y.n
	for p := range in.b.inputs {
		b.reads(p)
	}
	keep := []*G.Node{in.y}
	if mode == Train {
		in.dy = in.feed("dy", x)
		wrt := G.Nodes{in.x}
		for i, n := range in.b.nodes {
			if in.b.trains(in.b.params[i]) {
				wrt = append(wrt, n)
			}
		}
		grads, err := G.Backpropagate(G.Nodes{in.y}, G.Nodes{in.dy}, wrt)
		if err != nil {
			return nil, err
		}
		in.dx = grads[0]
		keep = append(keep, in.dx)
	}
	var err error
	in.spans, in.size, err = plan(in.b.graph, keep)
	return in, err
}

func (in *inner) feed(name string, x Node) *G.Node {
	return G.NewMatrix(in.b.graph, tensor.Float32, G.WithShape(x.axis.cap, x.cols), G.WithName(name),
		G.WithValue(dense(make([]float32, x.axis.cap*x.cols), x.axis.cap, x.cols)))
}

// bindBlocks gives all blocks one arena and returns its size in floats.
func (b *Builder) bindBlocks() int {
	size := 0
	for _, k := range b.blocks {
		size = max(size, k.fwd.size, k.bwd.size)
	}
	arena := kernel.Alloc(size)
	for _, k := range b.blocks {
		for _, in := range []*inner{k.fwd, k.bwd} {
			bind(in.b.graph, in.spans, arena)
			in.vm = G.NewTapeMachine(in.b.graph)
		}
	}
	return size
}

func (in *inner) run(x, dy []float32) error {
	in.vm.Reset()
	if err := G.Let(in.x, dense(x, in.x.Shape()...)); err != nil {
		return fmt.Errorf("engine: checkpoint: %w", err)
	}
	if dy != nil {
		if err := G.Let(in.dy, dense(dy, in.dy.Shape()...)); err != nil {
			return fmt.Errorf("engine: checkpoint: %w", err)
		}
	}
	return in.vm.RunAll()
}

// nodeValue is a node's buffer; copies take the live part of it.
func nodeValue(n *G.Node) []float32 { return floats(n.Value()) }
