package eval

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Distinct is the share of n-grams that are different ones, over all responses
// together: 1 is no repetition, near 0 a policy that says one thing. Responses shorter
// than n have none; where there are none at all it is 0. It falls as text grows, so
// compare equal numbers of tokens. Li et al. 2016, arXiv:1510.03055, sec. 5.
func Distinct(responses [][]int32, n int) (float64, error) {
	if n < 1 {
		return 0, fmt.Errorf("eval: distinct: got n = %d, want ≥ 1", n)
	}
	seen, total := map[string]bool{}, 0
	for _, r := range responses {
		for i := range max(0, len(r)-n+1) {
			seen[key(r[i:i+n])] = true
			total++
		}
	}
	return float64(len(seen)) / float64(max(1, total)), nil
}

func key(tokens []int32) string {
	var b []byte
	for _, t := range tokens {
		b = binary.LittleEndian.AppendUint32(b, uint32(t))
	}
	return string(b)
}

// Lengths describes how many tokens responses have.
type Lengths struct {
	Mean   float64 `json:"mean"`
	Std    float64 `json:"std"` // unbiased variance; 0 for one response
	Min    int     `json:"min"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
	Max    int     `json:"max"`
}

// LengthsOf describes at least one response.
func LengthsOf(responses [][]int32) (Lengths, error) {
	if len(responses) == 0 {
		return Lengths{}, fmt.Errorf("eval: lengths: got no responses, want ≥ 1")
	}
	x := make([]float64, len(responses))
	mean := 0.0
	for i, r := range responses {
		x[i] = float64(len(r))
		mean += x[i] / float64(len(x))
	}
	slices.Sort(x)
	l := Lengths{Mean: mean, Min: int(x[0]), Median: x[0], P90: x[0], Max: int(x[len(x)-1])}
	if len(x) == 1 {
		return l, nil
	}
	squares := 0.0
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	l.Std = math.Sqrt(squares / float64(len(x)-1))
	l.Median, l.P90 = quantile(x, .5), quantile(x, .9)
	return l, nil
}
