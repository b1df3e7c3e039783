package kernel

import (
	"fmt"
	"math"
	"testing"
)

// product64 is element (i,j) of A·B in float64, and Σ|a·b|, which scales its error.
func product64(A, B operand, i, j, k int) (sum, size float64) {
	for p := range k {
		v := float64(A.x[i*A.rs+p*A.cs]) * float64(B.x[p*B.rs+j*B.cs])
		sum += v
		size += math.Abs(v)
	}
	return sum, size
}

// layout is the row strides of dense operands, plus pad.
func layout(tr Trans, m, n, k, pad int) (lda, ldb int) {
	lda, ldb = k+pad, n+pad
	if tr == NT {
		ldb = k + pad
	}
	if tr == TN {
		lda = m + pad
	}
	return lda, ldb
}

// Odd and whole sizes around every tile (1..8 rows, 2..48 columns) and block (256, 1024, 1536).
var gemmShapes = [][3]int{
	{1, 1, 1},
	{1, 50, 7},
	{2, 3, 300},
	{3, 47, 64},
	{5, 48, 255},
	{7, 49, 256},
	{8, 96, 257},
	{9, 24, 16},
	{13, 50, 65},
	{31, 128, 128},
	{150, 97, 300},
	{37, 257, 1601},
	{1100, 33, 40},
	{1030, 145, 70},
	{64, 1000, 128},
}

func TestGemmAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, s := range gemmShapes {
			for _, tr := range []Trans{NT, NN, TN} {
				for _, accumulate := range []bool{false, true} {
					checkGemm(t, team, tr, s[0], s[1], s[2], accumulate)
				}
			}
		}
	})
}

func checkGemm(t *testing.T, team *Team, tr Trans, m, n, k int, accumulate bool) {
	t.Helper()
	const pad, ldc = 3, 5
	lda, ldb := layout(tr, m, n, k, pad)
	a, b, c := normal((m+k)*(lda+1), 1), normal((n+k)*(ldb+1), 2), normal(m*(n+ldc), 3)
	before := clone(c)
	A, B := operands(tr, m, n, k, a, lda, b, ldb)
	team.Gemm(tr, m, n, k, a, lda, b, ldb, c, n+ldc, accumulate)
	for i := range m {
		for j := range n + ldc {
			at := i*(n+ldc) + j
			if j >= n { // between rows: not ours
				if c[at] != before[at] {
					t.Fatalf("%v form %d: wrote beyond row %d", [3]int{m, n, k}, tr, i)
				}
				continue
			}
			if m*n*k > 1e6 && (i*7+j)%11 != 0 { // a sample of the large ones
				continue
			}
			want, size := product64(A, B, i, j, k)
			if accumulate {
				want += float64(before[at])
				size += math.Abs(float64(before[at]))
			}
			// a chain of k roundings of partial sums, at most size: k·eps·size bounds it
			if e := math.Abs(float64(c[at]) - want); !(e <= float64(k+1)*eps32*size) {
				t.Fatalf("%v form %d accumulate %v: (%d,%d): got %v, want %v", [3]int{m, n, k}, tr, accumulate, i, j, c[at], want)
			}
		}
	}
}

// The chain itself: one fused multiply-add after another, as math.FMA has it.
func TestGemmIsOneChainPerElement(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	const m, n, k = 11, 53, 1600
	a, b := normal(m*k, 1), normal(n*k, 2)
	onBuilds(t, func(t *testing.T) {
		fused := Active() != "go" && Active() != "base"
		c := make([]float32, m*n)
		team.Gemm(NT, m, n, k, a, k, b, k, c, n, false)
		for i := range m {
			for j := range n {
				var acc float32
				for p := range k {
					x, y := a[i*k+p], b[j*k+p]
					if fused {
						acc = fma32(x, y, acc)
					} else {
						acc = float32(x*y) + acc
					}
				}
				if acc != c[i*n+j] {
					t.Fatalf("(%d,%d): got %v, want %v", i, j, c[i*n+j], acc)
				}
			}
		}
	})
}

