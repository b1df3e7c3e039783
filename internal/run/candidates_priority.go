package run

import (
	"math"

	"plumbline/internal/random"
)

// Priority is what decides which items are judged first. Only the order of the numbers
// means something, and only within one drawing.
type Priority string

// The priorities. Over an item of more than two candidates, the figures of its pairs are
// averaged.
const (
	// ByNothing leaves items in the order of the prompts.
	ByNothing Priority = "none"
	// ByChance is uniform in [0, 1): each part of the items is like the whole.
	ByChance Priority = "random"
	// ByMargin prefers pairs between which the reward model hardly decides,
	//
	//	-|r_a - r_b|,   r the mean of the reward models,
	//
	// where σ(r_a - r_b), its Bradley-Terry probability, is nearest to ½: uncertainty
	// sampling, Lewis and Gale 1994.
	ByMargin Priority = "margin"
	// ByDisagreement prefers pairs about which M ≥ 2 reward models differ,
	//
	//	Var_m(r_m,a - r_m,b),   with M-1 below,
	//
	// as Christiano et al. 2017, arXiv:1706.03741, sec. 2.2.4, chose their queries.
	ByDisagreement Priority = "disagreement"
	// ByDiversity prefers items that are unlike those before them: see farthest.
	ByDiversity Priority = "diversity"
)

// Priorities lists them.
func Priorities() []Priority {
	return []Priority{ByNothing, ByChance, ByMargin, ByDisagreement, ByDiversity}
}

// rewards is how many reward models the priority needs at least.
func (p Priority) rewards() (n int, known bool) {
	switch p {
	case ByMargin:
		return 1, true
	case ByDisagreement:
		return 2, true
	case ByNothing, ByChance, ByDiversity:
		return 0, true
	}
	return 0, false
}

// prioritise orders the items, whose candidates are shown.
func (d *drawing) prioritise(items []item, shown [][]answered) {
	switch d.Priority {
	case ByNothing:
	case ByChance:
		for i := range items {
			items[i].Priority = random.New(d.Seed, random.Key("sample.priority"), uint64(items[i].place)).Float64()
		}
	case ByMargin:
		for i := range items {
			items[i].Priority = overPairs(scoresOf(shown[i]), closeness)
		}
	case ByDisagreement:
		for i := range items {
			items[i].Priority = overPairs(scoresOf(shown[i]), disagreement)
		}
	case ByDiversity:
		texts := make([]string, len(items))
		for i, it := range items {
			texts[i] = d.prompts[it.place].String()
			for _, c := range it.Candidates {
				texts[i] += "\n" + c.Text
			}
		}
		for i, far := range farthest(d.rt.Team, spread(d.rt.Team, texts)) {
			items[i].Priority = far
		}
	}
}

func scoresOf(pool []answered) [][]float64 {
	var all [][]float64
	for _, a := range pool {
		all = append(all, a.scores)
	}
	return all
}

// overPairs is the mean of f over all pairs of candidates, given their scores by M reward
// models, [K][M].
func overPairs(scores [][]float64, f func(a, b []float64) float64) float64 {
	total, n := 0.0, 0
	for i, a := range scores {
		for _, b := range scores[i+1:] {
			total += f(a, b)
			n++
		}
	}
	return total / float64(n)
}

func closeness(a, b []float64) float64 { return -math.Abs(mean(a) - mean(b)) }

func disagreement(a, b []float64) float64 {
	gaps := make([]float64, len(a))
	for m := range a {
		gaps[m] = a[m] - b[m]
	}
	center, squares := mean(gaps), 0.0
	for _, g := range gaps {
		squares += (g - center) * (g - center)
	}
	return squares / float64(len(gaps)-1)
}
