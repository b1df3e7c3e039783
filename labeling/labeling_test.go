package labeling_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newStore(t testing.TB, overlap int) *store.Store {
	t.Helper()
	clock := func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }
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
	p.Overlap, p.Task = overlap, labeling.PairTask(true)
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return s
}

const twoLines = `{"id":"a","prompt":"Say <hi> & go","candidates":[{"text":"hi","source":"sft"},{"text":"ho","source":"ppo"}]}
{"id":"b","prompt":[{"role":"user","content":"你好"}],"candidates":[{"text":"你好！"},{"text":""}],"priority":1}
`

// judgeAll answers every slot: vote says for each item and slot how candidate 0 fares,
// from -4 to 4; 0 is a tie.
func judgeAll(t *testing.T, s *store.Store, votes map[string][]int) {
	t.Helper()
	n := 0
	for _, v := range votes {
		n = max(n, len(v))
	}
	for k := range n {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: fmt.Sprintf("ann%d", k)})
		if err != nil {
			t.Fatal(err)
		}
		for {
			w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
			if errors.Is(err, labeling.ErrNoWork) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			submit(t, s, w, votes[w.Item.Ref][k], "")
		}
	}
}

func submit(t *testing.T, s *store.Store, w labeling.Assignment, vote int, supersedes string) {
	t.Helper()
	a, b := w.Item.Candidates[0].ID, w.Item.Candidates[1].ID
	ans := labeling.Equal("preference", a, b)
	switch {
	case vote > 0:
		ans = labeling.Prefer("preference", a, b, vote)
	case vote < 0:
		ans = labeling.Prefer("preference", b, a, -vote)
	}
	err := s.Submit(t.Context(), labeling.Submission{
		ID:    labeling.DerivedID(fmt.Sprint(w.Item.Ref, w.Lease.Annotator, vote, supersedes)),
		Lease: w.Lease, Answer: ans, Active: time.Second, Wall: 2 * time.Second, Supersedes: supersedes,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCompareWeighsVotes(t *testing.T) {
	for _, c := range []struct {
		name  string
		votes []int
		want  []labeling.Preference
		major bool
	}{
		{"agreed", []int{4, 1, 3}, []labeling.Preference{{Chosen: 0, Rejected: 1, Weight: 1, Margin: (1 + 0 + 2./3) / 3, Votes: 3}}, true},
		{"two to one", []int{-2, 4, -4}, []labeling.Preference{
			{Chosen: 1, Rejected: 0, Weight: 2. / 3, Margin: (1./3 + 1) / 2, Votes: 2}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Margin: 1, Votes: 1},
		}, true},
		{"one each", []int{1, -1, 0}, []labeling.Preference{
			{Chosen: 0, Rejected: 1, Weight: 1. / 3, Votes: 1}, {Chosen: 1, Rejected: 0, Weight: 1. / 3, Votes: 1}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Tie: true, Votes: 1},
		}, false},
		{"a tie by two", []int{0, 0, 4}, []labeling.Preference{
			{Chosen: 0, Rejected: 1, Weight: 2. / 3, Tie: true, Votes: 2}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Margin: 1, Votes: 1},
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t, len(c.votes))
			if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
				t.Fatal(err)
			}
			judgeAll(t, s, map[string][]int{"a": c.votes, "b": c.votes})
			n := 0
			for got, err := range labeling.Comparisons(t.Context(), s, "p", "") {
				if err != nil {
					t.Fatal(err)
				}
				n++
				if len(got.Judgements) != len(c.votes) || !samePreferences(got.Preferences, c.want) {
					t.Errorf("%s: got %+v of %d judgements, want %+v of %d", got.Item.Ref, got.Preferences, len(got.Judgements), c.want, len(c.votes))
				}
				if _, ok := got.Majority(0, 1); ok != c.major {
					t.Errorf("majority: got %v, want %v", ok, c.major)
				}
			}
			if n != 2 {
				t.Errorf("got %d comparisons, want 2", n)
			}
		})
	}
}

func samePreferences(a, b []labeling.Preference) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		near := math.Abs(x.Weight-y.Weight) < 1e-12 && math.Abs(x.Margin-y.Margin) < 1e-12
		x.Weight, x.Margin, y.Weight, y.Margin = 0, 0, 0, 0
		if !near || x != y {
			return false
		}
	}
	return true
}

func TestValidateReportsEveryFault(t *testing.T) {
	err := labeling.Project{Overlap: 16, Task: labeling.Task{Candidates: 10}}.Validate()
	for _, key := range []string{"name", "candidates", "overlap", "guideline"} {
		if err == nil || !strings.Contains(err.Error(), key+": got") {
			t.Errorf("got %v, want a fault of %s", err, key)
		}
	}
}
