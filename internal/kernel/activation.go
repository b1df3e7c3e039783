package kernel

// Gelu is out = x·Φ(x), Φ the normal distribution function, over len(out) values; or
// where exact is false its tanh form as GPT-2 has it,
//
//	x·σ(2u), u = √(2/π)·(x + 0.044715·x³)
//
// Hendrycks and Gimpel 2016, arXiv:1606.08415. out may alias x.
func (t *Team) Gelu(out, x []float32, exact bool) {
	need("gelu", "x", len(x), len(out))
	bd := active.Load()
	t.For(len(out), perWorker/2, func(lo, hi int) { bd.gelu(out[lo:hi], x[lo:hi], exact) })
}

// GeluGrad is dx = dout·gelu'(x); dx may alias dout.
func (t *Team) GeluGrad(dx, dout, x []float32, exact bool) {
	need("gelu grad", "dout", len(dout), len(dx))
	need("gelu grad", "x", len(x), len(dx))
	bd := active.Load()
	t.For(len(dx), perWorker/2, func(lo, hi int) { bd.geluGrad(dx[lo:hi], dout[lo:hi], x[lo:hi], exact) })
}

// SwiGLU is out = gate·σ(gate)·up; rows of gateUp are [gate: f | up: f], of out f.
// Shazeer 2020, arXiv:2002.05202.
func (t *Team) SwiGLU(out, gateUp []float32, rows, f int) {
	need("swiglu", "out", len(out), rows*f)
	need("swiglu", "gateUp", len(gateUp), 2*rows*f)
	bd := active.Load()
	t.rows(rows, 2*f, func(lo, hi int) { bd.swiglu(out[lo*f:hi*f], gateUp[2*lo*f:2*hi*f], hi-lo, f) })
}

// SwiGLUGrad overwrites dgateUp, laid out as gateUp.
func (t *Team) SwiGLUGrad(dgateUp, dout, gateUp []float32, rows, f int) {
	need("swiglu grad", "dgateUp", len(dgateUp), 2*rows*f)
	need("swiglu grad", "dout", len(dout), rows*f)
	need("swiglu grad", "gateUp", len(gateUp), 2*rows*f)
	bd := active.Load()
	t.rows(rows, 3*f, func(lo, hi int) {
		bd.swigluGrad(dgateUp[2*lo*f:2*hi*f], dout[lo*f:hi*f], gateUp[2*lo*f:2*hi*f], hi-lo, f)
	})
}
