package quality

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/random"
)

// Dawid & Skene 1979, table 1: how fit 45 patients are for anaesthesia, from 1 to 4, by
// five anaesthetists, the first of whom judged three times.
var anaesthesia = strings.Fields(`
	1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
	1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
	1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222`)

func anaesthesiaVotes() (votes []Vote) {
	for i, said := range anaesthesia {
		for n, s := range said {
			votes = append(votes, Vote{Item: i, Annotator: max(0, n-2), Class: int(s - '1')})
		}
	}
	return votes
}

// spammed makes up a crowd of 50 of whom a share answers at random, the rest with skills
// evenly spread from .74 to .94, InstructGPT's .84 on average.
func spammed(rng *rand.Rand, items, overlap int, spammers float64) (votes []Vote, truth []int) {
	skill := make([]float64, 50)
	for a := range skill {
		skill[a] = .74 + .2*rng.Float64()
		if float64(a) < spammers*50 {
			skill[a] = .5
		}
	}
	for i := range items {
		truth = append(truth, rng.IntN(2))
		for _, a := range rng.Perm(50)[:overlap] {
			said := truth[i]
			if rng.Float64() >= skill[a] {
				said = 1 - said
			}
			votes = append(votes, Vote{i, a, said})
		}
	}
	return votes, truth
}

// accuracy is how often the likeliest class is the true one.
func accuracy(posterior [][]float64, truth []int) (share float64) {
	for i, p := range posterior {
		if p[truth[i]] > .5 {
			share += 1 / float64(len(truth))
		}
	}
	return share
}

// shares is the plain count: what majority goes by.
func shares(votes []Vote, items int) [][]float64 {
	out := rows(make([]float64, 2*items), 2)
	for _, v := range votes {
		out[v.Item][v.Class]++
	}
	for _, p := range out {
		normalise(p)
	}
	return out
}

// What the design expects of Dawid-Skene on crowds like InstructGPT's: nothing without
// spammers, .887 against .859 of majority with 20 % at overlap 3, .910 against .838 with
// 40 % at overlap 5. Those are one crowd of 1,000 items each, with a standard error of
// √(.86·.14/1000) = .011; here are 20 such crowds, so theirs must lie within two of it.
func TestDawidSkeneAgainstMajority(t *testing.T) {
	const crowds, items, standardError = 20, 1000, .011
	for _, c := range []struct {
		spammers           float64
		overlap            int
		majority, weighted float64
	}{
		{0, 3, .931, .931}, // 3·.84² - 2·.84³
		{.2, 3, .859, .887},
		{.4, 5, .838, .910},
	} {
		rng := random.New(1, uint64(c.overlap), math.Float64bits(c.spammers))
		var majority, weighted float64
		for range crowds {
			votes, truth := spammed(rng, items, c.overlap, c.spammers)
			m := consensus(t, DawidSkene{Classes: 2, Smoothing: Smoothing, Symmetric: true}, votes, items, 50)
			majority += accuracy(shares(votes, items), truth) / crowds
			weighted += accuracy(m.Posterior, truth) / crowds
		}
		t.Logf("%.0f %% spammers, overlap %d: majority %.3f, Dawid-Skene %.3f", 100*c.spammers, c.overlap, majority, weighted)
		if math.Abs(majority-c.majority) > 2*standardError || math.Abs(weighted-c.weighted) > 2*standardError {
			t.Errorf("%.0f %% spammers, overlap %d: got %.3f by majority and %.3f weighted, want %.3f and %.3f", 100*c.spammers, c.overlap, majority, weighted, c.majority, c.weighted)
		}
		if gain := weighted - majority; c.spammers > 0 && gain < .015 || gain < -.01 {
			t.Errorf("%.0f %% spammers, overlap %d: got a gain of %.3f", 100*c.spammers, c.overlap, gain)
		}
	}
}

