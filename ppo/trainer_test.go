package ppo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/internal/shared"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/generate"
	"plumbline/reward"
)

const eos = 1

// tiny is an untrained language model over 10 tokens.
func tiny(t testing.TB, seed uint64) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 10, Width: 16, Layers: 2, Heads: 2, KV: 1, Head: 8, FFN: 32, Context: 32,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8}, Activation: models.SwiGLU,
		Tied: true, InitStd: .3, BOS: []int32{0}, EOS: []int32{eos},
	}, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// likesTwo scores a response by its tokens of id 2, less a little for every token.
func likesTwo(_ context.Context, rollouts []generate.Rollout) ([]float64, error) {
	scores := make([]float64, len(rollouts))
	for i, r := range rollouts {
		for _, id := range r.Response {
			if id == 2 {
				scores[i]++
			}
		}
		scores[i] -= .1 * float64(len(r.Response))
	}
	return scores, nil
}

func testConfig() Config {
	c := DefaultConfig()
	c.Updates, c.Rollouts, c.Epochs, c.Minibatches, c.MicroTokens, c.SampleBatch, c.MaxNewTokens = 40, 32, 2, 2, 256, 16, 6
	c.LR, c.CriticLR, c.KLCoef, c.Kind = 3e-3, 3e-3, .1, "constant"
	return c
}

func testPrompts(n int, seed uint64) []Prompt {
	out := make([]Prompt, n)
	for i := range out {
		rng := random.New(seed, uint64(i))
		out[i] = Prompt{ID: fmt.Sprint("p", i), Tokens: []int32{0}}
		for range 1 + rng.IntN(4) {
			out[i].Tokens = append(out[i].Tokens, int32(3+rng.IntN(7)))
		}
	}
	return out
}

