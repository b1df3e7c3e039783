package quality

import (
	"math"
	"testing"
	"time"
)

func trials(right ...func(int) bool) (out []Trial) {
	for _, f := range right {
		for range 50 {
			i := len(out)
			out = append(out, Trial{start.Add(time.Duration(i) * time.Minute), f(i)})
		}
	}
	return out
}

func usually(i int) bool { return i%5 != 0 }
func rarely(i int) bool  { return i%2 == 0 }

// 250 answers, of which the last 50 are right in ½ instead of 4/5: ten windows of 25.
func TestDrift(t *testing.T) {
	d := NewDrift(trials(usually, usually, usually, usually, rarely))
	if len(d.Windows) != 10 || d.Windows[0].N != 25 || d.Recent.N != 25 || d.Before.N != 225 {
		t.Fatalf("got %d windows, the first of %d, %d recent, %d before, want 10 of 25", len(d.Windows), d.Windows[0].N, d.Recent.N, d.Before.N)
	}
	// By counting: of 225..249, 12 are even; of 0..199, 160 are no multiple of 5; of 200..224, 13 are even.
	if d.Recent.K != 12 || d.Before.K != 173 {
		t.Errorf("got %d right of the recent, %d before, want 12 and 173", d.Recent.K, d.Before.K)
	}
	// SciPy 1.18.1, fisher_exact([[173, 52], [12, 13]]).
	if !near(d.PValue, .0033983013856197885) {
		t.Errorf("got p = %v, want .0034", d.PValue)
	}
	for i, w := range d.Windows[1:] {
		if before := d.Windows[i]; w.From.Before(before.To) || w.To.Before(w.From) {
			t.Errorf("windows out of order: %v, %v", before, w)
		}
	}
}

func TestDriftOfFew(t *testing.T) {
	if d := NewDrift(nil); d.PValue != 1 || d.Windows != nil || d.Recent.High != 1 {
		t.Errorf("nothing: got %+v", d)
	}
	if d := NewDrift(trials(usually)[:19]); d.PValue != 1 || len(d.Windows) != 1 || d.Recent.N != 19 || d.Before.N != 0 {
		t.Errorf("19 answers: got %+v, want one window and no change", d)
	}
	if d := NewDrift(trials(usually)); len(d.Windows) != 3 || d.Windows[0].N != 10 || d.Windows[2].N != 20 {
		t.Errorf("50 answers: got %+v, want windows of 10, 20 and 20", d)
	}
}

// By hand: median 3, distances 2 1 0 1 97, their median 1.
func TestRobustZ(t *testing.T) {
	z := robustZ([]float64{1, 100, 3, 2, 4})
	for i, want := range []float64{-2, 97, 0, -1, 1} {
		if math.Abs(z[i]-want/1.4826) > 1e-12 {
			t.Errorf("got %v, want %v/1.4826 at %d", z, want, i)
		}
	}
	for _, x := range [][]float64{{1, 2, 3, 4}, {1, 1, 1, 1, 9}} {
		if z := robustZ(x); z != nil {
			t.Errorf("%v: got %v, want no scale", x, z)
		}
	}
}

func TestMedian(t *testing.T) {
	for want, v := range map[float64][]float64{0: nil, 7: {7}, 2: {9, 1, 2}, 2.5: {3, 2, 1, 4}} {
		if got := median(v); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
