package kernel

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkKernels gives GFLOPS, best and mean, and the best as a share of the
// multiply-add peak measured so far, for each C build and case of Bench:
//
//	go test -run - -bench Kernels/avx512/gemm ./internal/kernel
func BenchmarkKernels(b *testing.B) {
	was := Active()
	threads := runtime.GOMAXPROCS(0)
	for _, isa := range ISAs() {
		if isa == "go" {
			continue
		}
		b.Run(isa, func(b *testing.B) {
			if err := Use(isa); err != nil {
				b.Fatal(err)
			}
			team := NewTeam(threads)
			defer team.Close()
			peak := 0.0
			for _, group := range benchGroups() {
				for _, c := range group() {
					peak = max(peak, PeakFMA(threads, 0.05))
					b.Run(c.name+" "+strings.ReplaceAll(c.shape, "/", ":"), func(b *testing.B) { c.bench(b, team, peak) })
				}
			}
		})
	}
	if err := Use(was); err != nil {
		b.Fatal(err)
	}
}

func (c benchCase) bench(b *testing.B, team *Team, peak float64) {
	c.run(team)
	best := time.Duration(1 << 62)
	for b.Loop() {
		best = min(best, timed(func() { c.run(team) }))
	}
	rate := c.flop / best.Seconds() / 1e9
	b.ReportMetric(c.flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
	b.ReportMetric(rate, "GFLOPS-best")
	b.ReportMetric(100*rate/peak, "%peak")
}

func TestBenchReportsWhatItMeasures(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	runs := 0
	r := benchCase{"gemm_nt", "tiny", 5e6, func(*Team) { runs++; time.Sleep(time.Millisecond) }}.measure(team)
	// 5 Mflop in a little over 1 ms
	if r.GFLOPS <= 0 || r.GFLOPS > 5 || r.Median > r.GFLOPS || runs < 6 {
		t.Errorf("got best %v, median %v after %d runs; want 0 < median ≤ best ≤ 5 after 6 or more", r.GFLOPS, r.Median, runs)
	}
	if r.Name != "gemm_nt" || r.Shape != "tiny" || r.ISA != Active() {
		t.Errorf("got %+v, want the case's name and shape and the active build", r)
	}
}

// Twice the rounds are twice the operations, and the peak is a rate.
func TestPeakIsOfTheBuild(t *testing.T) {
	onBuilds(t, func(t *testing.T) {
		bd := active.Load()
		if one, two := bd.fma(1<<10), bd.fma(1<<11); one <= 0 || two != 2*one {
			t.Errorf("got %v and %v operations for 1024 and 2048 rounds, want twice as many", one, two)
		}
		if got := PeakFMA(1, 0.001); !(got > 0) {
			t.Errorf("got a peak of %v, want more than 0", got)
		}
	})
}
