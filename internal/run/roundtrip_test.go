package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"plumbline/internal/dataset"
	"plumbline/internal/exact"
	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/store"
	"plumbline/labeling/store/storetest"
)

// hostile are texts that something on the way might change: terminals, JSON, UTF-8.
var hostile = []string{
	"", " ", "\n", "\r\n", "\x00", "a\x00b", "\x1b[2J\x1b]52;c;cm0gLXJmIH4=\x07", "\x9b31m", "\u202eevil\u2066", "a\u200bb\u200d\ufeff",
	"\xff", "\xc3", "\xc3\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf", "ok\x80", "\xf0\x9f\x98", "👩‍👩‍👧‍👦", "e\u0301\u0301\u0301\u0301", "שלום", "𝔘𐍈",
	`\ud800`, `\\u`, `"`, `</script>`, "\u2028\u2029", "\ufffd", "\ufffe", "{\"text\": 1}", "a\n\nHuman: b\n\nAssistant: c", "### Human: d", "\t\v\f",
	strings.Repeat("x", 1<<20), strings.Repeat("\u0300", 1000), "'; DROP TABLE item; --", "%s%n", "$(reboot)",
}

// Through import, store and every export to what training reads: each byte is as it was.
func TestTexts_ThroughTheStoreUnchanged(t *testing.T) {
	storetest.Engines(t, textsThrough)
}

func textsThrough(t *testing.T, where string) {
	var lines []byte
	n := 0
	for i, text := range hostile {
		lines = fmt.Appendf(lines, `{"id":"%d","prompt":%s,"candidates":[{"text":%s},{"text":"plain"}]}`+"\n", i, exact.Append(nil, "Q"+text), exact.Append(nil, text))
		if n++; utf8.ValidString(text) && !strings.Contains(text, "Human:") {
			continue // a conversation is kept as JSON, where only these are a danger
		}
		n++
		lines = fmt.Appendf(lines, `{"id":"chat %d","prompt":[{"role":"user","content":%s}],"candidates":[{"text":%s},{"text":"plain"}]}`+"\n", i, exact.Append(nil, text), exact.Append(nil, text))
	}
	dir := t.TempDir()
	s, err := store.Create(t.Context(), where, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := s.CreateProject(t.Context(), labeling.DefaultProject("p")); err != nil {
		t.Fatal(err)
	}
	file := put(t, string(lines), dir, "items.jsonl")
	for _, want := range []int{n, 0} {
		if got, err := run.ImportFile(t.Context(), s, file, run.ImportOptions{}); err != nil || got.Added != want {
			t.Fatalf("got %+v, %v, want %d new", got, err, want)
		}
	}
	judgeFirst(t, s)
	for format, gone := range map[labeling.Format]int{labeling.FormatComparisons: 0, labeling.FormatTRL: 0, labeling.FormatKWise: 0, labeling.FormatHH: 4} {
		path := filepath.Join(dir, string(format)+".jsonl")
		if _, err := labeling.ExportFiles(t.Context(), s, labeling.ExportOptions{Project: "p", Format: format}, path); err != nil {
			t.Fatal(err)
		}
		got, err := dataset.Collect(dataset.Comparisons(path, dataset.Options{}))
		if err != nil || len(got) != n-gone {
			t.Fatalf("%s: got %d comparisons, %v, want all but %d, which are no transcripts", format, len(got), err, gone)
		}
		for _, c := range got {
			var i int
			chat := strings.HasPrefix(c.ID, "chat ")
			if _, err := fmt.Sscan(strings.TrimPrefix(c.ID, "chat "), &i); err != nil {
				t.Fatal(err)
			}
			want, asked := hostile[i], "Q"+hostile[i]
			if chat {
				asked = hostile[i]
			}
			if format == labeling.FormatHH { // does not keep white space around a turn
				want, asked = strings.TrimSpace(want), strings.TrimSpace(asked)
			}
			if c.Candidates[0] != want || said(c.Prompt) != asked {
				t.Errorf("%s %s: got %.60q to %.60q, want %.60q to %.60q", format, c.ID, c.Candidates[0], said(c.Prompt), want, asked)
			}
		}
	}
}

// said is what the only turn of a prompt says.
func said(p dataset.Prompt) string {
	if p.Messages != nil {
		return p.Messages[0].Content
	}
	return p.Text
}

// judgeFirst prefers the first candidate of every item.
func judgeFirst(t *testing.T, s *store.Store) {
	t.Helper()
	a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
		if errors.Is(err, labeling.ErrNoWork) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		answer := labeling.Prefer("preference", w.Item.Candidates[0].ID, w.Item.Candidates[1].ID, 4)
		if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: answer}); err != nil {
			t.Fatal(err)
		}
	}
}

