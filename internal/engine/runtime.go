package engine

import (
	"runtime"

	"plumbline/internal/kernel"
)

// Runtime is what programs run on: a team of workers. Programs that share a Runtime
// must not run at the same time.
type Runtime struct {
	Team *kernel.Team
}

// NewRuntime starts a team of the given size; 0 takes every core. Results do not
// depend on the number of threads.
func NewRuntime(threads int) *Runtime {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Runtime{Team: kernel.NewTeam(threads)}
}

// Close stops the workers.
func (r *Runtime) Close() { r.Team.Close() }

// Bucket is the capacity to build a program with for n rows: the next of 16, 24,
// 32, 48, 64, 96, ... so that few programs serve all batch sizes.
func Bucket(n int) int {
	for c := 16; ; c *= 2 {
		if n <= c {
			return c
		}
		if n <= c+c/2 {
			return c + c/2
		}
	}
}
