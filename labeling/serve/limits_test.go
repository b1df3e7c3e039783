package serve

import (
	"fmt"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// A terminal that takes nothing is cut off, and its annotator finds the item again.
func TestStalledTerminalIsCutOff(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, func(c *Config) { c.Stall = 200 * time.Millisecond })
	conn, err := r.dial(person(t, "ann"))
	if err != nil {
		t.Fatal(err)
	}
	ch, requests, err := conn.OpenChannel("session", nil) // whose output nobody reads
	if err != nil {
		t.Fatal(err)
	}
	go gossh.DiscardRequests(requests)
	ask := func(kind string, payload any) {
		if ok, err := ch.SendRequest(kind, true, gossh.Marshal(payload)); err != nil || !ok {
			t.Fatalf("%s: got %v, %v", kind, ok, err)
		}
	}
	ask("pty-req", struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}{"xterm", 500, 200, 0, 0, ""})
	ask("shell", struct {
		Nothing []byte `ssh:"rest"`
	}{})
	cut := make(chan struct{})
	go func() {
		conn.Wait() //nolint:errcheck // that it ends is what matters
		close(cut)
	}()
	for i := uint32(0); ; i++ { // each size is a screen drawn anew
		size := struct{ Columns, Rows, Width, Height uint32 }{500 - i%2, 200, 0, 0}
		if _, err := ch.SendRequest("window-change", false, gossh.Marshal(size)); err != nil {
			break
		}
		if i > 1<<20 {
			t.Fatal("it is never cut off")
		}
	}
	<-cut
	r.until("nobody there", func() bool { return r.crowd.count() == 0 })
	r.sit(person(t, "ann")).shows("question 0")
}

func TestOldestOfTooManySessionsLeaves(t *testing.T) {
	s := newStore(t, 1, 1)
	enrol(t, s, labeling.RoleManager, "max")
	r := start(t, s, nil)
	as := func(command string) *seen {
		c := person(t, "max")
		c.command = command
		return r.sit(c)
	}
	first, second := as("manage"), as("label")
	first.shows("max")
	second.shows("question 0")
	third := as("adjudicate")
	third.shows("Nothing is left")
	first.shows("You went on at another terminal.")
	if code := first.end(); code != exitDone {
		t.Errorf("got exit status %d, want %d", code, exitDone)
	}
	second.press("k") // which is not the oldest
	second.shows("B is slightly better")
}

// Whoever submits faster than they may waits, and loses nothing.
func TestSubmissionsArePaced(t *testing.T) {
	s := newStore(t, 6, 1)
	enrol(t, s, labeling.RoleAnnotator, "ann")
	r := start(t, s, func(c *Config) { c.PerMinute = 600 }) // 10 a second
	r.pace(1).SetBurst(1)
	x := r.sit(person(t, "ann"))
	x.shows("question 0")
	begin := time.Now()
	for i := range 6 {
		x.shows(fmt.Sprintf("question %d", i))
		x.press("k")
		x.shows("B is slightly better")
		x.press("\r")
	}
	x.shows("Nothing is left")
	if took := time.Since(begin); took < 500*time.Millisecond {
		t.Errorf("6 submissions took %v, want at least 0.5 s: one at once and one each 0.1 s", took)
	}
	if got := judged(t, s); got != 6 {
		t.Errorf("got %d judgements, want 6", got)
	}
}
