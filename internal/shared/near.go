package shared

import (
	"fmt"
	"math"
	"testing"
)

// Near compares to 1e-9, relative or, below 1, absolute: float64 against float64.
func Near(t testing.TB, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))) {
		t.Errorf("%s: got %.12g, want %.12g", what, got, want)
	}
}

// NearAll compares as many values, each as Near does.
func NearAll(t testing.TB, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		Near(t, fmt.Sprintf("%s[%d]", what, i), got[i], want[i])
	}
}

// NearRows compares as many rows, each as NearAll does.
func NearRows(t testing.TB, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d rows, want %d", what, len(got), len(want))
	}
	for i := range want {
		NearAll(t, fmt.Sprintf("%s[%d]", what, i), got[i], want[i])
	}
}
