package run

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/dataset"
	"plumbline/internal/shared"
	"plumbline/labeling"
)

// kept is a catalogue that keeps the items it is given.
type kept struct {
	labeling.Catalogue
	task  labeling.Task
	items []labeling.Item
}

func (k *kept) Project(context.Context, string) (labeling.Project, error) {
	p := labeling.DefaultProject("p")
	p.Task = k.task
	return p, nil
}

func (k *kept) AddItems(_ context.Context, _ string, items []labeling.Item) (int, error) {
	k.items = append(k.items, items...)
	return len(items), nil
}

// imported are the items of a file of that name and text.
func imported(t *testing.T, task labeling.Task, name, text string, o ImportOptions) ([]labeling.Item, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k := &kept{task: task}
	_, err := ImportFile(t.Context(), k, path, o)
	return k.items, err
}

func rankingTask(candidates int) labeling.Task {
	return labeling.Task{Candidates: candidates, Questions: []labeling.Question{{Key: "better", Kind: labeling.AskRanking, Ties: true}}}
}

var ratingTask = labeling.Task{Candidates: 1, Questions: []labeling.Question{{Key: "quality", Kind: labeling.AskRating, Points: 7}}}

func wordings(it labeling.Item) (out []string) {
	for _, c := range it.Candidates {
		out = append(out, c.Text)
	}
	return out
}

func TestImportFile(t *testing.T) {
	const trl = `{"prompt": "Q", "chosen": "A", "rejected": "B"}` + "\n" + `{"prompt": [{"role": "user", "content": "R"}], "chosen": [{"role": "assistant", "content": "C"}], "rejected": [{"role": "assistant", "content": "D"}]}`
	got, err := imported(t, labeling.PairTask(false), "prefs.jsonl", trl, ImportOptions{})
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if a, b := got[0], got[1]; a.Kind != "" || a.Expected != nil || a.Prompt.Text != "Q" || !reflect.DeepEqual(wordings(a), []string{"A", "B"}) || a.Candidates[0].Source != "" ||
		!reflect.DeepEqual(b.Prompt.Messages, []labeling.Message{{Role: "user", Content: "R"}}) || !reflect.DeepEqual(wordings(b), []string{"C", "D"}) {
		t.Errorf("got %+v, want what was chosen dropped", got)
	}
	// The same content is the same item in another order and format, and nothing else is.
	turned := strings.Join([]string{`{"prompt": "Q", "chosen": "A", "rejected": "B!"}`, strings.Split(trl, "\n")[1], strings.Split(trl, "\n")[0]}, ",")
	again, err := imported(t, labeling.PairTask(false), "prefs.jsonl", "["+turned+"]", ImportOptions{Format: "preference"})
	if err != nil || len(again) != 3 || again[2].Ref != got[0].Ref || again[1].Ref != got[1].Ref || again[0].Ref == got[0].Ref {
		t.Errorf("got %+v, %v, want the ids of %+v", again, err, got)
	}
	if !strings.HasPrefix(got[0].Ref, "prefs.jsonl/") {
		t.Errorf("got id %s, want the file's name in it", got[0].Ref)
	}
	named, err := imported(t, ratingTask, "kto.csv", "id,prompt,completion,label\n7,Q,A,true\n", ImportOptions{})
	if err != nil || len(named) != 1 || !strings.HasPrefix(named[0].Ref, "7/") || !reflect.DeepEqual(wordings(named[0]), []string{"A"}) {
		t.Errorf("got %+v, %v, want one response to rate", named, err)
	}
}

func TestImportFile_OurOwnLines(t *testing.T) {
	line := "\n{\"id\":\"x\",\"prompt\":\"p\xff\",\"candidates\":[{\"text\":\"a\"},{\"text\":\"b\"}],\"kind\":\"gold\",\"expected\":{\"preference\":2}}\n"
	path := filepath.Join(t.TempDir(), "items.jsonl.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(line)); err != nil {
		t.Fatal(err)
	}
	if z.Close() != nil || f.Close() != nil {
		t.Fatal("cannot write")
	}
	k := &kept{task: labeling.PairTask(false)}
	if _, err := ImportFile(t.Context(), k, path, ImportOptions{}); err != nil || len(k.items) != 1 || k.items[0].Ref != "x" || k.items[0].Prompt.Text != "p\xff" || k.items[0].Kind != labeling.KindGold {
		t.Errorf("got %+v, %v", k.items, err)
	}
	if _, err := ImportFile(t.Context(), k, path, ImportOptions{Gold: true}); err == nil || !strings.Contains(err.Error(), "have kind and expected themselves") {
		t.Errorf("got %v, want gold refused", err)
	}
}

