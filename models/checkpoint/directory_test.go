package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"plumbline/internal/shared"
)

// fullDisk is a Creator on which only room bytes fit.
func fullDisk(room *int) Creator {
	return func(path string) (WriteFile, error) {
		f, err := createFile(path)
		return &smallFile{f, room}, err
	}
}

type smallFile struct {
	WriteFile
	room *int
}

func (f *smallFile) Write(b []byte) (int, error) {
	if *f.room < len(b) {
		n := *f.room
		*f.room = 0
		if _, err := f.WriteFile.Write(b[:n]); err != nil {
			return 0, err
		}
		return n, syscall.ENOSPC
	}
	*f.room -= len(b)
	return f.WriteFile.Write(b)
}

// Wherever the disk fills up, what stood at the target stays, nothing else is left,
// and the error says what could not be written and where.
func TestDiskFull(t *testing.T) {
	m := load(t, shared.Path(t, "golden", "llama-sharded"))
	dir := t.TempDir()
	dst := filepath.Join(dir, "out")
	if err := os.Mkdir(dst, 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dst, "old"), []byte("old"))
	for room := 0; ; room += 4999 {
		left := room
		err := m.Save(dst, SaveOptions{MaxShard: 47000, Create: fullDisk(&left)})
		if err == nil {
			if room < 118144 {
				t.Errorf("saved %d bytes of weights in %d", 118144, room)
			}
			break
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dst+": write ") || !strings.Contains(err.Error(), "nothing was changed") {
			t.Fatalf("room for %d bytes: got %v, want ENOSPC with the place", room, err)
		}
		if old := readDir(t, dst, all); len(old) != 1 || string(old["old"]) != "old" {
			t.Fatalf("room for %d bytes: the target became %v", room, old)
		}
		onlyEntry(t, dir, "out")
	}
	onlyEntry(t, dir, "out")
	if _, err := os.Stat(filepath.Join(dst, "old")); !os.IsNotExist(err) {
		t.Errorf("the replaced directory kept its old file: %v", err)
	}
	equalWeights(t, load(t, dst), m)
}

func all(string) bool { return true }

func onlyEntry(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Fatalf("got %v, want only %s", entries, name)
	}
}

// A file that cannot be opened, synced or closed fails the save as well.
func TestDirectoryReportsEveryStage(t *testing.T) {
	broken := errors.New("broken")
	for name, create := range map[string]Creator{
		"open": func(string) (WriteFile, error) { return nil, broken },
		"sync": func(p string) (WriteFile, error) {
			f, err := createFile(p)
			return failing{f, broken, nil}, err
		},
		"close": func(p string) (WriteFile, error) {
			f, err := createFile(p)
			return failing{f, nil, broken}, err
		},
	} {
		parent := t.TempDir()
		d, err := Create(filepath.Join(parent, "out"), create)
		if err != nil {
			t.Fatal(err)
		}
		first := d.WriteFile("a", []byte("a"))
		if !errors.Is(first, broken) || !errors.Is(d.Commit(), broken) {
			t.Errorf("%s: got %v, want the file's error from WriteFile and from Commit", name, first)
		}
		if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
			t.Errorf("%s: left %v behind (%v)", name, entries, err)
		}
	}
}

type failing struct {
	WriteFile
	sync, close error
}

func (f failing) Sync() error  { return errors.Join(f.sync, f.WriteFile.Sync()) }
func (f failing) Close() error { return errors.Join(f.close, f.WriteFile.Close()) }

func TestDirectoryRefuses(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	writeFile(t, file, nil)
	if _, err := Create(file, nil); err == nil {
		t.Error("a file at the target: got no error")
	}
	for _, names := range [][]string{{"../a"}, {"b/c"}, {"."}, {"a", "a"}, {""}} {
		d, err := Create(filepath.Join(parent, "out"), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			err = d.WriteFile(n, nil)
		}
		if err == nil || d.Commit() == nil {
			t.Errorf("%q: got no error", names)
		}
	}
	onlyEntry(t, parent, "file")
}

func TestSwap(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, p := range []string{a, b} {
		if err := os.Mkdir(p, 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(p, filepath.Base(p)), nil)
	}
	if err := swap(a, b); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{a: "b", b: "a"} {
		onlyEntry(t, at, want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v (%v), want two directories", entries, err)
	}
}
