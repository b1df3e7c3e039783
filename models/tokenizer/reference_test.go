package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// Expected ids come from other programs: the Rust tokenizers library (vectors/hf-*),
// llama.cpp (ggml-vocab/*.out), tiktoken (TestPlans), SentencePiece (golden.json).

func TestRustTokenizersIDs(t *testing.T) {
	texts := readJSON[[]string](t, "tokenizers", "vectors", "hf-texts.json")
	for name, load := range map[string]func(testing.TB) Tokenizer{"llama3": llama3, "qwen3": qwen3} {
		t.Run(name, func(t *testing.T) {
			want := readJSON[[][]int32](t, "tokenizers", "vectors", "hf-ids-"+name+".json")
			tok := load(t)
			for i, text := range texts {
				got := tok.Encode(text)
				if !slices.Equal(got, want[i]) {
					t.Errorf("text %d %.60q: got %v, want %v", i, text, clip(got), clip(want[i]))
				}
				if name == "llama3" && tok.Decode(got) != text { // Qwen normalises
					t.Errorf("text %d %.60q: decoded %.60q", i, text, tok.Decode(got))
				}
			}
		})
	}
}

func TestLlamaCppIDs(t *testing.T) {
	for name, load := range map[string]func(testing.TB) Tokenizer{
		"gpt-2":     gpt2,
		"llama-bpe": llama3,
		"qwen2":     qwen3,
		"llama-spm": func(t testing.TB) Tokenizer { return mustLoad(t, "tokenizers", "llama2", "tokenizer.model") },
	} {
		t.Run(name, func(t *testing.T) {
			base := "ggml-vocab-" + name + ".gguf"
			texts := strings.Split(readFile(t, "tokenizers", "ggml-vocab", base+".inp"), "\n__ggml_vocab_test__\n")
			lines := strings.Split(strings.TrimSuffix(readFile(t, "tokenizers", "ggml-vocab", base+".out"), "\n"), "\n")
			tok := load(t)
			if len(lines) != 46 {
				t.Fatalf("got %d cases, want 46", len(lines))
			}
			for i, line := range lines {
				if got, want := tok.Encode(texts[i]), parseIDs(t, line); !slices.Equal(got, want) {
					t.Errorf("%q: got %v, want %v", texts[i], got, want)
				}
			}
		})
	}
}

func TestTiktokenIDs(t *testing.T) {
	tok := gpt2(t)
	cases := strings.Split(readFile(t, "tokenizers", "vectors", "tiktoken-TestPlans.txt"), "EncodingName: ")
	n := 0
	for _, c := range cases {
		rest, ok := strings.CutPrefix(c, "r50k_base\nSample: ")
		if !ok {
			continue
		}
		text, list, _ := strings.Cut(rest, "\nEncoded: ")
		if got, want := tok.EncodePlain(text), parseIDs(t, strings.NewReplacer("[", "", "]", "", ",", "").Replace(list)); !slices.Equal(got, want) {
			t.Errorf("%.60q: got %v, want %v", text, clip(got), clip(want))
		}
		n++
	}
	if n < 50 {
		t.Errorf("got %d cases of r50k_base, want more", n)
	}
}

// TestModelGoldens checks the prompts of the two small models, BOS included.
func TestModelGoldens(t *testing.T) {
	type golden struct {
		Cases []struct {
			Prompt string
			IDs    []int32
			Greedy []int32 `json:"greedy_48"`
			Text   string  `json:"greedy_text"`
		}
	}
	for name, tok := range map[string]Tokenizer{
		"stories260K":      mustLoad(t, "models", "stories260K", "tok512.model"),
		"tinystories-656k": mustLoad(t, "models", "tinystories-656k", "tokenizer.json"),
	} {
		t.Run(name, func(t *testing.T) {
			sp := tok.Specials()
			if !sp.AddBOS || sp.BOS != 1 || sp.EOS != 2 {
				t.Errorf("got %+v, want BOS 1 added, EOS 2", sp)
			}
			for _, c := range readJSON[golden](t, "models", name, "golden.json").Cases {
				if got := append([]int32{sp.BOS}, tok.Encode(c.Prompt)...); !slices.Equal(got, c.IDs) {
					t.Errorf("%q: got %v, want %v", c.Prompt, got, c.IDs)
				}
				// The golden text of tinystories keeps the prefix space that the
				// tokenizer's own decoder strips.
				want := strings.TrimPrefix(c.Text, " ")
				if got := tok.DecodeText(slices.Concat(c.IDs, c.Greedy)); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

func llama3(t testing.TB) Tokenizer {
	vocab := readJSON[map[string]int64](t, "tokenizers", "llama3.2", "encoder.json")
	merges := strings.Split(strings.TrimSpace(readFile(t, "tokenizers", "llama3.2", "vocab.bpe")), "\n")
	var added []map[string]any
	for content, id := range map[string]int{"<|begin_of_text|>": 128000, "<|start_header_id|>": 128006, "<|end_header_id|>": 128007, "<|eot_id|>": 128009} {
		added = append(added, map[string]any{"id": id, "content": content, "special": true})
	}
	// As meta-llama/Llama-3.2-1B's tokenizer.json has it.
	pre := `{"type":"Sequence","pretokenizers":[
		{"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},
		{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}`
	post := `{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
		{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
		"special_tokens":{"<|begin_of_text|>":{"id":"<|begin_of_text|>","ids":[128000],"tokens":["<|begin_of_text|>"]}}}]}`
	return fromMap(t, map[string]any{
		"added_tokens":   added,
		"pre_tokenizer":  json.RawMessage(pre),
		"post_processor": json.RawMessage(post),
		"decoder":        json.RawMessage(`{"type":"ByteLevel"}`),
		"model":          map[string]any{"type": "BPE", "ignore_merges": true, "vocab": vocab, "merges": merges},
	})
}

func qwen3(t testing.TB) Tokenizer {
	dir := t.TempDir()
	z, err := gzip.NewReader(strings.NewReader(readFile(t, "tokenizers", "qwen3", "tokenizer.json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tokenizer.json", string(raw))
	write(t, dir, "tokenizer_config.json", readFile(t, "tokenizers", "qwen3", "tokenizer_config.json"))
	return must(Load(dir))(t)
}

func gpt2(t testing.TB) Tokenizer {
	return must(Load(filepath.Dir(shared.Path(t, "tokenizers", "gpt2", "encoder.json"))))(t)
}

func mustLoad(t testing.TB, elem ...string) Tokenizer {
	return must(LoadFile(shared.Path(t, elem...)))(t)
}

func must(tok Tokenizer, err error) func(testing.TB) Tokenizer {
	return func(t testing.TB) Tokenizer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
}

func fromMap(t testing.TB, m map[string]any) Tokenizer {
	t.Helper()
	dir := t.TempDir()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "tokenizer.json", string(raw))
	return must(Load(dir))(t)
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, elem ...string) string {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func readJSON[T any](t testing.TB, elem ...string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(readFile(t, elem...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func parseIDs(t testing.TB, line string) []int32 {
	t.Helper()
	var ids []int32
	for _, f := range strings.Fields(line) {
		id, err := strconv.ParseInt(f, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, int32(id))
	}
	return ids
}

func clip(ids []int32) string { return fmt.Sprint(ids[:min(len(ids), 20)]) }

func decodeFile(t testing.TB, path string, v any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}
