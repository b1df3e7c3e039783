package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"plumbline/internal/kernel"
)

// Program is a graph that is compiled and has its memory.
type Program struct {
	vm     G.VM
	inputs []input
	loss   *float64
	arena  int
}

// Build differentiates loss, plans the memory and compiles. In Forward mode, or for
// values only, loss is the zero Node. Outputs can be read with Value after a run.
func (b *Builder) Build(loss Node, outputs ...Node) (p *Program, err error) {
	if b.err != nil {
		return nil, b.err
	}
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("engine: build: %v", r)
		}
	}()
	p = &Program{}
	var keep []*G.Node
	for _, o := range outputs {
		if !b.want("build: output", o, 0) {
			return nil, b.err
		}
		keep = append(keep, o.n)
	}
	if loss.n != nil {
		if p.loss = b.losses[loss.n]; p.loss == nil {
			return nil, fmt.Errorf("engine: build: the loss must come from Loss or CrossEntropy")
		}
		keep = append(keep, loss.n)
		if err := b.differentiate(loss.n); err != nil {
			return nil, err
		}
	}
	spans, size, err := plan(b.graph, keep)
	if err != nil {
		return nil, fmt.Errorf("engine: plan: %w", err)
	}
	bind(b.graph, spans, kernel.Alloc(size))
	p.arena = 4 * (size + b.bindBlocks())
	p.vm = G.NewTapeMachine(b.graph)
	for in := range b.inputs {
		p.inputs = append(p.inputs, in)
	}
	return p, nil
}

func (b *Builder) differentiate(loss *G.Node) error {
	if b.mode != Train {
		return nil
	}
	var wrt G.Nodes
	for i, n := range b.nodes {
		if b.trains(b.params[i]) {
			wrt = append(wrt, n)
		}
	}
	if len(wrt) == 0 {
		return fmt.Errorf("engine: build: a training graph without trainable parameters")
	}
	if _, err := G.Grad(loss, wrt...); err != nil {
		return fmt.Errorf("engine: gradient: %w", err)
	}
	return nil
}

// Run computes the graph for the inputs as they are set. In Train mode gradients are
// added to the parameters. An error leaves gradients half-added: zero them.
func (p *Program) Run() error {
	for _, in := range p.inputs {
		if err := in.check(); err != nil {
			return err
		}
	}
	p.vm.Reset()
	return p.vm.RunAll()
}

// Loss is the loss of the last run, in float64.
func (p *Program) Loss() float64 { return *p.loss }

// Value is the live rows of an output of the last run, valid until the next.
func (p *Program) Value(n Node) []float32 {
	return floats(n.n.Op().(*op).out)[:n.axis.n*n.cols]
}

// ArenaBytes is the memory of all activations.
func (p *Program) ArenaBytes() int { return p.arena }
