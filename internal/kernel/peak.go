package kernel

import (
	"runtime"
	"sync"
	"time"
)

// PeakFMA measures the multiply-adds per second, in GFLOPS, that so many threads of
// the active build reach out of registers: the ceiling of every kernel. It takes
// about the given time and returns the best of its slices.
func PeakFMA(threads int, seconds float64) float64 {
	bd := active.Load()
	rounds := 1 << 14
	for timed(func() { bd.fma(rounds) }) < time.Millisecond {
		rounds *= 2
	}
	best := 0.0
	for start := time.Now(); time.Since(start).Seconds() < seconds || best == 0; {
		var flop float64
		took := timed(func() { flop = together(threads, func() float64 { return bd.fma(4 * rounds) }) })
		best = max(best, flop/took.Seconds()/1e9)
	}
	return best
}

// together sums f over threads of the system.
func together(threads int, f func() float64) float64 {
	sums := make([]float64, threads)
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			sums[i] = f()
		})
	}
	wg.Wait()
	var total float64
	for _, s := range sums {
		total += s
	}
	return total
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
