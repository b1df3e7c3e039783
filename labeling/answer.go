package labeling

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Bounds of what an annotator may write, in bytes.
const (
	MaxComment = 4000
	MaxEdit    = 1 << 20
)

// Response is the answer to one question. Which fields are set follows from its kind.
type Response struct {
	// Preference, Ranking: groups of candidates, best first; those in one group are
	// equally good. A preference has [[better], [worse]] or, in a tie, [[a, b]].
	Order [][]CandidateID `json:"order,omitempty"`
	// Preference: how much better, 1..MaxStrength; 0 in a tie.
	Strength int `json:"strength,omitempty"`
	// Rating: points; Choice: the number of the option, from 1. By candidate.
	Marks map[CandidateID]int `json:"marks,omitempty"`
}

// Edit is a better response, written by rewriting one of the candidates.
type Edit struct {
	Of   CandidateID `json:"of"`
	Text string      `json:"text"`
}

// Answer is what an annotator decided about an item, in candidate ids.
type Answer struct {
	Responses map[string]Response `json:"responses,omitempty"` // by the key of the question
	Edit      *Edit               `json:"edit,omitempty"`
	Flagged   bool                `json:"flagged,omitempty"` // something is wrong with the item: nothing need be answered
	Comment   string              `json:"comment,omitempty"`
}

// Prefer is the answer that one candidate is better than the other, to one question.
func Prefer(key string, better, worse CandidateID, strength int) Answer {
	return Answer{Responses: map[string]Response{key: {Order: [][]CandidateID{{better}, {worse}}, Strength: strength}}}
}

// Equal is the answer that two candidates are equally good, to one question.
func Equal(key string, a, b CandidateID) Answer {
	return Answer{Responses: map[string]Response{key: {Order: [][]CandidateID{{a, b}}}}}
}

// Empty tells whether nothing at all was entered.
func (a Answer) Empty() bool {
	return len(a.Responses) == 0 && a.Edit == nil && !a.Flagged && a.Comment == ""
}

// Best is the only candidate of the first group of a preference or ranking; ok is false
// in a tie for the first place, and where the question was not answered.
func (r Response) Best() (id CandidateID, ok bool) {
	if len(r.Order) == 0 || len(r.Order[0]) != 1 {
		return 0, false
	}
	return r.Order[0][0], true
}

// Renamed is the answer with every candidate under the name that name gives it.
func (a Answer) Renamed(name func(CandidateID) CandidateID) Answer {
	all := a.Responses
	a.Responses = make(map[string]Response, len(all))
	for key, r := range all {
		a.Responses[key] = r.Renamed(name)
	}
	if a.Edit != nil {
		a.Edit = &Edit{Of: name(a.Edit.Of), Text: a.Edit.Text}
	}
	return a
}

// Renamed is the response with every candidate under the name that name gives it.
func (r Response) Renamed(name func(CandidateID) CandidateID) Response {
	out := Response{Strength: r.Strength}
	for _, group := range r.Order {
		var g []CandidateID
		for _, id := range group {
			g = append(g, name(id))
		}
		out.Order = append(out.Order, g)
	}
	for id, m := range r.Marks {
		if out.Marks == nil {
			out.Marks = map[CandidateID]int{}
		}
		out.Marks[name(id)] = m
	}
	return out
}

// Tie tells whether all candidates were found equally good.
func (r Response) Tie() bool { return len(r.Order) == 1 && len(r.Order[0]) > 1 }

// Rank is the group that a candidate stands in, from 0; -1 if it is in none.
func (r Response) Rank(id CandidateID) int {
	return slices.IndexFunc(r.Order, func(g []CandidateID) bool { return slices.Contains(g, id) })
}

// DecodeAnswer reads an answer about the candidates shown; also {"preferred", "strength",
// "tie"}, as stores of the first version have it.
func DecodeAnswer(b []byte, shown []CandidateID) (a Answer, err error) {
	var first struct {
		Preferred CandidateID `json:"preferred"`
		Strength  int         `json:"strength"`
		Tie       bool        `json:"tie"`
	}
	if err := errors.Join(json.Unmarshal(b, &a), json.Unmarshal(b, &first)); err != nil {
		return a, err
	}
	switch {
	case len(shown) != 2 || a.Responses != nil:
	case first.Tie:
		a.Responses = Equal("preference", shown[0], shown[1]).Responses
	case first.Preferred != 0:
		worse := shown[0]
		if worse == first.Preferred {
			worse = shown[1]
		}
		a.Responses = Prefer("preference", first.Preferred, worse, first.Strength).Responses
	}
	return a, nil
}

// Asked lists the candidates of those shown that a question of marks is about, given
// the answers so far.
func (a Answer) Asked(t Task, q Question, shown []CandidateID) []CandidateID {
	if q.When == nil {
		return shown
	}
	var out []CandidateID
	for _, id := range shown {
		if a.holds(t, *q.When, id) {
			out = append(out, id)
		}
	}
	return out
}

// holds tells whether a candidate was given the option that a condition names.
func (a Answer) holds(t Task, c Condition, id CandidateID) bool {
	q, ok := t.Question(c.Question)
	mark := a.Responses[c.Question].Marks[id]
	return ok && mark > 0 && mark == q.option(c.Is)
}

