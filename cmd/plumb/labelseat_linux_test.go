package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// seat is plumb in a process of its own on a terminal of 100x30, which a person sits at.
type seat struct {
	t      *testing.T
	cmd    *exec.Cmd
	tty    *os.File
	screen *vt.SafeEmulator
	over   chan struct{} // closed when the process has let go of the terminal
}

// sit starts plumb as USER.
func sit(t *testing.T, user string, args ...string) *seat {
	t.Helper()
	cmd := process(t, []string{"TERM=xterm", "LC_ALL=C", "USER=" + user}, args...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 30})
	if err != nil {
		t.Fatal(err)
	}
	s := &seat{t: t, cmd: cmd, tty: tty, screen: vt.NewSafeEmulator(100, 30), over: make(chan struct{})}
	go func() {
		defer close(s.over)
		b := make([]byte, 4096)
		for {
			n, err := tty.Read(b)
			s.screen.Write(b[:n]) //nolint:errcheck // memory
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { tty.Close() }) //nolint:errcheck // nothing is left to read
	return s
}

// sees waits until all texts are on the screen at once.
func (s *seat) sees(texts ...string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		shown, missing := s.screen.String(), ""
		for _, x := range texts {
			if !strings.Contains(shown, x) {
				missing = x
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("got no %q on\n%s", missing, shown)
		}
	}
}

// types presses keys as fast as a hand does.
func (s *seat) types(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		time.Sleep(200 * time.Millisecond)
		if _, err := s.tty.WriteString(k); err != nil {
			s.t.Fatal(err)
		}
	}
}

// leaves waits for the end and gives the exit status.
func (s *seat) leaves() int {
	s.t.Helper()
	<-s.over
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode()
}
