package shared

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Files is every file below dir, which may be a link, by its path from there: what it
// holds, or where it points if it is a link.
func Files(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			all[name], err = os.Readlink(path)
			return err
		}
		b, err := os.ReadFile(path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// SameFiles compares two directories name by name and byte for byte, and returns how
// many files it compared.
func SameFiles(t testing.TB, got, want string) int {
	t.Helper()
	g, w := Files(t, got), Files(t, want)
	if names := slices.Sorted(maps.Keys(g)); !slices.Equal(names, slices.Sorted(maps.Keys(w))) {
		t.Errorf("%s: got files %v, want %v", got, names, slices.Sorted(maps.Keys(w)))
	}
	for name := range w {
		if g[name] != w[name] {
			t.Errorf("%s: got other bytes than in %s", filepath.Join(got, name), want)
		}
	}
	return len(w)
}
