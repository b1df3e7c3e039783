package dataset

import (
	"iter"
	"slices"
	"strings"
)

const asks = promptKeys

var comparisonShapes = []shape[Comparison]{
	{"plumb", []string{"prompt", "candidates", "preferences"}, native},
	{"preference", []string{asks, "chosen", "rejected"}, preference},
	{"transcript", []string{"chosen", "rejected"}, implicit},
	{"judged", []string{asks, "output_1", "output_2", "label|preference"}, judged},
	{"ranked", []string{asks, "outputs|responses|output"}, ranked},
}

// Comparisons reads preferences: .json, .jsonl, .csv or .tsv in the shapes
//
//	plumb       our own: {prompt: {text|messages}, candidates, preferences}
//	preference  {prompt|instruction|conversations|…, chosen, rejected}: strings, messages,
//	            or lists of strings, where every chosen one beats every rejected one
//	transcript  {chosen, rejected}: whole conversations, as hh-rlhf's text or as messages;
//	            the prompt is what they have in common
//	judged      {…, output_1, output_2, label|preference}: 1 or 2 is preferred, 0 or 1.5 a tie
//	ranked      {…, output: [best, …, worst]}: every pair in that order
//
// Each preference weighs 1. Answers marked one by one (KTO) are not comparisons.
func Comparisons(path string, o Options) iter.Seq2[Comparison, error] {
	return read(path, o.Format, comparisonShapes)
}

// compared is a comparison, once it is known to be a sound one.
func compared(r row, c Comparison) ([]Comparison, error) {
	c.ID, c.Prompt.ID = r.id(), r.id()
	if err := c.Validate(); err != nil {
		return nil, r.errorf("comparison", "%w", err)
	}
	return []Comparison{c}, nil
}

func native(r row) ([]Comparison, error) {
	var c Comparison
	var err error
	if c.Prompt, err = r.prompt(); err != nil {
		return nil, err
	}
	if err := r.decode("candidates", &c.Candidates, "a list of strings"); err != nil {
		return nil, err
	}
	if err := r.decode("preferences", &c.Preferences, "a list of {chosen, rejected, weight, margin, tie}"); err != nil {
		return nil, err
	}
	if r.has("judgement_ids") {
		if err := r.decode("judgement_ids", &c.JudgementIDs, "a list of strings"); err != nil {
			return nil, err
		}
	}
	return compared(r, c)
}

func preference(r row) ([]Comparison, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	chosen, err := r.answersTo("chosen", p)
	if err != nil {
		return nil, err
	}
	rejected, err := r.answersTo("rejected", p)
	if err != nil {
		return nil, err
	}
	c := Comparison{Prompt: p, Candidates: slices.Concat(chosen, rejected)}
	for i := range chosen {
		for j := range rejected {
			c.Preferences = append(c.Preferences, Preference{Chosen: i, Rejected: len(chosen) + j, Weight: 1})
		}
	}
	return compared(r, c)
}

// answersTo are the answers under key: one string or message, a list of strings, or a
// conversation that repeats the prompt before its answer.
func (r row) answersTo(key string, p Prompt) ([]string, error) {
	var list []string
	if r.opens(key) == '[' && r.decode(key, &list, "") == nil {
		return list, nil
	}
	if r.opens(key) != '[' {
		s, err := r.response(key)
		return []string{s}, err
	}
	m, err := r.messages(key)
	if err != nil {
		return nil, err
	}
	if len(m) == 0 || m[len(m)-1].Role != "assistant" {
		return nil, r.errorf(key, "got %d messages, want the assistant's last", len(m))
	}
	before, last := m[:len(m)-1], m[len(m)-1]
	if len(before) > 0 && (Prompt{Messages: before}).Key() != p.Key() && !p.isTurn(before) {
		return nil, r.errorf(key, "got a conversation that does not begin with the prompt")
	}
	return []string{last.Content}, nil
}

