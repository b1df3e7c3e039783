package load

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Latency is how long something took, in milliseconds.
type Latency struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P90 float64 `json:"p90_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// times gathers durations from many goroutines.
type times struct {
	mu  sync.Mutex
	all []time.Duration
}

func (t *times) add(d time.Duration) {
	t.mu.Lock()
	t.all = append(t.all, d)
	t.mu.Unlock()
}

// latency takes the nearest rank: p99 is the least time that 99 % did not exceed.
func (t *times) latency() Latency {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.all)
	n := len(t.all)
	if n == 0 {
		return Latency{}
	}
	at := func(p float64) float64 {
		return float64(t.all[max(0, int(math.Ceil(p*float64(n)))-1)].Microseconds()) / 1000
	}
	return Latency{N: n, P50: at(.5), P90: at(.9), P99: at(.99), Max: at(1)}
}
