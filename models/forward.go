package models

import (
	"math"

	"plumbline/internal/engine"
	"plumbline/internal/kernel"
)

// Options change how a graph is built, not what it computes.
type Options struct {
	Checkpoint bool // recompute each block in the backward pass: a fraction of the memory for about a quarter more time
	NoAdapters bool // leave the adapters out: the base model, a frozen reference

	// Tap, where it is set, sees the residual stream that enters each block.
	Tap func(layer int, x engine.Node)
}

// Hidden builds the graph from tokens to the states that the output matrix
// multiplies, [tokens, d]: after the last block and the final norm. With in.Caches
// the rows continue cached sequences.
func (d *Decoder) Hidden(b *engine.Builder, in *Inputs, o Options) engine.Node {
	bound := in.bind(d.Spec)
	x := b.Embed(in.Tokens, d.byName["embed"])
	if d.Spec.Position == LearnedPositions {
		x = b.EmbedAdd(x, in.Positions, d.byName["position"])
	}
	for l := range d.Spec.Layers {
		if o.Tap != nil {
			o.Tap(l, x)
		}
		f := pass{d, in, bound, o, l}
		if o.Checkpoint {
			x = b.Checkpoint(x, f.block)
		} else {
			x = f.block(b, x)
		}
	}
	return d.norm(b, x, "norm")
}

// pass is one block of a forward pass.
type pass struct {
	*Decoder
	in    *Inputs
	bound *binding
	o     Options
	layer int
}

func (f pass) block(b *engine.Builder, x engine.Node) engine.Node {
	x = b.Add(x, f.attention(b, f.norm(b, x, f.name("attn.norm"))))
	return b.Add(x, f.mlp(b, f.norm(b, x, f.name("mlp.norm"))))
}

func (f pass) attention(b *engine.Builder, x engine.Node) engine.Node {
	s := f.Spec
	qkv := f.linear(b, x, f.name("attn.qkv"))
	if s.Position == RotaryPositions {
		qkv = b.Rope(qkv, f.bound.rows, f.bound.table, s.Heads+s.KV, s.Head)
	}
	a := s.attention()
	if f.in.Caches != nil {
		x = b.AttentionCached(qkv, f.in.Offsets, f.in.Caches, f.layer, a)
	} else {
		x = b.Attention(qkv, f.in.Offsets, a)
	}
	return f.linear(b, x, f.name("attn.out"))
}

func (f pass) mlp(b *engine.Builder, x engine.Node) engine.Node {
	x = f.linear(b, x, f.name("mlp.up"))
	if f.Spec.Activation == SwiGLU {
		x = b.SwiGLU(x)
	} else {
		x = b.Gelu(x, f.Spec.Activation == GELUExact)
	}
	return f.linear(b, x, f.name("mlp.down"))
}

// linear is the layer of that name, with its bias and its adapters.
func (f pass) linear(b *engine.Builder, x engine.Node, name string) engine.Node {
	y := b.Linear(x, f.byName[name], f.byName[name+".bias"])
	if f.o.NoAdapters {
		return y
	}
	for _, a := range f.adapters {
		if a.Module.Param == name {
			y = b.LowRank(y, x, a.A, a.B, a.Scale, a.Module.Row)
		}
	}
	return y
}

func (f pass) name(part string) string { return blockName(f.layer) + part }

func (d *Decoder) norm(b *engine.Builder, x engine.Node, name string) engine.Node {
	if d.Spec.Norm == RMSNorm {
		return b.RMSNorm(x, d.byName[name], float32(d.Spec.Eps))
	}
	return b.LayerNorm(x, d.byName[name], d.byName[name+".bias"], float32(d.Spec.Eps))
}

// attention is the shape of every attention layer.
func (s Spec) attention() kernel.Attn {
	return kernel.Attn{Heads: s.Heads, KV: s.KV, Head: s.Head, Scale: float32(1 / math.Sqrt(float64(s.Head))), Window: s.Window}
}

// NewCaches makes the empty caches of one sequence, one per layer, with room for
// capacity tokens before they grow.
func (s Spec) NewCaches(capacity int) []*kernel.Cache {
	c := make([]*kernel.Cache, s.Layers)
	for l := range c {
		c[l] = kernel.NewCache(s.attention(), capacity)
	}
	return c
}
