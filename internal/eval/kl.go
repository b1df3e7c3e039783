package eval

import (
	"fmt"
	"math"
)

// K1 estimates KL(π‖ρ) from one token drawn from π, with d = log π - log ρ:
//
//	k1 = d
//
// Unbiased, of high variance, negative for about half of the tokens; only its mean
// is ≥ 0. It is the estimator that belongs in a reward. Schulman 2020, "Approximating
// KL divergence".
func K1(d float64) float64 { return d }

// K3 estimates KL(π‖ρ) from one token drawn from π, with d = log π - log ρ:
//
//	k3 = exp(-d) - 1 + d
//
// Unbiased, of low variance and never negative: the one to log. As a reward or loss
// its gradient is not that of the divergence, so the optimum is another. Schulman
// 2020, "Approximating KL divergence".
func K3(d float64) float64 { return math.Expm1(-d) + d }

// KLEstimate is what a batch of rollouts says about KL(π‖ρ).
type KLEstimate struct {
	SumsK1, SumsK3   []float64 // [N] k1, k3 summed over the tokens of each rollout, nats
	K1, K3           float64   // their means: nats per sequence, what a target speaks of
	TokenK1, TokenK3 float64   // means over all S tokens: nats per token
}

// EstimateKL measures how far the policy that drew the rollouts is from another.
// logprob and ref are [N][T] in nats at the same temperature.
func EstimateKL(logprob, ref [][]float64) (KLEstimate, error) {
	if len(logprob) == 0 || len(ref) != len(logprob) {
		return KLEstimate{}, fmt.Errorf("eval: kl: got %d rollouts, %d of the reference, want equal, ≥ 1", len(logprob), len(ref))
	}
	for i := range logprob {
		if len(logprob[i]) == 0 || len(ref[i]) != len(logprob[i]) {
			return KLEstimate{}, fmt.Errorf("eval: kl: rollout %d: got %d logprobs, %d of the reference, want equal, ≥ 1", i, len(logprob[i]), len(ref[i]))
		}
	}
	e := KLEstimate{SumsK1: make([]float64, len(logprob)), SumsK3: make([]float64, len(logprob))}
	tokens, n := 0, float64(len(logprob))
	for i := range logprob {
		for t := range logprob[i] {
			d := logprob[i][t] - ref[i][t]
			e.SumsK1[i] += K1(d)
			e.SumsK3[i] += K3(d)
		}
		e.K1 += e.SumsK1[i]
		e.K3 += e.SumsK3[i]
		tokens += len(logprob[i])
	}
	e.TokenK1, e.TokenK3 = e.K1/float64(tokens), e.K3/float64(tokens)
	e.K1, e.K3 = e.K1/n, e.K3/n
	return e, nil
}
