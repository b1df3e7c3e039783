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
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newStore(t testing.TB, overlap int) *store.Store {
	t.Helper()
	clock := func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("p")
	p.Overlap, p.Task = overlap, labeling.PairTask(true)
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return s
}

const twoLines = `{"id":"a","prompt":"Say <hi> & go","candidates":[{"text":"hi","source":"sft"},{"text":"ho","source":"ppo"}]}
{"id":"b","prompt":[{"role":"user","content":"你好"}],"candidates":[{"text":"你好！"},{"text":""}],"priority":1}
`

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
		{"broken UTF-8", "{\"id\":\"\xff\"}", "f.jsonl:1: got broken UTF-8"},
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

// judgeAll answers every slot: vote says for each item and slot how candidate 0 fares,
// from -4 to 4; 0 is a tie.
func judgeAll(t *testing.T, s *store.Store, votes map[string][]int) {
	t.Helper()
	n := 0
	for _, v := range votes {
		n = max(n, len(v))
	}
	for k := range n {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: fmt.Sprintf("ann%d", k)})
		if err != nil {
			t.Fatal(err)
		}
		for {
			w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
			if errors.Is(err, labeling.ErrNoWork) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			submit(t, s, w, votes[w.Item.Ref][k], "")
		}
	}
}

func submit(t *testing.T, s *store.Store, w labeling.Assignment, vote int, supersedes string) {
	t.Helper()
	a, b := w.Item.Candidates[0].ID, w.Item.Candidates[1].ID
	ans := labeling.Equal("preference", a, b)
	switch {
	case vote > 0:
		ans = labeling.Prefer("preference", a, b, vote)
	case vote < 0:
		ans = labeling.Prefer("preference", b, a, -vote)
	}
	err := s.Submit(t.Context(), labeling.Submission{
		ID:    labeling.DerivedID(fmt.Sprint(w.Item.Ref, w.Lease.Annotator, vote, supersedes)),
		Lease: w.Lease, Answer: ans, Active: time.Second, Wall: 2 * time.Second, Supersedes: supersedes,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCompareWeighsVotes(t *testing.T) {
	for _, c := range []struct {
		name  string
		votes []int
		want  []labeling.Preference
		major bool
	}{
		{"agreed", []int{4, 1, 3}, []labeling.Preference{{Chosen: 0, Rejected: 1, Weight: 1, Margin: (1 + 0 + 2./3) / 3, Votes: 3}}, true},
		{"two to one", []int{-2, 4, -4}, []labeling.Preference{
			{Chosen: 1, Rejected: 0, Weight: 2. / 3, Margin: (1./3 + 1) / 2, Votes: 2}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Margin: 1, Votes: 1},
		}, true},
		{"one each", []int{1, -1, 0}, []labeling.Preference{
			{Chosen: 0, Rejected: 1, Weight: 1. / 3, Votes: 1}, {Chosen: 1, Rejected: 0, Weight: 1. / 3, Votes: 1}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Tie: true, Votes: 1},
		}, false},
		{"a tie by two", []int{0, 0, 4}, []labeling.Preference{
			{Chosen: 0, Rejected: 1, Weight: 2. / 3, Tie: true, Votes: 2}, {Chosen: 0, Rejected: 1, Weight: 1. / 3, Margin: 1, Votes: 1},
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStore(t, len(c.votes))
			if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(twoLines), "x"); err != nil {
				t.Fatal(err)
			}
			judgeAll(t, s, map[string][]int{"a": c.votes, "b": c.votes})
			n := 0
			for got, err := range labeling.Comparisons(t.Context(), s, "p", "") {
				if err != nil {
					t.Fatal(err)
				}
				n++
				if len(got.Judgements) != len(c.votes) || !samePreferences(got.Preferences, c.want) {
					t.Errorf("%s: got %+v of %d judgements, want %+v of %d", got.Item.Ref, got.Preferences, len(got.Judgements), c.want, len(c.votes))
				}
				if _, ok := got.Majority(0, 1); ok != c.major {
					t.Errorf("majority: got %v, want %v", ok, c.major)
				}
			}
			if n != 2 {
				t.Errorf("got %d comparisons, want 2", n)
			}
		})
	}
}

func samePreferences(a, b []labeling.Preference) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		near := math.Abs(x.Weight-y.Weight) < 1e-12 && math.Abs(x.Margin-y.Margin) < 1e-12
		x.Weight, x.Margin, y.Weight, y.Margin = 0, 0, 0, 0
		if !near || x != y {
			return false
		}
	}
	return true
}

func TestExports(t *testing.T) {
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
	_, now, err := s.Last(t.Context(), "p", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	// What TRL reads: prompt, chosen, rejected as strings, or as messages in a conversation.
	trl := export(t, s, labeling.FormatTRL)
	want := `{"id":"a","prompt":"Say <hi> & go","chosen":"hi","rejected":"ho","margin":1,"weight":1,"judgement_ids":["` + now.ID + `"]}`
	if trl[0] != want {
		t.Errorf("trl: got %s, want %s", trl[0], want)
	}
	if want := `"prompt":[{"role":"user","content":"你好"}],"chosen":[{"role":"assistant","content":"你好！"}],"rejected":[{"role":"assistant","content":""}]`; !strings.Contains(trl[1], want) {
		t.Errorf("trl: got %s, want it to have %s", trl[1], want)
	}
	var c struct {
		Prompt      struct{ Messages []labeling.Message }
		Candidates  []string
		Preferences []struct{ Chosen, Rejected int }
	}
	if err := json.Unmarshal([]byte(export(t, s, labeling.FormatComparisons)[1]), &c); err != nil || len(c.Prompt.Messages) != 1 || len(c.Candidates) != 2 || c.Preferences[0].Rejected != 1 {
		t.Errorf("comparisons: got %+v, %v", c, err)
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
	if _, err := labeling.Export(t.Context(), s, labeling.ExportOptions{Project: "p", Format: "csv"}, io.Discard); err == nil || !strings.Contains(err.Error(), "judgements") {
		t.Errorf("an unknown format: got %v, want the known ones named", err)
	}
}

// export returns the lines, having checked the record of them.
func export(t *testing.T, s *store.Store, f labeling.Format) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.jsonl")
	run, err := labeling.ExportFile(t.Context(), s, labeling.ExportOptions{Project: "p", Format: f}, path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if run.SHA256 != hex.EncodeToString(sum[:]) || run.Lines != len(lines) || run.Bytes != int64(len(b)) || run.Head == "" {
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
	if _, err := labeling.ExportFile(t.Context(), s, labeling.ExportOptions{Project: "nobody's", Format: labeling.FormatTRL}, filepath.Join(dir, "out")); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("got %v left behind", left)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	err := labeling.Project{Overlap: 16, Task: labeling.Task{Candidates: 10}}.Validate()
	for _, key := range []string{"name", "candidates", "overlap", "guideline"} {
		if err == nil || !strings.Contains(err.Error(), key+": got") {
			t.Errorf("got %v, want a fault of %s", err, key)
		}
	}
}

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
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := labeling.Import(t.Context(), noStore{}, "p", bytes.NewReader(b), "f")
		if err == nil && got.Added != got.Items {
			t.Errorf("got %+v of an import without fault", got)
		}
	})
}
