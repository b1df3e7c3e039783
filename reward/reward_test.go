package reward

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"plumbline/internal/dataset"
	"plumbline/internal/shared"
)

type goldenCase struct {
	LossType string `json:"loss_type"`
	Source   string
	Settings map[string]float64
	Inputs   struct {
		Chosen, Rejected, Margin, Weights []float64
		Rewards                           [][]float64
	}
	Expected struct {
		Loss     float64
		Accuracy float64
		Grad     struct {
			Chosen, Rejected []float64
			Rewards          [][]float64
		} `json:"grad_of_loss"`
	}
}

// The goldens come from TRL 1.16 and float64 formulas on torch 2.15
// (data/golden/README.md).
func goldens(t *testing.T, lossType string) []goldenCase {
	t.Helper()
	return shared.Cases(t, func(c goldenCase) bool { return c.LossType == lossType }, "golden", "alignment", "reward.json")
}

// batchOf lays pairs out as rows: all chosen, then all rejected.
func (c goldenCase) batchOf() (scores []float64, pairs []Pair) {
	n := len(c.Inputs.Chosen)
	for i := range n {
		p := Pair{Chosen: i, Rejected: n + i, Weight: 1}
		if c.Inputs.Margin != nil {
			p.Margin = c.Inputs.Margin[i]
		}
		if c.Inputs.Weights != nil {
			p.Weight = c.Inputs.Weights[i]
		}
		pairs = append(pairs, p)
	}
	return append(append(scores, c.Inputs.Chosen...), c.Inputs.Rejected...), pairs
}

func TestGoldenPairLoss(t *testing.T) {
	for _, c := range append(goldens(t, "pair"), goldens(t, "bradley_terry_weighted")...) {
		scores, pairs := c.batchOf()
		loss, grad, err := PairLoss(scores, pairs, c.Settings["center_rewards_coefficient"])
		if err != nil {
			t.Fatal(err)
		}
		what, n, w := fmt.Sprint(c.LossType, c.Settings, " ", c.Source), len(pairs), Weight(pairs)
		shared.Near(t, what, loss/w, c.Expected.Loss)
		shared.NearAll(t, what+" chosen", scaled(grad[:n], 1/w), c.Expected.Grad.Chosen)
		shared.NearAll(t, what+" rejected", scaled(grad[n:], 1/w), c.Expected.Grad.Rejected)
	}
}

func scaled(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] * by
	}
	return out
}

func TestGoldenAccuracy(t *testing.T) {
	for _, c := range goldens(t, "pair") {
		scores, pairs := c.batchOf()
		q, err := Measure(scores, pairs, .95)
		if err != nil {
			t.Fatal(err)
		}
		shared.Near(t, c.Source, q.Accuracy.Estimate, c.Expected.Accuracy)
	}
}

// ranking is a comparison whose candidates are listed best first.
func ranking(k int) dataset.Comparison {
	c := dataset.Comparison{ID: "ranking", Candidates: make([]string, k)}
	for i := range k {
		for j := i + 1; j < k; j++ {
			c.Preferences = append(c.Preferences, dataset.Preference{Chosen: i, Rejected: j, Weight: 1})
		}
	}
	return c
}

func TestGoldenKWise(t *testing.T) {
	for _, c := range goldens(t, "k_wise_pairs") {
		var scores, want []float64
		var pairs []Pair
		for i, row := range c.Inputs.Rewards {
			p, err := PairsOf(ranking(len(row)), len(scores))
			if err != nil {
				t.Fatal(err)
			}
			scores, pairs, want = append(scores, row...), append(pairs, p...), append(want, c.Expected.Grad.Rewards[i]...)
		}
		shared.Near(t, "weight: one per prompt", Weight(pairs), float64(len(c.Inputs.Rewards)))
		loss, grad, err := PairLoss(scores, pairs, 0)
		if err != nil {
			t.Fatal(err)
		}
		shared.Near(t, c.Source, loss/Weight(pairs), c.Expected.Loss)
		shared.NearAll(t, c.Source, scaled(grad, 1/Weight(pairs)), want)
	}
}

func TestTies(t *testing.T) {
	tie := []Pair{{Chosen: 0, Rejected: 1, Weight: 1, Margin: 3, Tie: true}}
	for _, c := range []struct {
		name, source string
		a, b         float64
		loss, slope  float64
	}{
		{"equal scores", "by hand: ln 2, at the minimum", 1, 1, math.Ln2, 0},
		{"2 apart", "by hand: ½(ln(1+e²) + ln(1+e⁻²)), σ(2) - ½", 3, 1, (math.Log(1+math.Exp(2)) + math.Log(1+math.Exp(-2))) / 2, 1/(1+math.Exp(-2)) - .5},
	} {
		loss, grad, err := PairLoss([]float64{c.a, c.b}, tie, 0)
		if err != nil {
			t.Fatal(err)
		}
		what := c.name + " (" + c.source + ")"
		shared.Near(t, what, loss, c.loss)
		shared.NearAll(t, what, grad, []float64{c.slope, -c.slope})
	}
}

func TestGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	scores := make([]float64, 12)
	var pairs []Pair
	for i := range scores {
		scores[i] = 2 * rng.NormFloat64()
		pairs = append(pairs, Pair{Chosen: i, Rejected: (i + 5) % 12, Weight: rng.Float64(), Margin: rng.Float64(), Tie: i%3 == 0})
	}
	_, grad, err := PairLoss(scores, pairs, .03)
	if err != nil {
		t.Fatal(err)
	}
	const h = 1e-5
	for i := range scores {
		at := func(x float64) float64 {
			moved := append([]float64(nil), scores...)
			moved[i] = x
			loss, _, err := PairLoss(moved, pairs, .03)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		if want := (at(scores[i]+h) - at(scores[i]-h)) / (2 * h); math.Abs(grad[i]-want) > 1e-8 {
			t.Errorf("gradient %d: got %.10g, want %.10g", i, grad[i], want)
		}
	}
}

// Far apart, -log σ is linear on one side and e⁻ˣ on the other; neither may overflow
// or round to nothing.
func TestPairLossAtExtremes(t *testing.T) {
	for _, c := range []struct{ d, loss, slope float64 }{
		{-1000, 1000, -1},
		{1000, 0, 0},
		{-40, 40, -1},
		{40, math.Exp(-40), -math.Exp(-40)},
	} {
		loss, slope := bradleyTerry(c.d, Pair{})
		if math.Abs(loss-c.loss) > 1e-12*c.loss || math.Abs(slope-c.slope) > 1e-12*math.Abs(c.slope) {
			t.Errorf("d = %v: got loss %g, slope %g, want %g, %g", c.d, loss, slope, c.loss, c.slope)
		}
	}
}

func TestObjectiveOverAWindow(t *testing.T) {
	for _, c := range goldens(t, "bradley_terry_weighted") {
		scores, pairs := c.batchOf()
		o := Objective{Pairs: pairs, Window: Weight(pairs)}
		in, grad := make([]float32, len(scores)), make([]float32, len(scores))
		for i, s := range scores {
			in[i] = float32(s)
		}
		loss, err := o.Loss([][]float32{in}, [][]float32{grad})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(loss-c.Expected.Loss) > 1e-6 {
			t.Errorf("loss: got %v, want %v", loss, c.Expected.Loss)
		}
		for i, w := range c.Expected.Grad.Chosen {
			if math.Abs(float64(grad[i])-w) > 1e-6 {
				t.Errorf("gradient %d: got %v, want %v", i, grad[i], w)
			}
		}
	}
}

