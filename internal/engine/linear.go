package engine

import (
	G "gorgonia.org/gorgonia"

	"plumbline/internal/kernel"
)

// skinny is the number of rows up to which a product reads a packed copy of the
// weights. The result is the same bit for bit; only the speed differs.
const skinny = 48

// Linear is x·Wᵀ + bias, [axis, out]; w is [out, in], bias [out] or nil.
func (b *Builder) Linear(x Node, w, bias *Param) Node {
	if !b.want("linear "+w.Name, x, w.cols()) {
		return Node{}
	}
	if bias != nil && bias.Size() != w.rows() {
		return b.fail("linear %s: got a bias of %d, want %d", w.Name, bias.Size(), w.rows())
	}
	in, out := w.cols(), w.rows()
	ch := []*G.Node{x.n, b.use(w)}
	if bias != nil {
		ch = append(ch, b.use(bias))
	}
	n := b.apply("linear", shape2(x.axis, out), func(y []float32, v [][]float32) error {
		rows := x.axis.n
		b.product(y, v[0], w, rows)
		if bias != nil {
			b.team.AddBias(y[:rows*out], v[2], rows, out)
		}
		return nil
	}, func(nodes G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		r := make(G.Nodes, len(nodes))
		if b.needs[nodes[0]] {
			r[0] = b.apply("linear.dx", shape2(x.axis, in), func(dx []float32, v [][]float32) error {
				b.team.Gemm(kernel.NN, x.axis.n, in, out, v[0], out, v[1], in, dx, in, false)
				return nil
			}, nil, dout, nodes[1])
		}
		if !b.trains(w) && !b.trains(bias) {
			return r, nil
		}
		dw := b.apply("linear.dw", []int{1}, func(_ []float32, v [][]float32) error {
			rows := x.axis.n
			if b.trains(w) {
				b.team.Gemm(kernel.TN, out, in, rows, v[0], out, v[1], in, w.Grad, in, true)
			}
			if b.trains(bias) {
				b.team.BiasGrad(bias.Grad, v[0][:rows*out], rows, out)
			}
			return nil
		}, nil, dout, nodes[0])
		copy(r[1:], b.sinks(dw, w, bias)[:len(r)-1])
		return r, nil
	}, ch...)
	return Node{n, x.axis, out}
}

// product is y = x·Wᵀ for rows live rows. In a forward graph few rows go through the
// packed copy, which is made once and kept until the weight changes.
func (b *Builder) product(y, x []float32, w *Param, rows int) {
	in, out := w.cols(), w.rows()
	if !b.packs || rows > skinny {
		b.team.Gemm(kernel.NT, rows, out, in, x, in, w.Data, in, y, out, false)
		return
	}
	if !w.isFresh {
		b.team.Pack(w.Data, out, in, &w.packed)
		w.isFresh = true
	}
	b.team.GemmPacked(rows, x, in, &w.packed, y, out, false)
}

// LowRank is y with scale·(x·Aᵀ)·Bᵀ added to its columns [col, col+out): a LoRA
// adapter (arXiv:2106.09685). A is [r, in], B [out, r].
func (b *Builder) LowRank(y, x Node, A, B *Param, scale float32, col int) Node {
	in, r, out := A.cols(), A.rows(), B.rows()
	if !b.want("low rank "+A.Name, x, in) || !b.want("low rank "+A.Name, y, 0) {
		return Node{}
	}
	if B.cols() != r || col < 0 || col+out > y.cols {
		return b.fail("low rank %s: got B %v at column %d of %d, want [out ≤ %d, %d]", A.Name, B.Shape, col, y.cols, y.cols-col, r)
	}
	width, ax := y.cols, y.axis
	low := make([]float32, ax.cap*r) // scale·x·Aᵀ, kept for the backward pass
	dlow := make([]float32, ax.cap*r)
	n := b.apply("lowrank", shape2(ax, width), func(o []float32, v [][]float32) error {
		rows := ax.n
		b.team.Gemm(kernel.NT, rows, r, in, v[1], in, v[2], in, low, r, false)
		b.team.Scale(low[:rows*r], scale)
		copy(o[:rows*width], v[0][:rows*width])
		if rows > 0 {
			b.team.Gemm(kernel.NT, rows, out, r, low, r, v[3], r, o[col:], width, true)
		}
		return nil
	}, func(nodes G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		g := G.Nodes{nil, nil, nil, nil}
		if b.needs[nodes[0]] {
			g[0] = dout
		}
		dx := b.apply("lowrank.grad", shape2(ax, in), func(dx []float32, v [][]float32) error {
			rows := ax.n
			if rows == 0 {
				return nil
			}
			dy := v[0][col:]
			b.team.Gemm(kernel.NN, rows, r, out, dy, width, v[3], r, dlow, r, false)
			b.team.Scale(dlow[:rows*r], scale)
			if b.trains(B) {
				b.team.Gemm(kernel.TN, out, r, rows, dy, width, low, r, B.Grad, r, true)
			}
			if b.trains(A) {
				b.team.Gemm(kernel.TN, r, in, rows, dlow, r, v[1], in, A.Grad, in, true)
			}
			if b.needs[nodes[1]] {
				b.team.Gemm(kernel.NN, rows, in, r, dlow, r, v[2], in, dx, in, false)
			}
			return nil
		}, nil, dout, nodes[1], nodes[2], nodes[3])
		if b.needs[nodes[1]] {
			g[1] = dx
		}
		copy(g[2:], b.sinks(dx, A, B))
		return g, nil
	}, y.n, x.n, b.use(A), b.use(B))
	return Node{n, ax, width}
}
