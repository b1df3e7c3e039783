package quality

import "plumbline/labeling"

// A pair's classes: which of two candidates, by their places in the item, is better.
const (
	firstBetter = iota
	secondBetter
	equallyGood
)

// reading is what an answer says of one unit.
type reading struct {
	unit  int     // of the item, from 0
	class int     // from 0: a pair's class, or the mark less 1
	value float64 // of a pair -4..4: how much better the second is, ±1 in a ranking; the mark
}

// classes is how many classes the units of a question have.
func classes(q labeling.Question) int {
	switch {
	case q.Marks():
		return q.Top()
	case q.Ties:
		return 3
	}
	return 2
}

// levels are the levels of measurement at which answers to a question make sense. A pair
// has a side, which is nominal, and where there is a strength too an order.
func levels(q labeling.Question) []Level {
	switch q.Kind {
	case labeling.AskPreference:
		return []Level{Nominal, Ordinal}
	case labeling.AskRating:
		return []Level{Ordinal, Interval}
	case labeling.AskRanking, labeling.AskChoice:
	}
	return []Level{Nominal}
}

// units is how many units an item has under a question.
func units(q labeling.Question, it labeling.Item) int {
	n := len(it.Candidates)
	if q.Marks() {
		return n
	}
	return n * (n - 1) / 2
}

// read appends what a response says of an item's units. Candidates that it leaves out, as
// a condition may, have none.
func read(to []reading, q labeling.Question, it labeling.Item, r labeling.Response) []reading {
	if q.Marks() {
		for i, c := range it.Candidates {
			if m := r.Marks[c.ID]; m >= 1 && m <= q.Top() {
				to = append(to, reading{i, m - 1, float64(m)})
			}
		}
		return to
	}
	unit := 0
	for a := range it.Candidates {
		for b := a + 1; b < len(it.Candidates); b++ {
			if p, ok := readPair(r, it.Candidates[a].ID, it.Candidates[b].ID); ok {
				p.unit = unit
				to = append(to, p)
			}
			unit++
		}
	}
	return to
}

func readPair(r labeling.Response, a, b labeling.CandidateID) (p reading, ok bool) {
	x, y := r.Rank(a), r.Rank(b)
	strength := float64(max(1, r.Strength))
	switch {
	case x < 0 || y < 0:
		return p, false
	case x < y:
		return reading{class: firstBetter, value: -strength}, true
	case x > y:
		return reading{class: secondBetter, value: strength}, true
	}
	return reading{class: equallyGood}, true
}

// extremes are the best and the worst candidate of an order, where each is the only one.
func extremes(r labeling.Response) (best, worst labeling.CandidateID, ok bool) {
	if len(r.Order) < 2 {
		return 0, 0, false
	}
	first, last := r.Order[0], r.Order[len(r.Order)-1]
	if len(first) != 1 || len(last) != 1 {
		return 0, 0, false
	}
	return first[0], last[0], true
}
