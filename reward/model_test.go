package reward

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/shared"
	"plumbline/models"
	"plumbline/models/checkpoint"
)

// llamaGolden is data/golden/llama-reward-head: torch 2.15, transformers 5.23, float64.
type llamaGolden struct {
	dir     string
	tensors map[string]checkpoint.Tensor
	meta    struct {
		Tolerance map[string]struct {
			Atol      float64
			Rtol      float64 `json:"rtol_of_tensor_max"`
			MinGrad   float64 `json:"where_abs_grad_at_least"`
			Elsewhere float64 `json:"elsewhere_atol"`
		}
		AdamW struct {
			LR          float64
			Beta1       float64
			Beta2       float64
			Eps         float64
			WeightDecay float64 `json:"weight_decay"`
			Steps       int
		}
	}
}

func readLlamaGolden(t *testing.T) *llamaGolden {
	t.Helper()
	g := &llamaGolden{dir: shared.Path(t, "golden", "llama-reward-head")}
	text, err := os.ReadFile(filepath.Join(g.dir, "golden.json"))
	if err == nil {
		err = json.Unmarshal(text, &g.meta)
	}
	if err == nil {
		g.tensors, err = checkpoint.ReadTensors(filepath.Join(g.dir, "golden.safetensors"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// seqs are the rows of a golden batch without their padding.
func (g *llamaGolden) seqs(side string) [][]int32 {
	ids, mask := g.tensors[side+".input_ids"], g.tensors[side+".attention_mask"]
	T := ids.Shape[1]
	out := make([][]int32, ids.Shape[0])
	for i, id := range ids.Ints {
		if mask.Ints[i] == 1 {
			out[i/T] = append(out[i/T], int32(id))
		}
	}
	return out
}

func runtime(t testing.TB) *engine.Runtime {
	rt := engine.NewRuntime(2)
	t.Cleanup(rt.Close)
	return rt
}

func (g *llamaGolden) load(t *testing.T) *Model {
	t.Helper()
	m, err := Load(runtime(t), g.dir, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGoldenRewardHead(t *testing.T) {
	g := readLlamaGolden(t)
	m := g.load(t)
	for _, side := range []string{"left", "right"} {
		got, err := m.Score(g.seqs(side), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range g.tensors[side+".logits"].Floats {
			if math.Abs(got[i]-float64(want)) > g.meta.Tolerance["logits"].Atol {
				t.Errorf("%s row %d: got %v, want %v", side, i, got[i], want)
			}
		}
	}
}

// The value at every real token, as a critic reads it.
func TestGoldenValuesPerToken(t *testing.T) {
	g := readLlamaGolden(t)
	m := g.load(t)
	for _, side := range []string{"left", "right"} {
		r := &batch.Ragged{}
		var rows []int32
		for _, s := range g.seqs(side) {
			if err := r.Add(s, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i := range r.Tokens {
			rows = append(rows, int32(i))
		}
		got, err := m.Values(r, rows)
		if err != nil {
			t.Fatal(err)
		}
		var want []float32
		for i, real := range g.tensors[side+".attention_mask"].Ints {
			if real == 1 {
				want = append(want, g.tensors[side+".scores"].Floats[i])
			}
		}
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > g.meta.Tolerance["scores"].Atol {
				t.Errorf("%s token %d: got %v, want %v", side, i, got[i], want[i])
			}
		}
	}
}

// learnGolden is the golden's loss: row 0 chosen, row 1 rejected.
func (g *llamaGolden) learn(t *testing.T, m *Model) float64 {
	t.Helper()
	r := &batch.Ragged{}
	for _, s := range g.seqs("right") {
		if err := r.Add(s, nil); err != nil {
			t.Fatal(err)
		}
	}
	o := Objective{Pairs: []Pair{{Chosen: 0, Rejected: 1, Weight: 1}}, Window: 1}
	loss, err := m.Learn(r, r.Last(), o.Loss)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// eachTensor calls f with every tensor of the checkpoint: the values of its parameter
// and its gradient, as stored.
func eachTensor(m *Model, f func(name string, data, grad []float32)) {
	for _, e := range m.files.Entries() {
		p := m.Decoder.Param(e.Param)
		f(e.Name, checkpoint.Stored(e, p.Data, p.Shape[0]), checkpoint.Stored(e, p.Grad, p.Shape[0]))
	}
	f(headTensor, m.Head.Data, m.Head.Grad)
}

func TestGoldenGradients(t *testing.T) {
	g := readLlamaGolden(t)
	m := g.load(t)
	if got, want := g.learn(t, m), float64(g.tensors["train.loss"].Floats[0]); math.Abs(got-want) > g.meta.Tolerance["loss"].Atol {
		t.Errorf("loss: got %v, want %v", got, want)
	}
	eachTensor(m, func(name string, _, grad []float32) {
		want, ok := g.tensors["train.grad."+name]
		if !ok {
			t.Errorf("%s: no golden gradient", name)
			return
		}
		peak := 0.0
		for _, w := range want.Floats {
			peak = max(peak, math.Abs(float64(w)))
		}
		tolerance := g.meta.Tolerance["grad"].Atol + g.meta.Tolerance["grad"].Rtol*peak
		for i, w := range want.Floats {
			if math.Abs(float64(grad[i]-w)) > tolerance {
				t.Fatalf("gradient of %s[%d]: got %v, want %v ± %g", name, i, grad[i], w, tolerance)
			}
		}
	})
}

func TestGoldenTwoSteps(t *testing.T) {
	g := readLlamaGolden(t)
	m := g.load(t)
	a := g.meta.AdamW
	opt := engine.NewAdamW(m.rt, m.Trainable(), engine.AdamWConfig{Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, WeightDecay: a.WeightDecay})
	var losses []float64
	for range a.Steps {
		losses = append(losses, g.learn(t, m))
		if _, err := opt.Update(a.LR); err != nil {
			t.Fatal(err)
		}
	}
	losses = append(losses, g.learn(t, m))
	for i, want := range g.tensors["train.losses"].Floats {
		if math.Abs(losses[i]-float64(want)) > g.meta.Tolerance["losses"].Atol {
			t.Errorf("loss %d: got %v, want %v", i, losses[i], want)
		}
	}
	tolerance := g.meta.Tolerance["adamw2"]
	eachTensor(m, func(name string, data, _ []float32) {
		grad := g.tensors["train.grad."+name]
		for i, want := range g.tensors["train.adamw2."+name].Floats {
			atol := tolerance.Elsewhere
			if size := math.Abs(float64(grad.Floats[i])); size >= tolerance.MinGrad || size == 0 && len(grad.Shape) == 2 {
				atol = tolerance.Atol
			}
			if math.Abs(float64(data[i]-want)) > atol {
				t.Fatalf("%s[%d]: got %v, want %v ± %g", name, i, data[i], want, atol)
			}
		}
	})
}

func TestSaveAndLoadAgain(t *testing.T) {
	g := readLlamaGolden(t)
	m := g.load(t)
	m.Norm = Norm{Mean: .25, Std: 2}
	dir := filepath.Join(t.TempDir(), "reward")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Load(m.rt, dir, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if again.Norm != m.Norm {
		t.Errorf("norm: got %v, want %v", again.Norm, m.Norm)
	}
	want, err := checkpoint.ReadTensors(filepath.Join(g.dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.ReadTensors(filepath.Join(dir, "model.safetensors"))
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %d tensors, %v, want %d", len(got), err, len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name].Floats, w.Floats) || !slices.Equal(got[name].Shape, w.Shape) {
			t.Errorf("%s: got other values than the file we loaded", name)
		}
	}
}

// tiny makes an untrained language model.
func tiny(t testing.TB) *checkpoint.Model {
	t.Helper()
	spec := models.Spec{
		Family: "llama", Vocab: 12, Width: 16, Layers: 2, Heads: 2, KV: 1, Head: 8, FFN: 32, Context: 32,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 8}, Activation: models.SwiGLU,
		Tied: true, InitStd: .08, BOS: []int32{0}, EOS: []int32{1},
	}
	m, err := checkpoint.New(spec, 5)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNewIsTheLanguageModelWithAHead(t *testing.T) {
	lm := tiny(t)
	lm.Config = []byte(strings.Replace(string(lm.Config), "{", `{"pad_token_id": 1,`, 1))
	m, err := New(runtime(t), lm, 3, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Decoder.Params() {
		if !slices.Equal(p.Data, lm.Decoder.Param(p.Name).Data) {
			t.Errorf("%s: got other values than the language model's", p.Name)
		}
	}
	if m.Decoder.Param("head") != nil {
		t.Error("got an output matrix, want none")
	}
	for _, want := range []string{`"LlamaForSequenceClassification"`, `"LABEL_0"`} {
		if !strings.Contains(string(m.files.Config), want) {
			t.Errorf("config.json: got %s, want %s in it", m.files.Config, want)
		}
	}
	if strings.Contains(string(m.files.Config), "pad_token_id") {
		t.Error("config.json: got a pad_token_id that is the EOS, want none")
	}
	dir := filepath.Join(t.TempDir(), "rm")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Load(m.rt, dir, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seqs := [][]int32{{0, 3, 4, 1}, {0, 5, 1}}
	a, errA := m.Score(seqs, 7)
	b, errB := again.Score(seqs, 4)
	if errA != nil || errB != nil || !slices.Equal(a, b) {
		t.Errorf("got %v, %v before, %v, %v after saving", a, errA, b, errB)
	}
}

// Deviation 1/√(d+1): over 4000 weights its estimate is within 4 %.
func TestNewHead(t *testing.T) {
	const d = 4000
	squares := 0.0
	for _, w := range NewHead(d, 1).Data {
		squares += float64(w) * float64(w)
	}
	if got, want := math.Sqrt(squares/d), 1/math.Sqrt(d+1); math.Abs(got-want) > .04*want {
		t.Errorf("deviation: got %v, want %v", got, want)
	}
	if slices.Equal(NewHead(8, 1).Data, NewHead(8, 2).Data) {
		t.Error("seeds 1 and 2: got the same weights")
	}
}

func TestLoadErrors(t *testing.T) {
	lm := tiny(t)
	dir := filepath.Join(t.TempDir(), "lm")
	if err := lm.Save(dir, checkpoint.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(nil, dir, models.Options{}); err == nil || !strings.Contains(err.Error(), "got no tensor score.weight") {
		t.Errorf("a language model: got %v", err)
	}
	m, err := New(runtime(t), lm, 3, models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rm := filepath.Join(t.TempDir(), "rm")
	if err := m.Save(rm); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{`{"mean":0,"std":0}`: "std 0", `{"mean":`: "reward.json", `{}`: "std 0"} {
		if err := os.WriteFile(filepath.Join(rm, normFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(m.rt, rm, models.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to name %q", text, err, want)
		}
	}
	if err := lm.Decoder.AddLoRA(models.LoRA{Rank: 1, Alpha: 1, Targets: []string{models.AllLinear}}, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := New(m.rt, lm, 3, models.Options{}); err == nil || !strings.Contains(err.Error(), "merged first") {
		t.Errorf("with adapters: got %v", err)
	}
	if _, err := m.Score([][]int32{{1, 2, 3}}, 2); err == nil || !strings.Contains(err.Error(), "sequence 0: got 3 tokens, want ≤ 2") {
		t.Errorf("too long: got %v", err)
	}
	if _, err := m.Score([][]int32{{}}, 2); err == nil || !strings.Contains(err.Error(), "sequence 0") {
		t.Errorf("empty: got %v", err)
	}
}

func FuzzParseNorm(f *testing.F) {
	for _, text := range []string{`{"mean":0.5,"std":2}`, `{"mean":1e999,"std":1}`, `{"std":-1}`, `[]`, `{"mean":0,"std":5e-324}`, ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := parseNorm(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseNorm(again); err != nil || back != n {
			t.Errorf("written back: got %v, %v, want %v", back, err, n)
		}
	})
}
