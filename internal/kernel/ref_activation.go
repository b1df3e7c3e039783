package kernel

import "math"

// tanhGelu gives σ(2u) and d(2u)/dx of the tanh form.
func tanhGelu(x float64) (s, du float64) {
	c := 2 * math.Sqrt(2/math.Pi)
	return 1 / (1 + math.Exp(-c*(x+0.044715*x*x*x))), c * (1 + 3*0.044715*x*x)
}

// normalCDF is Φ(x).
func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func refGelu[T float](out, x []T, exact bool) {
	for i := range out {
		v := float64(x[i])
		f, _ := tanhGelu(v)
		if exact {
			f = normalCDF(v)
		}
		out[i] = T(v * f)
	}
}

func refGeluGrad[T float](dx, dout, x []T, exact bool) {
	for i := range dx {
		v := float64(x[i])
		s, du := tanhGelu(v)
		d := s + v*s*(1-s)*du
		if exact {
			d = normalCDF(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
		}
		dx[i] = dout[i] * T(d)
	}
}

func refSwiGLU[T float](out, gateUp []T, rows, f int) {
	for r := range rows {
		gate, up := gateUp[2*r*f:], gateUp[(2*r+1)*f:]
		for i := range f {
			out[r*f+i] = gate[i] * sigmoid(gate[i]) * up[i]
		}
	}
}

func refSwiGLUGrad[T float](dgateUp, dout, gateUp []T, rows, f int) {
	for r := range rows {
		gate, up := gateUp[2*r*f:], gateUp[(2*r+1)*f:]
		dgate, dup := dgateUp[2*r*f:], dgateUp[(2*r+1)*f:]
		for i := range f {
			g, s, d := gate[i], sigmoid(gate[i]), dout[r*f+i]
			dgate[i] = d * up[i] * s * (1 + g*(1-s))
			dup[i] = d * g * s
		}
	}
}
