package dataset

import (
	"reflect"
	"strings"
	"testing"

	"plumbline/internal/shared"
)

// The tree of the card of OpenAssistant/oasst1 on Hugging Face, shortened there already, with
// ranks and a deleted reply added: two replies to the root, three to the question below.
const oasstTree = `{
  "message_tree_id": "14fbb664", "tree_state": "ready_for_export",
  "prompt": {"message_id": "14fbb664", "text": "Why can't we divide by 0? (..)", "role": "prompter", "lang": "en", "replies": [
    {"message_id": "894d30b6", "text": "The reason we cannot divide by zero is because (..)", "role": "assistant", "rank": 1, "replies": []},
    {"message_id": "84d0913b", "text": "The reason that the result of a division by zero is (..)", "role": "assistant", "rank": 0, "replies": [
      {"message_id": "3352725e", "text": "Math is confusing. Like those weird Irrational (..)", "role": "prompter", "rank": null, "replies": [
        {"message_id": "f46207ca", "text": "Irrational numbers are simply numbers (..)", "role": "assistant"},
        {"message_id": "d63f0a5a", "text": "Yes, irrational numbers (..)", "role": "assistant", "model_name": "bot-7b"},
        {"message_id": "deadbeef", "text": "Spam", "role": "assistant", "deleted": true}
      ]}
    ]}
  ]}
}`