func TestImportFile_Gold(t *testing.T) {
	type ids = []labeling.CandidateID
	for _, c := range []struct {
		name, line string
		want       [][]labeling.CandidateID
	}{
		{"ranked", `{"prompt": "Q", "output": ["A", "B", "C"]}`, []ids{{1}, {2}, {3}}},
		{"ranks with a tie", `{"prompt": "Q", "responses": ["A", "B", "C"], "ranks": [2, 1, 2]}`, []ids{{2}, {1, 3}}},
		{"most people", `{"id": "1", "prompt": {"text": "Q"}, "candidates": ["A", "B"], "preferences": [{"chosen": 0, "rejected": 1, "weight": 0.4}, {"chosen": 1, "rejected": 0, "weight": 0.6}]}`, []ids{{2}, {1}}},
		{"a tie, named the other way round", `{"id": "1", "prompt": {"text": "Q"}, "candidates": ["A", "B"], "preferences": [{"chosen": 1, "rejected": 0, "weight": 1, "tie": true}]}`, []ids{{1, 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := imported(t, rankingTask(0), "f.jsonl", c.line, ImportOptions{Gold: true})
			if err != nil || len(got) != 1 || got[0].Kind != labeling.KindGold || !reflect.DeepEqual(got[0].Expected["better"].Order, c.want) {
				t.Errorf("got %+v, %v, want %v", got, err, c.want)
			}
		})
	}
	pair, err := imported(t, labeling.PairTask(false), "f.jsonl", `{"prompt": "Q", "chosen": "A", "rejected": "B"}`, ImportOptions{Gold: true})
	if err != nil || len(pair) != 1 || !reflect.DeepEqual(pair[0].Expected["preference"].Order, []ids{{1}, {2}}) {
		t.Errorf("got %+v, %v", pair, err)
	}
}

// Of four candidates six pairs, each with its own id; their order and sources stay.
func TestImportFile_Split(t *testing.T) {
	const line = `{"instruction": "Q", "completions": [{"model": "m1", "response": "A", "overall_score": 1}, {"model": "m2", "response": "B", "overall_score": 3}, {"model": "m3", "response": "C", "overall_score": 2}, {"model": "m4", "response": "D", "overall_score": 4}]}`
	got, err := imported(t, labeling.PairTask(false), "u.jsonl", line, ImportOptions{Split: true, Gold: true})
	if err != nil {
		t.Fatal(err)
	}
	var pairs, winners []string
	refs := map[string]bool{}
	for _, it := range got {
		pairs = append(pairs, strings.Join(wordings(it), ""))
		best, _ := it.Expected["preference"].Best()
		winners = append(winners, it.Candidates[best-1].Source)
		refs[it.Ref] = true
	}
	if want := []string{"AB", "AC", "AD", "BC", "BD", "CD"}; !slices.Equal(pairs, want) || len(refs) != 6 {
		t.Errorf("got %v with %d ids, want %v with 6", pairs, len(refs), want)
	}
	if want := []string{"m2", "m3", "m4", "m2", "m4", "m4"}; !slices.Equal(winners, want) {
		t.Errorf("got %v, want %v", winners, want)
	}
	single, err := imported(t, ratingTask, "u.jsonl", line, ImportOptions{Split: true})
	if err != nil || len(single) != 4 || wordings(single[3])[0] != "D" {
		t.Errorf("got %+v, %v, want each of the four by itself", single, err)
	}
}

func TestImportFile_Faults(t *testing.T) {
	const three = `{"prompt": "Q", "output": ["A", "B", "C"]}`
	for _, c := range []struct {
		task labeling.Task
		text string
		o    ImportOptions
		want string
	}{
		{labeling.PairTask(false), three, ImportOptions{}, "f.jsonl:1: candidates: got 3, want 2"},
		{labeling.PairTask(false), `{"prompt": "Q", "chosen": "A"}`, ImportOptions{}, "f.jsonl:1: got keys {chosen, prompt}, want one of: plumb"},
		{labeling.PairTask(false), `{"id": "x", "prompt": "` + strings.Repeat("x", labeling.MaxLine) + `", "candidates": []}`, ImportOptions{}, "f.jsonl:1: line: got more than"},
		{labeling.PairTask(false), `[{"id": "x", "prompt": "Q", "candidates": [{"text": "A"}, {"text": "B"}]}]`, ImportOptions{}, "f.jsonl: got items in a list, want one object a line"},
		{labeling.PairTask(false), three, ImportOptions{Format: "alpaca"}, `got format "alpaca", want one of: plumb`},
		{labeling.PairTask(false), `{"prompt": "Q", "response_1": "A", "response_2": "B"}`, ImportOptions{Gold: true}, "f.jsonl:1: gold: the file does not say which of candidates 1 and 2 is better"},
		{rankingTask(0), `{"prompt": {"text": "Q"}, "candidates": ["A", "B", "C"], "preferences": [{"chosen": 0, "rejected": 1, "weight": 1}, {"chosen": 1, "rejected": 2, "weight": 1}, {"chosen": 2, "rejected": 0, "weight": 1}]}`, ImportOptions{Gold: true}, "f.jsonl:1: gold: what the file says of the candidates is no order"},
		{rankingTask(0), `{"prompt": {"text": "Q"}, "candidates": ["A", "B"], "preferences": [{"chosen": 0, "rejected": 1, "weight": 0.5}, {"chosen": 1, "rejected": 0, "weight": 0.5}]}`, ImportOptions{Gold: true}, "does not say which of candidates 1 and 2"},
		{labeling.PairTask(false), `{"prompt": "Q", "responses": ["A", "B"], "ranks": [1, 1]}`, ImportOptions{Gold: true}, "expected: preference: order: got [[1 2]], want no ties"},
		{ratingTask, `{"prompt": "Q", "completion": "A", "label": true}`, ImportOptions{Gold: true}, "has no preference or ranking"},
		{ratingTask, `{"prompt": "Q", "completion": "A", "label": true}`, ImportOptions{Gold: true, Question: "quality"}, "question quality: got a rating, want a preference or ranking"},
		{labeling.PairTask(false), "", ImportOptions{}, "f.jsonl: got no record"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if _, err := imported(t, c.task, "f.jsonl", c.text, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := ImportFile(t.Context(), &kept{task: labeling.PairTask(false)}, "nowhere.jsonl", ImportOptions{}); err == nil || !strings.Contains(err.Error(), "nowhere.jsonl: no such file") {
		t.Errorf("got %v, want the file named", err)
	}
}

// Every order of up to four candidates, ties included, comes out of its own preferences.
func TestKnown_EveryOrder(t *testing.T) {
	for k := 1; k <= 4; k++ {
		chosen := make([]int, k)
		for i := range chosen {
			chosen[i] = i
		}
		for code := range 256 { // two bits a rank
			ranks := make([]int, k)
			var said []dataset.Preference
			for i := range ranks {
				ranks[i] = code >> (2 * i) & 3
				for j := range i {
					p := dataset.Preference{Chosen: i, Rejected: j, Weight: 1, Tie: ranks[i] == ranks[j]}
					if ranks[i] > ranks[j] {
						p.Chosen, p.Rejected = j, i
					}
					said = append(said, p)
				}
			}
			order, err := known(said, chosen)
			if err != nil {
				t.Fatalf("%v: %v", ranks, err)
			}
			for i := range ranks {
				for j := range ranks {
					r := labeling.Response{Order: order}
					if a, b := r.Rank(labeling.CandidateID(i+1)), r.Rank(labeling.CandidateID(j+1)); (ranks[i] < ranks[j]) != (a < b) {
						t.Fatalf("%v: got %v", ranks, order)
					}
				}
			}
		}
	}
}

// Every line that docs/formats.md shows of what is imported can be imported.
func TestImportFile_DocumentedLines(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "### Items to judge")
	section, _, _ = strings.Cut(section, "### Exports")
	n := 0
	for line := range strings.Lines(section) {
		if line, ok := strings.CutPrefix(line, "    {"); ok {
			n++
			if got, err := imported(t, labeling.PairTask(false), "f.jsonl", "{"+line, ImportOptions{}); err != nil || len(got) != 1 {
				t.Errorf("{%s: got %+v, %v", line, got, err)
			}
		}
	}
	if n != 10 {
		t.Errorf("got %d lines, want 10", n)
	}
}

// Real files go in whole, and what is twice in a file is once in the project: rows and
// different rows as Python's json and set count them.
func TestImportFile_Shared(t *testing.T) {
	for file, want := range map[string][2]int{
		"preference/hh_harmless_even.jsonl.gz":      {1156, 1156},
		"preference/llmbar_adversarial_Manual.json": {46, 46},
		"preference/llamafactory_dpo_zh_demo.json":  {300, 289},
	} {
		k := &kept{task: labeling.PairTask(false)}
		done, err := ImportFile(t.Context(), k, shared.Path(t, file), ImportOptions{})
		refs := map[string]bool{}
		for _, it := range k.items {
			refs[it.Ref] = true
		}
		if got := [2]int{done.Items, len(refs)}; err != nil || got != want {
			t.Errorf("%s: got %d rows and different ones, %v, want %d", file, got, err, want)
		}
	}
}