// judgedOnce is an archive of one item, judged by three people.
type judgedOnce struct {
	labeling.Catalogue
	labeling.Archive
	item labeling.Item
}

func (a judgedOnce) Project(context.Context, string) (labeling.Project, error) {
	return labeling.DefaultProject("p"), nil
}

func (a judgedOnce) Judged(context.Context, string) iter.Seq2[labeling.JudgedItem, error] {
	j := labeling.JudgedItem{Item: a.item}
	for n := range 3 {
		j.Judgements = append(j.Judgements, labeling.Judgement{ID: fmt.Sprintf("j%d", n), Current: true, Answer: labeling.Prefer("preference", 1, 2, 1+n)})
	}
	return func(yield func(labeling.JudgedItem, error) bool) { yield(j, nil) }
}

func (a judgedOnce) RecordExport(_ context.Context, r labeling.ExportRun) (labeling.ExportRun, error) {
	return r, nil
}

// What three people agree about is the same comparison in every form: the texts byte for
// byte, the weight 1, the margin (0 + 1/3 + 2/3)/3.
func FuzzExportsReadAlike(f *testing.F) {
	for _, s := range hostile {
		if len(s) < 100 { // longer ones only slow it down
			f.Add("Q", s, "b")
			f.Add("Q"+s, "a", "b")
		}
	}
	path := filepath.Join(f.TempDir(), "x.jsonl")
	f.Fuzz(func(t *testing.T, ask, first, second string) {
		line := fmt.Appendf(nil, `{"id":"x","prompt":%s,"candidates":[{"text":%s},{"text":%s}]}`, exact.Append(nil, ask), exact.Append(nil, first), exact.Append(nil, second))
		var from judgedOnce
		for it, err := range labeling.ReadLines(strings.NewReader(string(line)), "x", labeling.PairTask(false)) {
			if err == nil {
				err = it.Validate(labeling.PairTask(false))
			}
			if err != nil {
				return // an empty prompt
			}
			from.item = it.Item
		}
		from.item.Kind = labeling.KindTask
		for i := range from.item.Candidates {
			from.item.Candidates[i].ID = labeling.CandidateID(i + 1)
		}
		for _, format := range []labeling.Format{labeling.FormatComparisons, labeling.FormatTRL, labeling.FormatHH, labeling.FormatKWise} {
			var b bytes.Buffer
			origin, err := labeling.Export(t.Context(), from, labeling.ExportOptions{Format: format}, &b)
			if err != nil {
				t.Fatal(err)
			}
			if origin.Lines == 0 && format == labeling.FormatHH {
				continue // a text would be read as turns
			}
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := dataset.Collect(dataset.Comparisons(path, dataset.Options{}))
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: got %+v, %v", format, got, err)
			}
			margin := 1. / 3
			wantAsk, want := ask, []string{first, second}
			if format == labeling.FormatHH {
				wantAsk, want = strings.TrimSpace(ask), []string{strings.TrimSpace(first), strings.TrimSpace(second)}
			}
			if format == labeling.FormatKWise { // has no margins
				margin = 0
			}
			p := got[0].Preferences
			if said(got[0].Prompt) != wantAsk || !reflect.DeepEqual(got[0].Candidates, want) || len(p) != 1 || p[0].Chosen != 0 || p[0].Weight != 1 || p[0].Margin-margin > 1e-12 || margin-p[0].Margin > 1e-12 {
				t.Errorf("%s: got %+v, want %q, %q and margin %v", format, got[0], wantAsk, want, margin)
			}
			if !reflect.DeepEqual(got[0].JudgementIDs, []string{"j0", "j1", "j2"}) {
				t.Errorf("%s: got judgements %v", format, got[0].JudgementIDs)
			}
		}
	})
}
