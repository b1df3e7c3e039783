package models

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"plumbline/internal/engine"
	"plumbline/internal/random"
)

// AllLinear as the only target stands for every linear layer of the blocks.
const AllLinear = "all-linear"

// LoRA says which layers get a low-rank adapter, W + scale·B·A with A [r, in] and
// B [out, r]. Hu et al. 2021, arXiv:2106.09685.
type LoRA struct {
	Rank    int      `mapstructure:"rank"`    // r of A [r, in] and B [out, r]; 0 = no adapters
	Alpha   float64  `mapstructure:"alpha"`   // see Scale
	RSLoRA  bool     `mapstructure:"rslora"`  // rank-stabilised: alpha/√r (arXiv:2312.03732)
	Targets []string `mapstructure:"targets"` // last parts of module names (q_proj), whole names, or AllLinear alone
	Pattern string   `mapstructure:"pattern"` // instead of Targets: a regular expression of whole module names
}

// DefaultLoRA is off; with a rank it adapts every linear layer (Dettmers et al. 2023,
// arXiv:2305.14314, sec. 4).
func DefaultLoRA() LoRA { return LoRA{Alpha: 16, Targets: []string{AllLinear}} }

// Validate reports every fault that shows without a model.
func (l LoRA) Validate() error {
	if l.Rank == 0 {
		return nil
	}
	var errs []error
	if l.Rank < 0 {
		errs = append(errs, fmt.Errorf("rank: got %d, want ≥ 0; 0 trains the whole model", l.Rank))
	}
	if !(l.Alpha > 0) || math.IsInf(l.Alpha, 0) {
		errs = append(errs, fmt.Errorf("alpha: got %v, want > 0", l.Alpha))
	}
	if (l.Pattern == "") == (len(l.Targets) == 0) {
		errs = append(errs, fmt.Errorf("targets: got %q and pattern %q, want one of the two", l.Targets, l.Pattern))
	}
	return errors.Join(errs...)
}

// Scale is what an adapter's product is multiplied by.
func (l LoRA) Scale() float64 {
	if l.RSLoRA {
		return l.Alpha / math.Sqrt(float64(l.Rank))
	}
	return l.Alpha / float64(l.Rank)
}

// Module is a linear layer as a family names it: some rows of a parameter.
type Module struct {
	Name  string // "model.layers.0.self_attn.q_proj"
	Param string // name of the parameter that holds it
	Row   int    // its first row there
	Rows  int    // its outputs
}

// Adapter is a low-rank change of one module. Its parameters are named after the
// module, with ".lora_A" and ".lora_B" added.
type Adapter struct {
	Module Module
	A, B   *engine.Param // [r, in], [out, r]
	Scale  float32
}

// ownModules are the linear layers under their own names, for a decoder that came
// from no family.
func ownModules(s Spec) []Module {
	var m []Module
	for _, p := range s.Layout() {
		if strings.HasPrefix(p.Name, "block.") && len(p.Dims) == 2 {
			m = append(m, Module{p.Name, p.Name, 0, p.Dims[0]})
		}
	}
	return m
}

// AddLoRA freezes the decoder and gives the chosen modules adapters that are zero at
// first: A uniform in ±1/√in, B zero. A target that names no module, no rank and a
// decoder that has adapters already are errors.
func (d *Decoder) AddLoRA(l LoRA, seed uint64) error {
	if len(d.adapters) > 0 {
		return fmt.Errorf("models: lora: got a decoder with %d adapters, want one without: merge them first", len(d.adapters))
	}
	if l.Rank < 1 || !(l.Alpha > 0) || math.IsInf(l.Alpha, 0) {
		return fmt.Errorf("models: lora: got rank %d and alpha %v, want a rank ≥ 1 and an alpha > 0", l.Rank, l.Alpha)
	}
	chosen, err := d.choose(l)
	if err != nil {
		return err
	}
	adapters := make([]*Adapter, len(chosen))
	for i, m := range chosen {
		if adapters[i], err = d.newAdapter(m, l, seed); err != nil {
			return err
		}
	}
	d.Freeze()
	d.lora, d.adapters = l, adapters
	return nil
}

