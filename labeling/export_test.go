package labeling_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// judged is an archive of what a test writes down.
type judged struct {
	labeling.Catalogue
	labeling.Archive
	task    labeling.Task
	items   []labeling.JudgedItem
	exports []labeling.ExportRun
}

func (a *judged) Project(context.Context, string) (labeling.Project, error) {
	p := labeling.DefaultProject("p")
	p.Task = a.task
	return p, nil
}

func (a *judged) Judged(context.Context, string) iter.Seq2[labeling.JudgedItem, error] {
	return func(yield func(labeling.JudgedItem, error) bool) {
		for _, j := range a.items {
			if !yield(j, nil) {
				return
			}
		}
	}
}

func (a *judged) RecordExport(_ context.Context, r labeling.ExportRun) (labeling.ExportRun, error) {
	r.Head, r.At = "head", time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	a.exports = append(a.exports, r)
	return r, nil
}

// item adds an item with candidates 1, 2, … and the answers given, by judgements j1, j2, …
func (a *judged) item(ref string, p labeling.Prompt, candidates []string, answers ...labeling.Answer) *labeling.JudgedItem {
	j := labeling.JudgedItem{Item: labeling.Item{ID: int64(len(a.items) + 1), Kind: labeling.KindTask, Ref: ref, Prompt: p}}
	for i, text := range candidates {
		j.Item.Candidates = append(j.Item.Candidates, labeling.Candidate{ID: labeling.CandidateID(i + 1), Text: text, Source: "s" + fmt.Sprint(i+1)})
	}
	for n, answer := range answers {
		j.Judgements = append(j.Judgements, labeling.Judgement{
			ID: fmt.Sprintf("%s.j%d", ref, n+1), ItemID: j.Item.ID, Slot: n, Annotator: "ann", Current: true, Answer: answer,
		})
	}
	a.items = append(a.items, j)
	return &a.items[len(a.items)-1]
}

func text(s string) labeling.Prompt { return labeling.Prompt{Text: s} }

func chat(turns ...string) (p labeling.Prompt) {
	for i, s := range turns {
		p.Messages = append(p.Messages, labeling.Message{Role: []string{"user", "assistant"}[i%2], Content: s})
	}
	return p
}

// order answers a ranking or preference in groups: "2 1=3".
func order(strength int, groups ...[]labeling.CandidateID) labeling.Answer {
	return labeling.Answer{Responses: map[string]labeling.Response{"better": {Order: groups, Strength: strength}}}
}

type ids = []labeling.CandidateID

func points(marks map[labeling.CandidateID]int) labeling.Answer {
	return labeling.Answer{Responses: map[string]labeling.Response{"quality": {Marks: marks}}}
}

