package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run does not care where it happens: paths in a run file are relative to the working
// directory, directories may have spaces and other letters, there need be no home.
func TestPlace(t *testing.T) {
	at := filepath.Join(t.TempDir(), "it's 我的 place")
	for _, dir := range []string{"data", "files"} {
		if err := os.MkdirAll(filepath.Join(at, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(at)
	writeTo(t, "data/text.txt", strings.Join([]string{"A cat sat.", "It was glad.", "The dog ran home.", "It slept.", "One more line.", "And the last."}, "\n\n"))
	writeTo(t, "files/run.yaml", strings.Replace(read(t, tiny), "  synthetic: {documents: 120, held_out: 8, examples: 120}", "  text: [data/text.txt]\n  eval_share: 0.5", 1)+"\n")
	args := []string{"run", "files/run.yaml", "--set", "stages=[base]"}
	for _, out := range []string{"", "my runs/first one", "plain"} {
		cmd := process(t, []string{"HOME=", "XDG_CONFIG_HOME=", "TERM="}, args...)
		if out != "" {
			cmd.Args = append(cmd.Args, "--out", out)
		} else {
			out = "runs/tiny"
		}
		if code, stderr := exited(t, cmd); code != 0 {
			t.Fatalf("%s: got exit status %d:\n%s", out, code, stderr)
		}
		if got, want := read(t, out+"/base/last/model.safetensors"), read(t, "runs/tiny/base/last/model.safetensors"); got != want {
			t.Errorf("%s: its weights differ", out)
		}
	}
}

// Where no temporary file can be made, the message names the setting that says where.
func TestPlace_NoTemporaryDirectory(t *testing.T) {
	code, stderr := exited(t, process(t, []string{"TMPDIR=/nowhere"}, "run", tiny, "--out", filepath.Join(t.TempDir(), "run")))
	if code != exitFailed || !strings.Contains(stderr, "(TMPDIR)") || !strings.Contains(stderr, "/nowhere") {
		t.Errorf("got exit status %d:\n%s", code, stderr)
	}
}
