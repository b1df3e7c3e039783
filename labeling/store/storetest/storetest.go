// Package storetest gives tests an empty place for a store: a file, or a schema of a
// PostgreSQL server that it starts for the test binary and that ends with it.
package storetest

import (
	"path/filepath"
	"testing"
)

// SQLite is the path of a file that is not there yet.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "labels.db")
}

// Engines runs a test once for each engine. where is where Create makes a store. Without
// PostgreSQL's programs its test is skipped by name.
func Engines(t *testing.T, test func(t *testing.T, where string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}
