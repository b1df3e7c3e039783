package reward

import (
	"fmt"
	"math"
)

// Norm puts scores on a scale: mean 0 and standard deviation 1 over samples of the
// reference policy. A preference fixes neither, and without it the price β of a nat
// means something else for each reward model. It is stored with the model; its JSON is
// {"mean": …, "std": …}.
type Norm struct {
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"`
}

// Raw leaves scores as they are.
var Raw = Norm{Std: 1}

// FitNorm measures raw scores of reference samples, with the unbiased variance. Scores
// that are fewer than two, not finite or all equal are an error.
func FitNorm(scores []float64) (Norm, error) {
	var n Norm
	for _, s := range scores {
		n.Mean += s / float64(len(scores))
	}
	for _, s := range scores {
		n.Std += (s - n.Mean) * (s - n.Mean) / float64(len(scores)-1)
	}
	n.Std = math.Sqrt(n.Std)
	if rounding := 1e-12 * math.Abs(n.Mean); len(scores) < 2 || n.Validate() != nil || n.Std <= rounding {
		return Raw, fmt.Errorf("reward: norm: got mean %v, std %v of %d reference scores, want ≥ 2 finite scores that differ", n.Mean, n.Std, len(scores))
	}
	return n, nil
}

// Apply puts one raw score on the scale.
func (n Norm) Apply(score float64) float64 { return (score - n.Mean) / n.Std }

// Validate reports a mean that is not finite or a standard deviation that is not a
// finite number > 0.
func (n Norm) Validate() error {
	if math.IsNaN(n.Mean) || math.IsInf(n.Mean, 0) || !(n.Std > 0) || math.IsInf(n.Std, 1) {
		return fmt.Errorf("reward: norm: got mean %v, std %v, want finite, std > 0", n.Mean, n.Std)
	}
	return nil
}
