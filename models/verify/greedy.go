package verify

import (
	"fmt"
	"math"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// greedy compares the argmax tokens and their logprobs.
func (s *verification) greedy() error {
	for n := 0; ; n++ {
		name := fmt.Sprintf("greedy.%d", n)
		prompt, ok := s.want(name + ".prompt_ids")
		want, also := s.want(name + ".tokens")
		if !ok || !also {
			return nil
		}
		ids := make([]int32, len(prompt.Ints))
		for i, id := range prompt.Ints {
			ids[i] = int32(id)
		}
		g, err := decode(s.rt, s.m.Decoder, ids, len(want.Ints))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.report.compareIDs(want.Name, g.tokens, want.Ints)
		kept := checkpoint.Tensor{Name: want.Name, DType: checkpoint.I64, Shape: want.Shape}
		for _, id := range g.tokens {
			kept.Ints = append(kept.Ints, int64(id))
		}
		s.report.Computed = append(s.report.Computed, kept)
		if err := s.check(name+".logprobs", "logprobs", g.logprobs); err != nil {
			return err
		}
	}
}

// decoded is a greedy continuation.
type decoded struct {
	tokens   []int32
	logprobs []float32
	first    []float64 // logprobs of the whole vocabulary after the prompt
}

// decode continues a prompt by n argmax tokens, one at a time over KV caches. Under
// dynamic rotary scaling every length has its own frequencies, so there all tokens
// are computed anew.
func decode(rt *engine.Runtime, d *models.Decoder, prompt []int32, n int) (*decoded, error) {
	cached := d.Spec.Rotary.Scaling.Kind != models.DynamicScaling
	in := models.NewInputs(len(prompt)+n, 1)
	if cached {
		in.Caches = &engine.Caches{Seqs: [][]*kernel.Cache{d.Spec.NewCaches(len(prompt) + n)}}
	}
	last := engine.NewInts(engine.NewAxis("last", 1))
	w, bias := d.Head()
	b := engine.NewBuilder(rt, engine.Forward)
	logits := b.Linear(b.Gather(d.Hidden(b, in, models.Options{}), last), w, bias)
	p, err := b.Build(engine.Node{}, logits)
	if err != nil {
		return nil, err
	}
	g, all, from := &decoded{}, prompt, 0
	for range n {
		if err := feed(in, last, all, from); err != nil {
			return nil, err
		}
		if err := p.Run(); err != nil {
			return nil, err
		}
		logprobs := logSoftmax(p.Value(logits))
		best := 0
		for i, x := range logprobs {
			if x > logprobs[best] {
				best = i
			}
		}
		if g.first == nil {
			g.first = logprobs
		}
		g.tokens, g.logprobs = append(g.tokens, int32(best)), append(g.logprobs, float32(logprobs[best]))
		if cached {
			from = len(all)
		}
		all = append(all[:len(all):len(all)], int32(best))
	}
	return g, nil
}

// feed puts tokens from..end of a sequence in.
func feed(in *models.Inputs, last *engine.Ints, all []int32, from int) error {
	r := &batch.Ragged{Tokens: all[from:], Offsets: []int32{0, int32(len(all) - from)}}
	for i := from; i < len(all); i++ {
		r.Positions = append(r.Positions, int32(i))
	}
	if err := in.Set(r); err != nil {
		return err
	}
	return last.Set([]int32{int32(len(all) - from - 1)})
}

// logSoftmax is log p of every token, in float64.
func logSoftmax(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, x := range logits {
		top = max(top, float64(x))
	}
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	out := make([]float64, len(logits))
	for i, x := range logits {
		out[i] = float64(x) - top - math.Log(sum)
	}
	return out
}