// isTurn says whether m is the prompt's text as a single user turn.
func (p Prompt) isTurn(m []Message) bool {
	return len(m) == 1 && m[0].Role == "user" && trim(m[0].Content) == trim(p.Text)
}

// implicit finds the prompt in what two whole conversations have in common.
func implicit(r row) ([]Comparison, error) {
	a, restA, err := r.whole("chosen")
	if err != nil {
		return nil, err
	}
	b, restB, err := r.whole("rejected")
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(a)-1 && n < len(b)-1 && a[n] == b[n] {
		n++
	}
	if a[n].Role != "assistant" || b[n].Role != "assistant" {
		return nil, r.errorf("rejected", "got turn %d of the %s and the %s, want two answers to the same prompt", n+1, a[n].Role, b[n].Role)
	}
	if (n < len(a)-1 && restA[n] == "") || (n < len(b)-1 && restB[n] == "") {
		return nil, r.errorf("rejected", "got conversations that part at message %d, want only the last to differ", n+1)
	}
	return compared(r, Comparison{
		Prompt:      Prompt{Messages: a[:n:n]},
		Candidates:  []string{restA[n], restB[n]},
		Preferences: []Preference{{Chosen: 0, Rejected: 1, Weight: 1}},
	})
}

// whole is a conversation and rest[i], the text from turn i on. Transcripts may part
// before their last turn (5 of 1156 in a file of hh-rlhf do): the candidate is then all
// the text that follows. Messages have no such text, so only their last rest is set.
func (r row) whole(key string) (m []Message, rest []string, err error) {
	if r.opens(key) == '"' {
		text, err := r.str(key)
		if err != nil {
			return nil, nil, err
		}
		if m, rest = transcript(text); len(m) == 0 {
			return nil, nil, r.errorf(key, "got %s, want a transcript with Human: and Assistant: turns, or a prompt key beside it", excerpt([]byte(text)))
		}
		return m, rest, nil
	}
	if m, err = r.messages(key); err != nil {
		return nil, nil, err
	}
	if len(m) == 0 {
		return nil, nil, r.errorf(key, "got no messages, want ≥ 2")
	}
	rest = make([]string, len(m))
	rest[len(m)-1] = m[len(m)-1].Content
	return m, rest, nil
}

func judged(r row) ([]Comparison, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	one, err := r.str("output_1")
	if err != nil {
		return nil, err
	}
	two, err := r.str("output_2")
	if err != nil {
		return nil, err
	}
	key := r.first("label|preference")
	if key == "" {
		key = "label"
	}
	var verdict float64
	if err := r.decode(key, &verdict, "1, 2 or a tie (0, 1.5)"); err != nil {
		return nil, err
	}
	won, ok := map[float64]Preference{
		1:   {Chosen: 0, Rejected: 1, Weight: 1},
		2:   {Chosen: 1, Rejected: 0, Weight: 1},
		0:   {Chosen: 0, Rejected: 1, Weight: 1, Tie: true},
		1.5: {Chosen: 0, Rejected: 1, Weight: 1, Tie: true},
	}[verdict]
	if !ok {
		return nil, r.errorf(key, "got %v, want 1, 2 or a tie (0, 1.5)", verdict)
	}
	return compared(r, Comparison{Prompt: p, Candidates: []string{one, two}, Preferences: []Preference{won}})
}

func ranked(r row) ([]Comparison, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	key := r.first("outputs|responses|output")
	if key == "" {
		key = "outputs"
	}
	c := Comparison{Prompt: p}
	if err := r.decode(key, &c.Candidates, "a list of answers, best first"); err != nil {
		return nil, err
	}
	for i := range c.Candidates {
		for j := i + 1; j < len(c.Candidates); j++ {
			c.Preferences = append(c.Preferences, Preference{Chosen: i, Rejected: j, Weight: 1})
		}
	}
	return compared(r, c)
}

func trim(s string) string { return strings.TrimSpace(s) }
