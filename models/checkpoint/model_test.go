package checkpoint

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/shared"
	"plumbline/models"
)

// decoders are the golden directories of the two families.
var decoders = []string{
	"gpt2", "llama-gqa-untied", "llama-gqa-tied", "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn",
	"llama-rope-dynamic", "llama-rope-legacy-config", "llama-rope-llama3-legacy-config", "llama-bf16", "llama-f16",
	"llama-reward-head", "llama-token-classification", "llama-lora/base",
}

// A directory that is loaded and saved is the same directory, byte for byte.
func TestSaveOfLoadIsEqual(t *testing.T) {
	dirs := []string{"models/tinystories-656k"}
	for _, d := range decoders {
		dirs = append(dirs, "golden/"+d)
	}
	for _, dir := range append(dirs, "golden/llama-lora/lora", "golden/llama-lora/rslora", "golden/llama-lora/lora-regex") {
		t.Run(dir, func(t *testing.T) {
			src := shared.Path(t, filepath.FromSlash(dir))
			m := load(t, src)
			dst := filepath.Join(t.TempDir(), "out")
			save(t, m, dst, SaveOptions{})
			sameFiles(t, dst, src, func(name string) bool {
				return !strings.HasPrefix(name, "golden.") && name != "config.legacy.json"
			})
		})
	}
}

// Shards are dealt as transformers deals them: its limit for these files lies
// between the largest shard and what the first would have held with one tensor more.
func TestShardsLikeReference(t *testing.T) {
	src := shared.Path(t, "golden", "llama-sharded")
	dst := filepath.Join(t.TempDir(), "out")
	save(t, load(t, src), dst, SaveOptions{MaxShard: 47000})
	sameFiles(t, dst, src, func(name string) bool { return strings.HasSuffix(name, ".safetensors") && name != "golden.safetensors" })
	var got, want any
	readJSON(t, filepath.Join(dst, indexFile), &got)
	readJSON(t, filepath.Join(src, indexFile), &want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("index: got %v, want %v", got, want)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	save(t, load(t, dst), whole, SaveOptions{})
	equalWeights(t, load(t, whole), load(t, src))
}

// A config in either spelling gives the same spec.
func TestLegacyConfigIsTheSame(t *testing.T) {
	for _, d := range []string{"llama-gqa-untied", "llama-gqa-tied", "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "llama-rope-dynamic"} {
		src := shared.Path(t, "golden", d)
		legacy, err := os.ReadFile(filepath.Join(src, "config.legacy.json"))
		if err != nil {
			t.Fatal(err)
		}
		dir := copyDir(t, src)
		writeFile(t, filepath.Join(dir, "config.json"), legacy)
		if got, want := load(t, dir).Decoder.Spec, load(t, src).Decoder.Spec; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", d, got, want)
		}
	}
}

