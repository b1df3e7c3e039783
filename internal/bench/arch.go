package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline/models"
)

// archs are the shapes of published models.
var archs = map[string]models.Spec{
	"gpt2-124m": gpt2(12, 12, 768),  // openai-community/gpt2
	"gpt2-355m": gpt2(24, 16, 1024), // openai-community/gpt2-medium

	"llama-15m":  llama(models.Spec{Vocab: 32000, Width: 288, Layers: 6, Heads: 6, KV: 6, FFN: 768, Context: 256, Tied: true}),    // karpathy/tinyllamas stories15M
	"llama-135m": llama(models.Spec{Vocab: 49152, Width: 576, Layers: 30, Heads: 9, KV: 3, FFN: 1536, Context: 2048, Tied: true}), // HuggingFaceTB/SmolLM-135M
	"llama-1.1b": llama(models.Spec{Vocab: 32000, Width: 2048, Layers: 22, Heads: 32, KV: 4, FFN: 5632, Context: 2048}),           // TinyLlama/TinyLlama-1.1B
}

func gpt2(layers, heads, width int) models.Spec {
	return models.Spec{
		Family: "gpt2", Vocab: 50257, Width: width, Layers: layers, Heads: heads, KV: heads, Head: width / heads, FFN: 4 * width, Context: 1024,
		Norm: models.LayerNorm, Eps: 1e-5, Position: models.LearnedPositions, Activation: models.GELUTanh,
		QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .02,
	}
}

func llama(s models.Spec) models.Spec {
	s.Family, s.Head, s.InitStd = "llama", s.Width/s.Heads, .02
	s.Norm, s.Eps, s.Activation = models.RMSNorm, 1e-5, models.SwiGLU
	s.Position, s.Rotary = models.RotaryPositions, models.Rotary{Base: 10000, Dim: s.Head}
	return s
}

// Archs lists the names of the architectures.
func Archs() []string { return slices.Sorted(maps.Keys(archs)) }

// Arch is the shape of a published model by name.
func Arch(name string) (models.Spec, error) {
	s, ok := archs[name]
	if !ok {
		return s, fmt.Errorf("arch: got %q, want one of %s", name, strings.Join(Archs(), ", "))
	}
	return s, nil
}