// fma32 is a·b+c rounded once to float32. The product is exact in float64; their sum is
// rounded to odd first, so that the second rounding sees which side it was on
// (Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819).
func fma32(a, b, c float32) float32 {
	p, d := float64(a)*float64(b), float64(c)
	s := p + d
	v := s - p
	err := (p - (s - v)) + (d - v)
	if err != 0 && math.Float64bits(s)&1 == 0 {
		toward := math.Inf(1)
		if err < 0 {
			toward = math.Inf(-1)
		}
		s = math.Nextafter(s, toward)
	}
	return float32(s)
}

func TestGemmRowsDoNotDependOnTheBatch(t *testing.T) {
	teams := []*Team{NewTeam(1), NewTeam(2), NewTeam(3)}
	onBuilds(t, func(t *testing.T) {
		for _, s := range [][3]int{{70, 130, 90}, {300, 200, 600}, {1100, 64, 64}, {40, 1000, 300}} {
			m, n, k := s[0], s[1], s[2]
			for _, tr := range []Trans{NT, NN, TN} {
				lda, ldb := layout(tr, m, n, k, 0)
				a, b := normal(m*k, 1), normal(n*k, 2)
				want := make([]float32, m*n)
				teams[0].Gemm(tr, m, n, k, a, lda, b, ldb, want, n, false)
				for _, team := range teams[1:] {
					got := make([]float32, m*n)
					team.Gemm(tr, m, n, k, a, lda, b, ldb, got, n, false)
					same(t, fmt.Sprint(s, tr, " team of ", team.Size()), got, want)
				}
				for _, i := range []int{0, 1, m / 2, m - 1} { // a row alone
					got := make([]float32, n)
					A, _ := operands(tr, m, n, k, a, lda, b, ldb)
					teams[1].Gemm(tr, 1, n, k, A.at(i, 0).x, lda, b, ldb, got, n, false)
					same(t, fmt.Sprint(s, tr, " row ", i), got, want[i*n:(i+1)*n])
				}
			}
		}
	})
	for _, team := range teams {
		team.Close()
	}
}

func TestGemmPackedHasTheBitsOfGemm(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		var p Packed
		for _, s := range [][2]int{{1, 1}, {50, 65}, {1000, 128}, {257, 1601}, {96, 3100}, {130, 256}} {
			n, k := s[0], s[1]
			w := normal(n*k, 1)
			team.Pack(w, n, k, &p)
			for _, m := range []int{1, 2, 3, 4, 5, 8, 9, 33, 1030} {
				a := normal(m*(k+2), 2)
				for _, accumulate := range []bool{false, true} {
					want, got := normal(m*(n+1), 3), normal(m*(n+1), 3)
					team.Gemm(NT, m, n, k, a, k+2, w, k, want, n+1, accumulate)
					team.GemmPacked(m, a, k+2, &p, got, n+1, accumulate)
					same(t, fmt.Sprint(s, " m ", m, " accumulate ", accumulate), got, want)
				}
			}
		}
	})
}

func TestGemmOfNothing(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	c := []float32{1, 2, 3, 4}
	team.Gemm(NT, 0, 2, 3, nil, 3, nil, 3, nil, 2, false)
	team.Gemm(NT, 2, 2, 0, nil, 0, nil, 0, c, 2, true)
	same(t, "k = 0, accumulating", c, []float32{1, 2, 3, 4})
	team.Gemm(NT, 2, 2, 0, nil, 0, nil, 0, c, 2, false)
	same(t, "k = 0", c, make([]float32, 4))
}

func TestShortOperandsAreNamed(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	defer func() {
		const want = "kernel: gemm: got 5 values of b, want 6"
		if got := recover(); got != want {
			t.Errorf("got %v, want %q", got, want)
		}
	}()
	team.Gemm(NT, 2, 2, 3, make([]float32, 6), 3, make([]float32, 5), 3, make([]float32, 4), 2, false)
}
