package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// questions is a file of n prompts, texts and conversations in turn.
func questions(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		if i%2 == 0 {
			fmt.Fprintf(&b, `{"id": "q%d", "prompt": "the cat %d"}`+"\n", i, i)
		} else {
			fmt.Fprintf(&b, `{"id": "q%d", "messages": [{"role": "user", "content": "a dog? %d"}]}`+"\n", i, i)
		}
	}
	return write(t, "prompts.jsonl", b.String())
}

// Two models at two temperatures answer evenly. What is written is what is imported, and
// what an annotator gets; the same items again are none, those of another seed are new.
func TestLabelSample_IntoAStore(t *testing.T) {
	db, out := labels(t, 0), filepath.Join(t.TempDir(), "candidates.jsonl")
	prompts, a, b := questions(t, 8), tinyModel(t, 1), tinyModel(t, 2)
	args := []string{"sample", prompts, "--model", a, "--model", b, "--temperature", "0.7,1", "--max-tokens", "6", "--out", out, "--into", db, "-q"}
	done := must[sampled](t, args...)
	if done.Items != 8 || done.Answers != 16+done.Redrawn || done.Imported == nil || *done.Imported != (labeling.Imported{Items: 8, Added: 8}) {
		t.Fatalf("got %+v, imported %+v, want 8 items of 16 answers", done, done.Imported)
	}
	by := map[string]int{}
	for _, it := range readSampled(t, out) {
		for _, c := range it.Candidates {
			by[strings.TrimPrefix(c.Source, filepath.Dir(filepath.Dir(a)))]++
		}
	}
	for source, n := range by {
		if n != 4 || len(by) != 4 {
			t.Errorf("%s answered %d of %v, want 4 of four sources", source, n, by)
		}
	}
	if again := must[sampled](t, args...); *again.Imported != (labeling.Imported{Items: 8}) {
		t.Errorf("again: got %+v, want nothing new", *again.Imported)
	}
	first := readSampled(t, out)
	if other := must[sampled](t, append(args, "--seed", "2")...); *other.Imported != (labeling.Imported{Items: 8, Added: 8}) {
		t.Errorf("another seed: got %+v, want 8 new items", *other.Imported)
	}
	best := slices.MaxFunc(append(first, readSampled(t, out)...), func(a, b sampledItem) int { return cmp.Compare(a.Priority, b.Priority) })
	if got := firstClaimed(t, db); got.Ref != best.ID || got.Candidates[1].Text != best.Candidates[1].Text {
		t.Errorf("got %+v first, want the one of the highest priority, %+v", got, best)
	}
}

