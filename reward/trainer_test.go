package reward

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/internal/shared"
	"plumbline/internal/train"
	"plumbline/models"
)

// task makes comparisons of K responses in which the one with more tokens of id 2 is
// preferred; equal counts tie.
func task(n, k int, seed uint64) []Item {
	items := make([]Item, n)
	for i := range items {
		rng := random.New(seed, uint64(i))
		item := Item{ID: fmt.Sprint("c", i)}
		count := make([]int, k)
		for c := range k {
			ids := []int32{0, 7}
			for range 2 + rng.IntN(5) {
				id := int32(2 + rng.IntN(4))
				if id == 2 {
					count[c]++
				}
				ids = append(ids, id)
			}
			item.Candidates = append(item.Candidates, append(ids, 1))
		}
		for a := range k {
			for b := a + 1; b < k; b++ {
				p := dataset.Preference{Chosen: a, Rejected: b, Weight: 1, Tie: count[a] == count[b]}
				if count[b] > count[a] {
					p.Chosen, p.Rejected = b, a
				}
				item.Preferences = append(item.Preferences, p)
			}
		}
		items[i] = item
	}
	return items
}

func testConfig() Config {
	c := DefaultConfig()
	c.BatchSize, c.MicroTokens, c.LR, c.Kind, c.Epochs = 16, 256, 5e-3, "constant", 1
	return c
}

