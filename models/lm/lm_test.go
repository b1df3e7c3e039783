package lm

import (
	"math"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
)

func model(t *testing.T) *Model {
	t.Helper()
	d, err := models.New(models.Spec{
		Family: "gpt2", Vocab: 32, Width: 16, Layers: 2, Heads: 2, KV: 2, Head: 8, FFN: 24, Context: 16,
		Norm: models.LayerNorm, Eps: 1e-5, Position: models.LearnedPositions, Activation: models.GELUTanh, Tied: true, InitStd: .2,
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	rt := engine.NewRuntime(2)
	t.Cleanup(rt.Close)
	return New(rt, d, models.Options{})
}

// ragged is two sequences; three tokens count.
func ragged(t *testing.T) *batch.Ragged {
	t.Helper()
	r := &batch.Ragged{}
	for _, s := range []struct {
		tokens []int32
		mask   []float32
	}{{[]int32{1, 2, 3, 4}, []float32{1, 0, 1, 1}}, {[]int32{5, 6}, []float32{0, 1}}} {
		if err := r.Add(s.tokens, s.mask); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// The training graph and the scoring graph sum the same log-probs: those of the masked
// tokens but the first of a sequence, which nothing predicts.
func TestLearnSumsWhatLogProbsGives(t *testing.T) {
	m, r := model(t), ragged(t)
	p, err := m.LogProbs(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(p) != 3 {
		t.Fatalf("got %d log-probs, want 3", len(p))
	}
	want := 0.0
	for _, x := range p {
		want -= float64(x)
	}
	nats, tokens, err := m.Learn(r, .25)
	if err != nil || tokens != 3 || math.Abs(nats-want) > 1e-5*want {
		t.Errorf("got %v nats of %d tokens (%v), want %v of 3", nats, tokens, err, want)
	}
}

func TestGradientIsProportionalToTheWeight(t *testing.T) {
	grad := func(weight float64) []float32 {
		m := model(t)
		if _, _, err := m.Learn(ragged(t), weight); err != nil {
			t.Fatal(err)
		}
		return slices.Clone(m.Decoder().Param("embed").Grad)
	}
	once, twice := grad(.25), grad(.5)
	for i := range once {
		if math.Abs(float64(twice[i]-2*once[i])) > 1e-6 {
			t.Fatalf("gradient %d: got %g at twice the weight of %g", i, twice[i], once[i])
		}
	}
}

// Without end the temperature makes every token alike, -log V; near 0 it leaves one.
func TestTemperature(t *testing.T) {
	m, r := model(t), ragged(t)
	cold, err := m.LogProbs(r, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	hot, err := m.LogProbs(r, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range hot {
		if math.Abs(float64(p)+math.Log(32)) > 1e-4 {
			t.Errorf("token %d: got %v at a temperature without end, want -log 32 = %.4f", i, p, -math.Log(32))
		}
		if cold[i] > -100 && cold[i] < -1e-3 {
			t.Errorf("token %d: got %v near temperature 0, want all or nothing", i, cold[i])
		}
	}
}

func TestErrors(t *testing.T) {
	m := model(t)
	empty := &batch.Ragged{}
	if err := empty.Add([]int32{1, 2}, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Learn(empty, 1); err == nil || !strings.Contains(err.Error(), "none of them to predict") {
		t.Errorf("nothing masked: got %v", err)
	}
	if p, err := m.LogProbs(empty, 1); err != nil || p != nil {
		t.Errorf("nothing masked: got %v, %v, want nothing", p, err)
	}
	long := &batch.Ragged{}
	if err := long.Add(make([]int32, 17), slices.Repeat([]float32{1}, 17)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LogProbs(long, 1); err == nil || !strings.Contains(err.Error(), "got 17 tokens, want ≤ the model's context of 16") {
		t.Errorf("longer than the context: got %v", err)
	}
}
