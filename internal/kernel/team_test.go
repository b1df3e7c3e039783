package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestForCoversEachIndexOnce(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7} {
		team := NewTeam(size)
		for _, n := range []int{0, 1, 2, 3, 100, 4097} {
			for _, grain := range []int{0, 1, 5, 5000} {
				seen := make([]atomic.Int32, n)
				team.For(n, grain, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if got := seen[i].Load(); got != 1 {
						t.Fatalf("size %d, n %d, grain %d: index %d done %d times, want 1", size, n, grain, i, got)
					}
				}
			}
		}
		team.Close()
	}
}

func TestForKeepsTheGrain(t *testing.T) {
	team := NewTeam(3)
	defer team.Close()
	const n, grain = 1000, 64
	var small atomic.Int32
	team.For(n, grain, func(lo, hi int) {
		if hi-lo < grain && hi != n {
			small.Add(1)
		}
	})
	if small.Load() != 0 {
		t.Errorf("got %d ranges below the grain, want 0", small.Load())
	}
}

// Sleeping workers, nested calls and calls from many goroutines at once.
func TestForUnderContention(t *testing.T) {
	team := NewTeam(3)
	defer team.Close()
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				if i%50 == 0 {
					time.Sleep(time.Millisecond) // the workers fall asleep
				}
				team.For(10, 1, func(lo, hi int) {
					team.For(hi-lo, 1, func(lo, hi int) { total.Add(int64(hi - lo)) })
				})
			}
		})
	}
	wg.Wait()
	if got := total.Load(); got != 4*200*10 {
		t.Errorf("got %d, want %d", got, 4*200*10)
	}
}

func TestForCarriesAPanicToTheCaller(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	caught := func() (r any) {
		defer func() { r = recover() }()
		team.For(100, 1, func(lo, hi int) { panic("row 7") })
		return nil
	}()
	if caught != "row 7" {
		t.Fatalf("got %v, want the panic of the range", caught)
	}
	var n atomic.Int64
	team.For(100, 1, func(lo, hi int) { n.Add(int64(hi - lo)) })
	if n.Load() != 100 {
		t.Errorf("after a panic: got %d of 100 done", n.Load())
	}
}

func TestCloseEndsWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		team := NewTeam(4)
		team.For(100, 1, func(lo, hi int) {})
		team.Close()
		team.Close()
		done := 0
		team.For(10, 1, func(lo, hi int) { done += hi - lo }) // alone now: no race
		if done != 10 {
			t.Fatalf("after Close: got %d of 10 done", done)
		}
	}
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("got %d goroutines, want at most %d as before", runtime.NumGoroutine(), before)
}
