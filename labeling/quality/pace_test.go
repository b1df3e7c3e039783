package quality

import (
	"math"
	"testing"
	"time"
)

// Thirty answers of 20 s and then twenty of 4 s, read in another order than they were
// given: the median of all is 20, of the latest twenty 4.
func TestRecentPace(t *testing.T) {
	var p person
	for i := range 50 {
		n := (i * 7) % 50 // 7 and 50 have no common divisor: each once
		x := timed{time.Unix(int64(n), 0), 20}
		if n >= 30 {
			x.seconds = 4
		}
		p.paces = append(p.paces, x)
	}
	if all, latest := p.pace(); all != 20 || latest != 4 {
		t.Errorf("got %v, lately %v, want 20, lately 4", all, latest)
	}
}

// The chances of an honest annotator of .84 are those on the diagonal.
func TestConfusionIsTold(t *testing.T) {
	a, _ := crowd(4000, 3, honest(10))
	for _, p := range stats(t, a).Annotators {
		m := p.Questions[0].Confusion
		for k, want := range [][]float64{{.84, .16}, {.16, .84}} {
			for l := range want {
				if len(m) != 2 || math.Abs(m[k][l]-want[l]) > .05 {
					t.Fatalf("%s: got %v, want about .84 and .16", p.Handle, m)
				}
			}
		}
	}
}
