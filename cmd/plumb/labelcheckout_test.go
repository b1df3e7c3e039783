package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/offline"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

// judgeAll judges n items of a store as somebody, the good response always better.
func judgeAll(t *testing.T, db, project, handle string, n int) {
	t.Helper()
	s, err := store.Open(t.Context(), db, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.Enrol(t.Context(), labeling.Annotator{Handle: handle})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		a, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: project, Annotator: who.ID, For: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		better, worse := a.Item.Candidates[0], a.Item.Candidates[1]
		if better.Text != good {
			better, worse = worse, better
		}
		if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Answer: labeling.Prefer("preference", better.ID, worse.ID, 3)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// The whole cycle, twice over; label open knows whose checkout it is.
func TestLabelCheckout_Cycle(t *testing.T) {
	db := labels(t, 6)
	must[person](t, "enrol", db, "ada")
	work := filepath.Join(t.TempDir(), "work.db")
	for round := range 2 {
		c := must[offline.Checkout](t, "checkout", db, "--annotator", "ada", "-n", "3", "--for", "24h", "--out", work)
		if c.Items != 3 || c.Annotator != "ada" || c.Path != work || time.Until(c.Until) < 23*time.Hour {
			t.Fatalf("got %+v", c)
		}
		if who := whoOpens(t, work); who != "ada" {
			t.Errorf("got %s at the screen, want ada", who)
		}
		judgeAll(t, work, "labels", "ada", 3)
		for again, want := range []offline.Checkin{{Annotator: "ada", Judged: 3}, {Annotator: "ada", Before: 3}} {
			if in := must[offline.Checkin](t, "checkin", db, work); fmt.Sprint(in) != fmt.Sprint(want) {
				t.Errorf("round %d, check-in %d: got %+v, want %+v", round, again, in, want)
			}
		}
		if err := os.Remove(work); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := plumb(t, "label", "checkout", db, "--annotator", "ada", "--out", work); code != 1 || !strings.Contains(stderr, "no work left") {
		t.Errorf("a third time: got %d, %q, want no work", code, stderr)
	}
	if who := whoOpens(t, db); who != "somebody" {
		t.Errorf("a store that is no checkout: got %s, want the user", who)
	}
}

func whoOpens(t *testing.T, db string) (who string) {
	t.Helper()
	t.Setenv("USER", "somebody")
	var out, people bytes.Buffer
	s := streams{In: strings.NewReader(""), Out: &out, Err: &people, InTerminal: true, OutTerminal: true}
	s.Screen = func(_ context.Context, _ labeling.Store, annotator string, _ tui.Options) (tui.Result, error) {
		who = annotator
		return tui.Result{}, nil
	}
	if code := execute(t.Context(), s, []string{"label", "open", db}); code != 0 {
		t.Fatalf("got %d, %q", code, &people)
	}
	return who
}

// Both halves are killed again and again on their way. A checkout is there whole or not at
// all, a check-in takes each judgement once, and the history is sound.
func TestLabelCheckout_Killed(t *testing.T) {
	const items = 60
	db := labels(t, items)
	must[person](t, "enrol", db, "ada")
	dir := t.TempDir()
	var whole []string
	judged := 0
	for i := range 12 {
		path := filepath.Join(dir, fmt.Sprintf("work-%d.db", i))
		killAfter(t, time.Duration(i*4)*time.Millisecond, "label", "checkout", db, "--annotator", "ada", "-n", "4", "--out", path)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		whole = append(whole, path)
		judgeAll(t, path, "labels", "ada", 4)
		judged += 4
	}
	if len(whole) == 0 {
		path := filepath.Join(dir, "work.db")
		must[offline.Checkout](t, "checkout", db, "--annotator", "ada", "-n", "4", "--out", path)
		judgeAll(t, path, "labels", "ada", 4)
		whole, judged = []string{path}, 4
	}
	for i, path := range whole {
		for wait := time.Duration(0); !killAfter(t, wait, "label", "checkin", db, path); wait += time.Duration(3+i) * time.Millisecond {
		}
		if in := must[offline.Checkin](t, "checkin", db, path); in.Before != 4 || in.Judged != 0 || len(in.KeptOut) > 0 {
			t.Errorf("%s: got %+v, want all handed in before", path, in)
		}
	}
	s, err := store.Open(t.Context(), db, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only read
	for j, err := range s.Judged(t.Context(), "labels") {
		if err != nil {
			t.Fatal(err)
		}
		judged -= len(j.Judgements)
		if len(j.Judgements) > 1 {
			t.Errorf("item %s: got %d judgements of one annotator", j.Item.Ref, len(j.Judgements))
		}
	}
	if judged != 0 {
		t.Errorf("%d judgements are missing", judged)
	}
	if a := must[labeling.Audit](t, "audit", db); len(a.Faults) > 0 {
		t.Errorf("audit: got %v", a.Faults)
	}
	left, err := filepath.Glob(filepath.Join(dir, "work*"))
	if err != nil || len(left) != len(whole) {
		t.Errorf("got %v, want %d checkouts and nothing else in sight", left, len(whole))
	}
}

// killAfter runs plumb and kills it after a while; it tells whether it was done by then.
func killAfter(t *testing.T, wait time.Duration, args ...string) (done bool) {
	t.Helper()
	cmd := process(t, nil, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(wait, func() { cmd.Process.Kill() }) //nolint:errcheck // it may be done
	defer timer.Stop()
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() >= 0 {
		t.Fatalf("%v: got exit status %d", args, cmd.ProcessState.ExitCode())
	}
	return err == nil
}

func TestLabelCheckout_Faults(t *testing.T) {
	db := labels(t, 2)
	must[person](t, "enrol", db, "ada")
	out := filepath.Join(t.TempDir(), "work.db")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"nobody named", []string{"checkout", db, "--out", out}, 2, `required flag(s) "annotator" not set`},
		{"not enrolled", []string{"checkout", db, "--annotator", "eve", "--out", out}, 1, `annotator "eve": not found`},
		{"nothing", []string{"checkout", db, "--annotator", "ada", "-n", "0"}, 2, "-n, --for: got 0 items"},
		{"for no time", []string{"checkout", db, "--annotator", "ada", "--for", "1s"}, 2, "-n, --for: got 50 items for 1s"},
		{"a file that is there", []string{"checkout", db, "--annotator", "ada", "--out", db}, 1, "is there already"},
		{"no checkout", []string{"checkin", db, labels(t, 1)}, 1, "got a store that is no checkout"},
		{"no file", []string{"checkin", db, out}, 1, "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := plumb(t, append([]string{"label"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %d, %q, want %d, %q", code, stderr, tt.code, tt.want)
			}
		})
	}
}