// Missing is the first question that has to be answered still; "" where none has.
func (a Answer) Missing(t Task, shown []CandidateID) string {
	if a.Flagged {
		return ""
	}
	for _, q := range t.Questions {
		r := a.Responses[q.Key]
		if q.Marks() {
			asked := a.Asked(t, q, shown)
			if len(r.Marks) < len(asked) && (!q.Optional || len(r.Marks) > 0) {
				return q.Key
			}
		} else if len(r.Order) == 0 && !q.Optional {
			return q.Key
		}
	}
	return ""
}

// Validate reports every fault of an answer about the candidates shown.
func (a Answer) Validate(t Task, shown []CandidateID) error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("labeling: answer: %s: got %v, want %s", key, got, want))
		}
	}
	for _, key := range sortedKeys(a.Responses) {
		q, ok := t.Question(key)
		if !ok {
			rule(false, key, "an answer", "none: the task has no such question")
			continue
		}
		for _, err := range a.Responses[key].faults(q, a, t, shown) {
			errs = append(errs, fmt.Errorf("labeling: answer: %s: %w", key, err))
		}
	}
	if key := a.Missing(t, shown); key != "" {
		rule(false, key, "nothing", "an answer")
	}
	rule(len(a.Comment) <= MaxComment && utf8.ValidString(a.Comment), "comment", fmt.Sprintf("%d bytes", len(a.Comment)), fmt.Sprintf("at most %d of UTF-8", MaxComment))
	if e := a.Edit; e != nil {
		rule(t.Edit, "edit", "a text", "none: the task asks for no edits")
		rule(slices.Contains(shown, e.Of), "edit.of", e.Of, fmt.Sprintf("one of %v", shown))
		rule(e.Text != "" && len(e.Text) <= MaxEdit && utf8.ValidString(e.Text), "edit.text", fmt.Sprintf("%d bytes", len(e.Text)), fmt.Sprintf("1 to %d of UTF-8", MaxEdit))
	}
	return errors.Join(errs...)
}

func (r Response) faults(q Question, a Answer, t Task, shown []CandidateID) []error {
	if q.Marks() {
		return r.markFaults(q, a.Asked(t, q, shown))
	}
	return r.orderFaults(q, a, t, shown)
}

func (r Response) markFaults(q Question, asked []CandidateID) (errs []error) {
	if len(r.Order) > 0 || r.Strength != 0 {
		errs = append(errs, errors.New("got an order, want marks"))
	}
	for _, id := range slices.Sorted(maps.Keys(r.Marks)) {
		if m := r.Marks[id]; !slices.Contains(asked, id) || m < 1 || m > q.Top() {
			errs = append(errs, fmt.Errorf("marks: got %d for candidate %d, want 1 to %d for each of %v", m, id, q.Top(), asked))
		}
	}
	return errs
}

func (r Response) orderFaults(q Question, a Answer, t Task, shown []CandidateID) (errs []error) {
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	all := slices.Concat(r.Order...)
	rule(slices.Equal(slices.Sorted(slices.Values(all)), slices.Sorted(slices.Values(shown))), "order", r.Order, fmt.Sprintf("each of %v once", shown))
	rule(!slices.ContainsFunc(r.Order, func(g []CandidateID) bool { return len(g) == 0 }), "order", r.Order, "no empty group")
	tied := len(r.Order) < len(all)
	rule(q.Ties || !tied, "order", r.Order, "no ties: the question has none")
	graded := q.Kind == AskPreference && !tied
	rule(!graded && r.Strength == 0 || graded && r.Strength >= 1 && r.Strength <= MaxStrength, "strength", r.Strength, fmt.Sprintf("1 to %d in a preference, 0 in a tie or ranking", MaxStrength))
	rule(len(r.Marks) == 0, "marks", r.Marks, "an order")
	if q.Guard != nil && !a.guarded(t, *q.Guard, r.Order) {
		rule(false, "order", r.Order, fmt.Sprintf("no candidate whose %s is %s behind one whose is not", q.Guard.Question, q.Guard.Is))
	}
	return errs
}

// guarded tells whether nothing that meets a condition stands behind what does not.
func (a Answer) guarded(t Task, c Condition, order [][]CandidateID) bool {
	broken := false
	for _, group := range order {
		fails := false
		for _, id := range group {
			if !a.holds(t, c, id) {
				fails = true
			} else if broken {
				return false
			}
		}
		broken = broken || fails
	}
	return true
}

// Agrees tells whether an answer says what was expected: the same order, whatever its
// strength, and the same marks, for each question that the expectation speaks of.
func (a Answer) Agrees(expected map[string]Response) bool {
	for key, want := range expected {
		got, ok := a.Responses[key]
		if !ok || !sameOrder(got.Order, want.Order) {
			return false
		}
		for id, m := range want.Marks {
			if got.Marks[id] != m {
				return false
			}
		}
	}
	return true
}

func sameOrder(a, b [][]CandidateID) bool {
	return slices.EqualFunc(a, b, func(x, y []CandidateID) bool {
		return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
