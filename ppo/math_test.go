package ppo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

func TestTokenRewards(t *testing.T) {
	for _, c := range []struct {
		name, source string
		logprob, ref []float64
		score, beta  float64
		want         []float64
	}{
		{"score on the last token", "torchtune test_rewards.py, row 1", []float64{.1, .2, .3}, []float64{.2, .3, .4}, 1, .5, []float64{.05, .05, 1.05}},
		{"drift costs", "by hand: 2 - .5·(-1+3)", []float64{-1}, []float64{-3}, 2, .5, []float64{1}},
		{"no penalty", "by hand", []float64{-1, -2}, []float64{-3, -1}, -4, 0, []float64{0, -4}},
	} {
		got, err := TokenRewards(c.logprob, c.ref, c.score, c.beta)
		if err != nil {
			t.Fatal(err)
		}
		shared.NearRows(t, c.name+" ("+c.source+")", rows{got}, rows{c.want})
	}
}

// torchtune test_rewards.py, test_estimate_returns: [γ³λ², γ²λ, γ, 1].
func TestGAEAgainstTorchtune(t *testing.T) {
	reward, value := []float64{0, 0, 0, 1}, []float64{0, 0, 0, 1}
	_, returns, err := GAE(reward, value, .9, .95)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{.6579, .7695, .9, 1} {
		if math.Abs(returns[i]-want) > 5e-5 {
			t.Errorf("return %d: got %.4f, want %.4f", i, returns[i], want)
		}
	}
}

func TestPenaliseUnfinished(t *testing.T) {
	got, err := PenaliseUnfinished([]float64{2, 2}, []bool{true, false}, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	shared.NearRows(t, "scores", rows{got}, rows{{2, .5}})
}

func TestExplainedVariance(t *testing.T) {
	for _, c := range []struct {
		name            string
		values, returns rows
		want            float64
	}{
		{"perfect", rows{{1, 2}, {3}}, rows{{1, 2}, {3}}, 1},
		{"a constant off", rows{{0, 1}, {2}}, rows{{1, 2}, {3}}, 1},
		{"a constant", rows{{5, 5}, {5}}, rows{{1, 2}, {3}}, 0},
		{"by hand: misses -1, 0, 1 of variance 1; returns of variance 4", rows{{2, 3}, {4}}, rows{{1, 3}, {5}}, .75},
		{"nothing to explain", rows{{2, 3}}, rows{{1, 1}}, 0},
	} {
		got, err := ExplainedVariance(c.values, c.returns)
		if err != nil {
			t.Fatal(err)
		}
		shared.Near(t, c.name, got, c.want)
	}
}

func TestFixedKLController(t *testing.T) {
	c := KLController{Beta: .3}
	c.Update(50, 64)
	shared.Near(t, "β", c.Beta, .3)
}

// gradientCheck compares a gradient with central differences of the sum in float64,
// away from the kinks.
func gradientCheck(t *testing.T, what string, x []float64, f func([]float64) Term) {
	t.Helper()
	const h = 1e-6
	got := f(x).Grad
	for i := range x {
		up, down := append([]float64(nil), x...), append([]float64(nil), x...)
		up[i] += h
		down[i] -= h
		want := (f(up).Sum - f(down).Sum) / (2 * h)
		if math.Abs(got[i]-want) > 1e-7*max(1, math.Abs(want)) {
			t.Errorf("%s: gradient %d: got %.10g, want %.10g", what, i, got[i], want)
		}
	}
}

func TestGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(scale float64) []float64 {
		x := make([]float64, 200)
		for i := range x {
			x[i] = scale * rng.NormFloat64()
		}
		return x
	}
	old, advantage, current := draw(1), draw(1), draw(.3)
	for i := range current {
		current[i] += old[i]
	}
	policy := func(x []float64) Term {
		term, err := PolicyTerm(x, old, advantage, .2)
		if err != nil {
			t.Fatal(err)
		}
		return term
	}
	gradientCheck(t, "policy", current, policy)
	ret := draw(1)
	value := func(x []float64) Term {
		term, err := ValueTerm(x, old, ret, .2)
		if err != nil {
			t.Fatal(err)
		}
		return term
	}
	gradientCheck(t, "value", current, value)
	for name, clipped := range map[string]int{"policy": policy(current).Clipped, "value": value(current).Clipped} {
		if clipped < 20 || clipped > 180 {
			t.Errorf("%s: %d of 200 tokens clipped: the check wants both branches", name, clipped)
		}
	}
}

// At the first step of an update the ratio is 1 everywhere: the gradient is the plain
// policy gradient -A and nothing is clipped.
func TestPolicyTermAtStepZero(t *testing.T) {
	logprob, advantage := []float64{-1, -2, -.5}, []float64{1, -2, .5}
	term, err := PolicyTerm(logprob, logprob, advantage, .2)
	if err != nil {
		t.Fatal(err)
	}
	shared.NearRows(t, "gradient", rows{term.Grad}, rows{{-1, 2, -.5}})
	if term.Clipped != 0 {
		t.Errorf("clipped: got %d, want 0", term.Clipped)
	}
}

