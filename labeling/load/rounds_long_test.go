//go:build long

package load

import "time"

// How often a server is killed, and the power cut, and how long it is attacked.
const (
	kills     = 60
	powerCuts = 300
	attackFor = 30 * time.Second
)