// firstClaimed is the item that a new annotator gets.
func firstClaimed(t *testing.T, db string) labeling.Item {
	t.Helper()
	s, err := store.Open(t.Context(), db, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // of no matter here
	who, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "labels", Annotator: who.ID, For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return got.Item
}

// sampledItem is a line of label sample.
type sampledItem struct {
	ID         string
	Prompt     json.RawMessage
	Candidates []struct{ Text, Source string }
	Priority   float64
}

func readSampled(t *testing.T, path string) []sampledItem {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decode[sampledItem](t, string(b))
}

// Each of the wrong uses is told before anything is drawn.
func TestLabelSample_WrongUse(t *testing.T) {
	db, model, prompts := labels(t, 0), tinyModel(t, 1), questions(t, 2)
	for want, args := range map[string][]string{
		"k: got 1, want 2 to 9":                                    {"--k", "1"},
		"--k: got 3, want 2, as the task":                          {"--k", "3", "--into", db},
		"--n: got -1":                                              {"--n", "-1"},
		"--project: got it without --into":                         {"--project", "p"},
		`priority: got "length", want one of none, random`:         {"--priority", "length"},
		"rewards: got 0, want 2: priority disagreement needs 2":    {"--priority", "disagreement"},
		"temperature: got 0 alone":                                 {"--temperature", "0"},
		"rewards: got 1, want 0: best_of is 0 and priority random": {"--reward", model},
		"@T=1.0 twice, want each model":                            {"--model", model},
	} {
		out := filepath.Join(t.TempDir(), "c.jsonl")
		code, _, stderr := plumb(t, append([]string{"label", "sample", prompts, "--model", model, "--out", out}, args...)...)
		if _, err := os.Stat(out); code != exitUsage || !strings.Contains(stderr, want) || err == nil {
			t.Errorf("%v: got %d, %q, want 2 and %q", args, code, stderr, want)
		}
	}
	code, _, stderr := plumb(t, "label", "sample", prompts, "--model", model, "--out", filepath.Join(t.TempDir(), "none", "c.jsonl"))
	if code != exitFailed || !strings.Contains(stderr, "no such file or directory") {
		t.Errorf("a directory that is not there: got %d, %q", code, stderr)
	}
}

// Ctrl-C ends it with what to do, and the same command does it.
func TestLabelSample_Interrupted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "candidates.jsonl")
	args := []string{"label", "sample", questions(t, 4), "--model", tinyModel(t, 1), "--max-tokens", "4", "--out", out}
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var stdout, stderr bytes.Buffer
	code := execute(ctx, streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}, args)
	if code != exitInterrupted || !strings.Contains(stderr.String(), "what was drawn is kept: the same command goes on") {
		t.Errorf("got %d, %q", code, &stderr)
	}
	if code, stdout, stderr := plumb(t, args...); code != 0 || !strings.Contains(stdout, ": 4 items of 4 prompts; ") {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
}

// The sample stage makes items of k candidates, and of as many as pairs says for each
// prompt.
func TestSampleStage_MoreThanPairs(t *testing.T) {
	dir := t.TempDir()
	done(t, "run", tiny, "--out", dir, "--set", "stages=[base, sample]", "--set", "sample.k=3", "--set", "sample.pairs=2", "--set", "sample.prompts=5", "--set", "sample.priority=diversity")
	items := readSampled(t, filepath.Join(dir, "candidates.jsonl"))
	if len(items) != 10 {
		t.Fatalf("got %d items, want 10", len(items))
	}
	for i, it := range items {
		if !strings.HasPrefix(it.ID, fmt.Sprintf("%05d-%d/", i/2, i%2)) || len(it.Candidates) != 3 || it.Priority <= 0 {
			t.Errorf("got %+v, want three candidates and a priority", it)
		}
	}
}

// A reward model that the sample stage asks for is missed at the start, and an input of the
// stage: another in its place makes it a stage with other inputs.
func TestSampleStage_RewardModel(t *testing.T) {
	dir, before := t.TempDir(), filepath.Join(t.TempDir(), "before")
	model := filepath.Join(before, "reward", "last")
	args := []string{
		"run", tiny, "--out", dir, "--set", "stages=[base, sample]", "--set", "sample.prompts=5",
		"--set", "sample.best_of=4", "--set", "sample.priority=margin", "--set", "sample.rewards=[" + model + "]",
	}
	if code, _, stderr := plumb(t, args...); code != exitUsage || !strings.Contains(stderr, "sample.rewards[0]: stat "+model) {
		t.Fatalf("got %d, %q, want the missing model named", code, stderr)
	}
	done(t, "run", tiny, "--out", before, "--set", "stages=[base, sample, label, reward]")
	done(t, args...)
	for _, it := range readSampled(t, filepath.Join(dir, "candidates.jsonl")) {
		best := it.Candidates[0].Source + ", " + it.Candidates[1].Source
		if it.Priority >= 0 || best != "sft best of 4, sft" && best != "sft, sft best of 4" {
			t.Errorf("got %+v, want the best of four, another and a margin", it)
		}
	}
	if err := os.Truncate(filepath.Join(model, "reward.json"), 0); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := plumb(t, append(args, "--resume")...); code != exitUsage || !strings.Contains(stderr, "input "+filepath.Join(model, "reward.json")) {
		t.Errorf("got %d, %q, want the other reward model refused", code, stderr)
	}
}
