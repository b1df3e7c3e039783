package engine

import G "gorgonia.org/gorgonia"

// Gelu is x·Φ(x); exact uses erf, otherwise the tanh form of GPT-2. Hendrycks &
// Gimpel 2016, arXiv:1606.08415.
func (b *Builder) Gelu(x Node, exact bool) Node {
	if !b.want("gelu", x, 0) {
		return Node{}
	}
	live := func(v []float32) []float32 { return v[:x.axis.n*x.cols] }
	s := shape2(x.axis, x.cols)
	n := b.apply("gelu", s, func(out []float32, v [][]float32) error {
		b.team.Gelu(live(out), live(v[0]), exact)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{b.apply("gelu.grad", s, func(out []float32, v [][]float32) error {
			b.team.GeluGrad(live(out), live(v[1]), live(v[0]), exact)
			return nil
		}, nil, in[0], dout)}, nil
	}, x.n)
	return Node{n, x.axis, x.cols}
}

// SwiGLU is silu(gate)·up of rows [gate | up], [axis, f]. Shazeer 2020, arXiv:2002.05202.
func (b *Builder) SwiGLU(gateUp Node) Node {
	if !b.want("swiglu", gateUp, 0) {
		return Node{}
	}
	if gateUp.cols%2 != 0 {
		return b.fail("swiglu: got %d columns, want an even number", gateUp.cols)
	}
	f, ax := gateUp.cols/2, gateUp.axis
	n := b.apply("swiglu", shape2(ax, f), func(out []float32, v [][]float32) error {
		b.team.SwiGLU(out, v[0], ax.n, f)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{b.apply("swiglu.grad", shape2(ax, 2*f), func(out []float32, v [][]float32) error {
			b.team.SwiGLUGrad(out, v[1], v[0], ax.n, f)
			return nil
		}, nil, in[0], dout)}, nil
	}, gateUp.n)
	return Node{n, ax, f}
}

// Add is x + y, the residual sum; both get the gradient as it is.
func (b *Builder) Add(x, y Node) Node {
	if !b.want("add", x, 0) || !b.want("add", y, x.cols) {
		return Node{}
	}
	ax, d := x.axis, x.cols
	n := b.apply("add", shape2(ax, d), func(out []float32, v [][]float32) error {
		k := ax.n * d
		b.team.Add(out[:k], v[0][:k], v[1][:k])
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		r := G.Nodes{nil, nil}
		for i := range r {
			if b.needs[in[i]] {
				r[i] = dout
			}
		}
		return r, nil
	}, x.n, y.n)
	return Node{n, ax, d}
}

// Scale is s·x.
func (b *Builder) Scale(x Node, s float32) Node {
	if !b.want("scale", x, 0) {
		return Node{}
	}
	ax, d := x.axis, x.cols
	scaled := func(name string, x *G.Node, grad gradFunc) *G.Node {
		return b.apply(name, shape2(ax, d), func(out []float32, v [][]float32) error {
			k := ax.n * d
			copy(out[:k], v[0][:k])
			b.team.Scale(out[:k], s)
			return nil
		}, grad, x)
	}
	n := scaled("scale", x.n, func(_ G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{scaled("scale.grad", dout, nil)}, nil
	})
	return Node{n, ax, d}
}
