package screen

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
)

type (
	responses = map[string]labeling.Response
	marks     = map[labeling.CandidateID]int
	order     = [][]labeling.CandidateID
)

// asked opens an item with so many candidates under a task.
func asked(t *testing.T, task string, candidates int) State {
	t.Helper()
	c := Content{Prompt: prompt("p")}
	for range candidates {
		c.Candidates = append(c.Candidates, "text")
	}
	return opened(Options{Task: builtin(t, task)}, 80, 24).Show(c)
}

// The built-in tasks, answered from the first key to the last. What is expected is told
// by hand from the tasks' files.
// Small letters are keys of the screen: whoever ranks with them is told how.
func TestSmallLettersDoNotRank(t *testing.T) {
	for lang, want := range map[Lang]string{English: "Capital letters", Chinese: "大写字母"} {
		s := opened(Options{Lang: lang, Task: builtin(t, "ranking")}, 80, 24).Show(sorting)
		for keys, told := range map[string]bool{"a": true, "d": true, "h": false, "up": false, "A": false, "1": false} {
			after, _ := press(s, keys)
			if strings.Contains(after.View(), want) != told {
				t.Errorf("%s, %q: got %q", lang, keys, after.note)
			}
		}
	}
	if s, _ := press(opened(Options{}, 80, 24), "b"); s.note != "" {
		t.Errorf("where nothing is ranked: got %q", s.note)
	}
}

func TestTasksAreAnswered(t *testing.T) {
	pref := func(better, worse labeling.CandidateID, strength int) labeling.Response {
		return labeling.Response{Order: order{{better}, {worse}}, Strength: strength}
	}
	tie := labeling.Response{Order: order{{1, 2}}}
	for _, c := range []struct {
		name, task string
		candidates int
		keys       string
		want       responses
	}{
		{
			"four questions, one key each", "helpful-honest-harmless", 2, "a 0 l k",
			responses{"helpful": pref(1, 2, 4), "honest": tie, "harmless": pref(2, 1, 3), "overall": pref(2, 1, 2)},
		},
		{
			"out of order", "helpful-honest-harmless", 2, "tab tab tab s = tab tab shift+tab j f",
			responses{"helpful": tie, "honest": pref(1, 2, 1), "harmless": pref(2, 1, 1), "overall": pref(1, 2, 3)},
		},
		{"letters, best to worst", "ranking", 4, "C A D B", responses{"ranking": {Order: order{{3}, {1}, {4}, {2}}}}},
		{"digits, with ties", "ranking", 4, "3 = 1 4 = 2", responses{"ranking": {Order: order{{3, 1}, {4, 2}}}}},
		{"all level", "ranking", 3, "A = B = C", responses{"ranking": {Order: order{{1, 2, 3}}}}},
		{"a tie undone", "ranking", 3, "A = = B C", responses{"ranking": {Order: order{{1}, {2}, {3}}}}},
		{"taken back", "ranking", 3, "A = B backspace backspace C B A", responses{"ranking": {Order: order{{3}, {2}, {1}}}}},
		{"placed twice", "ranking", 3, "A A B B C C", responses{"ranking": {Order: order{{1}, {2}, {3}}}}},
		{"nine", "ranking", 9, "9 8 7 6 5 4 3 2 1", responses{"ranking": {Order: order{{9}, {8}, {7}, {6}, {5}, {4}, {3}, {2}, {1}}}}},
		{"one rating", "likert", 1, "6", responses{"quality": {Marks: marks{1: 6}}}},
		{"a rating corrected", "likert", 1, "6 8 7", responses{"quality": {Marks: marks{1: 7}}}},
		{"the whole chain", "lamda", 2, "1 1 1 1 2 2 1 1 3 2 0", responses{
			"sensible": {Marks: marks{1: 1, 2: 1}}, "specific": {Marks: marks{1: 1, 2: 1}}, "interesting": {Marks: marks{1: 2, 2: 2}},
			"safe": {Marks: marks{1: 1, 2: 1}}, "grounded": {Marks: marks{1: 3, 2: 2}}, "preference": tie,
		}},
		{"what is not sensible is not asked on", "lamda", 2, "2 1 2 1 1 2 3 a", responses{
			"sensible": {Marks: marks{1: 2, 2: 1}}, "specific": {Marks: marks{2: 2}},
			"safe": {Marks: marks{1: 1, 2: 1}}, "grounded": {Marks: marks{1: 2, 2: 3}}, "preference": pref(1, 2, 4),
		}},
		{"neither is sensible", "lamda", 2, "2 2 1 1 1 1 a", responses{
			"sensible": {Marks: marks{1: 2, 2: 2}}, "safe": {Marks: marks{1: 1, 2: 1}}, "grounded": {Marks: marks{1: 1, 2: 1}},
			"preference": pref(1, 2, 4),
		}},
		{"safety bins first", "llama2-safety", 2, "1 2 s", responses{"safety": {Marks: marks{1: 1, 2: 2}}, "preference": pref(1, 2, 3)}},
		{"the unsafe one cannot be better", "llama2-safety", 2, "1 2 l s", responses{"safety": {Marks: marks{1: 1, 2: 2}}, "preference": pref(1, 2, 3)}},
		{"both unsafe", "llama2-safety", 2, "2 2 l", responses{"safety": {Marks: marks{1: 2, 2: 2}}, "preference": pref(2, 1, 3)}},
		{"the guard's question comes first", "llama2-safety", 2, "tab l 1 1 l", responses{"safety": {Marks: marks{1: 1, 2: 1}}, "preference": pref(2, 1, 3)}},
	} {
		s, _ := press(asked(t, c.task, c.candidates), c.keys)
		if got := s.Answer().Responses; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s: got %v, want %v", c.name, c.keys, got, c.want)
		}
		after, a := press(s, "enter")
		if a != Save {
			t.Errorf("%s: Enter: got action %d and %q, want Save", c.name, a, after.note)
		}
		if err := after.Answer().Validate(s.o.Task, s.shown); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEnterAsksForWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		task, keys, want string
		question, focus  int
	}{
		{"pair", "", "Choose first: a s d f for A, j k l ; for B.", 0, 0},
		{"ranking", "C", "Place all of them first, the best one first.", 0, 0},
		{"likert", "", "Answer first: How good is it? With 1 to 7.", 0, 0},
		{"lamda", "1", "Answer first: Sensible? of B, with 1 to 2.", 0, 1},
		{"lamda", "1 1 tab tab tab", "Answer first: Specific? of A, with 1 to 2.", 1, 0},
		{"helpful-honest-harmless", "a tab s", "Choose first: a s d f for A, j k l ; for B.", 1, 0},
	} {
		n := map[string]int{"likert": 1, "ranking": 3}[c.task]
		s, a := press(asked(t, c.task, max(n, 2-n)), c.keys+" enter")
		if c.task == "likert" {
			s, a = press(asked(t, c.task, 1), c.keys+" enter")
		}
		if a == Save || s.note != c.want || s.question != c.question || s.focus != c.focus {
			t.Errorf("%s, %q: got action %d, %q, question %d of %d, want %q, %d of %d", c.task, c.keys, a, s.note, s.question, s.focus, c.want, c.question, c.focus)
		}
	}
}

