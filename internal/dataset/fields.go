package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"plumbline/internal/exact"
)

// has says whether a key is there and not null.
func (r row) has(key string) bool {
	raw, ok := r.fields[key]
	return ok && !bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// first is the first of "a|b|c" that the row has, else "".
func (r row) first(keys string) string {
	for k := range strings.SplitSeq(keys, "|") {
		if r.has(k) {
			return k
		}
	}
	return ""
}

// id is the row's own id, else its file and line.
func (r row) id() string {
	if id, ok := r.ownID(); ok {
		return id
	}
	return fmt.Sprintf("%s:%d", filepath.Base(r.file), r.line)
}

// ownID is the id that the row itself brings.
func (r row) ownID() (id string, ok bool) {
	key := r.first("id|conversation_id|prompt_id|message_tree_id")
	if key == "" {
		return "", false
	}
	if json.Unmarshal(r.fields[key], &id) == nil {
		return id, true
	}
	return strings.TrimSpace(string(r.fields[key])), true // a number, as written
}

// decode reads the value under key into v; want says what it should have been.
func (r row) decode(key string, v any, want string) error {
	if !r.has(key) {
		return r.errorf(key, "got nothing, want %s", want)
	}
	if err := json.Unmarshal(r.fields[key], v); err != nil {
		return r.errorf(key, "got %s, want %s", excerpt(r.fields[key]), want)
	}
	return nil
}

// str is the string under key.
func (r row) str(key string) (string, error) {
	var s exact.Text
	err := r.decode(key, &s, "a string")
	return string(s), err
}

// list is the strings under key; want says what they should have been.
func (r row) list(key, want string) ([]string, error) {
	var texts []exact.Text
	if err := r.decode(key, &texts, want); err != nil {
		return nil, err
	}
	return plain(texts), nil
}

func plain(texts []exact.Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = string(t)
	}
	return out
}

// number is the number under key, in a table as its text.
func (r row) number(key, want string) (x float64, err error) {
	var s string
	if r.opens(key) == '"' && r.decode(key, &s, want) == nil {
		if x, err = strconv.ParseFloat(trim(s), 64); err == nil {
			return x, nil
		}
	}
	return x, r.decode(key, &x, want)
}

// optional is the string under key, "" where there is none.
func (r row) optional(key string) (string, error) {
	if !r.has(key) {
		return "", nil
	}
	return r.str(key)
}

// opens tells what kind of JSON value is under key by its first byte: '"', '[', '{'.
func (r row) opens(key string) byte {
	if b := bytes.TrimSpace(r.fields[key]); len(b) > 0 {
		return b[0]
	}
	return 0
}

// excerpt is the beginning of a value, for an error.
func excerpt(b []byte) string {
	const most = 60
	s := []rune(strings.Join(strings.Fields(string(b)), " "))
	if len(s) > most {
		return string(s[:most]) + "…"
	}
	return string(s)
}

// roles are the names found in the wild for the three that there are.
var roles = map[string]string{
	"system": "system",
	"user":   "user", "human": "user", "prompter": "user",
	"assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
}

// turn is a message under any of its spellings: role|from, content|value.
type turn struct {
	Role    *string     `json:"role"`
	From    *string     `json:"from"`
	Content *exact.Text `json:"content"`
	Value   *exact.Text `json:"value"`
}

func (t turn) message() (Message, error) {
	role, content := t.Role, t.Content
	if role == nil {
		role = t.From
	}
	if content == nil {
		content = t.Value
	}
	if role == nil || content == nil {
		return Message{}, fmt.Errorf("got a turn without role|from or content|value")
	}
	known, ok := roles[*role]
	if !ok {
		return Message{}, fmt.Errorf("role: got %q, want system, user (human) or assistant (gpt)", *role)
	}
	return Message{known, string(*content)}, nil
}

// messages is the conversation under key: a list of turns, or a single one.
func (r row) messages(key string) ([]Message, error) {
	var turns []turn
	var err error
	if r.opens(key) == '{' {
		turns = make([]turn, 1)
		err = r.decode(key, &turns[0], "a message")
	} else {
		err = r.decode(key, &turns, "a list of messages")
	}
	if err != nil {
		return nil, err
	}
	return r.said(key, turns)
}

