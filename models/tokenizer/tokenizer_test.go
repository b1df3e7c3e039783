package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// small is a byte-level vocabulary of our own, for tests without reference data.
func small(t testing.TB) Tokenizer {
	t.Helper()
	return must(Train(slices.Values([]string{
		"the cat sat on the mat. the cat sat on the other cat.",
		"猫坐在垫子上。猫坐在另一只猫上。",
	}), TrainOptions{VocabSize: 320, Specials: []string{"<|end|>", "<|user|>"}}))(t)
}

func TestSpecialTokensOfOthersAreText(t *testing.T) {
	tok := small(t)
	const text = "hi<|end|><|user|>there"
	if got := tok.Encode(text); !slices.Contains(got, 0) || !slices.Contains(got, 1) {
		t.Errorf("Encode: got %v, want ids 0 and 1 in it", got)
	}
	plain := tok.EncodePlain(text)
	for _, id := range tok.Specials().IDs {
		if slices.Contains(plain, id) {
			t.Errorf("EncodePlain: got %v, want no special id", plain)
		}
	}
	if got := tok.Decode(plain); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	if got, want := tok.DecodeText(tok.Encode(text)), "hithere"; got != want {
		t.Errorf("DecodeText: got %q, want %q", got, want)
	}
}

// A special token may run over two trusted parts, never into a plain one; words run
// over all borders.
func TestEncodeParts(t *testing.T) {
	tok := small(t)
	user, _ := tok.ID("<|user|>")
	for _, c := range []struct {
		name  string
		parts []Part
		want  []int32
	}{
		{"trusted and trusted", []Part{{Text: "<|us"}, {Text: "er|>"}}, []int32{user}},
		{"trusted and plain", []Part{{Text: "<|us"}, {"er|>", true}}, tok.EncodePlain("<|user|>")},
		{"plain only", []Part{{"<|user|>", true}}, tok.EncodePlain("<|user|>")},
		{
			"plain between",
			[]Part{{Text: "<|user|>"}, {"<|user|>", true}, {Text: "<|user|>"}},
			slices.Concat([]int32{user}, tok.EncodePlain("<|user|>"), []int32{user}),
		},
		{"a word over the border", []Part{{Text: "the c"}, {"at", true}}, tok.EncodePlain("the cat")},
		{"nothing", []Part{{}, {"", true}}, nil},
	} {
		if got := tok.EncodeParts(false, c.parts...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Text that follows other text gets no prefix space: the two decode to their sum.
func TestFollowingText(t *testing.T) {
	for _, file := range [][]string{
		{"models", "tinystories-656k", "tokenizer.json"},
		{"models", "stories260K", "tok512.model"},
		{"tokenizers", "llama2", "tokenizer.model"},
		{"tokenizers", "minimind", "tokenizer.json"},
	} {
		tok := mustLoad(t, file...)
		for _, c := range [][2]string{{"Once upon a time ", "there was"}, {"Once upon", " a time"}, {"Once", "over"}} {
			ids := slices.Concat(tok.EncodeParts(false, Part{Text: c[0]}), tok.EncodeParts(true, Part{Text: c[1]}))
			if got := tok.DecodeText(ids); got != c[0]+c[1] {
				t.Errorf("%s: got %q, want %q", file[1], got, c[0]+c[1])
			}
		}
	}
}

func TestAddedTokenFlags(t *testing.T) {
	base := map[string]any{
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model":         map[string]any{"type": "BPE", "vocab": map[string]int{"a": 0, "b": 1, "Ġ": 2}, "merges": []string{}},
		"added_tokens": []map[string]any{
			{"id": 3, "content": "<l>", "lstrip": true},
			{"id": 4, "content": "<r>", "rstrip": true},
			{"id": 5, "content": "<w>", "single_word": true},
			{"id": 6, "content": "<l><r>"},
		},
	}
	tok := fromMap(t, base)
	for text, want := range map[string][]int32{ // by hand, from the flags' documentation
		"a <l> b":  {0, 3, 2, 1},
		"a <r> b":  {0, 2, 4, 1},
		"a<w> b":   {0, 2, 1}, // "<", "w", ">" are not in the vocabulary and are dropped
		"a <w> b":  {0, 2, 5, 2, 1},
		"a<l><r>b": {0, 6, 1},
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestStreamKeepsCharactersWhole(t *testing.T) {
	tok := small(t)
	const text = "the 猫 sat 👩‍👩‍👧 \u00e9"
	s := tok.Stream(true)
	var out strings.Builder
	for _, id := range tok.Encode(text) {
		piece := s.Push(id)
		if strings.ContainsRune(piece, '\uFFFD') {
			t.Errorf("got half a character: %q", piece)
		}
		out.WriteString(piece)
	}
	out.WriteString(s.Flush())
	if out.String() != text {
		t.Errorf("got %q, want %q", out.String(), text)
	}
}

// Expected values as Rust's String::from_utf8_lossy documents them.
func TestInvalidBytesDecodeAsReplacement(t *testing.T) {
	for in, want := range map[string]string{
		"a\xe7\x8cb":        "a\uFFFDb",
		"\xe7\x8c":          "\uFFFD",
		"\xff\xfe":          "\uFFFD\uFFFD",
		"\xf0\x9f\x91x\xc3": "\uFFFDx\uFFFD",
		"\xed\xa0\x80":      "\uFFFD\uFFFD\uFFFD",
		"猫":                 "猫",
	} {
		if got := validUTF8([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// The heap and the scan are two ways to the same merges.
func TestLongAndShortMergesAgree(t *testing.T) {
	tok := small(t).(*BPE)
	text := strings.Repeat("the cat sat on the mat猫坐", 3)
	for n := 2; n <= short; n++ {
		symbols := tok.alphabet.symbols(text[:n])
		a := tok.pairs.mergeShort(slices.Clone(symbols))
		b := tok.pairs.mergeLong(slices.Clone(symbols))
		if !slices.Equal(a, b) {
			t.Errorf("%q: got %v scanning, %v by heap", text[:n], a, b)
		}
	}
}

func TestSaveKeepsFiles(t *testing.T) {
	for _, files := range [][]string{
		{"models/tinystories-656k", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"},
		{"tokenizers/minimind", "tokenizer.json", "tokenizer_config.json"},
		{"tokenizers/llama2", "tokenizer.model"},
	} {
		from := filepath.Dir(shared.Path(t, filepath.FromSlash(files[0]), files[1]))
		dir := t.TempDir()
		if err := must(Load(from))(t).Save(dir); err != nil {
			t.Fatal(err)
		}
		saved, _ := os.ReadDir(dir)
		if len(saved) != len(files)-1 {
			t.Errorf("%s: got %d files, want %d", files[0], len(saved), len(files)-1)
		}
		for _, name := range files[1:] {
			got, _ := os.ReadFile(filepath.Join(dir, name))
			want, err := os.ReadFile(filepath.Join(from, name))
			if err != nil || string(got) != string(want) {
				t.Errorf("%s/%s: got other bytes (%v)", files[0], name, err)
			}
		}
	}
}

func TestSpecials(t *testing.T) {
	for file, want := range map[string]Specials{ // from each tokenizer_config.json and post_processor
		"models/tinystories-656k":   {BOS: 1, EOS: 2, PAD: 0, UNK: 0, AddBOS: true},
		"tokenizers/minimind":       {BOS: 1, EOS: 2, PAD: 0, UNK: 0},
		"tokenizers/gpt2":           {BOS: 50256, EOS: 50256, PAD: -1, UNK: -1},
		"tokenizers/llama2":         {BOS: 1, EOS: 2, PAD: -1, UNK: 0, AddBOS: true},
		"tokenizers/chinese-llama2": {BOS: 1, EOS: 2, PAD: -1, UNK: 0, AddBOS: true},
	} {
		got := must(Load(shared.Path(t, filepath.FromSlash(file))))(t).Specials()
		got.IDs = nil
		if !equalSpecials(got, want) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}

func equalSpecials(a, b Specials) bool {
	return a.BOS == b.BOS && a.EOS == b.EOS && a.PAD == b.PAD && a.UNK == b.UNK && a.AddBOS == b.AddBOS && a.AddEOS == b.AddEOS
}