// setup is a policy with its reference and a new critic; with adapters the reference is
// the policy without them.
func setup(t testing.TB, rt *engine.Runtime, lora bool) Setup {
	t.Helper()
	m := tiny(t, 3)
	critic, err := reward.New(rt, m, 5, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := Setup{
		Policy: m, Critic: critic, Score: likesTwo, Stop: []int32{eos}, Prompts: testPrompts(50, 1), Held: testPrompts(20, 2),
		Text: func(r generate.Rollout) (string, string) { return fmt.Sprint(r.Prompt), fmt.Sprint(r.Response) },
	}
	if !lora {
		s.Reference = m.Decoder.Clone()
	}
	return s
}

// withLoRA is c with adapters, or c.
func withLoRA(c Config, lora bool) Config {
	if lora {
		c.LoRA.Rank = 4
	}
	return c
}

func newTrainer(t testing.TB, rt *engine.Runtime, s Setup, c Config) *Trainer {
	t.Helper()
	tr, err := New(rt, s, c, "ppo", 1)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func runtime(t testing.TB, threads int) *engine.Runtime {
	rt := engine.NewRuntime(threads)
	t.Cleanup(rt.Close)
	return rt
}

// steps makes the first n updates and returns their metrics.
func steps(t testing.TB, tr *Trainer, n int) (all []train.Metrics) {
	t.Helper()
	for step := 1; step <= n; step++ {
		m, err := tr.Step(context.Background(), step)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func evaluate(t testing.TB, tr *Trainer) train.Metrics {
	t.Helper()
	m, err := tr.Evaluate(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTrainerLearns(t *testing.T) {
	for _, lora := range []bool{false, true} {
		t.Run(fmt.Sprint("adapters ", lora), func(t *testing.T) {
			rt := runtime(t, 2)
			tr := newTrainer(t, rt, setup(t, rt, lora), withLoRA(testConfig(), lora))
			before := evaluate(t, tr)
			all := steps(t, tr, 40)
			after := evaluate(t, tr)
			t.Logf("score %.3f -> %.3f, KL %.3f", before["eval_score"], after["eval_score"], after["eval_kl"])
			if before["eval_kl"] != 0 {
				t.Errorf("KL before training: got %v, want 0: the policy is its reference", before["eval_kl"])
			}
			if after["eval_score"] < before["eval_score"]+1 || after["eval_kl"] <= 0 {
				t.Errorf("got score %.3f, KL %.3f, want a score at least 1 above %.3f", after["eval_score"], after["eval_kl"], before["eval_score"])
			}
			for step, m := range all {
				if m["logprob_mismatch"] != 0 {
					t.Errorf("update %d: logprob_mismatch: got %v, want exactly 0", step+1, m["logprob_mismatch"])
				}
			}
			if first, last := all[0], all[39]; last["explained_variance"] < first["explained_variance"] {
				t.Errorf("explained variance: got %.2f, then %.2f, want it to rise", first["explained_variance"], last["explained_variance"])
			}
		})
	}
}

// The reference is what it was, whatever the policy became.
func TestReferenceStays(t *testing.T) {
	rt := runtime(t, 2)
	s := setup(t, rt, false)
	before := s.Reference.Clone()
	steps(t, newTrainer(t, rt, s, testConfig()), 2)
	moved := false
	for i, p := range s.Reference.Params() {
		if !slices.Equal(p.Data, before.Params()[i].Data) {
			t.Errorf("%s of the reference changed", p.Name)
		}
		moved = moved || !slices.Equal(p.Data, s.Policy.Decoder.Params()[i].Data)
	}
	if !moved {
		t.Error("the policy did not change")
	}
}

// By hand: reward = score - β·k1, less the penalty for each response cut off.
func TestFiguresAgree(t *testing.T) {
	rt := runtime(t, 2)
	c := testConfig()
	c.MissingEOSPenalty, c.Temperature = .5, .7
	tr := newTrainer(t, rt, setup(t, rt, false), c)
	for step, m := range steps(t, tr, 3) {
		want := m["score"] - .5*(1-m["eos_share"]) - c.KLCoef*m["kl"]
		if math.Abs(m["reward"]-want) > 1e-9 {
			t.Errorf("update %d: reward: got %v, want %v of %v", step+1, m["reward"], want, m)
		}
		if m["policy_steps"] != 4 || m["length"] <= 0 || m["length"] > 6 || m["kl_k3"] < 0 || m["entropy"] <= 0 {
			t.Errorf("update %d: got %v", step+1, m)
		}
	}
	if m := len(tr.Samples()); m != 3*shown {
		t.Errorf("got %d samples, want %d", m, 3*shown)
	}
	if m := len(tr.Samples()); m != 0 {
		t.Errorf("asked again: got %d samples, want 0", m)
	}
}

// However many sequences are sampled at a time, tokens run at a time and threads there
// are: threads and sample_batch change nothing, micro_tokens rounding only.
func TestCutsDoNotMatter(t *testing.T) {
	run := func(threads int, change func(*Config)) train.Metrics {
		c := testConfig()
		c.Minibatches = 1
		change(&c)
		rt := runtime(t, threads)
		return steps(t, newTrainer(t, rt, setup(t, rt, false), c), 2)[1]
	}
	want := run(2, func(*Config) {})
	for _, c := range []struct {
		name      string
		threads   int
		change    func(*Config)
		tolerance float64
	}{
		{"one thread", 1, func(*Config) {}, 0},
		{"sampled by 3", 2, func(c *Config) { c.SampleBatch = 3 }, 0},
		{"micro-batches of 24 tokens", 2, func(c *Config) { c.MicroTokens = 24 }, 1e-4},
		{"activations computed again", 2, func(c *Config) { c.Checkpoint = true }, 0},
	} {
		got := run(c.threads, c.change)
		for name, w := range want {
			if math.Abs(got[name]-w) > c.tolerance*max(1, math.Abs(w)) {
				t.Errorf("%s: %s: got %v, want %v", c.name, name, got[name], w)
			}
		}
	}
}

func TestEarlyStop(t *testing.T) {
	rt := runtime(t, 2)
	c := testConfig()
	c.LR, c.Epochs, c.EarlyStopKL = .05, 8, 1e-3
	for step, m := range steps(t, newTrainer(t, rt, setup(t, rt, false), c), 3) {
		if m["policy_steps"] >= 16 || m["policy_steps"] < 1 || m["drift"] <= 1e-3 {
			t.Errorf("update %d: got %v steps, drift %v, want fewer than 16 and a drift above the limit", step+1, m["policy_steps"], m["drift"])
		}
	}
}

func TestAdaptiveKL(t *testing.T) {
	rt := runtime(t, 2)
	c := testConfig()
	c.KLTarget, c.KLHorizon = .05, 64
	want := c.KLCoef
	for step, m := range steps(t, newTrainer(t, rt, setup(t, rt, false), c), 4) {
		if math.Abs(m["kl_coef"]-want) > 1e-12 {
			t.Errorf("update %d: kl_coef: got %v, want %v", step+1, m["kl_coef"], want)
		}
		want *= 1 + min(max(m["kl"]/.05-1, -.2), .2)*32/64
	}
}

// With pretraining text in the loss the policy forgets less of it.
func TestPretrainingText(t *testing.T) {
	loss := func(coef float64) float64 {
		rt := runtime(t, 2)
		s := setup(t, rt, false)
		s.Pretraining = [][]int32{{0, 3, 4, 5, 6, 7}, {0, 4, 5, 6, 7, 8, 9}, {0, 9, 8, 7}}
		c := testConfig()
		c.PTXCoef, c.PTXBatchSize = max(coef, 1e-9), 3
		return steps(t, newTrainer(t, rt, s, c), 20)[19]["ptx_loss"]
	}
	without, with := loss(0), loss(1)
	t.Logf("loss of the text: %.3f without, %.3f with", without, with)
	if with > without-.5 {
		t.Errorf("loss of the text: got %.3f with ptx, %.3f without, want at least .5 less", with, without)
	}
}

// Interrupted after every update and resumed, a run ends in the same bytes.
func TestResumeIsExact(t *testing.T) {
	for _, lora := range []bool{false, true} {
		t.Run(fmt.Sprint("adapters ", lora), func(t *testing.T) {
			rt := runtime(t, 2)
			c := withLoRA(testConfig(), lora)
			c.KLTarget, c.KLHorizon, c.PTXCoef, c.Updates = 1, 64, .1, 3
			run := func(dir string, oneStep bool) error {
				s := setup(t, rt, lora)
				s.Pretraining = [][]int32{{0, 3, 4}, {0, 5, 6, 7}}
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				loop := train.Loop{RunDir: dir, Stage: "ppo", Seed: 1, Steps: c.Updates, Emit: func(e train.Event) {
					if oneStep && e.Kind == train.StepDone {
						cancel()
					}
				}}
				_, err := loop.Run(ctx, newTrainer(t, rt, s, c))
				return err
			}
			whole, parts := t.TempDir(), t.TempDir()
			if err := run(whole, false); err != nil {
				t.Fatal(err)
			}
			for stops := 0; ; stops++ {
				err := run(parts, true)
				if i := (*train.Interrupted)(nil); errors.As(err, &i) {
					continue
				}
				if err != nil || stops == 0 {
					t.Fatalf("after %d interruptions: %v", stops, err)
				}
				break
			}
			if n := shared.SameFiles(t, filepath.Join(parts, "ppo", "last"), filepath.Join(whole, "ppo", "last")); n < 7 {
				t.Errorf("compared %d files, want ≥ 7", n)
			}
		})
	}
}

// A critic that begins as the reward model gives the reward model's scores.
func TestCriticBeginsAsRewardModel(t *testing.T) {
	rt := runtime(t, 2)
	rm, err := reward.New(rt, tiny(t, 3), 5, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rm.Norm = reward.Norm{Mean: .7, Std: 2.5}
	critic, err := rm.Critic()
	if err != nil {
		t.Fatal(err)
	}
	seqs := [][]int32{{0, 3, 4, 1}, {0, 5, 1}}
	want, errW := rm.Score(seqs, 64)
	got, errG := critic.Score(seqs, 64)
	if err := errors.Join(errW, errG); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("sequence %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestScorers(t *testing.T) {
	rollouts := []generate.Rollout{{Prompt: []int32{0}, Response: []int32{2, 2, 1}}, {Prompt: []int32{0}, Response: []int32{3}}}
	long := func(_ context.Context, r []generate.Rollout) ([]float64, error) { return []float64{10, 20}, nil }
	sum, err := Sum([]Scorer{likesTwo, long}, []float64{2, .5})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sum(context.Background(), rollouts)
	if err != nil {
		t.Fatal(err)
	}
	shared.NearRows(t, "sum (by hand)", rows{got}, rows{{2*1.7 + 5, -2*.1 + 10}})
	if _, err := Sum([]Scorer{long}, nil); err == nil {
		t.Error("a scorer without weight: got no error")
	}
	if _, err := sum(context.Background(), rollouts[:1]); err == nil || !strings.Contains(err.Error(), "got 2 scores for 1") {
		t.Errorf("too many scores: got %v", err)
	}
}

func TestTrainerErrors(t *testing.T) {
	rt := runtime(t, 2)
	try := func(change func(*Setup, *Config)) error {
		s, c := setup(t, rt, false), testConfig()
		change(&s, &c)
		tr, err := New(rt, s, c, "ppo", 1)
		if err == nil {
			_, err = tr.Step(context.Background(), 1)
		}
		return err
	}
	for want, change := range map[string]func(*Setup, *Config){
		"gamma: got 2":                         func(_ *Setup, c *Config) { c.Gamma = 2 },
		"without policy, critic, scorer":       func(s *Setup, _ *Config) { s.Score = nil },
		"no adapters (lora.rank 0)":            func(s *Setup, _ *Config) { s.Reference = nil },
		"the policy as its own reference":      func(s *Setup, _ *Config) { s.Reference = s.Policy.Decoder },
		"ptx_coef is 1: got no text":           func(_ *Setup, c *Config) { c.PTXCoef = 1 },
		`prompt "p0": got`:                     func(_ *Setup, c *Config) { c.MicroTokens = 7 },
		"pretraining sequence 0: got 1 tokens": func(s *Setup, c *Config) { s.Pretraining = [][]int32{{1}} },
		"rollout 3: got score NaN": func(s *Setup, _ *Config) {
			s.Score = func(_ context.Context, r []generate.Rollout) ([]float64, error) {
				scores := make([]float64, len(r))
				scores[3] = math.NaN()
				return scores, nil
			}
		},
		"got 0 scores for 32 rollouts": func(s *Setup, _ *Config) {
			s.Score = func(context.Context, []generate.Rollout) ([]float64, error) { return nil, nil }
		},
		"the program died": func(s *Setup, _ *Config) {
			s.Score = func(context.Context, []generate.Rollout) ([]float64, error) {
				return nil, errors.New("the program died")
			}
		},
	} {
		if err := try(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}

// A sampler that is not the trainer's function is caught before the first step.
func TestMismatchIsAnError(t *testing.T) {
	rt := runtime(t, 2)
	tr := newTrainer(t, rt, setup(t, rt, false), testConfig())
	tr.policy.temperature = 1.001
	if _, err := tr.Step(context.Background(), 1); err == nil || !strings.Contains(err.Error(), "want exactly 0") {
		t.Errorf("got %v", err)
	}
}
