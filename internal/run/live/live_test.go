package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"plumbline/internal/train"
)

// story is a run: sft was done before, reward finishes, ppo is under way.
func story() []train.Event {
	events := []train.Event{
		{Kind: train.RunPlanned, Path: "runs/a", Stages: []string{"sft", "reward", "ppo", "eval"}},
		{Kind: train.StageSkipped, Stage: "sft"},
		{Kind: train.StageBegan, Stage: "reward", Steps: 1},
		{Kind: train.StepDone, Stage: "reward", Step: 1, Steps: 1, TimeS: 3, Metrics: train.Metrics{"accuracy": .75}},
		{Kind: train.StageDone, Stage: "reward", Step: 1, TimeS: 3, Metrics: train.Metrics{"accuracy": .75}},
		{Kind: train.StageBegan, Stage: "ppo", Step: 20, Steps: 100},
	}
	for i := range 10 {
		e := train.Event{Kind: train.StepDone, Stage: "ppo", Step: 21 + i, Steps: 100, TimeS: float64(i + 1)}
		e.Metrics = train.Metrics{"reward": float64(i), "kl": 12.345, "lr": 1e-5}
		events = append(events, e)
	}
	return append(events,
		train.Event{Kind: train.SampleDrawn, Stage: "ppo", Step: 30, Sample: &train.Sample{Model: "ppo", Step: 30, Prompt: "从前有一只猫", Response: "Once\x1b[2J upon\na time"}},
		train.Event{Kind: train.Saved, Stage: "ppo", Step: 30, Path: "runs/a/ppo/step-000030"})
}

