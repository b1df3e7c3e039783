package labeling

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// Comparison is what all annotators together said about one item, to one question.
type Comparison struct {
	Item        Item
	Preferences []Preference // by pair of candidates; of each pair the heavier first
	Judgements  []string     // ids of the judgements, or of the adjudication, it is made of
	Adjudicated bool         // an adjudicator had the final word
}

// Preference is one direction of a pair of candidates.
type Preference struct {
	Chosen   int     // index into the item's candidates
	Rejected int     // index into the item's candidates
	Weight   float64 // share of the answers that say so, in (0, 1]; they add up to 1 per pair
	Margin   float64 // mean of (strength-1)/3 over those answers, in [0, 1]; 0 in ties and rankings
	Tie      bool    // these answers prefer neither
	Votes    int     // how many answers they are
}

// Duel is a pair of candidates of an item, by their places; A < B.
type Duel struct {
	Item int64
	A, B int
}

// Probabilities says for pairs of candidates how likely A is the better one, given who
// said what: see quality.Probabilities. It replaces the shares of a plain count.
type Probabilities map[Duel]float64

// Compare aggregates the current answers to one question about an item. For each pair:
//
//	weight of a over b = answers preferring a / all answers
//	margin of a over b = mean over those of (strength-1)/3
//
// With these weights Σ weight·log σ(r_chosen - r_rejected) is the mean log-likelihood
// of the answers themselves, so a disputed item pulls less than an agreed one. The
// margins 0, 1/3, 2/3, 1 are the small ones of Llama-2 (arXiv:2307.09288, table 27).
// Flagged answers do not count; an adjudication is the only one that does. ok is false
// where nobody answered.
func Compare(j JudgedItem, question string) (c Comparison, ok bool) {
	c.Item = j.Item
	var answers []Response
	for id, a := range counting(j) {
		if r := a.Responses[question]; len(r.Order) > 0 {
			answers = append(answers, r)
			c.Judgements = append(c.Judgements, id)
		}
	}
	c.Adjudicated = j.Adjudication != nil
	for a := range j.Item.Candidates {
		for b := a + 1; b < len(j.Item.Candidates); b++ {
			c.Preferences = append(c.Preferences, duel(j.Item, a, b, answers)...)
		}
	}
	return c, len(answers) > 0
}

// counting yields the answers that count, with the ids they are known by.
func counting(j JudgedItem) iter.Seq2[string, Answer] {
	return func(yield func(string, Answer) bool) {
		if a := j.Adjudication; a != nil {
			if !a.Answer.Flagged {
				yield(a.ID, a.Answer)
			}
			return
		}
		for _, g := range j.Judgements {
			if g.Current && !g.Answer.Flagged && !yield(g.ID, g.Answer) {
				return
			}
		}
	}
}

// duel is what the answers say about two candidates.
func duel(it Item, a, b int, answers []Response) (out []Preference) {
	votes := []Preference{{Chosen: a, Rejected: b}, {Chosen: b, Rejected: a}, {Chosen: a, Rejected: b, Tie: true}}
	for _, r := range answers {
		v := &votes[2]
		switch x, y := r.Rank(it.Candidates[a].ID), r.Rank(it.Candidates[b].ID); {
		case x < y:
			v = &votes[0]
		case x > y:
			v = &votes[1]
		}
		v.Votes++
		if r.Strength > 0 {
			v.Margin += float64(r.Strength-1) / (MaxStrength - 1)
		}
	}
	for _, v := range votes {
		if v.Votes > 0 {
			v.Weight = float64(v.Votes) / float64(len(answers))
			v.Margin /= float64(v.Votes)
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b Preference) int { return b.Votes - a.Votes })
	return out
}

// Weighed puts probabilities in the place of shares, where there are any: each pair then
// has both directions, without ties. An adjudication stays as it is.
func (c Comparison) Weighed(p Probabilities) Comparison {
	if c.Adjudicated || len(p) == 0 {
		return c
	}
	var out []Preference
	done := map[Duel]bool{}
	for _, f := range c.Preferences {
		d := Duel{c.Item.ID, min(f.Chosen, f.Rejected), max(f.Chosen, f.Rejected)}
		prob, ok := p[d]
		switch {
		case !ok:
			out = append(out, f)
		case !done[d]:
			done[d] = true
			out = append(out, c.directions(d, prob)...)
		}
	}
	c.Preferences = out
	return c
}

func (c Comparison) directions(d Duel, p float64) []Preference {
	forward, back := Preference{Chosen: d.A, Rejected: d.B, Weight: p}, Preference{Chosen: d.B, Rejected: d.A, Weight: 1 - p}
	for _, f := range c.Preferences {
		switch {
		case f.Tie:
		case f.Chosen == d.A && f.Rejected == d.B:
			forward.Votes, forward.Margin = f.Votes, f.Margin
		case f.Chosen == d.B && f.Rejected == d.A:
			back.Votes, back.Margin = f.Votes, f.Margin
		}
	}
	out := []Preference{forward, back}
	slices.SortStableFunc(out, func(a, b Preference) int {
		switch {
		case a.Weight > b.Weight:
			return -1
		case a.Weight < b.Weight:
			return 1
		}
		return 0
	})
	return slices.DeleteFunc(out, func(f Preference) bool { return f.Weight == 0 })
}

// Of lists the preferences between two candidates, the heavier first.
func (c Comparison) Of(a, b int) (out []Preference) {
	for _, f := range c.Preferences {
		if f.Chosen == a && f.Rejected == b || f.Chosen == b && f.Rejected == a {
			out = append(out, f)
		}
	}
	return out
}

// Majority is the preference between two candidates that is heavier than each other one;
// ok is false where there is none, or where it is a tie.
func (c Comparison) Majority(a, b int) (p Preference, ok bool) {
	all := c.Of(a, b)
	if len(all) == 0 {
		return p, false
	}
	p = all[0]
	alone := len(all) == 1 || p.Weight > all[1].Weight
	return p, alone && !p.Tie
}

// MainQuestion resolves the question that an aggregate is about: the one named, or the
// task's main one.
func MainQuestion(t Task, key string) (Question, error) {
	if key == "" {
		if q, ok := t.Main(); ok {
			return q, nil
		}
		return Question{}, fmt.Errorf("labeling: question: the task %q has no preference or ranking", t.Name)
	}
	if q, ok := t.Question(key); ok {
		return q, nil
	}
	return Question{}, fmt.Errorf("labeling: question: got %q, want one of the task's", key)
}

// Comparisons yields the comparison of every item of the work with an answer to the
// question (the main one if empty), in order of import.
func Comparisons(ctx context.Context, s Exportable, project, question string) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		p, err := s.Project(ctx, project)
		if err != nil {
			yield(Comparison{}, err)
			return
		}
		q, err := MainQuestion(p.Task, question)
		if err != nil {
			yield(Comparison{}, err)
			return
		}
		for j, err := range s.Judged(ctx, project) {
			if err != nil {
				yield(Comparison{}, err)
				return
			}
			if j.Item.Kind != KindTask {
				continue
			}
			if c, ok := Compare(j, q.Key); ok && !yield(c, nil) {
				return
			}
		}
	}
}
