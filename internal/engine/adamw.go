package engine

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"plumbline/internal/kernel"
)

// AdamWConfig are the constants of AdamW.
type AdamWConfig struct {
	Beta1       float64 // decay of the first moment, in [0, 1)
	Beta2       float64 // decay of the second moment, in [0, 1)
	Eps         float64 // > 0
	WeightDecay float64 // decoupled, per unit of learning rate, ≥ 0; not on vectors
	MaxGradNorm float64 // clip by global norm; 0 = off
}

// AdamW is the optimiser of Loshchilov & Hutter 2019, arXiv:1711.05101:
//
//	w -= lr·wd·w
//	m  = β1·m + (1-β1)·g,  v = β2·v + (1-β2)·g²
//	w -= lr·(m/(1-β1ᵗ)) / (√(v/(1-β2ᵗ)) + eps)
//
// with g clipped by the global norm. Resuming from State is exact.
type AdamW struct {
	rt     *Runtime
	params []*Param
	c      AdamWConfig
	step   int
	lr     float64
	norm   float64
	m, v   [][]float32
}

var _ G.Solver = (*AdamW)(nil)

// NewAdamW optimises params, which must have distinct names.
func NewAdamW(rt *Runtime, params []*Param, c AdamWConfig) *AdamW {
	o := &AdamW{rt: rt, params: params, c: c}
	for _, p := range params {
		p.ensureGrad()
		o.m = append(o.m, kernel.Alloc(p.Size()))
		o.v = append(o.v, kernel.Alloc(p.Size()))
	}
	return o
}

// Params are the parameters in the order of the updates.
func (o *AdamW) Params() []*Param { return o.params }

// Update clips the gradients by their global norm, makes one step of learning rate
// lr and zeroes the gradients. It returns the norm before clipping. A gradient that
// is NaN or infinite is an error that names the parameter; nothing is changed then.
func (o *AdamW) Update(lr float64) (gradNorm float64, err error) {
	o.lr = lr
	vg := make([]G.ValueGrad, len(o.params))
	for i, p := range o.params {
		vg[i] = valueGrad{p}
	}
	err = o.Step(vg)
	return o.norm, err
}

// Step makes one update of the optimiser's own parameters, as gorgonia.Solver.
func (o *AdamW) Step(model []G.ValueGrad) error {
	if len(model) != len(o.params) {
		return fmt.Errorf("engine: adamw: got %d parameters, want %d", len(model), len(o.params))
	}
	if err := o.gradNorm(); err != nil {
		return err
	}
	scale := 1.0
	if o.c.MaxGradNorm > 0 && o.norm > o.c.MaxGradNorm {
		scale = o.c.MaxGradNorm / o.norm
	}
	o.step++
	h := kernel.AdamW{
		LR: float32(o.lr), Beta1: float32(o.c.Beta1), Beta2: float32(o.c.Beta2), Rest1: float32(1 - o.c.Beta1), Rest2: float32(1 - o.c.Beta2), Eps: float32(o.c.Eps), GradScale: float32(scale),
		C1: float32(1 / (1 - math.Pow(o.c.Beta1, float64(o.step)))),
		C2: float32(1 / (1 - math.Pow(o.c.Beta2, float64(o.step)))),
	}
	for i, p := range o.params {
		h.WeightDecay = float32(o.c.WeightDecay)
		if p.NoDecay {
			h.WeightDecay = 0
		}
		o.rt.Team.AdamWStep(p.Data, p.Grad, o.m[i], o.v[i], h)
		p.ZeroGrad()
		p.Changed()
	}
	return nil
}

func (o *AdamW) gradNorm() error {
	total := 0.0
	for _, p := range o.params {
		s := o.rt.Team.SumSq(p.Grad)
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("engine: adamw: the gradient of %s is not finite: lower lr or warm up longer", p.Name)
		}
		total += s
	}
	o.norm = math.Sqrt(total)
	return nil
}

// State is what an exact resume needs: the number of steps made and the moments,
// under "m/NAME" and "v/NAME". The slices are the optimiser's own.
func (o *AdamW) State() (step int, moments map[string][]float32) {
	moments = make(map[string][]float32, 2*len(o.params))
	for i, p := range o.params {
		moments["m/"+p.Name] = o.m[i]
		moments["v/"+p.Name] = o.v[i]
	}
	return o.step, moments
}

// Load puts a State back. A missing moment or one of another size is an error, and
// then nothing is changed.
func (o *AdamW) Load(step int, moments map[string][]float32) error {
	_, own := o.State()
	for name, dst := range own {
		if len(moments[name]) != len(dst) {
			return fmt.Errorf("engine: adamw: load %s: got %d values, want %d", name, len(moments[name]), len(dst))
		}
	}
	for name, dst := range own {
		copy(dst, moments[name])
	}
	o.step = step
	return nil
}
