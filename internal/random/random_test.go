package random

import (
	"math"
	"testing"
)

func TestSameKeysSameNumbers(t *testing.T) {
	if New(1, 2, 3).Uint64() != New(1, 2, 3).Uint64() {
		t.Error("equal keys gave different numbers")
	}
}

func TestKeysAreIndependent(t *testing.T) {
	seen := map[uint64][]uint64{}
	for _, keys := range [][]uint64{{}, {0}, {0, 0}, {1}, {1, 0}, {0, 1}, {2}, {1, 2}, {2, 1}, {1 << 63}, {Key("sft")}, {Key("ppo")}} {
		x := New(keys...).Uint64()
		if old, ok := seen[x]; ok {
			t.Errorf("keys %v and %v gave the same first number", keys, old)
		}
		seen[x] = keys
	}
}

// The first number of neighbouring keys is uniform: mean ½ and variance 1/12 within
// four standard errors, and no correlation between neighbours.
func TestFirstNumbersAreUniform(t *testing.T) {
	const n = 20000
	var sum, sq, lag, prev float64
	for i := range n {
		x := New(7, uint64(i)).Float64() - .5
		sum, sq, lag = sum+x, sq+x*x, lag+x*prev
		prev = x
	}
	if m := sum / n; math.Abs(m) > 4*math.Sqrt(1./12/n) {
		t.Errorf("mean: got ½%+.4f", m)
	}
	if v := sq / n; math.Abs(v-1./12) > 4*math.Sqrt(1./180/n) {
		t.Errorf("variance: got %.5f, want %.5f", v, 1./12)
	}
	if c := lag / n * 12; math.Abs(c) > 4/math.Sqrt(n) {
		t.Errorf("correlation of neighbours: got %.4f", c)
	}
}
