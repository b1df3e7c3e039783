package labeling

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"plumbline/internal/exact"
)

// MaxLine bounds a line of items, in bytes.
const MaxLine = 16 << 20

// ReadLines reads items for a task, one JSON object a line:
//
//	{"id": "42", "prompt": "text or [messages]", "candidates": [{"text": "…", "source": "sft"}, {"text": "…"}],
//	 "priority": 0, "kind": "gold", "expected": {"preference": 1}, "why": "…"}
//
// The last four may be missing; what is expected is in readExpected. Bytes that are not
// UTF-8 are kept in prompts and candidates, as they are or as package exact writes them.
// A fault names its place and does not end the lines, unless where a line ends is not
// known. name is the file's.
func ReadLines(r io.Reader, name string, t Task) iter.Seq2[Placed, error] {
	return func(yield func(Placed, error) bool) {
		lines := bufio.NewReaderSize(r, 1<<16)
		for n := 1; ; n++ {
			place := fmt.Sprintf("%s:%d", name, n)
			line, err := readLine(lines)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Placed{}, fmt.Errorf("%s: %w", place, err))
				return
			}
			if n == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			it, err := parseItem(line, t)
			if err != nil {
				err = fmt.Errorf("%s: %w", place, err)
			}
			if !yield(Placed{it, place}, err) {
				return
			}
		}
	}
}

// readLine returns the next line without its end, or io.EOF.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxLine {
			return nil, fmt.Errorf("line: got more than %d bytes, want less", MaxLine)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		default:
			return nil, err
		}
	}
}

// lineItem is an item in a file.
type lineItem struct {
	ID         *exact.Text                `json:"id"`
	Prompt     *Prompt                    `json:"prompt"`
	Candidates []lineCandidate            `json:"candidates"`
	Priority   float64                    `json:"priority"`
	Kind       exact.Text                 `json:"kind"`
	Expected   map[string]json.RawMessage `json:"expected"`
	Why        exact.Text                 `json:"why"`
}

type lineCandidate struct {
	Text   *exact.Text `json:"text"`
	Source exact.Text  `json:"source"`
}

func parseItem(line []byte, t Task) (Item, error) {
	var in lineItem
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return Item{}, jsonFault(err)
	}
	if d.More() {
		return Item{}, errors.New("got more than one JSON value, want one object a line")
	}
	return in.item(t)
}

func (in lineItem) item(t Task) (Item, error) {
	var missing []string
	if in.ID == nil {
		missing = append(missing, "id")
	}
	if in.Prompt == nil {
		missing = append(missing, "prompt")
	}
	it := Item{Kind: ItemKind(in.Kind), Priority: in.Priority, Why: string(in.Why)}
	for i, c := range in.Candidates {
		if c.Text == nil {
			missing = append(missing, fmt.Sprintf("candidates[%d].text", i))
			continue
		}
		it.Candidates = append(it.Candidates, Candidate{Text: string(*c.Text), Source: string(c.Source)})
	}
	if len(missing) > 0 {
		return Item{}, fmt.Errorf("missing: %s", strings.Join(missing, ", "))
	}
	if !utf8.ValidString(it.Why) {
		return Item{}, errors.New("why: got broken UTF-8, want UTF-8")
	}
	it.Ref, it.Prompt = string(*in.ID), *in.Prompt
	var err error
	it.Expected, err = readExpected(in.Expected, t, len(it.Candidates))
	return it, err
}

// jsonFault says in our words what encoding/json found.
func jsonFault(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("JSON, byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: got %s, want %s", kind.Field, kind.Value, kind.Type)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("JSON: the line ends within the object")
	case strings.HasPrefix(err.Error(), "json: unknown field"): // has no type
		return fmt.Errorf("%w; the keys are id, prompt (messages: role, content), candidates (text, source), priority, kind, expected and why", err)
	}
	return err
}
