package labeling

import (
	"context"
	"iter"
	"slices"
)

// Comparison is what all annotators together said about one item.
type Comparison struct {
	Item        Item
	Preferences []Preference // the heavier first
	Judgements  []string     // ids of the judgements it is made of
}

// Preference is one direction of a comparison.
type Preference struct {
	Chosen   int     // index into the item's candidates
	Rejected int     // index into the item's candidates
	Weight   float64 // share of the answers that say so, in (0, 1]; they add up to 1
	Margin   float64 // mean of (strength-1)/3 over those answers, in [0, 1]; 0 in a tie
	Tie      bool    // these answers prefer neither
	Votes    int     // how many answers they are
}

// Compare aggregates the current answers to an item:
//
//	weight of a over b = answers preferring a / all answers
//	margin of a over b = mean over those of (strength-1)/3
//
// With these weights Σ weight·log σ(r_chosen - r_rejected) is the mean log-likelihood
// of the answers themselves, so a disputed item pulls less than an agreed one. The
// margins 0, 1/3, 2/3, 1 are the small ones of Llama-2 (arXiv:2307.09288, table 27).
// ok is false where nobody answered.
func Compare(j JudgedItem) (c Comparison, ok bool) {
	c.Item = j.Item
	votes := []Preference{{Chosen: 0, Rejected: 1}, {Chosen: 1, Rejected: 0}, {Chosen: 0, Rejected: 1, Tie: true}}
	for _, g := range j.Judgements {
		if !g.Current {
			continue
		}
		c.Judgements = append(c.Judgements, g.ID)
		v := &votes[2]
		if !g.Answer.Tie {
			v = &votes[j.Item.Index(g.Answer.Preferred)]
			v.Margin += float64(g.Answer.Strength-1) / (MaxStrength - 1)
		}
		v.Votes++
	}
	for _, v := range votes {
		if v.Votes > 0 {
			v.Weight = float64(v.Votes) / float64(len(c.Judgements))
			v.Margin /= float64(v.Votes)
			c.Preferences = append(c.Preferences, v)
		}
	}
	slices.SortStableFunc(c.Preferences, func(a, b Preference) int { return b.Votes - a.Votes })
	return c, len(c.Judgements) > 0
}

// Majority is the preference that most answers share; ok is false where none has more
// answers than each other one, or where it is a tie.
func (c Comparison) Majority() (p Preference, ok bool) {
	if len(c.Preferences) == 0 {
		return p, false
	}
	p = c.Preferences[0]
	alone := len(c.Preferences) == 1 || p.Votes > c.Preferences[1].Votes
	return p, alone && !p.Tie
}

// Comparisons yields the comparison of every item with an answer, in order of import.
func Comparisons(ctx context.Context, a Archive, project string) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		for j, err := range a.Judged(ctx, project) {
			if err != nil {
				yield(Comparison{}, err)
				return
			}
			if c, ok := Compare(j); ok && !yield(c, nil) {
				return
			}
		}
	}
}
