package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"plumbline/internal/engine"
	"plumbline/internal/run"
	"plumbline/models/generate"
)

// talk pipes lines to the chat and returns the answers.
func talk(t *testing.T, lines ...string) []run.Answer {
	t.Helper()
	code, stdout, stderr := with(t, strings.Join(lines, "\n"), false, "chat", "--model", tinyModel(t, 1), "--max-tokens", "8", "--json")
	if code != 0 || stderr != "" {
		t.Fatalf("%q: got %d, %q", lines, code, stderr)
	}
	return decode[run.Answer](t, stdout)
}

func TestChat_RemembersUntilReset(t *testing.T) {
	alone := talk(t, "a dog")
	after := talk(t, "the mat", "", "a dog")
	reset := talk(t, "the mat", "/reset", "a dog", "/quit", "never read")
	if len(alone) != 1 || len(after) != 2 || len(reset) != 2 {
		t.Fatalf("got %d, %d, %d answers, want 1, 2, 2", len(alone), len(after), len(reset))
	}
	if after[1].Text == alone[0].Text || reset[1].Text != alone[0].Text {
		t.Errorf("alone %q, after another turn %q, after /reset %q: want the first and the last alike", alone[0].Text, after[1].Text, reset[1].Text)
	}
}

func TestChat_AtATerminal(t *testing.T) {
	long := strings.Repeat("zq", 200)
	code, stdout, stderr := with(t, long+"\n/reset\nhi\n", true, "chat", "--model", tinyModel(t, 1), "--max-tokens", "4")
	want := "> (run: chat: generate: prompt 0: got "
	if code != 0 || !strings.HasPrefix(stderr, want) || !strings.HasSuffix(stderr, "; /reset begins anew)\n> (a new conversation begins)\n> > \n") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if strings.Count(stdout, "\n") < 2 { // the turn that failed, and the answer
		t.Errorf("got %q", stdout)
	}
	if code, _, stderr := with(t, long, false, "chat", "--model", tinyModel(t, 1)); code != 1 || !strings.Contains(stderr, "the model's context is 256") {
		t.Errorf("from a pipe: got %d, %q, want 1", code, stderr)
	}
}

// pressing is a terminal at which somebody presses Ctrl-C when the first text comes.
type pressing struct {
	text    bytes.Buffer
	c       chan os.Signal
	pressed bool
}

func (p *pressing) Write(b []byte) (int, error) {
	if !p.pressed {
		p.pressed = true
		p.c <- os.Interrupt
		time.Sleep(100 * time.Millisecond) // for the signal to arrive; without it the answer may be over before
	}
	return p.text.Write(b)
}

func TestChat_CtrlCStopsTheAnswerOnly(t *testing.T) {
	rt := engine.NewRuntime(1)
	defer rt.Close()
	s, err := run.OpenSpeaker(rt, tinyModel(t, 1), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	out := &pressing{c: make(chan os.Signal)}
	var people bytes.Buffer
	a := &app{streams: streams{Out: out, Err: &people, InTerminal: true, OutTerminal: true}}
	talk := s.Converse("", generate.Options{MaxNew: 30, Temperature: 1, Seed: 1}, nil)
	c := &chat{app: a, talk: talk, lines: readLines(strings.NewReader("a\nb\n")), interrupts: out.c}
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := people.String(); got != "> (stopped)\n> > \n" {
		t.Errorf("people read %q, want the first answer stopped and a second turn", got)
	}
	answers := strings.SplitAfterN(out.text.String(), "\n", 2)
	if len(answers[0]) >= len(answers[1]) {
		t.Errorf("got %q, want a short answer, then a long one", answers)
	}
}
