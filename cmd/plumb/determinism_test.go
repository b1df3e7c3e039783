package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/kernel"
)

// wide makes of tiny a run whose matrices are large enough to be shared by workers.
var wide = []string{
	"--set", "model.width=64", "--set", "model.heads=4", "--set", "model.kv_heads=2", "--set", "model.ffn=160", "--set", "model.layers=2",
	"--set", "base.batch_size=32", "--set", "base.micro_tokens=2048", "--set", "base.steps=6",
	"--set", "sft.batch_size=32", "--set", "sft.micro_tokens=2048", "--set", "sft.steps=6",
	"--set", "sample.prompts=48", "--set", "sample.pairs=1", "--set", "sample.batch=48",
	"--set", "reward.micro_tokens=2048", "--set", "ppo.rollouts=32", "--set", "ppo.sample_batch=32", "--set", "ppo.micro_tokens=2048", "--set", "ppo.updates=3",
}

// One thread and two make the same files, bit for bit, with every build of the kernels,
// whole models and adapters, and both families.
func TestDeterminism_Threads(t *testing.T) {
	adapters := []string{"--set", "sft.lora.rank=4", "--set", "reward.lora.rank=4", "--set", "ppo.lora.rank=4"}
	gpt2 := []string{"--set", "model.family=gpt2", "--set", "base.checkpoint=true", "--set", "sft.checkpoint=true", "--set", "ppo.checkpoint=true"}
	best := kernel.ISAs()[0]
	tests := []struct {
		name, isa string
		sets      []string
	}{{"adapters", best, adapters}, {"gpt2, activations computed again", best, gpt2}}
	for _, isa := range kernel.ISAs() {
		if isa != "go" { // the reference has no workers and is slow
			tests = append(tests, struct {
				name, isa string
				sets      []string
			}{isa, isa, nil})
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			same(t, "two threads", withThreads(t, tt.isa, "2", tt.sets), withThreads(t, tt.isa, "1", tt.sets))
		})
	}
}

// withThreads is the result of wide with a number of threads, which is left out of it.
func withThreads(t *testing.T, isa, threads string, sets []string) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args := slices.Concat([]string{"run", tiny, "--out", dir, "--set", "threads=" + threads}, wide, sets)
	if code, stderr := exited(t, process(t, []string{"PLUMB_ISA=" + isa}, args...)); code != 0 {
		t.Fatalf("%s threads: got exit status %d:\n%s", threads, code, stderr)
	}
	files := result(t, dir)
	files["run.json"] = strings.Replace(files["run.json"], `"threads":`+threads, `"threads":0`, 1)
	return files
}

// What a run makes does not tell where it was made, so that it is the same elsewhere.
func TestDeterminism_HoldsNoPaths(t *testing.T) {
	at := t.TempDir()
	t.Chdir(at)
	done(t, "run", tiny, "--out", "here")
	files := result(t, "here")
	same(t, "made by a relative path elsewhere", files, undisturbed(t).files)
	for name, text := range files {
		if strings.Contains(text, at) || strings.Contains(text, "testdata") {
			t.Errorf("%s holds a path of this machine", name)
		}
	}
}
