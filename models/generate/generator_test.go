package generate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/models"
	"plumbline/models/lm"
)

func gpt2(t testing.TB) *models.Decoder {
	return decoder(t, models.Spec{
		Family: "gpt2", Vocab: 61, Width: 24, Layers: 2, Heads: 3, KV: 3, Head: 8, FFN: 40, Context: 48,
		Norm: models.LayerNorm, Eps: 1e-5, Position: models.LearnedPositions, Activation: models.GELUTanh,
		QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .3,
	})
}

func llama(t testing.TB) *models.Decoder {
	return decoder(t, models.Spec{
		Family: "llama", Vocab: 61, Width: 24, Layers: 2, Heads: 4, KV: 2, Head: 6, FFN: 40, Context: 48,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 6},
		Activation: models.SwiGLU, InitStd: .3,
	})
}

func decoder(t testing.TB, s models.Spec) *models.Decoder {
	t.Helper()
	d, err := models.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var prompts = [][]int32{{1, 2, 3}, {4}, {5, 6, 7, 8, 9, 10, 11}, {60, 0}, {12, 13}}

func generated(t testing.TB, d *models.Decoder, threads, batch int, o Options) []Rollout {
	t.Helper()
	rt := engine.NewRuntime(threads)
	defer rt.Close()
	out, err := New(rt, d, models.Options{}, batch).Generate(context.Background(), prompts, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The log-probability of a sampled token is, bit for bit, what a forward graph and a
// training graph give for it, whatever the batch, the threads and the ISA.
func TestSamplerAgreesWithTrainer(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) *models.Decoder{"gpt2": gpt2, "llama": llama} {
		for _, isa := range kernel.ISAs() {
			t.Run(name+"/"+isa, func(t *testing.T) {
				defer restore(t, isa)()
				d := fresh(t) // its packed weights are those of the ISA
				o := Options{MaxNew: 30, Temperature: .8, Seed: 3, Stop: []int32{7}}
				want := generated(t, d, 1, 1, o)
				for _, batch := range []int{2, 5} {
					got := generated(t, d, 2, batch, o)
					for i := range want {
						if !slices.Equal(got[i].Response, want[i].Response) || !slices.Equal(got[i].LogProb, want[i].LogProb) {
							t.Errorf("prompt %d, batch %d: differs from the prompt alone", i, batch)
						}
					}
				}
				packed := logProbs(t, d, want, o.Temperature)
				for i, r := range want {
					alone := logProbs(t, d, want[i:i+1], o.Temperature)
					if !slices.Equal(alone, r.LogProb) {
						t.Errorf("prompt %d: sampled and scored log-probs differ:\n%v\n%v", i, r.LogProb, alone)
					}
					if !slices.Equal(packed[:len(alone)], alone) {
						t.Errorf("prompt %d: alone and packed log-probs differ", i)
					}
					packed = packed[len(alone):]
				}
			})
		}
	}
}

func restore(t *testing.T, isa string) func() {
	old := kernel.Active()
	if err := kernel.Use(isa); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := kernel.Use(old); err != nil {
			t.Fatal(err)
		}
	}
}

func logProbs(t *testing.T, d *models.Decoder, rs []Rollout, temperature float64) []float32 {
	t.Helper()
	rt := engine.NewRuntime(1)
	defer rt.Close()
	var r batch.Ragged
	for _, x := range rs {
		mask := make([]float32, len(x.Prompt)+len(x.Response))
		for i := len(x.Prompt); i < len(mask); i++ {
			mask[i] = 1
		}
		if err := r.Add(slices.Concat(x.Prompt, x.Response), mask); err != nil {
			t.Fatal(err)
		}
	}
	p, err := lm.New(rt, d, models.Options{}).LogProbs(&r, temperature)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStopsAtStopTokenLengthAndContext(t *testing.T) {
	d := llama(t)
	free := generated(t, d, 1, 5, Options{MaxNew: 1000, Temperature: 1, Seed: 1})
	for i, r := range free {
		if r.Finished || len(r.Prompt)+len(r.Response) != d.Spec.Context {
			t.Errorf("prompt %d: got %d tokens in all, want the context of %d filled", i, len(r.Prompt)+len(r.Response), d.Spec.Context)
		}
	}
	stop := free[0].Response[4]
	cut := slices.Index(free[0].Response, stop) + 1
	r := generated(t, d, 1, 5, Options{MaxNew: 1000, Temperature: 1, Seed: 1, Stop: []int32{stop}})[0]
	if !r.Finished || !slices.Equal(r.Response, free[0].Response[:cut]) {
		t.Errorf("got %v, want %v and finished", r.Response, free[0].Response[:cut])
	}
	if r := generated(t, d, 1, 2, Options{MaxNew: 3, Temperature: 0}); len(r[0].Response) != 3 {
		t.Errorf("got %d tokens, want 3", len(r[0].Response))
	}
}

func TestHaltEndsOneSequenceAndNoOther(t *testing.T) {
	d := llama(t)
	free := generated(t, d, 1, 5, Options{MaxNew: 9, Temperature: 1, Seed: 1})
	halted := generated(t, d, 1, 5, Options{MaxNew: 9, Temperature: 1, Seed: 1, Halt: func(i int, response []int32) bool {
		return i == 1 && len(response) == 4
	}})
	for i, r := range halted {
		want := free[i].Response
		if i == 1 {
			want = want[:4]
		}
		if r.Finished || !slices.Equal(r.Response, want) {
			t.Errorf("prompt %d: got %v, finished %v, want %v, unfinished", i, r.Response, r.Finished, want)
		}
	}
}

// What is continued in parts and in another order is what it would have been in one go,
// and each rollout is told once, as it is returned.
func TestSequencesInParts(t *testing.T) {
	d := llama(t)
	o := Options{MaxNew: 12, Temperature: 1, Seed: 4, Stop: []int32{9}}
	want := generated(t, d, 1, 5, o)
	rt := engine.NewRuntime(1)
	defer rt.Close()
	g := New(rt, d, models.Options{}, 2)
	for _, part := range [][]uint64{{3, 0}, {4, 1, 2}} {
		var asked [][]int32
		for _, i := range part {
			asked = append(asked, prompts[i])
		}
		told := map[int]Rollout{}
		o.Sequence = part
		o.Done = func(i int, r Rollout) { told[i] = r }
		got, err := g.Generate(context.Background(), asked, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for at, i := range part {
			if !slices.Equal(got[at].Response, want[i].Response) || !slices.Equal(told[at].LogProb, want[i].LogProb) {
				t.Errorf("sequence %d: got %v, told %v, want %v", i, got[at].Response, told[at].Response, want[i].Response)
			}
		}
	}
	o.Sequence = []uint64{1}
	if _, err := g.Generate(context.Background(), prompts, o, nil); err == nil || !strings.Contains(err.Error(), "got 1 numbers, want one for each of 5 prompts") {
		t.Errorf("got %v, want the numbers refused", err)
	}
}

func TestSeedDecides(t *testing.T) {
	d := gpt2(t)
	a := generated(t, d, 1, 5, Options{MaxNew: 20, Temperature: 1, Seed: 1})
	b := generated(t, d, 1, 5, Options{MaxNew: 20, Temperature: 1, Seed: 2})
	if slices.Equal(a[0].Response, b[0].Response) {
		t.Error("two seeds gave the same response")
	}
}

func TestPromptsThatDoNotFit(t *testing.T) {
	rt := engine.NewRuntime(1)
	defer rt.Close()
	g := New(rt, gpt2(t), models.Options{}, 4)
	for name, c := range map[string]struct {
		prompt []int32
		want   string
	}{
		"empty":    {nil, "got 0 tokens"},
		"too long": {make([]int32, 48), "got 48 tokens, want 1 to 47"},
		"bad id":   {[]int32{61}, "got id 61"},
	} {
		_, err := g.Generate(context.Background(), [][]int32{{1}, c.prompt}, Options{MaxNew: 2, Temperature: 1}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.Generate(ctx, prompts, Options{MaxNew: 2, Temperature: 1}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