// Two micro-batches of one window give the loss and gradient of the whole.
func TestObjectivesAccumulateOverAWindow(t *testing.T) {
	in := []float32{-1, .5, -2, .4, -.3, .9}
	old, advantage := []float64{-1.1, -1.7, -.3}, []float64{.5, -1, 2}
	run := func(from, to int) (float64, []float32) {
		o := PolicyObjective{ClipRange: .2, EntropyCoef: .1, Old: old[from:to], Advantage: advantage[from:to], Window: 3}
		grad := make([]float32, 2*(to-from))
		loss, err := o.Loss([][]float32{in[2*from : 2*to]}, [][]float32{grad})
		if err != nil {
			t.Fatal(err)
		}
		return loss, grad
	}
	whole, wholeGrad := run(0, 3)
	a, aGrad := run(0, 1)
	b, bGrad := run(1, 3)
	shared.Near(t, "loss", a+b, whole)
	for i, g := range append(aGrad, bGrad...) {
		shared.Near(t, fmt.Sprint("gradient ", i), float64(g), float64(wholeGrad[i]))
	}
}

func TestShapesAreChecked(t *testing.T) {
	two, one, none := []float64{1, 2}, []float64{1}, []float64{}
	fails := map[string]func() error{
		"token rewards": func() error { _, err := TokenRewards(two, one, 1, 1); return err },
		"gae":           func() error { _, _, err := GAE(none, none, 1, 1); return err },
		"missing EOS":   func() error { _, err := PenaliseUnfinished(two, []bool{true}, 1); return err },
		"whiten":        func() error { _, err := Whiten(rows{one}, false); return err },
		"advantages":    func() error { _, _, err := Advantages(rows{two}, rows{two, one}, DefaultConfig()); return err },
		"explained":     func() error { _, err := ExplainedVariance(rows{two}, rows{one}); return err },
		"policy loss":   func() error { _, err := PolicyTerm(two, two, one, .2); return err },
		"value loss":    func() error { _, err := ValueTerm(two, one, two, .2); return err },
		"policy objective": func() error {
			o := PolicyObjective{Old: two, Advantage: two, Window: 1}
			_, err := o.Loss([][]float32{{1, 2, 3, 4}}, [][]float32{make([]float32, 4)})
			return err
		},
		"value objective": func() error {
			o := ValueObjective{Old: two, Return: two, Window: 2}
			_, err := o.Loss([][]float32{{1}}, [][]float32{{0}})
			return err
		},
	}
	for name, f := range fails {
		if err := f(); err == nil || !strings.HasPrefix(err.Error(), "ppo: "+name) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
	nan := math.NaN()
	for _, c := range []struct {
		key   string
		spoil func(*Config)
	}{
		{"updates", func(c *Config) { c.Updates = 0 }},
		{"rollouts", func(c *Config) { c.Rollouts = 1 }},
		{"epochs", func(c *Config) { c.Epochs = 0 }},
		{"minibatches", func(c *Config) { c.Minibatches = c.Rollouts + 1 }},
		{"micro_tokens", func(c *Config) { c.MicroTokens = 0 }},
		{"max_new_tokens", func(c *Config) { c.MaxNewTokens = 0 }},
		{"sample_batch", func(c *Config) { c.SampleBatch = 0 }},
		{"eval_every", func(c *Config) { c.EvalEvery = -1 }},
		{"save_every", func(c *Config) { c.SaveEvery = -1 }},
		{"temperature", func(c *Config) { c.Temperature = 0 }},
		{"lr", func(c *Config) { c.LR = nan }},
		{"critic_lr", func(c *Config) { c.CriticLR = math.Inf(1) }},
		{"kl_coef", func(c *Config) { c.KLCoef = -.1 }},
		{"kl_coef", func(c *Config) { c.KLCoef, c.KLTarget = 0, 6 }},
		{"kl_target", func(c *Config) { c.KLTarget = nan }},
		{"kl_horizon", func(c *Config) { c.KLTarget, c.KLHorizon = 6, 10 }},
		{"early_stop_kl", func(c *Config) { c.EarlyStopKL = -1 }},
		{"gamma", func(c *Config) { c.Gamma = 1.01 }},
		{"lambda", func(c *Config) { c.Lambda = nan }},
		{"clip_range", func(c *Config) { c.ClipRange = nan }},
		{"value_clip", func(c *Config) { c.ValueClip = 0 }},
		{"entropy_coef", func(c *Config) { c.EntropyCoef = -1 }},
		{"missing_eos_penalty", func(c *Config) { c.MissingEOSPenalty = -1 }},
		{"ptx_coef", func(c *Config) { c.PTXCoef = -1 }},
		{"ptx_batch_size", func(c *Config) { c.PTXCoef, c.PTXBatchSize = 1, 0 }},
		{"top_k", func(c *Config) { c.TopK = 50 }},
		{"top_p", func(c *Config) { c.TopP = .9 }},
	} {
		config := DefaultConfig()
		c.spoil(&config)
		if err := config.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.key+": got ") {
			t.Errorf("%s: got error %v", c.key, err)
		}
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	c := DefaultConfig()
	c.Updates, c.Gamma, c.TopP = 0, 2, .9
	err := c.Validate()
	for _, want := range []string{"updates: got 0", "gamma: got 2", "top_p: got 0.9", "the KL to the reference turns negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}
