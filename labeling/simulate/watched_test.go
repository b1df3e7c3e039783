package simulate

import (
	"path/filepath"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// watched is a project with gold and repeats.
func watched(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // the test is over
	p := labeling.DefaultProject("p")
	p.Overlap, p.Control = 2, labeling.Control{Gold: .2, Repeats: .1}
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var items []labeling.Item
	for i := range 60 {
		it := labeling.Item{Ref: string(rune('a'+i%26)) + strings.Repeat("x", i), Prompt: labeling.Prompt{Text: "p"}, Candidates: []labeling.Candidate{{Text: strings.Repeat("y", 1+i%5)}, {Text: strings.Repeat("z", 2+i%7)}}}
		if i >= 50 {
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
		s := watched(t)
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
