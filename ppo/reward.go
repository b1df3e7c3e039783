package ppo

import (
	"errors"
	"fmt"
)

// TokenRewards spreads a rollout's score over its response tokens:
//
//	r_t = -β·(log π_t - log π_ref,t) + [t = T-1]·score
//
// logprob and ref are [T] in nats, both at the sampling temperature; beta ≥ 0 is
// reward per nat; score lands on the last real token. The penalty is k1
// (eval.K1): its expected gradient is that of the KL divergence itself, which that
// of k3 is not. Unequal or zero lengths are an error. Ziegler et al. 2019,
// arXiv:1909.08593, sec. 2.
func TokenRewards(logprob, ref []float64, score, beta float64) ([]float64, error) {
	if len(logprob) == 0 || len(ref) != len(logprob) {
		return nil, fmt.Errorf("ppo: token rewards: got %d logprobs, %d of the reference, want equal, ≥ 1", len(logprob), len(ref))
	}
	r := make([]float64, len(logprob))
	for t := range r {
		r[t] = -beta * (logprob[t] - ref[t])
	}
	r[len(r)-1] += score
	return r, nil
}

// PenaliseUnfinished lowers the score of each rollout that was cut off before its
// end-of-text token by penalty ≥ 0, in reward units: a policy that is not told so
// has no reason to stop. It returns new scores [N]. The "EOS trick" of Huang et al.
// 2024, arXiv:2403.17031.
func PenaliseUnfinished(scores []float64, finished []bool, penalty float64) ([]float64, error) {
	if len(scores) != len(finished) {
		return nil, fmt.Errorf("ppo: missing EOS: got %d scores, %d ends, want equal", len(scores), len(finished))
	}
	out := make([]float64, len(scores))
	for i, s := range scores {
		out[i] = s
		if !finished[i] {
			out[i] -= penalty
		}
	}
	return out, nil
}

// sameRows says where two sets of token rows differ in shape, or that they are empty.
func sameRows(a, b [][]float64, nameA, nameB string) error {
	if len(a) == 0 || len(a) != len(b) {
		return fmt.Errorf("got %d rows of %s, %d of %s, want equal, ≥ 1", len(a), nameA, len(b), nameB)
	}
	var errs []error
	for i := range a {
		if len(a[i]) == 0 || len(a[i]) != len(b[i]) {
			errs = append(errs, fmt.Errorf("row %d: got %d %s, %d %s, want equal, ≥ 1", i, len(a[i]), nameA, len(b[i]), nameB))
		}
	}
	return errors.Join(errs...)
}
