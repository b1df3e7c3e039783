package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"` // "system", "user" or "assistant"
	Content string `json:"content"`
}

// Prompt is what a model is asked to continue. Exactly one of Text and Messages is
// set: Text is continued as it stands, Messages go through the chat template.
type Prompt struct {
	ID       string    `json:"id"`
	Text     string    `json:"text,omitempty"`
	Messages []Message `json:"messages,omitempty"`
}

// Example is a demonstration: the response is what supervised fine-tuning learns.
type Example struct {
	ID       string `json:"id"`
	Prompt   Prompt `json:"prompt"`
	Response string `json:"response"`
}

// Item is a prompt with K ≥ 1 candidates for people to judge.
type Item struct {
	ID         string // the row's own, "" if it has none
	Place      string // "file:line"; in parquet the number of the row
	Prompt     Prompt
	Candidates []string
	Sources    []string     // where each comes from, or nil
	Known      []Preference // what the file says of them, or nothing
}

// Comparison is K ≥ 2 candidate responses to one prompt and what people preferred.
type Comparison struct {
	ID           string       `json:"id"`
	Prompt       Prompt       `json:"prompt"`
	Candidates   []string     `json:"candidates"`
	Preferences  []Preference `json:"preferences"`
	JudgementIDs []string     `json:"judgement_ids,omitempty"` // what the preferences were made of
}

// Preference says that one candidate was preferred to another.
type Preference struct {
	Chosen   int     `json:"chosen"`   // index into Candidates
	Rejected int     `json:"rejected"` // index into Candidates
	Weight   float64 `json:"weight"`   // how much it counts, ≥ 0; 1 is one sure judgement
	Margin   float64 `json:"margin"`   // how much better, ≥ 0, in reward units (Llama-2, arXiv:2307.09288 eq. 2)
	Tie      bool    `json:"tie"`      // neither is better: the target is ½
}

// Key identifies a prompt by content: same prompt, same key, whatever the ID and the
// white space around it.
func (p Prompt) Key() string {
	if len(p.Messages) == 0 {
		return strings.TrimSpace(p.Text)
	}
	turns := make([]Message, len(p.Messages))
	for i, m := range p.Messages {
		turns[i] = Message{m.Role, strings.TrimSpace(m.Content)}
	}
	b, _ := json.Marshal(turns) // strings only: cannot fail
	return string(b)
}

// Key is the prompt's.
func (e Example) Key() string { return e.Prompt.Key() }

// Key is the prompt's.
func (c Comparison) Key() string { return c.Prompt.Key() }

// String is the prompt as people read it: the text, or one "role: content" line a turn.
func (p Prompt) String() string {
	if len(p.Messages) == 0 {
		return p.Text
	}
	turns := make([]string, len(p.Messages))
	for i, m := range p.Messages {
		turns[i] = m.Role + ": " + m.Content
	}
	return strings.Join(turns, "\n")
}

// Validate reports every fault of a prompt: neither or both of Text and Messages, an
// unknown role, a last turn that leaves nothing to answer.
func (p Prompt) Validate() error {
	if (p.Text == "") == (len(p.Messages) == 0) {
		return fmt.Errorf("prompt: got %d bytes of text and %d messages, want exactly one of them", len(p.Text), len(p.Messages))
	}
	var errs []error
	for i, m := range p.Messages {
		if m.Role != "system" && m.Role != "user" && m.Role != "assistant" {
			errs = append(errs, fmt.Errorf("prompt: messages[%d]: role: got %q, want system, user or assistant", i, m.Role))
		}
	}
	if n := len(p.Messages); n > 0 && p.Messages[n-1].Role == "assistant" {
		errs = append(errs, errors.New("prompt: messages: got an assistant turn last, want a turn to answer"))
	}
	return errors.Join(errs...)
}

// Validate reports every fault of a comparison: its prompt's, fewer than two
// candidates, no preference, and each preference that is not about two of them or
// whose weight or margin is negative or not finite.
func (c Comparison) Validate() error {
	errs := []error{c.Prompt.Validate()}
	if len(c.Candidates) < 2 {
		errs = append(errs, fmt.Errorf("candidates: got %d, want ≥ 2", len(c.Candidates)))
	}
	if len(c.Preferences) == 0 {
		errs = append(errs, errors.New("preferences: got none, want ≥ 1"))
	}
	for i, p := range c.Preferences {
		rule := func(ok bool, key string, got any, want string) {
			if !ok {
				errs = append(errs, fmt.Errorf("preferences[%d]: %s: got %v, want %s", i, key, got, want))
			}
		}
		within := fmt.Sprintf("an index below %d", len(c.Candidates))
		rule(p.Chosen >= 0 && p.Chosen < len(c.Candidates), "chosen", p.Chosen, within)
		rule(p.Rejected >= 0 && p.Rejected < len(c.Candidates), "rejected", p.Rejected, within)
		rule(p.Chosen != p.Rejected, "rejected", p.Rejected, "another candidate than chosen")
		rule(p.Weight >= 0 && !math.IsInf(p.Weight, 0), "weight", p.Weight, "≥ 0 and finite")
		rule(p.Margin >= 0 && !math.IsInf(p.Margin, 0), "margin", p.Margin, "≥ 0 and finite")
	}
	return errors.Join(errs...)
}