func TestKeysThatAnswerNothingSayWhy(t *testing.T) {
	for _, c := range []struct{ task, keys, want string }{
		{"pair", "0", "This question has no ties."},
		{"ranking", "=", "= puts the next one level with the one before it."},
		{"ranking", "A B C =", "= puts the next one level with the one before it."},
		{"ranking", "B B", "B is placed already; Backspace takes back."},
		{"lamda", "2 1 left 1", "Not asked of A: only where “Sensible?” is “yes”."},
		{"llama2-safety", "1 2 l", "A is “safe”, B is not: it cannot stand ahead."},
		{"llama2-safety", "tab l", "Answer this one first: Safe?"},
		{"llama2-safety", "1 2 s left tab left 2 right 1", "B is “safe”, A is not: it cannot stand ahead."},
		{"lamda", "e", "This task asks for no edits."},
	} {
		n := map[string]int{"ranking": 3}[c.task]
		s, _ := press(asked(t, c.task, max(n, 2)), c.keys)
		if s.note != c.want {
			t.Errorf("%s, %s: got %q, want %q", c.task, c.keys, s.note, c.want)
		}
	}
}

// A mark that changes takes what was built on it along.
func TestChangedMarksDropWhatFollowsFromThem(t *testing.T) {
	s, _ := press(asked(t, "lamda", 2), "1 1 1 1 1 1 tab tab tab left 2")
	want := responses{"sensible": {Marks: marks{1: 2, 2: 1}}, "specific": {Marks: marks{2: 1}}, "interesting": {Marks: marks{2: 1}}}
	if got := s.Answer().Responses; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s, _ = press(asked(t, "llama2-safety", 2), "1 2 s tab left 2 right 1")
	if got := s.Answer().Responses; !reflect.DeepEqual(got, responses{"safety": {Marks: marks{1: 2, 2: 1}}}) {
		t.Errorf("got %v, want the preference gone", got)
	}
}

func TestFlaggedItemIsSavedUnanswered(t *testing.T) {
	for _, c := range []struct {
		keys string
		want responses
	}{
		{"! enter", responses{}},
		{"B ! enter", responses{}}, // an order that was only begun is no answer
		{"B A C ! enter", responses{"ranking": {Order: order{{2}, {1}, {3}}}}},
	} {
		s, a := press(asked(t, "ranking", 3), c.keys)
		if a != Save || !s.Answer().Flagged || !maps.EqualFunc(s.Answer().Responses, c.want, func(a, b labeling.Response) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("%s: got action %d, %+v", c.keys, a, s.Answer())
		}
		if err := s.Answer().Validate(s.o.Task, s.shown); err != nil {
			t.Errorf("%s: %v", c.keys, err)
		}
	}
}

