package kernel

import (
	"math"
	"testing"
)

// Against the formula in float64, over three steps.
func TestAdamWAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, n := range append(lengths, 20001) {
			w, m, v := normal(n, 1), make([]float32, n), make([]float32, n)
			w64, m64, v64 := wide(w), wide(m), wide(v)
			for step := 1; step <= 3; step++ {
				g := normal(n, uint64(step+1))
				c1, c2 := 1/(1-math.Pow(0.9, float64(step))), 1/(1-math.Pow(0.999, float64(step)))
				team.AdamWStep(w, g, m, v, AdamW{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Rest1: 0.1, Rest2: 0.001, Eps: 1e-8, WeightDecay: 0.1, C1: float32(c1), C2: float32(c2), GradScale: 0.5})
				for i := range w64 {
					gi := 0.5 * float64(g[i])
					m64[i] = 0.9*m64[i] + 0.1*gi
					v64[i] = 0.999*v64[i] + 0.001*gi*gi
					w64[i] -= 1e-2 * 0.1 * w64[i]
					w64[i] -= 1e-2 * m64[i] * c1 / (math.Sqrt(v64[i]*c2) + 1e-8)
				}
			}
			near(t, name("w ", n), w, w64, 1e-6)
			near(t, name("m ", n), m, m64, 1e-6)
			near(t, name("v ", n), v, v64, 2e-5) // 1 - β2 in float32
		}
	})
}

func TestSumSqAndHasNaN(t *testing.T) {
	one, three := NewTeam(1), NewTeam(3)
	defer one.Close()
	defer three.Close()
	onBuilds(t, func(t *testing.T) {
		for _, n := range append(lengths, 0, 16384, 16385, 100003) {
			x := normal(n, 1)
			var want float64
			for _, v := range x {
				want += float64(v) * float64(v)
			}
			got := three.SumSq(x)
			if math.Abs(got-want) > 1e-12*want {
				t.Errorf("%d: got %v, want %v", n, got, want)
			}
			if alone := one.SumSq(x); alone != got {
				t.Errorf("%d: got %v on one worker, %v on three", n, alone, got)
			}
			if three.HasNaN(x) {
				t.Errorf("%d: got NaN in finite numbers", n)
			}
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				for _, at := range []int{0, n / 2, n - 1} {
					if n == 0 {
						continue
					}
					y := clone(x)
					y[at] = float32(bad)
					if !three.HasNaN(y) {
						t.Errorf("%d: missed %v at %d", n, bad, at)
					}
				}
			}
		}
	})
}

// All 2^16 halves against their definition, and back.
func TestF16AllValues(t *testing.T) {
	src, back := make([]uint16, 1<<16), make([]uint16, 1<<16)
	for i := range src {
		src[i] = uint16(i)
	}
	onBuilds(t, func(t *testing.T) {
		dst := make([]float32, len(src))
		F16ToF32(dst, src)
		F32ToF16(back, dst)
		for i, h := range src {
			e, f := int(h>>10&31), float64(h&0x3ff)
			want := math.Ldexp(f, -24)
			switch {
			case e == 31 && f == 0:
				want = math.Inf(1)
			case e == 31:
				if dst[i] == dst[i] || back[i]&0x7fff <= 0x7c00 {
					t.Fatalf("%04x: got %v and %04x back, want NaN", h, dst[i], back[i])
				}
				continue
			case e > 0:
				want = math.Ldexp(1024+f, e-25)
			}
			if h&0x8000 != 0 {
				want = -want
			}
			if float64(dst[i]) != want || back[i] != h {
				t.Fatalf("%04x: got %v and %04x back, want %v", h, dst[i], back[i], want)
			}
		}
	})
}

// Rounding of values between neighbours; IEEE 754-2019, sec. 4.3.1.
func TestF32ToHalvesRoundsToEven(t *testing.T) {
	cases := []struct {
		x         float32
		f16, bf16 uint16
	}{
		{1 + 0x1p-11, 0x3c00, 0x3f80},           // f16: tie, to even below
		{1 + 3*0x1p-11, 0x3c02, 0x3f80},         // f16: tie, to even above
		{1 + 0x1p-11 + 0x1p-20, 0x3c01, 0x3f80}, // above the tie
		{1 + 0x1p-8, 0x3c04, 0x3f80},            // bf16: tie, to even below
		{1 + 3*0x1p-8, 0x3c0c, 0x3f82},          // bf16: tie, to even above
		{65504, 0x7bff, 0x4780},
		{65519.996, 0x7bff, 0x4780},
		{65520, 0x7c00, 0x4780}, // first that rounds to infinity
		{-1e30, 0xfc00, 0xf14a},
		{3.4e38, 0x7c00, 0x7f80},
		{0x1p-24, 0x0001, 0x3380},
		{0x1p-25, 0x0000, 0x3300}, // tie with 0
		{0x1.8p-24, 0x0002, 0x33c0},
		{-0x1p-26, 0x8000, 0xb280},
		{0x1p-14, 0x0400, 0x3880},
		{0x1.ff8p-15, 0x03ff, 0x3880}, // the largest subnormal
		{0x1.ffcp-15, 0x0400, 0x3880}, // tie, to the normal above
		{float32(math.Inf(-1)), 0xfc00, 0xff80},
	}
	onBuilds(t, func(t *testing.T) {
		for _, c := range cases {
			x := fill(make([]float32, 33), c.x)
			h, b := make([]uint16, 33), make([]uint16, 33)
			F32ToF16(h, x)
			F32ToBF16(b, x)
			for i := range x {
				if h[i] != c.f16 || b[i] != c.bf16 {
					t.Fatalf("%v at %d: got f16 %04x, bf16 %04x; want %04x, %04x", c.x, i, h[i], b[i], c.f16, c.bf16)
				}
			}
		}
	})
}

func TestBF16AllValues(t *testing.T) {
	src, back := make([]uint16, 1<<16), make([]uint16, 1<<16)
	for i := range src {
		src[i] = uint16(i)
	}
	onBuilds(t, func(t *testing.T) {
		dst := make([]float32, len(src))
		BF16ToF32(dst, src)
		F32ToBF16(back, dst)
		for i, b := range src {
			if math.Float32bits(dst[i]) != uint32(b)<<16 {
				t.Fatalf("%04x: got %v", b, dst[i])
			}
			if back[i] != b && !(dst[i] != dst[i] && back[i] == b|0x40) {
				t.Fatalf("%04x: got %04x back", b, back[i])
			}
		}
	})
}

// The builds agree on casts to the bit, NaN payloads too.
func TestCastsAgree(t *testing.T) {
	x := make([]float32, 1<<16)
	for i := range x {
		x[i] = math.Float32frombits(uint32(i) * 65521)
	}
	wantH, wantB := make([]uint16, len(x)), make([]uint16, len(x))
	refF32ToF16(wantH, x)
	refF32ToBF16(wantB, x)
	onBuilds(t, func(t *testing.T) {
		h, b := make([]uint16, len(x)), make([]uint16, len(x))
		F32ToF16(h, x)
		F32ToBF16(b, x)
		for i := range x {
			if h[i] != wantH[i] || b[i] != wantB[i] {
				t.Fatalf("%08x: got %04x, %04x, want %04x, %04x", math.Float32bits(x[i]), h[i], b[i], wantH[i], wantB[i])
			}
		}
	})
}
