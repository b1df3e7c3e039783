package verify

import (
	"fmt"

	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// named is a tensor under its checkpoint name.
type named struct {
	name   string
	matrix bool
	values []float32
}

// stored lists something of every parameter (values, gradients) as the checkpoint
// stores it: the adapters' alone, if there are any.
func (s *verification) stored(d *models.Decoder, of func(*engine.Param) []float32) []named {
	var all []named
	if names := checkpoint.AdapterNames(d); len(names) > 0 {
		for name, p := range names {
			all = append(all, named{name, true, of(p)})
		}
		return all
	}
	for _, e := range s.m.Entries() {
		p := d.Param(e.Param)
		all = append(all, named{e.Name, len(e.Shape) > 1, checkpoint.Stored(e, of(p), p.Shape[0])})
	}
	return all
}

// train compares the loss and its gradients on the right batch, and the tensors and
// losses of the AdamW steps.
func (s *verification) train() error {
	if _, ok := s.want("train.losses"); !ok {
		return nil
	}
	step, err := s.lossGraph()
	if err != nil {
		return err
	}
	c := s.golden.AdamW
	opt := engine.NewAdamW(s.rt, s.m.Decoder.Trainable(), engine.AdamWConfig{Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay})
	var losses []float32
	for i := range c.Steps + 1 {
		if err := step.Run(); err != nil {
			return err
		}
		losses = append(losses, float32(step.Loss()))
		if i == 0 {
			if err := s.gradients(); err != nil {
				return err
			}
		}
		if i == c.Steps {
			break
		}
		if _, err := opt.Update(c.LR); err != nil {
			return err
		}
	}
	if err := s.check("train.loss", "loss", losses[:1]); err != nil {
		return err
	}
	if err := s.check("train.losses", "losses", losses); err != nil {
		return err
	}
	return s.updated()
}

// lossGraph is the mean cross-entropy over the labels that count.
func (s *verification) lossGraph() (*engine.Program, error) {
	p, ok, err := s.padded("right")
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	labels := s.golden.tensors["train.labels"].Ints
	if !ok || len(labels) != p.shape[0]*p.shape[1] {
		return nil, fmt.Errorf("train: got %d labels, want those of the right batch", len(labels))
	}
	var from, to []int32
	rows, _, at := p.next()
	for i, place := range at {
		if labels[place] != -100 {
			from, to = append(from, rows[i]), append(to, int32(labels[place]))
		}
	}
	weights := make([]float32, len(from))
	for i := range weights {
		weights[i] = 1 / float32(len(weights))
	}
	axis := engine.NewAxis("labels", len(from))
	x, y, z := engine.NewInts(axis), engine.NewInts(axis), engine.NewFloats(axis)
	in := models.NewInputs(p.ragged.Len(), p.ragged.Seqs())
	b := engine.NewBuilder(s.rt, engine.Train)
	w, bias := s.m.Decoder.Head()
	hidden := s.m.Decoder.Hidden(b, in, models.Options{})
	program, err := b.Build(b.CrossEntropy(b.Gather(hidden, x), w, bias, y, z))
	if err != nil {
		return nil, err
	}
	for _, err := range []error{in.Set(&p.ragged), x.Set(from), y.Set(to), z.Set(weights)} {
		if err != nil {
			return nil, err
		}
	}
	return program, nil
}

func (s *verification) gradients() error {
	for _, g := range s.stored(s.m.Decoder, func(p *engine.Param) []float32 { return p.Grad }) {
		if err := s.check("train.grad."+g.name, "grad", g.values); err != nil {
			return err
		}
	}
	return nil
}

// updated compares the tensors after the steps. Where the gradient is tiny but not
// zero, AdamW makes a full step of rounding errors: there only the larger tolerance
// holds.
func (s *verification) updated() error {
	tol, ok := s.golden.Tolerance["adamw2"]
	if !ok {
		return fmt.Errorf("got no tolerance for adamw2 in golden.json")
	}
	for _, x := range s.stored(s.m.Decoder, func(p *engine.Param) []float32 { return p.Data }) {
		want, ok := s.want("train.adamw2." + x.name)
		if !ok {
			continue
		}
		grad := s.golden.tensors["train.grad."+x.name].Floats
		if len(grad) != len(want.Floats) {
			return fmt.Errorf("train.grad.%s: got %d values, want %d", x.name, len(grad), len(want.Floats))
		}
		s.keep(want, x.values)
		s.report.compare(want.Name, x.values, want.Floats, func(i int) float64 {
			if abs(grad[i]) >= tol.MinGrad || tol.ZeroGrad && x.matrix && grad[i] == 0 {
				return tol.Abs
			}
			return tol.Elsewhere
		})
	}
	return nil
}
