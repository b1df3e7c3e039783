package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/internal/run"
)

// disk is a file system of its own, of so many KiB, at a new directory. Its size can be
// changed. The test is skipped where that takes more rights than it has.
func disk(t *testing.T, kib int) (dir string, resize func(options string)) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Skipf("no file system of our own: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, func(options string) {
		t.Helper()
		flags := uintptr(syscall.MS_REMOUNT)
		if options == "ro" {
			flags, options = flags|syscall.MS_RDONLY, ""
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that is full in any stage says so, and loses nothing: with more room each time
// the run goes on from where it was and ends as an undisturbed one.
func TestDiskFull_EveryStage(t *testing.T) {
	at, resize := disk(t, 64)
	dir := filepath.Join(at, "run")
	for i, stage := range run.Stages() {
		args := []string{"run", tiny, "--out", dir, "--set", "stages=[" + strings.Join(run.Stages()[:i+1], ",") + "]"}
		full := 0
		for room := 4; ; room *= 3 {
			resize(fmt.Sprintf("size=%dk", used(t, at)+room))
			code, stderr := exited(t, process(t, nil, args...))
			if code == 0 {
				break
			}
			if code != exitFailed || !strings.Contains(stderr, "no space left on device") && !strings.Contains(stderr, "database or disk is full") {
				t.Fatalf("%s, %d KiB left: got exit status %d, want 1 and why:\n%s", stage, room, code, stderr)
			}
			if full++; room > 64<<10 {
				t.Fatalf("%s, %d KiB left: it still does not fit:\n%s", stage, room, stderr)
			}
		}
		if t.Logf("%s: full %d times", stage, full); full == 0 {
			t.Errorf("%s: the disk was never full", stage)
		}
	}
	resize("size=64m")
	same(t, "after full disks", result(t, dir), undisturbed(t).files)
}

// used is how many KiB of a file system are taken.
func used(t *testing.T, at string) int {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(at, &s); err != nil {
		t.Fatal(err)
	}
	return int((s.Blocks - s.Bfree) * uint64(s.Bsize) >> 10)
}

// A run directory that cannot be written is refused before anything is done.
func TestReadOnly(t *testing.T) {
	at, resize := disk(t, 4096)
	dir := filepath.Join(at, "run")
	done(t, "run", tiny, "--out", dir, "--set", "stages=[base]")
	before := result(t, dir)
	resize("ro")
	for _, out := range []string{dir, filepath.Join(at, "new")} {
		code, _, stderr := plumb(t, "run", tiny, "--out", out)
		if code != exitFailed || !strings.Contains(stderr, out) || !strings.Contains(stderr, "read-only file system") {
			t.Errorf("got exit status %d, want 1, the path and why:\n%s", code, stderr)
		}
	}
	same(t, "read-only", result(t, dir), before)
	if _, err := os.Stat(filepath.Join(at, "new")); err == nil {
		t.Error("it made a directory on a read-only disk")
	}
}
