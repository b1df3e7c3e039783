package kernel

import (
	"runtime"
	"testing"
)

// BenchmarkAll gives, for each C build, GFLOPS and the share of the measured peak:
//
//	go test -run - -bench All -benchtime 1x ./internal/kernel
func BenchmarkAll(b *testing.B) {
	was := Active()
	for _, isa := range ISAs() {
		if isa == "go" {
			continue
		}
		b.Run(isa, func(b *testing.B) {
			if err := Use(isa); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for _, r := range Bench(runtime.GOMAXPROCS(0)) {
					b.Logf("%-14s %-40s %7.1f GFLOPS %3.0f %% (median %7.1f, %3.0f %%)", r.Name, r.Shape, r.GFLOPS, 100*r.Share, r.Median, 100*r.Usual)
				}
			}
		})
	}
	if err := Use(was); err != nil {
		b.Fatal(err)
	}
}