func TestView(t *testing.T) {
	var p progress
	for _, e := range story() {
		p.apply(e)
	}
	want := `plumb runs/a

✓ sft       done before
✓ reward    0:03  accuracy 0.750
● ppo       ━━━━━━━━────────────────────  30/100  1:10 left
○ eval

  reward              9.000  ▁▂▃▃▄▅▆▆▇█
  kl                  12.35  ▁▁▁▁▁▁▁▁▁▁

  a sample of ppo at step 30
  从前有一只猫
  Once[2J upon a time

Ctrl-C saves and stops
`
	if got := p.view(84, 40); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// No size of a terminal is too small, and nothing ever wraps or scrolls.
func TestView_Fits(t *testing.T) {
	var p progress
	for _, e := range story() {
		p.apply(e)
		p.apply(train.Event{Kind: train.SampleDrawn, Sample: &train.Sample{Prompt: strings.Repeat("很长 ", 200), Response: strings.Repeat("word ", 500)}})
		for width := range 100 {
			for _, height := range []int{0, 1, 5, 24, 60} {
				lines := strings.Split(strings.TrimSuffix(p.view(width, height), "\n"), "\n")
				if len(lines) > max(1, height) {
					t.Fatalf("%d × %d: got %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if w := ansi.StringWidth(l); w > width {
						t.Fatalf("%d × %d: got a line of width %d: %q", width, height, w, l)
					}
				}
			}
		}
	}
}

func TestPlainAndJSON(t *testing.T) {
	var people, programs bytes.Buffer
	emit, stop := Start(Options{People: &people, Programs: &programs})
	for _, e := range story() {
		emit(e)
	}
	emit(train.Event{Kind: train.Note, Text: "saving"})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	want := `run      runs/a: sft, reward, ppo, eval
sft      was done before
reward   begins
reward   1/1  accuracy 0.750
reward   done in 0:03  accuracy 0.750
ppo      goes on after step 20 of 100
ppo      21/100  reward 0.000  kl 12.35  1:19 left
ppo      23/100  reward 2.000  kl 12.35  1:17 left
ppo      25/100  reward 4.000  kl 12.35  1:15 left
ppo      27/100  reward 6.000  kl 12.35  1:13 left
ppo      29/100  reward 8.000  kl 12.35  1:11 left
ppo      saved runs/a/ppo/step-000030
saving
`
	if got := people.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	lines := strings.Split(strings.TrimSpace(programs.String()), "\n")
	if len(lines) != len(story())+1 {
		t.Errorf("JSON: got %d lines, want %d", len(lines), len(story())+1)
	}
	if got, want := lines[3], `{"event":"step","stage":"reward","step":1,"steps":1,"time_s":3,"metrics":{"accuracy":0.75}}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("not JSON: %s", l)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestStart_ReportsABrokenPipe(t *testing.T) {
	emit, stop := Start(Options{People: brokenPipe{}, Programs: brokenPipe{}})
	emit(train.Event{Kind: train.Note, Text: "x"})
	if err := stop(); err == nil || strings.Count(err.Error(), "broken pipe") != 2 {
		t.Errorf("err = %v, want both broken pipes", err)
	}
}

// The view that moves, on something that is no terminal: it must end, and show the end.
func TestStart_Terminal(t *testing.T) {
	var out bytes.Buffer
	emit, stop := Start(Options{People: &out, Terminal: true})
	for _, e := range story() {
		emit(e)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "30/100") || strings.Contains(out.String(), "\x1b[2J upon") {
		t.Errorf("got %q", out.String())
	}
}

// gate is a terminal on which nobody else may write while it is shut.
type gate struct {
	mu   sync.Mutex
	text bytes.Buffer
	shut bool
	late int // writes while it was shut
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.late++
	}
	return g.text.Write(b)
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	g.text.Reset()
}

// While a person has the terminal nothing is shown; afterwards all that happened is.
func TestStart_GivesTheTerminalAway(t *testing.T) {
	var out gate
	emit, stop := Start(Options{People: &out, Terminal: true})
	for _, e := range story() {
		emit(e)
	}
	emit(train.Event{Kind: train.Waiting, Stage: "label", Text: "you"})
	out.set(true)
	emit(train.Event{Kind: train.StepDone, Stage: "ppo", Step: 77, Steps: 100, TimeS: 20, Metrics: train.Metrics{"reward": 1}})
	emit(train.Event{Kind: train.Note, Text: "heard while away"})
	time.Sleep(50 * time.Millisecond) // two frames of a view that did not stop
	out.set(false)
	emit(train.Event{Kind: train.Resumed, Stage: "label"})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if out.late > 0 {
		t.Errorf("got %d writes while the terminal was somebody else's", out.late)
	}
	if got := out.text.String(); !strings.Contains(got, "77/100") || !strings.Contains(got, "heard while away") {
		t.Errorf("got %q afterwards, want what happened meanwhile", got)
	}
}

func TestPlain_SaysThatItWaits(t *testing.T) {
	var out bytes.Buffer
	emit, stop := Start(Options{People: &out})
	emit(train.Event{Kind: train.Waiting, Stage: "label", Text: "you"})
	emit(train.Event{Kind: train.Resumed, Stage: "label"})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if want := "label    waits for you\nlabel    goes on\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// However long a run, its curve stays short and keeps its mean.
func TestCurve(t *testing.T) {
	var c curve
	for i := range 100_000 {
		c.add(float64(i))
	}
	sum := 0.0
	for _, v := range c.means {
		sum += v
	}
	kept := len(c.means) * c.stride
	if len(c.means) >= curvePoints || math.Abs(sum/float64(len(c.means))-float64(kept-1)/2) > 1e-6 {
		t.Errorf("got %d points of %d steps with mean %v, want < %d and %v", len(c.means), c.stride, sum/float64(len(c.means)), curvePoints, float64(kept-1)/2)
	}
}

func TestNumbers(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0:00", 6.6: "0:07", 754: "12:34", 3723: "1:02:03"} {
		if got := clock(seconds); got != want {
			t.Errorf("clock(%v): got %s, want %s", seconds, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0.000", .0001: "1.00e-04", -3.14159: "-3.142", 42: "42.00", 512.25: "512.2", 12345: "12345", 2e7: "2.00e+07"} {
		if got := figure(v); got != want {
			t.Errorf("figure(%v): got %s, want %s", v, got, want)
		}
	}
	if got := fmt.Sprint(clean("a\x1b]0;x\x07\u202eb\tc")); got != "a]0;xb c" {
		t.Errorf("clean: got %q", got)
	}
}
