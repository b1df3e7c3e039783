package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// Embed is table[ids], [axis, d]. An id outside the table is an error of Run.
func (b *Builder) Embed(ids *Ints, table *Param) Node {
	if b.err != nil {
		return Node{}
	}
	b.reads(ids)
	d := table.cols()
	n := b.apply("embed", shape2(ids.axis, d), func(out []float32, in [][]float32) error {
		if err := inTable(ids.v, table); err != nil {
			return err
		}
		b.team.Embed(out, in[0], ids.v, d, false)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return b.sinks(b.embedGrad(ids, table, dout), table), nil
	}, b.use(table))
	return Node{n, ids.axis, d}
}

// EmbedAdd is x + table[ids], [axis, d]: learned positions.
func (b *Builder) EmbedAdd(x Node, ids *Ints, table *Param) Node {
	d := table.cols()
	if !b.want("embed add", x, d) {
		return Node{}
	}
	b.reads(ids)
	n := b.apply("embed.add", shape2(x.axis, d), func(out []float32, in [][]float32) error {
		if err := inTable(ids.v, table); err != nil {
			return err
		}
		n := x.axis.n * d
		copy(out[:n], in[0][:n])
		b.team.Embed(out, in[1], ids.v, d, true)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		r := G.Nodes{nil, nil}
		if b.needs[in[0]] {
			r[0] = dout
		}
		if b.trains(table) {
			r[1] = b.sink(table, b.embedGrad(ids, table, dout))
		}
		return r, nil
	}, x.n, b.use(table))
	return Node{n, x.axis, d}
}

func (b *Builder) embedGrad(ids *Ints, table *Param, dout *G.Node) *G.Node {
	return b.apply("embed.grad", []int{1}, func(_ []float32, in [][]float32) error {
		b.team.EmbedGrad(table.Grad, in[0], ids.v, table.cols())
		return nil
	}, nil, dout)
}

func inTable(ids []int32, table *Param) error {
	for i, id := range ids {
		if id < 0 || int(id) >= table.rows() {
			return fmt.Errorf("engine: embed %s: got id %d at row %d, want 0 ≤ id < %d", table.Name, id, i, table.rows())
		}
	}
	return nil
}

// Gather is x's rows at the given indices, [rows axis, d].
func (b *Builder) Gather(x Node, rows *Ints) Node {
	if !b.want("gather", x, 0) {
		return Node{}
	}
	b.reads(rows)
	d := x.cols
	n := b.apply("gather", shape2(rows.axis, d), func(out []float32, in [][]float32) error {
		for i, r := range rows.v {
			if r < 0 || int(r) >= x.axis.n {
				return fmt.Errorf("engine: gather: got row %d at %d, want 0 ≤ row < %d", r, i, x.axis.n)
			}
		}
		b.team.Gather(out, in[0], rows.v, d)
		return nil
	}, func(in G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{b.apply("gather.grad", shape2(x.axis, d), func(out []float32, in [][]float32) error {
			b.team.GatherGrad(out, in[0], rows.v, x.axis.n, d)
			return nil
		}, nil, dout)}, nil
	}, x.n)
	return Node{n, rows.axis, d}
}
