package chat

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/exec"

	"plumbline/models/tokenizer"
)

// Template writes conversations the way one model was taught to read them.
type Template struct {
	// Now is the date that some templates print (strftime_now). It stands still, for a
	// run must not depend on the day it is made; assign before use.
	Now time.Time

	tok      tokenizer.Tokenizer
	source   string
	origin   string // the file it was read from, "" for a default
	compiled *exec.Template
	special  map[int32]bool
	texts    []string // of the special tokens, longest first
}

const (
	fileName   = "chat_template.jinja"
	configName = "tokenizer_config.json"
)

// defaultSource is for models that bring no template: a line with the role, the
// content, and the token with which the model ends a text anyway.
const defaultSource = `{% if bos_token is defined and bos_token != eos_token %}{{ bos_token }}{% endif %}
{%- for message in messages %}
{{- '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}`

// Load reads the template of a model directory: chat_template.jinja, else chat_template
// in tokenizer_config.json (of several, the one named "default"), else Default.
func Load(dir string, tok tokenizer.Tokenizer) (*Template, error) {
	return LoadNamed(dir, "default", tok)
}

// LoadNamed is Load for a config that holds several templates, such as "tool_use".
func LoadNamed(dir, name string, tok tokenizer.Tokenizer) (*Template, error) {
	path := filepath.Join(dir, fileName)
	raw, err := os.ReadFile(path)
	switch {
	case err == nil && name == "default":
		return compile(string(raw), path, tok)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("chat: %w", err)
	}
	path = filepath.Join(dir, configName)
	source, err := fromConfig(path, name)
	if err != nil {
		return nil, fmt.Errorf("chat: %s: %w", path, err)
	}
	if source == "" {
		return Default(tok)
	}
	return compile(source, path, tok)
}

// fromConfig is the named template, "" if the file has none or is absent.
func fromConfig(path, name string) (string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return "", err
	}
	var one string
	var several []struct{ Name, Template string }
	if len(config.Template) == 0 || json.Unmarshal(config.Template, &one) == nil {
		return one, nil
	}
	if err := json.Unmarshal(config.Template, &several); err != nil {
		return "", fmt.Errorf("chat_template: got %.40s, want a text or a list of named ones", config.Template)
	}
	var names []string
	for _, t := range several {
		if t.Name == name {
			return t.Template, nil
		}
		names = append(names, t.Name)
	}
	return "", fmt.Errorf("chat_template: got %q, want one named %q", names, name)
}

// New compiles a template in Jinja with the extensions of Hugging Face: trimmed blocks,
// loop controls, raise_exception, strftime_now, tojson, and generation blocks, which
// mean nothing here: the mask follows from the generation prompt.
func New(source string, tok tokenizer.Tokenizer) (*Template, error) {
	return compile(source, "", tok)
}

// Default is a plain template for models without one. The tokenizer must have an EOS,
// which ends every turn.
func Default(tok tokenizer.Tokenizer) (*Template, error) {
	if tok.Specials().EOS < 0 {
		return nil, errors.New("chat: default template: the tokenizer has no EOS token to end a turn with")
	}
	return compile(defaultSource, "", tok)
}

func compile(source, origin string, tok tokenizer.Tokenizer) (*Template, error) {
	t := &Template{
		Now:     time.Date(2024, time.July, 26, 0, 0, 0, 0, time.UTC), // what Llama-3.2's template prints without a clock
		tok:     tok,
		source:  source,
		origin:  origin,
		special: map[int32]bool{},
	}
	for _, id := range tok.Specials().IDs {
		t.special[id] = true
		t.texts = append(t.texts, tok.Token(id))
	}
	slices.SortFunc(t.texts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var err error
	if t.compiled, err = t.parse(); err != nil {
		return nil, fmt.Errorf("chat: %s: %w", cmp.Or(origin, "template"), err)
	}
	return t, nil
}

// Source is the template's text.
func (t *Template) Source() string { return t.source }

// Save writes chat_template.jinja into a directory, so that other programs format
// conversations alike. A template that tokenizer_config.json holds is not written
// twice: the tokenizer saves that file.
func (t *Template) Save(dir string) error {
	if filepath.Base(t.origin) == configName {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(t.source), 0o644); err != nil {
		return fmt.Errorf("chat: save: %w", err)
	}
	return nil
}
