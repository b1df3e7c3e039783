//go:build !long

package powercut

// How often a database is made, how many crowds work on it one after the other, and how
// many power cuts each of them gets.
const (
	databases   = 1
	generations = 2
	cuts        = 14
)
