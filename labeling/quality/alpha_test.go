package quality

import (
	"math"
	"slices"
	"testing"

	"plumbline/internal/random"
)

// columns turns a reliability matrix, a string per annotator with a letter per unit and a
// dot where the value is missing, into ratings.
func columns(rows ...string) (r Ratings) {
	for u := range rows[0] {
		var unit []float64
		for _, row := range rows {
			if row[u] != '.' {
				unit = append(unit, float64(row[u]))
			}
		}
		r.Units = append(r.Units, unit)
	}
	return r
}

// Krippendorff 2011, example C: 4 observers, 12 units, 7 values missing.
var exampleC = columns(
	"123321412...",
	"1233224125.3",
	".3332342251.",
	"12332441251.",
)

func TestAlphaOfPublishedExamples(t *testing.T) {
	for _, c := range []struct {
		source  string
		ratings Ratings
		level   Level
		want    float64
	}{
		{"Krippendorff 2011, A: binary, two observers", columns("0100000010", "1110010000"), Nominal, .095},
		{"Krippendorff 2011, B: nominal, two observers", columns("aabbdcccedda", "babbbccceddd"), Nominal, .692},
		{"Krippendorff 2011, C: nominal, any number, missing values", exampleC, Nominal, .743},
		{"Krippendorff 2011, D: ordinal", exampleC, Ordinal, .815},
		{"Krippendorff 2011, D: interval", exampleC, Interval, .849},
		{"by hand: 1 - (2-1)·1/(2-1) / 1", columns("a", "b"), Nominal, 0},
		{"by hand: all agree", columns("ab", "ab"), Ordinal, 1},
	} {
		got, ok := c.ratings.Alpha(c.level)
		if !ok || math.Abs(got-c.want) > 5e-4 {
			t.Errorf("%s: got %.4f, %v, want %.3f", c.source, got, ok, c.want)
		}
	}
}

// Levels of measurement are told apart only by what they do not see: ordinal does not see
// distances, interval does not see the zero, nominal does not see the order.
func TestAlphaSeesNoMoreThanItsLevel(t *testing.T) {
	shift := map[Level]func(float64) float64{
		Nominal:  func(v float64) float64 { return math.Mod(7*v, 11) },
		Ordinal:  math.Exp,
		Interval: func(v float64) float64 { return 1e6 + 3*v },
	}
	for level, f := range shift {
		var moved Ratings
		for _, unit := range exampleC.Units {
			var m []float64
			for _, v := range unit {
				m = append(m, f(v-'0'))
			}
			moved.Units = append(moved.Units, m)
		}
		a, _ := exampleC.Alpha(level)
		b, _ := moved.Alpha(level)
		if math.Abs(a-b) > 1e-9 {
			t.Errorf("%s: got %v of moved values, %v of these", level, b, a)
		}
	}
}

func TestAlphaUndefined(t *testing.T) {
	for name, r := range map[string]Ratings{"nothing": {}, "one value each": columns("abc"), "no variation": columns("aa", "aa")} {
		if a, ok := r.Alpha(Nominal); ok {
			t.Errorf("%s: got %v, want undefined", name, a)
		}
		if out := r.Reliability(1, Nominal, Ordinal); out != nil {
			t.Errorf("%s: got %v, want none", name, out)
		}
	}
}

// krippendorff 0.9.0 and NumPy 2.5.1, 4,000 resamples of the 11 units of example C that
// have two values: quantiles .424, .450, .447 and 1.
func TestAlphaIntervalAgainstKrippendorffPy(t *testing.T) {
	got := exampleC.Reliability(1, Nominal, Ordinal, Interval)
	for i, low := range []float64{.424, .450, .447} {
		if r := got[i]; math.Abs(r.Low-low) > .04 || r.High != 1 || r.Units != 11 || r.Values != 40 {
			t.Errorf("%s: got %+v, want %.3f to 1 of 40 values in 11 units", r.Level, r, low)
		}
	}
	if !slices.Equal(got, exampleC.Reliability(1, Nominal, Ordinal, Interval)) {
		t.Error("equal seeds gave different intervals")
	}
	if slices.Equal(got, exampleC.Reliability(2, Nominal, Ordinal, Interval)) {
		t.Error("different seeds gave equal intervals")
	}
}

// Two annotators who are right in .84 of the cases, of two equally frequent classes, agree
// in .84² + .16² = .7312 of them, so alpha is 2·.7312 - 1. Of 300 intervals of 95 %, at
// least 93 % - 3·√(.93·.07/300) must contain it: percentile intervals run a little short.
func TestAlphaIntervalCovers(t *testing.T) {
	const truth = 2*.7312 - 1
	covered := 0
	rng := random.New(4)
	for seed := range uint64(300) {
		var r Ratings
		for range 150 {
			class := float64(rng.IntN(2))
			var unit []float64
			for range 2 {
				said := class
				if rng.Float64() >= .84 {
					said = 1 - class
				}
				unit = append(unit, said)
			}
			r.Units = append(r.Units, unit)
		}
		if i := r.Reliability(seed, Nominal)[0]; i.Low <= truth && truth <= i.High {
			covered++
		}
	}
	if covered < 266 || covered == 300 {
		t.Errorf("got the truth in %d of 300 intervals, want about 285", covered)
	}
}

// Ten copies of each unit say no more than one if they come together: the interval is as
// wide as that of the units, not √10 narrower.
func TestAlphaIntervalOfClusters(t *testing.T) {
	var apart, together Ratings
	for i := range 100 {
		unit := []float64{float64(i % 2), float64(i % 2)}
		if i%5 == 0 {
			unit[0] = 1 - unit[0]
		}
		apart.Units = append(apart.Units, unit)
		together.Units = append(together.Units, slices.Repeat([][]float64{unit}, 10)...)
		together.Cluster = append(together.Cluster, 10)
	}
	a, b := apart.Reliability(1, Nominal)[0], together.Reliability(1, Nominal)[0]
	if width, want := b.High-b.Low, a.High-a.Low; math.Abs(width-want) > .2*want {
		t.Errorf("got an interval of width %.3f, want that of single units, %.3f", width, want)
	}
}

// R 4, quantile(c(1, 2, 4, 8), c(0, .5, .9, 1)).
func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, .5: 3, .9: 6.8, 1: 8} {
		if got := quantile([]float64{1, 2, 4, 8}, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: got %v, want %v", q, got, want)
		}
	}
}
