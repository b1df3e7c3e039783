package labeling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// readExpected reads the known answer of an item with k candidates, by question: whole,
// as {"order": [[1], [2]]} or {"marks": {"1": 6}}, or in short by the question's kind:
//
//	preference  1             candidate 1 is better
//	            [[1, 2]]      equally good
//	ranking     [2, 1, 3]     best first; [2, [1, 3]] with a tie
//	rating      6             of the only candidate; [6, 3] of each
//	choice      "safe"        of the only candidate; ["safe", null] of each that is asked about
//
// Candidates go by their places, from 1. What the answer means is for Item.Validate.
func readExpected(in map[string]json.RawMessage, t Task, k int) (map[string]Response, error) {
	if in == nil {
		return nil, nil
	}
	out := map[string]Response{}
	for _, key := range sortedKeys(in) {
		q, ok := t.Question(key)
		if !ok {
			return nil, fmt.Errorf("expected: %s: the task has no such question", key)
		}
		r, err := q.readResponse(bytes.TrimSpace(in[key]), k)
		if err != nil {
			return nil, fmt.Errorf("expected: %s: %w", key, err)
		}
		out[key] = r
	}
	return out, nil
}

func (q Question) readResponse(b []byte, k int) (r Response, err error) {
	if b[0] == '{' {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		return r, d.Decode(&r)
	}
	switch {
	case q.Marks():
		r.Marks, err = q.readMarks(b, k)
	case b[0] == '[':
		r.Order, err = readOrder(b)
	default:
		r.Order, err = q.readBetter(b, k)
	}
	return r, err
}

// readBetter reads which of two is better.
func (q Question) readBetter(b []byte, k int) ([][]CandidateID, error) {
	var better CandidateID
	if err := json.Unmarshal(b, &better); err != nil || q.Kind != AskPreference || k != 2 || better < 1 || better > 2 {
		return nil, fmt.Errorf("got %.40s, want the places of the candidates, best first; of two, the better one's: 1 or 2", b)
	}
	return [][]CandidateID{{better}, {3 - better}}, nil
}

// readOrder reads places, best first; those in a list of their own are equally good.
func readOrder(b []byte) (order [][]CandidateID, err error) {
	var groups []json.RawMessage
	if err := json.Unmarshal(b, &groups); err != nil {
		return nil, err
	}
	for _, g := range groups {
		var one CandidateID
		var tied []CandidateID
		switch {
		case json.Unmarshal(g, &one) == nil:
			order = append(order, []CandidateID{one})
		case json.Unmarshal(g, &tied) == nil:
			order = append(order, tied)
		default:
			return nil, fmt.Errorf("got %.40s in the order, want a candidate's place or a list of equally good ones", g)
		}
	}
	return order, nil
}

// readMarks reads a mark of the only candidate, or a list with one of each; null is none.
func (q Question) readMarks(b []byte, k int) (map[CandidateID]int, error) {
	each := []json.RawMessage{b}
	if b[0] == '[' {
		if err := json.Unmarshal(b, &each); err != nil {
			return nil, err
		}
	}
	if len(each) != k {
		return nil, fmt.Errorf("got %d marks, want one of each of %d candidates", len(each), k)
	}
	marks := map[CandidateID]int{}
	for i, m := range each {
		if string(m) == "null" {
			continue
		}
		mark, err := q.readMark(m)
		if err != nil {
			return nil, err
		}
		marks[CandidateID(i+1)] = mark
	}
	return marks, nil
}

func (q Question) readMark(b []byte) (mark int, err error) {
	if q.Kind == AskRating {
		if err := json.Unmarshal(b, &mark); err != nil {
			return 0, fmt.Errorf("got %.40s, want points", b)
		}
		return mark, nil
	}
	var key string
	if err := json.Unmarshal(b, &key); err != nil {
		return 0, fmt.Errorf("got %.40s, want the key of an option", b)
	}
	if mark = q.option(key); mark == 0 {
		var keys []string
		for _, o := range q.Options {
			keys = append(keys, o.Key)
		}
		return 0, fmt.Errorf("got %.40q, want one of %s", key, strings.Join(keys, ", "))
	}
	return mark, nil
}
