package verify

import (
	"encoding/json"
	"fmt"
	"os"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// promptTolerance is that of logprobs in a file of prompts, whose numbers have six
// digits after the point.
const promptTolerance = 1e-4

// promptFile is a golden.json of prompts.
type promptFile struct {
	Cases []struct {
		Prompt   string       `json:"prompt"`
		IDs      []int32      `json:"ids"`
		LogProbs []float32    `json:"prompt_token_logprobs"` // of ids[1:]
		Top      [][2]float64 `json:"last_top10"`            // (id, logprob) after the prompt, best first
		Greedy   []int64      `json:"greedy_48"`
	} `json:"cases"`
}

// prompts compares a model with a golden.json of prompts.
func prompts(rt *engine.Runtime, m *checkpoint.Model, path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	var f promptFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("verify: %s: %w", path, err)
	}
	r := &Report{}
	for i, c := range f.Cases {
		name := fmt.Sprintf("case.%d", i)
		if len(c.IDs) < 2 {
			return nil, fmt.Errorf("verify: %s: %s: got %d ids, want ≥ 2", path, name, len(c.IDs))
		}
		got, err := promptLogProbs(rt, m.Decoder, c.IDs)
		if err != nil {
			return nil, fmt.Errorf("verify: %s: %s: %w", path, name, err)
		}
		r.result(name+".logprobs", got, c.LogProbs)
		g, err := decode(rt, m.Decoder, c.IDs, len(c.Greedy))
		if err != nil {
			return nil, fmt.Errorf("verify: %s: %s: %w", path, name, err)
		}
		var top, wantTop []float32
		for _, t := range c.Top {
			if id := int(t[0]); id < 0 || id >= len(g.first) {
				return nil, fmt.Errorf("verify: %s: %s: got id %d, want one of the %d", path, name, id, len(g.first))
			}
			top, wantTop = append(top, float32(g.first[int(t[0])])), append(wantTop, float32(t[1]))
		}
		r.result(name+".top10", top, wantTop)
		r.compareIDs(name+".greedy", g.tokens, c.Greedy)
	}
	return r, nil
}

func (r *Report) result(name string, got, want []float32) {
	r.Computed = append(r.Computed, checkpoint.Tensor{Name: name, DType: checkpoint.F32, Shape: []int{len(got)}, Floats: got})
	r.compare(name, got, want, flat(promptTolerance))
}

// promptLogProbs is log p of each token but the first.
func promptLogProbs(rt *engine.Runtime, d *models.Decoder, ids []int32) ([]float32, error) {
	p := &padded{}
	p.at = make([]int, len(ids))
	p.ragged = batch.Ragged{}
	if err := p.ragged.Add(ids, nil); err != nil {
		return nil, err
	}
	rows, targets, _ := p.next()
	res, err := evaluate(rt, d, &p.ragged, rows, targets, models.Options{})
	if err != nil {
		return nil, err
	}
	return res.logprobs, nil
}
