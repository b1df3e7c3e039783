package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edit is a good tokenizer.json of our own with one thing changed.
func edit(t testing.TB, change func(m map[string]any)) string {
	t.Helper()
	dir := t.TempDir()
	if err := small(t).Save(dir); err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	decodeFile(t, filepath.Join(dir, "tokenizer.json"), &m)
	change(m)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBadTokenizerJSON(t *testing.T) {
	model := func(m map[string]any) map[string]any { return m["model"].(map[string]any) }
	good := edit(t, func(map[string]any) {})
	for _, c := range []struct{ name, raw, want string }{
		{"truncated", good[:len(good)/2], "line "},
		{"empty", "", "unexpected end"},
		{"Unigram", edit(t, func(m map[string]any) { model(m)["type"] = "Unigram" }), `model.type: got "Unigram"`},
		{"WordPiece", edit(t, func(m map[string]any) { model(m)["type"] = "WordPiece" }), `model.type: got "WordPiece"`},
		{"no merges", edit(t, func(m map[string]any) { delete(model(m), "merges") }), "model.merges: got none"},
		{"empty merges", edit(t, func(m map[string]any) { model(m)["merges"] = []any{} }), "model.merges: got none, want those that build"},
		{"merge of one", edit(t, func(m map[string]any) { model(m)["merges"] = []any{"ab"} }), `merge: got "ab"`},
		{"merge of three", edit(t, func(m map[string]any) { model(m)["merges"] = []any{[]string{"a", "b", "c"}} }), "merge: got"},
		{"merge into nothing", edit(t, func(m map[string]any) { model(m)["merges"] = []any{"z q"} }), `model.merges[0]: got "z" + "q"`},
		{"no vocabulary", edit(t, func(m map[string]any) { model(m)["vocab"] = nil }), "model.vocab: got none"},
		{"negative id", edit(t, func(m map[string]any) { model(m)["vocab"].(map[string]any)["a"] = -1 }), `"a": got id -1`},
		{"huge id", edit(t, func(m map[string]any) { model(m)["vocab"].(map[string]any)["a"] = 1 << 40 }), `"a": got id 1099511627776`},
		{"id twice", edit(t, func(m map[string]any) { model(m)["vocab"].(map[string]any)["a"] = 70 }), "id 70: got two tokens"},
		{"id of text", edit(t, func(m map[string]any) { model(m)["vocab"].(map[string]any)["a"] = "x" }), "line "},
		{"dropout", edit(t, func(m map[string]any) { model(m)["dropout"] = 0.1 }), "model.dropout"},
		{"word suffix", edit(t, func(m map[string]any) { model(m)["end_of_word_suffix"] = "</w>" }), "model.end_of_word_suffix"},
		{"unk unknown", edit(t, func(m map[string]any) { model(m)["unk_token"] = "[UNK]" }), `model.unk_token: got "[UNK]"`},
		{"normalizer", edit(t, func(m map[string]any) { m["normalizer"] = map[string]any{"type": "Precompiled"} }), `normalizer: "Precompiled": not supported`},
		{"pre-tokenizer", edit(t, func(m map[string]any) { m["pre_tokenizer"] = map[string]any{"type": "BertPreTokenizer"} }), `pre_tokenizer: "BertPreTokenizer": not supported`},
		{"bad pattern", edit(t, func(m map[string]any) {
			m["pre_tokenizer"] = map[string]any{"type": "Split", "behavior": "Isolated", "pattern": map[string]any{"Regex": "("}}
		}), `pattern "("`},
		{"decoder", edit(t, func(m map[string]any) { m["decoder"] = map[string]any{"type": "WordPiece"} }), `decoder: "WordPiece": not supported`},
		{"no decoder", edit(t, func(m map[string]any) { m["decoder"] = nil }), "decoder: got none"},
		{"another decoder", edit(t, func(m map[string]any) { m["decoder"] = map[string]any{"type": "Metaspace"} }), "decoder: got byte-level false"},
		{"post-processor", edit(t, func(m map[string]any) { m["post_processor"] = map[string]any{"type": "BertProcessing"} }), `post_processor: "BertProcessing"`},
		{"template without id", edit(t, func(m map[string]any) {
			m["post_processor"] = map[string]any{"type": "TemplateProcessing", "single": []any{map[string]any{"SpecialToken": map[string]any{"id": "<s>"}}}}
		}), "post_processor.single"},
		{"added token elsewhere", edit(t, func(m map[string]any) {
			m["added_tokens"] = []any{map[string]any{"id": 9, "content": "<|end|>"}}
		}), `added_tokens: "<|end|>": got id 9, and 0 elsewhere`},
		{"added token without text", edit(t, func(m map[string]any) { m["added_tokens"] = []any{map[string]any{"id": 9}} }), "added_tokens[0]"},
		{"added token null", edit(t, func(m map[string]any) { m["added_tokens"] = []any{nil} }), "added_tokens[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "tokenizer.json", c.raw)
			wantError(t, dir, filepath.Join(dir, "tokenizer.json"), c.want)
		})
	}
}

