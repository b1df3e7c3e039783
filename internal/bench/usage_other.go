//go:build !linux && !darwin

package bench

import "time"

func usage() (peakRSS float64, cpu time.Duration) { return 0, 0 }
