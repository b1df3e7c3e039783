package labeling_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"plumbline/labeling"
)

func TestImportReadsTextAndMessages(t *testing.T) {
	s := newStore(t, 1)
	for want, in := range map[labeling.Imported]string{
		{Items: 2, Added: 2}: "\ufeff" + strings.ReplaceAll(twoLines, "\n", "\r\n") + "\n\n",
	} {
		if got, err := labeling.Import(t.Context(), s, "", strings.NewReader(in), "x"); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil || got != (labeling.Imported{Items: 2}) {
		t.Errorf("again: got %+v, %v, want 2 items, none new", got, err)
	}
	var items []labeling.Item
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, j.Item)
	}
	if len(items) != 2 || items[0].Prompt.Text != "Say <hi> & go" || items[0].Candidates[1].Source != "ppo" ||
		len(items[1].Prompt.Messages) != 1 || items[1].Prompt.Messages[0].Content != "你好" || items[1].Priority != 1 {
		t.Errorf("got %+v", items)
	}
}

func TestImportNamesFileLineAndKey(t *testing.T) {
	ok := `{"id":"ok","prompt":"p","candidates":[{"text":"a"},{"text":"b"}]}` + "\n"
	for _, c := range []struct{ name, in, want string }{
		{"no JSON", ok + "hello\n", "f.jsonl:2: JSON, byte 1"},
		{"cut off", ok + `{"id":"x","prompt":"p"`, "f.jsonl:2: JSON: the line ends"},
		{"unknown key", `{"id":"x","promt":"p"}`, `f.jsonl:1: json: unknown field "promt"; the keys are id, prompt`},
		{"unknown key of a message", `{"id":"x","prompt":[{"rol":"user"}]}`, `unknown field "rol"`},
		{"id is a number", `{"id":1}`, "f.jsonl:1: id: got number, want string"},
		{"nothing but an object", `{}`, "f.jsonl:1: missing: id, prompt"},
		{"candidate without text", `{"id":"x","prompt":"p","candidates":[{"text":"a"},{"source":"b"}]}`, "missing: candidates[1].text"},
		{"three candidates", `{"id":"x","prompt":"p","candidates":[{"text":"a"},{"text":"b"},{"text":"c"}]}`, "candidates: got 3, want 2"},
		{"empty prompt", `{"id":"x","prompt":"","candidates":[{"text":"a"},{"text":"b"}]}`, "prompt: got none or two"},
		{"prompt is a number", `{"id":"x","prompt":7}`, "prompt: got 7, want a string or an array"},
		{"stranger role", `{"id":"x","prompt":[{"role":"bot","content":"c"}],"candidates":[{"text":"a"},{"text":"b"}]}`, `prompt[0].role: got "bot"`},
		{"two objects", `{"id":"x","prompt":"p","candidates":[{"text":"a"},{"text":"b"}]} {}`, "more than one JSON value"},
		{"id not UTF-8", "{\"id\":\"\xff\",\"prompt\":\"p\"}", "f.jsonl:1: id: got \"\\xff\""},
		{"half a surrogate pair", `{"id":"x","prompt":"\ud800","candidates":[{"text":"a"},{"text":"b"}]}`, "half of a surrogate pair"},
		{"two low halves", `{"id":"x","prompt":"\udc00\udc00","candidates":[{"text":"a"},{"text":"b"}]}`, "half of a surrogate pair"},
		{"same id, other content", ok + "\n" + strings.Replace(ok, `"a"`, `"c"`, 1), `f.jsonl:3: labeling/store: add items: item "ok": already stored with other content`},
		{"two faults", "x\n" + ok + "y\n", "f.jsonl:3: JSON"},
		{"a line too long", `{"id":"` + strings.Repeat("x", labeling.MaxLine) + `"}`, "f.jsonl:1: line: got more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := labeling.Import(t.Context(), newStore(t, 1), "p", strings.NewReader(c.in), "f.jsonl")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

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

// task asks for everything there is, of as many candidates as the item has.
func taskOf(t *testing.T, candidates int) labeling.Task {
	t.Helper()
	kind := "{key: order, kind: ranking, ties: true}"
	switch candidates {
	case 1:
		kind = "{key: more, kind: rating, points: 2, optional: true}"
	case 2:
		kind = "{key: order, kind: preference, ties: true}"
	}
	task, err := labeling.ReadTask(strings.NewReader(fmt.Sprintf(`
candidates: %d
questions:
  - {key: safety, kind: choice, options: [{key: safe}, {key: unsafe}]}
  - {key: quality, kind: rating, points: 7, when: {question: safety, is: safe}}
  - %s
`, candidates, kind)), "t.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// By hand: places from 1, options by their number from 1.
func TestImportOfKnownAnswers(t *testing.T) {
	type responses = map[string]labeling.Response
	type id = labeling.CandidateID
	for _, c := range []struct {
		name       string
		candidates int
		expected   string
		want       responses
	}{
		{"whole", 2, `{"order": {"order": [[1], [2]]}, "safety": {"marks": {"1": 1, "2": 2}}}`, responses{"order": {Order: [][]id{{1}, {2}}}, "safety": {Marks: map[id]int{1: 1, 2: 2}}}},
		{"whole, with strength", 2, `{"order": {"order": [[1], [2]], "strength": 3}}`, responses{"order": {Order: [][]id{{1}, {2}}, Strength: 3}}},
		{"the better one", 2, `{"order": 2}`, responses{"order": {Order: [][]id{{2}, {1}}}}},
		{"of two, as an order", 2, `{"order": [2, 1]}`, responses{"order": {Order: [][]id{{2}, {1}}}}},
		{"equally good", 2, `{"order": [[1, 2]]}`, responses{"order": {Order: [][]id{{1, 2}}}}},
		{"ranking", 3, `{"order": [2, 1, 3]}`, responses{"order": {Order: [][]id{{2}, {1}, {3}}}}},
		{"ranking with a tie", 3, `{"order": [2, [1, 3]]}`, responses{"order": {Order: [][]id{{2}, {1, 3}}}}},
		{"points and option of the only candidate", 1, `{"safety": "safe", "quality": 6}`, responses{"safety": {Marks: map[id]int{1: 1}}, "quality": {Marks: map[id]int{1: 6}}}},
		{"of each, one not asked about", 2, `{"safety": ["unsafe", "safe"], "quality": [null, 7]}`, responses{"safety": {Marks: map[id]int{1: 2, 2: 1}}, "quality": {Marks: map[id]int{2: 7}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &kept{task: taskOf(t, c.candidates)}
			line := fmt.Sprintf(`{"id":"g","kind":"gold","why":"看","prompt":"p","candidates":[%s],"expected":%s}`,
				strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, c.candidates), ","), c.expected)
			if _, err := labeling.Import(t.Context(), k, "p", strings.NewReader(line), "x"); err != nil {
				t.Fatal(err)
			}
			if got := k.items[0]; got.Kind != labeling.KindGold || got.Why != "看" || !reflect.DeepEqual(got.Expected, c.want) {
				t.Errorf("got %s, %q, %+v, want %+v", got.Kind, got.Why, got.Expected, c.want)
			}
		})
	}
}

func TestImportOfKnownAnswers_Faults(t *testing.T) {
	for _, c := range []struct {
		candidates int
		more, want string
	}{
		{2, `"kind":"gold"`, "expected: got 0 answers, want the known answer"},
		{2, `"expected":{"order":1}`, "expected: got 1 answers, want the known answer of a gold, attention or tutorial item, none elsewhere"},
		{2, `"kind":"repeat","expected":{"order":1}`, `kind: got "repeat"`},
		{2, `"kind":"gold","expected":{"oder":1}`, "expected: oder: the task has no such question"},
		{2, `"kind":"gold","expected":{"order":3}`, "expected: order: got 3, want the places of the candidates"},
		{2, `"kind":"gold","expected":{"order":"A"}`, `expected: order: got "A"`},
		{2, `"kind":"gold","expected":{"order":[1]}`, "expected: order: order: got [[1]], want each of [1 2] once"},
		{2, `"kind":"gold","expected":{"order":[1,"2"]}`, `expected: order: got "2" in the order`},
		{2, `"kind":"gold","expected":{"order":null}`, "expected: order: got null"},
		{3, `"kind":"gold","expected":{"order":1}`, "expected: order: got 1, want the places"},
		{2, `"kind":"gold","expected":{"order":{"oder":[]}}`, `expected: order: json: unknown field "oder"`},
		{2, `"kind":"gold","expected":{"safety":"safe"}`, "expected: safety: got 1 marks, want one of each of 2 candidates"},
		{2, `"kind":"gold","expected":{"safety":["safe","save"]}`, `expected: safety: got "save", want one of safe, unsafe`},
		{2, `"kind":"gold","expected":{"safety":["safe",1]}`, "expected: safety: got 1, want the key of an option"},
		{2, `"kind":"gold","expected":{"safety":["safe","safe"],"quality":[1,2.5]}`, "expected: quality: got 2.5, want points"},
		{2, `"kind":"gold","expected":{"safety":["safe","safe"],"quality":[1,8]}`, "expected: quality: marks: got 8 for candidate 2, want 1 to 7"},
		{2, `"kind":"gold","expected":{"safety":["safe","unsafe"],"quality":[1,1]}`, "expected: quality: marks: got 1 for candidate 2"},
		{2, `"expected":7`, "expected: got number"},
		{2, "\"kind\":\"gold\",\"expected\":{\"order\":1},\"why\":\"\xff\"", "why: got broken UTF-8"},
	} {
		t.Run(c.want, func(t *testing.T) {
			line := fmt.Sprintf(`{"id":"g","prompt":"p","candidates":[%s],%s}`, strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, c.candidates), ","), c.more)
			_, err := labeling.Import(t.Context(), &kept{task: taskOf(t, c.candidates)}, "p", strings.NewReader(line), "f")
			if err == nil || !strings.HasPrefix(err.Error(), "f:1: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What is no UTF-8 is kept, as it is or as Python's surrogateescape has it.
func TestImportKeepsBytes(t *testing.T) {
	s := newStore(t, 1)
	in := "{\"id\":\"raw\",\"prompt\":\"p\xff\",\"candidates\":[{\"text\":\"\xc3(\"},{\"text\":\"\xed\xa0\x80\"}]}\n" +
		`{"id":"escaped","prompt":"p\udcff","candidates":[{"text":"\udcc3("},{"text":"\udced\udca0\udc80"}]}` + "\n" +
		`{"id":"chat","prompt":[{"role":"user","content":"p\udcff"}],"candidates":[{"text":"\udcc3("},{"text":"\udced\udca0\udc80"}]}` + "\n"
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(in), "x"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		prompt := j.Item.Prompt.Text
		if m := j.Item.Prompt.Messages; m != nil {
			prompt = m[0].Content
		}
		if c := j.Item.Candidates; prompt != "p\xff" || c[0].Text != "\xc3(" || c[1].Text != "\xed\xa0\x80" {
			t.Errorf("%s: got %q, %q and %q", j.Item.Ref, prompt, c[0].Text, c[1].Text)
		}
		n++
	}
	if n != 3 {
		t.Errorf("got %d items, want 3", n)
	}
}

func TestImportOfSurrogatePairsAndBackslashes(t *testing.T) {
	s := newStore(t, 1)
	in := `{"id":"x","prompt":"\ud83d\ude00 \\ud800 \\\ud83d\ude00","candidates":[{"text":"a"},{"text":"b"}]}`
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(in), "x"); err != nil {
		t.Error(err)
	}
}

func TestImportCutShortIsRepeated(t *testing.T) {
	var in strings.Builder
	for i := range 1203 {
		fmt.Fprintf(&in, `{"id":"%d","prompt":"p","candidates":[{"text":"a"},{"text":"b"}]}`+"\n", i)
	}
	s := newStore(t, 1)
	broken := io.MultiReader(strings.NewReader(in.String()[:in.Len()/2]), errorReader{})
	if _, err := labeling.Import(t.Context(), s, "p", broken, "x"); !errors.Is(err, errBroken) {
		t.Fatalf("got %v, want the reader's error", err)
	}
	got, err := labeling.Import(t.Context(), s, "p", strings.NewReader(in.String()), "x")
	if err != nil || got.Items != 1203 || got.Added == 0 || got.Added >= 1203 {
		t.Errorf("got %+v, %v, want 1203 items, some of them new", got, err)
	}
	if p, _ := s.Progress(t.Context(), "p", 0); p.Wanted != 1203 {
		t.Errorf("got %d slots, want 1203", p.Wanted)
	}
}

var errBroken = errors.New("the pipe broke")

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errBroken }

// noStore accepts everything, so that the fuzzer tests the reader.
type noStore struct{ labeling.Catalogue }

func (noStore) Project(context.Context, string) (labeling.Project, error) {
	return labeling.DefaultProject("p"), nil
}

func (noStore) AddItems(_ context.Context, _ string, items []labeling.Item) (int, error) {
	for _, it := range items {
		if err := it.Validate(labeling.PairTask(false)); err != nil {
			return 0, err
		}
	}
	return len(items), nil
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(twoLines))
	f.Add([]byte("{}\n{\"id\":\"\\ud800\"}"))
	f.Add([]byte(`{"id":"x","prompt":"\ud83d\ude00","candidates":[{"text":"\u0000"},{"text":"\\u"}]}`))
	f.Add([]byte(`{"id":"g","prompt":"p","candidates":[{"text":"a"},{"text":"b"}],"kind":"gold","expected":{"preference":1},"why":"w"}`))
	f.Add([]byte(`{"id":"g","prompt":[{"role":"user","content":"\udcff"}],"candidates":[{"text":"a"},{"text":"b"}],"kind":"gold","expected":{"preference":[[2],1]}}`))
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := labeling.Import(t.Context(), noStore{}, "p", bytes.NewReader(b), "f")
		if err == nil && got.Added != got.Items {
			t.Errorf("got %+v of an import without fault", got)
		}
	})
}