func wantError(t *testing.T, dir, file, want string) {
	t.Helper()
	_, err := Load(dir)
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want %q with %q", err, file, want)
	}
}

func TestBadFilesBeside(t *testing.T) {
	for _, c := range []struct{ name, file, raw, want string }{
		{"truncated config", "tokenizer_config.json", `{"eos_token"`, "tokenizer_config.json: line 1"},
		{"unknown EOS", "tokenizer_config.json", `{"eos_token": "</s>"}`, `tokenizer_config.json: eos_token: got "</s>"`},
		{"unknown PAD", "special_tokens_map.json", `{"pad_token": {"content": "[PAD]"}}`, `special_tokens_map.json: pad_token: got "[PAD]"`},
		{"EOS a number", "tokenizer_config.json", `{"eos_token": 7}`, "tokenizer_config.json"},
		{"lying id", "tokenizer_config.json", `{"added_tokens_decoder": {"999999999": {"content": "<x>"}}}`, `"<x>": got id 999999999`},
		{"key that is no id", "tokenizer_config.json", `{"added_tokens_decoder": {"x": {"content": "<x>"}}}`, `added_tokens_decoder: got key "x"`},
		{"added twice", "added_tokens.json", `{"<x>": 70}`, "id 70: got two tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "tokenizer.json", edit(t, func(map[string]any) {}))
			write(t, dir, c.file, c.raw)
			wantError(t, dir, dir, c.want)
		})
	}
}

func TestBadGPT2Files(t *testing.T) {
	for _, c := range []struct{ name, vocab, merges, want string }{
		{"no merges", `{"a":0,"b":1,"ab":2}`, "#version: 0.2\n", "model.merges: got none"},
		{"bad line", `{"a":0,"b":1,"ab":2}`, "#version: 0.2\na b\na b c\n", "merges.txt: line 3"},
		{"truncated", `{"a":0,"b"`, "a b\n", "vocab.json: line 1"},
		{"not in vocabulary", `{"a":0,"b":1}`, "a b\n", `model.merges[0]: got "a" + "b"`},
	} {
		dir := t.TempDir()
		write(t, dir, "vocab.json", c.vocab)
		write(t, dir, "merges.txt", c.merges)
		wantError(t, dir, dir, c.want)
	}
	dir := t.TempDir()
	write(t, dir, "vocab.json", "{}")
	wantError(t, dir, dir, "got no merges")
	wantError(t, t.TempDir(), "", "got none of tokenizer.json")
}

func TestUnsupportedSentencePiece(t *testing.T) {
	for _, c := range []struct{ dir, file, want string }{
		{"t5", "t5_tokenizer_base.model", "trainer_spec.model_type: got UNIGRAM, want BPE"},
		{"t5", "t5_tokenizer_base.model", "normalizer_spec.precompiled_charsmap: got 237539 bytes"},
		{"sentencepiece", "test_model.model", "trainer_spec.model_type: got UNIGRAM, want BPE"},
		{"sentencepiece", "botchan.txt", "want *.json or *.model"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		write(t, dir, c.file, readFile(t, "tokenizers", c.dir, c.file))
		if _, err := LoadFile(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	raw := readFile(t, "models", "stories260K", "tok512.model")
	dir := t.TempDir()
	write(t, dir, "tokenizer.model", raw[:len(raw)/2])
	wantError(t, dir, dir, "tokenizer.model")
}

func TestTrainOptionsReportAllFaults(t *testing.T) {
	_, err := Train(slices.Values([]string{"a"}), TrainOptions{
		VocabSize: 100, Specials: []string{"<x>", "<x>", "y"}, EOS: "<z>", MinFrequency: -1,
	})
	for _, want := range []string{"VocabSize: got 100, want ≥ 259", "twice", `"y"`, "EOS", "MinFrequency"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := Train(slices.Values([]string{"a"}), TrainOptions{VocabSize: 256, Pattern: "("}); err == nil {
		t.Error("got no error for a bad pattern")
	}
}

func TestSaveIntoNothing(t *testing.T) {
	if err := small(t).Save(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the directory does not exist", err)
	}
}
