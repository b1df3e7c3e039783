//go:build !unix

package storetest

import "testing"

// Postgres skips the test: the server is started on Unix alone.
func Postgres(tb testing.TB) string {
	tb.Helper()
	tb.Skip("PostgreSQL: started on Unix alone")
	return ""
}

// NewPostgres skips the test too.
func NewPostgres(tb testing.TB) string {
	tb.Helper()
	return Postgres(tb)
}
