package ppo

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"plumbline/internal/eval"
	"plumbline/internal/shared"
)

// The goldens come from TRL 0.11.4 and float64 formulas on torch 2.15
// (data/golden/README.md). They are padded; real keeps what is real.

type rows = [][]float64

type goldenCase struct {
	Part     string
	Source   string
	Settings map[string]any
	Inputs   map[string]json.RawMessage
	Expected map[string]json.RawMessage
}

func goldens(t *testing.T, part string) []goldenCase {
	t.Helper()
	return shared.Cases(t, func(c goldenCase) bool { return c.Part == part }, "golden", "alignment", "ppo.json")
}

func (c goldenCase) name() string { return fmt.Sprint(c.Part, c.Settings, " ", c.Source) }

func (c goldenCase) num(t *testing.T, key string) float64 {
	t.Helper()
	x, ok := c.Settings[key].(float64)
	if !ok {
		t.Fatalf("%s: no number %q", c.name(), key)
	}
	return x
}

func decode[T any](t *testing.T, from map[string]json.RawMessage, key string) (x T) {
	t.Helper()
	if err := json.Unmarshal(from[key], &x); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return x
}

// real is from[key] without its padding.
func (c goldenCase) real(t *testing.T, from map[string]json.RawMessage, key string) rows {
	t.Helper()
	return shared.Unpad(decode[rows](t, from, key), decode[rows](t, c.Inputs, "mask"))
}

func flat(r rows) (out []float64) {
	for _, row := range r {
		out = append(out, row...)
	}
	return out
}

func TestGoldenRewards(t *testing.T) {
	for _, c := range goldens(t, "rewards") {
		logprob, ref := c.real(t, c.Inputs, "logprobs"), c.real(t, c.Inputs, "ref_logprobs")
		scores := decode[[]float64](t, c.Inputs, "scores")
		got := make(rows, len(scores))
		for i := range got {
			var err error
			if got[i], err = TokenRewards(logprob[i], ref[i], scores[i], c.num(t, "beta")); err != nil {
				t.Fatal(err)
			}
		}
		shared.NearRows(t, c.name(), got, c.real(t, c.Expected, "rewards"))
	}
}

func TestGoldenAdvantages(t *testing.T) {
	for _, c := range goldens(t, "gae") {
		config := Config{Gamma: c.num(t, "gamma"), Lambda: c.num(t, "lam"), WhitenRewards: c.Settings["whiten_rewards"].(bool)}
		advantages, returns, err := Advantages(c.real(t, c.Inputs, "rewards"), c.real(t, c.Inputs, "values"), config)
		if err != nil {
			t.Fatal(err)
		}
		shared.NearRows(t, c.name()+" returns", returns, c.real(t, c.Expected, "returns"))
		shared.NearRows(t, c.name()+" whitened", advantages, c.real(t, c.Expected, "advantages_whitened"))
	}
}

func TestGoldenGAEBeforeWhitening(t *testing.T) {
	for _, c := range goldens(t, "gae") {
		if c.Settings["whiten_rewards"].(bool) {
			continue
		}
		rewards, values, want := c.real(t, c.Inputs, "rewards"), c.real(t, c.Inputs, "values"), c.real(t, c.Expected, "advantages")
		for i := range rewards {
			got, _, err := GAE(rewards[i], values[i], c.num(t, "gamma"), c.num(t, "lam"))
			if err != nil {
				t.Fatal(err)
			}
			shared.NearRows(t, c.name(), rows{got}, rows{want[i]})
		}
	}
}

func TestGoldenWhiten(t *testing.T) {
	for _, c := range goldens(t, "whiten") {
		got, err := Whiten(c.real(t, c.Inputs, "values"), !c.Settings["shift_mean"].(bool))
		if err != nil {
			t.Fatal(err)
		}
		shared.NearRows(t, c.name(), got, c.real(t, c.Expected, "whitened"))
	}
}

func TestGoldenLosses(t *testing.T) {
	for _, c := range goldens(t, "loss") {
		in := func(key string) []float64 { return flat(c.real(t, c.Inputs, key)) }
		n := float64(len(in("logprobs")))

		policy, err := PolicyTerm(in("logprobs"), in("old_logprobs"), in("advantages"), c.num(t, "cliprange"))
		if err != nil {
			t.Fatal(err)
		}
		shared.Near(t, c.name()+" policy", policy.Sum/n, decode[float64](t, c.Expected, "policy_loss"))
		shared.Near(t, c.name()+" clip_frac", float64(policy.Clipped)/n, decode[float64](t, c.Expected, "clip_frac"))
		grad := decode[map[string]rows](t, c.Expected, "grad_of_policy_loss")["logprobs"]
		shared.NearRows(t, c.name()+" policy grad", rows{scaled(policy.Grad, 1/n)}, rows{flat(shared.Unpad(grad, decode[rows](t, c.Inputs, "mask")))})

		value, err := ValueTerm(in("vpreds"), in("values"), in("returns"), c.num(t, "cliprange_value"))
		if err != nil {
			t.Fatal(err)
		}
		coef := c.num(t, "vf_coef") / n
		shared.Near(t, c.name()+" value", coef*value.Sum, decode[float64](t, c.Expected, "vf_coef_times_value_loss"))
		shared.Near(t, c.name()+" value_clip_frac", float64(value.Clipped)/n, decode[float64](t, c.Expected, "value_clip_frac"))
		grad = decode[map[string]rows](t, c.Expected, "grad_of_vf_coef_times_value_loss")["vpreds"]
		shared.NearRows(t, c.name()+" value grad", rows{scaled(value.Grad, coef)}, rows{flat(shared.Unpad(grad, decode[rows](t, c.Inputs, "mask")))})
	}
}