// openSingle opens the weights of a directory until the test ends.
func openSingle(t *testing.T, dir string) *File {
	t.Helper()
	f, err := Open(filepath.Join(dir, singleFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestSaveInAnotherType(t *testing.T) {
	m := load(t, shared.Path(t, "golden", "llama-gqa-untied"))
	dst := filepath.Join(t.TempDir(), "out")
	save(t, m, dst, SaveOptions{DType: BF16})
	f := openSingle(t, dst)
	for _, i := range f.Tensors {
		if i.DType != BF16 {
			t.Errorf("%s: got %s, want BF16", i.Name, i.DType)
		}
	}
	var config map[string]any
	readJSON(t, filepath.Join(dst, "config.json"), &config)
	if config["dtype"] != "bfloat16" || config["torch_dtype"] != nil {
		t.Errorf("config: got dtype %v and torch_dtype %v, want bfloat16 under the key the file had", config["dtype"], config["torch_dtype"])
	}
	for i, p := range load(t, dst).Decoder.Params() {
		for j, x := range m.Decoder.Params()[i].Data {
			if d := math.Abs(float64(p.Data[j] - x)); d > math.Abs(float64(x))*0x1p-8 {
				t.Fatalf("%s[%d]: got %v, want %v to 8 bits", p.Name, j, p.Data[j], x)
			}
		}
	}
}

// A model of our own has a config that reads back as its spec.
func TestNewSavesAndLoads(t *testing.T) {
	for _, s := range []models.Spec{
		{
			Family: "llama", Vocab: 50, Width: 16, Layers: 2, Heads: 4, KV: 2, Head: 6, FFN: 24, Context: 32,
			Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 6},
			Activation: models.SwiGLU, Tied: true, InitStd: .02, BOS: []int32{1}, EOS: []int32{2, 3},
		},
		{
			Family: "gpt2", Vocab: 50, Width: 16, Layers: 2, Heads: 4, KV: 4, Head: 4, FFN: 64, Context: 32,
			Norm: models.LayerNorm, Eps: 1e-5, Position: models.LearnedPositions, Activation: models.GELUTanh,
			QKVBias: true, OutBias: true, MLPBias: true, InitStd: .02,
		},
	} {
		m, err := New(s, 1)
		if err != nil {
			t.Fatal(err)
		}
		dst := filepath.Join(t.TempDir(), "out")
		save(t, m, dst, SaveOptions{})
		back := load(t, dst)
		if !reflect.DeepEqual(back.Decoder.Spec, s) {
			t.Errorf("spec: got %+v, want %+v", back.Decoder.Spec, s)
		}
		equalWeights(t, back, m)
		if g, err := ParseGeneration(back.Generation); err != nil || !slices.Equal(g.EOS, s.EOS) || !slices.Equal(g.BOS, s.BOS) {
			t.Errorf("generation: got %+v, %v, want the ids of the spec", g, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, dir string
		change    func(t *testing.T, dir string)
		want      []string
	}{
		{"a missing tensor", "llama-gqa-untied", dropTensor("model.layers.1.mlp.up_proj.weight"), []string{"model.layers.1.mlp.up_proj.weight", "no tensor"}},
		{"a missing output matrix is not tied by guess", "llama-gqa-untied", dropTensor("lm_head.weight"), []string{"lm_head.weight"}},
		{"a tensor of no list", "gpt2", addTensor("transformer.h.0.attn.rotary", 3), []string{"transformer.h.0.attn.rotary"}},
		{"a tensor of another shape", "llama-bias", setConfig("intermediate_size", 80), []string{"gate_proj.weight", "[88 32]", "[80 32]"}},
		{"a config that claims terabytes", "llama-bias", setConfig("vocab_size", 1<<24), []string{"embed_tokens", "[99 32]"}},
		{"two spellings of tied embeddings that differ", "llama-gqa-tied", addTensor("lm_head.weight", 99, 32), []string{"lm_head.weight", "ties"}},
		{"a tensor missing from the index", "llama-sharded", dropFromIndex("lm_head.weight"), []string{"model-00003-of-00003.safetensors", "index"}},
		{"an index that leads elsewhere", "llama-sharded", setIndex("lm_head.weight", "../x.safetensors"), []string{"plain file name"}},
		{"a missing shard", "llama-sharded", remove("model-00002-of-00003.safetensors"), []string{"model-00002-of-00003.safetensors"}},
		{"a cut file", "llama-gqa-untied", truncate(singleFile, 5000), []string{singleFile, "bytes"}},
		{"no weights", "llama-gqa-untied", remove(singleFile), []string{singleFile}},
		{"a generation config of another shape", "gpt2", func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "generation_config.json"), []byte(`{"top_k":"many"}`))
		}, []string{"generation_config.json", "top_k"}},
		{"no config", "llama-gqa-untied", remove("config.json"), []string{"config.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyDir(t, shared.Path(t, "golden", c.dir))
			c.change(t, dir)
			_, err := Load(dir)
			for _, w := range c.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("got %v, want an error with %q", err, w)
				}
			}
		})
	}
}

// Both names of a tied matrix, with equal values, are read and written again; so
// are files without the family's prefix and with tensors that follow from the config.
func TestOtherLayouts(t *testing.T) {
	t.Run("tied twice", func(t *testing.T) {
		dir := copyDir(t, shared.Path(t, "golden", "llama-gqa-tied"))
		edit(t, dir, func(all []Tensor) []Tensor {
			for _, x := range all {
				if x.Name == "model.embed_tokens.weight" {
					x.Name = "lm_head.weight"
					return append(all, x)
				}
			}
			t.Fatal("no embedding")
			return nil
		})
		dst := filepath.Join(t.TempDir(), "out")
		save(t, load(t, dir), dst, SaveOptions{})
		sameFiles(t, dst, dir, func(name string) bool { return name == singleFile })
	})
	t.Run("without prefix, with masks", func(t *testing.T) {
		src := shared.Path(t, "golden", "gpt2")
		dir := copyDir(t, src)
		edit(t, dir, func(all []Tensor) []Tensor {
			for i := range all {
				all[i].Name = strings.TrimPrefix(all[i].Name, "transformer.")
			}
			return append(all, Tensor{Name: "h.0.attn.bias", DType: F32, Shape: []int{1}, Floats: []float32{1}})
		})
		m := load(t, dir)
		equalWeights(t, m, load(t, src))
		dst := filepath.Join(t.TempDir(), "out")
		save(t, m, dst, SaveOptions{})
		f := openSingle(t, dst)
		if _, ok := f.Info("wte.weight"); !ok || len(f.Tensors) != 28 {
			t.Errorf("got %d tensors, wte.weight %v, want the 28 of the file without the prefix", len(f.Tensors), ok)
		}
	})
}