func (d *Decoder) newAdapter(m Module, l LoRA, seed uint64) (*Adapter, error) {
	if _, err := d.rows(m.Param, m.Row, m.Rows); err != nil {
		return nil, err
	}
	in := d.byName[m.Param].Shape[1]
	a := &Adapter{
		Module: m, Scale: float32(l.Scale()),
		A: engine.NewParam(m.Name+".lora_A", l.Rank, in),
		B: engine.NewParam(m.Name+".lora_B", m.Rows, l.Rank),
	}
	r := random.New(seed, random.Key(a.A.Name))
	bound := 1 / math.Sqrt(float64(in))
	for i := range a.A.Data {
		a.A.Data[i] = float32(bound * (2*r.Float64() - 1))
	}
	a.A.Changed()
	return a, nil
}

// choose lists the modules that l names.
func (d *Decoder) choose(l LoRA) ([]Module, error) {
	if (l.Pattern == "") == (len(l.Targets) == 0) {
		return nil, fmt.Errorf("models: lora: got targets %q and pattern %q, want one of the two", l.Targets, l.Pattern)
	}
	if l.Pattern != "" {
		return d.match(l.Pattern)
	}
	if slices.Contains(l.Targets, AllLinear) {
		if len(l.Targets) > 1 {
			return nil, fmt.Errorf("models: lora: got targets %q, want %q alone", l.Targets, AllLinear)
		}
		return d.Modules, nil
	}
	used := map[string]bool{}
	var chosen []Module
	for _, m := range d.Modules {
		for _, t := range l.Targets {
			if m.Name == t || strings.HasSuffix(m.Name, "."+t) {
				chosen = append(chosen, m)
				used[t] = true
				break
			}
		}
	}
	for _, t := range l.Targets {
		if !used[t] {
			return nil, fmt.Errorf("models: lora: target %q: got no such module, want one of %v", t, d.moduleKinds())
		}
	}
	return chosen, nil
}

func (d *Decoder) match(pattern string) ([]Module, error) {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("models: lora: pattern: %w", err)
	}
	var chosen []Module
	for _, m := range d.Modules {
		if re.MatchString(m.Name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("models: lora: pattern %q: got no module, want one like %v", pattern, d.moduleKinds())
	}
	return chosen, nil
}

// moduleKinds are the last parts of the module names, each once.
func (d *Decoder) moduleKinds() []string {
	var kinds []string
	for _, m := range d.Modules {
		k := m.Name[strings.LastIndex(m.Name, ".")+1:]
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Adapters are the adapters in the order of the modules; none without LoRA.
func (d *Decoder) Adapters() []*Adapter { return d.adapters }

// LoRA is what AddLoRA was called with; its rank is 0 without adapters.
func (d *Decoder) LoRA() LoRA { return d.lora }

// Merge adds every adapter to the weights it belongs to and drops it; the decoder is
// then an ordinary, trainable one. Products are summed in float64 and rounded once.
func (d *Decoder) Merge() error {
	for _, a := range d.adapters {
		w, err := d.rows(a.Module.Param, a.Module.Row, a.Module.Rows)
		if err != nil {
			return err
		}
		a.addTo(w)
		d.byName[a.Module.Param].Changed()
	}
	d.lora, d.adapters = LoRA{}, nil
	for _, p := range d.params {
		p.Frozen = false
	}
	return nil
}

// addTo adds scale·B·A to w, [out, in].
func (a *Adapter) addTo(w []float32) {
	r, in := a.A.Shape[0], a.A.Shape[1]
	row := make([]float64, in)
	for o := range a.Module.Rows {
		clear(row)
		for k := range r {
			b := float64(a.Scale) * float64(a.B.Data[o*r+k])
			for i := range row {
				row[i] += b * float64(a.A.Data[k*in+i])
			}
		}
		for i := range row {
			w[o*in+i] = float32(float64(w[o*in+i]) + row[i])
		}
	}
}
