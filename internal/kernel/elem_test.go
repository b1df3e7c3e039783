package kernel

import (
	"fmt"
	"math"
	"testing"
)

// Lengths around every vector and the unrolled four of them.
var lengths = []int{1, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65, 100, 129, 300, 769}

func TestNormsAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	const rows, eps = 37, 1e-5
	onBuilds(t, func(t *testing.T) {
		for _, d := range lengths {
			for _, layer := range []bool{true, false} {
				checkNorm(t, team, rows, d, eps, layer)
			}
		}
	})
}

func checkNorm(t *testing.T, team *Team, rows, d int, eps float32, layer bool) {
	t.Helper()
	x, gain, bias, dout := normal(rows*d, 1), normal(d, 2), normal(d, 3), normal(rows*d, 4)
	for i := range x {
		x[i] = 3*x[i] + 2
	}
	out, dx, rstd := make([]float32, rows*d), make([]float32, rows*d), make([]float32, rows)
	dgain, dbias := normal(d, 5), normal(d, 6)
	out64, dx64, rstd64, dgain64, dbias64 := wide(out), wide(dx), wide(rstd), wide(dgain), wide(dbias)
	var mean64 []float64
	if layer {
		mean := make([]float32, rows)
		mean64 = make([]float64, rows)
		team.LayerNorm(out, x, gain, bias, mean, rstd, rows, d, eps)
		team.LayerNormGrad(dx, dgain, dbias, dout, x, gain, mean, rstd, rows, d)
		refNorm(out64, wide(x), wide(gain), wide(bias), mean64, rstd64, rows, d, float64(eps))
	} else {
		team.RMSNorm(out, x, gain, rstd, rows, d, eps)
		team.RMSNormGrad(dx, dgain, dout, x, gain, rstd, rows, d)
		refNorm(out64, wide(x), wide(gain), nil, nil, rstd64, rows, d, float64(eps))
		dbias64 = wide(dbias)
	}
	refNormDX(dx64, wide(dout), wide(x), wide(gain), mean64, rstd64, rows, d)
	if layer {
		refNormDW(dgain64, dbias64, wide(dout), wide(x), mean64, rstd64, rows, d, 0, d)
	} else {
		refNormDW(dgain64, nil, wide(dout), wide(x), nil, rstd64, rows, d, 0, d)
	}
	what := fmt.Sprint("d ", d, " layer ", layer)
	if d > 1 { // of one value, what is left is the rounding of a difference near 0
		near(t, what+" out", out, out64, 2e-6)
		near(t, what+" rstd", rstd, rstd64, 2e-6)
		near(t, what+" dx", dx, dx64, 2e-5)
		near(t, what+" dgain", dgain, dgain64, 1e-5)
	}
	near(t, what+" dbias", dbias, dbias64, 1e-5)
}

func TestNormOfFrozenGainsLeavesThemAlone(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		const rows, d = 5, 40
		x, gain, dout := normal(rows*d, 1), normal(d, 2), normal(rows*d, 3)
		out, mean, rstd := make([]float32, rows*d), make([]float32, rows), make([]float32, rows)
		team.LayerNorm(out, x, gain, nil, mean, rstd, rows, d, 1e-5)
		want, got, dbias := make([]float32, rows*d), make([]float32, rows*d), make([]float32, d)
		team.LayerNormGrad(want, make([]float32, d), dbias, dout, x, gain, mean, rstd, rows, d)
		team.LayerNormGrad(got, nil, nil, dout, x, gain, mean, rstd, rows, d)
		same(t, "dx", got, want)
		only := make([]float32, d)
		team.LayerNormGrad(got, nil, only, dout, x, gain, mean, rstd, rows, d)
		same(t, "dbias", only, dbias)
	})
}

func TestActivationsAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, n := range append(lengths, 20000) {
			x, dout := normal(n, 1), normal(n, 2)
			for i := range x {
				x[i] *= 3
			}
			out, out64 := make([]float32, n), make([]float64, n)
			for _, exact := range []bool{false, true} {
				team.Gelu(out, x, exact)
				refGelu(out64, wide(x), exact)
				near(t, name("gelu ", exact, n), out, out64, 4e-7)
				team.GeluGrad(out, dout, x, exact)
				refGeluGrad(out64, wide(dout), wide(x), exact)
				near(t, name("gelu grad ", exact, n), out, out64, 6e-7)
			}
		}
		for _, f := range lengths {
			const rows = 3
			x, dout := normal(2*rows*f, 1), normal(rows*f, 2)
			out, dx, out64, dx64 := make([]float32, rows*f), make([]float32, 2*rows*f), make([]float64, rows*f), make([]float64, 2*rows*f)
			team.SwiGLU(out, x, rows, f)
			refSwiGLU(out64, wide(x), rows, f)
			near(t, name("swiglu ", f), out, out64, 4e-7)
			team.SwiGLUGrad(dx, dout, x, rows, f)
			refSwiGLUGrad(dx64, wide(dout), wide(x), rows, f)
			near(t, name("swiglu grad ", f), dx, dx64, 6e-7)
		}
	})
}

// Far out the functions are x, or 0, and never NaN; NaN itself stays.
func TestActivationsAtTheEnds(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		x := []float32{-1e4, -50, 50, 1e4, 0, float32(math.NaN())}
		out, one := make([]float32, len(x)), fill(make([]float32, len(x)), 1)
		for _, exact := range []bool{false, true} {
			team.Gelu(out, x, exact)
			near(t, name("gelu ", exact), out[:5], []float64{0, 0, 50, 1e4, 0}, 1e-9)
			if out[5] == out[5] {
				t.Errorf("gelu of NaN: got %v, want NaN", out[5])
			}
			team.GeluGrad(out, one, x, exact)
			near(t, name("gelu grad ", exact), out[:5], []float64{0, 0, 1, 1, 0.5}, 1e-7)
		}
	})
}

func TestRopeAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, s := range []ropeShape{
			{40, 2, 16, 16, false, false},
			{40, 3, 10, 6, true, false},
			{300, 4, 64, 64, false, true},
			{130, 1, 128, 32, true, true},
			{9, 2, 4, 2, false, false},
			{8, 1, 8, 0, false, false},
		} {
			const rows = 29
			x, pos := normal(rows*s.width, 1), index(rows, 50, 2)
			cos, sin := angles[float32](50, s.dim)
			r := &Rotary{cos, sin, s.dim, s.interleaved}
			want := wide(x)
			refRope(want, wide(x), pos, rows, &s, wide(cos), wide(sin))
			out := make([]float32, len(x))
			team.Rope(out, x, pos, rows, s.width, s.heads, s.headDim, r, s.inverse)
			near(t, name(s), out, want, 2e-7)
			team.Rope(x, x, pos, rows, s.width, s.heads, s.headDim, r, s.inverse)
			same(t, name(s, " in place"), x, out)
		}
	})
}

// Sums, products and copies are exact or one rounding: all builds agree to the bit.
func TestRowsHaveTheBitsOfTheReference(t *testing.T) {
	team := NewTeam(3)
	defer team.Close()
	want := rowResults(t, team, "go")
	for _, isa := range ISAs() {
		got := rowResults(t, team, isa)
		for what := range want {
			same(t, isa+" "+what, got[what], want[what])
		}
	}
}

func rowResults(t *testing.T, team *Team, isa string) map[string][]float32 {
	t.Helper()
	was := Active()
	if err := Use(isa); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := Use(was); err != nil {
			t.Error(err)
		}
	}()
	r := map[string][]float32{}
	for _, d := range []int{1, 5, 33, 300} {
		const rows, n = 70, 23
		x, bias, table, ids := normal(rows*d, 1), normal(d, 2), normal(n*d, 3), index(rows, n, 4)
		save := func(op string, y []float32) { r[name(op, " ", d)] = clone(y) }
		y := clone(x)
		team.AddBias(y, bias, rows, d)
		save("add bias", y)
		sums := clone(bias)
		team.BiasGrad(sums, x, rows, d)
		save("bias grad", sums)
		team.Add(y, y, x)
		save("add", y)
		team.Axpy(y, 0.3, x)
		save("axpy", y)
		team.Scale(y, 1.7)
		save("scale", y)
		team.Embed(y, table, ids, d, false)
		save("embed", y)
		team.Embed(y, table, ids, d, true)
		save("embed more", y)
		grad := clone(table)
		team.EmbedGrad(grad, x, ids, d)
		save("embed grad", grad)
		out := make([]float32, rows*d)
		team.Gather(out, table, ids, d)
		save("gather", out)
		team.GatherGrad(table, x, ids, n, d)
		save("gather grad", table)
	}
	return r
}

