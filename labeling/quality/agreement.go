package quality

import (
	"math"
	"slices"

	"plumbline/internal/random"
	"plumbline/labeling"
)

// Question is how far annotators agree in one question about the items to judge. Flagged
// answers and hidden repeats do not count. Which candidate of a pair comes first in the
// data is an accident, often one that puts the better one there: whatever takes chance out
// of agreement counts a pair and its mirror image, so that it does not see that.
type Question struct {
	Key       string                `json:"key"`
	Kind      labeling.QuestionKind `json:"kind"`
	Answers   int                   `json:"answers"`
	Agreement Share                 `json:"agreement"`              // of two answers to one unit, how often they are of one class
	Alpha     []Reliability         `json:"alpha"`                  // at each level of measurement where it is defined
	Fleiss    *float64              `json:"fleiss_kappa,omitempty"` // over the units with as many answers as the project's overlap
	Prior     []float64             `json:"prior"`                  // Dawid-Skene: share of each class
}

// consensus fits Dawid & Skene's model to a ledger. Gold and adjudicated units are known;
// gold tells of annotators but is not what is to be found out.
func (l *ledger) consensus(people int) (Consensus, error) {
	var votes []Vote
	known := make([]int, len(l.units))
	for i, u := range l.units {
		known[i] = u.known
		for _, m := range u.said {
			votes = append(votes, Vote{i, int(m.person), int(m.class)})
		}
	}
	return DawidSkene{Classes: classes(l.question), Smoothing: Smoothing, Symmetric: l.pairs(), Known: known}.Fit(votes, len(l.units), people)
}

// pairs tells whether the units are pairs, whose classes are sides.
func (l *ledger) pairs() bool { return !l.question.Marks() }

// measure describes the agreement of a ledger's answers; overlap is the project's.
func (l *ledger) measure(overlap int) Question {
	q := Question{Key: l.question.Key, Kind: l.question.Kind}
	K := classes(l.question)
	var counts [][]int
	for _, u := range l.units {
		if u.gold || len(u.said) == 0 {
			continue
		}
		row := u.counts(K)
		counts = append(counts, row)
		if l.pairs() {
			mirrored := slices.Clone(row)
			mirrored[firstBetter], mirrored[secondBetter] = row[secondBetter], row[firstBetter]
			counts = append(counts, mirrored)
		}
		q.Answers += len(u.said)
		for _, n := range row {
			q.Agreement.K += n * (n - 1) / 2
		}
		q.Agreement.N += len(u.said) * (len(u.said) - 1) / 2
	}
	q.Agreement = q.Agreement.point()
	if k, ok := Fleiss(counts, overlap); ok && overlap > 1 {
		q.Fleiss = &k
	}
	q.Alpha = l.alpha()
	return q
}

// alpha is Krippendorff's at the levels of the question. The nominal value of a pair is
// its side, the ordinal one has the strength.
func (l *ledger) alpha() (out []Reliability) {
	for _, level := range levels(l.question) {
		value := func(m mark) float64 { return float64(m.value) }
		if level == Nominal && l.pairs() {
			value = func(m mark) float64 { return float64(min(1, max(-1, m.value))) }
		}
		out = append(out, l.ratings(value).Reliability(random.Key(l.question.Key), level)...)
	}
	return out
}

func (l *ledger) ratings(value func(mark) float64) Ratings {
	r := Ratings{Units: make([][]float64, len(l.units)), Cluster: l.cluster, Symmetric: l.pairs()}
	for i, u := range l.units {
		if u.gold {
			continue
		}
		for _, m := range u.said {
			r.Units[i] = append(r.Units[i], value(m))
		}
	}
	return r
}

// counts is how many said each of K classes.
func (u unit) counts(K int) []int {
	row := make([]int, K)
	for _, m := range u.said {
		row[m.class]++
	}
	return row
}

// confront compares each answer with the others to the same units: the tables of Cohen's
// kappa for question number n, and, if it is the main one, with whom the majority goes.
func (l *ledger) confront(r *records, n int) {
	K := classes(l.question)
	for _, p := range r.people {
		p.tables[n] = square(K)
	}
	for _, u := range l.units {
		if u.gold || len(u.said) < 2 {
			continue
		}
		row := u.counts(K)
		for _, m := range u.said {
			row[m.class]-- // the others
			for k, c := range row {
				r.people[m.person].tables[n][m.class][k] += c
				if l.pairs() {
					r.people[m.person].tables[n][otherSide(int(m.class))][otherSide(k)] += c
				}
			}
			if l.question.Key == r.main {
				r.answers[m.answer].with += sideOf(row, int(m.class))
			}
			row[m.class]++
		}
	}
}

func square(n int) [][]int {
	return slices.Collect(slices.Chunk(make([]int, n*n), n))
}

// sideOf is 1 for a class that most have, -1 for another one, 0 where none has most.
func sideOf(counts []int, class int) int {
	most := slices.Max(counts)
	switch {
	case slices.Index(counts, most) != lastIndex(counts, most):
		return 0
	case counts[class] == most:
		return 1
	}
	return -1
}

func lastIndex(v []int, x int) int {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] == x {
			return i
		}
	}
	return -1
}

// opinion sums up person number i in question number n.
func (r *records) opinion(i, n int, c Consensus) Opinion {
	p := r.people[i]
	o := Opinion{Question: r.ledgers[n].question.Key, Answers: p.answered[n], Skill: c.Skill(i), Confusion: c.Confusion[i]}
	for k, row := range p.tables[n] {
		o.Agreement.K += row[k]
		o.Agreement.N += sum(row)
	}
	if r.ledgers[n].pairs() { // the tables have the mirror images too
		o.Agreement.K /= 2
		o.Agreement.N /= 2
	}
	o.Agreement = o.Agreement.WithInterval()
	if k, ok := Cohen(p.tables[n]); ok {
		o.Kappa = &k
	}
	if k := c.Insight[i]; !math.IsNaN(k) {
		o.Insight = &k
	}
	return o
}
