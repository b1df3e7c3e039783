package chat

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"plumbline/internal/shared"
	"plumbline/models/tokenizer"
)

func TestLoad(t *testing.T) {
	const named = `{"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}]}`
	for _, c := range []struct{ name, file, raw, template, want string }{
		{"own file", "chat_template.jinja", "J", "default", "J"},
		{"in the config", "tokenizer_config.json", `{"chat_template": "C"}`, "default", "C"},
		{"default of several", "tokenizer_config.json", named, "default", "D"},
		{"another of several", "tokenizer_config.json", named, "tool_use", "T"},
		{"no such name", "tokenizer_config.json", named, "rag", `want one named "rag"`},
		{"none", "tokenizer_config.json", `{}`, "default", defaultSource},
		{"null", "tokenizer_config.json", `{"chat_template": null}`, "default", defaultSource},
		{"no files", "readme", "", "default", defaultSource},
		{"a number", "tokenizer_config.json", `{"chat_template": 7}`, "default", "want a text or a list"},
		{"truncated", "tokenizer_config.json", `{"chat_`, "default", "tokenizer_config.json"},
		{"not Jinja", "chat_template.jinja", "{% for %}", "default", "chat_template.jinja"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.raw), 0o644); err != nil {
				t.Fatal(err)
			}
			tmpl, err := LoadNamed(dir, c.template, letters(t))
			switch {
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v, want %q", err, c.want)
			case err == nil && tmpl.Source() != c.want:
				t.Errorf("got %q, want %q", tmpl.Source(), c.want)
			}
		})
	}
}

// A saved template is the one that is loaded again, wherever it came from.
func TestSave(t *testing.T) {
	from := filepath.Dir(shared.Path(t, "tokenizers", "minimind", "tokenizer_config.json"))
	tok, err := tokenizer.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (*Template, error){
		"from the config": func() (*Template, error) { return Load(from, tok) },
		"own":             func() (*Template, error) { return New(chatML, tok) },
	} {
		tmpl, err := load()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		if err := tmpl.Save(dir); err != nil {
			t.Fatal(err)
		}
		again, err := Load(dir, tok)
		if err != nil || again.Source() != tmpl.Source() {
			t.Errorf("%s: got another template (%v)", name, err)
		}
	}
}

// minimind's own tokenizer and template, against the ids that transformers' recipe gives:
// the render of jinja2 tokenised as a whole (tokenizers 0.23.3).
func TestRealTokenizer(t *testing.T) {
	dir := filepath.Dir(shared.Path(t, "tokenizers", "minimind", "tokenizer.json"))
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := Load(dir, tok)
	if err != nil {
		t.Fatal(err)
	}
	turns := say("1+1?", "2", "确定吗？", "是的。")
	ids, _, err := tmpl.Encode(turns, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []int32{1, 832, 311, 234, 52, 46, 52, 66, 2, 234, 1, 1388, 570, 811, 234, 25, 234, 234, 26, 234, 234, 53, 2, 234, 1, 832, 311, 234, 2181, 1935, 776, 2, 234, 1, 1388, 570, 811, 234, 25, 234, 234, 26, 234, 234, 357, 296, 302, 2, 234}
	if !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

// With SentencePiece a text begins with a space that nobody wrote; what goes on with
// text must not.
func TestSentencePieceAnswersGetNoPrefixSpace(t *testing.T) {
	tok, err := tokenizer.Load(shared.Path(t, "tokenizers", "llama2"))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := New(source(t, "prompts/colossalchat_templates/llama2.json"), tok)
	if err != nil {
		t.Fatal(err)
	}
	ids, mask, err := tmpl.Encode(say("1+1?", "two"), false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, id := range ids {
		if mask[i] == 1 {
			got = append(got, tok.Token(id))
		}
	}
	if want := []string{"\u2581two", "\u2581", "</s>"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	plain, _, err := Plain(tok, "one ", "two")
	if got, want := tok.DecodeText(plain), "one two"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	tmpl := mustNew(t, source(t, "testdata/headers.jinja"))
	want, _, err := tmpl.Encode(say("a", "b"), true)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if got, _, err := tmpl.Encode(say("a", "b"), true); err != nil || !slices.Equal(got, want) {
					t.Errorf("got %v, %v, want %v", got, err, want)
				}
			}
		})
	}
	wg.Wait()
}