// What a scorer's head holds is kept apart and written again.
func TestHeadIsCarried(t *testing.T) {
	m := load(t, shared.Path(t, "golden", "llama-reward-head"))
	if w, _ := m.Decoder.Head(); w != nil || !m.Decoder.Spec.Headless {
		t.Errorf("got an output matrix, want none")
	}
	if len(m.Extra) != 1 || m.Extra[0].Name != "score.weight" || !slices.Equal(m.Extra[0].Shape, []int{1, 32}) {
		t.Errorf("got %v, want score.weight [1 32]", m.Extra)
	}
}

func load(t *testing.T, path string) *Model {
	t.Helper()
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func save(t *testing.T, m *Model, path string, o SaveOptions) {
	t.Helper()
	if err := m.Save(path, o); err != nil {
		t.Fatal(err)
	}
}

func equalWeights(t *testing.T, got, want *Model) {
	t.Helper()
	for i, p := range want.Decoder.Params() {
		q := got.Decoder.Params()[i]
		if q.Name != p.Name || !slices.Equal(q.Data, p.Data) {
			t.Errorf("%s: got other values", p.Name)
		}
	}
}

// sameFiles compares the files of two directories that keep selects.
func sameFiles(t *testing.T, got, want string, keep func(name string) bool) {
	t.Helper()
	g, w := readDir(t, got, keep), readDir(t, want, keep)
	if names := slices.Sorted(maps.Keys(g)); !slices.Equal(names, slices.Sorted(maps.Keys(w))) {
		t.Errorf("files: got %v, want %v", names, slices.Sorted(maps.Keys(w)))
	}
	for name := range w {
		if !bytes.Equal(g[name], w[name]) {
			t.Errorf("%s: got other bytes (%d, want %d)", name, len(g[name]), len(w[name]))
		}
	}
}

func readDir(t *testing.T, dir string, keep func(name string) bool) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if keep(e.Name()) {
			if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

func copyDir(t *testing.T, src string) string {
	t.Helper()
	dst := t.TempDir()
	for name, text := range readDir(t, src, func(name string) bool { return !strings.HasPrefix(name, "golden.") }) {
		writeFile(t, filepath.Join(dst, name), text)
	}
	return dst
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes the tensors of a directory's only weight file.
func edit(t *testing.T, dir string, change func([]Tensor) []Tensor) {
	t.Helper()
	path := filepath.Join(dir, singleFile)
	all, err := ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteTensors(&b, nil, change(slices.Collect(maps.Values(all)))); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

func dropTensor(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		edit(t, dir, func(all []Tensor) []Tensor {
			return slices.DeleteFunc(all, func(x Tensor) bool { return x.Name == name })
		})
	}
}

func addTensor(name string, shape ...int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		edit(t, dir, func(all []Tensor) []Tensor {
			return append(all, Tensor{Name: name, DType: F32, Shape: shape, Floats: make([]float32, Info{Shape: shape}.Size())})
		})
	}
}

func setConfig(key string, value any) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		var m map[string]any
		readJSON(t, filepath.Join(dir, "config.json"), &m)
		m[key] = value
		writeJSON(t, filepath.Join(dir, "config.json"), m)
	}
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, text)
}

func dropFromIndex(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		var x index
		readJSON(t, filepath.Join(dir, indexFile), &x)
		delete(x.WeightMap, name)
		writeJSON(t, filepath.Join(dir, indexFile), x)
	}
}

func setIndex(name, file string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		var x index
		readJSON(t, filepath.Join(dir, indexFile), &x)
		x.WeightMap[name] = file
		writeJSON(t, filepath.Join(dir, indexFile), x)
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func truncate(name string, size int64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
}
