package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/dataset"
	"plumbline/labeling"
)

// Each part of a split is recorded, and what stands beside it leads to the store; all
// parts together hold every prompt once.
func TestLabelExport_Split(t *testing.T) {
	db := labels(t, 40)
	done(t, "label", "simulate", db, "--scorer", "vader", "--annotators", "2", "--skill", "1")
	out := filepath.Join(t.TempDir(), "new")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := plumb(t, "label", "export", db, "--format", "trl", "--out", out, "--split", "train=.6,test=.4", "--weights", "dawid-skene", "--json")
	if code != 0 {
		t.Fatalf("got %d, %q", code, stderr)
	}
	seen := map[string]bool{}
	for i, o := range decode[labeling.Origin](t, stdout) {
		part := []string{"train", "test"}[i]
		file := filepath.Join(out, "trl."+part+".jsonl")
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		beside, err := labeling.ReadOrigin(file)
		if sum := sha256.Sum256(b); err != nil || o.SHA256 != hex.EncodeToString(sum[:]) || beside.SHA256 != o.SHA256 || beside.Parts[part] != o.SHA256 {
			t.Errorf("%s: got %+v, %+v, %v of other bytes", part, o, beside, err)
		}
		if beside.Store != db || beside.Project != "labels" || beside.Weights != "dawid-skene" || beside.Head == "" || beside.At.IsZero() {
			t.Errorf("%s: got %+v", part, beside)
		}
		all, err := dataset.Collect(dataset.Comparisons(file, dataset.Options{}))
		if err != nil || len(all) != o.Lines {
			t.Fatalf("%s: read %d comparisons, %v, want %d", part, len(all), err, o.Lines)
		}
		for _, c := range all {
			if seen[c.Key()] || c.Candidates[0] != good {
				t.Errorf("%s: got %+v, want a new prompt and the good one chosen", part, c)
			}
			seen[c.Key()] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("got %d prompts, want all 40", len(seen))
	}
}

func TestLabelExport_TellsWhatIsLeftOut(t *testing.T) {
	db := labels(t, 3)
	out := filepath.Join(t.TempDir(), "hh.jsonl")
	_, stdout, _ := plumb(t, "label", "export", db, "--format", "hh", "--out", out)
	if want := fmt.Sprintf("%s: 0 lines of 0 judgements, sha256 %x\n3 items left out: not judged\n", out, sha256.Sum256(nil)); stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
}

func TestLabelExport_Faults(t *testing.T) {
	db := labels(t, 1)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--weights", "mean"}, 2, `--weights: got "mean", want votes or dawid-skene`},
		{[]string{"--split", "train=1"}, 2, "--split: got it without --out"},
		{[]string{"--split", "train=.5", "--out", "x"}, 2, "--split: got shares that add up to 0.5, want 1"},
		{[]string{"--question", "helpful"}, 1, `question: got "helpful"`},
		{[]string{"--format", "kto", "--threshold", "3"}, 1, "threshold: got 3, want points of a rating"},
	} {
		code, _, stderr := plumb(t, append([]string{"label", "export", db}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: got %d, %q, want %d, %q", tt.args, code, stderr, tt.code, tt.want)
		}
	}
}
