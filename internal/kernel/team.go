package kernel

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Team shares ranges of work between goroutines. Workers spin for some 50 µs after
// a job, since the next one usually follows at once, and then sleep. A worker that
// wakes late finds the job closed and is not waited for. Methods may be called from
// several goroutines: while one call has the workers, the others run alone.
type Team struct {
	size   int
	busy   atomic.Bool   // a call has the workers
	gate   atomic.Uint64 // epoch<<16 | open bit | workers inside
	closed atomic.Bool
	job    job
	crew   []*worker
	pool   pool
}

// The gate: one word, so that entering a job and closing it cannot overlap.
const (
	gateOpen  = 1 << 15
	gateEpoch = 1 << 16
)

type worker struct {
	asleep atomic.Bool
	wake   chan struct{}
}

// job is the range being worked on; written only while the gate is shut and empty.
type job struct {
	f        func(lo, hi int)
	n, chunk int
	next     atomic.Int64
	fault    atomic.Pointer[any] // first panic, given on to the caller
}

// NewTeam starts a team of n, the caller included; n < 1 counts as 1.
func NewTeam(n int) *Team {
	t := &Team{size: max(1, n)}
	for range t.size - 1 {
		w := &worker{wake: make(chan struct{}, 1)}
		t.crew = append(t.crew, w)
		go t.work(w)
	}
	return t
}

// Size is the number of workers, the caller included.
func (t *Team) Size() int { return t.size }

// Close ends the workers. Later calls on the team run on the caller alone.
func (t *Team) Close() {
	if t.closed.Swap(true) {
		return
	}
	for t.gate.Load()&gateOpen != 0 {
		runtime.Gosched()
	}
	t.gate.Add(gateEpoch)
	t.rouse()
}

// For calls f on disjoint ranges that cover [0,n), each of at least grain where
// n allows it, in any order and at the same time. It returns when all are done.
func (t *Team) For(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	if t.size == 1 || n <= grain || t.closed.Load() || !t.busy.CompareAndSwap(false, true) {
		f(0, n)
		return
	}
	defer t.busy.Store(false)
	t.open(n, max(1, grain, (n+4*t.size-1)/(4*t.size)), f)
	t.job.drain()
	t.shut()
	if r := t.job.fault.Load(); r != nil {
		panic(*r)
	}
}

func (t *Team) open(n, chunk int, f func(lo, hi int)) {
	j := &t.job
	j.f, j.n, j.chunk = f, n, chunk
	j.next.Store(0)
	j.fault.Store(nil)
	t.gate.Add(gateEpoch | gateOpen)
	t.rouse()
}

func (t *Team) rouse() {
	for _, w := range t.crew {
		if w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

// shut lets no one else in and waits for those inside, each in its last range.
func (t *Team) shut() {
	t.gate.Add(^uint64(gateOpen - 1))
	for i := 0; t.gate.Load()&(gateOpen-1) != 0; i++ {
		if i&63 == 63 {
			runtime.Gosched()
		}
		if i > 1<<16 { // its thread lost the processor: leave ours to it
			time.Sleep(20 * time.Microsecond)
		}
	}
	t.job.f = nil
}

// drain takes ranges until none are left.
func (j *job) drain() {
	defer func() {
		if r := recover(); r != nil {
			j.fault.CompareAndSwap(nil, &r)
			j.next.Store(int64(j.n))
		}
	}()
	for {
		hi := int(j.next.Add(int64(j.chunk)))
		lo := hi - j.chunk
		if lo >= j.n {
			return
		}
		j.f(lo, min(hi, j.n))
	}
}

func (t *Team) work(w *worker) {
	for seen := uint64(0); ; {
		seen = t.await(w, seen)
		if t.closed.Load() {
			return
		}
		if t.enter(seen) {
			t.job.drain()
			t.gate.Add(^uint64(0))
		}
	}
}

// await returns the first epoch other than seen.
func (t *Team) await(w *worker, seen uint64) uint64 {
	for i := range 1 << 15 {
		if e := t.gate.Load() / gateEpoch; e != seen {
			return e
		}
		if i&63 == 63 {
			runtime.Gosched()
		}
	}
	w.asleep.Store(true)
	if t.gate.Load()/gateEpoch != seen && w.asleep.CompareAndSwap(true, false) {
		return t.gate.Load() / gateEpoch
	}
	<-w.wake
	return t.gate.Load() / gateEpoch
}

// enter joins the job of an epoch unless it is over.
func (t *Team) enter(epoch uint64) bool {
	for {
		g := t.gate.Load()
		if g&gateOpen == 0 || g/gateEpoch != epoch {
			return false
		}
		if t.gate.CompareAndSwap(g, g+1) {
			return true
		}
	}
}
