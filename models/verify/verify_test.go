package verify

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/internal/shared"
	"plumbline/models/checkpoint"
)

func runtime(t testing.TB) *engine.Runtime {
	rt := engine.NewRuntime(0)
	t.Cleanup(rt.Close)
	return rt
}

// Every result that the reference recorded is reproduced within the tolerances that
// its golden.json states, on every build of the kernels.
func TestGolden(t *testing.T) {
	before := kernel.Active()
	t.Cleanup(func() {
		if err := kernel.Use(before); err != nil {
			t.Error(err)
		}
	})
	for _, isa := range kernel.ISAs() {
		for _, name := range []string{
			"gpt2", "llama-gqa-untied", "llama-gqa-tied", "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn",
			"llama-rope-dynamic", "llama-rope-legacy-config", "llama-rope-llama3-legacy-config", "llama-sharded", "llama-bf16", "llama-f16",
			"llama-lora/lora", "llama-lora/rslora", "llama-lora/lora-regex",
		} {
			t.Run(isa+"/"+name, func(t *testing.T) {
				if err := kernel.Use(isa); err != nil {
					t.Fatal(err)
				}
				dir := shared.Path(t, "golden", filepath.FromSlash(name))
				r, err := Run(runtime(t), dir, filepath.Join(dir, "golden.safetensors"))
				if err != nil {
					t.Fatal(err)
				}
				report(t, r)
			})
		}
	}
}

func report(t *testing.T, r *Report) {
	t.Helper()
	if !r.OK() {
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		t.Errorf("differs:\n%s", b.String())
	}
	w := r.Worst()
	t.Logf("%d rows, worst %s: %.3g of %.3g; skipped %v", len(r.Rows), w.Name, w.Diff, w.Tolerance, r.Skipped)
	for _, name := range r.Skipped {
		if !strings.HasSuffix(name, ".half_logits") { // arithmetic in half precision, which is not ours
			t.Errorf("%s: not compared", name)
		}
	}
}

// Real models reproduce an independent float64 forward pass and its greedy text.
func TestRealModels(t *testing.T) {
	for _, c := range []struct{ dir, file string }{
		{"tinystories-656k", ""}, {"stories260K", "stories260K.bin"}, {"stories260K", "stories260K_v1.bin"},
	} {
		t.Run(c.dir+c.file, func(t *testing.T) {
			dir := shared.Path(t, "models", c.dir)
			r, err := Run(runtime(t), filepath.Join(dir, c.file), filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			report(t, r)
		})
	}
}

// A model that is read wrongly is found out, at the first result that it changes.
// golden.json lists by how many tolerances some of these move the logits.
func TestGoldenFindsMistakes(t *testing.T) {
	for _, c := range []struct {
		name, dir, key string
		value          any
		first          string // row that differs first
	}{
		{"exact gelu", "gpt2", "activation_function", "gelu", "left.block_input.1"},
		{"epsilon", "gpt2", "layer_norm_epsilon", 1e-5, "left.block_input.1"},
		{"epsilon", "llama-gqa-untied", "rms_norm_eps", 1e-5, "left.block_input.1"},
		{"no scaling", "llama-rope-yarn", "rope_parameters", map[string]any{"rope_theta": 10000.0, "rope_type": "default"}, "left.block_input.1"},
		{"no scaling", "llama-rope-dynamic", "rope_parameters", map[string]any{"rope_theta": 10000.0, "rope_type": "default"}, ""},
		{"another base", "llama-gqa-tied", "rope_parameters", map[string]any{"rope_theta": 10000.0, "rope_type": "default"}, "left.block_input.1"},
	} {
		t.Run(c.dir+" "+c.name, func(t *testing.T) {
			src := shared.Path(t, "golden", c.dir)
			dir := mistaken(t, src, c.key, c.value)
			r, err := Run(runtime(t), dir, filepath.Join(src, "golden.safetensors"))
			if c.first == "" { // the context shrinks with the scaling
				if err == nil || !strings.Contains(err.Error(), "context of 12") {
					t.Errorf("got %v, want an error about the context", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(r.Rows, func(x Row) bool { return !x.OK })
			if r.OK() || i < 0 || r.Rows[i].Name != c.first {
				t.Errorf("got %v as the first that differs, want %s", r.Rows[max(i, 0)], c.first)
			}
		})
	}
}

// mistaken is a copy of a model with another value for a key of its config.
func mistaken(t *testing.T, src, key string, value any) string {
	t.Helper()
	dir := t.TempDir()
	var config map[string]any
	text, err := os.ReadFile(filepath.Join(src, "config.json"))
	if err == nil {
		err = json.Unmarshal(text, &config)
	}
	if err != nil {
		t.Fatal(err)
	}
	config[key] = value
	if text, err = json.Marshal(config); err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644)
	}
	if err == nil {
		text, err = os.ReadFile(filepath.Join(src, "model.safetensors"))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "model.safetensors"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A model compared with another one's numbers differs everywhere that weights reach,
// after the steps too.
func TestGoldenOfAnotherModel(t *testing.T) {
	dir, other := shared.Path(t, "golden", "llama-rope-linear"), shared.Path(t, "golden", "llama-rope-yarn", "golden.safetensors")
	r, err := Run(runtime(t), dir, other)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]int{}
	for _, x := range r.Rows {
		if !x.OK {
			bad[strings.Join(strings.SplitN(x.Name, ".", 3)[:2], ".")]++
		}
	}
	for _, kind := range []string{"left.logits", "left.hidden", "right.logprobs", "greedy.0", "train.loss", "train.losses", "train.grad", "train.adamw2"} {
		if bad[kind] == 0 {
			t.Errorf("%s: nothing differs", kind)
		}
	}
}

// The dump holds the golden file's results under the same names and shapes.
func TestDump(t *testing.T) {
	dir := shared.Path(t, "golden", "gpt2")
	golden := filepath.Join(dir, "golden.safetensors")
	r, err := Run(runtime(t), dir, golden)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Dump(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dump.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := checkpoint.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := checkpoint.ReadTensors(golden)
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if strings.HasSuffix(name, "_ids") || strings.HasSuffix(name, "_mask") || name == "train.labels" {
			delete(want, name) // inputs
		}
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Errorf("got %v", names)
	}
	for name, x := range want {
		if !slices.Equal(got[name].Shape, x.Shape) || got[name].DType != x.DType {
			t.Errorf("%s: got %s %v, want %s %v", name, got[name].DType, got[name].Shape, x.DType, x.Shape)
		}
	}
}

// NaN, another length and nothing at all never pass.
func TestCompareRefuses(t *testing.T) {
	nan := float32(0)
	nan /= nan
	for name, got := range map[string][]float32{"NaN": {1, nan}, "shorter": {1}, "longer": {1, 2, 3}, "off": {1, 2.1}, "nothing": nil} {
		r := &Report{}
		r.compare(name, got, []float32{1, 2}, flat(.01))
		if r.OK() {
			t.Errorf("%s: passes", name)
		}
	}
	r := &Report{}
	if r.OK() {
		t.Error("an empty report passes")
	}
	if r.compare("same", []float32{1, 2}, []float32{1, 2.001}, flat(.01)); !r.OK() {
		t.Error("values within the tolerance differ")
	}
	if r.compareIDs("ids", []int32{1, 2}, []int64{1, 3}); r.OK() || r.Rows[1].Diff != 1 {
		t.Error("other ids pass")
	}
}
