package labeling_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"plumbline/labeling"
)

func TestBuiltinTasksAreSound(t *testing.T) {
	names := labeling.TaskNames()
	if len(names) < 6 {
		t.Fatalf("got %v, want pair, ranking, helpful-honest-harmless, lamda, llama2-safety, likert", names)
	}
	for _, name := range names {
		task, err := labeling.BuiltinTask(name)
		if err != nil {
			t.Error(err)
		}
		if task.Name != name {
			t.Errorf("%s: got name %q", name, task.Name)
		}
		for _, q := range task.Questions {
			if q.Label["en"] == "" || q.Label["zh"] == "" {
				t.Errorf("%s: %s: got label %v, want English and Chinese", name, q.Key, q.Label)
			}
		}
		b, err := json.Marshal(task)
		var again labeling.Task
		if err == nil {
			err = json.Unmarshal(b, &again)
		}
		if err != nil || !reflect.DeepEqual(again, task) {
			t.Errorf("%s: through JSON: got %+v, %v, want %+v", name, again, err, task)
		}
	}
	if _, err := labeling.BuiltinTask("pears"); err == nil || !strings.Contains(err.Error(), "likert") {
		t.Errorf("got %v, want a list of the tasks", err)
	}
}

func TestTaskFaults(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"unknown key":         {"candidates: 2\nquestions: [{key: a, kind: preference, tise: true}]", "tise"},
		"kind":                {"candidates: 2\nquestions: [{key: a, kind: vote}]", "kind"},
		"preference of three": {"candidates: 3\nquestions: [{key: a, kind: preference}]", "ranking"},
		"key twice":           {"candidates: 2\nquestions: [{key: a, kind: preference}, {key: a, kind: preference}]", "its own"},
		"rating of nothing":   {"candidates: 1\nquestions: [{key: a, kind: rating}]", "points"},
		"one option":          {"candidates: 1\nquestions: [{key: a, kind: choice, options: [{key: x}]}]", "options"},
		"when of what comes later": {
			"candidates: 1\nquestions: [{key: a, kind: rating, points: 5, when: {question: b, is: x}}, {key: b, kind: choice, options: [{key: x}, {key: y}]}]", "earlier",
		},
		"no questions": {"candidates: 2", "questions"},
	} {
		if _, err := labeling.ReadTask(strings.NewReader(c.yaml), "t.yaml"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "t.yaml") {
			t.Errorf("%s: got %v, want a fault of t.yaml that says %q", name, err, c.want)
		}
	}
}

