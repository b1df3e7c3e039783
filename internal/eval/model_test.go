package eval

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"plumbline/internal/engine"
	"plumbline/internal/shared"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/lm"
)

// goldenTexts are the rows of a golden batch without padding, scored from their second
// token, and transformers' log-probabilities of those (data/golden/README.md).
func goldenTexts(t *testing.T, family string) (m *lm.Model, texts []Text, want [][]float64, tolerance float64) {
	t.Helper()
	dir := shared.Path(t, "golden", family)
	var meta struct {
		Tolerance map[string]struct{ Atol float64 }
	}
	text, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		t.Fatal(err)
	}
	model, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := checkpoint.ReadTensors(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	ids, mask, logprobs := tensors["right.input_ids"], tensors["right.attention_mask"], tensors["right.logprobs"]
	T := ids.Shape[1]
	for row := range ids.Shape[0] {
		x, w := Text{From: 1}, []float64(nil)
		for i := row * T; i < (row+1)*T; i++ {
			if mask.Ints[i] == 1 {
				x.Tokens = append(x.Tokens, int32(ids.Ints[i]))
				w = append(w, float64(logprobs.Floats[i]))
			}
		}
		texts, want = append(texts, x), append(want, w[1:])
	}
	rt := engine.NewRuntime(2)
	t.Cleanup(rt.Close)
	return lm.New(rt, model.Decoder, models.Options{}), texts, want, meta.Tolerance["logprobs"].Atol
}

func TestLogProbsAgainstTransformers(t *testing.T) {
	for _, family := range []string{"gpt2", "llama-gqa-untied"} {
		m, texts, want, tolerance := goldenTexts(t, family)
		got, err := LogProbs(m, texts, 1, 1000)
		if err != nil {
			t.Fatal(err)
		}
		nats, n := 0.0, 0
		for i := range want {
			for j := range want[i] {
				near(t, family, got[i][j], want[i][j], tolerance)
				nats -= want[i][j]
				n++
			}
		}
		ppl, err := Bootstrap{Resamples: 100}.PerplexityOf(m, texts, 1000)
		if err != nil {
			t.Fatal(err)
		}
		near(t, family+" perplexity", ppl.Estimate, math.Exp(nats/float64(n)), 1e-3*ppl.Estimate)
		alone, err := LogProbs(m, texts, 1, len(texts[0].Tokens)+len(texts[1].Tokens)-1)
		if err != nil || !reflect.DeepEqual(alone, got) {
			t.Errorf("%s: one text at a time gives other numbers (%v)", family, err)
		}
	}
}

func TestKLToItselfIsZero(t *testing.T) {
	m, texts, _, _ := goldenTexts(t, "gpt2")
	logprob, err := LogProbs(m, texts, .7, 1000)
	if err != nil {
		t.Fatal(err)
	}
	kl, err := Bootstrap{Resamples: 100}.KLTo(m, texts, logprob, .7, 1000)
	if err != nil || kl.K1.Estimate != 0 || kl.K3.High != 0 {
		t.Errorf("at one temperature: got %+v, %v, want 0", kl, err)
	}
	if kl, err = (Bootstrap{Resamples: 100}).KLTo(m, texts, logprob, 1, 1000); err != nil || kl.K3.Estimate <= 0 {
		t.Errorf("at two temperatures: got %+v, %v, want > 0", kl, err)
	}
}

func TestLogProbsErrors(t *testing.T) {
	for want, x := range map[string]Text{
		"text 0: got 3 tokens, scored from 3": {[]int32{1, 2, 3}, 3},
		"text 0: got 3 tokens, scored from 0": {[]int32{1, 2, 3}, 0},
		"sequence 0: got 9 tokens, want ≤ 8":  {make([]int32, 9), 1},
	} {
		if _, err := LogProbs(nil, []Text{x}, 1, 8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to hold %q", err, want)
		}
	}
}
