package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/run"
	"plumbline/internal/train"
)

// rankings is a store of n conversations with two answers or three, ranked by two
// annotators who both know VADER's order.
func rankings(t *testing.T, n int) (db string) {
	t.Helper()
	dir := t.TempDir()
	db = filepath.Join(dir, "labels.db")
	task := write(t, "task.yaml", "candidates: 0\nquestions: [{key: better, kind: ranking, ties: true}]\n")
	var lines strings.Builder
	for i := range n {
		middle := []string{"", `{"text": "It was."}, `}[i%2]
		fmt.Fprintf(&lines, `{"id": "%d", "prompt": [{"role": "user", "content": "How was day %d?"}], "candidates": [{"text": %q}, %s{"text": %q}]}`+"\n", i, i, bad, middle, good)
	}
	done(t, "label", "init", db, "--task", task, "--overlap", "2")
	done(t, "label", "import", db, write(t, "items.jsonl", lines.String()))
	done(t, "label", "simulate", db, "--scorer", "vader", "--annotators", "2", "--skill", "1")
	return db
}

// reward trains a reward model on what the settings say.
func reward(t *testing.T, out, model string, more ...string) {
	t.Helper()
	args := []string{
		"reward", tiny, "--out", out, "--set", "stages=[reward]", "--set", "model.path=" + model,
		"--set", "reward.epochs=1", "--set", "reward.margin=1", "--set", "reward.eval_every=0",
	}
	for _, s := range more {
		args = append(args, "--set", s)
	}
	done(t, args...)
}

// The same judgements make the same first step in every form they are exported in: a
// ranking of three weighs one, as three pairs of a third each or as one comparison.
func TestReward_OnExports(t *testing.T) {
	base, db := filepath.Join(t.TempDir(), "base"), rankings(t, 12)
	done(t, "run", tiny, "--out", base, "--set", "stages=[base]")
	model := filepath.Join(base, "base", "last")
	losses := map[string]float64{}
	for _, format := range []string{"comparisons", "trl", "hh", "kwise"} {
		dir := t.TempDir()
		done(t, "label", "export", db, "--format", format, "--out", dir, "--split", "train=.5,validation=.5")
		learn, held := filepath.Join(dir, format+".train.jsonl"), filepath.Join(dir, format+".validation.jsonl")
		out := filepath.Join(t.TempDir(), "rm")
		b, err := os.ReadFile(learn)
		if err != nil {
			t.Fatal(err)
		}
		all := fmt.Sprintf("reward.batch_size=%d", strings.Count(string(b), "\n")) // one step over each of them
		reward(t, out, model, all, "data.comparisons=["+learn+"]", "data.eval_comparisons=["+held+"]")
		rows, err := train.ReadMetrics(out)
		if err != nil || len(rows) == 0 {
			t.Fatal(rows, err)
		}
		losses[format] = rows[0].Metrics["loss"]
		checkProvenance(t, out, learn)
	}
	for format, loss := range losses {
		if math.Abs(loss-losses["comparisons"]) > 1e-5 || loss < .1 {
			t.Errorf("%s: got a loss of %v, want that of comparisons, %v", format, loss, losses["comparisons"])
		}
	}
}

// checkProvenance finds the judgements of the run and of its checkpoint, by hash and by name.
func checkProvenance(t *testing.T, out, learn string) {
	t.Helper()
	last := filepath.Join(out, "reward", "last")
	p, err := run.ReadProvenance(last)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := os.ReadFile(filepath.Join(last, run.JudgedFile))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(listed); p.Judgements != hex.EncodeToString(sum[:]) || strings.Count(string(listed), "\n") != 2*12-1 {
		t.Errorf("got judgements %q with hash %s", listed, p.Judgements)
	}
	m, err := run.ReadManifest(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Stages {
		for i, in := range s.Inputs {
			if in.Path != learn {
				continue
			}
			if in.Export == nil || in.Export.Head == "" || p.Inputs[i].Export == nil || p.Inputs[i].Export.Split != "train" || p.Inputs[i].Export.Project != "labels" {
				t.Errorf("got %+v and %+v of %s, want its export", in.Export, p.Inputs[i].Export, learn)
			}
			return
		}
	}
	t.Errorf("run.json has no input %s", learn)
}

// From a withdrawal to the checkpoint that learnt from it, on the command line.
func TestRunsLineage_Stale(t *testing.T) {
	base, db, dir := filepath.Join(t.TempDir(), "base"), rankings(t, 8), t.TempDir()
	done(t, "run", tiny, "--out", base, "--set", "stages=[base]")
	file, out := filepath.Join(dir, "prefs.jsonl"), filepath.Join(dir, "rm")
	done(t, "label", "export", db, "--out", file)
	reward(t, out, filepath.Join(base, "base", "last"), "data.comparisons=["+file+"]", "reward.eval_share=0.5")
	lineage := func(args ...string) string {
		code, stdout, stderr := plumb(t, append([]string{"runs", "lineage", out}, args...)...)
		if code != 0 {
			t.Fatalf("got %d, %q", code, stderr)
		}
		return stdout
	}
	if text := lineage(); !strings.Contains(text, "16 judgements, none withdrawn\n") {
		t.Errorf("got %s", text)
	}
	done(t, "label", "withdraw", db, "sim-01", "--reason", "a test")
	if text := lineage(); !strings.Contains(text, "  stale: 8 of 16 judgements withdrawn (sim-01, ") {
		t.Errorf("got %s", text)
	}
	var tree run.Ancestor
	if err := json.Unmarshal([]byte(strings.Split(lineage("--json"), "\n")[0]), &tree); err != nil || tree.Learnt == nil || tree.Learnt.Withdrawn != 8 || tree.Learnt.By[0].Annotator != "sim-01" {
		t.Errorf("got %+v, %v", tree, err)
	}
}

func TestReward_ComparisonsFaults(t *testing.T) {
	prefs := write(t, "prefs.jsonl", `{"prompt": "Q", "chosen": "A", "rejected": "B"}`+"\n")
	base := filepath.Join(t.TempDir(), "base")
	done(t, "run", tiny, "--out", base, "--set", "stages=[base]")
	for _, tt := range []struct {
		sets []string
		code int
		want string
	}{
		{[]string{"data.comparisons=[nowhere.jsonl]"}, 2, "data.comparisons: stat nowhere.jsonl: no such file"},
		{[]string{"data.comparisons=[" + prefs + "]", "data.eval_comparisons=[" + prefs + "]"}, 1, "prefs.jsonl:1\" is learnt from, but data.eval_comparisons has its prompt too"},
		{nil, 2, "stages: got no label, want it before reward, or data.comparisons"},
	} {
		args := []string{"reward", tiny, "--out", filepath.Join(t.TempDir(), "rm"), "--set", "stages=[reward]", "--set", "model.path=" + filepath.Join(base, "base", "last")}
		for _, s := range tt.sets {
			args = append(args, "--set", s)
		}
		if code, _, stderr := plumb(t, args...); code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: got %d, %q, want %d, %q", tt.sets, code, stderr, tt.code, tt.want)
		}
	}
}
