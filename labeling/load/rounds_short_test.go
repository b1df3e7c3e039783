//go:build !long

package load

// How often a server is killed, and how many texts of a megabyte it shows.
const (
	kills        = 6
	hostileLarge = 1
)
