package reward

import (
	"errors"
	"fmt"
	"math"

	"plumbline/internal/dataset"
)

// Pair is a preference between two rows of a batch of scores.
type Pair struct {
	Chosen, Rejected int     // rows
	Weight           float64 // share in the loss, > 0
	Margin           float64 // how much better at least, ≥ 0, in score units
	Tie              bool    // neither is better: Chosen and Rejected are only names
}

// PairsOf lists the preferences of a comparison whose K candidates are the rows
// first … first+K-1. All pairs of a prompt belong in one batch element, each with
// weight/C(K,2), so that a prompt counts once however many candidates it has: spread
// over the data as if independent they overfit (Ouyang et al. 2022, arXiv:2203.02155,
// sec. 3.5). Preferences of weight 0 are left out.
func PairsOf(c dataset.Comparison, first int) ([]Pair, error) {
	k := len(c.Candidates)
	var pairs []Pair
	var errs []error
	for i, p := range c.Preferences {
		if err := checkPreference(p, k); err != nil {
			errs = append(errs, fmt.Errorf("reward: comparison %q: preference %d: %w", c.ID, i, err))
			continue
		}
		if p.Weight == 0 {
			continue
		}
		pairs = append(pairs, Pair{
			Chosen: first + p.Chosen, Rejected: first + p.Rejected,
			Weight: p.Weight / float64(k*(k-1)/2), Margin: p.Margin, Tie: p.Tie,
		})
	}
	return pairs, errors.Join(errs...)
}

func checkPreference(p dataset.Preference, k int) error {
	switch {
	case p.Chosen == p.Rejected || min(p.Chosen, p.Rejected) < 0 || max(p.Chosen, p.Rejected) >= k:
		return fmt.Errorf("got candidates %d and %d, want two different ones of %d", p.Chosen, p.Rejected, k)
	case !finite(p.Weight) || !finite(p.Margin):
		return fmt.Errorf("got weight %v and margin %v, want numbers ≥ 0", p.Weight, p.Margin)
	}
	return nil
}

// finite tells whether x is a number ≥ 0.
func finite(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

// Weight is the total weight of pairs: what a loss over them is divided by.
func Weight(pairs []Pair) (sum float64) {
	for _, p := range pairs {
		sum += p.Weight
	}
	return sum
}

// PairLoss is the Bradley-Terry loss over scores s, with its gradient [len(scores)]:
//
//	L = Σ_p w_p·( l_p + c·(s_chosen + s_rejected)² )
//	l = -log σ(s_chosen - s_rejected - margin), or for a tie
//	l = -½·log σ(d) - ½·log σ(-d),  d = s_chosen - s_rejected
//
// It is a sum: divided by the Weight of all pairs of an accumulation window it is the
// mean. center is c ≥ 0: it holds scores near zero, which differences leave free
// (Eisenstein et al. 2023, arXiv:2312.09244). Margins: Touvron et al. 2023,
// arXiv:2307.09288, eq. 2. A pair outside of scores is an error.
func PairLoss(scores []float64, pairs []Pair, center float64) (loss float64, grad []float64, err error) {
	grad = make([]float64, len(scores))
	for i, p := range pairs {
		if min(p.Chosen, p.Rejected) < 0 || max(p.Chosen, p.Rejected) >= len(scores) {
			return 0, nil, fmt.Errorf("reward: pair loss: pair %d: got rows %d and %d, want 0 to %d", i, p.Chosen, p.Rejected, len(scores)-1)
		}
		l, slope := bradleyTerry(scores[p.Chosen]-scores[p.Rejected], p)
		sum := scores[p.Chosen] + scores[p.Rejected]
		loss += p.Weight * (l + center*sum*sum)
		grad[p.Chosen] += p.Weight * (slope + 2*center*sum)
		grad[p.Rejected] += p.Weight * (2*center*sum - slope)
	}
	return loss, grad, nil
}

// bradleyTerry is the loss of one pair and its slope in the difference d of scores.
func bradleyTerry(d float64, p Pair) (loss, slope float64) {
	if p.Tie {
		return (logOnePlusExp(-d) + logOnePlusExp(d)) / 2, sigmoid(d) - .5
	}
	d -= p.Margin
	return logOnePlusExp(-d), -sigmoid(-d)
}

// logOnePlusExp is log(1 + eˣ) = -log σ(-x), without overflow or cancellation.
func logOnePlusExp(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// Objective is the loss for the engine. Its fields are set before each run; Loss is an
// engine.LossFunc over one node [rows, 1] of scores: PairLoss divided by Window.
type Objective struct {
	Pairs  []Pair
	Center float64
	Window float64 // Weight of all pairs of the accumulation window, > 0
}

// Loss evaluates the objective and fills its gradient.
func (o *Objective) Loss(in, grad [][]float32) (float64, error) {
	if len(in) != 1 || !(o.Window > 0) {
		return 0, fmt.Errorf("reward: objective: got %d inputs and a window of weight %v, want one and > 0", len(in), o.Window)
	}
	scores := make([]float64, len(in[0]))
	for i, s := range in[0] {
		scores[i] = float64(s)
	}
	loss, g, err := PairLoss(scores, o.Pairs, o.Center)
	if err != nil {
		return 0, err
	}
	for i := range g {
		grad[0][i] = float32(g[i] / o.Window)
	}
	return loss / o.Window, nil
}
