package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// use calls everything a loaded tokenizer offers: refuse when loading, or work.
func use(t *testing.T, tok Tokenizer) {
	for _, text := range []string{"", "the cat 猫 \xff<|end|>", strings.Repeat("a b", 50)} {
		ids := tok.Encode(text)
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("%q: got id %d of %d", text, id, tok.VocabSize())
			}
		}
		if s := tok.Decode(ids); !utf8.ValidString(s) {
			t.Errorf("%q: decoded %q", text, s)
		}
		tok.EncodePlain(text)
	}
	tok.Decode([]int32{-1, 1 << 30})
}

func FuzzTokenizerJSON(f *testing.F) {
	dir := f.TempDir()
	if err := small(f).Save(dir); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"added_tokens":[{"id":2,"content":"<|end|>","lstrip":true,"normalized":true}],
		"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},
		"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Strip","content":" ","start":1}]},
		"model":{"type":"BPE","unk_token":"a","fuse_unk":true,"byte_fallback":true,"vocab":{"a":0,"▁":1,"▁a":3},"merges":[["▁","a"]]}}`))
	f.Add([]byte(`{"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"},"decoder":{"type":"Metaspace"},"model":{"type":"BPE","vocab":{"a":2147483647},"merges":[]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tok, err := fromJSON("tokenizer.json", raw, &sideFiles{})
		if err != nil {
			return
		}
		use(t, tok)
	})
}

func FuzzSentencePiece(f *testing.F) {
	piece := func(text string, kind byte) string {
		body := "\x0a" + string([]byte{byte(len(text))}) + text + "\x15\x00\x00\x80\xbf\x18" + string([]byte{kind})
		return "\x0a" + string([]byte{byte(len(body))}) + body
	}
	good := piece("<unk>", 2) + piece("<s>", 3) + piece("<|end|>", 3) + piece("a", 1) + piece("▁", 1) + piece("▁a", 1) + piece("cat", 4) + "\x12\x02\x18\x02"
	if _, err := fromSentencePiece("tokenizer.model", []byte(good), &sideFiles{}); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(good))
	f.Add([]byte(good[:len(good)/2]))
	f.Add([]byte("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")) // a piece of 2^62 bytes
	f.Fuzz(func(t *testing.T, raw []byte) {
		tok, err := fromSentencePiece("tokenizer.model", raw, &sideFiles{})
		if err != nil {
			return
		}
		use(t, tok)
	})
}

// Byte-level vocabularies lose nothing.
func FuzzRoundTrip(f *testing.F) {
	tok := small(f)
	for _, s := range []string{"the cat", "猫 👩‍👩‍👧", "<|end|>", "a\x00\n\r\n  b ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		for name, ids := range map[string][]int32{"Encode": tok.Encode(text), "EncodePlain": tok.EncodePlain(text)} {
			if got := tok.Decode(ids); got != text {
				t.Errorf("%s: got %q, want %q", name, got, text)
			}
			s := tok.Stream(false)
			var b strings.Builder
			for _, id := range ids {
				b.WriteString(s.Push(id))
			}
			if got := b.String() + s.Flush(); got != text {
				t.Errorf("%s: streamed %q, want %q", name, got, text)
			}
		}
	})
}
