package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/internal/durable"
	"plumbline/internal/shared"
)

func check(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := shared.Files(t, dir)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: got %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d files %v, want %d", len(got), got, len(want))
	}
}

func TestWriteFile_Replaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.json")
	for _, text := range []string{"one, which is longer", "two"} {
		if err := durable.WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		check(t, dir, map[string]string{"run.json": text})
	}
}

func TestWriteFile_NamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone", "run.json")
	if err := durable.WriteFile(path, nil); err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
		t.Errorf("err = %v, want one that names %s", err, path)
	}
}

func TestLink_Moves(t *testing.T) {
	dir := t.TempDir()
	// What a crash between symlink and rename leaves.
	if err := os.Symlink("nowhere", filepath.Join(dir, ".last.tmp")); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"step-000010", "step-000020"} {
		if err := durable.Link(target, filepath.Join(dir, "last")); err != nil {
			t.Fatal(err)
		}
		check(t, dir, map[string]string{"last": target})
	}
}

func TestWriteDir_ReplacesWhole(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) func(string) error {
		return func(d string) error { return os.WriteFile(filepath.Join(d, name), []byte(name), 0o600) }
	}
	for _, name := range []string{"a", "b"} {
		if err := durable.WriteDir(filepath.Join(dir, "step"), put(name)); err != nil {
			t.Fatal(err)
		}
		check(t, dir, map[string]string{"step/" + name: name})
	}
}

func TestWriteDir_FailureLeavesTheOld(t *testing.T) {
	dir := t.TempDir()
	step := filepath.Join(dir, "step")
	if err := os.Mkdir(step, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(step, "model"), []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := durable.WriteDir(step, func(d string) error {
		if err := os.WriteFile(filepath.Join(d, "model"), []byte("ha"), 0o600); err != nil {
			t.Fatal(err)
		}
		return syscall.ENOSPC
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("err = %v, want no space left on device", err)
	}
	check(t, dir, map[string]string{"step/model": "good"})
}

// A disk that is really full: a file system of 64 kB in memory.
func TestWriteFile_DiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("plumb", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "run.json")
	if err := durable.WriteFile(path, []byte("good")); err != nil {
		t.Fatal(err)
	}
	err := durable.WriteFile(path, make([]byte, 1<<20))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir) {
		t.Errorf("err = %v, want no space left on device, with the path", err)
	}
	check(t, dir, map[string]string{"run.json": "good"})
}