func TestPairsOf(t *testing.T) {
	c := dataset.Comparison{ID: "a", Candidates: make([]string, 3), Preferences: []dataset.Preference{
		{Chosen: 2, Rejected: 0, Weight: 1.5, Margin: .5},
		{Chosen: 0, Rejected: 1, Weight: 0},
		{Chosen: 0, Rejected: 1, Weight: 1, Tie: true},
	}}
	got, err := PairsOf(c, 10)
	want := []Pair{{Chosen: 12, Rejected: 10, Weight: .5, Margin: .5}, {Chosen: 10, Rejected: 11, Weight: 1. / 3, Tie: true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	c.Preferences = []dataset.Preference{{Chosen: 3, Rejected: 0, Weight: 1}, {Chosen: 1, Rejected: 1, Weight: 1}, {Chosen: 0, Rejected: 1, Weight: math.NaN()}, {Chosen: 0, Rejected: 1, Margin: -1}}
	_, err = PairsOf(c, 0)
	for _, want := range []string{
		`reward: comparison "a": preference 0: got candidates 3 and 0, want two different ones of 3`,
		"preference 1: got candidates 1 and 1", "preference 2: got weight NaN", "preference 3: got weight 0 and margin -1",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}

// By hand, with σ(ln 3.5) = 7/9 and σ(ln 12) = 12/13: two pairs of confidence 7/9, one
// right; one of 12/13, right; a tie of difference 0.
func TestMeasure(t *testing.T) {
	scores := []float64{math.Log(3.5), 0, math.Log(12)}
	pairs := []Pair{{Chosen: 0, Rejected: 1}, {Chosen: 1, Rejected: 0}, {Chosen: 2, Rejected: 1}, {Chosen: 1, Rejected: 1, Tie: true}}
	q, err := Measure(scores, pairs, .95)
	if err != nil {
		t.Fatal(err)
	}
	shared.Near(t, "accuracy", q.Accuracy.Estimate, 2./3)
	shared.Near(t, "accuracy low (Wilson, scipy 1.17.1)", q.Accuracy.Low, .207659600802)
	shared.Near(t, "accuracy high", q.Accuracy.High, .938508055280)
	shared.Near(t, "log-loss", q.LogLoss, -(math.Log(7./9)+math.Log(2./9)+math.Log(12./13)+math.Log(.5))/4)
	shared.Near(t, "ECE", q.ECE, 2./3*(7./9-1./2)+1./3*(1./13))
	if q.Pairs != 4 || q.Ties != 1 || q.Bins[5].N != 2 || len(q.Bins) != 10 {
		t.Errorf("got %+v, want 4 pairs, 1 tie, two of them in [.75, .8)", q)
	}
	shared.Near(t, "bin accuracy", q.Bins[5].Accuracy.Estimate, .5)
	shared.Near(t, "bin confidence", q.Bins[5].Confidence, 7./9)
	shared.Near(t, "bin bounds", q.Bins[5].High-q.Bins[5].Low, .05)
}

// Outcomes drawn from the model's own probabilities are calibrated; those of a model
// that is twice as sure as it may be are not.
func TestCalibrationSeesOverconfidence(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(sureness float64) Quality {
		var scores []float64
		var pairs []Pair
		for i := range 20000 {
			d := rng.NormFloat64()
			scores = append(scores, sureness*d, 0)
			p := Pair{Chosen: 2 * i, Rejected: 2*i + 1}
			if rng.Float64() >= sigmoid(d) {
				p.Chosen, p.Rejected = p.Rejected, p.Chosen
			}
			pairs = append(pairs, p)
		}
		q, err := Measure(scores, pairs, .95)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	honest, sure := draw(1), draw(2)
	if honest.ECE > .02 || sure.ECE < .08 {
		t.Errorf("ECE: got %.3f for an honest model, %.3f for an overconfident one, want < .02 and > .08", honest.ECE, sure.ECE)
	}
	if honest.LogLoss >= sure.LogLoss {
		t.Errorf("log-loss: got %.3f for an honest model, %.3f for an overconfident one, want less", honest.LogLoss, sure.LogLoss)
	}
}

func TestNorm(t *testing.T) {
	n, err := FitNorm([]float64{1, 2, 3, 6}) // by hand: mean 3, variance (4+1+0+9)/3
	if err != nil {
		t.Fatal(err)
	}
	shared.Near(t, "mean", n.Mean, 3)
	shared.Near(t, "std", n.Std, math.Sqrt(14./3))
	shared.Near(t, "applied", n.Apply(6), 3/math.Sqrt(14./3))
	shared.Near(t, "raw", Raw.Apply(6), 6)
	text, err := json.Marshal(Norm{Mean: .5, Std: 2})
	if err != nil || string(text) != `{"mean":0.5,"std":2}` {
		t.Errorf("JSON: got %s, %v", text, err)
	}
	for _, scores := range [][]float64{nil, {1}, {.1, .1, .1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		if n, err := FitNorm(scores); err == nil || n != Raw {
			t.Errorf("%v: got %v, %v, want an error", scores, n, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for want, f := range map[string]func() error{
		"reward: pair loss: pair 0: got rows 0 and 2": func() error { _, _, err := PairLoss([]float64{1, 2}, []Pair{{Chosen: 0, Rejected: 2}}, 0); return err },
		"reward: measure: pair 1: got rows -1 and 0": func() error {
			_, err := Measure([]float64{1, 2}, []Pair{{Chosen: 0, Rejected: 1}, {Chosen: -1}}, .95)
			return err
		},
		"reward: measure: got 1 pairs, 1 of them ties": func() error {
			_, err := Measure([]float64{1, 2}, []Pair{{Chosen: 0, Rejected: 1, Tie: true}}, .95)
			return err
		},
		"reward: measure: got 0 pairs": func() error { _, err := Measure(nil, nil, .95); return err },
		"eval: wilson":                 func() error { _, err := Measure([]float64{1, 2}, []Pair{{Chosen: 0, Rejected: 1}}, 0); return err },
		"reward: objective: got 1 inputs and a window of weight 0": func() error {
			_, err := (&Objective{}).Loss([][]float32{{1}}, [][]float32{{0}})
			return err
		},
	} {
		if err := f(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
	nan := math.NaN()
	c := Config{OptimizerConfig: DefaultConfig().OptimizerConfig, CenterCoef: nan, EvalEvery: -1, SaveEvery: -1, EvalShare: nan}
	c.LR = nan
	err := c.Validate()
	for _, want := range []string{"lr: got NaN", "epochs: got 0", "batch_size: got 0", "micro_tokens: got 0", "center_coef: got NaN", "eval_every: got -1", "save_every: got -1", "eval_share: got NaN"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}
