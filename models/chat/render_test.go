package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/internal/dataset"
	"plumbline/internal/shared"
	"plumbline/models/tokenizer"
)

// golden holds conversations and what jinja2 makes of them; renders.json says how.
type golden struct {
	Conversations map[string]struct {
		Messages []dataset.Message
		Prompt   bool
	}
	Renders map[string]map[string]*string // by template, by conversation; null where it raised
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "renders.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// source is a template by its name in renders.json.
func source(t *testing.T, name string) string {
	if name == "default" {
		return defaultSource
	}
	path := filepath.FromSlash(name)
	if !strings.HasPrefix(name, "testdata/") {
		path = shared.Path(t, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".jinja") {
		return string(raw)
	}
	var j struct {
		Template string `json:"chat_template"`
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		t.Fatal(err)
	}
	return j.Template
}

func TestRendersAsJinja2(t *testing.T) {
	g := readGolden(t)
	for name, renders := range g.Renders {
		t.Run(name, func(t *testing.T) {
			tmpl, err := New(source(t, name), letters(t))
			if err != nil {
				t.Fatal(err)
			}
			for conversation, want := range renders {
				c := g.Conversations[conversation]
				got, err := tmpl.Render(c.Messages, c.Prompt)
				switch {
				case want == nil && err == nil:
					t.Errorf("%s: got %q, want an error", conversation, got)
				case want != nil && err != nil:
					t.Errorf("%s: %v", conversation, err)
				case want != nil && got != *want:
					t.Errorf("%s:\n got %q\nwant %q", conversation, got, *want)
				}
			}
		})
	}
}

// letters is a byte-level tokenizer without merges, with the special tokens that the
// templates here use.
func letters(t testing.TB) tokenizer.Tokenizer {
	t.Helper()
	specials := []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>"}
	tok, err := tokenizer.Train(func(func(string) bool) {}, tokenizer.TrainOptions{
		VocabSize: 256 + len(specials), Specials: specials, BOS: "<s>", EOS: "</s>",
	})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestStrftime(t *testing.T) {
	now := time.Date(2025, time.March, 4, 15, 6, 7, 0, time.UTC)
	// python: datetime(2025, 3, 4, 15, 6, 7).strftime(...)
	got, err := strftime(now, "%d %b %Y|%A %B %y-%m|%H:%M:%S %I%p %j 100%%")
	if want := "04 Mar 2025|Tuesday March 25-03|15:06:07 03PM 063 100%"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"%Q", "%"} {
		if _, err := strftime(now, bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}
