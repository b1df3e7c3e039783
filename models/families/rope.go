package families

import (
	"fmt"
	"math"

	"plumbline/models"
)

// rope reads the rotary settings of a head of size dim: rope_parameters as current
// files write them, or rope_theta and rope_scaling as most published ones do.
func (c *config) rope(dim, context int) models.Rotary {
	p := &config{used: map[string]bool{}}
	current := c.optional("rope_parameters", &p.raw)
	base := c.floatOr("rope_theta", 10000) // of the first LLaMA, whose files do not say so
	legacy := c.optional("rope_scaling", &p.raw)
	if current && legacy {
		c.fail("rope_scaling", "got rope_parameters too, want one of the two")
	}
	r := models.Rotary{Base: p.floatOr("rope_theta", base), Dim: dim, Scaling: p.scaling(context)}
	p.only("partial_rotary_factor", "1", "1.0")
	if err := p.finish(); err != nil {
		c.errs = append(c.errs, fmt.Errorf("in rope_parameters or rope_scaling: %w", err))
	}
	return r
}

// scaling reads the rope_type and what belongs to it.
func (c *config) scaling(context int) models.Scaling {
	kind := "default"
	c.optional("type", &kind) // its name before rope_type
	c.optional("rope_type", &kind)
	if kind == "default" {
		return models.Scaling{}
	}
	s := models.Scaling{Kind: models.ScalingKind(kind), Factor: c.float("factor")}
	switch s.Kind {
	case models.LinearScaling:
	case models.DynamicScaling:
		s.Original = context
	case models.Llama3Scaling:
		s.Original = c.int("original_max_position_embeddings")
		s.LowFreq, s.HighFreq = c.float("low_freq_factor"), c.float("high_freq_factor")
	case models.YarnScaling:
		s.Original = c.intOr("original_max_position_embeddings", context)
		s.BetaFast, s.BetaSlow = c.floatOr("beta_fast", 32), c.floatOr("beta_slow", 1)
		s.Attention = c.attentionFactor(s.Factor)
		c.only("truncate", "true")
	default:
		c.fail("rope_type", "got %q, want default, linear, dynamic, llama3 or yarn", kind)
	}
	return s
}

// attentionFactor is what yarn multiplies cos and sin by, as transformers reads it.
func (c *config) attentionFactor(factor float64) float64 {
	grow := func(m float64) float64 { return .1*m*math.Log(max(factor, 1)) + 1 }
	a := grow(1)
	m, mAll := c.floatOr("mscale", 0), c.floatOr("mscale_all_dim", 0)
	if m != 0 && mAll != 0 {
		a = grow(m) / grow(mAll)
	}
	return c.floatOr("attention_factor", a)
}

// ropeConfig is the inverse of rope, in the published spelling.
func ropeConfig(c map[string]any, r models.Rotary) {
	c["rope_theta"] = r.Base
	s := r.Scaling
	m := map[string]any{"rope_type": s.Kind, "factor": s.Factor}
	switch s.Kind {
	case models.NoScaling:
		c["rope_scaling"] = nil
		return
	case models.LinearScaling, models.DynamicScaling: // no more than the factor
	case models.Llama3Scaling:
		m["original_max_position_embeddings"] = s.Original
		m["low_freq_factor"], m["high_freq_factor"] = s.LowFreq, s.HighFreq
	case models.YarnScaling:
		m["original_max_position_embeddings"] = s.Original
		m["beta_fast"], m["beta_slow"], m["attention_factor"] = s.BetaFast, s.BetaSlow, s.Attention
	}
	c["rope_scaling"] = m
}
