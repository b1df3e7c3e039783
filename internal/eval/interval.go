package eval

import (
	"fmt"
	"math"
)

// Interval is an estimate and the bounds that hold it with the stated confidence.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level"` // confidence, in (0, 1)
	N        int     `json:"n"`     // observations behind it
}

// Excludes tells whether x lies outside the bounds.
func (i Interval) Excludes(x float64) bool { return x < i.Low || x > i.High }

// String is "0.53 [0.45, 0.61]".
func (i Interval) String() string {
	return fmt.Sprintf("%.4g [%.4g, %.4g]", i.Estimate, i.Low, i.High)
}

// Wilson is the score interval of a share of n, with z the normal quantile of level:
//
//	(p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// Unlike p ± z·s it stays in [0, 1] and holds for shares near 0 and 1. 0 ≤ successes
// ≤ n, n ≥ 1, level in (0, 1). Wilson 1927; Newcombe 1998, method 3.
func Wilson(successes, n int, level float64) (Interval, error) {
	if n < 1 || successes < 0 || successes > n || !(level > 0 && level < 1) {
		return Interval{}, fmt.Errorf("eval: wilson: got %d of %d at level %v, want 0 to n of n ≥ 1, level in (0, 1)", successes, n, level)
	}
	z := math.Sqrt2 * math.Erfinv(level)
	p, m := float64(successes)/float64(n), float64(n)
	center, width := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	scale := 1 / (1 + z*z/m)
	return Interval{
		Estimate: p, Level: level, N: n,
		Low:  min(max(0, scale*(center-width)), p), // rounding must not push a bound past the share
		High: max(min(1, scale*(center+width)), p),
	}, nil
}