// said makes messages of the turns under key.
func (r row) said(key string, turns []turn) (out []Message, err error) {
	out = make([]Message, len(turns))
	for i, t := range turns {
		if out[i], err = t.message(); err != nil {
			return nil, r.errorf(fmt.Sprintf("%s[%d]", key, i), "%w", err)
		}
	}
	return out, nil
}

// response is an answer under key: a string, or a single message of the assistant.
func (r row) response(key string) (string, error) {
	if c := r.opens(key); c != '[' && c != '{' {
		return r.str(key)
	}
	m, err := r.messages(key)
	if err != nil {
		return "", err
	}
	if len(m) != 1 || m[0].Role != "assistant" {
		return "", r.errorf(key, "got %d messages, want one, of the assistant", len(m))
	}
	return m[0].Content, nil
}

// promptKeys are where a prompt is found.
const promptKeys = "prompt|instruction|conversations|messages|context|question|input|query|chat"

// prompt is what the row asks, under any of promptKeys: a plain string is continued as
// it stands, an instruction or question becomes a user turn, messages are themselves.
func (r row) prompt() (Prompt, error) {
	key := r.first(promptKeys)
	if key == "" {
		return Prompt{}, r.errorf("prompt", "got keys {%s}, want one of %s", strings.Join(r.keys(), ", "), promptKeys)
	}
	p := Prompt{ID: r.id()}
	var err error
	switch {
	case key == "instruction":
		p.Messages, err = r.instruction()
	case r.opens(key) == '[':
		p.Messages, err = r.dialogue(key)
	case r.opens(key) == '{':
		var own struct {
			Text     exact.Text `json:"text"`
			Messages []turn     `json:"messages"`
		}
		if err = r.decode(key, &own, "a prompt with text or messages"); err == nil {
			p.Text = string(own.Text)
		}
		if err == nil && own.Messages != nil {
			p.Messages, err = r.said(key+".messages", own.Messages)
		}
	case key == "prompt":
		p.Text, err = r.str(key)
	default:
		var ask string
		ask, err = r.str(key)
		p.Messages = []Message{{"user", ask}}
	}
	if err != nil {
		return Prompt{}, err
	}
	if err := p.Validate(); err != nil {
		return Prompt{}, r.errorf(key, "%w", err)
	}
	return p, nil
}

// dialogue is a conversation with the row's own system text before it.
func (r row) dialogue(key string) ([]Message, error) {
	m, err := r.messages(key)
	if err != nil {
		return nil, err
	}
	return r.withSystem(m)
}

func (r row) withSystem(m []Message) ([]Message, error) {
	system, err := r.optional("system")
	if err != nil || system == "" || (len(m) > 0 && m[0].Role == "system") {
		return m, err
	}
	return append([]Message{{"system", system}}, m...), nil
}

// instruction is Alpaca's prompt: system, earlier [question, answer] pairs, then the
// instruction with its input on the next line.
func (r row) instruction() ([]Message, error) {
	ask, err := r.str("instruction")
	if err != nil {
		return nil, err
	}
	input, err := r.optional("input")
	if err != nil {
		return nil, err
	}
	m, err := r.history()
	if err != nil {
		return nil, err
	}
	return r.withSystem(append(m, Message{"user", joined(ask, input)}))
}

func joined(instruction, input string) string {
	if input == "" {
		return instruction
	}
	return instruction + "\n" + input
}

func (r row) history() ([]Message, error) {
	if !r.has("history") {
		return nil, nil
	}
	var pairs [][]string
	if err := r.decode("history", &pairs, "a list of [question, answer]"); err != nil {
		return nil, err
	}
	var m []Message
	for i, p := range pairs {
		if len(p) != 2 {
			return nil, r.errorf(fmt.Sprintf("history[%d]", i), "got %d strings, want [question, answer]", len(p))
		}
		m = append(m, Message{"user", p[0]}, Message{"assistant", p[1]})
	}
	return m, nil
}
