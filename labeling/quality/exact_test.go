package quality

import (
	"math"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*math.Abs(want) }

// SciPy 1.18.1, binomtest(k, n).pvalue.
func TestCoin(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want float64
	}{
		{8, 10, .109375}, // by hand: 2·(45 + 10 + 1)/1024
		{43, 100, .19334790449564243},
		{682, 925, 7.087290775071152e-49},
		{0, 5, .0625},
		{5, 5, .0625},
		{10, 20, 1},
		{4500, 10000, 1.5510640568246638e-23},
		{1, 1, 1},
		{0, 0, 1},
	} {
		if got := Coin(c.k, c.n); !near(got, c.want) {
			t.Errorf("%d of %d: got %v, want %v", c.k, c.n, got, c.want)
		}
	}
}

// SciPy 1.18.1, fisher_exact; the first is Fisher's lady tasting tea, 34/70.
func TestFisher(t *testing.T) {
	for _, c := range []struct {
		k1, n1, k2, n2 int
		want           float64
	}{
		{3, 4, 1, 4, 34. / 70},
		{10, 20, 9, 10, .04851310608432048},
		{45, 50, 30, 50, .0009668432030628979},
		{0, 5, 5, 5, .007936507936507938},
		{190, 200, 170, 200, .001284932759445198},
		{0, 0, 3, 7, 1},
		{4, 4, 9, 9, 1},
	} {
		if got := Fisher(c.k1, c.n1, c.k2, c.n2); !near(got, c.want) {
			t.Errorf("%d of %d against %d of %d: got %v, want %v", c.k1, c.n1, c.k2, c.n2, got, c.want)
		}
	}
}
