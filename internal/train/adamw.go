package train

import "plumbline/internal/engine"

// New makes the optimiser of params; Schedule.At gives the rate for its steps.
func (c OptimizerConfig) New(rt *engine.Runtime, params []*engine.Param) *engine.AdamW {
	return engine.NewAdamW(rt, params, engine.AdamWConfig{
		Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, MaxGradNorm: c.MaxGradNorm,
	})
}
