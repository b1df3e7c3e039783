package kernel

import (
	"math"
	"testing"
)

// The gradients of the reference against central differences of its forward, in
// float64. The C builds are then compared with the reference.

// differs fails where grad is not the slope of loss along x.
func differs(t *testing.T, what string, x, grad []float64, loss func() float64) {
	t.Helper()
	const h = 1e-5
	for i := range x {
		was := x[i]
		x[i] = was + h
		up := loss()
		x[i] = was - h
		down := loss()
		x[i] = was
		if want := (up - down) / (2 * h); math.Abs(grad[i]-want) > 1e-7*(1+math.Abs(want)) {
			t.Fatalf("%s: value %d: got gradient %v, want %v by difference", what, i, grad[i], want)
		}
	}
}

func TestNormGradientByDifferences(t *testing.T) {
	const rows, d, eps = 3, 7, 1e-5
	for _, layer := range []bool{true, false} {
		x, gain, bias, dout := wide(normal(rows*d, 1)), wide(normal(d, 2)), wide(normal(d, 3)), wide(normal(rows*d, 4))
		out, rstd := make([]float64, rows*d), make([]float64, rows)
		var mean []float64
		if layer {
			mean = make([]float64, rows)
		} else {
			bias = nil
		}
		loss := func() float64 {
			refNorm(out, x, gain, bias, mean, rstd, rows, d, eps)
			return dot(out, dout)
		}
		loss()
		dx, dgain, dbias := make([]float64, rows*d), make([]float64, d), make([]float64, d)
		refNormDX(dx, dout, x, gain, mean, rstd, rows, d)
		refNormDW(dgain, dbias, dout, x, mean, rstd, rows, d, 0, d)
		differs(t, "x", x, dx, loss)
		differs(t, "gain", gain, dgain, loss)
		if layer {
			differs(t, "bias", bias, dbias, loss)
		}
	}
}

func TestActivationGradientByDifferences(t *testing.T) {
	const rows, f = 3, 5
	x, dout := wide(normal(2*rows*f, 1)), wide(normal(2*rows*f, 2))
	out, dx := make([]float64, 2*rows*f), make([]float64, 2*rows*f)
	for _, exact := range []bool{false, true} {
		refGeluGrad(dx, dout, x, exact)
		differs(t, name("gelu exact ", exact), x, dx, func() float64 {
			refGelu(out, x, exact)
			return dot(out, dout)
		})
	}
	refSwiGLUGrad(dx, dout[:rows*f], x, rows, f)
	differs(t, "swiglu", x, dx, func() float64 {
		refSwiGLU(out[:rows*f], x, rows, f)
		return dot(out[:rows*f], dout)
	})
}

func TestRopeGradientIsItsInverse(t *testing.T) {
	const rows, width, heads, headDim, dim = 3, 26, 2, 10, 6
	cos, sin := angles[float64](9, dim)
	pos := []int32{0, 8, 3}
	x, dout := wide(normal(rows*width, 1)), wide(normal(rows*width, 2))
	out, dx := make([]float64, rows*width), make([]float64, rows*width)
	for _, pairs := range []bool{false, true} {
		s := ropeShape{width, heads, headDim, dim, pairs, true}
		refRope(dx, dout, pos, rows, &s, cos, sin)
		s.inverse = false
		differs(t, name("interleaved ", pairs), x, dx, func() float64 {
			refRope(out, x, pos, rows, &s, cos, sin)
			return dot(out, dout)
		})
	}
}

// angles are cosines and sines of position/10000^(2i/dim), Su et al. 2021, arXiv:2104.09864.
func angles[T float](positions, dim int) (cos, sin []T) {
	for p := range positions {
		for i := range dim / 2 {
			a := float64(p) * math.Pow(10000, -2*float64(i)/float64(dim))
			cos, sin = append(cos, T(math.Cos(a))), append(sin, T(math.Sin(a)))
		}
	}
	return cos, sin
}