// The reference of the rows, by hand.
func TestRowsByHand(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		y := []float32{1, 2, 3, 4}
		team.AddBias(y, []float32{10, 20}, 2, 2)
		same(t, "add bias", y, []float32{11, 22, 13, 24})
		sums := []float32{1, 1}
		team.BiasGrad(sums, y, 2, 2)
		same(t, "bias grad", sums, []float32{25, 47})
		team.Axpy(y, 2, []float32{1, 0, 1, 0})
		same(t, "axpy", y, []float32{13, 22, 15, 24})
		team.Embed(y, []float32{1, 2, 3, 4, 5, 6}, []int32{2, 0}, 2, true)
		same(t, "embed", y, []float32{18, 28, 16, 26})
		table := make([]float32, 6)
		team.EmbedGrad(table, []float32{1, 2, 3, 4, 5, 6}, []int32{2, 0, 2}, 2)
		same(t, "embed grad", table, []float32{3, 4, 0, 0, 6, 8})
		dx := []float32{9, 9, 9, 9, 9, 9}
		team.GatherGrad(dx, []float32{1, 2, 3, 4}, []int32{1, 1}, 3, 2)
		same(t, "gather grad", dx, []float32{0, 0, 4, 6, 0, 0})
	})
}

// Rows alone and together, on one worker and three.
func TestRowKernelsDoNotDependOnTheBatch(t *testing.T) {
	one, three := NewTeam(1), NewTeam(3)
	defer one.Close()
	defer three.Close()
	onBuilds(t, func(t *testing.T) {
		for _, d := range []int{5, 100, 1000} {
			const rows = 61
			x, gain, dout := normal(rows*d, 1), normal(d, 2), normal(rows*d, 3)
			type result struct{ out, dx, act []float32 }
			run := func(team *Team, lo, hi int) result {
				n := hi - lo
				r := result{make([]float32, n*d), make([]float32, n*d), make([]float32, n*d)}
				mean, rstd := make([]float32, n), make([]float32, n)
				team.LayerNorm(r.out, x[lo*d:hi*d], gain, gain, mean, rstd, n, d, 1e-5)
				team.LayerNormGrad(r.dx, nil, nil, dout[lo*d:hi*d], x[lo*d:hi*d], gain, mean, rstd, n, d)
				team.Gelu(r.act, x[lo*d:hi*d], true)
				return r
			}
			want, shared := run(one, 0, rows), run(three, 0, rows)
			same(t, name("team ", d), shared.out, want.out)
			same(t, name("team ", d), shared.dx, want.dx)
			same(t, name("team ", d), shared.act, want.act)
			for _, i := range []int{0, 1, 30, 60} {
				alone := run(three, i, i+1)
				same(t, name("row ", i), alone.out, want.out[i*d:(i+1)*d])
				same(t, name("row ", i), alone.dx, want.dx[i*d:(i+1)*d])
				same(t, name("row ", i), alone.act, want.act[i*d:(i+1)*d])
			}
		}
	})
}

// The exponential shows in SwiGLU at up = 1: g/(1 + e^-g), every value to 8 roundings
// (two units for e^-g, then a sum, a quotient and a product).
func TestExpIsAccurateEverywhere(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	const n = 1 << 16
	x := fill(make([]float32, 2*n), 1)
	for i := range n {
		x[i] = 170*float32(i)/n - 85
	}
	onBuilds(t, func(t *testing.T) {
		out := make([]float32, n)
		team.SwiGLU(out, x, 1, n)
		for i, got := range out {
			g := float64(x[i])
			if want := g / (1 + math.Exp(-g)); math.Abs(float64(got)-want) > 8*eps32*math.Abs(want) {
				t.Fatalf("%v: got %v, want %v", g, got, want)
			}
		}
	})
}
