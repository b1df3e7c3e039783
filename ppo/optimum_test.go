package ppo

import (
	"context"
	"math"
	"testing"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/models/lm"
	"plumbline/reward"
)

// As package oracle, with a transformer in place of the table and the trainer in place
// of its loop: 5 tokens, at most 3 of them, two prompts, scores drawn from N(0, 1). All
// 85 responses to each prompt are summed over, so that J of a policy and the best J
// there is, β·log Σ π_ref·exp(score/β), are known exactly.
type optimum struct {
	rt    *engine.Runtime
	texts []generate.Rollout // every complete response to every prompt
}

const optimumBeta = .5

func (o *optimum) grow(prompt, response []int32) {
	n := len(response)
	if n == 3 || n > 0 && response[n-1] == eos {
		o.texts = append(o.texts, generate.Rollout{Prompt: prompt, Response: response})
		return
	}
	for id := range int32(5) {
		o.grow(prompt, append(response[:n:n], id))
	}
}

// score is a random number with the text as its address.
func score(r generate.Rollout) float64 {
	keys := []uint64{11}
	for _, id := range sequence(r) {
		keys = append(keys, uint64(id))
	}
	return random.New(keys...).NormFloat64()
}

// logProbs is log π of every text.
func (o *optimum) logProbs(t *testing.T, dec *models.Decoder, opts models.Options) []float64 {
	t.Helper()
	r := &batch.Ragged{}
	for _, x := range o.texts {
		mask := ones(len(x.Prompt) + len(x.Response))
		clear(mask[:len(x.Prompt)])
		if err := r.Add(sequence(x), mask); err != nil {
			t.Fatal(err)
		}
	}
	flat, err := lm.New(o.rt, dec, opts).LogProbs(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(o.texts))
	for i, x := range o.texts {
		for _, l := range flat[:len(x.Response)] {
			out[i] += float64(l)
		}
		flat = flat[len(x.Response):]
	}
	return out
}

func TestTrainerReachesTheOptimum(t *testing.T) {
	o := &optimum{rt: runtime(t, 2)}
	prompts := []Prompt{{"a", []int32{0, 3}}, {"b", []int32{0, 4}}}
	for _, p := range prompts {
		o.grow(p.Tokens, nil)
	}
	policy, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 5, Width: 32, Layers: 2, Heads: 2, KV: 2, Head: 16, FFN: 64, Context: 8,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 16}, Activation: models.SwiGLU,
		InitStd: .2, EOS: []int32{eos},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	critic, err := reward.New(o.rt, policy, 5, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ref := o.logProbs(t, policy.Decoder, models.Options{})
	tr := newTrainer(t, o.rt, Setup{
		Policy: policy, Reference: policy.Decoder.Clone(), Critic: critic, Stop: []int32{eos}, Prompts: prompts,
		Score: func(_ context.Context, rollouts []generate.Rollout) ([]float64, error) {
			scores := make([]float64, len(rollouts))
			for i, r := range rollouts {
				scores[i] = score(r)
			}
			return scores, nil
		},
	}, optimumConfig())
	steps(t, tr, tr.c.Updates)

	logprob := o.logProbs(t, policy.Decoder, models.Options{})
	var start, reached, probability float64
	z := map[string]float64{}
	for i, x := range o.texts {
		start += math.Exp(ref[i]) * score(x) / 2
		reached += math.Exp(logprob[i]) * (score(x) - optimumBeta*(logprob[i]-ref[i])) / 2
		probability += math.Exp(logprob[i]) / 2
		z[prompts[i/(len(o.texts)/2)].ID] += math.Exp(ref[i] + score(x)/optimumBeta)
	}
	best := optimumBeta * (math.Log(z["a"]) + math.Log(z["b"])) / 2
	share := (reached - start) / (best - start)
	t.Logf("J of the reference %.4f, reached %.4f, best %.4f: %.2f %%", start, reached, best, 100*share)
	if math.Abs(probability-1) > 1e-5 || len(o.texts) != 2*85 {
		t.Fatalf("%d texts of probability %v, want 170 of 1", len(o.texts), probability)
	}
	if !(share >= .98 && share <= 1+1e-6) {
		t.Errorf("got %.4f of J* - J_ref, want ≥ .98 and ≤ 1", share)
	}
}

func optimumConfig() Config {
	c := DefaultConfig()
	c.Updates, c.Rollouts, c.SampleBatch, c.MaxNewTokens, c.KLCoef, c.MissingEOSPenalty = 150, 256, 256, 3, optimumBeta, 0
	c.LR, c.CriticLR, c.ValueClip = 1.5e-3, 1.5e-3, 10
	c.Beta2, c.Lambda = .999, 1 // a steady end is worth more here than a fast start
	return c
}
