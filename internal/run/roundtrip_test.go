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
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"plumbline/internal/dataset"
	"plumbline/internal/exact"
	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/hostile"
	"plumbline/labeling/store"
	"plumbline/labeling/store/storetest"
)

// texts are what something on the way might change: terminals, JSON, UTF-8, transcripts.
func texts() (all []string) {
	for _, t := range hostile.Strings() {
		all = append(all, t[1])
	}
	return append(all, "", " ", "\r\n", `\ud800`, `\\u`, "a\n\nHuman: b\n\nAssistant: c", "a\n\nHuman: \xff", "### Assistant: d")
}

// turn tells whether a text would be read as turns of a transcript.
func turn(text string) bool {
	return strings.Contains(text, "Human:") || strings.Contains(text, "Assistant:")
}

// asked is the prompt that an item with a text has: the text too, where it is not long.
func asked(text string) string {
	if len(text) < 1000 {
		return "Q" + text
	}
	return "Q"
}

// Through import, store and every export to what training reads: each byte is as it was.
func TestTexts_ThroughTheStoreUnchanged(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		all := texts()
		if strings.Contains(where, "://") { // long ones once
			all = slices.DeleteFunc(all, func(s string) bool { return len(s) >= 1000 })
		}
		textsThrough(t, where, all)
	})
}

func textsThrough(t *testing.T, where string, all []string) {
	t.Helper()
	var lines []byte
	n, turns := 0, 0
	for i, text := range all {
		ids := []string{fmt.Sprint(i)}
		if len(text) < 1000 && (!utf8.ValidString(text) || turn(text)) { // of a conversation, kept as JSON, only these are a danger
			ids = append(ids, fmt.Sprintf("chat %d", i))
		}
		for k, id := range ids {
			prompt := exact.Append(nil, asked(text))
			if k == 1 {
				prompt = fmt.Appendf(nil, `[{"role":"user","content":%s}]`, exact.Append(nil, text))
			}
			lines = fmt.Appendf(lines, `{"id":%q,"prompt":%s,"candidates":[{"text":%s},{"text":"plain"}]}`+"\n", id, prompt, exact.Append(nil, text))
			if n++; turn(text) {
				turns++
			}
		}
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
	for _, format := range []labeling.Format{labeling.FormatComparisons, labeling.FormatTRL, labeling.FormatKWise, labeling.FormatHH} {
		path := filepath.Join(dir, string(format)+".jsonl")
		if _, err := labeling.ExportFiles(t.Context(), s, labeling.ExportOptions{Project: "p", Format: format}, path); err != nil {
			t.Fatal(err)
		}
		want := n
		if format == labeling.FormatHH {
			want -= turns
		}
		got, err := dataset.Collect(dataset.Comparisons(path, dataset.Options{}))
		if err != nil || len(got) != want {
			t.Fatalf("%s: got %d comparisons, %v, want %d", format, len(got), err, want)
		}
		for _, c := range got {
			checkTexts(t, format, c, all)
		}
	}
}

// checkTexts compares what was read with what was imported.
func checkTexts(t *testing.T, format labeling.Format, c dataset.Comparison, all []string) {
	t.Helper()
	i, err := strconv.Atoi(strings.TrimPrefix(c.ID, "chat "))
	if err != nil {
		t.Fatal(err)
	}
	want, prompt := all[i], asked(all[i])
	if strings.HasPrefix(c.ID, "chat ") {
		prompt = all[i]
	}
	if format == labeling.FormatHH { // does not keep white space around a turn
		want, prompt = strings.TrimSpace(want), strings.TrimSpace(prompt)
	}
	if c.Candidates[0] != want || said(c.Prompt) != prompt {
		t.Errorf("%s %s: got %.60q to %.60q, want %.60q to %.60q", format, c.ID, c.Candidates[0], said(c.Prompt), want, prompt)
	}
}

// said is what the only turn of a prompt says.
func said(p dataset.Prompt) string {
	if p.Messages != nil {
		return p.Messages[0].Content
	}
	return p.Text
}

// judgeFirst lets a crowd prefer the first candidate of every item: together, since what
// waits is written at once.
func judgeFirst(t *testing.T, s *store.Store) {
	t.Helper()
	crowd, ctx := errgroup.WithContext(t.Context())
	for n := range 16 {
		crowd.Go(func() error {
			a, err := s.Enrol(ctx, labeling.Annotator{Handle: fmt.Sprintf("ann%d", n)})
			for err == nil {
				err = judgeNext(ctx, s, a.ID)
			}
			if errors.Is(err, labeling.ErrNoWork) {
				return nil
			}
			return err
		})
	}
	if err := crowd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func judgeNext(ctx context.Context, s *store.Store, annotator int64) error {
	w, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: annotator, For: time.Minute})
	if err != nil {
		return err
	}
	answer := labeling.Prefer("preference", w.Item.Candidates[0].ID, w.Item.Candidates[1].ID, 4)
	return s.Submit(ctx, labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: answer})
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
	for _, s := range texts() {
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
