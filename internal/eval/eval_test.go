package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %.12g, want %.12g ± %g", what, got, want, tolerance)
	}
}

func TestWilson(t *testing.T) {
	const scipy = "scipy 1.17.1 binomtest(k, n).proportion_ci(level, 'wilson')"
	const newcombe = "Newcombe 1998, table I, method 3"
	for _, c := range []struct {
		source       string
		successes, n int
		level        float64
		low, high    float64
		tolerance    float64
	}{
		{newcombe, 81, 263, .95, .2553, .3662, 5e-5},
		{newcombe, 15, 148, .95, .0624, .1605, 5e-5},
		{newcombe, 0, 20, .95, 0, .1611, 5e-5},
		{newcombe, 1, 29, .95, .0061, .1718, 5e-5},
		{scipy, 7, 10, .95, .396778147461, .892208732594, 1e-11},
		{scipy, 20, 20, .95, .838874841947, 1, 1e-11},
		{scipy, 523, 1000, .95, .492014201255, .553809767855, 1e-11},
		{scipy, 523, 1000, .99, .482298095179, .563398711236, 1e-11},
		{scipy, 1, 29, .90, .007730807973, .140683095133, 1e-11},
	} {
		got, err := Wilson(c.successes, c.n, c.level)
		if err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("%d of %d at %v (%s)", c.successes, c.n, c.level, c.source)
		near(t, what+" low", got.Low, c.low, c.tolerance)
		near(t, what+" high", got.High, c.high, c.tolerance)
		near(t, what+" share", got.Estimate, float64(c.successes)/float64(c.n), 0)
	}
}

// The exact bounds are quantiles of all nⁿ equally likely resamples, enumerated with
// numpy 2.4.6. Resampled bounds differ by chance: each statistic takes few values here,
// so a quantile is either the exact one or a neighbour on the same flat stretch.
func TestBootstrapAgainstEnumeration(t *testing.T) {
	b := Bootstrap{Seed: 1, Resamples: 40000}
	for _, c := range []struct {
		name                string
		got                 func() (Interval, error)
		estimate, low, high float64
		tolerance           float64
	}{
		{"mean", func() (Interval, error) { return b.Mean([]float64{1, 2, 4, 8, 16, 3}) }, 5.6666666667, 2.1666666667, 10.1666666667, .17},
		{"mean at .9", func() (Interval, error) {
			return Bootstrap{Seed: 1, Resamples: 40000, Level: .9}.Mean([]float64{1, 2, 4, 8, 16, 3})
		}, 5.6666666667, 2.5, 9.3333333333, .17},
		{"perplexity", func() (Interval, error) {
			return b.Perplexity([]float64{-3, -10, -4.5, -20, -1}, []int{2, 5, 3, 8, 1})
		}, 7.5860860728, 4.0104, 10.5607, .1},
		{"gain", func() (Interval, error) {
			return b.Gain([]float64{.1, .5, .3, .9, .2, .4}, []float64{.3, .4, .3, 1.2, .5, .8})
		}, .1833333333, .0333333, .3166667, .017},
	} {
		got, err := c.got()
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, got.Estimate, c.estimate, 1e-9)
		near(t, c.name+" low", got.Low, c.low, c.tolerance)
		near(t, c.name+" high", got.High, c.high, c.tolerance)
	}
}

