package engine

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"plumbline/internal/kernel"
)

// Mode says what a graph is for.
type Mode int

// Train keeps what the backward pass needs and accumulates gradients; Forward does
// neither and may use KV caches.
const (
	Train Mode = iota
	Forward
)

// Node is a value in a graph: [axis, cols], or a scalar loss (no axis).
type Node struct {
	n    *G.Node
	axis *Axis
	cols int
}

// Axis is the axis of the node's rows; nil for a scalar.
func (n Node) Axis() *Axis { return n.axis }

// Cols is the number of columns.
func (n Node) Cols() int { return n.cols }

// Builder builds one graph. It keeps the first error, which Build returns; after an
// error every op returns the zero Node.
type Builder struct {
	rt     *Runtime
	team   *kernel.Team
	mode   Mode
	packs  bool // few rows go through packed weights: worth it where weights stay as they are
	graph  *G.ExprGraph
	params []*Param // by use: a tied weight appears once per use
	nodes  G.Nodes  // input node of each use
	needs  map[*G.Node]bool
	inputs map[input]bool
	blocks []*block
	losses map[*G.Node]*float64
	err    error
}

// NewBuilder starts an empty graph.
func NewBuilder(rt *Runtime, mode Mode) *Builder {
	return &Builder{
		rt: rt, team: rt.Team, mode: mode, packs: mode == Forward, graph: G.NewGraph(),
		needs: map[*G.Node]bool{}, inputs: map[input]bool{}, losses: map[*G.Node]*float64{},
	}
}

// Err is the first error met so far.
func (b *Builder) Err() error { return b.err }

// Mode is what the graph is for.
func (b *Builder) Mode() Mode { return b.mode }

func (b *Builder) fail(format string, a ...any) Node {
	if b.err == nil {
		b.err = fmt.Errorf("engine: "+format, a...)
	}
	return Node{}
}

// reads notes that the graph reads an input at run time.
func (b *Builder) reads(in ...input) {
	for _, x := range in {
		b.inputs[x] = true
	}
}

// use makes an input node for p. A tied weight is used twice: two nodes over one
// slice, whose gradients accumulate into one Grad.
func (b *Builder) use(p *Param) *G.Node {
	if b.mode == Train && !p.Frozen {
		p.ensureGrad()
	}
	n := G.NewTensor(b.graph, tensor.Float32, len(p.Shape), G.WithShape(p.Shape...),
		G.WithName(fmt.Sprintf("%s#%d", p.Name, len(b.params))), G.WithValue(dense(p.Data, p.Shape...)))
	b.params = append(b.params, p)
	b.nodes = append(b.nodes, n)
	b.needs[n] = b.trains(p)
	return n
}

func (b *Builder) trains(p *Param) bool { return p != nil && b.mode == Train && !p.Frozen }

// apply adds a fused op to the graph.
func (b *Builder) apply(name string, shape tensor.Shape, run runFunc, grad gradFunc, in ...*G.Node) *G.Node {
	o := &op{name: name, shape: shape, run: run, grad: grad}
	any := false
	for _, c := range in {
		o.wrt = append(o.wrt, b.needs[c])
		any = any || b.needs[c]
	}
	n := b.insert(o, in...)
	b.needs[n] = grad != nil && any
	return n
}

// insert puts o into the graph. gorgonia takes two nodes of equal 32-bit hash for
// one and returns the other's node; then o gets another id and is tried again.
func (b *Builder) insert(o *op, in ...*G.Node) *G.Node {
	for {
		o.id = opID.Add(1)
		o.in = make(hm.Types, len(in))
		for i, c := range in {
			o.in[i] = c.Type()
		}
		n, err := G.ApplyOp(o, in...)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", o.name, err)) // shapes are checked before; Build and SymDiff recover
		}
		if n.Op() == G.Op(o) {
			return n
		}
	}
}

// alias is a node whose value is memory that `by` leaves behind: how one backward op
// hands over several gradients.
func (b *Builder) alias(name string, shape tensor.Shape, v func() []float32, by ...*G.Node) *G.Node {
	return b.insert(&op{name: name, shape: shape, wrt: make([]bool, len(by)), ext: v}, by...)
}

// sink is the gradient of p, accumulated by `by` into p.Grad.
func (b *Builder) sink(p *Param, by *G.Node) *G.Node {
	return b.alias("grad:"+p.Name, tensor.Shape(p.Shape).Clone(), func() []float32 { return p.Grad }, by)
}

// sinks is sink for those of ps that are trained, nil for the others.
func (b *Builder) sinks(by *G.Node, ps ...*Param) G.Nodes {
	r := make(G.Nodes, len(ps))
	for i, p := range ps {
		if b.trains(p) {
			r[i] = b.sink(p, by)
		}
	}
	return r
}

// gradOf is the gradient buffer of p, nil where p is not trained.
func (b *Builder) gradOf(p *Param) []float32 {
	if !b.trains(p) {
		return nil
	}
	return p.Grad
}

// want checks that x is a value with rows, and of cols columns unless cols is 0.
func (b *Builder) want(op string, x Node, cols int) bool {
	switch {
	case b.err != nil:
	case x.n == nil || x.axis == nil:
		b.fail("%s: got no value or a scalar, want rows", op)
	case cols != 0 && x.cols != cols:
		b.fail("%s: got %d columns, want %d", op, x.cols, cols)
	default:
		return true
	}
	return false
}

func shape2(a *Axis, cols int) tensor.Shape { return tensor.Shape{a.cap, cols} }
