package dataset

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plumbline/internal/exact"
)

// argilla reads a record of Argilla: its fields are the prompt and the candidates, and a
// ranking question says which is better.
//
//	version 1  {fields, responses: [{status, values: {question: {value}}}], suggestions: [{question_name, value}]}
//	version 2  {fields, responses: {question: [{value, user_id}]}, suggestions: {question: {value}}}
//
// A ranking is a list of field names, best first, or of {value, rank}. What people
// submitted counts and, where nobody did, what was suggested. Rankings by several
// questions say nothing: they are answers to different things.
func argilla(r row) ([]Item, error) {
	fields, err := r.inner("fields")
	if err != nil {
		return nil, err
	}
	p, err := fields.prompt()
	if err != nil {
		return nil, err
	}
	names := fields.candidates()
	if len(names) == 0 {
		return nil, r.errorf("fields", "got {%s}, want a response, or response-1, response-2 and so on beside the prompt", strings.Join(fields.keys(), ", "))
	}
	it := r.item(p, nil, nil)
	it.Prompt.ID = r.id()
	for _, name := range names {
		s, err := fields.response(name)
		if err != nil {
			return nil, err
		}
		it.Candidates = append(it.Candidates, s)
	}
	answers, err := r.argillaAnswers()
	if err != nil {
		return nil, err
	}
	it.Known = preferencesOf(rankings(answers, names)...)
	return []Item{it}, nil
}

// inner is the object under key as a row of its own.
func (r row) inner(key string) (row, error) {
	in := row{file: r.file, line: r.line}
	err := r.decode(key, &in.fields, "an object")
	return in, err
}

// numberedField matches the name of a field that is one of several answers.
var numberedField = regexp.MustCompile(`^(?:response|completion|answer|generation|output|reply|candidate)s?[-_ ]?(?:[0-9]+|[a-z])$`)

// candidates are the names of the fields that are answers: those with a number or letter
// at the end or, without any, one that is called an answer.
func (r row) candidates() (names []string) {
	for _, name := range r.keys() {
		if r.has(name) && numberedField.MatchString(name) {
			names = append(names, name)
		}
	}
	if one := r.first("response|completion|answer|generation|output|reply"); len(names) == 0 && one != "" {
		return []string{one}
	}
	slices.SortStableFunc(names, func(a, b string) int { return len(a) - len(b) }) // 10 after 9
	return names
}

// argillaAnswer is what somebody answered to a question.
type argillaAnswer struct {
	Value json.RawMessage `json:"value"`
}

// argillaAnswers are the answers by question: of people or, where nobody submitted any,
// those suggested.
func (r row) argillaAnswers() (map[string][]argillaAnswer, error) {
	submitted, err := r.argillaResponses()
	if err != nil || len(submitted) > 0 {
		return submitted, err
	}
	return r.argillaSuggestions()
}

func (r row) argillaResponses() (all map[string][]argillaAnswer, err error) {
	const want = "responses, by question or a list with values"
	all = map[string][]argillaAnswer{}
	if c := r.opens("responses"); c == '{' {
		return all, r.decode("responses", &all, want)
	} else if c != '[' {
		return nil, nil
	}
	var people []struct {
		Status string                   `json:"status"`
		Values map[string]argillaAnswer `json:"values"`
	}
	if err := r.decode("responses", &people, want); err != nil {
		return nil, err
	}
	for _, p := range people {
		if p.Status == "" || p.Status == "submitted" {
			for q, v := range p.Values {
				all[q] = append(all[q], v)
			}
		}
	}
	return all, nil
}

func (r row) argillaSuggestions() (all map[string][]argillaAnswer, err error) {
	const want = "suggestions, by question or a list with question_name"
	all = map[string][]argillaAnswer{}
	if c := r.opens("suggestions"); c == '{' {
		var one map[string]argillaAnswer
		err := r.decode("suggestions", &one, want)
		for q, v := range one {
			all[q] = append(all[q], v)
		}
		return all, err
	} else if c != '[' {
		return nil, nil
	}
	var list []struct {
		Question string `json:"question_name"`
		argillaAnswer
	}
	err = r.decode("suggestions", &list, want)
	for _, s := range list {
		all[s.Question] = append(all[s.Question], s.argillaAnswer)
	}
	return all, err
}

// rankings are the answers that rank the candidates, if they are all to one question: the
// rank of each candidate, 1 the best.
func rankings(answers map[string][]argillaAnswer, names []string) (all [][]int) {
	questions := 0
	for _, q := range slices.Sorted(maps.Keys(answers)) {
		var here [][]int
		for _, a := range answers[q] {
			if ranks, ok := ranking(a.Value, names); ok {
				here = append(here, ranks)
			}
		}
		if len(here) > 0 {
			all, questions = here, questions+1
		}
	}
	if questions != 1 {
		return nil
	}
	return all
}

// ranking reads a list of names, best first, or of {value, rank}; ok is false for what is
// not a ranking of all candidates.
func ranking(v json.RawMessage, names []string) (ranks []int, ok bool) {
	var order []exact.Text
	var graded []struct {
		Value exact.Text `json:"value"`
		Rank  int        `json:"rank"`
	}
	rankOf := map[string]int{}
	switch {
	case json.Unmarshal(v, &order) == nil:
		for i, name := range order {
			rankOf[string(name)] = i + 1
		}
	case json.Unmarshal(v, &graded) == nil:
		for _, g := range graded {
			rankOf[string(g.Value)] = g.Rank
		}
	}
	for _, name := range names {
		rank := rankOf[name]
		if rank < 1 {
			return nil, false
		}
		ranks = append(ranks, rank)
	}
	return ranks, len(names) > 1 && len(rankOf) == len(names)
}