func readTask(t *testing.T, yaml string) labeling.Task {
	t.Helper()
	task, err := labeling.ReadTask(strings.NewReader(yaml), "t.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return task
}

const (
	pairTask    = "candidates: 2\nedit: true\nquestions: [{key: better, kind: preference, ties: true}]"
	rankingTask = "candidates: 0\nquestions: [{key: better, kind: ranking, ties: true}]"
	ratingTask  = "candidates: 0\nquestions: [{key: quality, kind: rating, points: 7}, {key: safety, kind: choice, options: [{key: safe}, {key: unsafe}]}]"
)

// exported are the lines that an export writes.
func exported(t *testing.T, a labeling.Exportable, o labeling.ExportOptions) ([]string, labeling.Origin) {
	t.Helper()
	var b bytes.Buffer
	from, err := labeling.Export(t.Context(), a, o, &b)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() == 0 {
		return nil, from
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"), from
}

// The shapes are those of TRL's "dataset formats" page (prompt-only, preference, unpaired
// preference, prompt-completion; standard and conversational) and of hh-rlhf's files; what
// is said is by hand.
func TestExport_Formats(t *testing.T) {
	pairs := &judged{task: readTask(t, pairTask)}
	pairs.item("a", text("Q <&>"), []string{"A", "B"}, order(4, ids{1}, ids{2}), order(1, ids{2}, ids{1}), order(1, ids{1}, ids{2}))
	pairs.item("b", chat("Q", "R", "S"), []string{"A", "B"}, order(0, ids{1, 2}), order(4, ids{2}, ids{1}), order(2, ids{2}, ids{1}))
	ranks := &judged{task: readTask(t, rankingTask)}
	ranks.item("k", text("Q"), []string{"A", "B", "C"}, order(0, ids{2}, ids{1, 3}), order(0, ids{2}, ids{1}, ids{3}))
	rates := &judged{task: readTask(t, ratingTask)}
	rates.item("r", text("Q"), []string{"A"}, points(map[labeling.CandidateID]int{1: 6}), points(map[labeling.CandidateID]int{1: 3}))
	rates.item("s", chat("Q"), []string{"A", "B", "C"}, points(map[labeling.CandidateID]int{1: 4, 2: 1, 3: 5}))
	rates.item("t", text("Q"), []string{"A"}, points(map[labeling.CandidateID]int{1: 4}))
	for _, c := range []struct {
		name string
		from *judged
		o    labeling.ExportOptions
		want []string
	}{
		{"comparisons of pairs", pairs, labeling.ExportOptions{Format: labeling.FormatComparisons}, []string{
			`{"id":"a","prompt":{"id":"a","text":"Q <&>"},"candidates":["A","B"],"preferences":[{"chosen":0,"rejected":1,"weight":0.6666666666666666,"margin":0.5,"tie":false},{"chosen":1,"rejected":0,"weight":0.3333333333333333,"margin":0,"tie":false}],"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b","prompt":{"id":"b","messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}]},"candidates":["A","B"],"preferences":[{"chosen":1,"rejected":0,"weight":0.6666666666666666,"margin":0.6666666666666666,"tie":false},{"chosen":0,"rejected":1,"weight":0.3333333333333333,"margin":0,"tie":true}],"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
		{"comparisons of rankings", ranks, labeling.ExportOptions{Format: labeling.FormatComparisons}, []string{
			`{"id":"k","prompt":{"id":"k","text":"Q"},"candidates":["A","B","C"],"preferences":[` +
				`{"chosen":1,"rejected":0,"weight":1,"margin":0,"tie":false},` +
				`{"chosen":0,"rejected":2,"weight":0.5,"margin":0,"tie":false},{"chosen":0,"rejected":2,"weight":0.5,"margin":0,"tie":true},` +
				`{"chosen":1,"rejected":2,"weight":1,"margin":0,"tie":false}],"judgement_ids":["k.j1","k.j2"]}`,
		}},
		{"trl of pairs", pairs, labeling.ExportOptions{Format: labeling.FormatTRL}, []string{
			`{"id":"a","prompt":"Q <&>","chosen":"A","rejected":"B","margin":0.5,"weight":0.6666666666666666,"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b","prompt":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}],"chosen":[{"role":"assistant","content":"B"}],"rejected":[{"role":"assistant","content":"A"}],"margin":0.6666666666666666,"weight":0.6666666666666666,"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
		// A and C are even: of the three pairs two are left, a third of the prompt each.
		{"trl of rankings", ranks, labeling.ExportOptions{Format: labeling.FormatTRL}, []string{
			`{"id":"k#2-1","prompt":"Q","chosen":"B","rejected":"A","margin":0,"weight":0.3333333333333333,"judgement_ids":["k.j1","k.j2"]}`,
			`{"id":"k#2-3","prompt":"Q","chosen":"B","rejected":"C","margin":0,"weight":0.3333333333333333,"judgement_ids":["k.j1","k.j2"]}`,
		}},
		{"hh", pairs, labeling.ExportOptions{Format: labeling.FormatHH}, []string{
			`{"id":"a","chosen":"\n\nHuman: Q <&>\n\nAssistant: A","rejected":"\n\nHuman: Q <&>\n\nAssistant: B","margin":0.5,"weight":0.6666666666666666,"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b","chosen":"\n\nHuman: Q\n\nAssistant: R\n\nHuman: S\n\nAssistant: B","rejected":"\n\nHuman: Q\n\nAssistant: R\n\nHuman: S\n\nAssistant: A","margin":0.6666666666666666,"weight":0.6666666666666666,"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
		// Borda: A ¾, B 2, C ¼.
		{"kwise", ranks, labeling.ExportOptions{Format: labeling.FormatKWise}, []string{
			`{"id":"k","prompt":"Q","responses":["A","B","C"],"ranks":[2,1,3],"judgement_ids":["k.j1","k.j2"]}`,
		}},
		{"kwise of pairs", pairs, labeling.ExportOptions{Format: labeling.FormatKWise}, []string{
			`{"id":"a","prompt":"Q <&>","responses":["A","B"],"ranks":[1,2],"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b","prompt":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}],"responses":["A","B"],"ranks":[2,1],"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
		{"kto of pairs", pairs, labeling.ExportOptions{Format: labeling.FormatKTO}, []string{
			`{"id":"a#1","prompt":"Q <&>","completion":"A","label":true,"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"a#2","prompt":"Q <&>","completion":"B","label":false,"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b#1","prompt":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}],"completion":[{"role":"assistant","content":"A"}],"label":false,"judgement_ids":["b.j1","b.j2","b.j3"]}`,
			`{"id":"b#2","prompt":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}],"completion":[{"role":"assistant","content":"B"}],"label":true,"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
		{"kto of a ranking", ranks, labeling.ExportOptions{Format: labeling.FormatKTO}, []string{
			`{"id":"k#1","prompt":"Q","completion":"A","label":false,"judgement_ids":["k.j1","k.j2"]}`,
			`{"id":"k#2","prompt":"Q","completion":"B","label":true,"judgement_ids":["k.j1","k.j2"]}`,
			`{"id":"k#3","prompt":"Q","completion":"C","label":false,"judgement_ids":["k.j1","k.j2"]}`,
		}},
		// The middle of 7 points is 4: a mean of 4½ is more, one of 4 neither.
		{"kto of ratings", rates, labeling.ExportOptions{Format: labeling.FormatKTO}, []string{
			`{"id":"r","prompt":"Q","completion":"A","label":true,"judgement_ids":["r.j1","r.j2"]}`,
			`{"id":"s#2","prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"B"}],"label":false,"judgement_ids":["s.j1"]}`,
			`{"id":"s#3","prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"C"}],"label":true,"judgement_ids":["s.j1"]}`,
		}},
		{"kto of ratings, threshold", rates, labeling.ExportOptions{Format: labeling.FormatKTO, Question: "quality", Threshold: 5}, []string{
			`{"id":"r","prompt":"Q","completion":"A","label":false,"judgement_ids":["r.j1","r.j2"]}`,
			`{"id":"s#1","prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"A"}],"label":false,"judgement_ids":["s.j1"]}`,
			`{"id":"s#2","prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"B"}],"label":false,"judgement_ids":["s.j1"]}`,
			`{"id":"s#3","prompt":[{"role":"user","content":"Q"}],"completion":[{"role":"assistant","content":"C"}],"label":true,"judgement_ids":["s.j1"]}`,
			`{"id":"t","prompt":"Q","completion":"A","label":false,"judgement_ids":["t.j1"]}`,
		}},
		{"a majority that is not enough", pairs, labeling.ExportOptions{Format: labeling.FormatTRL, Agreement: .7}, nil},
		{"weights of another source", pairs, labeling.ExportOptions{Format: labeling.FormatTRL, Weights: labeling.Probabilities{{Item: 1, A: 0, B: 1}: .125}}, []string{
			`{"id":"a","prompt":"Q <&>","chosen":"B","rejected":"A","margin":0,"weight":0.875,"judgement_ids":["a.j1","a.j2","a.j3"]}`,
			`{"id":"b","prompt":[{"role":"user","content":"Q"},{"role":"assistant","content":"R"},{"role":"user","content":"S"}],"chosen":[{"role":"assistant","content":"B"}],"rejected":[{"role":"assistant","content":"A"}],"margin":0.6666666666666666,"weight":0.6666666666666666,"judgement_ids":["b.j1","b.j2","b.j3"]}`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := exported(t, c.from, c.o); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestExport_Edits(t *testing.T) {
	a := &judged{task: readTask(t, pairTask)}
	edit := order(3, ids{1}, ids{2})
	edit.Edit = &labeling.Edit{Of: 1, Text: "A, better"}
	same := order(1, ids{2}, ids{1})
	same.Edit = &labeling.Edit{Of: 2, Text: "B"}
	a.item("t", text("Q"), []string{"A", "B"}, edit, same, edit)
	a.item("m", chat("Q"), []string{"A", "B"}, edit)
	a.items[0].Judgements[2].Current = false // corrected or withdrawn
	judgement := `"margin":0,"weight":1,"judgement_ids":["t.j1"]}`
	for _, c := range []struct {
		o    labeling.ExportOptions
		want []string
	}{
		{labeling.ExportOptions{Format: labeling.FormatSFT}, []string{
			`{"id":"t","prompt":"Q","completion":"A, better","judgement_ids":["t.j1"]}`,
			`{"id":"m","messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A, better"}],"judgement_ids":["m.j1"]}`,
		}},
		{labeling.ExportOptions{Format: labeling.FormatTRL}, []string{
			`{"id":"t#edit-1","prompt":"Q","chosen":"A, better","rejected":"A",` + judgement,
			`{"id":"m","prompt":[{"role":"user","content":"Q"}],"chosen":[{"role":"assistant","content":"A"}],"rejected":[{"role":"assistant","content":"B"}],"margin":0.6666666666666666,"weight":1,"judgement_ids":["m.j1"]}`,
			`{"id":"m#edit-1","prompt":[{"role":"user","content":"Q"}],"chosen":[{"role":"assistant","content":"A, better"}],"rejected":[{"role":"assistant","content":"A"}],"margin":0,"weight":1,"judgement_ids":["m.j1"]}`,
		}},
		{labeling.ExportOptions{Format: labeling.FormatHH, NoEdits: true}, []string{
			`{"id":"m","chosen":"\n\nHuman: Q\n\nAssistant: A","rejected":"\n\nHuman: Q\n\nAssistant: B","margin":0.6666666666666666,"weight":1,"judgement_ids":["m.j1"]}`,
		}},
	} {
		got, from := exported(t, a, c.o)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.o.Format, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if c.o.Format != labeling.FormatSFT && from.LeftOut["without a majority"] != 1 {
			t.Errorf("%s: got %v left out, want t for its two answers", c.o.Format, from.LeftOut)
		}
	}
}

// What is not work, what does not count, and what a format cannot hold.
func TestExport_LeavesOut(t *testing.T) {
	a := &judged{task: readTask(t, pairTask)}
	better := order(1, ids{1}, ids{2})
	for _, kind := range []labeling.ItemKind{labeling.KindGold, labeling.KindAttention, labeling.KindTutorial, labeling.KindRepeat} {
		a.item(string(kind), text("Q"), []string{"A", "B"}, better).Item.Kind = kind
	}
	a.item("open", text("Q"), []string{"A", "B"})
	a.item("flagged", text("Q"), []string{"A", "B"}, labeling.Answer{Flagged: true})
	a.item("withdrawn", text("Q"), []string{"A", "B"}, better).Judgements[0].Current = false
	a.items[len(a.items)-1].Judgements[0].Withdrawn = true
	a.item("system", labeling.Prompt{Messages: []labeling.Message{{Role: "system", Content: "S"}, {Role: "user", Content: "Q"}}}, []string{"A", "B"}, better)
	a.item("turn", text("Q"), []string{"A\n\nHuman: no", "B"}, better)
	a.item("another", text("Q ### Assistant: no"), []string{"A", "B"}, better)
	a.item("good", text("Q"), []string{"Human: A", "B"}, better)
	lines, from := exported(t, a, labeling.ExportOptions{Format: labeling.FormatHH})
	if len(lines) != 1 || !strings.Contains(lines[0], `"id":"good"`) {
		t.Errorf("got %s, want good alone", lines)
	}
	if want := map[string]int{"not judged": 2, "flagged": 1, "no transcript can hold it": 3}; !reflect.DeepEqual(from.LeftOut, want) {
		t.Errorf("got %v left out, want %v", from.LeftOut, want)
	}
	if from.Judgements != 1 || from.JudgementsSHA256 != labeling.HashIDs([]string{"good.j1"}) {
		t.Errorf("got %d judgements, %s, want those of good", from.Judgements, from.JudgementsSHA256)
	}
	raw, _ := exported(t, a, labeling.ExportOptions{Format: labeling.FormatJudgements})
	if len(raw) != 10 || !strings.Contains(raw[0], `"kind":"gold"`) || !strings.Contains(raw[5], `"current":false,"withdrawn":true`) {
		t.Errorf("judgements: got %s, want all ten", raw)
	}
}

func TestExport_Refuses(t *testing.T) {
	pairs, rates := &judged{task: readTask(t, pairTask)}, &judged{task: readTask(t, ratingTask)}
	for _, c := range []struct {
		from *judged
		o    labeling.ExportOptions
		want string
	}{
		{pairs, labeling.ExportOptions{Format: "csv"}, `format: got "csv", want one of [judgements comparisons trl hh kwise kto sft]`},
		{pairs, labeling.ExportOptions{Format: labeling.FormatTRL, Question: "bettr"}, `question: got "bettr"`},
		{pairs, labeling.ExportOptions{Format: labeling.FormatTRL, Agreement: math.NaN()}, "agreement: got NaN, want 0 to 1"},
		{pairs, labeling.ExportOptions{Format: labeling.FormatKWise, Agreement: .5}, "agreement: got 0.5 for kwise"},
		{pairs, labeling.ExportOptions{Format: labeling.FormatKTO, Threshold: 3}, "threshold: got 3, want points of a rating"},
		{pairs, labeling.ExportOptions{Format: labeling.FormatSFT, Question: "better"}, "sft: got a question, weights or a threshold, want none"},
		{rates, labeling.ExportOptions{Format: labeling.FormatTRL}, "has no preference or ranking"},
		{rates, labeling.ExportOptions{Format: labeling.FormatTRL, Question: "quality"}, "question quality: got a rating, want a preference or ranking"},
		{rates, labeling.ExportOptions{Format: labeling.FormatKTO, Question: "safety"}, "question safety: got a choice"},
		{rates, labeling.ExportOptions{Format: labeling.FormatKTO, Threshold: 8}, "threshold: got 8"},
		{rates, labeling.ExportOptions{Format: labeling.FormatKTO, Weights: labeling.Probabilities{}}, "got weights for a rating"},
		{pairs, labeling.ExportOptions{Format: labeling.FormatTRL, Split: labeling.Split{{Name: "train", Of: 1}}}, "want files to split into"},
	} {
		if _, err := labeling.Export(t.Context(), c.from, c.o, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
		if len(c.from.exports) > 0 {
			t.Fatal("what was refused was recorded")
		}
	}
}

// Through a store: corrections, times, and the record of the bytes.
func TestExport_OfStore(t *testing.T) {
	s := newStore(t, 1)
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
		t.Fatal(err)
	}
	judgeAll(t, s, map[string][]int{"a": {-3}, "b": {2}})
	last, j, err := s.Last(t.Context(), "p", 1, 0) // item a: b has priority
	if err != nil {
		t.Fatal(err)
	}
	submit(t, s, last, 4, j.ID)
	if trl := export(t, s, labeling.FormatTRL); !strings.Contains(trl[0], `"prompt":"Say <hi> & go","chosen":"hi","rejected":"ho","margin":1,"weight":1`) {
		t.Errorf("trl: got %s, want the corrected answer", trl[0])
	}
	raw := export(t, s, labeling.FormatJudgements)
	if len(raw) != 3 || !strings.Contains(raw[0], `"current":false`) || !strings.Contains(raw[1], `"supersedes":"`+j.ID+`","current":true`) {
		t.Errorf("judgements: got %s", raw)
	}
	for _, key := range []string{`"annotator":"ann0"`, `"strength":4`, `"active_ms":1000`, `"wall_ms":2000`, `"at":"2026-03-01T09:00:00Z"`, `"sources":[`, `"guideline":1`} {
		if !strings.Contains(raw[1], key) {
			t.Errorf("judgements: got %s, want it to have %s", raw[1], key)
		}
	}
}

// export returns the lines, having checked the record of them.
func export(t *testing.T, s *store.Store, f labeling.Format) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.jsonl")
	runs, err := labeling.ExportFiles(t.Context(), s, labeling.ExportOptions{Project: "p", Format: f}, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	run := runs[0]
	if run.SHA256 != hex.EncodeToString(sum[:]) || run.Lines != len(lines) || run.Bytes != int64(len(b)) || run.Head == "" || run.File != path {
		t.Errorf("record: got %+v for %d lines, %d bytes, hash %x", run, len(lines), len(b), sum)
	}
	return lines
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errBroken }

func TestExportThatFailsLeavesNothing(t *testing.T) {
	s := newStore(t, 1)
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
		t.Fatal(err)
	}
	judgeAll(t, s, map[string][]int{"a": {1}, "b": {1}})
	if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: labeling.FormatTRL}, fullDisk{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the writer's error", err)
	}
	dir := t.TempDir()
	split := labeling.Split{{Name: "a", Of: .5}, {Name: "b", Of: .5}}
	if _, err := labeling.ExportFiles(t.Context(), s, labeling.ExportOptions{Project: "nobody's", Format: labeling.FormatTRL, Split: split}, filepath.Join(dir, "out")); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("got %v left behind", left)
	}
}

// The same prompt is in one part whatever its items are called and however it is laid out,
// and the parts are as large as they should be: within 4 standard deviations.
func TestExport_Split(t *testing.T) {
	const n = 4000
	a := &judged{task: readTask(t, pairTask)}
	better := order(1, ids{1}, ids{2})
	for i := range n {
		a.item(fmt.Sprintf("a%d", i), text(fmt.Sprintf("What is %d?", i)), []string{"A", "B"}, better)
		a.item(fmt.Sprintf("b%d", i), chat(fmt.Sprintf(" what\tis %d?\n", i)), []string{"C", "D"}, better)
	}
	split, err := labeling.ParseSplit("train=.9,validation=.05,test=.05")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "prefs.jsonl")
	origins, err := labeling.ExportFiles(t.Context(), a, labeling.ExportOptions{Format: labeling.FormatKWise, Split: split}, path)
	if err != nil {
		t.Fatal(err)
	}
	partOf := map[string]string{}
	for k, share := range split {
		o := origins[k]
		if want := filepath.Join(dir, "prefs."+share.Name+".jsonl"); o.File != want || o.Split != share.Name || o.Parts[share.Name] != o.SHA256 || len(o.Parts) != 3 {
			t.Errorf("got %+v, want %s", o, want)
		}
		b, err := os.ReadFile(o.File)
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(b)) {
			var row struct{ ID string }
			if err := json.Unmarshal([]byte(l), &row); err != nil {
				t.Fatal(err)
			}
			partOf[row.ID] = share.Name
		}
		if off, sd := float64(o.Lines)/2-n*share.Of, math.Sqrt(n*share.Of*(1-share.Of)); math.Abs(off) > 4*sd {
			t.Errorf("%s: got %d of %d prompts, want a share of %v", share.Name, o.Lines/2, n, share.Of)
		}
		if note := a.exports[k].Note; note != "question=better weights=votes split="+share.Name+" of train=0.9,validation=0.05,test=0.05" {
			t.Errorf("note: got %q", note)
		}
	}
	for i := range n {
		if x, y := partOf[fmt.Sprintf("a%d", i)], partOf[fmt.Sprintf("b%d", i)]; x != y || x == "" {
			t.Fatalf("prompt %d: got parts %q and %q, want one", i, x, y)
		}
	}
}

func TestParseSplit_Faults(t *testing.T) {
	for in, want := range map[string]string{
		"train":               `got "train", want NAME=SHARE`,
		"train=x":             `got "train=x"`,
		"train=.9":            "add up to 0.9, want 1",
		"train=.5,train=.5":   `got a part "train"`,
		"train=1.5,test=-.5":  "train: got 1.5",
		"../x=1":              `got a part "../x"`,
		"train=NaN":           "train: got NaN",
		"train=.5,test=.5000": "",
	} {
		if _, err := labeling.ParseSplit(in); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", in, err, want)
		}
	}
}

// An origin leads to the store from wherever both are moved to, and tells no password.
func TestOrigin(t *testing.T) {
	for store, want := range map[string]string{
		"up/labels.db": "up/labels.db",
		"postgres://ann:secret@db.example/labels?password=secret&sslmode=require": "postgres://ann@db.example/labels?sslmode=require",
		"postgres://ann:sec%ret@db.example/":                                      "",
	} {
		root := t.TempDir()
		t.Chdir(root)
		if err := os.MkdirAll("out", 0o755); err != nil {
			t.Fatal(err)
		}
		o := labeling.Origin{ExportRun: labeling.ExportRun{SHA256: "beef"}, File: filepath.Join("out", "p.jsonl")}
		err := o.WriteBeside(store)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "sec") {
				t.Errorf("%s: got %v, want an error without the password", store, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		moved := t.TempDir()
		if err := os.Rename("out", filepath.Join(moved, "out")); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(want, "up") {
			want = filepath.Join(moved, want)
		}
		file := filepath.Join(moved, "out", "p.jsonl")
		if got, err := labeling.ReadOrigin(file); err != nil || got.Store != want || got.File != file || got.SHA256 != "beef" {
			t.Errorf("got %+v, %v, want store %s", got, err, want)
		}
	}
	if _, err := labeling.ReadOrigin("nothing.jsonl"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}
