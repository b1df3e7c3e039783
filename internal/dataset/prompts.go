package dataset

import (
	"io"
	"iter"
)

var promptShapes = []shape[Prompt]{
	{"argilla", []string{"fields"}, promptsOf(argilla)},
	{"openassistant", []string{"message_tree_id", "prompt"}, rootPrompt},
	{"prompt", []string{"prompt"}, onePrompt},
	{"instruction", []string{"instruction"}, onePrompt},
	{"messages", []string{"messages|conversations"}, conversationPrompt},
	{"text", []string{"text"}, textPrompt},
}

// Prompts reads what a model is to be asked: .json, .jsonl, .csv, .tsv or .parquet by the
// keys prompt, instruction (with input, system, history), messages|conversations (answers
// at the end are left off) or text, Argilla's fields, the roots of OpenAssistant's trees;
// or .txt with one prompt a line.
func Prompts(path string, o Options) iter.Seq2[Prompt, error] {
	if kind(path) == ".txt" {
		return linePrompts(path)
	}
	return read(path, o.Format, promptShapes)
}

func onePrompt(r row) ([]Prompt, error) {
	p, err := r.prompt()
	return []Prompt{p}, err
}

func textPrompt(r row) ([]Prompt, error) {
	text, err := r.str("text")
	if err == nil && text == "" {
		err = r.errorf("text", "got an empty string, want a prompt")
	}
	return []Prompt{{ID: r.id(), Text: text}}, err
}

func conversationPrompt(r row) ([]Prompt, error) {
	key := r.first("messages|conversations")
	m, err := r.dialogue(key)
	if err != nil {
		return nil, err
	}
	for len(m) > 0 && m[len(m)-1].Role == "assistant" {
		m = m[:len(m)-1]
	}
	if len(m) == 0 {
		return nil, r.errorf(key, "got no turn to answer, want ≥ 1")
	}
	return []Prompt{{ID: r.id(), Messages: m}}, nil
}

func linePrompts(path string) iter.Seq2[Prompt, error] {
	lines := func(name string, r io.Reader) iter.Seq2[document, error] { return documents(name, r, "line") }
	return atLeastOne(path, "prompt", func(yield func(Prompt, error) bool) {
		for d, err := range reading(path, lines) {
			r := row{file: path, line: d.line}
			if !yield(Prompt{ID: r.id(), Text: d.text}, err) || err != nil {
				return
			}
		}
	})
}
