package checkpoint

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/internal/shared"
	"plumbline/models"
)

// Merging gives the weights that peft gives.
func TestMergeLikeReference(t *testing.T) {
	for name, atol := range map[string]float64{"lora": 5e-6, "rslora": 7e-6, "lora-regex": 4e-6} { // golden.json, tolerance.merged
		t.Run(name, func(t *testing.T) {
			dir := shared.Path(t, "golden", "llama-lora", name)
			m := load(t, dir)
			if err := m.Decoder.Merge(); err != nil {
				t.Fatal(err)
			}
			golden, err := ReadTensors(filepath.Join(dir, "golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			merged := 0
			for _, e := range m.Entries() {
				want, ok := golden["merged."+e.Name]
				if !ok {
					continue
				}
				merged++
				p := m.Decoder.Param(e.Param)
				for i, got := range Stored(e, p.Data, p.Shape[0]) {
					if d := math.Abs(float64(got - want.Floats[i])); !(d <= atol) {
						t.Fatalf("%s[%d]: got %v, want %v ± %v", e.Name, i, got, want.Floats[i], atol)
					}
				}
			}
			if merged == 0 {
				t.Error("no merged tensor was compared")
			}
		})
	}
}

// A new adapter is written so that it loads again, from a moved directory too.
func TestNewAdapterSavesAndLoads(t *testing.T) {
	for _, c := range []struct {
		base string
		lora models.LoRA
	}{
		{"llama-gqa-untied", models.LoRA{Rank: 3, Alpha: 6, Targets: []string{"q_proj", "down_proj"}}},
		{"llama-gqa-tied", models.LoRA{Rank: 2, Alpha: 1.5, RSLoRA: true, Targets: []string{models.AllLinear}}},
		{"gpt2", models.LoRA{Rank: 2, Alpha: 4, Pattern: `transformer\.h\.1\..*c_(attn|proj)`}},
	} {
		root := t.TempDir()
		base := filepath.Join(root, "base")
		save(t, load(t, shared.Path(t, "golden", c.base)), base, SaveOptions{})
		m := load(t, base)
		if err := m.Decoder.AddLoRA(c.lora, 7); err != nil {
			t.Fatal(err)
		}
		for _, a := range m.Decoder.Adapters() {
			for i := range a.B.Data {
				a.B.Data[i] = float32(i)
			}
		}
		save(t, m, filepath.Join(root, "sft", "last"), SaveOptions{})
		moved := t.TempDir() + "/moved"
		if err := os.Rename(root, moved); err != nil {
			t.Fatal(err)
		}
		back := load(t, filepath.Join(moved, "sft", "last"))
		if got := back.Decoder.LoRA(); got.Scale() != c.lora.Scale() || got.Pattern != c.lora.Pattern {
			t.Errorf("%s: got %+v, want %+v", c.base, got, c.lora)
		}
		equalWeights(t, back, m)
	}
}

func TestAdapterRefuses(t *testing.T) {
	good := `{"peft_type":"LORA","base_model_name_or_path":"x","r":4,"lora_alpha":8,"target_modules":["q_proj"],"bias":"none"}`
	if _, _, err := parseAdapter([]byte(good)); err != nil {
		t.Fatalf("a good config: got %v", err)
	}
	for change, want := range map[string]string{
		`"peft_type":"IA3"`:                    "peft_type",
		`"bias":"all"`:                         "bias",
		`"use_dora":true`:                      "use_dora",
		`"modules_to_save":["lm_head"]`:        "modules_to_save",
		`"rank_pattern":{"q_proj":8}`:          "rank_pattern",
		`"layers_to_transform":[1]`:            "layers_to_transform",
		`"init_lora_weights":"pissa"`:          "init_lora_weights",
		`"some_new_idea":2`:                    "some_new_idea",
		`"target_modules":3`:                   "target_modules",
		`"r":"four"`:                           "r",
		`"trainable_token_indices":[5]`:        "trainable_token_indices",
		`"lora_bias":true`:                     "lora_bias",
		`"layer_replication":[[0,4],[2,5]]`:    "layer_replication",
		`"alpha_pattern":{"model.layers.0":4}`: "alpha_pattern",
	} {
		_, _, err := parseAdapter([]byte(strings.Replace(good, "}", ","+change+"}", 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error about %s", change, err, want)
		}
	}
	_, err := Load(shared.Path(t, "golden", "llama-lora", "dora"))
	if err == nil || !strings.Contains(err.Error(), "use_dora") {
		t.Errorf("DoRA: got %v, want an error about use_dora", err)
	}
}

func FuzzParseAdapter(f *testing.F) {
	f.Add([]byte(`{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":"all-linear","use_rslora":true}`))
	f.Add([]byte(`{"peft_type":"LORA","target_modules":["a","b"],"bias":"none","init_lora_weights":true}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, _, err := parseAdapter(text)
		if err == nil && len(l.Targets) > 0 && l.Pattern != "" {
			t.Errorf("%s: got targets and a pattern", text)
		}
	})
}
