package tui

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// newSchool is a store whose project screens: a tutorial of one item and a test of two
// gold items, both of which must be right, before one item of work. The first candidate is always
// the right one.
func newSchool(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("demo")
	p.Control.Screening = labeling.Screening{Items: 2, Pass: 2}
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	right := map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{1}, {2}}}}
	item := func(kind labeling.ItemKind, ref string) labeling.Item {
		it := labeling.Item{Kind: kind, Ref: ref, Prompt: labeling.Prompt{Text: "question " + ref}, Candidates: []labeling.Candidate{{Text: "RIGHT " + ref}, {Text: "WRONG " + ref}}}
		if kind.Known() {
			it.Expected, it.Why = right, "because it says so"
		}
		return it
	}
	items := []labeling.Item{item(labeling.KindTutorial, "t0"), item(labeling.KindGold, "g0"), item(labeling.KindGold, "g1"), item(labeling.KindTask, "w0")}
	if _, err := s.AddItems(t.Context(), "demo", items); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann", Status: labeling.StatusScreening}); err != nil {
		t.Fatal(err)
	}
	return s
}

// answer judges the item on the screen, right or wrong. 120 columns have both responses
// side by side, the left one first.
func (x *terminal) answer(right bool) {
	x.t.Helper()
	x.mu.Lock()
	all := x.written.String()
	x.mu.Unlock()
	all = all[strings.LastIndex(all, "question "):]
	rightIsLeft := strings.Index(all, "RIGHT") < strings.Index(all, "WRONG")
	if rightIsLeft == right {
		x.press("a")
		x.expect("A is significantly better")
	} else {
		x.press(";")
		x.expect("B is significantly better")
	}
	x.press(enter)
}

func wide(o *Options) { o.Size, o.Welcome = Size{120, 24}, true }

func TestWelcomeTutorialAndTest(t *testing.T) {
	for _, tt := range []struct {
		pass bool
		says string
	}{{true, "You passed the test"}, {false, "You did not pass the test"}} {
		t.Run(fmt.Sprint(tt.pass), func(t *testing.T) {
			s := newSchool(t)
			x := start(t, s, wide)
			x.expect("WELCOME")
			x.press(enter)
			x.expect("question t0")
			x.expect("WRONG")
			x.answer(false)
			x.expect("Something else was expected")
			x.expect("because it says so")
			x.press(enter)
			for range 2 {
				x.expect("question g")
				x.expect("WRONG")
				x.answer(tt.pass)
			}
			x.expect(tt.says)
			x.press(enter)
			if tt.pass {
				x.expect("question w0")
				x.press("q")
			}
			r, err := x.end()
			if err != nil || r.Judged != 3 {
				t.Errorf("got %+v, %v, want 3 judged", r, err)
			}
			who, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
			if want := map[bool]labeling.Status{true: labeling.StatusActive, false: labeling.StatusBlocked}[tt.pass]; err != nil || who.Status != want {
				t.Errorf("got %s, %v, want %s", who.Status, err, want)
			}
		})
	}
}

// Only who has nothing behind or before them is welcomed.
func TestWelcomeComesOnce(t *testing.T) {
	s := newStore(t, 3)
	welcomed := func(o *Options) { o.Welcome = true }
	x := start(t, s, welcomed)
	x.expect("WELCOME")
	x.press("q")
	if _, err := x.end(); err != nil {
		t.Error(err)
	}
	x = start(t, s, welcomed)
	x.expect("WELCOME")
	x.press(enter)
	x.expect("question 0")
	x.press("k")
	x.expect("B is slightly better")
	x.cancel() // the connection breaks
	if _, err := x.end(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	x = start(t, s, welcomed)
	x.expect("question 0")
	x.expect("B is slightly better")
	x.press(enter)
	x.expect("question 1")
	x.press("q")
	if _, err := x.end(); err != nil {
		t.Error(err)
	}
	if strings.Contains(x.written.String(), "WELCOME") {
		t.Error("welcomed again in the middle of an item")
	}
}

// A guideline that changes while somebody works is told at the next beat.
func TestNewGuidelineIsTold(t *testing.T) {
	s := newStore(t, 1)
	p, err := s.Project(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	x := start(t, s, func(o *Options) {
		o.Lease = time.Second // a beat is a third of it
		o.Guide = func(ctx context.Context) (labeling.Project, error) { return s.Project(ctx, p.Name) }
	})
	x.expect("question 0")
	p.Guideline = "Prefer the shorter one."
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	x.expect("The guideline has changed: g shows version 2")
	x.press("g")
	x.expect("Prefer the shorter one.")
	x.press("g")
	x.press("q")
}

func TestPace(t *testing.T) {
	var p pace
	for i, want := range []int{0, 0, 5, 9} { // medians of {1}, {1,9}, {1,9,5}, {1,9,5,9}: none before three
		if i < 3 {
			p.add([]time.Duration{time.Second, 9 * time.Second, 5 * time.Second}[i])
		} else {
			p.add(9 * time.Second)
		}
		if got := p.median(); got != want {
			t.Errorf("after %d items: got %d s, want %d", i+1, got, want)
		}
	}
	for range 2 * paceOf {
		p.add(2 * time.Second)
	}
	if got := p.median(); got != 2 || len(p.took) != paceOf {
		t.Errorf("got %d s of %d items, want 2 of %d", got, len(p.took), paceOf)
	}
}
