//go:build !long

package load

import "time"

// How often a server is killed, and the power cut, and how long it is attacked.
const (
	kills     = 6
	powerCuts = 12
	attackFor = 4 * time.Second
)
