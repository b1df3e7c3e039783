package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"

	"plumbline/labeling/tui"
)

// at runs plumb itself at the desk, as its own process.
func (d *desk) at(env []string, args ...string) *exec.Cmd {
	d.t.Helper()
	cmd := process(d.t, append(env, "TERM=xterm", "LC_ALL=C"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = d.terminal, d.terminal, d.terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // it is the process's own, as in a window
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	kill := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() }) //nolint:errcheck // it ended by itself then
	d.t.Cleanup(func() { kill.Stop() })
	return cmd
}

// No verb asks the terminal for its colours, as Bubble Tea's init would: one that does
// not answer would keep it waiting for 5 s.
func TestTerminalIsNotAsked(t *testing.T) {
	d := newDesk(t)
	if err := d.at(nil, "version").Wait(); err != nil {
		t.Fatal(err)
	}
	d.expect("plumb ")
	if strings.Contains(d.all(), "\x1b") {
		t.Errorf("the terminal was sent %q", d.all())
	}
}

// label open on a terminal that answers nothing: the screen comes, and TERM is known, and
// at the end the terminal is as it was.
func TestLabelOpen_OnATerminal(t *testing.T) {
	db := labels(t, 1)
	d := newDesk(t)
	cmd := d.at([]string{"USER=ada"}, "label", "open", db)
	d.expect("Enter begins")
	d.press("\r")
	d.expect("How was it, 0?")
	d.press("q")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	d.expect(tui.GiveBack)
	d.expect("0 judged, 0 corrected, 0 skipped")
	e := vt.NewEmulator(80, 24)
	if _, err := e.WriteString(d.all()); err != nil {
		t.Fatal(err)
	}
	if e.IsAltScreen() || e.CursorHidden() {
		t.Error("the terminal is not as it was")
	}
}
