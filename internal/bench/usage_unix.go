//go:build linux || darwin

package bench

import (
	"runtime"
	"syscall"
	"time"
)

// usage is the most memory that this process has had, in bytes, and the processor time
// that it has taken.
func usage() (peakRSS float64, cpu time.Duration) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	peakRSS = float64(u.Maxrss)
	if runtime.GOOS != "darwin" { // there it is in bytes, elsewhere in KiB
		peakRSS *= 1024
	}
	return peakRSS, time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
