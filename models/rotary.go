package models

import (
	"errors"
	"fmt"
	"math"

	"plumbline/internal/kernel"
)

// Rotary turns pair i of a head's first Dim elements by position·Base^(-2i/Dim).
// Su et al. 2021, arXiv:2104.09864.
type Rotary struct {
	Base        float64
	Dim         int  // rotated elements of a head, even
	Interleaved bool // a pair is (2i, 2i+1) instead of (i, i + Dim/2)
	Scaling     Scaling
}

// ScalingKind names a way to stretch the frequencies over a longer context.
type ScalingKind string

// The ways: none; all frequencies by a factor; a base that grows with the length of
// the sequence; low frequencies only (Llama 3.1); by parts (YaRN).
const (
	NoScaling      ScalingKind = ""
	LinearScaling  ScalingKind = "linear"
	DynamicScaling ScalingKind = "dynamic"
	Llama3Scaling  ScalingKind = "llama3"
	YarnScaling    ScalingKind = "yarn"
)

// Scaling stretches rotary frequencies.
type Scaling struct {
	Kind     ScalingKind
	Factor   float64 // ≥ 1: by how much the context grows
	Original int     // dynamic, llama3, yarn: the context of the original frequencies, in tokens

	LowFreq, HighFreq  float64 // llama3: turns per original context below which a frequency is scaled, above which kept
	BetaFast, BetaSlow float64 // yarn: turns per original context above which a frequency is kept, below which scaled
	Attention          float64 // yarn: cos and sin are multiplied by it
}

func (r Rotary) validate(head int) error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("models: spec: rotary.%s: got %v, want %s", key, got, want))
		}
	}
	s := r.Scaling
	finite := func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
	rule(r.Base > 1 && finite(r.Base), "base", r.Base, "> 1")
	rule(r.Dim >= 2 && r.Dim%2 == 0 && r.Dim <= head, "dim", r.Dim, fmt.Sprintf("even, 2 to the head size %d", head))
	switch s.Kind {
	case NoScaling:
		return errors.Join(errs...)
	case LinearScaling:
	case DynamicScaling:
		rule(s.Original >= 1, "scaling.original", s.Original, "≥ 1")
		rule(r.Dim > 2, "dim", r.Dim, "> 2 with dynamic scaling")
	case Llama3Scaling:
		rule(s.Original >= 1, "scaling.original", s.Original, "≥ 1")
		rule(finite(s.LowFreq) && finite(s.HighFreq) && s.LowFreq < s.HighFreq, "scaling.low, high", [2]float64{s.LowFreq, s.HighFreq}, "0 < low < high")
	case YarnScaling:
		rule(s.Original >= 1, "scaling.original", s.Original, "≥ 1")
		rule(finite(s.BetaFast) && finite(s.BetaSlow) && s.BetaSlow < s.BetaFast, "scaling.beta_slow, fast", [2]float64{s.BetaSlow, s.BetaFast}, "0 < slow < fast")
		rule(finite(s.Attention), "scaling.attention", s.Attention, "> 0")
	default:
		rule(false, "scaling.kind", s.Kind, "linear, dynamic, llama3 or yarn")
	}
	rule(s.Factor >= 1 && finite(s.Factor), "scaling.factor", s.Factor, "≥ 1")
	return errors.Join(errs...)
}

// Frequencies are the Dim/2 angles per token, in radians, for a sequence of length
// tokens. Only dynamic scaling depends on the length:
//
//	Base' = Base·(Factor·length/Original - Factor + 1)^(Dim/(Dim-2)), length > Original
//
// transformers keeps the base of the longest batch it has seen; here a sequence is
// on its own.
func (r Rotary) Frequencies(length int) []float64 {
	base, s := r.Base, r.Scaling
	if s.Kind == DynamicScaling && length > s.Original {
		grown := s.Factor*float64(length)/float64(s.Original) - s.Factor + 1
		base *= math.Pow(grown, float64(r.Dim)/float64(r.Dim-2))
	}
	f := make([]float64, r.Dim/2)
	for i := range f {
		f[i] = math.Pow(base, -float64(2*i)/float64(r.Dim))
		switch s.Kind {
		case NoScaling, DynamicScaling: // the base says all
		case LinearScaling:
			f[i] /= s.Factor
		case Llama3Scaling:
			f[i] = s.llama3(f[i])
		case YarnScaling:
			f[i] = s.yarn(f[i], i, base, r.Dim)
		}
	}
	return f
}

// llama3 divides frequencies of few turns per original context by the factor, keeps
// those of many, and blends in between. Llama 3.1, rope_type "llama3".
func (s Scaling) llama3(freq float64) float64 {
	turns := float64(s.Original) * freq / (2 * math.Pi)
	keep := (turns - s.LowFreq) / (s.HighFreq - s.LowFreq)
	return blend(freq, s.Factor, keep)
}

// yarn blends by the index of the pair. Peng et al. 2023, arXiv:2309.00071; the ends
// of the ramp are rounded outwards as in their code.
func (s Scaling) yarn(freq float64, i int, base float64, dim int) float64 {
	index := func(turns float64) float64 { // of the pair that makes so many turns in the original context
		return float64(dim) * math.Log(float64(s.Original)/(2*math.Pi*turns)) / (2 * math.Log(base))
	}
	low := max(math.Floor(index(s.BetaFast)), 0)
	high := min(math.Ceil(index(s.BetaSlow)), float64(dim-1))
	if low == high {
		high += .001
	}
	return blend(freq, s.Factor, 1-(float64(i)-low)/(high-low))
}

// blend is freq where keep ≥ 1, freq/factor where keep ≤ 0.
func blend(freq, factor, keep float64) float64 {
	keep = min(max(keep, 0), 1)
	return keep*freq + (1-keep)*freq/factor
}

// appendRows adds the cosines and sines of positions [from, to) of a sequence of
// length tokens to a table, computed in float64.
func (r Rotary) appendRows(t *kernel.Rotary, from, to, length int) {
	scale := 1.0
	if r.Scaling.Kind == YarnScaling {
		scale = r.Scaling.Attention
	}
	freq := r.Frequencies(length)
	for p := from; p < to; p++ {
		for _, f := range freq {
			sin, cos := math.Sincos(float64(p) * f)
			t.Cos = append(t.Cos, float32(scale*cos))
			t.Sin = append(t.Sin, float32(scale*sin))
		}
	}
}
