package eval

import (
	"fmt"
	"math"
)

// Perplexity is how many tokens a model wavers between, over D documents:
//
//	exp(-Σ_d logprob_d / Σ_d tokens_d)
//
// logprob[d] ≤ 0 is the summed logprob of document d in nats, tokens[d] ≥ 1 how many
// it sums. Long documents count more, as one text would; whole documents are resampled.
func (b Bootstrap) Perplexity(logprob []float64, tokens []int) (Interval, error) {
	if len(logprob) != len(tokens) {
		return Interval{}, fmt.Errorf("eval: perplexity: got %d logprobs, %d token counts, want equal", len(logprob), len(tokens))
	}
	for d, n := range tokens {
		if n < 1 || !(logprob[d] <= 0) {
			return Interval{}, fmt.Errorf("eval: perplexity: document %d: got logprob %v of %d tokens, want ≤ 0 of ≥ 1", d, logprob[d], n)
		}
	}
	return b.Of(len(logprob), func(sample []int) float64 {
		sum, n := 0.0, 0
		for _, d := range sample {
			sum += logprob[d]
			n += tokens[d]
		}
		return math.Exp(-sum / float64(n))
	})
}

// KL is how far a policy moved from its reference, in nats per sequence.
type KL struct {
	K1 Interval `json:"k1"` // unbiased
	K3 Interval `json:"k3"` // unbiased, ≥ 0, of lower variance
}

// KL estimates the divergence from responses sampled by the policy: logprob and ref
// are [N][T] of the same tokens at the same temperature, in nats.
func (b Bootstrap) KL(logprob, ref [][]float64) (kl KL, err error) {
	e, err := EstimateKL(logprob, ref)
	if err != nil {
		return kl, err
	}
	if kl.K1, err = b.Mean(e.SumsK1); err != nil {
		return kl, err
	}
	kl.K3, err = b.Mean(e.SumsK3)
	return kl, err
}

// WinRate is how often B beat A on the same prompts.
type WinRate struct {
	Rate   Interval `json:"rate"` // wins and half of the ties, as a share
	Wins   int      `json:"wins"`
	Ties   int      `json:"ties"`
	Losses int      `json:"losses"`
}

// WinRate compares scores prompt by prompt: x[i] and y[i] are of the answers of A and
// B to prompt i, higher is better, equal is half a win. Pairs are resampled.
func (b Bootstrap) WinRate(x, y []float64) (w WinRate, err error) {
	if len(x) != len(y) {
		return w, fmt.Errorf("eval: win rate: got %d scores of A, %d of B, want pairs", len(x), len(y))
	}
	won := make([]float64, len(x))
	for i := range x {
		switch {
		case y[i] > x[i]:
			won[i] = 1
			w.Wins++
		case y[i] < x[i]:
			w.Losses++
		case y[i] == x[i]:
			won[i] = .5
			w.Ties++
		default:
			return w, fmt.Errorf("eval: win rate: prompt %d: got scores %v and %v, want numbers", i, x[i], y[i])
		}
	}
	w.Rate, err = b.Mean(won)
	return w, err
}
