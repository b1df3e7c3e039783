package bench

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"plumbline/models"
)

// Sizes as the models' authors publish them, in parameters.
func TestArchs_HaveThePublishedSizes(t *testing.T) {
	for name, want := range map[string]int{
		"gpt2-124m":  124_439_808,   // transformers: GPT2LMHeadModel(gpt2).num_parameters()
		"gpt2-355m":  354_823_168,   // the same of gpt2-medium
		"llama-15m":  15_191_712,    // the shape of karpathy/tinyllamas stories15M, by hand
		"llama-135m": 134_515_008,   // model card of HuggingFaceTB/SmolLM-135M
		"llama-1.1b": 1_100_048_384, // safetensors index of TinyLlama-1.1B
	} {
		s, err := Arch(name)
		if err != nil || s.Validate() != nil || s.Size() != want {
			t.Errorf("%s: got %d parameters, %v, %v, want %d", name, s.Size(), err, s.Validate(), want)
		}
	}
	if _, err := Arch("gpt5"); err == nil || !strings.Contains(err.Error(), `got "gpt5", want one of gpt2-124m`) {
		t.Errorf("got %v", err)
	}
}

// Counted by hand, one product at a time, for d = 2, H = 2, h = 1, f = 3, V = 5, two
// sequences of three tokens.
func TestForwardFLOP(t *testing.T) {
	s := models.Spec{Vocab: 5, Width: 2, Layers: 1, Heads: 2, KV: 2, Head: 1, FFN: 3, Activation: models.GELUTanh}
	const (
		qkv, out, up, down = 2 * 6 * 2 * 6, 2 * 6 * 2 * 2, 2 * 6 * 2 * 3, 2 * 6 * 3 * 2 // 2·tokens·in·out
		scores             = 2 * 2 * 1 * (1 + 2 + 3) * 2                                // 2·H·h·pairs·sequences
		values             = scores
		head               = 2 * 4 * 2 * 5 // of the 4 tokens that have a next one
	)
	if got, want := ForwardFLOP(s, 2, 3, 4), float64(qkv+out+up+down+scores+values+head); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := TrainFLOP(s, 2, 3), 3*float64(qkv+out+up+down+scores+values+head); got != want {
		t.Errorf("training: got %v, want %v", got, want)
	}
	s.KV, s.Activation = 1, models.SwiGLU
	if got, want := ForwardFLOP(s, 2, 3, 4), float64(qkv*2/3+out+2*up+down+scores+values+head); got != want {
		t.Errorf("grouped queries and a gate: got %v, want %v", got, want)
	}
	// A step of decoding is the difference of two forward passes: one token through the
	// layers (2·8, 2·4, 2·12, 2·6), its pairs with all three, and the output matrix.
	if got, want := decodeFLOP(s, 1, 2), float64(16+8+24+12+2*2*2*3+20); got != want {
		t.Errorf("decoding: got %v, want %v", got, want)
	}
}

// What is reported hangs together; how fast it was is nobody's to promise.
func TestTrainAndDecode(t *testing.T) {
	archs["test"] = llama(models.Spec{Vocab: 300, Width: 32, Layers: 2, Heads: 4, KV: 2, FFN: 64, Context: 40, Tied: true})
	defer delete(archs, "test")
	train, err := Train(t.Context(), TrainOptions{Arch: "test", Batch: 2, Length: 16, Steps: 3, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	decode, err := Decode(t.Context(), DecodeOptions{Arch: "test", Batch: 2, Prompt: 4, Steps: 5, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }
	for _, c := range []struct {
		Speed
		steps, threads int
		tokens, flop   float64
	}{{train, 3, 1, 32, TrainFLOP(archs["test"], 2, 16)}, {decode, 5, 2, 2, decodeFLOP(archs["test"], 2, 8)}} {
		if c.Steps != c.steps || c.Threads != c.threads || c.BestStepS <= 0 || c.StepS < c.BestStepS || c.Params != archs["test"].Size() {
			t.Errorf("got %+v", c.Speed)
		}
		if !near(c.TokS*c.StepS, c.tokens) || !near(c.GFLOPS*c.StepS*1e9, c.flop) || !near(c.Share*c.Peak, c.GFLOPS) {
			t.Errorf("got %+v, want %v tokens and %v operations a step", c.Speed, c.tokens, c.flop)
		}
	}
}

func TestTrain_Interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, TrainOptions{Arch: "llama-15m", Batch: 1, Length: 2, Steps: 1, Threads: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
}

func TestValidate_ReportsEveryFault(t *testing.T) {
	err := errors.Join(TrainOptions{Arch: "x", Steps: 0, Threads: -1}.Validate(), DecodeOptions{Arch: "gpt2-124m", Batch: 1, Prompt: 1024, Steps: 1}.Validate())
	for _, want := range []string{`arch: got "x"`, "batch: got 0, want 1", "steps: got 0, want 1", "threads: got -1", "prompt: got 1024, want 1 to 1023"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q too", err, want)
		}
	}
}

func BenchmarkTrainGPT2(b *testing.B) {
	r, err := Train(b.Context(), TrainOptions{Arch: "gpt2-124m", Batch: 4, Length: 256, Steps: max(1, b.N)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(r.TokS, "tok/s")
	b.ReportMetric(100*r.Share, "%peak")
}