func consensus(t *testing.T, m DawidSkene, votes []Vote, items, annotators int) Consensus {
	t.Helper()
	c, err := m.Fit(votes, items, annotators)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The estimates of Dawid & Skene 1979 (tables 2 to 4), to all the digits that D. Card's
// dawid_skene.py of 2014 prints for them.
func TestDawidSkeneAnaesthesia(t *testing.T) {
	c := consensus(t, DawidSkene{Classes: 4}, anaesthesiaVotes(), 46, 5) // and a patient nobody judged
	if !c.Converged || math.Abs(c.LogLikelihood - -192.89088) > 1e-4 {
		t.Errorf("got a log-likelihood of %.5f, converged %v, want -192.89088", c.LogLikelihood, c.Converged)
	}
	same(t, "prior", c.Prior, .0051, .4, .42, .11, .07)
	same(t, "a patient nobody judged", c.Posterior[45], 1e-12, c.Prior...)
	for a, want := range [][]float64{
		{.89, .11, 0, 0, .07, .88, .05, 0, 0, .34, .66, 0, 0, 0, .56, .44},
		{.83, .17, 0, 0, .05, .63, .31, 0, 0, 0, 1, 0, 0, 0, 0, 1},
		{1, 0, 0, 0, .11, .79, .11, 0, 0, .4, .2, .4, 0, 0, .67, .33},
		{.94, .06, 0, 0, .05, .84, .1, 0, 0, 0, .8, .2, 0, 0, .33, .67},
		{1, 0, 0, 0, .16, .73, .11, 0, 0, .21, .79, 0, 0, 0, .33, .67},
	} {
		same(t, fmt.Sprintf("anaesthetist %d", a+1), slices.Concat(c.Confusion[a]...), .0051, want...)
	}
	unsure := map[int][]float64{7: {.981, .019, 0, 0}, 30: {.9991, .0009, 0, 0}, 35: {0, .948, .052, 0}, 38: {0, .0212, .9788, 0}, 42: {.9998, .0002, 0, 0}}
	for i, likeliest := range "142222132243121111222222112111131224233111212" {
		want := unsure[i+1]
		if want == nil {
			want = make([]float64, 4)
			want[likeliest-'1'] = 1
		}
		same(t, fmt.Sprintf("patient %d", i+1), c.Posterior[i], 6e-4, want...)
	}
}

func same(t *testing.T, name string, got []float64, within float64, want ...float64) {
	t.Helper()
	for k := range want {
		if math.Abs(got[k]-want[k]) > within {
			t.Errorf("%s: got %.3f, want %v", name, got, want)
			return
		}
	}
}

// EM never loses likelihood (Dempster et al. 1977), so more iterations are no worse.
func TestDawidSkeneClimbs(t *testing.T) {
	f := newEM(DawidSkene{Classes: 4}, anaesthesiaVotes(), 45, 5)
	last := math.Inf(-1)
	for range 40 {
		f.maximise()
		l := f.expect()
		if l < last-1e-9 {
			t.Fatalf("the log-likelihood fell from %v to %v", last, l)
		}
		last = l
	}
}

// Symmetric estimates are those of the votes and their mirror images together.
func TestDawidSkeneSymmetric(t *testing.T) {
	votes, _ := spammed(random.New(3), 300, 3, .3)
	twice := slices.Clone(votes)
	for _, v := range votes {
		twice = append(twice, Vote{v.Item + 300, v.Annotator, 1 - v.Class})
	}
	m := consensus(t, DawidSkene{Classes: 2, Symmetric: true}, votes, 300, 50)
	n := consensus(t, DawidSkene{Classes: 2}, twice, 600, 50)
	for i := range 300 {
		same(t, fmt.Sprintf("item %d", i), m.Posterior[i], 1e-6, n.Posterior[i]...)
	}
	for a := range 50 {
		same(t, fmt.Sprintf("annotator %d", a), slices.Concat(m.Confusion[a]...), 1e-6, slices.Concat(n.Confusion[a]...)...)
		same(t, fmt.Sprintf("insight of %d", a), m.Insight[a:a+1], 1e-6, n.Insight[a])
	}
}

// Two spammers outvote an annotator, but not what is known of them.
func TestDawidSkeneUsesKnownAnswers(t *testing.T) {
	var votes []Vote
	known := make([]int, 41)
	for i := range 40 {
		known[i] = i % 2
		votes = append(votes, Vote{i, 0, i % 2}, Vote{i, 1, i / 2 % 2}, Vote{i, 2, i / 2 % 2})
	}
	known[40] = -1
	votes = append(votes, Vote{40, 0, 1}, Vote{40, 1, 0}, Vote{40, 2, 0})
	blind := consensus(t, DawidSkene{Classes: 2, Smoothing: Smoothing}, votes, 41, 3)
	told := consensus(t, DawidSkene{Classes: 2, Smoothing: Smoothing, Known: known}, votes, 41, 3)
	if blind.Posterior[40][0] < .5 || told.Posterior[40][1] < .9 {
		t.Errorf("got %v without, %v with the known answers, want class 0, then class 1", blind.Posterior[40], told.Posterior[40])
	}
	// By hand: 5 answers like the crowd's, ⅔ of them right, added to the 20 of class 0.
	right, half := told.Confusion[0][0][0], told.Confusion[1][0][0]
	if math.Abs(right-(20+5*2./3)/25) > .005 || math.Abs(half-(10+5*2./3)/25) > .005 {
		t.Errorf("got skills %.3f and %.3f, want .933 and .533", right, half)
	}
}

// One vote alone says nothing of its annotator, and is worth their skill.
func TestDawidSkeneSingleVotes(t *testing.T) {
	rng := random.New(7)
	votes, _ := spammed(rng, 2000, 3, 0)
	m := DawidSkene{Classes: 2, Smoothing: Smoothing, Symmetric: true}
	before := consensus(t, m, votes, 2000, 51)
	for i := range 500 {
		votes = append(votes, Vote{2000 + i, rng.IntN(50), rng.IntN(2)})
	}
	c := consensus(t, m, votes, 2500, 51)
	for a := range 51 {
		same(t, fmt.Sprintf("annotator %d", a), slices.Concat(c.Confusion[a]...), 1e-9, slices.Concat(before.Confusion[a]...)...)
	}
	for _, v := range votes[6000:] {
		if p := c.Posterior[v.Item][v.Class]; math.Abs(p-c.Confusion[v.Annotator][v.Class][v.Class]) > 1e-9 {
			t.Errorf("%v: got a chance of %.3f, want the annotator's, %.3f", v, p, c.Confusion[v.Annotator][v.Class][v.Class])
		}
	}
	if s := c.Skill(50); math.Abs(s-.84) > .03 {
		t.Errorf("an annotator without votes: got skill %.3f, want the crowd's, about .84", s)
	}
	alone := consensus(t, DawidSkene{Classes: 3, Smoothing: Smoothing}, []Vote{{0, 0, 1}, {1, 0, 2}}, 2, 1)
	same(t, "nothing to compare with", slices.Concat(alone.Posterior...), 1e-12, 0, 1, 0, 0, 0, 1)
}

func TestDawidSkeneRefuses(t *testing.T) {
	for want, m := range map[string]DawidSkene{
		"got 1 classes":         {Classes: 1},
		"smoothing NaN":         {Classes: 2, Smoothing: math.NaN()},
		"vote 0":                {Classes: 2},
		"got 2 known classes":   {Classes: 3, Known: []int{0, 1}},
		"known class of item 0": {Classes: 3, Known: []int{3}},
	} {
		if _, err := m.Fit([]Vote{{0, 0, 2}}, 1, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if c, err := (DawidSkene{Classes: 2}).Fit(nil, 0, 0); err != nil || len(c.Posterior) != 0 {
		t.Errorf("nothing: got %v, %v", c, err)
	}
}

func BenchmarkDawidSkene(b *testing.B) {
	votes, _ := spammed(random.New(1), 16667, 3, .2)
	for b.Loop() {
		if _, err := (DawidSkene{Classes: 2, Smoothing: Smoothing}).Fit(votes, 16667, 50); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(votes))/b.Elapsed().Seconds(), "judgements/s")
}
