package main

import (
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// Whoever is paused gets no work and keeps no item; resumed they do; roles and statuses are
// printed as they are then.
func TestLabelPauseResumeBlockRole(t *testing.T) {
	db := labels(t, 3)
	must[person](t, "enrol", db, "ada")
	claim := func() error {
		s, err := store.Open(t.Context(), db, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close() //nolint:errcheck // the claim is what counts
		ada, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Claim(t.Context(), labeling.ClaimRequest{Project: "labels", Annotator: ada.ID, For: 1 << 40})
		return err
	}
	for _, step := range []struct {
		args []string
		want string
		work bool
	}{
		{[]string{"resume", db, "ada"}, "active", true},
		{[]string{"pause", db, "ada", "--reason", "9 of 20"}, "paused", false},
		{[]string{"resume", db, "ada", "--reason", "talked to her"}, "active", true},
		{[]string{"block", db, "ada"}, "blocked", false},
		{[]string{"resume", db, "ada"}, "active", true},
	} {
		if p := must[person](t, step.args...); p.Handle != "ada" || string(p.Status) != step.want {
			t.Errorf("%v: got %+v, want %s", step.args, p, step.want)
		}
		if err := claim(); (err == nil) != step.work {
			t.Errorf("%v: got %v from a claim, want work %v", step.args, err, step.work)
		}
	}
	if p := must[person](t, "role", db, "ada", "manager", "--reason", "runs it now"); p.Role != labeling.RoleManager {
		t.Errorf("got %+v, want a manager", p)
	}
	if _, stdout, _ := plumb(t, "label", "role", db, "ada", "adjudicator"); !strings.Contains(stdout, "ada") || !strings.Contains(stdout, "adjudicator") {
		t.Errorf("got %q", stdout)
	}
	if a := must[labeling.Audit](t, "audit", db); len(a.Faults) > 0 {
		t.Errorf("audit: got %v", a.Faults)
	}
	for want, args := range map[string][]string{
		"annotator nobody: not found": {"pause", db, "nobody"},
		`role: got "king", want one`:  {"role", db, "ada", "king"},
		"accepts 2 arg(s)":            {"block", db},
		"reason: got 4001 bytes":      {"pause", db, "ada", "--reason", strings.Repeat("x", 4001)},
		"nowhere.db: not found":       {"pause", "nowhere.db", "ada"},
	} {
		if code, _, stderr := plumb(t, append([]string{"label"}, args...)...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: got %d, %q, want %s", args[0], code, stderr, want)
		}
	}
}

// What was withdrawn is counted, judged anew, and makes the exports before it stale.
func TestLabelWithdraw(t *testing.T) {
	db := labels(t, 4)
	done(t, "label", "simulate", db, "--scorer", "vader", "--annotators", "2", "--skill", "1")
	done(t, "label", "export", db, "--format", "trl", "--out", t.TempDir()+"/a.jsonl")
	exports := func() (stale []int) {
		t.Helper()
		_, stdout, _ := plumb(t, "label", "exports", db, "--json")
		for _, e := range decode[struct {
			Withdrawn int `json:"withdrawn"`
		}](t, stdout) {
			stale = append(stale, e.Withdrawn)
		}
		return stale
	}
	if got := exports(); len(got) != 1 || got[0] != 0 {
		t.Errorf("got %v, want one export, sound", got)
	}
	if w := must[labeling.Withdrawal](t, "withdraw", db, "sim-01", "--reason", "did not read"); w.Judgements != 4 || w.Reason != "did not read" {
		t.Errorf("got %+v, want 4 judgements withdrawn", w)
	}
	if got := exports(); len(got) != 1 || got[0] != 4 {
		t.Errorf("got %v, want 4 withdrawn since", got)
	}
	if _, stdout, _ := plumb(t, "label", "exports", db); !strings.Contains(stdout, "stale: 4 withdrawn") || !strings.Contains(stdout, "trl") {
		t.Errorf("got %q", stdout)
	}
	if code, stdout, _ := plumb(t, "label", "withdraw", db, "sim-02"); code != 0 || stdout != "sim-02: 4 judgements withdrawn, to be judged anew by others\n" {
		t.Errorf("got %d, %q", code, stdout)
	}
	if code, _, stderr := plumb(t, "label", "withdraw", db, "nobody"); code != 1 || !strings.Contains(stderr, "not found") {
		t.Errorf("got %d, %q", code, stderr)
	}
}
