package kernel

// LayerNorm normalises each row of x[rows,d]:
//
//	mean = Σx/d;  rstd = 1/√(Σ(x-mean)²/d + eps);  out = (x-mean)·rstd·gain + bias
//
// mean and rstd [rows] are kept for the gradient. bias may be nil; out may alias x.
func (t *Team) LayerNorm(out, x, gain, bias, mean, rstd []float32, rows, d int, eps float32) {
	need("layer norm", "mean", len(mean), rows)
	if bias != nil {
		need("layer norm", "bias", len(bias), d)
	}
	t.norm("layer norm", out, x, gain, bias, mean[:rows:rows], rstd, rows, d, eps)
}

// RMSNorm is out = x·rstd·gain with rstd = 1/√(Σx²/d + eps), kept in rstd [rows].
func (t *Team) RMSNorm(out, x, gain, rstd []float32, rows, d int, eps float32) {
	t.norm("rms norm", out, x, gain, nil, nil, rstd, rows, d, eps)
}

// norm is LayerNorm, or RMSNorm where mean is nil.
func (t *Team) norm(op string, out, x, gain, bias, mean, rstd []float32, rows, d int, eps float32) {
	need(op, "out", len(out), rows*d)
	need(op, "x", len(x), rows*d)
	need(op, "gain", len(gain), d)
	need(op, "rstd", len(rstd), rows)
	bd := active.Load()
	t.rows(rows, d, func(lo, hi int) {
		bd.norm(out[lo*d:hi*d], x[lo*d:hi*d], gain, bias, part(mean, lo, hi), rstd[lo:hi], hi-lo, d, eps)
	})
}

// LayerNormGrad overwrites dx and adds to dgain and dbias, each of which may be nil:
//
//	g = dout·gain;  x̂ = (x-mean)·rstd
//	dx = rstd·(g - Σg/d - x̂·Σ(g·x̂)/d);  dgain += Σ_rows dout·x̂;  dbias += Σ_rows dout
func (t *Team) LayerNormGrad(dx, dgain, dbias, dout, x, gain, mean, rstd []float32, rows, d int) {
	need("layer norm grad", "mean", len(mean), rows)
	t.normGrad("layer norm grad", dx, dgain, dbias, dout, x, gain, mean[:rows:rows], rstd, rows, d)
}

// RMSNormGrad is LayerNormGrad without mean and bias: dx = rstd·(g - x̂·Σ(g·x̂)/d).
func (t *Team) RMSNormGrad(dx, dgain, dout, x, gain, rstd []float32, rows, d int) {
	t.normGrad("rms norm grad", dx, dgain, nil, dout, x, gain, nil, rstd, rows, d)
}

func (t *Team) normGrad(op string, dx, dgain, dbias, dout, x, gain, mean, rstd []float32, rows, d int) {
	need(op, "dx", len(dx), rows*d)
	need(op, "dout", len(dout), rows*d)
	need(op, "x", len(x), rows*d)
	need(op, "gain", len(gain), d)
	need(op, "rstd", len(rstd), rows)
	bd := active.Load()
	if dgain != nil || dbias != nil { // before dx, which may alias dout
		t.columns(rows, d, func(lo, hi int) { bd.normDW(dgain, dbias, dout, x, mean, rstd, rows, d, lo, hi) })
	}
	t.rows(rows, d, func(lo, hi int) {
		bd.normDX(dx[lo*d:hi*d], dout[lo*d:hi*d], x[lo*d:hi*d], gain, part(mean, lo, hi), rstd[lo:hi], hi-lo, d)
	})
}

// part is x[lo:hi], or nil of nil.
func part(x []float32, lo, hi int) []float32 {
	if x == nil {
		return nil
	}
	return x[lo:hi]
}
