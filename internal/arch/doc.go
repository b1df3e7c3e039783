// Package arch holds the test that imports go one way only: arch_test.go is the
// architecture as a table. It exports nothing.
package arch
