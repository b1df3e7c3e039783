package families

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/shared"
	"plumbline/models"
)

const tinyLlama = `{"model_type":"llama","architectures":["LlamaForCausalLM"],"vocab_size":99,"hidden_size":32,"num_hidden_layers":2,
	"num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":88,"max_position_embeddings":64,"rms_norm_eps":0.002,
	"hidden_act":"silu","bos_token_id":1,"eos_token_id":[2,7],"rope_theta":500.0,"attention_bias":true}`

const tinyGPT2 = `{"model_type":"gpt2","vocab_size":99,"n_embd":32,"n_layer":2,"n_head":4,"n_positions":40,
	"layer_norm_epsilon":0.002,"activation_function":"gelu_new"}`

func TestParse(t *testing.T) {
	for text, want := range map[string]models.Spec{
		tinyLlama: {
			Family: "llama", Vocab: 99, Width: 32, Layers: 2, Heads: 4, KV: 2, Head: 8, FFN: 88, Context: 64,
			Norm: models.RMSNorm, Eps: .002, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 500, Dim: 8},
			Activation: models.SwiGLU, QKVBias: true, OutBias: true, InitStd: .02, BOS: []int32{1}, EOS: []int32{2, 7},
		},
		tinyGPT2: {
			Family: "gpt2", Vocab: 99, Width: 32, Layers: 2, Heads: 4, KV: 4, Head: 8, FFN: 128, Context: 40,
			Norm: models.LayerNorm, Eps: .002, Position: models.LearnedPositions, Activation: models.GELUTanh,
			QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .02,
		},
	} {
		_, got, err := Parse([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// edited is a config with one key set, or dropped for nil.
func edited(t *testing.T, text, key string, value any) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if m[key] = value; value == nil {
		delete(m, key)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseRefuses(t *testing.T) {
	scaling := func(kind string, more ...any) map[string]any {
		m := map[string]any{"rope_type": kind}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		text, key string
		value     any
		want      string
	}{
		{tinyLlama, "model_type", "mamba", `"mamba", want one of llama, gpt2`},
		{tinyLlama, "model_type", nil, "model_type"},
		{tinyLlama, "architectures", []string{"LlamaForQuestionAnswering"}, "LlamaForQuestionAnswering"},
		{tinyLlama, "hidden_size", nil, "hidden_size: got nothing"},
		{tinyLlama, "hidden_size", "32", "hidden_size"},
		{tinyLlama, "hidden_size", 32.5, "hidden_size"},
		{tinyLlama, "rms_norm_eps", nil, "rms_norm_eps"},
		{tinyLlama, "hidden_act", "gelu", "hidden_act"},
		{tinyLlama, "logit_scale", .5, "logit_scale: unknown key"},
		{tinyLlama, "sliding_window", 4096, "sliding_window: unknown key"},
		{tinyLlama, "rope_interleaved", true, "rope_interleaved"},
		{tinyLlama, "num_key_value_heads", 3, "kv: got 3"},
		{tinyLlama, "vocab_size", 0, "vocab: got 0"},
		{tinyLlama, "num_hidden_layers", 1 << 40, "layers"},
		{tinyLlama, "eos_token_id", 99, "eos: got 99"},
		{tinyLlama, "eos_token_id", "2", "eos_token_id"},
		{tinyLlama, "rope_scaling", scaling("longrope"), "longrope"},
		{tinyLlama, "rope_scaling", scaling("linear"), "factor"},
		{tinyLlama, "rope_scaling", scaling("linear", "factor", .5), "factor: got 0.5"},
		{tinyLlama, "rope_scaling", scaling("linear", "factor", 2, "beta_fast", 32), "beta_fast: unknown key"},
		{tinyLlama, "rope_scaling", scaling("llama3", "factor", 8, "low_freq_factor", 4, "high_freq_factor", 1, "original_max_position_embeddings", 64), "low < high"},
		{tinyLlama, "rope_scaling", scaling("yarn", "factor", 4, "truncate", false), "truncate"},
		{tinyLlama, "rope_parameters", scaling("default", "partial_rotary_factor", .5), "partial_rotary_factor"},
		{tinyGPT2, "activation_function", "relu", "relu"},
		{tinyGPT2, "scale_attn_by_inverse_layer_idx", true, "scale_attn_by_inverse_layer_idx"},
		{tinyGPT2, "scale_attn_weights", false, "scale_attn_weights"},
		{tinyGPT2, "add_cross_attention", true, "add_cross_attention"},
		{tinyGPT2, "n_head", 5, "n_head: got 5"},
	} {
		_, _, err := Parse(edited(t, c.text, c.key, c.value))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %v: got %v, want an error about %q", c.key, c.value, err, c.want)
		}
	}
	both := edited(t, string(edited(t, tinyLlama, "rope_parameters", scaling("default", "rope_theta", 500))), "rope_scaling", scaling("linear", "factor", 2))
	if _, _, err := Parse(both); err == nil || !strings.Contains(err.Error(), "one of the two") {
		t.Errorf("both spellings of rope: got %v", err)
	}
	for _, text := range []string{"", "null", "[]", "{", `{"model_type":3}`} {
		if _, _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
	_, _, err := Parse([]byte(`{"model_type":"gpt2"}`))
	for _, key := range []string{"vocab_size", "n_embd", "n_layer", "n_head", "n_positions", "layer_norm_epsilon", "activation_function"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("an empty config: %s is not among the faults: %v", key, err)
		}
	}
}

// Keys that change nothing, null and private ones pass.
func TestParseAccepts(t *testing.T) {
	for key, value := range map[string]any{
		"_name_or_path": "x", "transformers_version": "4.1", "pretraining_tp": 2, "rope_scaling": json.RawMessage("null"),
		"new_feature": json.RawMessage("null"), "tie_word_embeddings": true, "top_k": 50, "attention_dropout": .1,
	} {
		if _, _, err := Parse(edited(t, tinyLlama, key, value)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// The table covers every element of every parameter once, under distinct names.
func TestEntriesCoverTheParameters(t *testing.T) {
	for _, text := range []string{
		tinyLlama, tinyGPT2, string(edited(t, tinyLlama, "tie_word_embeddings", true)), string(edited(t, tinyGPT2, "tie_word_embeddings", false)),
		string(edited(t, tinyLlama, "mlp_bias", true)), string(edited(t, tinyLlama, "architectures", []string{"LlamaForSequenceClassification"})),
	} {
		f, s, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		covered, names := map[string][]bool{}, map[string]bool{}
		for _, p := range s.Layout() {
			covered[p.Name] = make([]bool, p.Dims[0])
		}
		for _, e := range f.Entries(s, Layout{}) {
			if names[e.Name] {
				t.Errorf("%s: twice", e.Name)
			}
			names[e.Name] = true
			for r := e.Row; r < e.Row+e.Rows; r++ {
				if covered[e.Param][r] {
					t.Errorf("%s: row %d of %s again", e.Name, r, e.Param)
				}
				covered[e.Param][r] = true
			}
		}
		for name, rows := range covered {
			if slices.Contains(rows, false) {
				t.Errorf("%s: %s is not covered", f.Name, name)
			}
		}
	}
}

// Config is the inverse of Parse, and refuses what a family cannot say.
func TestConfigIsTheInverse(t *testing.T) {
	for _, name := range []string{"llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "llama-rope-dynamic", "llama-bias", "llama-gqa-tied", "llama-reward-head", "gpt2"} {
		text, err := os.ReadFile(shared.Path(t, "golden", name, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		f, s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if text, err = f.Config(s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, back, err := Parse(text); err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s: got %+v, %v, want %+v", name, back, err, s)
		}
	}
	f, s, err := Parse([]byte(tinyLlama))
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*models.Spec){
		"a window": func(s *models.Spec) { s.Window = 8 }, "interleaved pairs": func(s *models.Spec) { s.Rotary.Interleaved = true },
		"GELU": func(s *models.Spec) { s.Activation = models.GELUTanh }, "half a bias": func(s *models.Spec) { s.OutBias = false },
	} {
		changed := s
		change(&changed)
		if _, err := f.Config(changed); err == nil {
			t.Errorf("%s: got no error from a family that has none", what)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(tinyLlama))
	f.Add([]byte(tinyGPT2))
	f.Add([]byte(`{"model_type":"llama","rope_scaling":{"type":"dynamic","factor":1e300},"max_position_embeddings":9223372036854775807}`))
	f.Add([]byte(`{"model_type":"gpt2","n_head":-1,"n_embd":-4,"architectures":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		fam, s, err := Parse(text)
		if err != nil {
			return
		}
		if err := s.Validate(); err != nil {
			t.Errorf("got an invalid spec: %v", err)
		}
		if _, again, err := Parse(text); err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("read twice: got %+v and %+v (%v)", s, again, err)
		}
		if len(s.BOS) > 1 {
			return // a list, which our own configs do not have
		}
		if _, err := fam.Config(s); err != nil {
			t.Errorf("got a spec that the family cannot express: %v", err)
		}
	})
}