func TestVocabGradientByDifferences(t *testing.T) {
	const rows, v, invTemp = 2, 9, 1.25
	x, dl, dh := wide(normal(rows*v, 1)), wide(normal(rows, 2)), wide(normal(rows, 3))
	targets := []int32{4, 0}
	logprob, entropy, lse := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	grad := clone(x)
	forward := func(x []float64) float64 {
		refLogProb(logprob, entropy, lse, x, targets, rows, v, invTemp)
		return dot(logprob, dl) + dot(entropy, dh)
	}
	forward(grad)
	refLogProbGrad(grad, targets, lse, entropy, dl, dh, rows, v, invTemp)
	differs(t, "logits", x, grad, func() float64 { return forward(clone(x)) })
}

func TestAttentionGradientByDifferences(t *testing.T) {
	const rows = 6
	for _, a := range []Attn{{2, 2, 3, 0.6, 0}, {4, 2, 3, 0.6, 0}, {4, 1, 2, 0.7, 3}} {
		qkv, dout := wide(normal(rows*a.width(), 1)), wide(normal(rows*a.Heads*a.Head, 2))
		out, lse := make([]float64, rows*a.Heads*a.Head), make([]float64, rows*a.Heads)
		s := attnSeq[float64]{
			Attn: a, qkv: qkv, out: out, lse: lse, rows: rows,
			tiles: make([]float64, a.KV*a.tileSize()), tileStride: a.KV * a.tileSize(), headStride: a.tileSize(),
		}
		loss := func() float64 {
			refAttend(&s, 0, a.KV, true, 0, rows)
			return dot(out, dout)
		}
		loss()
		g := attnGrad[float64]{Attn: a, dqkv: make([]float64, len(qkv)), qkv: qkv, dout: dout, out: clone(out), lse: clone(lse), rows: rows}
		refAttendGrad(&g, 0, a.KV)
		differs(t, name(a), qkv, g.dqkv, loss)
	}
}

// The forward of the reference against the formula, written out for each row.
func TestReferenceAttentionIsTheFormula(t *testing.T) {
	const rows = 9
	for _, a := range []Attn{{2, 2, 5, 0.4, 0}, {6, 2, 4, 0.5, 4}} {
		qkv := wide(normal(rows*a.width(), 1))
		out, lse := make([]float64, rows*a.Heads*a.Head), make([]float64, rows*a.Heads)
		s := attnSeq[float64]{
			Attn: a, qkv: qkv, out: out, lse: lse, rows: rows,
			tiles: make([]float64, a.KV*a.tileSize()), tileStride: a.KV * a.tileSize(), headStride: a.tileSize(),
		}
		refAttend(&s, 0, a.KV, true, 0, rows)
		for i := range rows {
			for h := range a.Heads {
				want, wantLSE := formulaRow(qkv, i, h, a)
				for d, w := range want {
					if got := out[(i*a.Heads+h)*a.Head+d]; math.Abs(got-w) > 1e-6 { // Scale is a float32
						t.Fatalf("%v row %d head %d: got %v, want %v", a, i, h, got, w)
					}
				}
				if got := lse[i*a.Heads+h]; math.Abs(got-wantLSE) > 1e-6 {
					t.Fatalf("%v row %d head %d: got lse %v, want %v", a, i, h, got, wantLSE)
				}
			}
		}
	}
}

func formulaRow(qkv []float64, i, h int, a Attn) (out []float64, lse float64) {
	w, kv := a.width(), h/(a.Heads/a.KV)
	out = make([]float64, a.Head)
	var z float64
	for j := 0; j <= i; j++ {
		if a.Window > 0 && i-j >= a.Window {
			continue
		}
		q, k, v := qkv[i*w+h*a.Head:][:a.Head], qkv[j*w+(a.Heads+kv)*a.Head:], qkv[j*w+(a.Heads+a.KV+kv)*a.Head:]
		e := math.Exp(float64(a.Scale) * dot(q, k))
		z += e
		for d := range out {
			out[d] += e * v[d]
		}
	}
	for d := range out {
		out[d] /= z
	}
	return out, math.Log(z)
}
