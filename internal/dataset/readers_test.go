package dataset

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// write puts a file into a temporary folder and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func user(s string) Message      { return Message{"user", s} }
func assistant(s string) Message { return Message{"assistant", s} }

// The inputs are as the projects named publish them; what they mean is by hand.
func TestPrompts(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []Prompt
	}{
		{"TRL standard", "p.jsonl", `{"prompt": "The sky is", "id": "a"}`, []Prompt{{ID: "a", Text: "The sky is"}}},
		{"TRL conversational", "p.jsonl", `{"prompt": [{"role": "user", "content": "Hi"}]}`, []Prompt{{ID: "p.jsonl:1", Messages: []Message{user("Hi")}}}},
		{"an array", "p.json", "\n[\n{\"prompt\": \"a\"},\n\n{\"prompt\": \"b\"}]", []Prompt{{ID: "p.json:3", Text: "a"}, {ID: "p.json:5", Text: "b"}}},
		{"a list of one line each under .json", "p.json", "{\"prompt\": \"a\", \"id\": 7}\n\n{\"prompt\": \"b\"}\n", []Prompt{{ID: "7", Text: "a"}, {ID: "p.json:3", Text: "b"}}},
		{"InstructionWild", "p.jsonl", `{"instruction": "Why?", "instruction_type": "QA"}`, []Prompt{{ID: "p.jsonl:1", Messages: []Message{user("Why?")}}}},
		{"Alpaca with input", "p.jsonl", `{"instruction": "Add", "input": "1, 2", "output": "3"}`, []Prompt{{ID: "p.jsonl:1", Messages: []Message{user("Add\n1, 2")}}}},
		{"ShareGPT, answered", "p.jsonl", `{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}`, []Prompt{{ID: "p.jsonl:1", Messages: []Message{user("Hi")}}}},
		{"text, the mark before it", "p.jsonl", "\ufeff{\"text\": \"Once\"}", []Prompt{{ID: "p.jsonl:1", Text: "Once"}}},
		{"CSV with quotes", "p.csv", "id,prompt\n1,\"a, \"\"b\"\"\nc\"\n2,d\n", []Prompt{{ID: "1", Text: "a, \"b\"\nc"}, {ID: "2", Text: "d"}}},
		{"TSV", "p.tsv", "prompt\tn\nwhy?\t1\n", []Prompt{{ID: "p.tsv:2", Text: "why?"}}},
		{"lines", "p.txt", "one\r\n\ntwo", []Prompt{{ID: "p.txt:1", Text: "one"}, {ID: "p.txt:3", Text: "two"}}},
		{"our own", "p.jsonl", `{"id": "x", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]}`, []Prompt{{ID: "x", Messages: []Message{{"system", "S"}, user("U")}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Collect(Prompts(write(t, c.file, c.text), Options{}))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestExamples(t *testing.T) {
	const f = "e.jsonl"
	for _, c := range []struct {
		name, text string
		want       []Example
	}{
		{
			"TRL prompt-completion", `{"prompt": "The sky is", "completion": " blue."}`,
			[]Example{{f + ":1", Prompt{ID: f + ":1", Text: "The sky is"}, " blue."}},
		},
		{
			"TRL prompt-completion, conversational", `{"id": 1, "prompt": [{"role": "user", "content": "Sky?"}], "completion": [{"role": "assistant", "content": "Blue."}]}`,
			[]Example{{"1", Prompt{ID: "1", Messages: []Message{user("Sky?")}}, "Blue."}},
		},
		{
			"Alpaca", `{"instruction": "Add", "input": "", "output": "3"}`,
			[]Example{{f + ":1", Prompt{ID: f + ":1", Messages: []Message{user("Add")}}, "3"}},
		},
		{
			"Alpaca with system and history", `{"instruction": "C", "input": "", "output": "D", "system": "S", "history": [["A", "B"]]}`,
			[]Example{{f + ":1", Prompt{ID: f + ":1", Messages: []Message{{"system", "S"}, user("A"), assistant("B"), user("C")}}, "D"}},
		},
		{
			"self-instruct", `{"id": "s", "instruction": "Rhyme", "instances": [{"input": "cat", "output": "hat"}, {"input": "dog", "output": "fog"}]}`,
			[]Example{
				{"s", Prompt{ID: "s", Messages: []Message{user("Rhyme\ncat")}}, "hat"},
				{"s#2", Prompt{ID: "s#2", Messages: []Message{user("Rhyme\ndog")}}, "fog"},
			},
		},
		{
			"every answer of a conversation once", `{"id": "c", "conversations": [{"from": "gpt", "value": "0"}, {"from": "human", "value": "1"}, {"from": "gpt", "value": "2"}, {"from": "human", "value": "3"}, {"from": "gpt", "value": "4"}]}`,
			[]Example{
				{"c", Prompt{ID: "c", Messages: []Message{assistant("0"), user("1")}}, "2"},
				{"c#2", Prompt{ID: "c#2", Messages: []Message{assistant("0"), user("1"), assistant("2"), user("3")}}, "4"},
			},
		},
		{
			"what follows an answer unasked is no example", `{"id": "c", "messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "assistant", "content": "3"}]}`,
			[]Example{{"c", Prompt{ID: "c", Messages: []Message{user("1")}}, "2"}},
		},
		{
			"ColossalChat: from with content", `{"messages": [{"from": "user", "content": "Q"}, {"from": "assistant", "content": "A"}]}`,
			[]Example{{f + ":1", Prompt{ID: f + ":1", Messages: []Message{user("Q")}}, "A"}},
		},
		{
			"Guanaco", `{"text": "### Human: Why? ### Assistant: Because."}`,
			[]Example{{f + ":1", Prompt{ID: f + ":1", Messages: []Message{user("Why?")}}, "Because."}},
		},
		{
			"our own", `{"id": "x", "prompt": {"id": "x", "text": "Go\n"}, "response": "Gone."}`,
			[]Example{{"x", Prompt{ID: "x", Text: "Go\n"}, "Gone."}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Collect(Examples(write(t, f, c.text), Options{}))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestComparisons(t *testing.T) {
	first := []Preference{{Chosen: 0, Rejected: 1, Weight: 1}}
	ask := Prompt{ID: "1", Messages: []Message{user("Q")}}
	for _, c := range []struct {
		name, text string
		want       Comparison
	}{
		{
			"TRL explicit", `{"id": 1, "prompt": "Q", "chosen": "A", "rejected": "B"}`,
			Comparison{"1", Prompt{ID: "1", Text: "Q"}, []string{"A", "B"}, first, nil},
		},
		{
			"TRL explicit, conversational", `{"id": 1, "prompt": [{"role": "user", "content": "Q"}], "chosen": [{"role": "assistant", "content": "A"}], "rejected": [{"role": "assistant", "content": "B"}]}`,
			Comparison{"1", ask, []string{"A", "B"}, first, nil},
		},
		{
			"UltraFeedback: the answers repeat the prompt", `{"id": 1, "prompt": "Q", "chosen": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}], "rejected": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "B"}]}`,
			Comparison{"1", Prompt{ID: "1", Text: "Q"}, []string{"A", "B"}, first, nil},
		},
		{
			"TRL implicit", `{"id": 1, "chosen": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}], "rejected": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "B"}]}`,
			Comparison{"1", ask, []string{"A", "B"}, first, nil},
		},
		{
			"LLaMA-Factory", `{"id": 1, "conversations": [{"from": "human", "value": "Q"}], "chosen": {"from": "gpt", "value": "A"}, "rejected": {"from": "gpt", "value": "B"}}`,
			Comparison{"1", ask, []string{"A", "B"}, first, nil},
		},
		{
			"ColossalChat", `{"id": 1, "context": [{"from": "user", "content": "Q"}], "chosen": [{"from": "assistant", "content": "A"}], "rejected": [{"from": "assistant", "content": "B"}]}`,
			Comparison{"1", ask, []string{"A", "B"}, first, nil},
		},
		{
			"hh-rlhf", `{"id": 1, "chosen": "\n\nHuman: P\n\nAssistant: O\n\nHuman: Q\n\nAssistant: A", "rejected": "\n\nHuman: P\n\nAssistant: O\n\nHuman: Q\n\nAssistant: B\nB"}`,
			Comparison{"1", Prompt{ID: "1", Messages: []Message{user("P"), assistant("O"), user("Q")}}, []string{"A", "B\nB"}, first, nil},
		},
		{
			"hh-rlhf, parting early", `{"id": 1, "chosen": "\n\nHuman: Q\n\nAssistant: A\n\nHuman: R\n\nAssistant: C", "rejected": "\n\nHuman: Q\n\nAssistant: B"}`,
			Comparison{"1", ask, []string{"A\n\nHuman: R\n\nAssistant: C", "B"}, first, nil},
		},
		{
			"LLMBar", `{"id": 1, "input": "Q", "output_1": "B", "output_2": "A", "label": 2}`,
			Comparison{"1", ask, []string{"B", "A"}, []Preference{{Chosen: 1, Rejected: 0, Weight: 1}}, nil},
		},
		{
			"AlpacaEval, a tie", `{"id": 1, "instruction": "Q", "output_1": "B", "output_2": "A", "preference": 1.5}`,
			Comparison{"1", ask, []string{"B", "A"}, []Preference{{Chosen: 0, Rejected: 1, Weight: 1, Tie: true}}, nil},
		},
		{
			"ranked", `{"id": 1, "instruction": "Q", "input": "", "output": ["A", "B", "C"]}`,
			Comparison{"1", ask, []string{"A", "B", "C"}, []Preference{{Chosen: 0, Rejected: 1, Weight: 1}, {Chosen: 0, Rejected: 2, Weight: 1}, {Chosen: 1, Rejected: 2, Weight: 1}}, nil},
		},
		{
			"RM-Bench: every chosen beats every rejected", `{"id": 1, "prompt": "Q", "chosen": ["A", "B"], "rejected": ["C"]}`,
			Comparison{"1", Prompt{ID: "1", Text: "Q"}, []string{"A", "B", "C"}, []Preference{{Chosen: 0, Rejected: 2, Weight: 1}, {Chosen: 1, Rejected: 2, Weight: 1}}, nil},
		},
		{
			"our own", `{"id": "1", "prompt": {"id": "1", "text": "Q"}, "candidates": ["A", "B"], "preferences": [{"chosen": 1, "rejected": 0, "weight": 0.5, "margin": 2, "tie": false}], "judgement_ids": ["j"]}`,
			Comparison{"1", Prompt{ID: "1", Text: "Q"}, []string{"A", "B"}, []Preference{{Chosen: 1, Rejected: 0, Weight: .5, Margin: 2}}, []string{"j"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Collect(Comparisons(write(t, "c.jsonl", c.text), Options{}))
			if err != nil || !reflect.DeepEqual(got, []Comparison{c.want}) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		o                Options
		want             []string
	}{
		{"blank lines", "a.txt", "\n\none\ntwo\r\n \r\n\nthree\n", Options{}, []string{"one\ntwo", "three"}},
		{"lines", "a.txt", "one\n\n two \n", Options{Separator: "line"}, []string{"one", "two"}},
		{"newline", "a.txt", "one\n\nmore\ntwo\nthree\n\n\nmore", Options{Separator: "newline"}, []string{"one\n\nmore", "two", "three\n\n\nmore"}},
		{"a separator anywhere", "a.txt", "one\n\nmore<|endoftext|>two<|endoftext|>\n<|endoftext|>\n", Options{Separator: "<|endoftext|>"}, []string{"one\n\nmore", "two"}},
		{"JSONL", "a.jsonl", "{\"text\": \"one\"}\n{\"text\": \" \"}\n{\"text\": \"two\"}", Options{}, []string{"one", "two"}},
		{"a key of one's own, lines", "a.json", `[{"paragraphs": ["床前明月光，", "疑是地上霜。"]}]`, Options{Key: "paragraphs"}, []string{"床前明月光，\n疑是地上霜。"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Collect(Texts(write(t, c.file, c.text), c.o))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestGzip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.JSONL.GZ")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(`{"prompt": "a"}`)); err != nil {
		t.Fatal(err)
	}
	if z.Close() != nil || f.Close() != nil {
		t.Fatal("cannot write")
	}
	if got, err := Collect(Prompts(path, Options{})); err != nil || len(got) != 1 || got[0].Text != "a" {
		t.Errorf("got %v, %v, want the prompt a", got, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := write(t, "cut.jsonl.gz", string(b[:len(b)-6]))
	if _, err := Collect(Prompts(cut, Options{})); err == nil || !strings.Contains(err.Error(), "cut.jsonl.gz:1: unexpected EOF") {
		t.Errorf("cut short: got %v, want an error that names the file", err)
	}
}

// A reader that stops in the middle must not be called again.
func TestStopsEarly(t *testing.T) {
	path := write(t, "p.jsonl", strings.Repeat("{\"prompt\": \"a\"}\n", 10))
	n := 0
	for _, err := range Prompts(path, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	for _, err := range Texts(write(t, "a.txt", "a\n\nb\n\nc"), Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 4 {
		t.Errorf("got %d, want 4", n)
	}
}

func TestFaults(t *testing.T) {
	prompts := func(p string, o Options) error { _, err := Collect(Prompts(p, o)); return err }
	examples := func(p string, o Options) error { _, err := Collect(Examples(p, o)); return err }
	comparisons := func(p string, o Options) error { _, err := Collect(Comparisons(p, o)); return err }
	texts := func(p string, o Options) error { _, err := Collect(Texts(p, o)); return err }
	for _, c := range []struct {
		name string
		read func(string, Options) error
		file string
		text string
		o    Options
		want string // what the error must say
	}{
		{"unknown keys", prompts, "a.jsonl", `{"foo": 1, "bar": 2}`, Options{}, "a.jsonl:1: got keys {bar, foo}, want one of: argilla {fields}; openassistant {message_tree_id, prompt}; prompt {prompt}"},
		{"unknown format", examples, "a.jsonl", `{"instruction": "", "output": ""}`, Options{Format: "alpacca"}, `a.jsonl:1: got format "alpacca", want one of: kto`},
		{"another format than the file's", examples, "a.jsonl", `{"instruction": "a", "output": "b"}`, Options{Format: "messages"}, "a.jsonl:1: messages: got nothing, want a list of messages"},
		{"unknown suffix", examples, "a.xlsx", "x", Options{}, `a.xlsx: got suffix ".xlsx"`},
		{"no file", func(_ string, o Options) error { return prompts("absent.jsonl", o) }, "a.jsonl", "", Options{}, "open absent.jsonl"},
		{"empty", prompts, "a.jsonl", " \n\n", Options{}, "a.jsonl: got no record, want ≥ 1"},
		{"empty array", prompts, "a.json", "[]", Options{}, "a.json: got no record, want ≥ 1"},
		{"empty text", texts, "a.txt", "\n \n", Options{}, "a.txt: got no document, want ≥ 1"},
		{"only blank texts", texts, "a.jsonl", `{"text": ""}`, Options{}, "a.jsonl: got no document, want ≥ 1"},
		{"empty prompts", prompts, "a.txt", "\n", Options{}, "a.txt: got no prompt, want ≥ 1"},
		{"empty prompt", prompts, "a.jsonl", `{"prompt": ""}`, Options{}, "a.jsonl:1: prompt: prompt: got 0 bytes of text and 0 messages"},
		{"line cut short", prompts, "a.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"\n{\"prompt\": \"c\"}", Options{}, "a.jsonl:2: want one JSON object: unexpected end"},
		{"array cut short", prompts, "a.json", "[\n{\"prompt\": \"a\"},\n{\"prompt\": \"b\"", Options{}, "a.json:3: unexpected EOF"},
		{"array not closed", prompts, "a.json", "[\n{\"prompt\": \"a\"}\n", Options{}, "unexpected EOF"},
		{"no comma", prompts, "a.json", "[\n{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}]", Options{}, "a.json:2: expected comma"},
		{"text after the array", prompts, "a.json", "[{\"prompt\": \"a\"}]\n]", Options{}, "got more text after the array"},
		{"not an object", prompts, "a.jsonl", "{\"prompt\": \"a\"}\n3", Options{}, "a.jsonl:2: want one JSON object"},
		{"null", prompts, "a.jsonl", "null", Options{}, "a.jsonl:1: got null"},
		{"not UTF-8", prompts, "a.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": \"\xff\"}", Options{}, "a.jsonl:2: got bytes that are not UTF-8"},
		{"text not UTF-8", texts, "a.txt", "a\nb\xff", Options{}, "a.txt:2: got bytes that are not UTF-8"},
		{"separator over lines", texts, "a.txt", "a", Options{Separator: "\n\n"}, "separator: got"},
		{"no text key", texts, "a.jsonl", `{"body": "a"}`, Options{}, "a.jsonl:1: got keys {body}, want text or content"},
		{"absent text key", texts, "a.jsonl", `{"body": "a"}`, Options{Key: "bdy"}, "a.jsonl:1: bdy: got nothing, want a string"},
		{"wrong type", prompts, "a.jsonl", `{"prompt": 3}`, Options{}, "a.jsonl:1: prompt: got 3, want a string"},
		{"key missing later", examples, "a.jsonl", "{\"instruction\": \"a\", \"output\": \"b\"}\n{\"instruction\": \"a\"}", Options{}, "a.jsonl:2: output: got nothing, want a string"},
		{"unknown role", examples, "a.jsonl", `{"messages": [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]}`, Options{}, `a.jsonl:1: messages[1]: role: got "tool"`},
		{"no content", examples, "a.jsonl", `{"messages": [{"role": "user"}]}`, Options{}, "messages[0]: got a turn without"},
		{"nobody answers", examples, "a.jsonl", `{"messages": [{"role": "user", "content": "a"}]}`, Options{}, "messages: got no assistant turn after a user turn"},
		{"KTO as examples", examples, "a.jsonl", `{"messages": [], "label": false}`, Options{}, "a.jsonl:1: label: got answers marked good or bad"},
		{"KTO as comparisons", comparisons, "a.jsonl", `{"prompt": "a", "completion": "b", "label": false}`, Options{}, "got keys {completion, label, prompt}, want one of"},
		{"plain text as examples", examples, "a.jsonl", `{"text": "Once upon a time"}`, Options{}, "text: got no assistant turn"},
		{"history of three", examples, "a.jsonl", `{"instruction": "a", "output": "b", "history": [["x", "y", "z"]]}`, Options{}, "history[0]: got 3 strings"},
		{"one candidate", comparisons, "a.jsonl", `{"instruction": "a", "output": ["b"]}`, Options{}, "a.jsonl:1: comparison: candidates: got 1, want ≥ 2"},
		{"no such candidate", comparisons, "a.jsonl", `{"prompt": "a", "candidates": ["b", "c"], "preferences": [{"chosen": 2, "rejected": 0, "weight": -1}]}`, Options{}, "preferences[0]: chosen: got 2, want an index below 2\npreferences[0]: weight: got -1"},
		{"no transcript", comparisons, "a.jsonl", `{"chosen": "good", "rejected": "bad"}`, Options{}, "a.jsonl:1: chosen: got good, want a transcript"},
		{"answers to different prompts", comparisons, "a.jsonl", `{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: c\n\nAssistant: d"}`, Options{}, "rejected: got turn 1 of the user and the user"},
		{"messages part early", comparisons, "a.jsonl", `{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "e"}]}`, Options{}, "part at message 2"},
		{"another prompt repeated", comparisons, "a.jsonl", `{"prompt": "a", "chosen": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}], "rejected": "d"}`, Options{}, "chosen: got a conversation that does not begin with the prompt"},
		{"no verdict", comparisons, "a.jsonl", `{"input": "a", "output_1": "b", "output_2": "c", "label": 3}`, Options{}, "label: got 3, want 1, 2 or a tie"},
		{"cells missing", prompts, "a.csv", "id,prompt\n1\n", Options{}, "a.csv: record on line 2: wrong number of fields"},
		{"header twice", prompts, "a.csv", "prompt,prompt\na,b\n", Options{}, `header: got "prompt" twice`},
		{"not gzip", prompts, "a.jsonl.gz", `{"prompt": "a"}`, Options{}, "a.jsonl.gz: unpack: gzip: invalid header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.read(write(t, c.file, c.text), c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// Counts are the records column of the data's MANIFEST or, where it has none, what
// Python's json module counts in the file.
func TestSharedFiles(t *testing.T) {
	examples := func(p string) (int, error) { v, err := Collect(Examples(p, Options{})); return len(v), err }
	comparisons := func(p string) (int, error) { v, err := Collect(Comparisons(p, Options{})); return len(v), err }
	prompts := func(p string) (int, error) { v, err := Collect(Prompts(p, Options{})); return len(v), err }
	texts := func(o Options) func(string) (int, error) {
		return func(p string) (int, error) { v, err := Collect(Texts(p, o)); return len(v), err }
	}
	for _, c := range []struct {
		file string
		read func(string) (int, error)
		want int
	}{
		{"sft/alpaca_data.json.gz", examples, 52002},
		{"sft/alpaca_zh_20k.json.gz", examples, 20465},
		{"sft/belle_zh_seed_tasks.jsonl", examples, 175},
		{"sft/dolly_open_qa.jsonl", examples, 3742},
		{"sft/fastchat_dummy_conversation.json", examples, 1000}, // two answers in each of 500
		{"sft/llamafactory_alpaca_en_demo.json", examples, 999},
		{"sft/llamafactory_alpaca_zh_demo.json", examples, 1000},
		{"sft/llamafactory_identity.json", examples, 91},
		{"sft/oasst1_sft_zh.json", examples, 558},
		{"sft/rasbt_instruction_1100.json", examples, 1100},
		{"sft/self_instruct_seed_tasks.jsonl", examples, 175},
		{"prompts/colossalchat_testdata/test_sft_data.jsonl", examples, 3},
		{"preference/alpacaeval_gpt4_alpaca-7b_vs_davinci003.json.gz", comparisons, 805},
		{"preference/alpacaeval_gpt4_alpaca-farm-ppo-human_vs_davinci003.json.gz", comparisons, 805},
		{"preference/hh_harmless_even.jsonl.gz", comparisons, 1156},
		{"preference/llamafactory_dpo_en_demo.json", comparisons, 300},
		{"preference/llamafactory_dpo_zh_demo.json", comparisons, 300},
		{"preference/llmbar_adversarial_GPTInst.json", comparisons, 92},
		{"preference/llmbar_adversarial_GPTOut.json", comparisons, 47},
		{"preference/llmbar_adversarial_Manual.json", comparisons, 46},
		{"preference/llmbar_adversarial_Neighbor.json", comparisons, 134},
		{"preference/medicalgpt_dpo_zh_500.jsonl", comparisons, 500},
		{"preference/oasst1_rm_zh.jsonl", comparisons, 631},
		{"preference/rasbt_preference_1100.json", comparisons, 1100},
		{"preference/rmbench_safety_refuse.json.gz", comparisons, 284},
		{"preference/ultrafeedback_train.jsonl", comparisons, 1000},
		{"prompts/colossalchat_testdata/test_dpo_data.jsonl", comparisons, 1},
		{"prompts/instinwild_seed_prompts_ch.jsonl", prompts, 429},
		{"prompts/instinwild_seed_prompts_en.jsonl", prompts, 429},
		{"prompts/instinwild_v2_user_1.jsonl", prompts, 429},
		{"eval/safety/cvalues_responsibility_prompts_zh.jsonl", prompts, 664},
		{"corpora/names.txt", texts(Options{Separator: "line"}), 32033},
		{"corpora/zh/poet.tang.0.json.gz", texts(Options{Key: "paragraphs"}), 1000},
		{"corpora/zh/poet.tang.5000.json.gz", texts(Options{Key: "paragraphs"}), 1000},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := c.read(shared.Path(t, c.file))
			if err != nil || got != c.want {
				t.Errorf("got %d, %v, want %d", got, err, c.want)
			}
		})
	}
}
