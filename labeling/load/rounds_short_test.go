//go:build !long

package load

// How often a server is killed, and the power cut.
const (
	kills     = 6
	powerCuts = 12
)