// scipy 1.17.1: bootstrap((y,), mean, n_resamples=10⁶, method='percentile'); y is 40
// draws of a gamma distribution, far from normal.
func TestBootstrapAgainstScipy(t *testing.T) {
	y := []float64{
		2.493, 4.098, 10.817, 3.15, 6.133, 2.131, 5.828, 4.683, 2.937, 2.715, 4.76, 6.76, .954, 2.082, 1.484, 4.855, 1.941, 1.852, 5.922, 11.04,
		.567, 1.832, 5.171, 4.149, 9.728, 8.438, 3.824, 12.971, 21.569, 9.039, 2.999, 12.266, 5.767, 7.75, 4.433, 5.41, 9.334, 1.642, 9.758, 2.103,
	}
	got, err := Bootstrap{Seed: 3, Resamples: 40000}.Mean(y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", got.Estimate, 5.634625, 1e-9)
	near(t, "low", got.Low, 4.4242, .03)
	near(t, "high", got.High, 6.9976, .03)
}

func TestBootstrapRepeats(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16, 3}
	run := func(seed uint64) Interval {
		i, err := Bootstrap{Seed: seed, Resamples: 100}.Mean(x)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if a, b := run(1), run(1); a != b {
		t.Errorf("seed 1 twice: got %v and %v", a, b)
	}
	if a, b := run(1), run(2); a == b {
		t.Errorf("seeds 1 and 2: got %v for both", a)
	}
}

func TestWinRate(t *testing.T) {
	a, b := []float64{.1, .5, .3, .9, .2, .4}, []float64{.3, .4, .3, 1.2, .5, .8}
	got, err := Bootstrap{Seed: 1, Resamples: 40000}.WinRate(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Wins != 4 || got.Ties != 1 || got.Losses != 1 {
		t.Errorf("got %d wins, %d ties, %d losses, want 4, 1, 1", got.Wins, got.Ties, got.Losses)
	}
	near(t, "rate", got.Rate.Estimate, .75, 1e-12)
	near(t, "low (enumerated, numpy 2.4.6)", got.Rate.Low, .4166667, 1e-6)
	near(t, "high", got.Rate.High, 1, 1e-12)
}

// By hand: d = [1, -1], [2]: k1 sums 0 and 2; k3 sums e⁻¹-1+1 + e-1-1 and e⁻²-1+2.
func TestKL(t *testing.T) {
	got, err := Bootstrap{Resamples: 100}.KL([][]float64{{-1, -2}, {-1}}, [][]float64{{-2, -1}, {-3}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "k1", got.K1.Estimate, 1, 1e-12)
	near(t, "k3", got.K3.Estimate, (math.Exp(-1)+math.E-2+math.Exp(-2)+1)/2, 1e-12)
	near(t, "k1 low", got.K1.Low, 0, 1e-12)
	near(t, "k1 high", got.K1.High, 2, 1e-12)
}

func TestDistinct(t *testing.T) {
	responses := [][]int32{{1, 2, 1, 2}, {1, 2, 300}, {7}}
	for _, c := range []struct {
		name string
		n    int
		want float64
	}{
		{"by hand: 1 2 300 7 of 8 words", 1, 4. / 8},
		{"by hand: 12 21 2-300 of 12 21 12 12 2-300", 2, 3. / 5},
		{"by hand: 121 212 12-300", 3, 1},
		{"none that long", 9, 0},
	} {
		got, err := Distinct(responses, c.n)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, got, c.want, 1e-12)
	}
}

func TestLengths(t *testing.T) {
	var responses [][]int32
	for _, n := range []int{3, 9, 4, 4, 12, 7, 1} {
		responses = append(responses, make([]int32, n))
	}
	got, err := LengthsOf(responses)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean (numpy 2.4.6)", got.Mean, 5.714285714285714, 1e-12)
	near(t, "std", got.Std, 3.8172540616821107, 1e-12)
	near(t, "median", got.Median, 4, 1e-12)
	near(t, "p90", got.P90, 10.2, 1e-12)
	if got.Min != 1 || got.Max != 12 {
		t.Errorf("got %d to %d, want 1 to 12", got.Min, got.Max)
	}
	one, err := LengthsOf(responses[:1])
	if want := (Lengths{Mean: 3, Min: 3, Median: 3, P90: 3, Max: 3}); err != nil || one != want {
		t.Errorf("one response: got %+v, %v, want %+v", one, err, want)
	}
}

func TestErrors(t *testing.T) {
	b := Bootstrap{}
	nan := math.NaN()
	for want, f := range map[string]func() error{
		"eval: wilson: got 3 of 2":              func() error { _, err := Wilson(3, 2, .95); return err },
		"eval: wilson: got 1 of 2 at level NaN": func() error { _, err := Wilson(1, 2, nan); return err },
		"eval: bootstrap: got 1 observations":   func() error { _, err := b.Mean([]float64{1}); return err },
		"eval: bootstrap: got 2 observations, 10000 resamples, level 95": func() error {
			_, err := Bootstrap{Level: 95}.Mean([]float64{1, 2})
			return err
		},
		"eval: bootstrap: the statistic is not finite":       func() error { _, err := b.Mean([]float64{1, nan}); return err },
		"eval: bootstrap: the statistic is not finite: +Inf": func() error { _, err := b.Mean([]float64{1, math.Inf(1)}); return err },
		"eval: gain: got 1 figures before, 2 after":          func() error { _, err := b.Gain([]float64{1}, []float64{1, 2}); return err },
		"eval: perplexity: got 1 logprobs, 2 token counts":   func() error { _, err := b.Perplexity([]float64{-1}, []int{1, 2}); return err },
		"eval: perplexity: document 1: got logprob -2 of 0":  func() error { _, err := b.Perplexity([]float64{-1, -2}, []int{1, 0}); return err },
		"eval: perplexity: document 0: got logprob NaN":      func() error { _, err := b.Perplexity([]float64{nan, -2}, []int{1, 1}); return err },
		"eval: win rate: got 1 scores of A, 0 of B":          func() error { _, err := b.WinRate([]float64{1}, nil); return err },
		"eval: win rate: prompt 1: got scores NaN and 2":     func() error { _, err := b.WinRate([]float64{1, nan}, []float64{1, 2}); return err },
		"eval: kl: got 1 rollouts, 0 of the reference":       func() error { _, err := b.KL([][]float64{{1}}, nil); return err },
		"eval: distinct: got n = 0":                          func() error { _, err := Distinct(nil, 0); return err },
		"eval: lengths: got no responses":                    func() error { _, err := LengthsOf(nil); return err },
	} {
		if err := f(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func TestInterval(t *testing.T) {
	i := Interval{Estimate: .5321, Low: .45, High: .61}
	if got, want := i.String(), "0.5321 [0.45, 0.61]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for x, want := range map[float64]bool{.44: true, .45: false, .5: false, .61: false, .62: true} {
		if i.Excludes(x) != want {
			t.Errorf("excludes %v: got %v, want %v", x, !want, want)
		}
	}
	raw, err := json.Marshal(i)
	var back Interval
	if err != nil || json.Unmarshal(raw, &back) != nil || !reflect.DeepEqual(back, i) {
		t.Errorf("through JSON %s: got %+v, want %+v", raw, back, i)
	}
}
