package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline/internal/run"
	"plumbline/internal/train"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

// labelled makes a store of n pairs that ann1 and ann2 have judged.
func labelled(t *testing.T, path string, n int) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("p")
	p.Overlap = 2
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"id":"%d","prompt":"Q%d","candidates":[{"text":"a"},{"text":"b"}]}`+"\n", i, i)
	}
	if _, err := labeling.Import(t.Context(), s, "p", strings.NewReader(lines.String()), "x"); err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= 2; k++ {
		a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: fmt.Sprintf("ann%d", k)})
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: a.ID, For: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			answer := labeling.Prefer("preference", w.Item.Candidates[0].ID, w.Item.Candidates[1].ID, 3)
			if err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: w.Lease, Answer: answer}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// exportTo writes a project's preferences and gives the file and the ids of what it is made of.
func exportTo(t *testing.T, s *store.Store, db, path string) (ids []string) {
	t.Helper()
	origins, err := labeling.ExportFiles(t.Context(), s, labeling.ExportOptions{Project: "p", Format: labeling.FormatTRL}, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := origins[0].WriteBeside(db); err != nil {
		t.Fatal(err)
	}
	for c, err := range labeling.Comparisons(t.Context(), s, "p", "") {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.Judgements...)
	}
	return ids
}

// trained is a run whose stages are done, reward learning from judgements.
func trained(t *testing.T, path, file string, ids []string) {
	t.Helper()
	d := open(t, path)
	begin(t, d, run.Spec{Name: "sft"}, false)
	finish(t, d, "sft", "v")
	begin(t, d, run.Spec{Name: "reward", Inputs: []string{file}, Parents: []string{"sft"}}, false)
	last := filepath.Dir(put(t, "w", path, "reward", "last", "model.safetensors"))
	if err := d.Seal("reward", ids)(last, train.State{Step: 5}); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish("reward"); err != nil {
		t.Fatal(err)
	}
	begin(t, d, run.Spec{Name: "ppo", Parents: []string{"sft", "reward"}}, false)
	finish(t, d, "ppo", "p")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// A withdrawal makes stale what learnt from the judgements, directly, by its reward model,
// or by a checkpoint of another run; what did not learn from them says nothing.
func TestLineage_Withdrawn(t *testing.T) {
	root := t.TempDir()
	db := filepath.Join(root, "labels.db")
	s := labelled(t, db, 3)
	file := filepath.Join(root, "prefs.jsonl")
	ids := exportTo(t, s, db, file)
	first, second := filepath.Join(root, "a"), filepath.Join(root, "b")
	trained(t, first, file, ids)
	d := open(t, second)
	begin(t, d, run.Spec{Name: "ppo", Inputs: []string{filepath.Join(first, "reward", "last")}}, false)
	finish(t, d, "ppo", "q")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	said := func(path string, labels ...string) string {
		t.Helper()
		tree, err := run.Lineage(t.Context(), path, labels)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		var walk func(as []run.Ancestor, indent string)
		walk = func(as []run.Ancestor, indent string) {
			for _, a := range as {
				name := strings.TrimPrefix(strings.TrimPrefix(a.Name, root), "/")
				fmt.Fprintf(&b, "%s%s", indent, name)
				if a.Again {
					b.WriteString(" again")
				}
				if a.Learnt != nil {
					b.WriteString(": " + a.Learnt.String())
				}
				b.WriteString("\n")
				walk(a.From, indent+" ")
			}
		}
		walk(tree, "")
		return b.String()
	}
	const sound = "6 judgements, none withdrawn"
	want := "a ppo (done): " + sound + "\n a sft (done)\n a reward (done): " + sound + "\n  a sft (done) again\n  prefs.jsonl\n"
	if got := said(first); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	if _, err := s.Withdraw(t.Context(), "ann2", 0, "random clicks"); err != nil {
		t.Fatal(err)
	}
	stale := "stale: 3 of 6 judgements withdrawn (ann2, " + time.Now().UTC().Format(time.DateOnly) + ")"
	if got := said(first); got != strings.ReplaceAll(want, sound, stale) {
		t.Errorf("withdrawn: got\n%s", got)
	}
	want = "b ppo (done): " + stale + "\n a/reward/last/judgements.txt\n a/reward/last/model.safetensors: " + stale + "\n  a reward (done): " + stale + "\n   a sft (done)\n   prefs.jsonl\n a/reward/last/plumb.json\n"
	if got := said(second); got != want {
		t.Errorf("another run: got\n%swant\n%s", got, want)
	}

	moved := filepath.Join(root, "moved.db")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(db, moved); err != nil {
		t.Fatal(err)
	}
	if got := said(first); !strings.Contains(got, "6 judgements, none withdrawn; 6 are in no store that was found: name it by --labels") {
		t.Errorf("moved: got\n%s", got)
	}
	if got := said(first, moved); !strings.Contains(got, stale+"\n") {
		t.Errorf("named: got\n%s", got)
	}
	if _, err := run.Lineage(t.Context(), first, []string{db}); err == nil || !strings.Contains(err.Error(), "labels.db: not found") {
		t.Errorf("named, but gone: got %v", err)
	}
}

// A file that changed after its export leads nowhere: it is refused, not believed.
func TestBegin_ExportChanged(t *testing.T) {
	root := t.TempDir()
	db := filepath.Join(root, "labels.db")
	file := filepath.Join(root, "prefs.jsonl")
	exportTo(t, labelled(t, db, 1), db, file)
	d := open(t, filepath.Join(root, "a"))
	begin(t, d, run.Spec{Name: "reward", Inputs: []string{file}}, false)
	e := d.Manifest().Stages[0].Inputs[0].Export
	if e == nil || e.Store != db || e.Project != "p" || e.Format != labeling.FormatTRL || e.Head == "" {
		t.Errorf("got %+v, want what stands beside the file", e)
	}
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(run.Spec{Name: "again", Inputs: []string{file}}); err == nil || !strings.Contains(err.Error(), "prefs.jsonl: got SHA-256") || !strings.Contains(err.Error(), "changed after its export") {
		t.Errorf("got %v, want the change told", err)
	}
}
