package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

// small makes the quickstart a matter of seconds.
func small(args ...string) []string {
	for _, set := range []string{
		"data.synthetic.documents=300", "data.synthetic.held_out=10", "data.synthetic.examples=200",
		"model.width=32", "model.layers=1", "model.heads=2", "model.kv_heads=1", "model.ffn=32",
		"base.steps=3", "base.warmup=0", "base.eval_every=0", "base.batch_size=8", "sft.steps=3", "sft.warmup=0", "sft.eval_every=0", "sft.batch_size=8",
		"sample.prompts=12", "sample.max_tokens=8", "reward.epochs=1", "reward.warmup=0", "reward.eval_share=0.3",
		"ppo.updates=1", "ppo.rollouts=8", "ppo.minibatches=1", "ppo.epochs=1", "ppo.max_new_tokens=8", "ppo.eval_every=0", "eval.prompts=6", "eval.resamples=100",
	} {
		args = append(args, "--set", set)
	}
	return args
}

// states are the stages of a run that are in a state.
func states(t *testing.T, dir string, state run.StageState) (names []string) {
	t.Helper()
	m, err := run.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Stages {
		if s.State == state {
			names = append(names, s.Name)
		}
	}
	return names
}

func TestStages_OneByOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	code, _, stderr := plumb(t, small("sft", "quickstart.yaml", "--out", dir)...)
	if want := "stage sft builds on base, which is not done: run base first"; code != 1 || !strings.Contains(stderr, want) {
		t.Fatalf("got %d, %q, want 1, %q", code, stderr, want)
	}
	for i, verb := range []string{"pretrain", "sft", "sample", "label run", "reward", "ppo", "eval"} {
		args := append(strings.Fields(verb), "quickstart.yaml", "--out", dir, "-q")
		if code, _, stderr := plumb(t, small(args...)...); code != 0 {
			t.Fatalf("%s: got %d, %q", verb, code, stderr)
		}
		if done := states(t, dir, run.Done); !slices.Equal(done, run.Stages()[:i+1]) {
			t.Errorf("after %s: got %v done, want %v", verb, done, run.Stages()[:i+1])
		}
	}
	if code, _, stderr := plumb(t, small("run", "quickstart.yaml", "--out", dir)...); code != 0 || strings.Count(stderr, "was done before") != 7 {
		t.Errorf("the whole run afterwards: got %d, %q, want nothing left to do", code, stderr)
	}
}

func TestStages_Faults(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a")
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", []string{"ppo"}, "accepts 1 arg(s), received 0"},
		{"missing file", []string{"ppo", "nowhere.yaml"}, "configs: nowhere.yaml: no such file"},
		{"a misspelt verb of eval", []string{"eval", "perplexty"}, "configs: perplexty: no such file"},
		{"wrong key", []string{"sft", "quickstart.yaml", "--set", "sft.lrr=1"}, "sft.lrr: unknown key; did you mean sft.lr?"},
		{"not a stage of the run", []string{"ppo", "quickstart.yaml", "--set", "stages=[base,sft]"}, "quickstart.yaml: stages: got base, sft, want ppo among them"},
		{"nothing to resume", []string{"sft", "quickstart.yaml", "--resume"}, "--resume: run: open"},
		{"arguments of quickstart", []string{"quickstart", "x.yaml"}, `unknown command "x.yaml" for "plumb quickstart"`},
		{"no terminal to judge at", []string{"quickstart", "--label"}, "label.mode is open, but this is no terminal to judge at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := plumb(t, append(tt.args, "--out", out)...)
			if code != exitUsage || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("got %d, %q, want 2, %q", code, stderr, tt.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a run directory was made")
			}
		})
	}
}

// judgeOne is a person who prefers the left of the first pair and leaves.
func judgeOne(ctx context.Context, s labeling.Store, annotator string, o tui.Options) (tui.Result, error) {
	a, err := s.Enrol(ctx, labeling.Annotator{Handle: annotator})
	if err != nil {
		return tui.Result{}, err
	}
	w, err := s.Claim(ctx, labeling.ClaimRequest{Project: o.Project, Annotator: a.ID, For: time.Minute})
	if err != nil {
		return tui.Result{}, err
	}
	return tui.Result{Judged: 1}, s.Submit(ctx, labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: labeling.Prefer("preference", w.Shown[0], w.Shown[1], 4)})
}

func TestQuickstart_APersonJudgesAndTheRunGoesOn(t *testing.T) {
	t.Setenv("USER", "ada")
	dir := filepath.Join(t.TempDir(), "a")
	var out, people bytes.Buffer
	s := streams{In: strings.NewReader(""), Out: &out, Err: &people, InTerminal: true, OutTerminal: true, Screen: judgeOne}
	if code := execute(t.Context(), s, small("quickstart", "--label", "--out", dir)); code != 0 {
		t.Fatalf("got %d, %q", code, people.String())
	}
	if done := states(t, dir, run.Done); !slices.Equal(done, run.Stages()) {
		t.Errorf("got %v done, want all", done)
	}
	if want := "label    waits for the judgements of the person at this terminal\nlabel    goes on\n"; !strings.Contains(people.String(), want) {
		t.Errorf("people read %q, want %q", people.String(), want)
	}
	if by := judgedBy(t, filepath.Join(dir, run.LabelsFile)); by["ada"] != 1 || len(by) < 3 {
		t.Errorf("judgements by annotator: got %v, want one by ada and the rest by others", by)
	}
}

// A screen that fails stops the run at the label stage, which the same call goes on with.
func TestQuickstart_ScreenFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	var out, people bytes.Buffer
	s := streams{In: strings.NewReader(""), Out: &out, Err: &people, InTerminal: true, OutTerminal: true}
	s.Screen = func(context.Context, labeling.Store, string, tui.Options) (tui.Result, error) {
		return tui.Result{}, errors.New("the lamp is broken")
	}
	t.Setenv("USER", "ada")
	if code := execute(t.Context(), s, small("quickstart", "--label", "--out", dir)); code != 1 || !strings.Contains(people.String(), "the lamp is broken") {
		t.Errorf("got %d, %q", code, people.String())
	}
	if running := states(t, dir, run.Running); !slices.Equal(running, []string{run.StageLabel}) {
		t.Errorf("got %v under way, want label", running)
	}
}

func judgedBy(t *testing.T, path string) map[string]int {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only read
	by := map[string]int{}
	for j, err := range s.Judged(t.Context(), "quickstart") {
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range j.Judgements {
			by[x.Annotator]++
		}
	}
	return by
}
