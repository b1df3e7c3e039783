package quality

import (
	"math"
	"testing"
)

func TestWilson(t *testing.T) {
	// Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}} {
		s := Share{K: c.k, N: c.n}.WithInterval()
		if math.Abs(s.Low-c.low) > 5e-5 || math.Abs(s.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: got %.4f to %.4f, want %.4f to %.4f", c.k, c.n, s.Low, s.High, c.low, c.high)
		}
	}
	if s := (Share{}).WithInterval(); s.Low != 0 || s.High != 1 {
		t.Errorf("nothing of nothing: got %v", s)
	}
}

// The interval is one of shares, whatever rounding does at its ends.
func TestIntervalsStayWithinOne(t *testing.T) {
	for n := 1; n < 200; n++ {
		for _, k := range []int{0, n} {
			if s := (Share{K: k, N: n}).WithInterval(); s.Low < 0 || s.High > 1 {
				t.Errorf("%d of %d: got [%g, %g], want within [0, 1]", k, n, s.Low, s.High)
			}
		}
	}
}
