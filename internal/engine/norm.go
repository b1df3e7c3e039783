package engine

import G "gorgonia.org/gorgonia"

// LayerNorm is gain·(x-mean)/√(var+eps) + bias per row; bias may be nil.
// Ba et al. 2016, arXiv:1607.06450.
func (b *Builder) LayerNorm(x Node, gain, bias *Param, eps float32) Node {
	if !b.want("layer norm "+gain.Name, x, gain.Size()) {
		return Node{}
	}
	d, ax := x.cols, x.axis
	mean, rstd := make([]float32, ax.cap), make([]float32, ax.cap)
	ch := []*G.Node{x.n, b.use(gain)}
	if bias != nil {
		ch = append(ch, b.use(bias))
	}
	n := b.apply("layernorm", shape2(ax, d), func(out []float32, v [][]float32) error {
		var shift []float32
		if bias != nil {
			shift = v[2]
		}
		b.team.LayerNorm(out, v[0], v[1], shift, mean, rstd, ax.n, d, eps)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		dx := b.apply("layernorm.grad", shape2(ax, d), func(out []float32, v [][]float32) error {
			b.team.LayerNormGrad(out, b.gradOf(gain), b.gradOf(bias), v[2], v[0], v[1], mean, rstd, ax.n, d)
			return nil
		}, nil, in[0], in[1], dout)
		return b.normGrads(in, dx, gain, bias), nil
	}, ch...)
	return Node{n, ax, d}
}

// RMSNorm is gain·x/√(mean(x²)+eps) per row. Zhang & Sennrich 2019, arXiv:1910.07467.
func (b *Builder) RMSNorm(x Node, gain *Param, eps float32) Node {
	if !b.want("rms norm "+gain.Name, x, gain.Size()) {
		return Node{}
	}
	d, ax := x.cols, x.axis
	rstd := make([]float32, ax.cap)
	n := b.apply("rmsnorm", shape2(ax, d), func(out []float32, v [][]float32) error {
		b.team.RMSNorm(out, v[0], v[1], rstd, ax.n, d, eps)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		dx := b.apply("rmsnorm.grad", shape2(ax, d), func(out []float32, v [][]float32) error {
			b.team.RMSNormGrad(out, b.gradOf(gain), v[2], v[0], v[1], rstd, ax.n, d)
			return nil
		}, nil, in[0], in[1], dout)
		return b.normGrads(in, dx, gain), nil
	}, x.n, b.use(gain))
	return Node{n, ax, d}
}

// normGrads lays out the gradients of (x, gain, bias) that dx leaves behind.
func (b *Builder) normGrads(in G.Nodes, dx *G.Node, ps ...*Param) G.Nodes {
	r := make(G.Nodes, len(in))
	if b.needs[in[0]] {
		r[0] = dx
	}
	copy(r[1:], b.sinks(dx, ps...)[:len(r)-1])
	return r
}
