package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/internal/train"
)

// TestBadInput_Runs: a run directory that was tampered with, or that is gone on with
// otherwise than it began, is refused and left as it is.
func TestBadInput_Runs(t *testing.T) {
	half := interrupted(t, train.StepDone, "sft", 5, "run", tiny)
	again := func(sets ...string) []string { return append([]string{tiny, "--out", "OUT"}, sets...) }
	put := func(name, text string) func(*testing.T, scene) {
		return func(t *testing.T, c scene) { writeTo(t, filepath.Join(c.out, name), text) }
	}
	cut := func(name string) func(*testing.T, scene) {
		return func(t *testing.T, c scene) {
			path := filepath.Join(c.out, name)
			writeTo(t, path, read(t, path)[:len(read(t, path))/2])
		}
	}
	gone := func(name string) func(*testing.T, scene) {
		return func(t *testing.T, c scene) {
			if err := os.Remove(filepath.Join(c.out, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	runBad(t, scene{out: half}, []badCase{
		{name: "a setting changed", args: again("--set", "sft.lr=1e-4"), code: 2, want: []string{"OUT: stage sft began with other settings or inputs:", "sft.lr: was 0.002, is 0.0001", "--redo sft"}},
		{name: "the seed changed", args: again("--set", "seed=8"), code: 2, want: []string{"stage base began with other", "seed: was 7, is 8", "--redo base"}},
		{name: "the data changed", args: again("--set", "data.synthetic.examples=99"), code: 2, want: []string{"data.synthetic.examples: was 120, is 99", "--redo base"}},
		{name: "run.json is no JSON", args: again(), change: put("run.json", "{"), want: []string{"OUT/run.json"}},
		{name: "run.json of another format", args: again(), change: put("run.json", `{"format": 2}`), want: []string{"OUT/run.json: got format 2, want 1"}},
		{name: "metrics that are no JSON", args: again(), change: func(t *testing.T, c scene) {
			path := filepath.Join(c.out, "metrics.jsonl")
			writeTo(t, path, strings.Replace(read(t, path), "\n", "\n<html>\n", 2))
		}, want: []string{"OUT/metrics.jsonl:2:"}},
		{name: "state cut short", args: again(), change: cut("sft/last/state.json"), want: []string{"OUT/sft/last/state.json"}},
		{name: "state of another stage", args: again(), change: func(t *testing.T, c scene) {
			path := filepath.Join(c.out, "sft/last/state.json")
			writeTo(t, path, strings.Replace(read(t, path), `"sft"`, `"base"`, 1))
		}, want: []string{"sft: resume from OUT/sft/last: got stage base"}},
		{name: "optimiser cut short", args: again(), change: cut("sft/last/optimizer.safetensors"), want: []string{"OUT/sft/last/optimizer.safetensors"}},
		{name: "optimiser gone", args: again(), change: gone("sft/last/optimizer.safetensors"), want: []string{"OUT/sft/last/optimizer.safetensors: no such file"}},
		{name: "weights cut short", args: again(), change: cut("sft/last/model.safetensors"), want: []string{"OUT/sft/last/model.safetensors"}},
		{name: "weights of the stage before gone", args: again(), change: gone("base/last/model.safetensors"), want: []string{"OUT/base/last/model.safetensors: no such file"}},
		{name: "the run directory is a file", args: []string{tiny, "--out", "FILE"}, want: []string{"FILE", "not a directory"}},
	})
	whole := copied(t, half)
	done(t, "run", tiny, "--out", whole)
	same(t, "not tampered with", result(t, whole), undisturbed(t).files)
}

// interrupted is a run that got Ctrl-C after an event of a stage's step.
func interrupted(t *testing.T, kind train.Kind, stage string, step int, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "half")
	w := watch(t, append(args, "--out", dir)...)
	for e := range w.events {
		if e.Kind == kind && e.Stage == stage && e.Step == step {
			w.cmd.Process.Signal(os.Interrupt) //nolint:errcheck // seen by its exit status
		}
	}
	if code := w.wait(t); code != exitInterrupted {
		t.Fatalf("got exit status %d, want 130:\n%s", code, &w.stderr)
	}
	return dir
}

func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "run")
	copyTree(t, dir, to)
	return to
}

// A rate that makes the loss infinite stops the stage with advice; what was made before
// it is whole, and made again with a better rate the run ends as if nothing had been.
func TestNaNLoss(t *testing.T) {
	for _, tt := range []struct{ stage, set string }{
		{"base", "base.lr=1e30"}, {"sft", "sft.lr=1e30"}, {"reward", "reward.lr=1e30"}, {"ppo", "ppo.lr=1e30"},
	} {
		t.Run(tt.set, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			code, _, stderr := plumb(t, "run", tiny, "--out", dir, "--set", tt.set)
			key := tt.set[strings.Index(tt.set, ".")+1 : strings.Index(tt.set, "=")]
			if code != exitFailed || !strings.Contains(stderr, "train: "+tt.stage+" step ") || !strings.Contains(stderr, "lower "+key) {
				t.Errorf("got exit status %d, want 1, the stage's step and %s:\n%s", code, "lower "+key, lastLines(stderr))
			}
			if code, _, stderr := plumb(t, "run", tiny, "--out", dir); code != exitUsage || !strings.Contains(stderr, "--redo "+tt.stage) {
				t.Errorf("with the rate mended: got exit status %d, want 2 and --redo %s:\n%s", code, tt.stage, lastLines(stderr))
			}
			done(t, "run", tiny, "--out", dir, "--redo", tt.stage)
			same(t, "made again", result(t, dir), undisturbed(t).files)
		})
	}
}

