package sft

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/engine"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

func runtimeFor(t testing.TB, threads int) *engine.Runtime {
	t.Helper()
	rt := engine.NewRuntime(threads)
	t.Cleanup(rt.Close)
	return rt
}

func tiny(t testing.TB) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 32, Width: 16, Layers: 2, Heads: 2, KV: 1, Head: 8, FFN: 24, Context: 24,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8},
		Activation: models.SwiGLU, Tied: true, InitStd: .1, EOS: []int32{0},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// demonstrations: after the prompt "k" comes k+1, k+2, then EOS (0).
func demonstrations() []Sequence {
	var s []Sequence
	for k := int32(1); k < 20; k++ {
		s = append(s, Sequence{[]int32{k, k + 1, k + 2, 0}, []float32{0, 1, 1, 1}})
	}
	return s
}

func config(steps int) Config {
	c := DefaultConfig()
	c.Steps, c.BatchSize, c.MicroTokens = steps, 8, 64
	c.OptimizerConfig = train.DefaultOptimizer(1e-2)
	return c
}

func trainer(t testing.TB, threads int, c Config) *Trainer {
	t.Helper()
	s := demonstrations()
	tr, err := New(runtimeFor(t, threads), tiny(t), s, s[:4], c, "sft", 7)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestLearnsDemonstrationsAndTheirEnd(t *testing.T) {
	c := config(150)
	tr := trainer(t, 2, c)
	var first, last train.Metrics
	for step := 1; step <= c.Steps; step++ {
		m, err := tr.Step(context.Background(), step)
		if err != nil {
			t.Fatal(err)
		}
		if step == 1 {
			first = m
		}
		last = m
	}
	// At the start the loss is near that of guessing among 32 tokens, log 32 = 3.47.
	if math.Abs(first["loss"]-math.Log(32)) > .5 || last["loss"] > .05 {
		t.Errorf("loss went from %.3f to %.3f, want from about %.2f to ≤ 0.05", first["loss"], last["loss"], math.Log(32))
	}
	m, err := tr.Evaluate(context.Background(), c.Steps)
	if err != nil || m["eval_loss"] > .05 || math.Abs(m["eval_ppl"]-math.Exp(m["eval_loss"])) > 1e-9 {
		t.Errorf("got %v, %v", m, err)
	}
	if first["scored"] != 24 || first["tokens"] != 32 {
		t.Errorf("got %v scored of %v tokens, want 24 of 32", first["scored"], first["tokens"])
	}
}

// However a step is cut into micro-batches, each token has the same weight.
func TestMicroBatchesChangeRoundingOnly(t *testing.T) {
	uneven := []Sequence{
		{[]int32{1, 2, 3, 4, 5, 6, 7, 8}, []float32{0, 1, 1, 1, 1, 1, 1, 1}},
		{[]int32{9, 0}, []float32{0, 1}},
		{[]int32{4, 3, 2}, []float32{0, 0, 1}},
	}
	loss := func(micro int) (float64, []float32) {
		c := config(1)
		c.BatchSize, c.MicroTokens = 3, micro
		tr, err := New(runtimeFor(t, 1), tiny(t), uneven, nil, c, "sft", 7)
		if err != nil {
			t.Fatal(err)
		}
		m, err := tr.Step(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return m["loss"], slices.Clone(tr.model.Decoder.Param("embed").Data)
	}
	whole, w := loss(64)
	cut, c := loss(8)
	if math.Abs(whole-cut) > 1e-5 {
		t.Errorf("loss: got %.7f whole, %.7f in micro-batches", whole, cut)
	}
	for i := range w {
		if math.Abs(float64(w[i]-c[i])) > 1e-3*.01+1e-4 {
			t.Fatalf("weight %d: got %g whole, %g in micro-batches", i, w[i], c[i])
		}
	}
}

func TestThreadsChangeNoBit(t *testing.T) {
	run := func(threads int) []float32 {
		tr := trainer(t, threads, config(3))
		for step := 1; step <= 3; step++ {
			if _, err := tr.Step(context.Background(), step); err != nil {
				t.Fatal(err)
			}
		}
		return tr.model.Decoder.Param("embed").Data
	}
	if !slices.Equal(run(1), run(2)) {
		t.Error("one and two threads give different weights")
	}
}

func loop(dir string, steps int) train.Loop {
	return train.Loop{RunDir: dir, Stage: "sft", Seed: 7, Steps: steps, SaveEvery: 2, BestBy: "eval_loss", EvalEvery: 2}
}

// A run that stops after step 3 and goes on ends in the same files.
func TestResumeIsExact(t *testing.T) {
	for name, lora := range map[string]models.LoRA{
		"full": {},
		"lora": {Rank: 2, Alpha: 4, Targets: []string{"all-linear"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(6)
			c.LoRA = lora
			whole, broken := t.TempDir(), t.TempDir()
			if _, err := loop(whole, 6).Run(context.Background(), trainer(t, 1, c)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			l := loop(broken, 6)
			l.Emit = func(e train.Event) {
				if e.Kind == train.StepDone && e.Step == 3 {
					cancel()
				}
			}
			if _, err := l.Run(ctx, trainer(t, 2, c)); err == nil {
				t.Fatal("got no error, want an interruption")
			}
			if _, err := loop(broken, 6).Run(context.Background(), trainer(t, 2, c)); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"model.safetensors", "optimizer.safetensors", "state.json", "config.json"} {
				a, err := os.ReadFile(filepath.Join(whole, "sft", "last", file))
				if err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(filepath.Join(broken, "sft", "last", file))
				if err != nil {
					t.Fatal(err)
				}
				if string(a) != string(b) {
					t.Errorf("%s differs after a resume", file)
				}
			}
		})
	}
}

func TestNaNLossStopsWithAdvice(t *testing.T) {
	c := config(2)
	tr := trainer(t, 1, c)
	tr.model.Decoder.Param("norm").Data[0] = float32(math.NaN())
	if _, err := tr.Step(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "lower lr") {
		t.Errorf("got %v, want an error with advice", err)
	}
}

func TestDocumentPredictsEveryTokenOnce(t *testing.T) {
	tokens := []int32{5, 1, 2, 3, 4, 6, 7, 8, 9, 0}
	for limit := 2; limit <= 12; limit++ {
		seqs := Document(tokens, limit)
		var predicted []int32
		for _, s := range seqs {
			if len(s.Tokens) > limit {
				t.Errorf("limit %d: got a piece of %d", limit, len(s.Tokens))
			}
			for i, m := range s.Mask {
				if m != 0 {
					predicted = append(predicted, s.Tokens[i])
				}
			}
		}
		if !slices.Equal(predicted, tokens[1:]) {
			t.Errorf("limit %d: predicted %v, want %v", limit, predicted, tokens[1:])
		}
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	c := DefaultConfig()
	c.Steps, c.BatchSize, c.EvalShare, c.LR = 0, -1, math.NaN(), math.Inf(1)
	err := c.Validate()
	for _, key := range []string{"steps", "batch_size", "eval_share", "lr"} {
		if err == nil || !strings.Contains(err.Error(), key+":") {
			t.Errorf("got %v, want a fault of %s", err, key)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
