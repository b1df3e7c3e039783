package main

import (
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/quality"
)

// disputed is a store with n pairs about which one annotator, always right, and another,
// always wrong, disagree.
func disputed(t *testing.T, n int) (db string) {
	t.Helper()
	db = labels(t, n)
	crowd := write(t, "crowd.yaml", "- {handle: right, skill: 1}\n- {handle: wrong, skill: 0}\n")
	done(t, "label", "simulate", db, "--scorer", "vader", "--crowd", crowd)
	return db
}

// A manager at a terminal sees the crowd, pauses somebody with a reason, and finds them
// paused in the store, as does whoever asks for the figures as JSON.
func TestLabelManage_AtATerminal(t *testing.T) {
	db := labels(t, 6)
	done(t, "label", "simulate", db, "--scorer", "vader", "--annotators", "3", "--skill", "1")
	s := sit(t, "mia", "label", "manage", db)
	s.sees("labels · mia", "done 12 of 12, 100 %", "preference α 1.00", "sim-01", "sim-03", "Enter details")
	s.types("\x1b[B", "\r")
	s.sees("sim-02 · annotator · active · a program", "QUESTION preference", "chance to be right")
	s.types("p")
	s.sees("Pause sim-02, why?")
	s.types("d", "u", "l", "l", "\r")
	s.sees("sim-02 is paused; r undoes it.")
	s.types("\x1b")
	s.sees("paused")
	s.types("q")
	if code := s.leaves(); code != 0 {
		t.Errorf("got exit status %d", code)
	}
	for _, a := range must[quality.Stats](t, "stats", db).Annotators {
		if want := map[bool]labeling.Status{true: labeling.StatusPaused, false: labeling.StatusActive}[a.Handle == "sim-02"]; a.Status != want {
			t.Errorf("%s: got %s, want %s", a.Handle, a.Status, want)
		}
	}
}

// An adjudicator settles one dispute, corrects that, leaves the other; the final word alone
// goes into what is exported.
func TestLabelAdjudicate_AtATerminal(t *testing.T) {
	db := disputed(t, 2)
	s := sit(t, "judge", "label", "adjudicate", db, "--as", "judge")
	s.sees("labels · judge", "How was it,", good, bad, "what 2 others answered")
	s.types("v")
	s.sees("WHAT OTHERS ANSWERED", "Answer 2", "A is ", "B is ")
	s.types("\x1b", "a", "\r")
	s.sees("you 1")
	s.types("z")
	s.sees("Correcting")
	s.types("f", "\r")
	s.sees("you 1")
	s.types("n", "h", "m", "\r")
	s.sees("Nothing is left")
	s.types("\r")
	if code := s.leaves(); code != 0 {
		t.Errorf("got exit status %d", code)
	}
	if c := must[quality.Stats](t, "stats", db).Counts; c.Adjudicated != 1 {
		t.Errorf("got %d items with a final word, want 1", c.Adjudicated)
	}
	_, stdout, _ := plumb(t, "label", "export", db)
	settled := 0
	for _, l := range decode[struct {
		Preferences []struct{ Weight, Margin float64 } `json:"preferences"`
	}](t, stdout) {
		if len(l.Preferences) == 1 && l.Preferences[0].Weight == 1 && l.Preferences[0].Margin == 0 {
			settled++ // negligibly better: the correction
		}
	}
	if settled != 1 {
		t.Errorf("got %d settled in\n%s, want 1", settled, stdout)
	}
	if a := must[labeling.Audit](t, "audit", db); len(a.Faults) > 0 {
		t.Errorf("audit: got %v", a.Faults)
	}
	must[person](t, "enrol", db, "ann")
	annotator := sit(t, "ann", "label", "adjudicate", db)
	annotator.sees("ann is an annotator: plumb label role STORE ann adjudicator")
	if code := annotator.leaves(); code != 1 {
		t.Errorf("an annotator: got exit status %d, want 1", code)
	}
}