func newTrainer(t testing.TB, rt *engine.Runtime, c Config, lora bool, learn, held []Item) *Trainer {
	t.Helper()
	m, err := New(rt, tiny(t), 3, models.Options{Checkpoint: c.Checkpoint})
	if err != nil {
		t.Fatal(err)
	}
	if lora {
		c.LoRA.Rank = 4
	}
	tr, err := NewTrainer(rt, m, learn, held, nil, c, "reward", 1)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestTrainerLearns(t *testing.T) {
	for _, c := range []struct {
		name string
		lora bool
		k    int
	}{{"full, pairs", false, 2}, {"adapters, K = 4", true, 4}} {
		t.Run(c.name, func(t *testing.T) {
			learn := task(960, c.k, 1)
			tr := newTrainer(t, runtime(t), testConfig(), c.lora, learn, task(200, c.k, 2))
			before, err := tr.Quality()
			if err != nil {
				t.Fatal(err)
			}
			for step := 1; step <= testConfig().Steps(len(learn)); step++ {
				if _, err := tr.Step(context.Background(), step); err != nil {
					t.Fatal(err)
				}
			}
			after, err := tr.Quality()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("accuracy %v -> %v, log-loss %.3f -> %.3f, ECE %.3f", before.Accuracy, after.Accuracy, before.LogLoss, after.LogLoss, after.ECE)
			if after.Accuracy.Low < .9 || before.Accuracy.Estimate > .8 {
				t.Errorf("held-out accuracy: got %v before, %v after, want chance, then ≥ .9", before.Accuracy, after.Accuracy)
			}
		})
	}
}

// A window means the same however it is cut: one item per graph run, or all in one.
func TestMicroBatchesDoNotMatter(t *testing.T) {
	rt := runtime(t)
	learn := task(16, 3, 1)
	var first train.Metrics
	for _, microTokens := range []int{30, 64, 4096} {
		c := testConfig()
		c.MicroTokens = microTokens
		tr := newTrainer(t, rt, c, false, learn, learn)
		m, err := tr.Step(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
		for name, want := range first {
			if math.Abs(m[name]-want) > 1e-5*max(1, math.Abs(want)) {
				t.Errorf("micro_tokens %d: %s: got %v, want %v as with 30", microTokens, name, m[name], want)
			}
		}
	}
}

// Interrupted after any step and resumed, a run ends in the same bytes.
func TestResumeIsExact(t *testing.T) {
	rt := runtime(t)
	learn, held := task(64, 2, 1), task(20, 2, 2)
	for _, lora := range []bool{false, true} {
		t.Run(fmt.Sprint("adapters ", lora), func(t *testing.T) {
			run := func(dir string, stopAfter int) error {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				steps := 0
				loop := train.Loop{RunDir: dir, Stage: "reward", Seed: 1, Steps: 4, BestBy: "eval_log_loss", EvalEvery: 2, Emit: func(e train.Event) {
					if e.Kind == train.StepDone {
						if steps++; steps == stopAfter {
							cancel()
						}
					}
				}}
				_, err := loop.Run(ctx, newTrainer(t, rt, testConfig(), lora, learn, held))
				return err
			}
			whole, parts := t.TempDir(), t.TempDir()
			if err := run(whole, 0); err != nil {
				t.Fatal(err)
			}
			for stops := 0; ; stops++ {
				err := run(parts, 1)
				if err == nil {
					if stops == 0 {
						t.Fatal("the run was never interrupted")
					}
					break
				}
				if i := (*train.Interrupted)(nil); !errors.As(err, &i) {
					t.Fatal(err)
				}
			}
			if n := shared.SameFiles(t, filepath.Join(parts, "reward", "last"), filepath.Join(whole, "reward", "last")); n < 5 {
				t.Errorf("compared %d files, want ≥ 5", n)
			}
		})
	}
}

// The scores of the reference samples have mean 0 and deviation 1 in a saved model.
func TestSaveNormalises(t *testing.T) {
	rt := runtime(t)
	held := task(30, 2, 2)
	tr := newTrainer(t, rt, testConfig(), false, task(16, 2, 1), held)
	dir := filepath.Join(t.TempDir(), "m")
	if err := tr.Save(dir, &train.State{}); err != nil {
		t.Fatal(err)
	}
	m, err := Load(rt, dir, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seqs [][]int32
	for _, item := range held {
		seqs = append(seqs, item.Candidates...)
	}
	scores, err := m.Score(seqs, 300)
	if err != nil {
		t.Fatal(err)
	}
	sum, squares := 0.0, 0.0
	for _, s := range scores {
		sum += s
		squares += s * s
	}
	n := float64(len(scores))
	if math.Abs(sum/n) > 1e-9 || math.Abs(squares/(n-1)-1) > 1e-9 {
		t.Errorf("got mean %v, variance %v, want 0, 1", sum/n, squares/(n-1))
	}
}

func TestEncode(t *testing.T) {
	c := []dataset.Comparison{{ID: "a", Prompt: dataset.Prompt{Text: "p"}, Candidates: []string{"x", "yy"}, Preferences: []dataset.Preference{{Chosen: 0, Rejected: 1, Weight: 1}}}}
	items, err := Encode(c, func(p dataset.Prompt, response string) ([]int32, error) {
		return []int32{int32(len(p.Text)), int32(len(response))}, nil
	})
	if err != nil || fmt.Sprint(items) != "[{a [[1 1] [1 2]] [{0 1 1 0 false}]}]" {
		t.Errorf("got %v, %v", items, err)
	}
	_, err = Encode(c, func(dataset.Prompt, string) ([]int32, error) { return nil, errors.New("too long") })
	if err == nil || err.Error() != `reward: comparison "a": candidate 0: too long` {
		t.Errorf("got %v", err)
	}
}

func TestTrainerErrors(t *testing.T) {
	rt := runtime(t)
	m, err := New(rt, tiny(t), 3, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	good := task(4, 2, 1)
	light := task(1, 2, 1)
	light[0].Preferences[0].Weight = 0
	bad, adapted := testConfig(), testConfig()
	bad.LR = math.NaN()
	adapted.LoRA.Rank = -1
	for want, f := range map[string]func() error{
		"want ≥ 1 of each":                  func() error { _, err := NewTrainer(rt, m, good, nil, nil, testConfig(), "r", 1); return err },
		"lr: got NaN":                       func() error { _, err := NewTrainer(rt, m, good, good, nil, bad, "r", 1); return err },
		"rank: got -1":                      func() error { _, err := NewTrainer(rt, m, good, good, nil, adapted, "r", 1); return err },
		`"c0": got no preference of weight`: func() error { _, err := NewTrainer(rt, m, light, good, nil, testConfig(), "r", 1); return err },
		"want ≤ micro_tokens (5)": func() error {
			c := testConfig()
			c.MicroTokens = 5
			tr, err := NewTrainer(rt, m, good, good, nil, c, "r", 1)
			if err != nil {
				return err
			}
			_, err = tr.Step(context.Background(), 1)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}

// Two of three say 0, the third 1: the majority's side stays. One against one is a tie.
func TestMajorityOfADispute(t *testing.T) {
	items := []Item{
		{Candidates: make([][]int32, 2), Preferences: []dataset.Preference{{Chosen: 1, Rejected: 0, Weight: 1. / 3}, {Chosen: 0, Rejected: 1, Weight: 2. / 3}}},
		{Candidates: make([][]int32, 2), Preferences: []dataset.Preference{{Chosen: 0, Rejected: 1, Weight: .5}, {Chosen: 1, Rejected: 0, Weight: .5}}},
	}
	got := majority(items)
	if len(got[0].Preferences) != 1 || got[0].Preferences[0].Chosen != 0 || got[0].Preferences[0].Tie {
		t.Errorf("two to one: got %+v, want 0 over 1", got[0].Preferences)
	}
	if len(got[1].Preferences) != 1 || !got[1].Preferences[0].Tie {
		t.Errorf("one to one: got %+v, want a tie", got[1].Preferences)
	}
}
