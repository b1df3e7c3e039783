package run_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/internal/run"
	"plumbline/internal/train"
)

// put writes a file and the directories above it.
func put(t *testing.T, text string, elem ...string) string {
	t.Helper()
	path := filepath.Join(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *run.Dir {
	t.Helper()
	d, err := run.Open(path, 1, map[string]any{"seed": 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return d
}

func settings(lr float64) map[string]any {
	return map[string]any{"seed": uint64(1<<63 + 1), "sft": map[string]any{"lr": lr, "steps": 10}, "threads": 2}
}

// begin begins a stage and fails unless it is to be done (or done already).
func begin(t *testing.T, d *run.Dir, s run.Spec, wantDone bool) {
	t.Helper()
	done, err := d.Begin(s)
	if err != nil || done != wantDone {
		t.Fatalf("begin %s: got done %t, %v, want %t", s.Name, done, err, wantDone)
	}
}

// finish writes an output of a stage and finishes it.
func finish(t *testing.T, d *run.Dir, name, output string) {
	t.Helper()
	put(t, output, d.Path, name, "last", "model")
	if err := d.Finish(name); err != nil {
		t.Fatal(err)
	}
}

func TestStages_SkipResumeRefuse(t *testing.T) {
	tmp := t.TempDir()
	data := put(t, "text", tmp, "data.jsonl")
	path := filepath.Join(tmp, "runs", "a")
	sft := run.Spec{Name: "sft", Settings: settings(.1), Free: []string{"threads"}, Inputs: []string{data}}
	ppo := run.Spec{Name: "ppo", Settings: settings(.1), Parents: []string{"sft"}}

	d := open(t, path)
	if err := d.Plan("sft", "ppo"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(ppo); err == nil || !strings.Contains(err.Error(), "its parent sft is not done") {
		t.Errorf("parent pending: err = %v", err)
	}
	begin(t, d, sft, false)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	d = open(t, path) // after an interruption
	begin(t, d, sft, false)
	finish(t, d, "sft", "weights 1")
	begin(t, d, sft, true)
	begin(t, d, ppo, false)
	finish(t, d, "ppo", "weights 2")

	free := sft
	free.Settings = settings(.1)
	free.Settings["threads"] = 1
	begin(t, d, free, true)

	changed := sft
	changed.Settings = settings(.2)
	delete(changed.Settings, "seed")
	put(t, "other text", data)
	_, err := d.Begin(changed)
	var ce *run.ChangedError
	if !errors.As(err, &ce) {
		t.Fatalf("err = %v, want a *ChangedError", err)
	}
	want := []string{
		"seed: was 9223372036854775809, is not there", "sft.lr: was 0.1, is 0.2",
		"input " + data + ": was 982d9e3eb996, is ed886d735b3e",
	} // printf text | sha256sum
	for i := range max(len(want), len(ce.Changes)) {
		if i >= len(want) || i >= len(ce.Changes) || ce.Changes[i] != want[i] {
			t.Fatalf("changes: got %q\nwant %q", ce.Changes, want)
		}
	}

	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	before := d.Manifest().Config
	if d, err = run.Open(path, 99, map[string]any{"other": true}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(changed); !errors.As(err, &ce) {
		t.Errorf("err = %v, want a *ChangedError", err)
	}
	if m := d.Manifest(); m.Seed == 99 || len(m.Config) != len(before) {
		t.Errorf("a refused call left its seed %d and config %v", m.Seed, m.Config)
	}

	if err := d.Reset("sft"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.Stage("ppo")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the child of a reset stage is still there: %v", err)
	}
	begin(t, d, changed, false)
}

// Making a stage again removes all that it and its children wrote, and nothing else.
func TestReset_RemovesItsOwnOnly(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a"))
	begin(t, d, run.Spec{Name: "base"}, false)
	finish(t, d, "base", "weights 1")
	begin(t, d, run.Spec{Name: "sft", Parents: []string{"base"}}, false)
	finish(t, d, "sft", "weights 2")
	begin(t, d, run.Spec{Name: "label", Parents: []string{"sft"}, Output: "comparisons.jsonl", Files: []string{"labels.db"}}, false)
	for _, name := range []string{"comparisons.jsonl", "labels.db", "labels.db-wal"} {
		put(t, "x", d.Path, name)
	}
	if err := d.Finish("label"); err != nil {
		t.Fatal(err)
	}
	if err := d.Reset("label"); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"comparisons.jsonl", "labels.db", "labels.db-wal"} {
		if _, err := os.Stat(filepath.Join(d.Path, gone)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
	for _, aside := range []string{"labels-1.db", "labels-1.db-wal"} { // people may have judged
		if _, err := os.Stat(filepath.Join(d.Path, aside)); err != nil {
			t.Errorf("the judgements are not kept: %v", err)
		}
	}
	for _, kept := range []string{"base", "sft"} {
		if _, err := os.Stat(filepath.Join(d.Stage(kept), "last", "model")); err != nil {
			t.Errorf("the parent %s is gone: %v", kept, err)
		}
	}
}

// A parent that was made again with other content invalidates its child.
func TestStages_ParentChanged(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a"))
	sft, ppo := run.Spec{Name: "sft"}, run.Spec{Name: "ppo", Parents: []string{"sft"}}
	begin(t, d, sft, false)
	finish(t, d, "sft", "weights 1")
	begin(t, d, ppo, false)
	finish(t, d, "sft", "weights 2")
	if _, err := d.Begin(ppo); err == nil || !strings.Contains(err.Error(), "parent sft: was ") {
		t.Errorf("err = %v, want one about the parent", err)
	}
}

func TestOpen_OneProcess(t *testing.T) {
	path := t.TempDir()
	if run.InUse(path) {
		t.Error("in use before anybody opened it")
	}
	d := open(t, path)
	if !run.InUse(path) {
		t.Error("not in use")
	}
	_, err := run.Open(path, 1, nil)
	if err == nil || !strings.Contains(err.Error(), "in use by process ") {
		t.Errorf("second open: err = %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestOpen_ReadOnly(t *testing.T) {
	path := t.TempDir()
	if err := syscall.Mount("plumb", path, "tmpfs", syscall.MS_RDONLY, "size=64k"); err != nil {
		t.Skipf("mounting a read-only file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	})
	_, err := run.Open(path, 1, nil)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("err = %v, want one that names %s", err, path)
	}
}

func TestReadManifest_Faults(t *testing.T) {
	dir := t.TempDir()
	if _, err := run.ReadManifest(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no run.json: err = %v", err)
	}
	for text, want := range map[string]string{"{": "run.json: unexpected EOF", `{"format":2}`: "got format 2, want 1"} {
		put(t, text, dir, "run.json")
		if _, err := run.ReadManifest(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %s", text, err, want)
		}
	}
}

// The hash of a directory is what coreutils give:
// (cd DIR && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum) | sha256sum
func TestFinish_Hash(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a"))
	begin(t, d, run.Spec{Name: "sft"}, false)
	put(t, "one", d.Path, "sft", "step-000001", "b.txt")
	put(t, "two", d.Path, "sft", "step-000001", "a.txt")
	if err := os.Symlink("step-000001", filepath.Join(d.Path, "sft", "last")); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish("sft"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum | sha256sum`)
	cmd.Dir = filepath.Join(d.Path, "sft", "step-000001")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("coreutils: %v", err)
	}
	if got, want := d.Manifest().Stages[0].SHA256, strings.Fields(string(out))[0]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeal(t *testing.T) {
	tmp := t.TempDir()
	data := put(t, "text", tmp, "data.jsonl")
	d := open(t, filepath.Join(tmp, "a"))
	begin(t, d, run.Spec{Name: "sft", Settings: map[string]any{"lr": .1}, Inputs: []string{data}}, false)
	if err := d.Seal("sft", []string{"b", "a", "b"})(tmp, train.State{Step: 7, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	p, err := run.ReadProvenance(tmp)
	if err != nil {
		t.Fatal(err)
	}
	// printf 'a\nb' | sha256sum
	const ids = "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78"
	if sealed, err := run.ReadJudged(tmp); err != nil || strings.Join(sealed, " ") != "a b" {
		t.Errorf("got judgements %q, %v, want each once", sealed, err)
	}
	if p.Stage != "sft" || p.Step != 7 || p.Seed != 3 || p.Inputs[0].Name != "data.jsonl" || p.Judgements != ids {
		t.Errorf("got %+v", p)
	}
	if b, err := os.ReadFile(filepath.Join(tmp, "plumb.json")); err != nil || strings.Contains(string(b), tmp) {
		t.Errorf("plumb.json names the machine: %s, %v", b, err)
	}
}

func TestListAndLineage(t *testing.T) {
	root := t.TempDir()
	d := open(t, filepath.Join(root, "a"))
	model := put(t, "w", d.Path, "base", "last", "model.safetensors")
	begin(t, d, run.Spec{Name: "base"}, false)
	if err := d.Seal("base", nil)(filepath.Dir(model), train.State{Step: 40, Seed: 9}); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish("base"); err != nil {
		t.Fatal(err)
	}
	put(t, "not a run", root, "readme", "x")

	b := open(t, filepath.Join(root, "b"))
	begin(t, b, run.Spec{Name: "sft", Inputs: []string{model}}, false)
	finish(t, b, "sft", "v")
	begin(t, b, run.Spec{Name: "ppo", Parents: []string{"sft"}}, false)
	l, err := train.OpenLog(b.Path, "ppo", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Write(3, train.Metrics{"kl": 1.5}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}

	list, err := run.List(root)
	if err != nil || len(list) != 2 {
		t.Fatalf("got %v, %v, want two runs", list, err)
	}
	if list[0].State != "done" || list[1].State != "running" || list[1].Stage != "ppo" || list[1].Step != 3 || list[1].Metrics["kl"] != 1.5 {
		t.Errorf("got %+v", list)
	}
	if all, err := run.List(filepath.Join(root, "nowhere")); err != nil || all != nil {
		t.Errorf("no root: got %v, %v", all, err)
	}

	tree, err := run.Lineage(t.Context(), b.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for a := tree; len(a) > 0; a = a[0].From {
		names = append(names, a[0].Name)
	}
	want := []string{b.Path + " ppo (running)", b.Path + " sft (done)", model, d.Path + " base (done)"}
	if strings.Join(names, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", names, want)
	}
}
