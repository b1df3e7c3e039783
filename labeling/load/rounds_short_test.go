//go:build !long

package load

import "time"

// How often a server is killed, how long it is attacked, and how many texts of a megabyte
// it shows.
const (
	kills        = 6
	attackFor    = 3 * time.Second
	hostileLarge = 1
)