func TestItems(t *testing.T) {
	one := []Preference{{Chosen: 0, Rejected: 1, Weight: 1}}
	ask := Prompt{Messages: []Message{user("Q")}}
	root := []Message{user("Why can't we divide by 0? (..)")}
	below := append(root[:1:1], assistant("The reason that the result of a division by zero is (..)"), user("Math is confusing. Like those weird Irrational (..)"))
	for _, c := range []struct {
		name, file, text string
		want             []Item
	}{
		{"TRL", "c.jsonl", `{"id": 1, "prompt": "Q", "chosen": "A", "rejected": "B"}`, []Item{{ID: "1", Prompt: Prompt{Text: "Q"}, Candidates: []string{"A", "B"}, Known: one}}},
		{"hh-rlhf", "c.jsonl", `{"chosen": "\n\nHuman: Q\n\nAssistant: A", "rejected": "\n\nHuman: Q\n\nAssistant: B"}`, []Item{{Prompt: ask, Candidates: []string{"A", "B"}, Known: one}}},
		{"hh-rlhf as CSV", "c.csv", "chosen,rejected\n\"\n\nHuman: Q\n\nAssistant: A\",\"\n\nHuman: Q\n\nAssistant: B\"\n", []Item{{Prompt: ask, Candidates: []string{"A", "B"}, Known: one}}},
		{"AlpacaEval as CSV", "c.csv", "instruction,output_1,output_2,preference\nQ,A,B,2.0\n", []Item{{Prompt: ask, Candidates: []string{"A", "B"}, Known: []Preference{{Chosen: 1, Rejected: 0, Weight: 1}}}}},
		{"columns without a verdict", "c.csv", "id,prompt,response_1,response_2,response_3\n7,Q,A,B,C\n", []Item{{ID: "7", Prompt: Prompt{Text: "Q"}, Candidates: []string{"A", "B", "C"}}}},
		{"ColossalChat", "c.jsonl", `{"context": [{"from": "user", "content": "Q"}], "chosen": [{"from": "assistant", "content": "A"}], "rejected": [{"from": "assistant", "content": "B"}]}`, []Item{{Prompt: ask, Candidates: []string{"A", "B"}, Known: one}}},
		{"ColossalChat's KTO", "c.jsonl", `{"prompt": [{"from": "user", "content": "Q"}], "completion": {"from": "assistant", "content": "A"}, "label": true}`, []Item{{Prompt: ask, Candidates: []string{"A"}}}},
		{"TRL's KTO", "c.jsonl", `{"prompt": "Q", "completion": "A", "label": false}`, []Item{{Prompt: Prompt{Text: "Q"}, Candidates: []string{"A"}}}},
		{"TRL's prompt-completion", "c.jsonl", `{"prompt": "Q", "completion": "A"}`, []Item{{Prompt: Prompt{Text: "Q"}, Candidates: []string{"A"}}}},
		{"Alpaca", "c.jsonl", `{"instruction": "Q", "input": "", "output": "A"}`, []Item{{Prompt: ask, Candidates: []string{"A"}}}},
		{"a conversation, each answer", "c.jsonl", `{"id": "x", "messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}, {"role": "user", "content": "R"}, {"role": "assistant", "content": "B"}]}`, []Item{
			{ID: "x", Prompt: ask, Candidates: []string{"A"}},
			{ID: "x#2", Prompt: Prompt{Messages: []Message{user("Q"), assistant("A"), user("R")}}, Candidates: []string{"B"}},
		}},
		{"responses with ranks", "c.jsonl", `{"prompt": "Q", "responses": ["A", "B", "C"], "ranks": [2, 1, 2]}`, []Item{{Prompt: Prompt{Text: "Q"}, Candidates: []string{"A", "B", "C"}, Known: []Preference{
			{Chosen: 1, Rejected: 0, Weight: 1}, {Chosen: 0, Rejected: 2, Weight: 1, Tie: true}, {Chosen: 1, Rejected: 2, Weight: 1},
		}}}},
		{
			"UltraFeedback", "c.jsonl", `{"source": "sharegpt", "instruction": "Q", "models": ["alpaca-7b", "gpt-4"], "completions": [
			{"model": "alpaca-7b", "principle": "honesty", "response": "A", "overall_score": 6.5, "annotations": {}}, {"model": "gpt-4", "response": "B", "overall_score": 8.0}, {"model": "bard", "response": "C", "overall_score": 6.5}]}`,
			[]Item{{Prompt: ask, Candidates: []string{"A", "B", "C"}, Sources: []string{"alpaca-7b", "gpt-4", "bard"}, Known: []Preference{
				{Chosen: 1, Rejected: 0, Weight: 1}, {Chosen: 0, Rejected: 2, Weight: 1, Tie: true}, {Chosen: 1, Rejected: 2, Weight: 1},
			}}},
		},
		{"OpenAssistant", "c.jsonl", oasstTree, []Item{
			{ID: "14fbb664", Prompt: Prompt{Messages: root}, Candidates: []string{"The reason we cannot divide by zero is because (..)", "The reason that the result of a division by zero is (..)"}, Sources: []string{"", ""}, Known: []Preference{{Chosen: 1, Rejected: 0, Weight: 1}}},
			{ID: "3352725e", Prompt: Prompt{Messages: below}, Candidates: []string{"Irrational numbers are simply numbers (..)", "Yes, irrational numbers (..)"}, Sources: []string{"", "bot-7b"}},
		}},
		// Argilla 1: argilla-io/argilla, tests of FeedbackDataset: responses with a ranking's {rank, value}.
		{
			"Argilla 1, two people and one who has not finished", "c.jsonl", `{"id": "r1", "external_id": null, "fields": {"prompt": "Q", "response-1": "A", "response-2": "B"}, "metadata": {},
			"responses": [
				{"user_id": "u1", "status": "submitted", "values": {"better": {"value": [{"rank": 1, "value": "response-2"}, {"rank": 2, "value": "response-1"}]}, "why": {"value": "text"}, "quality": {"value": 4}}},
				{"user_id": "u2", "status": "submitted", "values": {"better": {"value": [{"rank": 1, "value": "response-1"}, {"rank": 1, "value": "response-2"}]}}},
				{"user_id": "u3", "status": "draft", "values": {"better": {"value": [{"rank": 1, "value": "response-1"}, {"rank": 2, "value": "response-2"}]}}}],
			"suggestions": [{"question_name": "better", "value": [{"rank": 1, "value": "response-1"}, {"rank": 2, "value": "response-2"}]}]}`,
			[]Item{{ID: "r1", Prompt: Prompt{Text: "Q"}, Candidates: []string{"A", "B"}, Known: []Preference{{Chosen: 1, Rejected: 0, Weight: .5}, {Chosen: 0, Rejected: 1, Weight: .5, Tie: true}}}},
		},
		{
			"Argilla 1, suggested only", "c.json", `[{"fields": {"instruction": "Q", "generation_1": "A", "generation_2": "B", "generation_10": "C"}, "responses": [],
			"suggestions": [{"question_name": "better", "value": [{"rank": 2, "value": "generation_1"}, {"rank": 1, "value": "generation_2"}, {"rank": 3, "value": "generation_10"}]}]}]`,
			[]Item{{Prompt: ask, Candidates: []string{"A", "B", "C"}, Known: []Preference{{Chosen: 1, Rejected: 0, Weight: 1}, {Chosen: 0, Rejected: 2, Weight: 1}, {Chosen: 1, Rejected: 2, Weight: 1}}}},
		},
		// Argilla 2: the guide "Importing and exporting", records.to_list and to_json.
		{
			"Argilla 2", "c.json", `[{"id": "r2", "status": "completed", "fields": {"chat": [{"role": "user", "content": "Q"}], "reply_a": "A", "reply_b": "B"}, "metadata": {}, "vectors": {},
			"suggestions": {"better": {"value": ["reply_a", "reply_b"], "score": 0.9, "agent": "model_name"}}, "responses": {"better": [{"value": ["reply_b", "reply_a"], "user_id": "u1"}]}}]`,
			[]Item{{ID: "r2", Prompt: ask, Candidates: []string{"A", "B"}, Known: []Preference{{Chosen: 1, Rejected: 0, Weight: 1}}}},
		},
		{
			"Argilla, two rankings", "c.jsonl", `{"fields": {"prompt": "Q", "response-1": "A", "response-2": "B"}, "suggestions": {"helpful": {"value": ["response-1", "response-2"]}, "honest": {"value": ["response-2", "response-1"]}}}`,
			[]Item{{Prompt: Prompt{Text: "Q"}, Candidates: []string{"A", "B"}}},
		},
		{"Argilla, one response", "c.jsonl", `{"fields": {"prompt": "Q", "response": "A"}, "responses": {}}`, []Item{{Prompt: Prompt{Text: "Q"}, Candidates: []string{"A"}}}},
		{"bytes of no character", "c.jsonl", `{"prompt": "Q\udcff", "chosen": "A\udc80", "rejected": "B"}`, []Item{{Prompt: Prompt{Text: "Q\xff"}, Candidates: []string{"A\x80", "B"}, Known: one}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.file, strings.ReplaceAll(c.text, "\n\t\t\t", " "))
			if strings.HasPrefix(c.text, "{\n") {
				path = write(t, c.file, strings.ReplaceAll(c.text, "\n", " "))
			}
			got, err := Collect(Items(path, Options{}))
			for i := range got {
				if !strings.HasPrefix(got[i].Place, path+":") {
					t.Errorf("got place %s", got[i].Place)
				}
				got[i].Place, got[i].Prompt.ID = "", ""
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

// What the trees and records hold besides comparisons.
func TestTreesAndRecords(t *testing.T) {
	tree := write(t, "t.jsonl", strings.ReplaceAll(oasstTree, "\n", " "))
	prompts, err := Collect(Prompts(tree, Options{}))
	if err != nil || len(prompts) != 1 || prompts[0].ID != "14fbb664" || prompts[0].String() != "user: Why can't we divide by 0? (..)" {
		t.Errorf("prompts: got %+v, %v", prompts, err)
	}
	best, err := Collect(Examples(tree, Options{}))
	if err != nil || len(best) != 1 || best[0].Response != "The reason that the result of a division by zero is (..)" || best[0].ID != "84d0913b" {
		t.Errorf("demonstrations: got %+v, %v", best, err)
	}
	ranked, err := Collect(Comparisons(tree, Options{}))
	if err != nil || len(ranked) != 1 || ranked[0].ID != "14fbb664" || ranked[0].Preferences[0].Chosen != 1 {
		t.Errorf("comparisons: got %+v, %v", ranked, err)
	}
	records := write(t, "a.jsonl", `{"id": "r", "fields": {"prompt": "Q", "response-1": "A", "response-2": "B"}, "suggestions": {"better": {"value": ["response-2", "response-1"]}}}`)
	judged, err := Collect(Comparisons(records, Options{}))
	if err != nil || len(judged) != 1 || judged[0].ID != "r" || judged[0].Preferences[0].Chosen != 1 {
		t.Errorf("Argilla's comparisons: got %+v, %v", judged, err)
	}
	asked, err := Collect(Prompts(records, Options{}))
	if err != nil || len(asked) != 1 || asked[0].Text != "Q" {
		t.Errorf("Argilla's prompts: got %+v, %v", asked, err)
	}
}

func TestItems_Faults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"foo": 1}`, "c.jsonl:1: got keys {foo}, want one of: plumb {prompt, candidates, preferences}; argilla {fields}"},
		{`{"fields": {"prompt": "Q", "text": "A"}}`, "c.jsonl:1: fields: got {prompt, text}, want a response, or response-1"},
		{`{"fields": {"response": "A"}}`, "prompt: got keys {response}, want one of prompt|instruction"},
		{`{"fields": {"prompt": "Q", "response-1": 7}}`, "response-1: got 7, want a string"},
		{`{"fields": {"prompt": "Q", "response": "A"}, "responses": [7]}`, "responses: got [7], want responses"},
		{`{"fields": {"prompt": "Q", "response": "A"}, "suggestions": [7]}`, "suggestions: got [7], want suggestions"},
		{`{"message_tree_id": "x", "prompt": {"role": "prompter", "text": "Q", "replies": [{"role": "narrator", "text": "A"}]}}`, `prompt: prompt.replies[0]: got role "narrator"`},
		{`{"message_tree_id": "x", "prompt": {"role": "prompter"}}`, "got role \"prompter\" and text false"},
		{`{"instruction": "Q", "completions": [{"model": "m"}]}`, "completions: got no response in [0]"},
		{`{"prompt": "Q", "responses": ["A", "B"], "ranks": [1]}`, "ranks: got 1, want one of each of 2 responses"},
		{`{"prompt": "Q", "responses": ["A", "B"], "ranks": ["1", "2"]}`, "ranks: got"},
		{`{"prompt": "Q", "chosen": "A", "rejected": "B", "margin": "much"}`, "margin: got \"much\", want a number"},
		{`{"prompt": "Q", "chosen": "A\ud800", "rejected": "B"}`, "chosen: got"},
	} {
		_, err := Collect(Items(write(t, "c.jsonl", c.text), Options{}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

// What is counted is the records column of the data's MANIFEST, and by Python's json.
func TestItems_SharedFiles(t *testing.T) {
	for file, want := range map[string]int{
		"prompts/colossalchat_testdata/test_dpo_data.jsonl": 1,
		"prompts/colossalchat_testdata/test_kto_data.jsonl": 1,
		"preference/hh_harmless_even.jsonl.gz":              1156,
		"preference/llamafactory_kto_en_demo.json":          300,
		"preference/oasst1_rm_zh.jsonl":                     631,
		"preference/ultrafeedback_train.jsonl":              1000,
	} {
		if got, err := Collect(Items(shared.Path(t, file), Options{})); err != nil || len(got) != want {
			t.Errorf("%s: got %d items, %v, want %d", file, len(got), err, want)
		}
	}
}
