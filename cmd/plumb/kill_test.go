package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"plumbline/internal/run"
	"plumbline/internal/train"
)

// Runs are killed again and again and gone on with by the same command. What each ends
// in must equal, byte for byte, what an undisturbed run ends in.
func TestKill_Anywhere(t *testing.T) {
	crowded := []string{"--set", "sample.prompts=102", "--set", "sample.pairs=5"} // 510 items: more than one batch of an import
	adapters := []string{"--set", "sft.lora.rank=2", "--set", "reward.lora.rank=2", "--set", "ppo.lora.rank=2"}
	for _, tt := range []struct {
		name string
		sets []string
		try  func(t *testing.T, want reference, args []string, rng *rand.Rand) (kills int)
	}{
		{"after a time", crowded, killedByClock},
		{"after an event", nil, killedByEvent},
		{"after an event, with adapters", adapters, killedByEvent},
		{"while a file is written", crowded, killedByFile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := undisturbed(t, tt.sets...)
			kills := 0
			for round := uint64(0); kills < killsEach; round++ {
				dir := filepath.Join(t.TempDir(), "run")
				args := append([]string{"run", tiny, "--out", dir}, tt.sets...)
				n := tt.try(t, want, args, rand.New(rand.NewPCG(round, 0)))
				if code, stderr := exited(t, process(t, nil, args...)); code != 0 {
					t.Fatalf("round %d, after %d kills: got exit status %d:\n%s", round, n, code, stderr)
				}
				same(t, fmt.Sprintf("round %d, after %d kills", round, n), result(t, dir), want.files)
				if kills += n; t.Failed() {
					return
				}
			}
			t.Logf("%d kills", kills)
		})
	}
}

// killedByClock kills at random moments, until one comes too late.
func killedByClock(t *testing.T, want reference, args []string, rng *rand.Rand) (kills int) {
	most := float64(want.took) / 4
	for ; ; kills++ {
		w := watch(t, args...)
		end := time.AfterFunc(time.Duration(rng.Float64()*most), w.kill)
		signalled := w.killed(t)
		end.Stop()
		if !signalled {
			return kills
		}
	}
}

// killedByEvent kills soon after an event of each stage, in the order in which the run
// comes by them.
func killedByEvent(t *testing.T, want reference, args []string, rng *rand.Rand) (kills int) {
	events := want.events
	place := map[string]int{}
	var began []int
	for i, e := range events {
		place[key(e)] = i
		if e.Kind == train.StageBegan {
			began = append(began, i)
		}
	}
	for i, first := range began {
		end := append(began, len(events))[i+1]
		target := first + rng.IntN(end-first)
		w := watch(t, args...)
		for e := range w.events {
			if at, ok := place[key(e)]; ok && at >= target {
				time.Sleep(time.Duration(rng.Float64() * float64(5*time.Millisecond)))
				w.kill()
				break
			}
		}
		if w.killed(t) {
			kills++
		}
	}
	return kills
}

// key names an event that comes once in a run.
func key(e train.Event) string { return fmt.Sprint(e.Kind, e.Stage, e.Step) }

// killedByFile kills when a file or directory appears that is there only while
// something is written: checkpoints, links, exports, the manifest, the database's log.
func killedByFile(t *testing.T, _ reference, args []string, rng *rand.Rand) (kills int) {
	dir := args[slices.Index(args, "--out")+1]
	seen := watchDirs(t, dir, "base", "sft", "reward", "ppo")
	for _, pattern := range []string{
		".run.json.tmp", "base/.step-*.tmp", "base/.last.tmp", "base/.best.tmp", "sft/.step-*.tmp", ".metrics.jsonl.tmp",
		".candidates.jsonl.tmp", "labels.db-journal", "labels.db-wal", ".judgements.jsonl*", ".comparisons.jsonl.tmp",
		"reward/.step-*.tmp", ".reward.json.tmp", "ppo/.step-*.tmp", "ppo/.last.tmp", ".responses.jsonl.tmp", ".eval.json.tmp",
	} {
		forget(seen)
		w := watch(t, args...)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range w.events {
			}
		}()
		awaitFile(t, seen, filepath.Join(dir, pattern), ended)
		time.Sleep(time.Duration(rng.Float64() * float64(time.Millisecond)))
		w.kill()
		if w.killed(t) {
			kills++
			t.Logf("killed at %s", pattern)
		}
	}
	return kills
}

// watchDirs makes a directory and some below it and tells of what appears in them.
func watchDirs(t *testing.T, dir string, below ...string) *fsnotify.Watcher {
	t.Helper()
	w, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() }) //nolint:errcheck // nothing is written
	for _, d := range append([]string{""}, below...) {
		d = filepath.Join(dir, d)
		if err := errors.Join(os.MkdirAll(d, 0o755), w.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// forget drops what appeared so far.
func forget(seen *fsnotify.Watcher) {
	for len(seen.Events) > 0 {
		<-seen.Events
	}
}

// awaitFile waits until a path that matches appears, or ended is closed.
func awaitFile(t *testing.T, seen *fsnotify.Watcher, pattern string, ended <-chan struct{}) {
	t.Helper()
	for {
		select {
		case e := <-seen.Events:
			if ok, _ := filepath.Match(pattern, e.Name); ok && e.Has(fsnotify.Create) { // the patterns are well-formed
				return
			}
		case err := <-seen.Errors:
			t.Fatal(err)
		case <-ended:
			return
		}
	}
}

// Ctrl-C is answered in every stage: what was done is saved, the exit status is 130,
// and the command that the message gives ends in what an undisturbed run ends in.
func TestInterrupt_EveryStage(t *testing.T) {
	want := undisturbed(t)
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"run", tiny, "--out", dir}
	for _, stage := range run.Stages() {
		w := watch(t, args...)
		for e := range w.events {
			if e.Stage == stage && (e.Kind == train.StepDone || e.Kind == train.StageBegan && e.Steps == 0) {
				w.cmd.Process.Signal(os.Interrupt) //nolint:errcheck // seen by what follows
				break
			}
		}
		code, told := w.wait(t), w.stderr.String()
		if code != exitInterrupted || !strings.Contains(told, "Go on with: plumb run ") || !strings.Contains(told, "--resume") {
			t.Errorf("%s: got exit status %d, want 130 and how to go on:\n%s", stage, code, told)
		}
		m, err := run.ReadManifest(dir)
		if err != nil || m.Done(stage) {
			t.Errorf("%s: got %v, done %v, want it to be under way", stage, err, m.Done(stage))
		}
	}
	if code, stderr := exited(t, process(t, nil, append(args, "--resume")...)); code != 0 {
		t.Fatalf("resumed: got exit status %d:\n%s", code, stderr)
	}
	same(t, "interrupted in every stage", result(t, dir), want.files)
}

// Two processes never work in one run directory.
func TestRun_RefusesASecondProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"run", tiny, "--out", dir, "--set", "stages=[base]"}
	w := watch(t, args...)
	<-w.events
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := plumb(t, args...)
	if want := fmt.Sprintf("%s: in use by process %d", dir, w.cmd.Process.Pid); code != exitFailed || !strings.Contains(stderr, want) {
		t.Errorf("got exit status %d, %q, want 1, %q", code, stderr, want)
	}
	if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if w.killed(t) {
		t.Error("the first was killed")
	}
	const model = "base/step-000012/model.safetensors"
	if result(t, dir)[model] != undisturbed(t).files[model] {
		t.Error("the second changed what the first made")
	}
}
