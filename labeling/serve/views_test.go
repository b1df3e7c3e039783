package serve

import (
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// disputed judges the first item, two against two.
func disputed(t *testing.T, s labeling.Store, handles ...string) {
	t.Helper()
	for i, h := range handles {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: h})
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "demo", Annotator: a.ID, For: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		better, worse := w.Item.Candidates[i%2].ID, w.Item.Candidates[1-i%2].ID
		if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: labeling.Prefer("preference", better, worse, 2)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRolesHaveTheirViews(t *testing.T) {
	s := newStore(t, 1, 2)
	enrol(t, s, labeling.RoleAnnotator, "ann", "bob")
	enrol(t, s, labeling.RoleAdjudicator, "jud")
	enrol(t, s, labeling.RoleManager, "max")
	disputed(t, s, "ann", "bob")
	r := start(t, s, nil)
	as := func(handle, command string) *seen {
		c := person(t, handle)
		c.command = command
		return r.sit(c)
	}
	manager := as("max", "")
	manager.shows("max", "ann", "bob", "dispute")
	as("max", "label").shows("Nothing is left")

	x := as("jud", "")
	x.shows("question 0", "Nothing chosen yet")
	x.press("l")
	x.shows("B is better")
	as("max", "adjudicate").shows("Nothing is left") // jud is at it
	x.press("\r")
	x.shows("Nothing is left")
	for j, err := range s.Judged(t.Context(), "demo") {
		if err != nil || j.Adjudication == nil || j.Adjudication.Handle != "jud" {
			t.Errorf("got %+v, %v, want the final word of jud", j.Adjudication, err)
		}
	}
	for handle, command := range map[string]string{"jud": "manage", "ann": "adjudicate"} {
		y := as(handle, command)
		y.shows("Not understood")
		if code := y.end(); code != exitUsage {
			t.Errorf("%s %s: got exit status %d, want %d", handle, command, code, exitUsage)
		}
	}
	c := person(t, "max")
	c.term = ""
	y := r.sit(c)
	y.shows("ssh -t")
	if code := y.end(); code != exitNo {
		t.Errorf("without a terminal: got exit status %d, want %d", code, exitNo)
	}
}

// Who loses their key, role or status is out, whatever they do.
func TestRevokedWhileThere(t *testing.T) {
	s := newStore(t, 1, 1)
	for _, tt := range []struct {
		handle string
		change labeling.Change
	}{
		{"max", labeling.Change{Role: labeling.RoleAnnotator}},
		{"mia", labeling.Change{Status: labeling.StatusBlocked}},
		{"moe", labeling.Change{DropKey: gossh.FingerprintSHA256(key(t, "moe").PublicKey())}},
	} {
		t.Run(tt.handle, func(t *testing.T) {
			enrol(t, s, labeling.RoleManager, tt.handle)
			x := start(t, s, func(c *Config) { c.Recheck = 20 * time.Millisecond }).sit(person(t, tt.handle))
			x.shows(tt.handle)
			if _, err := s.Amend(t.Context(), tt.handle, tt.change); err != nil {
				t.Fatal(err)
			}
			x.shows("A manager will tell you more")
			if code := x.end(); code != exitNo {
				t.Errorf("got exit status %d, want %d", code, exitNo)
			}
		})
	}
}
