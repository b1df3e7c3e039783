//go:build long

package load

// How often a server is killed, and the power cut.
const (
	kills     = 60
	powerCuts = 300
)
