package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A crowd of several kinds comes from a file, and the flags that it replaces are refused
// beside it.
func TestLabelSimulate_Crowd(t *testing.T) {
	dir := t.TempDir()
	db, crowd := filepath.Join(dir, "labels.db"), filepath.Join(dir, "crowd.yaml")
	pairs := filepath.Join(dir, "pairs.jsonl")
	var lines strings.Builder
	for i := range 20 {
		lines.WriteString(`{"id":"` + strings.Repeat("i", i+1) + `","prompt":"p","candidates":[{"text":"I love it"},{"text":"I hate it"}]}` + "\n")
	}
	for path, text := range map[string]string{
		pairs: lines.String(),
		crowd: "- {handle: good, count: 2, skill: 1, disconnect: 1, duplicate: 1}\n- {handle: late, sleeper: 1, skill: 1}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done(t, "label", "init", db, "--overlap", "3")
	done(t, "label", "import", db, pairs)
	code, out, stderr := plumb(t, "label", "simulate", db, "--scorer", "vader", "--crowd", crowd)
	want := "60 judged, 60 of them right; 0 were judged before, 0 are left\n"
	if code != 0 || !strings.HasPrefix(out, want) || !strings.Contains(out, "40 drafts gone on with, 40 answers sent twice, 0 annotators stopped") {
		t.Errorf("got %d, %q, %q, want %q and what happened on the way", code, out, stderr, want)
	}
	for _, c := range []struct{ flags, fault string }{
		{"--crowd " + crowd + " --skill 1", "crowd skill"},
		{"--crowd " + dir + "/none.yaml", "none.yaml"},
		{"--crowd " + pairs, "pairs.jsonl"},
		{"--skill 2", "skill: got 2"},
	} {
		args := append([]string{"label", "simulate", db}, strings.Fields(c.flags)...)
		if code, _, stderr := plumb(t, args...); code != exitUsage || !strings.Contains(stderr, c.fault) {
			t.Errorf("%s: got %d, %q, want %d, %q", c.flags, code, stderr, exitUsage, c.fault)
		}
	}
}
