package verify

import (
	"fmt"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
)

// results are the values of one forward pass over N tokens.
type results struct {
	blocks   [][]float32 // [layer][N, d] stream entering the block
	hidden   []float32   // [N, d]
	logits   []float32   // [N, V]
	logprobs []float32   // of the predicted tokens
}

// evaluate runs a decoder over a batch; rows and targets say what is predicted.
func evaluate(rt *engine.Runtime, d *models.Decoder, r *batch.Ragged, rows, targets []int32, o models.Options) (*results, error) {
	w, bias := d.Head()
	if w == nil {
		return nil, fmt.Errorf("got a model without an output matrix")
	}
	in := models.NewInputs(r.Len(), r.Seqs())
	axis := engine.NewAxis("predicted", len(rows))
	from, to := engine.NewInts(axis), engine.NewInts(axis)
	b := engine.NewBuilder(rt, engine.Forward)
	var outputs []engine.Node
	o.Tap = func(_ int, x engine.Node) { outputs = append(outputs, x) }
	hidden := d.Hidden(b, in, o)
	one := float32(1)
	outputs = append(outputs, hidden, b.Linear(hidden, w, bias), b.TokenLogProb(b.Gather(hidden, from), w, bias, to, &one, false))
	p, err := b.Build(engine.Node{}, outputs...)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{in.Set(r), from.Set(rows), to.Set(targets), p.Run()} {
		if err != nil {
			return nil, err
		}
	}
	res := &results{}
	for _, x := range outputs[:d.Spec.Layers] {
		res.blocks = append(res.blocks, p.Value(x))
	}
	last := outputs[d.Spec.Layers:]
	res.hidden, res.logits, res.logprobs = p.Value(last[0]), p.Value(last[1]), p.Value(last[2])
	return res, nil
}

// evaluate runs a decoder over a padded batch.
func (s *verification) evaluate(d *models.Decoder, p *padded, o models.Options) (*results, []int, error) {
	rows, targets, at := p.next()
	res, err := evaluate(s.rt, d, &p.ragged, rows, targets, o)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return res, at, nil
}

// forward compares what the two batches give.
func (s *verification) forward() error {
	for _, name := range []string{"left", "right"} {
		p, ok, err := s.padded(name)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		res, predicted, err := s.evaluate(s.m.Decoder, p, models.Options{})
		if err != nil {
			return err
		}
		for l, x := range res.blocks {
			if err := s.check(fmt.Sprintf("%s.block_input.%d", name, l), "block_input", p.pad(x, p.at)); err != nil {
				return err
			}
		}
		for _, c := range []struct {
			kind   string
			values []float32
			at     []int
		}{{"hidden", res.hidden, p.at}, {"logits", res.logits, p.at}, {"logprobs", res.logprobs, predicted}} {
			if err := s.check(name+"."+c.kind, c.kind, p.pad(c.values, c.at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// adapters compares what an adapter's golden file adds: the base without it, and the
// merged weights.
func (s *verification) adapters() error {
	p, ok, err := s.padded("right")
	if err != nil || !ok || len(s.m.Decoder.Adapters()) == 0 {
		return err
	}
	base, _, err := s.evaluate(s.m.Decoder, p, models.Options{NoAdapters: true})
	if err != nil {
		return err
	}
	if err := s.check("right.base_logits", "base_logits", p.pad(base.logits, p.at)); err != nil {
		return err
	}
	merged := s.m.Decoder.Clone()
	if err := merged.Merge(); err != nil {
		return err
	}
	res, _, err := s.evaluate(merged, p, models.Options{})
	if err != nil {
		return err
	}
	if err := s.check("right.merged_logits", "merged_logits", p.pad(res.logits, p.at)); err != nil {
		return err
	}
	for _, w := range s.stored(merged, func(p *engine.Param) []float32 { return p.Data }) {
		if err := s.check("merged."+w.name, "merged", w.values); err != nil {
			return err
		}
	}
	return nil
}
