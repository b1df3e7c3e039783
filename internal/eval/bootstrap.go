package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap makes percentile intervals by resampling observations with replacement.
// The same seed and data give the same interval. The zero value takes 10 000
// resamples at level .95. Efron & Tibshirani 1993, ch. 13.
type Bootstrap struct {
	Seed      uint64
	Resamples int     // 0 = 10 000
	Level     float64 // 0 = .95
}

func (b Bootstrap) withDefaults() Bootstrap {
	if b.Resamples == 0 {
		b.Resamples = 10000
	}
	if b.Level == 0 {
		b.Level = .95
	}
	return b
}

// Of is the interval of a statistic of n observations. stat gets the indices of a
// resample, n of them; for the estimate it gets 0 … n-1. Fewer than two
// observations cannot vary and are an error, as is a statistic that is not finite.
func (b Bootstrap) Of(n int, stat func(sample []int) float64) (Interval, error) {
	b = b.withDefaults()
	if n < 2 || b.Resamples < 2 || !(b.Level > 0 && b.Level < 1) {
		return Interval{}, fmt.Errorf("eval: bootstrap: got %d observations, %d resamples, level %v, want ≥ 2, ≥ 2, in (0, 1)", n, b.Resamples, b.Level)
	}
	sample := make([]int, n)
	for i := range sample {
		sample[i] = i
	}
	estimate := stat(sample)
	rng := rand.New(rand.NewPCG(b.Seed, uint64(n)))
	stats := make([]float64, b.Resamples)
	for r := range stats {
		for i := range sample {
			sample[i] = rng.IntN(n)
		}
		stats[r] = stat(sample)
	}
	slices.Sort(stats) // NaN first, infinities at the ends
	if bad := estimate + stats[0] + stats[len(stats)-1]; math.IsNaN(bad) || math.IsInf(bad, 0) {
		return Interval{}, fmt.Errorf("eval: bootstrap: the statistic is not finite: %v of the data, %v to %v of resamples", estimate, stats[0], stats[len(stats)-1])
	}
	tail := (1 - b.Level) / 2
	return Interval{Estimate: estimate, Low: quantile(stats, tail), High: quantile(stats, 1-tail), Level: b.Level, N: n}, nil
}

// Mean is the interval of the mean of x.
func (b Bootstrap) Mean(x []float64) (Interval, error) {
	return b.Of(len(x), func(sample []int) float64 {
		sum := 0.0
		for _, i := range sample {
			sum += x[i]
		}
		return sum / float64(len(sample))
	})
}

// Gain is the interval of the mean of after - before, paired: before[i] and after[i]
// belong to the same prompt, and what makes a prompt hard for both cancels.
func (b Bootstrap) Gain(before, after []float64) (Interval, error) {
	if len(before) != len(after) {
		return Interval{}, fmt.Errorf("eval: gain: got %d figures before, %d after, want pairs", len(before), len(after))
	}
	gain := make([]float64, len(before))
	for i := range gain {
		gain[i] = after[i] - before[i]
	}
	return b.Mean(gain)
}

// quantile of sorted values, linear between order statistics (type 7 of Hyndman &
// Fan 1996). q is in [0, 1].
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
