package kernel

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// build is one implementation of the kernels: a function per idea, each on one
// thread over the rows it is given. Team's methods check, split and call these.
// This table is the one seam for other hardware.
type build struct {
	name   string
	mr, nr int // register tile of the product: rows and columns

	packA func(i0, i1, m, k int, a []float32, rs, cs int, pa []float32)
	packB func(j0, j1, n, k int, b []float32, rs, cs int, pb []float32)
	tiles func(g *tileJob, i0, i1, j0, j1 int, panel []float32)

	addBias func(y, bias []float32, rows, cols int)
	colSums func(dst, x []float32, rows, cols, ld int)
	add     func(out, x, y []float32)
	axpy    func(y []float32, a float32, x []float32)
	scale   func(x []float32, a float32)
	gather  func(out, x []float32, rows []int32, d int, accumulate bool)
	scatter func(dx, dout []float32, rows []int32, d, c0, c1 int)

	norm   func(out, x, gain, bias, mean, rstd []float32, rows, d int, eps float32)
	normDX func(dx, dout, x, gain, mean, rstd []float32, rows, d int)
	normDW func(dgain, dbias, dout, x, mean, rstd []float32, rows, d, c0, c1 int)

	rope       func(out, x []float32, pos []int32, rows int, s *ropeShape, cos, sin []float32)
	gelu       func(out, x []float32, exact bool)
	geluGrad   func(dx, dout, x []float32, exact bool)
	swiglu     func(out, gateUp []float32, rows, f int)
	swigluGrad func(dgateUp, dout, gateUp []float32, rows, f int)

	attend     func(s *attnSeq[float32], h0, h1 int, pack bool, i0, i1 int)
	attendGrad func(g *attnGrad[float32], h0, h1 int)

	logProb     func(logprob, entropy, lse, logits []float32, targets []int32, rows, v int, invTemp float32)
	logProbGrad func(logits []float32, targets []int32, lse, entropy, dlogprob, dentropy []float32, rows, v int, invTemp float32)
	argmax      func(out []int32, logits []float32, rows, v int)

	adamw  func(w, g, m, v []float32, h AdamW)
	sumSq  func(x []float32) float64
	hasNaN func(x []float32) bool

	bf16ToF32, f16ToF32 func(dst []float32, src []uint16)
	f32ToBF16, f32ToF16 func(dst []uint16, src []float32)

	fma func(rounds int) (flop float64) // as many independent multiply-adds as the machine takes
}

var (
	builds  = append(native(), goBuild()) // best first
	active  atomic.Pointer[build]
	initErr = start()
)

// start takes the best build, or the one that PLUMB_ISA names.
func start() error {
	active.Store(builds[0])
	if name := os.Getenv("PLUMB_ISA"); name != "" {
		if err := Use(name); err != nil {
			return fmt.Errorf("%w (from PLUMB_ISA; using %s)", err, builds[0].name)
		}
	}
	return nil
}

// Init tells whether PLUMB_ISA named a build that this machine cannot run. The best
// build is active then.
func Init() error { return initErr }

// ISAs names the builds this machine runs, best first: of "avx512", "avx2", "base"
// (SSE2) and "neon" those that apply, and always "go", the reference, last.
func ISAs() []string {
	names := make([]string, len(builds))
	for i, b := range builds {
		names[i] = b.name
	}
	return names
}

// Active names the build in use.
func Active() string { return active.Load().name }

// Use switches to a build of ISAs. Not while another goroutine computes: results of
// two builds differ in the last bits, and packed operands belong to one build.
func Use(name string) error {
	for _, b := range builds {
		if b.name == name {
			active.Store(b)
			return nil
		}
	}
	return fmt.Errorf("kernel: use: got %q, want one of %s", name, strings.Join(ISAs(), ", "))
}

// need panics when an argument is shorter than its shape says.
func need(op, arg string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("kernel: %s: got %d values of %s, want %d", op, got, arg, want))
	}
}

// perWorker is how many values make a range worth another worker: about 2 µs.
const perWorker = 8192

// rows splits rows of a width between workers.
func (t *Team) rows(rows, width int, f func(lo, hi int)) {
	t.For(rows, (perWorker+width-1)/max(1, width), f)
}
