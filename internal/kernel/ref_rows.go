package kernel

import "math"

func refAddBias[T float](y, bias []T, rows, cols int) {
	for r := range rows {
		refAdd(y[r*cols:(r+1)*cols], y[r*cols:], bias)
	}
}

func refColSums[T float](dst, x []T, rows, cols, ld int) {
	for r := range rows {
		refAdd(dst[:cols], dst, x[r*ld:])
	}
}

func refAdd[T float](out, x, y []T) {
	for i := range out {
		out[i] = x[i] + y[i]
	}
}

func refAxpy[T float](y []T, a T, x []T) {
	for i := range y {
		y[i] = mac(a, x[i], y[i])
	}
}

func refScale[T float](x []T, a T) {
	for i := range x {
		x[i] *= a
	}
}

func refGather[T float](out, x []T, rows []int32, d int, accumulate bool) {
	for i, r := range rows {
		o, src := out[i*d:(i+1)*d], x[int(r)*d:]
		if accumulate {
			refAdd(o, o, src)
		} else {
			copy(o, src)
		}
	}
}

// refScatter adds columns c0..c1 only.
func refScatter[T float](dx, dout []T, rows []int32, d, c0, c1 int) {
	for i, r := range rows {
		o := dx[int(r)*d+c0 : int(r)*d+c1]
		refAdd(o, o, dout[i*d+c0:])
	}
}

func refNorm[T float](out, x, gain, bias, mean, rstd []T, rows, d int, eps T) {
	for r := range rows {
		x, out := x[r*d:(r+1)*d], out[r*d:(r+1)*d]
		var mu, ss float64
		if mean != nil {
			for _, v := range x {
				mu += float64(v)
			}
			mu /= float64(d)
			mean[r] = T(mu)
		}
		for _, v := range x {
			ss += (float64(v) - mu) * (float64(v) - mu)
		}
		rs := 1 / math.Sqrt(ss/float64(d)+float64(eps))
		rstd[r] = T(rs)
		for i, v := range x {
			out[i] = T((float64(v) - mu) * rs * float64(gain[i]))
			if bias != nil {
				out[i] += bias[i]
			}
		}
	}
}

func refNormDX[T float](dx, dout, x, gain, mean, rstd []T, rows, d int) {
	for r := range rows {
		dx, dout, x := dx[r*d:(r+1)*d], dout[r*d:(r+1)*d], x[r*d:(r+1)*d]
		mu := valueOr0(mean, r)
		var sg, sgx float64
		for i := range x {
			g := float64(dout[i] * gain[i])
			sg += g
			sgx += g * float64((x[i]-mu)*rstd[r])
		}
		if mean == nil {
			sg = 0
		}
		for i := range x {
			xhat := (x[i] - mu) * rstd[r]
			dx[i] = rstd[r] * (dout[i]*gain[i] - T(sg/float64(d)) - xhat*T(sgx/float64(d)))
		}
	}
}

// refNormDW does columns c0..c1 only.
func refNormDW[T float](dgain, dbias, dout, x, mean, rstd []T, rows, d, c0, c1 int) {
	for r := range rows {
		mu := valueOr0(mean, r)
		for c := c0; c < c1; c++ {
			if dgain != nil {
				dgain[c] = mac(dout[r*d+c], (x[r*d+c]-mu)*rstd[r], dgain[c])
			}
			if dbias != nil {
				dbias[c] += dout[r*d+c]
			}
		}
	}
}

func valueOr0[T float](x []T, i int) T {
	if x == nil {
		return 0
	}
	return x[i]
}

func refRope[T float](out, x []T, pos []int32, rows int, s *ropeShape, cos, sin []T) {
	half := s.dim / 2
	for r := range rows {
		copy(out[r*s.width:(r+1)*s.width], x[r*s.width:])
		cos, sin := cos[int(pos[r])*half:], sin[int(pos[r])*half:]
		for h := range s.heads {
			head := out[r*s.width+h*s.headDim:]
			for i := range half {
				ia, ib := i, i+half
				if s.interleaved {
					ia, ib = 2*i, 2*i+1
				}
				a, b, sn := head[ia], head[ib], sin[i]
				if s.inverse {
					sn = -sn
				}
				head[ia], head[ib] = T(a*cos[i])-T(b*sn), T(b*cos[i])+T(a*sn)
			}
		}
	}
}