func TestOptionalQuestionIsAskedButNotDemanded(t *testing.T) {
	task := labeling.Task{Candidates: 2, Questions: []labeling.Question{
		{Key: "tone", Kind: labeling.AskRating, Points: 5, Optional: true},
		{Key: "preference", Kind: labeling.AskPreference},
	}}
	s := opened(Options{Task: task}, 80, 24)
	if s.question != 0 {
		t.Errorf("got question %d, want the optional one first", s.question)
	}
	if s, a := press(s, "tab k enter"); a != Save {
		t.Errorf("left open: got action %d, %q", a, s.note)
	}
	if s, a := press(s, "3 tab k enter"); a == Save || s.question != 0 || s.focus != 1 {
		t.Errorf("half answered: got action %d at question %d of %d, want the other half", a, s.question, s.focus)
	}
}

// A draft comes back as it was left, and goes on where it has to.
func TestDraftComesBack(t *testing.T) {
	for _, c := range []struct {
		task       string
		candidates int
		keys       string
	}{
		{"ranking", 4, "C = A"},
		{"lamda", 2, "1 2 1"},
		{"helpful-honest-harmless", 2, "a ! c n o enter"},
		{"pair", 2, "k e end X ctrl+s"},
	} {
		s, _ := press(asked(t, c.task, c.candidates), c.keys)
		again := s.Show(Content{Prompt: prompt("p"), Candidates: s.item.Candidates, Answer: s.Answer()})
		if !reflect.DeepEqual(again.Answer(), s.Answer()) || again.question != s.question || again.focus != s.focus {
			t.Errorf("%s, %s: got %+v at %d of %d, want %+v at %d of %d", c.task, c.keys, again.Answer(), again.question, again.focus, s.Answer(), s.question, s.focus)
		}
	}
}

// What a task does not allow is not taken over, whoever stored it.
func TestForeignAnswerIsTakenOverAsFarAsItGoes(t *testing.T) {
	s := asked(t, "lamda", 2).Show(Content{Prompt: prompt("p"), Candidates: []string{"a", "b"}, Answer: labeling.Answer{
		Responses: responses{
			"sensible":   {Marks: marks{1: 1, 2: 9, 7: 1}},
			"specific":   {Marks: marks{1: 2, 2: 2}}, // 2 is not known to be sensible
			"preference": {Order: order{{1}, {2}}, Strength: 9},
			"unknown":    {Order: order{{1}, {2}}, Strength: 1},
		},
		Edit: &labeling.Edit{Of: 1, Text: "x"}, // the task asks for none
	}})
	want := labeling.Answer{Responses: responses{"sensible": {Marks: marks{1: 1}}, "specific": {Marks: marks{1: 2}}}}
	if got := s.Answer(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []order{{{1, 1}, {2}}, {{1}, {3}}, {{0}, {1}}, {{1}}} {
		s := asked(t, "pair", 2).Show(Content{Prompt: prompt("p"), Candidates: []string{"a", "b"}, Answer: labeling.Answer{Responses: responses{"preference": {Order: bad, Strength: 1}}}})
		if got := s.Answer(); len(got.Responses) != 0 {
			t.Errorf("%v: got %+v, want nothing", bad, got)
		}
	}
}

// The answer before a key is not changed by the key: states are values.
func TestKeysLeaveEarlierStatesAlone(t *testing.T) {
	for task, keys := range map[string]string{"lamda": "1 2 1 2 1 left 2", "ranking": "A = B backspace C B", "llama2-safety": "1 1 a left tab 2"} {
		s := asked(t, task, 3-len(task)%2)
		var states []State
		var answers []labeling.Answer
		for _, k := range strings.Fields(keys) {
			s, _ = press(s, k)
			states, answers = append(states, s), append(answers, clone(s.Answer()))
		}
		for i, s := range states {
			if !reflect.DeepEqual(s.Answer(), answers[i]) {
				t.Errorf("%s: state %d: got %+v, was %+v", task, i, s.Answer(), answers[i])
			}
		}
	}
}

// clone copies an answer to the bottom.
func clone(a labeling.Answer) labeling.Answer {
	out := responses{}
	for key, r := range a.Responses {
		c := labeling.Response{Strength: r.Strength, Marks: maps.Clone(r.Marks)}
		for _, g := range r.Order {
			c.Order = append(c.Order, slices.Clone(g))
		}
		out[key] = c
	}
	a.Responses = out
	return a
}

// A key held down answers one question, not all of them.
func TestStuckKeyAnswersOneQuestion(t *testing.T) {
	s := asked(t, "helpful-honest-harmless", 2)
	s, _ = s.Key("k", hand)
	for range 20 {
		s, _ = s.Key("k", 33*time.Millisecond)
	}
	if n := len(s.Answer().Responses); n != 1 || s.note == "" {
		t.Errorf("got %d answers, remark %q, want 1 and a remark", n, s.note)
	}
}
