// Package shared is what tests and benchmarks of several packages share: Path and Cases
// find the reference data, Near and SameFiles compare with it. Nothing in the program
// depends on it.
package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path is the path of a file below the shared data folder; where it is absent the
// test is skipped by name. The folder is $PLUMB_SHARED, or ../shared/data beside
// the checkout.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("PLUMB_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
	}
	p := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("shared data absent: %s", filepath.Join(elem...))
	}
	return p
}
