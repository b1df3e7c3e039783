package dataset

import (
	"fmt"
	"iter"
)

var exampleShapes = []shape[Example]{
	{"kto", []string{"completion|messages|conversations", "label"}, notDemonstrations},
	{"prompt-completion", []string{"prompt", "completion|response"}, completion},
	{"alpaca", []string{"instruction", "output"}, completion},
	{"self-instruct", []string{"instruction", "instances"}, instances},
	{"messages", []string{"messages|conversations"}, conversation},
	{"openassistant", []string{"message_tree_id", "prompt"}, bestReplies},
	{"transcript", []string{"text"}, transcriptExamples},
}

// Examples reads demonstrations: .json, .jsonl, .csv, .tsv or .parquet in the shapes
//
//	prompt-completion  {prompt, completion|response}: strings or messages (TRL)
//	alpaca             {instruction, input, output} and system, history
//	self-instruct      {instruction, instances: [{input, output}]}
//	messages           {messages|conversations}: TRL, ShareGPT; role|from, content|value
//	openassistant      message trees: the assistant's replies that are ranked first or alone
//	transcript         {text: "### Human: … ### Assistant: …"} or hh-rlhf's markers
//
// A conversation gives one example for each assistant turn that answers somebody, with
// all before it as the prompt: together they learn every answer once. What an assistant
// says unasked, or after itself, is only part of later prompts.
func Examples(path string, o Options) iter.Seq2[Example, error] {
	return read(path, o.Format, exampleShapes)
}

// notDemonstrations keeps answers that people disliked from being learnt as examples.
func notDemonstrations(r row) ([]Example, error) {
	return nil, r.errorf("label", "got answers marked good or bad, want demonstrations without a label")
}

func completion(r row) ([]Example, error) {
	p, err := r.prompt()
	if err != nil {
		return nil, err
	}
	key := r.first("completion|response|output")
	switch {
	case key == "" && r.has("prompt"):
		key = "completion|response"
	case key == "":
		key = "output"
	}
	answer, err := r.response(key)
	return []Example{{r.id(), p, answer}}, err
}

func instances(r row) ([]Example, error) {
	ask, err := r.str("instruction")
	if err != nil {
		return nil, err
	}
	var cases []struct{ Input, Output string }
	if err := r.decode("instances", &cases, "a list of {input, output}"); err != nil {
		return nil, err
	}
	var out []Example
	for i, c := range cases {
		id := turnID(r, i)
		p := Prompt{ID: id, Messages: []Message{{"user", joined(ask, c.Input)}}}
		out = append(out, Example{id, p, c.Output})
	}
	return out, nil
}

func conversation(r row) ([]Example, error) {
	key := r.first("messages|conversations")
	if key == "" {
		key = "messages"
	}
	m, err := r.dialogue(key)
	if err != nil {
		return nil, err
	}
	return answers(r, key, m)
}

func transcriptExamples(r row) ([]Example, error) {
	text, err := r.str("text")
	if err != nil {
		return nil, err
	}
	m, _ := transcript(text)
	return answers(r, "text", m)
}

// answers makes an example of every assistant turn that answers somebody.
func answers(r row, key string, m []Message) ([]Example, error) {
	var out []Example
	asked := false
	for i, t := range m {
		if t.Role == "assistant" && asked && m[i-1].Role != "assistant" {
			id := turnID(r, len(out))
			out = append(out, Example{id, Prompt{ID: id, Messages: m[:i:i]}, t.Content})
		}
		asked = asked || t.Role == "user"
	}
	if len(out) == 0 {
		return nil, r.errorf(key, "got no assistant turn after a user turn, want ≥ 1")
	}
	return out, nil
}

func turnID(r row, i int) string {
	if i == 0 {
		return r.id()
	}
	return fmt.Sprintf("%s#%d", r.id(), i+1)
}
