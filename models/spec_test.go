package models

import (
	"math"
	"strings"
	"testing"
)

// A rule states what is right, so NaN and nonsense fail, and all faults are told.
func TestValidateTellsEveryFault(t *testing.T) {
	err := Spec{
		Heads: 6, KV: 4, Norm: "batch", Eps: math.NaN(), Position: RotaryPositions, Activation: "relu", Tied: true, Headless: true,
		Window: -1, InitStd: math.NaN(), EOS: []int32{7}, Head: 5,
		Rotary: Rotary{Base: math.NaN(), Dim: 7, Scaling: Scaling{Kind: YarnScaling, Factor: math.Inf(1), BetaFast: 1, BetaSlow: 32}},
	}.Validate()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, key := range []string{
		"vocab", "width", "layers", "ffn", "context", "kv", "norm", "eps", "activation", "tied", "window", "init_std", "bos, eos",
		"rotary.base", "rotary.dim", "rotary.scaling.original", "rotary.scaling.beta", "rotary.scaling.attention", "rotary.scaling.factor",
	} {
		if !strings.Contains(err.Error(), "spec: "+key) {
			t.Errorf("%s: not in\n%v", key, err)
		}
	}
	if err := (Spec{Position: "absolute"}).Validate(); !strings.Contains(err.Error(), "position: got absolute") {
		t.Errorf("position: got %v", err)
	}
}

// By hand, from the papers' formulas.
func TestFrequencies(t *testing.T) {
	llama3 := Scaling{Kind: Llama3Scaling, Factor: 8, Original: 8192, LowFreq: 1, HighFreq: 4}
	yarn := Scaling{Kind: YarnScaling, Factor: 4, Original: 6283, BetaFast: 32, BetaSlow: 1, Attention: 1}
	for _, c := range []struct {
		name   string
		r      Rotary
		length int
		pair   int
		want   float64
	}{
		{"first pair", Rotary{Base: 10000, Dim: 8}, 1, 0, 1},
		{"10000^(-2/8)", Rotary{Base: 10000, Dim: 8}, 1, 1, .1},
		{"linear", Rotary{Base: 10000, Dim: 8, Scaling: Scaling{Kind: LinearScaling, Factor: 4}}, 1, 1, .025},
		{"dynamic inside", Rotary{Base: 10000, Dim: 4, Scaling: Scaling{Kind: DynamicScaling, Factor: 2, Original: 10}}, 10, 1, .01},
		// base·(2·20/10 - 1)^(4/2) = 9·10^4, its root 300
		{"dynamic beyond", Rotary{Base: 10000, Dim: 4, Scaling: Scaling{Kind: DynamicScaling, Factor: 2, Original: 10}}, 20, 1, 1. / 300},
		{"llama3, many turns: kept", Rotary{Base: 10000, Dim: 8, Scaling: llama3}, 1, 1, .1},
		{"llama3, under one turn: divided", Rotary{Base: 1e8, Dim: 8, Scaling: llama3}, 1, 2, 1e-4 / 8},
		// turns = 8192·f/2π = 2.5, half-way from 1 to 4: (f + f/8)/2
		{"llama3, between", Rotary{Base: math.Pow(5*math.Pi/8192, -2), Dim: 4, Scaling: llama3}, 1, 1, 5 * math.Pi / 8192 * 9 / 16},
		// a pair that makes x turns in 6283 = 2π·1000 tokens has index log10(1000/x): the ramp
		// runs from floor(log10(1000/32)) = 1 to 3, so pair 2 is half-way
		{"yarn, many turns: kept", Rotary{Base: 10000, Dim: 8, Scaling: yarn}, 1, 1, .1},
		{"yarn, between", Rotary{Base: 10000, Dim: 8, Scaling: yarn}, 1, 2, (.01 + .01/4) / 2},
		{"yarn, under one turn: divided", Rotary{Base: 10000, Dim: 8, Scaling: yarn}, 1, 3, .001 / 4},
	} {
		if got := c.r.Frequencies(c.length)[c.pair]; math.Abs(got/c.want-1) > 1e-12 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