// scored is a run whose PPO maximises what a program says.
var scored = []string{"--set", "stages=[base, sft, ppo]", "--set", "score.model=0", "--set", "ppo.updates=4"}

// byProgram gives the score to a program, DIR/score.
func byProgram(dir string, timeout time.Duration) []string {
	return append([]string{
		"--set", "score.others=[{kind: program, weight: 1, command: ['" + filepath.Join(dir, "score") + "'], timeout: " + timeout.String() + "}]",
	}, scored...)
}

// script makes DIR/score: sh that answers line $n, whose JSON is $line.
func script(t *testing.T, dir, body string) {
	t.Helper()
	path := filepath.Join(dir, "score")
	writeTo(t, path, "#!/bin/sh\nn=0\nwhile read -r line; do n=$((n+1))\n"+body+"\ndone\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

const goodAnswer = `echo "{\"id\": $n, \"score\": 0.$((${#line} % 10))}"`

// A reward program that fails, however it does, is named with the line and what it
// said; once it is mended the run goes on and ends as if it had never failed.
func TestRewardProgram(t *testing.T) {
	dir := t.TempDir()
	script(t, dir, goodAnswer)
	args := append([]string{"run", tiny}, byProgram(dir, time.Second)...)
	done(t, append(args, "--out", filepath.Join(dir, "good"))...)
	want := result(t, filepath.Join(dir, "good"))
	for _, tt := range []struct{ name, body, want string }{
		{"garbage", `echo hello`, `line 20: got "hello", want {"id": 20, "score": a finite number}`},
		{"not a number", `echo "{\"id\": $n, \"score\": NaN}"`, `line 20: got `},
		{"infinite", `echo "{\"id\": $n, \"score\": 1e999}"`, `line 20: got `},
		{"no score", `echo "{\"id\": $n}"`, `line 20: got `},
		{"another line's answer", `echo "{\"id\": 3, \"score\": 1}"`, `line 20: got an answer to line 3`},
		{"hangs", `sleep 60`, "line 20: got no answer in 1s"},
		{"ends", `echo "out of memory" >&2; exit 3`, "line 20: ended without an answer: unexpected EOF (exit status 3); it said: out of memory"},
		{"ends in a line", `printf '{"id"'; exit 0`, `line 20: got an answer cut short`},
		{"is killed", `kill -9 $$`, "line 20: ended without an answer: unexpected EOF (signal: killed)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			script(t, dir, `if [ $n -lt 20 ]; then `+goodAnswer+"\nelse\n"+tt.body+"\nfi")
			code, _, stderr := plumb(t, append(args, "--out", out)...)
			if code != exitFailed || !strings.Contains(stderr, "program "+filepath.Join(dir, "score")+": ") || !strings.Contains(stderr, tt.want) {
				t.Errorf("got exit status %d, want 1 and %q:\n%s", code, tt.want, lastLines(stderr))
			}
			script(t, dir, goodAnswer)
			done(t, append(args, "--out", out)...)
			same(t, "mended", result(t, out), want)
		})
	}
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove, "not executable": func(path string) error { return os.Chmod(path, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			script(t, dir, goodAnswer)
			if err := spoil(filepath.Join(dir, "score")); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "run")
			code, _, stderr := plumb(t, append(args, "--out", out)...)
			if code != exitUsage || !strings.Contains(stderr, "score.others[0].command: got "+filepath.Join(dir, "score")) {
				t.Errorf("got exit status %d, want 2 and the key:\n%s", code, lastLines(stderr))
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("it began all the same")
			}
		})
	}
}

// Evaluation needs unseen prompts, and says how to get them.
func TestNoUnseenPrompts(t *testing.T) {
	dir := t.TempDir()
	base, file := filepath.Join(dir, "base"), filepath.Join(dir, "run.yaml")
	done(t, "run", tiny, "--out", base, "--set", "stages=[base]")
	writeTo(t, filepath.Join(dir, "prompts.txt"), "one\ntwo\nthree\n")
	writeTo(t, file, "stages: [eval]\nmodel: {path: "+base+"/base/last}\ndata: {prompts: ["+dir+"/prompts.txt], eval_share: 0.01}\n")
	code, _, stderr := plumb(t, "run", file, "--out", filepath.Join(dir, "eval"))
	if code != exitFailed || !strings.Contains(stderr, "eval: got 0 unseen prompts, want ≥ 2: raise data.eval_share or bring more data") {
		t.Errorf("got exit status %d:\n%s", code, stderr)
	}
}
