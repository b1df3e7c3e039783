package models

import (
	"fmt"
	"math"
	"strings"

	"plumbline/internal/engine"
	"plumbline/internal/random"
)

// Decoder is a spec with weights. Its methods are for one goroutine at a time.
type Decoder struct {
	Spec    Spec
	Modules []Module // the linear layers by the names of the checkpoint's family: what adapters attach to

	params   []*engine.Param // as in Spec.Layout
	byName   map[string]*engine.Param
	lora     LoRA
	adapters []*Adapter
}

// New makes a decoder with initial weights: normal of deviation InitStd, the
// projections that write into the residual stream divided by √(2·Layers) (Radford et
// al. 2019), norms one, biases zero. A value is a function of (seed, parameter name,
// index). Every fault of the spec is reported.
func New(spec Spec, seed uint64) (*Decoder, error) {
	d, err := Blank(spec)
	if err != nil {
		return nil, err
	}
	for _, p := range d.params {
		initialise(p, spec, seed)
	}
	return d, nil
}

// Blank makes a decoder whose weights are all zero, to be filled from a checkpoint.
func Blank(spec Spec) (*Decoder, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	d := &Decoder{Spec: spec, byName: map[string]*engine.Param{}}
	for _, s := range spec.Layout() {
		p := engine.NewParam(s.Name, s.Dims...)
		d.params = append(d.params, p)
		d.byName[s.Name] = p
	}
	d.Modules = ownModules(spec)
	return d, nil
}

func initialise(p *engine.Param, s Spec, seed uint64) {
	switch {
	case len(p.Shape) == 2:
		std := s.InitStd
		if strings.HasSuffix(p.Name, "attn.out") || strings.HasSuffix(p.Name, "mlp.down") {
			std /= math.Sqrt(2 * float64(s.Layers))
		}
		r := random.New(seed, random.Key(p.Name))
		for i := range p.Data {
			p.Data[i] = float32(std * r.NormFloat64())
		}
	case strings.HasSuffix(p.Name, "norm"):
		for i := range p.Data {
			p.Data[i] = 1
		}
	}
	p.Changed()
}

// Params are the parameters from the embedding to the output matrix, then those of
// the adapters.
func (d *Decoder) Params() []*engine.Param {
	all := append([]*engine.Param{}, d.params...)
	for _, a := range d.adapters {
		all = append(all, a.A, a.B)
	}
	return all
}

// Param finds a parameter of the base by its name in Spec.Layout; nil if there is none.
func (d *Decoder) Param(name string) *engine.Param { return d.byName[name] }

// Trainable are the parameters that are not frozen.
func (d *Decoder) Trainable() []*engine.Param {
	var t []*engine.Param
	for _, p := range d.Params() {
		if !p.Frozen {
			t = append(t, p)
		}
	}
	return t
}

// Freeze makes every parameter a constant.
func (d *Decoder) Freeze() {
	for _, p := range d.Params() {
		p.Frozen = true
	}
}

// Head is the output matrix [V, d] (the embedding where they are tied) and its bias;
// nil where there is none.
func (d *Decoder) Head() (w, bias *engine.Param) {
	if d.Spec.Tied {
		return d.byName["embed"], nil
	}
	return d.byName["head"], nil
}

// Clone is a copy that shares nothing. Gradients are not copied.
func (d *Decoder) Clone() *Decoder {
	c := &Decoder{Spec: d.Spec, Modules: append([]Module{}, d.Modules...), byName: map[string]*engine.Param{}, lora: d.lora}
	for _, p := range d.params {
		q := cloneParam(p)
		c.params = append(c.params, q)
		c.byName[q.Name] = q
	}
	for _, a := range d.adapters {
		c.adapters = append(c.adapters, &Adapter{Module: a.Module, A: cloneParam(a.A), B: cloneParam(a.B), Scale: a.Scale})
	}
	return c
}

func cloneParam(p *engine.Param) *engine.Param {
	q := engine.NewParam(p.Name, p.Shape...)
	copy(q.Data, p.Data)
	q.Frozen, q.NoDecay = p.Frozen, p.NoDecay
	return q
}

// rows is a range of rows of a packed parameter.
func (d *Decoder) rows(name string, row, rows int) ([]float32, error) {
	p := d.byName[name]
	if p == nil || row < 0 || rows < 0 || (row+rows)*p.Shape[len(p.Shape)-1] > p.Size() {
		return nil, fmt.Errorf("models: got rows %d to %d of %s, want a parameter that has them", row, row+rows, name)
	}
	in := p.Shape[len(p.Shape)-1]
	return p.Data[row*in : (row+rows)*in], nil
}
