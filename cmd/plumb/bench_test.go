package main

import (
	"strings"
	"testing"

	"plumbline/internal/bench"
	"plumbline/internal/kernel"
)

func TestBench_PrintsFigures(t *testing.T) {
	for name, args := range map[string][]string{
		"sft":    {"bench", "sft", "--arch", "llama-15m", "--batch", "1", "--length", "8", "--steps", "2", "--threads", "1"},
		"decode": {"bench", "decode", "--arch", "llama-15m", "--batch", "2", "--prompt", "4", "--steps", "2", "--threads", "1"},
	} {
		code, stdout, stderr := plumb(t, append(args, "--json")...)
		rs := decode[bench.Speed](t, stdout)
		if code != 0 || len(rs) != 1 {
			t.Fatalf("%s: got %d, %q, %q", name, code, stdout, stderr)
		}
		if r := rs[0]; !(r.TokS > 0 && r.GFLOPS > 0 && r.Peak > 0) || r.Arch != "llama-15m" || r.Steps != 2 || r.Threads != 1 || r.ISA != kernel.Active() {
			t.Errorf("%s: got %+v", name, r)
		}
		for _, key := range []string{`"tok_s":`, `"gflops":`, `"peak_rss_mb":`, `"share":`} { // what others read
			if !strings.Contains(stdout, key) {
				t.Errorf("%s: got %q, want %s in it", name, stdout, key)
			}
		}
		if _, stdout, _ := plumb(t, args...); !strings.Contains(stdout, "tokens/s") {
			t.Errorf("%s: people read %q", name, stdout)
		}
	}
}

func TestBench_Faults(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"sft", "--arch", "gpt5"}, `arch: got "gpt5", want one of gpt2-124m, gpt2-355m`},
		{[]string{"sft", "--length", "4096", "--steps", "0"}, "length: got 4096, want 2 to 1024\nsteps: got 0, want 1"},
		{[]string{"decode", "--prompt", "1000", "--steps", "64"}, "steps: got 64, want 1 to 22"},
		{[]string{"kernel", "--threads", "-1"}, "--threads: got -1, want ≥ 0"},
		{[]string{"kernal"}, `unknown command "kernal" for "plumb bench"`},
	} {
		if code, _, stderr := plumb(t, append([]string{"bench"}, tt.args...)...); code != exitUsage || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: got %d, %q, want 2, %q", tt.args, code, stderr, tt.want)
		}
	}
}
