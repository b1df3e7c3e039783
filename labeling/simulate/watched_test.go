package simulate

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// watched is a project of 50 items that is watched, and as many items of gold.
func watched(t *testing.T, control labeling.Control, gold int) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // the test is over
	p := labeling.DefaultProject("p")
	p.Overlap, p.Control = 2, control
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var items []labeling.Item
	for i := range 50 + gold {
		a, b := strings.Repeat("y", 1+i%5), strings.Repeat("z", 2+i%7)
		it := labeling.Item{Ref: fmt.Sprint("i", i), Prompt: labeling.Prompt{Text: "p"}, Candidates: []labeling.Candidate{{Text: a}, {Text: b}}}
		if i >= 50 {
			it.Candidates[0].Text += b // longer
			it.Kind, it.Expected = labeling.KindGold, map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{1}, {2}}}}
		}
		items = append(items, it)
	}
	if _, err := s.AddItems(t.Context(), "p", items); err != nil {
		t.Fatal(err)
	}
	return s
}

// Gold and repeats come to programs as to people, and the same ones in every run.
func TestWatchedProject(t *testing.T) {
	c := DefaultConfig()
	var exports []string
	for range 2 {
		s := watched(t, labeling.Control{Gold: .2, Repeats: .1}, 10)
		r, err := Run(t.Context(), s, c, length)
		if err != nil || r.Open != 0 || r.Judged <= 100 {
			t.Fatalf("got %+v, %v, want more than 100 judged: gold too", r, err)
		}
		finished(t, s, 50, 2)
		kinds := map[labeling.ItemKind]int{}
		for j, err := range s.Judged(t.Context(), "p") {
			if err != nil {
				t.Fatal(err)
			}
			kinds[j.Item.Kind] += len(j.Judgements)
		}
		if kinds[labeling.KindGold] == 0 || kinds[labeling.KindRepeat] == 0 {
			t.Errorf("got %v judgements by kind, want gold and repeats among them", kinds)
		}
		exports = append(exports, export(t, s))
	}
	if exports[0] != exports[1] {
		t.Error("two runs of one seed differ")
	}
}

// Who is new is tested first, programs too: those who do not read are stopped, and the
// others judge everything.
func TestTestedFirst(t *testing.T) {
	s := watched(t, labeling.Control{Screening: labeling.Screening{Items: 20, Pass: 15}}, 20)
	c := DefaultConfig()
	c.Annotators = append(Crowd(3, Annotator{Handle: "able", Skill: 1, Seconds: 20}),
		Crowd(3, Annotator{Handle: "spam", Spammer: SpamRandom, Seconds: 4})...) // each passes with a probability of 2 %
	r, err := Run(t.Context(), s, c, length)
	if want := (Report{Judged: 6*20 + 100, Right: r.Right, Stopped: 3}); err != nil || r != want {
		t.Fatalf("got %+v, %v, want %+v", r, err, want)
	}
	finished(t, s, 50, 2)
	all, err := s.Annotators(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		want := labeling.StatusActive
		if strings.HasPrefix(a.Handle, "spam") {
			want = labeling.StatusBlocked
		}
		if a.Status != want {
			t.Errorf("%s: got %s, want %s", a.Handle, a.Status, want)
		}
	}
}
