package manage

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// disputed is a store in which two annotators disagree about n items and agree about one.
func disputed(t *testing.T, n int) *store.Store {
	t.Helper()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { // no two things happen at once
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("p")
	p.Overlap = 2
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var items []labeling.Item
	for i := range n + 1 {
		items = append(items, labeling.Item{Ref: fmt.Sprint(i), Prompt: labeling.Prompt{Text: "p"}, Candidates: []labeling.Candidate{{Text: "first"}, {Text: "second"}}})
	}
	if _, err := s.AddItems(t.Context(), "p", items); err != nil {
		t.Fatal(err)
	}
	for who, handle := range []string{"ada", "bob"} {
		for range n + 1 {
			judgeAs(t, s, handle, func(it labeling.Item) (better int) {
				if it.Ref == fmt.Sprint(n) {
					return 0
				}
				return who
			})
		}
	}
	return s
}

func judgeAs(t *testing.T, s labeling.Store, handle string, better func(labeling.Item) int) {
	t.Helper()
	a := claim(t, s, enrol(t, s, handle, ""))
	c := a.Item.Candidates
	b := better(a.Item)
	submit(t, s, a, labeling.Prefer("preference", c[b].ID, c[1-b].ID, 2), "")
}

func enrol(t *testing.T, s labeling.Store, handle string, role labeling.Role) int64 {
	t.Helper()
	a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: handle, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func claim(t *testing.T, q labeling.Queue, who int64) labeling.Assignment {
	t.Helper()
	a, err := q.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: who, For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func submit(t *testing.T, q labeling.Queue, a labeling.Assignment, answer labeling.Answer, supersedes string) string {
	t.Helper()
	s := labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Answer: answer, Supersedes: supersedes}
	if err := q.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s.ID
}

// final reads the final words, by item.
func final(t *testing.T, s labeling.Store) map[string]*labeling.Adjudication {
	t.Helper()
	all := map[string]*labeling.Adjudication{}
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		all[j.Item.Ref] = j.Adjudication
	}
	return all
}

// One dispute after another, with what was said about it; a correction replaces the final
// word; a skipped one is left to others.
func TestDocket(t *testing.T) {
	s := disputed(t, 3)
	judge := enrol(t, s, "judge", labeling.RoleAdjudicator)
	d := NewBench(s, "p").Docket(judge)
	if p, err := d.Progress(t.Context(), "p", judge); err != nil || p != (labeling.Progress{Wanted: 3}) {
		t.Errorf("got %+v, %v, want 3 disputes", p, err)
	}
	a := claim(t, d, judge)
	if len(a.Votes) != 2 || len(a.Shown) != 2 {
		t.Fatalf("got %+v, want both answers", a)
	}
	if again := claim(t, d, judge); again.Item.ID != a.Item.ID {
		t.Error("got another item before this one was settled")
	}
	if err := d.SaveDraft(t.Context(), a.Lease, labeling.Answer{Comment: "hm"}); err != nil {
		t.Fatal(err)
	}
	if again := claim(t, d, judge); again.Draft == nil || again.Draft.Comment != "hm" {
		t.Errorf("got %+v, want the draft", again.Draft)
	}
	first := submit(t, d, a, labeling.Prefer("preference", a.Shown[0], a.Shown[1], 3), "")
	w, word, err := d.Last(t.Context(), "p", judge, 0)
	if err != nil || word.ID != first || w.Item.ID != a.Item.ID || w.Lease.Token != "" {
		t.Fatalf("got %+v, %+v, %v", w, word, err)
	}
	second := submit(t, d, w, labeling.Prefer("preference", a.Shown[1], a.Shown[0], 1), first)
	if got := final(t, s)[a.Item.Ref]; got == nil || got.ID != second || got.Handle != "judge" {
		t.Errorf("got %+v, want the correction", got)
	}
	if _, _, err := d.Last(t.Context(), "p", judge, 1); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want one final word, corrected", err)
	}
	b := claim(t, d, judge)
	if err := d.Skip(t.Context(), b.Lease, "not mine"); err != nil {
		t.Fatal(err)
	}
	c := claim(t, d, judge)
	if b.Item.ID == a.Item.ID || c.Item.ID == b.Item.ID {
		t.Error("got an item again that was settled or skipped")
	}
	submit(t, d, c, labeling.Answer{Flagged: true}, "")
	if _, err := d.Claim(t.Context(), labeling.ClaimRequest{For: time.Hour}); !errors.Is(err, labeling.ErrNoWork) {
		t.Errorf("got %v, want nothing left", err)
	}
	if p, err := d.Progress(t.Context(), "p", judge); err != nil || p != (labeling.Progress{Mine: 2, Done: 2, Wanted: 3, Skipped: 1}) {
		t.Errorf("got %+v, %v", p, err)
	}
	if got := final(t, s); got["3"] != nil || got[b.Item.Ref] != nil {
		t.Errorf("got %+v, want no word on what was agreed or skipped", got)
	}
	if a, err := s.Audit(t.Context(), ""); err != nil || len(a.Faults) > 0 {
		t.Errorf("audit: got %v, %v", a.Faults, err)
	}
}

// Two at one bench get different items, until one leaves or is away for too long; whoever
// comes back finds what they had.
func TestBenchOfTwo(t *testing.T) {
	s := disputed(t, 2)
	x, y := enrol(t, s, "x", labeling.RoleAdjudicator), enrol(t, s, "y", labeling.RoleManager)
	bench := NewBench(s, "p")
	a, b := claim(t, bench.Docket(x), x), claim(t, bench.Docket(y), y)
	if a.Item.ID == b.Item.ID {
		t.Error("both got the same item")
	}
	if again := claim(t, bench.Docket(x), x); again.Item.ID != a.Item.ID {
		t.Errorf("back again: got item %s, want %s", again.Item.Ref, a.Item.Ref)
	}
	if err := bench.Docket(x).Release(t.Context(), a.Lease); err != nil {
		t.Fatal(err)
	}
	submit(t, bench.Docket(y), b, labeling.Prefer("preference", b.Shown[0], b.Shown[1], 1), "")
	if c := claim(t, bench.Docket(y), y); c.Item.ID != a.Item.ID {
		t.Errorf("got item %s, want %s, which was left", c.Item.Ref, a.Item.Ref)
	}
	if err := bench.Docket(x).Renew(t.Context(), a.Lease, time.Hour); !errors.Is(err, labeling.ErrLeaseLost) {
		t.Errorf("got %v, want that y is at it", err)
	}
	if err := bench.Docket(y).Renew(t.Context(), a.Lease, -time.Second); err != nil { // as if the time had passed
		t.Fatal(err)
	}
	if c := claim(t, bench.Docket(x), x); c.Item.ID != a.Item.ID {
		t.Errorf("got item %s, want the one that y is too long away from", c.Item.Ref)
	}
}

// An annotator's word is not final.
func TestDocketOfAnAnnotator(t *testing.T) {
	s := disputed(t, 1)
	ada := enrol(t, s, "ada", "")
	d := NewBench(s, "p").Docket(ada)
	a := claim(t, d, ada)
	err := d.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Answer: labeling.Prefer("preference", a.Shown[0], a.Shown[1], 1)})
	if !errors.Is(err, labeling.ErrNotActive) {
		t.Errorf("got %v, want that ada may not", err)
	}
	if _, _, err := d.Last(t.Context(), "p", ada, 0); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want nothing settled", err)
	}
}
