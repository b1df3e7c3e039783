package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// LossFunc computes a scalar loss of several inputs and its gradient. in[i] holds
// the live values of input i, row by row; grad[i] has the same length and must be
// filled in full. An error stops the run.
type LossFunc func(in, grad [][]float32) (float64, error)

// Loss makes a scalar loss of f, a plain Go function. It ends a graph: no op takes
// a scalar, so the gradient is that of f itself.
func (b *Builder) Loss(name string, f LossFunc, in ...Node) Node {
	if len(in) == 0 {
		return b.fail("loss %s: got no inputs", name)
	}
	ch := make(G.Nodes, len(in))
	grads := make([][]float32, len(in))
	for i, x := range in {
		if !b.want("loss "+name, x, 0) {
			return Node{}
		}
		ch[i] = x.n
		grads[i] = make([]float32, x.axis.cap*x.cols)
	}
	loss := new(float64)
	vals, live := make([][]float32, len(in)), make([][]float32, len(in))
	n := b.apply("loss."+name, []int{}, func(out []float32, v [][]float32) error {
		for i, x := range in {
			k := x.axis.n * x.cols
			vals[i], live[i] = v[i][:k], grads[i][:k]
		}
		var err error
		if *loss, err = f(vals, live); err != nil {
			return fmt.Errorf("engine: loss %s: %w", name, err)
		}
		out[0] = float32(*loss)
		return nil
	}, func(nodes G.Nodes, out, dout *G.Node) (G.Nodes, error) {
		r := make(G.Nodes, len(nodes))
		for i := range nodes {
			if b.needs[nodes[i]] {
				r[i] = b.alias("loss.grad", shape2(in[i].axis, in[i].cols), func() []float32 { return grads[i] }, out, dout)
			}
		}
		return r, nil
	}, ch...)
	b.losses[n] = loss
	return Node{n: n}
}
