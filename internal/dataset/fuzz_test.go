package dataset

import (
	"bytes"
	"encoding/json"
	"iter"
	"reflect"
	"strings"
	"testing"
)

// everything reads bytes as every kind of record; what passes must be sound.
func everything(t *testing.T, seq iter.Seq2[row, error]) {
	t.Helper()
	for p, err := range interpret(seq, "", promptShapes) {
		if err == nil && p.Validate() != nil {
			t.Errorf("prompt %+v: %v", p, p.Validate())
		}
	}
	for e, err := range interpret(seq, "", exampleShapes) {
		if err == nil && e.Prompt.Validate() != nil {
			t.Errorf("example %+v: %v", e, e.Prompt.Validate())
		}
	}
	for c, err := range interpret(seq, "", comparisonShapes) {
		if err == nil && c.Validate() != nil {
			t.Errorf("comparison %+v: %v", c, c.Validate())
		}
	}
	for it, err := range interpret(seq, "", itemShapes) {
		if err != nil {
			break
		}
		if len(it.Candidates) < 1 {
			t.Errorf("item %+v: got no candidate", it)
		}
		for _, p := range it.Known {
			if top := len(it.Candidates); p.Chosen == p.Rejected || min(p.Chosen, p.Rejected) < 0 || max(p.Chosen, p.Rejected) >= top || !(p.Weight >= 0) {
				t.Errorf("item %+v: got %+v", it, p)
			}
		}
	}
	for s, err := range interpret(seq, "", []shape[string]{{"text", nil, textUnder("")}}) {
		if err == nil && s == "" {
			t.Error("got a blank document")
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"prompt": "a", "completion": "b"}`,
		`[{"instruction": "a", "input": "b", "output": "c", "history": [["d", "e"]]}]`,
		`{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}`,
		`{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}`,
		`{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}]}`,
		`{"input": "a", "output_1": "b", "output_2": "c", "label": 2}`,
		`{"prompt": {"text": "a"}, "candidates": ["b", "c"], "preferences": [{"chosen": 1}]}`,
		`{"fields": {"prompt": "a", "response-1": "b", "response-2": "c"}, "responses": [{"values": {"q": {"value": [{"value": "response-1", "rank": 1}, {"value": "response-2", "rank": 2}]}}}]}`,
		`{"fields": {"prompt": "a", "reply_a": "b", "reply_b": "c"}, "suggestions": {"q": {"value": ["reply_b", "reply_a"]}}}`,
		`{"message_tree_id": "t", "prompt": {"message_id": "t", "role": "prompter", "text": "a", "replies": [{"role": "assistant", "text": "b", "rank": 1}, {"role": "assistant", "text": "c", "rank": 0}]}}`,
		`{"instruction": "a", "completions": [{"response": "b", "overall_score": 1}, {"response": "c", "overall_score": 2.5}]}`,
		`{"prompt": "a", "responses": ["b", "c"], "ranks": [1, 1], "margin": 1}`, `{"prompt": "a", "response_1": "b", "response_2": "c"}`,
		`{"text": "### Human: a ### Assistant: b"}`, "[\n{\"text\": \"a\"},\n{\"text\"", "[[[[", "{}", "null\n", "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// The same bytes for every pass.
		everything(t, func(yield func(row, error) bool) { jsonRows("f", bytes.NewReader(b))(yield) })
		for r, err := range jsonRows("f", bytes.NewReader(b)) {
			if lines := 1 + bytes.Count(b, []byte("\n")); err == nil && (r.line < 1 || r.line > lines) {
				t.Errorf("got line %d of %d", r.line, lines)
			}
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("id,prompt\n1,\"a\nb\"\n"), true)
	f.Add([]byte("instruction\toutput\na\tb\n"), false)
	f.Add([]byte("prompt,prompt\na,b\n"), true)
	f.Add([]byte("\n\n\"\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, comma bool) {
		sep := '\t'
		if comma {
			sep = ','
		}
		everything(t, func(yield func(row, error) bool) { tableRows(sep)("f", bytes.NewReader(b))(yield) })
	})
}

func FuzzText(f *testing.F) {
	f.Add("a\n\nb\r\nc", "")
	f.Add("a<|endoftext|>b", "<|endoftext|>")
	f.Add("a\nb\n\nc", "newline")
	f.Add("a\xff", "line")
	f.Fuzz(func(t *testing.T, text, separator string) {
		var all strings.Builder
		for d, err := range documents("f", strings.NewReader(text), separator) {
			if err != nil {
				return
			}
			if d.text == "" || d.text != trim(d.text) {
				t.Errorf("got %q, want text without white space around it", d.text)
			}
			all.WriteString(d.text)
		}
		// Nothing but white space and separators is lost.
		kept := func(s string) string {
			if separator != "" && separator != "line" && separator != "newline" {
				s = strings.ReplaceAll(s, separator, "")
			}
			return strings.Join(strings.Fields(s), "")
		}
		if trim(separator) == separator && kept(all.String()) != kept(strings.ReplaceAll(text, "\r\n", "\n")) {
			t.Errorf("got %q of %q", all.String(), text)
		}
	})
}

func FuzzTranscript(f *testing.F) {
	f.Add("\n\nHuman: a\n\nAssistant: b")
	f.Add("### Human: a ### Assistant:")
	f.Add("Human:Assistant:\n\nHuman:")
	f.Fuzz(func(t *testing.T, text string) {
		m, rest := transcript(text)
		if len(m) != len(rest) {
			t.Fatalf("got %d turns and %d rests", len(m), len(rest))
		}
		for i := range m {
			if !strings.HasPrefix(rest[i], m[i].Content) {
				t.Errorf("turn %d: %q does not begin %q", i, m[i].Content, rest[i])
			}
		}
	})
}

// What we write ourselves reads back the same.
func FuzzOwnRoundTrip(f *testing.F) {
	f.Add("id", "prompt", "a", "b", 1.0)
	f.Fuzz(func(t *testing.T, id, ask, a, b string, weight float64) {
		c := Comparison{id, Prompt{ID: id, Text: ask}, []string{a, b}, []Preference{{Chosen: 1, Weight: weight}}, []string{"j"}}
		if c.Validate() != nil {
			return
		}
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var want Comparison // JSON itself repairs strings that are not UTF-8
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		got, err := Collect(interpret(jsonRows("f", bytes.NewReader(line)), "", comparisonShapes))
		if err != nil || !reflect.DeepEqual(got, []Comparison{want}) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}
