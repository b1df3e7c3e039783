package labeling

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"plumbline/internal/exact"
)

// CandidateID names a candidate within a store.
type CandidateID int64

// Message is one turn of a conversation. Its content is kept byte for byte.
type Message struct {
	Role    string // "system", "user" or "assistant"
	Content string
}

// messageJSON is a message as JSON has it.
type messageJSON struct {
	Role    exact.Text `json:"role"`
	Content exact.Text `json:"content"`
}

// MarshalJSON writes {"role", "content"}; see package exact for bytes that are not UTF-8.
func (m Message) MarshalJSON() ([]byte, error) {
	return marshal(messageJSON{exact.Text(m.Role), exact.Text(m.Content)})
}

// UnmarshalJSON reads what MarshalJSON writes, without other keys.
func (m *Message) UnmarshalJSON(b []byte) error {
	var in messageJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	*m = Message{string(in.Role), string(in.Content)}
	return err
}

// Prompt is what the candidates respond to. Exactly one of Text and Messages is
// set. In JSON it is a string or an array of messages.
type Prompt struct {
	Text     string
	Messages []Message
}

// MarshalJSON writes a string or an array of messages.
func (p Prompt) MarshalJSON() ([]byte, error) {
	if len(p.Messages) > 0 {
		return marshal(p.Messages)
	}
	return marshal(exact.Text(p.Text))
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Prompt) UnmarshalJSON(b []byte) error {
	*p = Prompt{}
	switch b = bytes.TrimSpace(b); {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*exact.Text)(&p.Text))
	case len(b) > 0 && b[0] == '[':
		return json.Unmarshal(b, &p.Messages)
	}
	return fmt.Errorf("prompt: got %.20s, want a string or an array of messages", b)
}

// String is the prompt as one text: a conversation has a line "role: content" per
// message. It is what a screen shows and a utility function is given.
func (p Prompt) String() string {
	if len(p.Messages) == 0 {
		return p.Text
	}
	var b strings.Builder
	for i, m := range p.Messages {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s", m.Role, m.Content)
	}
	return b.String()
}

// Candidate is one response to the prompt. Its text is kept byte for byte, however
// broken: what is safe to show is decided by the screen.
type Candidate struct {
	ID     CandidateID // given by the store
	Text   string
	Source string // the model or person it comes from; annotators do not see it
}

// ItemKind says what an item is for.
type ItemKind string

const (
	// KindTask is an ordinary item, judged as often as the project's overlap says.
	KindTask ItemKind = "task"
	// KindGold has a known answer; everybody may get it, once.
	KindGold ItemKind = "gold"
	// KindAttention is gold that only somebody who does not read gets wrong.
	KindAttention ItemKind = "attention"
	// KindTutorial comes first to who is screened; each answer is explained.
	KindTutorial ItemKind = "tutorial"
	// KindRepeat is made by the store: an item shown to one annotator again.
	KindRepeat ItemKind = "repeat"
)

// Item is a prompt and the candidates to judge. It never changes once stored.
type Item struct {
	ID         int64    // given by the store, in order of import
	Kind       ItemKind // empty means KindTask
	Ref        string   // its id in the world outside, unique in the project
	Prompt     Prompt
	Candidates []Candidate
	Priority   float64 // higher is judged first
	// The known answer by question, for all kinds but KindTask. Before an item is stored
	// a candidate's id in it is its place in Candidates, from 1; the store turns places
	// into ids.
	Expected map[string]Response
	Why      string // the reason, shown in the tutorial
	Origin   int64  // KindRepeat: the item it repeats
}

// Known tells whether items of a kind come with a known answer.
func (k ItemKind) Known() bool { return k == KindGold || k == KindAttention || k == KindTutorial }

// Validate reports every fault of the item under a task.
func (it Item) Validate(t Task) error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(goodName(it.Ref, 500), "id", fmt.Sprintf("%.40q", it.Ref), "1 to 500 bytes of printable text")
	rule((it.Prompt.Text != "") != (len(it.Prompt.Messages) > 0), "prompt", "none or two", "a text or messages")
	for i, m := range it.Prompt.Messages {
		known := m.Role == "system" || m.Role == "user" || m.Role == "assistant"
		rule(known, fmt.Sprintf("prompt[%d].role", i), fmt.Sprintf("%q", m.Role), "system, user or assistant")
	}
	if t.Candidates > 0 {
		rule(len(it.Candidates) == t.Candidates, "candidates", len(it.Candidates), fmt.Sprint(t.Candidates))
	} else {
		rule(len(it.Candidates) >= 2 && len(it.Candidates) <= MaxCandidates, "candidates", len(it.Candidates), fmt.Sprintf("2 to %d", MaxCandidates))
	}
	for i, c := range it.Candidates {
		source := c.Source == "" || goodName(c.Source, 500)
		rule(source, fmt.Sprintf("candidates[%d].source", i), fmt.Sprintf("%.40q", c.Source), "at most 500 bytes of printable text")
	}
	rule(it.Priority-it.Priority == 0, "priority", it.Priority, "a finite number")
	rule(it.Kind == "" || it.Kind == KindTask || it.Kind.Known(), "kind", fmt.Sprintf("%q", it.Kind), "task, gold, attention or tutorial")
	rule(it.Kind.Known() == (len(it.Expected) > 0), "expected", fmt.Sprintf("%d answers", len(it.Expected)), "the known answer of a gold, attention or tutorial item, none elsewhere")
	errs = append(errs, it.expectedFaults(t)...)
	return errors.Join(errs...)
}

// expectedFaults checks the known answer against the task, in places.
func (it Item) expectedFaults(t Task) (errs []error) {
	var places []CandidateID
	for i := range it.Candidates {
		places = append(places, CandidateID(i+1))
	}
	known := Answer{Responses: it.Expected}
	for _, key := range sortedKeys(it.Expected) {
		q, ok := t.Question(key)
		if !ok {
			errs = append(errs, fmt.Errorf("expected: %s: the task has no such question", key))
			continue
		}
		r := it.Expected[key]
		if q.Kind == AskPreference && len(r.Order) == 2 && r.Strength == 0 {
			r.Strength = 1 // which is better is all that is expected
		}
		for _, err := range r.faults(q, known, t, places) {
			errs = append(errs, fmt.Errorf("expected: %s: %w", key, err))
		}
	}
	return errs
}

// Candidate finds a candidate of the item by its id.
func (it Item) Candidate(id CandidateID) (Candidate, bool) {
	if i := it.Index(id); i >= 0 {
		return it.Candidates[i], true
	}
	return Candidate{}, false
}

// Index is the place of a candidate in the item, or -1.
func (it Item) Index(id CandidateID) int {
	for i, c := range it.Candidates {
		if c.ID == id {
			return i
		}
	}
	return -1
}
