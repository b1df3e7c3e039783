package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"plumbline/internal/kernel"
)

// Rope rotates the first `heads` heads of each row (q, then k); the rest is copied.
// Su et al. 2021, arXiv:2104.09864.
func (b *Builder) Rope(qkv Node, pos *Ints, r *kernel.Rotary, heads, headDim int) Node {
	if !b.want("rope", qkv, 0) {
		return Node{}
	}
	if heads*headDim > qkv.cols || r.Dim > headDim {
		return b.fail("rope: got %d heads of %d (%d rotated) in %d columns", heads, headDim, r.Dim, qkv.cols)
	}
	b.reads(pos)
	ax, w := qkv.axis, qkv.cols
	rotate := func(inverse bool) runFunc {
		return func(out []float32, v [][]float32) error {
			for i, p := range pos.v {
				if p < 0 || int(p)*r.Dim/2 >= len(r.Cos) {
					return fmt.Errorf("engine: rope: got position %d at row %d, want < %d: the sequence is longer than the model's context", p, i, 2*len(r.Cos)/r.Dim)
				}
			}
			b.team.Rope(out, v[0], pos.v, ax.n, w, heads, headDim, r, inverse)
			return nil
		}
	}
	n := b.apply("rope", shape2(ax, w), rotate(false), func(_ G.Nodes, _, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{b.apply("rope.grad", shape2(ax, w), rotate(true), nil, dout)}, nil
	}, qkv.n)
	return Node{n, ax, w}
}

// Attention is causal attention inside each sequence; qkv rows are [q | k | v], the
// result is [axis, Heads·Head]. offsets has one value more than there are sequences.
func (b *Builder) Attention(qkv Node, offsets *Ints, a kernel.Attn) Node {
	if !b.want("attention", qkv, (a.Heads+2*a.KV)*a.Head) {
		return Node{}
	}
	b.reads(offsets)
	ax, d := qkv.axis, a.Heads*a.Head
	lse := make([]float32, ax.cap*a.Heads)
	n := b.apply("attention", shape2(ax, d), func(out []float32, v [][]float32) error {
		if err := covers(offsets.v, ax.n); err != nil {
			return err
		}
		b.team.Attention(out, lse, v[0], offsets.v, a)
		return nil
	}, func(in G.Nodes, out, dout *G.Node) (G.Nodes, error) {
		return G.Nodes{b.apply("attention.grad", shape2(ax, qkv.cols), func(dqkv []float32, v [][]float32) error {
			b.team.AttentionGrad(dqkv, v[2], v[1], lse, v[0], offsets.v, a)
			return nil
		}, nil, in[0], out, dout)}, nil
	}, qkv.n)
	return Node{n, ax, d}
}

// Caches are the keys and values that generation keeps: Seqs[s][layer] belongs to
// sequence s of the batch. The caller sets Seqs before each run.
type Caches struct {
	Seqs [][]*kernel.Cache
}

// AttentionCached is Attention for rows that continue sequences whose earlier keys
// and values are cached; it appends to the caches. Forward graphs only. The result
// equals the same rows of Attention bit for bit.
func (b *Builder) AttentionCached(qkv Node, offsets *Ints, caches *Caches, layer int, a kernel.Attn) Node {
	if !b.want("attention", qkv, (a.Heads+2*a.KV)*a.Head) {
		return Node{}
	}
	if b.mode != Forward {
		return b.fail("cached attention: a training graph has no caches")
	}
	b.reads(offsets)
	ax, d := qkv.axis, a.Heads*a.Head
	var kv []*kernel.Cache
	n := b.apply("attention.cached", shape2(ax, d), func(out []float32, v [][]float32) error {
		if err := covers(offsets.v, ax.n); err != nil {
			return err
		}
		if len(caches.Seqs) != len(offsets.v)-1 {
			return fmt.Errorf("engine: cached attention: got caches of %d sequences, want %d", len(caches.Seqs), len(offsets.v)-1)
		}
		kv = kv[:0]
		for _, s := range caches.Seqs {
			kv = append(kv, s[layer])
		}
		b.team.AttentionCached(out, v[0], offsets.v, kv, a)
		return nil
	}, nil, qkv.n)
	return Node{n, ax, d}
}

// covers checks that offsets cut n rows into sequences.
func covers(offsets []int32, n int) error {
	if len(offsets) == 0 || offsets[0] != 0 || int(offsets[len(offsets)-1]) != n {
		return fmt.Errorf("engine: attention: got offsets %v, want 0 to %d", offsets, n)
	}
	for i := 1; i < len(offsets); i++ {
		if offsets[i] < offsets[i-1] {
			return fmt.Errorf("engine: attention: got falling offsets at %d: %d, %d", i, offsets[i-1], offsets[i])
		}
	}
	return nil
}
