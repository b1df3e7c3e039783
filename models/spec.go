package models

import (
	"errors"
	"fmt"
)

// Norm is the normalisation before each sublayer and after the last block.
type Norm string

// The norms: of mean and variance, or of the mean square.
const (
	LayerNorm Norm = "layernorm"
	RMSNorm   Norm = "rmsnorm"
)

// Position says how a decoder knows where a token stands.
type Position string

// A learned vector per position, or queries and keys turned by an angle.
const (
	LearnedPositions Position = "learned"
	RotaryPositions  Position = "rotary"
)

// Activation is the nonlinearity of the MLP.
type Activation string

// GELU in its tanh form (GPT-2) and with the error function, and silu(gate)·up.
const (
	GELUTanh  Activation = "gelu_tanh"
	GELUExact Activation = "gelu_exact"
	SwiGLU    Activation = "swiglu"
)

// Spec is everything that defines a decoder but its weights.
type Spec struct {
	Family  string // name in package families: gpt2, llama
	Vocab   int    // V
	Width   int    // d
	Layers  int    // number of blocks
	Heads   int    // H, query heads
	KV      int    // key/value heads; divides H
	Head    int    // h, size of a head
	FFN     int    // f, inner width of the MLP
	Context int    // longest sequence, in tokens

	Norm       Norm
	Eps        float64 // under the norm's root
	Position   Position
	Rotary     Rotary // for RotaryPositions
	Activation Activation
	QKVBias    bool // q, k and v have biases
	OutBias    bool // the attention's output projection has a bias
	MLPBias    bool // the MLP's projections have biases
	Tied       bool // the output matrix is the embedding
	Headless   bool // there is no output matrix: a scorer's backbone
	Window     int  // sliding window in tokens, the token itself counted; 0 = all earlier tokens

	InitStd  float64 // standard deviation of initial weights
	BOS, EOS []int32 // ids that begin and end a sequence; may be empty
}

// Validate reports every fault of the spec.
func (s Spec) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("models: spec: %s: got %v, want %s", key, got, want))
		}
	}
	size := func(n int, key string) { rule(n >= 1 && n <= 1<<24, key, n, "1 to 2^24") }
	size(s.Vocab, "vocab")
	size(s.Width, "width")
	rule(s.Layers >= 1 && s.Layers <= 1<<12, "layers", s.Layers, "1 to 4096")
	size(s.Heads, "heads")
	size(s.Head, "head")
	size(s.FFN, "ffn")
	size(s.Context, "context")
	rule(s.KV >= 1 && s.Heads%max(s.KV, 1) == 0, "kv", s.KV, fmt.Sprintf("a divisor of the %d heads", s.Heads))
	rule(s.Norm == LayerNorm || s.Norm == RMSNorm, "norm", s.Norm, "layernorm or rmsnorm")
	rule(s.Eps > 0 && s.Eps < 1, "eps", s.Eps, "> 0 and < 1")
	rule(s.Position == LearnedPositions || s.Position == RotaryPositions, "position", s.Position, "learned or rotary")
	rule(s.Activation == GELUTanh || s.Activation == GELUExact || s.Activation == SwiGLU, "activation", s.Activation, "gelu_tanh, gelu_exact or swiglu")
	rule(!s.Tied || !s.Headless, "tied", s.Tied, "false where there is no output matrix")
	rule(s.Window >= 0, "window", s.Window, "≥ 0")
	rule(s.InitStd > 0 && s.InitStd < 10, "init_std", s.InitStd, "> 0 and < 10")
	for _, id := range append(append([]int32{}, s.BOS...), s.EOS...) {
		rule(id >= 0 && int(id) < s.Vocab, "bos, eos", id, fmt.Sprintf("0 ≤ id < %d", s.Vocab))
	}
	if s.Position == RotaryPositions {
		errs = append(errs, s.Rotary.validate(s.Head))
	}
	return errors.Join(errs...)
}

// Shape is the name and the dimensions of a parameter.
type Shape struct {
	Name string
	Dims []int
}

// Layout lists the parameters of the decoder, from the embedding to the output
// matrix. The bias of a layer is named as the layer, with ".bias" added.
func (s Spec) Layout() []Shape {
	var l []Shape
	add := func(ok bool, name string, dims ...int) {
		if ok {
			l = append(l, Shape{name, dims})
		}
	}
	norm := func(name string) {
		add(true, name, s.Width)
		add(s.Norm == LayerNorm, name+".bias", s.Width)
	}
	linear := func(name string, out, in int, bias bool) {
		add(true, name, out, in)
		add(bias, name+".bias", out)
	}
	add(true, "embed", s.Vocab, s.Width)
	add(s.Position == LearnedPositions, "position", s.Context, s.Width)
	for i := range s.Layers {
		block := blockName(i)
		norm(block + "attn.norm")
		linear(block+"attn.qkv", (s.Heads+2*s.KV)*s.Head, s.Width, s.QKVBias)
		linear(block+"attn.out", s.Width, s.Heads*s.Head, s.OutBias)
		norm(block + "mlp.norm")
		linear(block+"mlp.up", s.upRows(), s.Width, s.MLPBias)
		linear(block+"mlp.down", s.Width, s.FFN, s.MLPBias)
	}
	norm("norm")
	add(!s.Tied && !s.Headless, "head", s.Vocab, s.Width)
	return l
}

// upRows is the number of rows of the MLP's first matrix: [gate | up] or up alone.
func (s Spec) upRows() int {
	if s.Activation == SwiGLU {
		return 2 * s.FFN
	}
	return s.FFN
}

// Size is the number of parameters.
func (s Spec) Size() int {
	total := 0
	for _, p := range s.Layout() {
		n := 1
		for _, d := range p.Dims {
			n *= d
		}
		total += n
	}
	return total
}

func blockName(i int) string { return fmt.Sprintf("block.%d.", i) }
