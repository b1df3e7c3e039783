package kernel

// The reference tile is what fits the scalar registers.
const refMR, refNR = 4, 2

// refPackA packs rows i0..i1 of A, i0 a multiple of MR: blocks of KC in k, in each
// groups of MR rows as [KC][MR]; the last group is as high as rows remain.
func refPackA(i0, i1, m, k int, a []float32, rs, cs int, pa []float32) {
	for p0 := 0; p0 < k; p0 += blockKC {
		kc := min(blockKC, k-p0)
		for i := i0; i < i1; i += refMR {
			refPanel(pa[p0*m+i*kc:], a[i*rs+p0*cs:], rs, cs, min(refMR, m-i), kc)
		}
	}
}

// refPackB packs columns j0..j1 of B whole: panels [k][NR], the last as wide as
// columns remain.
func refPackB(j0, j1, n, k int, b []float32, rs, cs int, pb []float32) {
	for j := j0; j < j1; j += refNR {
		refPanel(pb[j*k:], b[j*cs:], cs, rs, min(refNR, n-j), k)
	}
}

// refPanel is d[p][i] = x[i*rs+p*cs] for i < w, p < k.
func refPanel(d, x []float32, rs, cs, w, k int) {
	for p := range k {
		for i := range w {
			d[p*w+i] = x[i*rs+p*cs]
		}
	}
}

// refTiles computes rows i0..i1 and columns j0..j1 of a block; panel is scratch for B
// where it is not packed.
func refTiles(g *tileJob, i0, i1, j0, j1 int, panel []float32) {
	for j := j0; j < j1; j += refNR {
		w := min(refNR, g.n-j)
		for p0 := 0; p0 < g.k; p0 += blockKC {
			kc := min(blockKC, g.k-p0)
			var b []float32
			if g.b != nil {
				refPanel(panel, g.b[p0*g.brs+j*g.bcs:], g.bcs, g.brs, w, kc)
				b = panel
			} else {
				b = g.pb[j*g.depth+(g.from+p0)*w:]
			}
			for i := i0; i < i1; i += refMR {
				h := min(refMR, g.m-i)
				refTile(h, w, kc, g.pa[p0*g.m+i*kc:], b, g.c[i*g.ldc+j:], g.ldc, g.accumulate || p0 > 0)
			}
		}
	}
}

func refTile(h, w, kc int, a, b, c []float32, ldc int, accumulate bool) {
	var t [refMR][refNR]float32
	for i := 0; accumulate && i < h; i++ {
		copy(t[i][:w], c[i*ldc:])
	}
	if h == refMR && w == refNR {
		refFullTile(&t, a[:kc*refMR], b[:kc*refNR])
	} else {
		for p := range kc {
			for i := range h {
				for j := range w {
					t[i][j] = mac(a[p*h+i], b[p*w+j], t[i][j])
				}
			}
		}
	}
	for i := range h {
		copy(c[i*ldc:i*ldc+w], t[i][:w])
	}
}

// refFullTile keeps the whole tile in registers.
func refFullTile(t *[refMR][refNR]float32, a, b []float32) {
	t00, t01, t10, t11 := t[0][0], t[0][1], t[1][0], t[1][1]
	t20, t21, t30, t31 := t[2][0], t[2][1], t[3][0], t[3][1]
	for len(a) >= refMR && len(b) >= refNR {
		b0, b1 := b[0], b[1]
		t00, t01 = mac(a[0], b0, t00), mac(a[0], b1, t01)
		t10, t11 = mac(a[1], b0, t10), mac(a[1], b1, t11)
		t20, t21 = mac(a[2], b0, t20), mac(a[2], b1, t21)
		t30, t31 = mac(a[3], b0, t30), mac(a[3], b1, t31)
		a, b = a[refMR:], b[refNR:]
	}
	*t = [refMR][refNR]float32{{t00, t01}, {t10, t11}, {t20, t21}, {t30, t31}}
}

// refFMA does 8 independent chains and returns the operations done.
func refFMA(rounds int) float64 {
	t := [refMR][refNR]float32{}
	a, b := make([]float32, 256*refMR), make([]float32, 256*refNR)
	for range ceil(rounds, 256) {
		refFullTile(&t, a, b)
	}
	return float64(ceil(rounds, 256)) * 256 * refMR * refNR * 2
}
