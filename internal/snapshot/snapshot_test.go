package snapshot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/models"
	"plumbline/models/checkpoint"
)

func model(t *testing.T, lora bool) *checkpoint.Model {
	t.Helper()
	m, err := checkpoint.New(models.Spec{
		Family: "llama", Vocab: 8, Width: 8, Layers: 1, Heads: 2, KV: 1, Head: 4, FFN: 16, Context: 16, InitStd: .02, Eps: 1e-5,
		Norm: models.RMSNorm, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 4}, Activation: models.SwiGLU,
	}, 1)
	if err == nil && lora {
		err = m.Decoder.AddLoRA(models.LoRA{Rank: 2, Alpha: 4, Targets: []string{models.AllLinear}}, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Extra = []checkpoint.Tensor{{Name: "score.weight", DType: checkpoint.F32, Shape: []int{1, 8}, Floats: make([]float32, 8)}}
	return m
}

// spoil gives every trainable value another one, as training does.
func spoil(m *checkpoint.Model) {
	for _, p := range m.Decoder.Trainable() {
		for i := range p.Data {
			p.Data[i] += .1 / float32(i+3)
		}
		p.Changed()
	}
	m.Extra[0].Floats[3] = .7
}

func TestRoundTrip(t *testing.T) {
	for _, lora := range []bool{false, true} {
		m := model(t, lora)
		spoil(m)
		dir := filepath.Join(t.TempDir(), "m")
		if err := Save(dir, m); err != nil {
			t.Fatal(err)
		}
		again := model(t, lora)
		if err := Load(dir, again); err != nil {
			t.Fatal(err)
		}
		for i, p := range m.Decoder.Params() {
			if !slices.Equal(p.Data, again.Decoder.Params()[i].Data) {
				t.Errorf("adapters %v: %s: got other values than were saved", lora, p.Name)
			}
		}
		if !slices.Equal(m.Extra[0].Floats, again.Extra[0].Floats) {
			t.Errorf("adapters %v: got the head %v, want %v", lora, again.Extra[0].Floats, m.Extra[0].Floats)
		}
	}
}

// What stands on the disk is a whole model with the adapters in it, for anyone.
func TestSavedModelIsMerged(t *testing.T) {
	m := model(t, true)
	spoil(m)
	dir := filepath.Join(t.TempDir(), "m")
	if err := Save(dir, m); err != nil {
		t.Fatal(err)
	}
	loaded, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	merged := m.Decoder.Clone()
	if err := merged.Merge(); err != nil {
		t.Fatal(err)
	}
	base := model(t, false).Decoder
	moved := false
	for _, p := range loaded.Decoder.Params() {
		if !slices.Equal(p.Data, merged.Param(p.Name).Data) {
			t.Errorf("%s: got other values than the merged decoder's", p.Name)
		}
		moved = moved || !slices.Equal(p.Data, base.Param(p.Name).Data)
	}
	if !moved || len(m.Decoder.Adapters()) == 0 {
		t.Error("got the base, or a model that lost its adapters, want the merged model written and the adapters kept")
	}
}

func TestLoadErrors(t *testing.T) {
	full, adapted := filepath.Join(t.TempDir(), "full"), filepath.Join(t.TempDir(), "adapted")
	for dir, lora := range map[string]bool{full: false, adapted: true} {
		if err := Save(dir, model(t, lora)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Load(full, model(t, true)); err == nil || !strings.Contains(err.Error(), adaptersFile) {
		t.Errorf("adapters from a full model: got %v", err)
	}
	headed := model(t, false)
	headed.Extra[0].Name = "score.bias"
	if err := Load(full, headed); err == nil || !strings.Contains(err.Error(), "got no tensor score.bias") {
		t.Errorf("another head: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(adapted, adaptersFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Load(adapted, model(t, true)); err == nil || !strings.Contains(err.Error(), adaptersFile) {
		t.Errorf("a damaged file: got %v", err)
	}
	if err := Load(filepath.Join(full, "none"), model(t, false)); err == nil {
		t.Error("no directory: got no error")
	}
}
