package ppo

import (
	"context"
	"fmt"

	"plumbline/models/generate"
	"plumbline/reward"
	"plumbline/reward/scorers"
)

// Scorer gives one score per rollout. It gets ids, not text: what a reward model reads
// must be the tokens that were sampled.
type Scorer func(ctx context.Context, rollouts []generate.Rollout) ([]float64, error)

// ByModel scores with a reward model, on the scale of its norm. A response that was
// cut off is read as if it ended there, at an eos that is put behind it for the score
// only: every response the model was trained on ended, and without one it would judge
// the lack of it instead of the text. microTokens ≥ the longest prompt, response and
// eos bounds the memory.
func ByModel(m *reward.Model, eos int32, microTokens int) Scorer {
	return func(_ context.Context, rollouts []generate.Rollout) ([]float64, error) {
		seqs := make([][]int32, len(rollouts))
		for i, r := range rollouts {
			seqs[i] = Ended(r, eos, m.Decoder.Spec.Context)
		}
		return m.Score(seqs, microTokens)
	}
}

// Ended is a rollout's prompt and response as one text, with an eos behind it where
// the response has none; in a context that is full the eos takes the last place.
func Ended(r generate.Rollout, eos int32, context int) []int32 {
	s := sequence(r)
	if !r.Finished {
		s = append(s[:min(len(s), context-1)], eos)
	}
	return s
}

// ByText scores with a lexicon, rules or a program. text decodes a rollout to its
// prompt and its response without EOS.
func ByText(s scorers.Scorer, text func(generate.Rollout) (prompt, response string)) Scorer {
	return func(ctx context.Context, rollouts []generate.Rollout) ([]float64, error) {
		prompts, responses := make([]string, len(rollouts)), make([]string, len(rollouts))
		for i, r := range rollouts {
			prompts[i], responses[i] = text(r)
		}
		return s.Score(ctx, prompts, responses)
	}
}

// Sum adds scorers up, each times its weight.
func Sum(parts []Scorer, weights []float64) (Scorer, error) {
	if len(parts) == 0 || len(parts) != len(weights) {
		return nil, fmt.Errorf("ppo: sum of scorers: got %d scorers, %d weights, want equal, ≥ 1", len(parts), len(weights))
	}
	return func(ctx context.Context, rollouts []generate.Rollout) ([]float64, error) {
		sum := make([]float64, len(rollouts))
		for p, score := range parts {
			scores, err := score(ctx, rollouts)
			if err != nil {
				return nil, err
			}
			if len(scores) != len(sum) {
				return nil, fmt.Errorf("ppo: scorer %d: got %d scores for %d rollouts", p, len(scores), len(sum))
			}
			for i, s := range scores {
				sum[i] += weights[p] * s
			}
		}
		return sum, nil
	}, nil
}

// sequence is a rollout's prompt and response as one text.
func sequence(r generate.Rollout) []int32 {
	return append(append(make([]int32, 0, len(r.Prompt)+len(r.Response)), r.Prompt...), r.Response...)
}