// Stores of the first version keep tasks and answers in another form.
func TestFirstVersionIsRead(t *testing.T) {
	var task labeling.Task
	if err := json.Unmarshal([]byte(`{"kind":"pair","ties":true}`), &task); err != nil || !task.Questions[0].Ties || task.Questions[0].Key != "preference" {
		t.Errorf("got %+v, %v, want a pair with ties", task, err)
	}
	for text, want := range map[string]labeling.Answer{
		`{"preferred":7,"strength":3}`: labeling.Prefer("preference", 7, 5, 3),
		`{"preferred":5,"strength":1}`: labeling.Prefer("preference", 5, 7, 1),
		`{"tie":true}`:                 labeling.Equal("preference", 5, 7),
		`{"comment":"hm"}`:             {Comment: "hm"},
	} {
		if got, err := labeling.DecodeAnswer([]byte(text), []labeling.CandidateID{5, 7}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func task(t *testing.T, name string) labeling.Task {
	t.Helper()
	x, err := labeling.BuiltinTask(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// The chain of LaMDA: specific is asked of sensible responses only.
func TestAnswersFollowTheChain(t *testing.T) {
	lamda, shown := task(t, "lamda"), []labeling.CandidateID{1, 2}
	a := labeling.Answer{Responses: map[string]labeling.Response{"sensible": {Marks: map[labeling.CandidateID]int{1: 1, 2: 2}}}}
	q, _ := lamda.Question("specific")
	if got := a.Asked(lamda, q, shown); !reflect.DeepEqual(got, []labeling.CandidateID{1}) {
		t.Errorf("got %v asked, want candidate 1, the sensible one", got)
	}
	if got := a.Missing(lamda, shown); got != "specific" {
		t.Errorf("got %q missing, want specific", got)
	}
	a.Responses["specific"] = labeling.Response{Marks: map[labeling.CandidateID]int{1: 1, 2: 1}}
	if err := a.Validate(lamda, shown); err == nil || !strings.Contains(err.Error(), "specific: marks: got 1 for candidate 2") {
		t.Errorf("got %v, want a fault: candidate 2 is not sensible", err)
	}
	a = labeling.Answer{Flagged: true}
	if err := a.Validate(lamda, shown); err != nil {
		t.Errorf("got %v, want none: a flagged item need not be answered", err)
	}
}

// Llama-2: no unsafe response is preferred to a safe one.
func TestGuardKeepsTheSafeResponseInFront(t *testing.T) {
	safety, shown := task(t, "llama2-safety"), []labeling.CandidateID{1, 2}
	marks := func(a, b int) map[string]labeling.Response {
		r := labeling.Prefer("preference", 2, 1, 4).Responses
		r["safety"] = labeling.Response{Marks: map[labeling.CandidateID]int{1: a, 2: b}}
		return r
	}
	const safe, unsafe = 1, 2
	for _, c := range []struct {
		a, b int
		ok   bool
	}{{safe, safe, true}, {unsafe, unsafe, true}, {unsafe, safe, true}, {safe, unsafe, false}} {
		if err := (labeling.Answer{Responses: marks(c.a, c.b)}).Validate(safety, shown); (err == nil) != c.ok {
			t.Errorf("1 is %d, 2 is %d, 2 preferred: got %v, want fine %v", c.a, c.b, err, c.ok)
		}
	}
}

func TestRankings(t *testing.T) {
	ranking, shown := task(t, "ranking"), []labeling.CandidateID{1, 2, 3}
	order := func(groups ...[]labeling.CandidateID) labeling.Answer {
		return labeling.Answer{Responses: map[string]labeling.Response{"ranking": {Order: groups}}}
	}
	for want, a := range map[string]labeling.Answer{
		"":                     order([]labeling.CandidateID{3}, []labeling.CandidateID{1, 2}),
		"each of":              order([]labeling.CandidateID{3}, []labeling.CandidateID{1, 3}),
		"no empty":             order([]labeling.CandidateID{3}, nil, []labeling.CandidateID{1, 2}),
		"ranking: got nothing": {},
	} {
		if err := a.Validate(ranking, shown); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", a, err, want)
		}
	}
	it := labeling.Item{Candidates: []labeling.Candidate{{ID: 1}, {ID: 2}, {ID: 3}}}
	c, ok := labeling.Compare(labeling.JudgedItem{Item: it, Judgements: []labeling.Judgement{
		{ID: "x", Current: true, Answer: order([]labeling.CandidateID{3}, []labeling.CandidateID{1, 2})},
		{ID: "y", Current: true, Answer: order([]labeling.CandidateID{1}, []labeling.CandidateID{3}, []labeling.CandidateID{2})},
	}}, "ranking")
	want := []labeling.Preference{ // by hand
		{Chosen: 0, Rejected: 1, Weight: .5, Votes: 1},
		{Chosen: 0, Rejected: 1, Weight: .5, Votes: 1, Tie: true},
		{Chosen: 0, Rejected: 2, Weight: .5, Votes: 1},
		{Chosen: 2, Rejected: 0, Weight: .5, Votes: 1},
		{Chosen: 2, Rejected: 1, Weight: 1, Votes: 2},
	}
	if !ok || !reflect.DeepEqual(c.Preferences, want) {
		t.Errorf("got %+v, want %+v", c.Preferences, want)
	}
}

func TestOneWordEndsAnArgument(t *testing.T) {
	it := labeling.Item{ID: 1, Candidates: []labeling.Candidate{{ID: 1}, {ID: 2}}}
	j := labeling.JudgedItem{Item: it, Judgements: []labeling.Judgement{
		{ID: "x", Current: true, Answer: labeling.Prefer("preference", 1, 2, 4)},
		{ID: "y", Current: true, Answer: labeling.Prefer("preference", 1, 2, 4)},
	}}
	flagged := labeling.Prefer("preference", 2, 1, 1)
	flagged.Flagged = true
	j.Judgements = append(j.Judgements, labeling.Judgement{ID: "z", Current: true, Answer: flagged})
	c, _ := labeling.Compare(j, "preference")
	if p, ok := c.Majority(0, 1); !ok || p.Chosen != 0 || p.Weight != 1 || len(c.Judgements) != 2 {
		t.Errorf("got %+v of %v, want candidate 0 by the two who did not flag", p, c.Judgements)
	}
	if p, _ := c.Weighed(labeling.Probabilities{{Item: 1, A: 0, B: 1}: .75}).Majority(0, 1); p.Weight != .75 || p.Margin != 1 {
		t.Errorf("got %+v, want weight .75, margin as it was", p)
	}
	j.Adjudication = &labeling.Adjudication{ID: "a", Answer: labeling.Prefer("preference", 2, 1, 2)}
	c, _ = labeling.Compare(j, "preference")
	if p, ok := c.Majority(0, 1); !ok || p.Chosen != 1 || !c.Adjudicated || !reflect.DeepEqual(c.Judgements, []string{"a"}) {
		t.Errorf("got %+v, want candidate 1, as adjudicated", p)
	}
}