// TRL's policy_kl is mean(old - new): k1 of KL(old‖new).
func TestGoldenPolicyKL(t *testing.T) {
	for _, c := range goldens(t, "loss") {
		got, err := eval.EstimateKL(c.real(t, c.Inputs, "old_logprobs"), c.real(t, c.Inputs, "logprobs"))
		if err != nil {
			t.Fatal(err)
		}
		shared.Near(t, c.name(), got.TokenK1, decode[float64](t, c.Expected, "policy_kl"))
	}
}

// The objectives speak float32, so inputs and gradients carry its rounding.
func TestGoldenObjectives(t *testing.T) {
	for _, c := range goldens(t, "loss") {
		in := func(key string) []float64 { return flat(c.real(t, c.Inputs, key)) }
		entropy := maskedEntropy(decode[[]rows](t, c.Inputs, "logits"), decode[rows](t, c.Inputs, "mask"))
		var nodes []float32
		for i, l := range in("logprobs") {
			nodes = append(nodes, float32(l), float32(entropy[i]))
		}
		const coef = .01
		policy := PolicyObjective{ClipRange: c.num(t, "cliprange"), EntropyCoef: coef, Old: in("old_logprobs"), Advantage: in("advantages"), Window: len(entropy)}
		grad := make([]float32, len(nodes))
		loss, err := policy.Loss([][]float32{nodes}, [][]float32{grad})
		if err != nil {
			t.Fatal(err)
		}
		wantEntropy := decode[float64](t, c.Expected, "entropy")
		near32(t, c.name()+" policy", loss, decode[float64](t, c.Expected, "policy_loss")-coef*wantEntropy)
		want := flat(shared.Unpad(decode[map[string]rows](t, c.Expected, "grad_of_policy_loss")["logprobs"], decode[rows](t, c.Inputs, "mask")))
		for i, w := range want {
			near32(t, fmt.Sprintf("%s grad[%d]", c.name(), i), float64(grad[2*i]), w)
			near32(t, fmt.Sprintf("%s grad of entropy[%d]", c.name(), i), float64(grad[2*i+1]), -coef/float64(len(want)))
		}
		stats := policy.Reset()
		near32(t, c.name()+" entropy", stats.Entropy, wantEntropy)
		near32(t, c.name()+" clip_frac", stats.ClipFrac, decode[float64](t, c.Expected, "clip_frac"))

		value := ValueObjective{ClipRange: c.num(t, "cliprange_value"), Old: in("values"), Return: in("returns"), Window: len(entropy)}
		var preds []float32
		for _, v := range in("vpreds") {
			preds = append(preds, float32(v))
		}
		if loss, err = value.Loss([][]float32{preds}, [][]float32{make([]float32, len(preds))}); err != nil {
			t.Fatal(err)
		}
		near32(t, c.name()+" value", c.num(t, "vf_coef")*loss, decode[float64](t, c.Expected, "vf_coef_times_value_loss"))
	}
}

func maskedEntropy(logits []rows, mask rows) (out []float64) {
	for i := range logits {
		for t, row := range logits[i] {
			if mask[i][t] == 0 {
				continue
			}
			h := 0.0
			for _, l := range logSoftmax(row) {
				h -= math.Exp(l) * l
			}
			out = append(out, h)
		}
	}
	return out
}

func near32(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6*max(.1, math.Abs(want))) {
		t.Errorf("%s: got %.9g, want %.9g", what, got, want)
	}
}

func scaled(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] * by
	}
	return out
}

func TestGoldenAdaptiveKL(t *testing.T) {
	for _, c := range goldens(t, "adaptive_kl") {
		control := KLController{Beta: c.num(t, "init"), Target: c.num(t, "target"), Horizon: c.num(t, "horizon")}
		want := decode[[]float64](t, c.Expected, "coefficients")
		for i, kl := range decode[[]float64](t, c.Inputs, "kl") {
			control.Update(kl, int(c.num(t, "n_steps")))
			shared.Near(t, fmt.Sprintf("%s[%d]", c.name(), i), control.Beta, want[i])
		}
	}
}

func logSoftmax(x []float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - top - math.Log(sum)
	}
	return out
}
