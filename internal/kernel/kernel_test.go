package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// onBuilds runs f under every build of the machine.
func onBuilds(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	was := Active()
	for _, name := range ISAs() {
		t.Run(name, func(t *testing.T) {
			if err := Use(name); err != nil {
				t.Fatal(err)
			}
			f(t)
		})
	}
	if err := Use(was); err != nil {
		t.Fatal(err)
	}
}

// normal draws n standard normal values.
func normal(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// index draws n values below limit.
func index(n, limit int, seed uint64) []int32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(r.IntN(limit))
	}
	return x
}

// wide is x in float64, for the references.
func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// near fails where got is off by more than tol times the size of the values.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	size := 0.0
	for _, w := range want {
		size = max(size, math.Abs(w))
	}
	for i, w := range want {
		if e := math.Abs(float64(got[i]) - w); !(e <= tol*(size+math.Abs(w))) {
			t.Fatalf("%s: value %d: got %v, want %v; off by %.2g, allowed %.2g", what, i, got[i], w, e, tol*(size+math.Abs(w)))
		}
	}
}

// same fails where two results differ in a bit.
func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d: got %v (%08x), want the bits of %v (%08x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// eps32 is half a unit in the last place of 1: what one rounding costs.
const eps32 = 1.0 / (1 << 24)

func fill(x []float32, v float32) []float32 {
	for i := range x {
		x[i] = v
	}
	return x
}

// clone keeps what an in-place kernel would overwrite.
func clone[T any](x []T) []T { return append([]T(nil), x...) }

func name(parts ...any) string { return fmt.Sprint(parts...) }
