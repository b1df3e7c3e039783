package kernel

import "math"

// refAttend does the kv heads h0..h1 of one sequence: with pack it first puts the keys
// and values of its rows into tiles, then it computes rows i0..i1.
func refAttend[T float](s *attnSeq[T], h0, h1 int, pack bool, i0, i1 int) {
	for h := h0; h < h1 && s.rows > 0; h++ {
		tiles := s.tiles[h*s.headStride:]
		if pack {
			refPackKV(s, h, tiles)
		}
		for i := i0; i < i1; i++ {
			for g := range s.Heads / s.KV {
				refAttendRow(s, tiles, i, h*(s.Heads/s.KV)+g)
			}
		}
	}
}

func refPackKV[T float](s *attnSeq[T], h int, tiles []T) {
	for i := range s.rows {
		row := s.qkv[i*s.width():]
		k, v := row[(s.Heads+h)*s.Head:], row[(s.Heads+s.KV+h)*s.Head:]
		tile, j := tiles[(s.pos+i)/keyTile*s.tileStride:], (s.pos+i)%keyTile
		for d := range s.Head {
			tile[d*keyTile+j] = k[d]
		}
		copy(tile[keyTile*s.Head+j*s.padded():][:s.Head], v)
	}
}

// first is the first key that the token at pos sees.
func (a Attn) first(pos int) int {
	if a.Window == 0 {
		return 0
	}
	return max(0, pos-a.Window+1)
}

// refAttendRow does row i of query head h.
func refAttendRow[T float](s *attnSeq[T], tiles []T, i, h int) {
	q := s.qkv[i*s.width()+h*s.Head:][:s.Head]
	pos := s.pos + i
	lo := s.first(pos)
	x := make([]float64, pos+1)
	m := math.Inf(-1)
	for j := lo; j <= pos; j++ {
		tile := tiles[j/keyTile*s.tileStride+j%keyTile:]
		for d := range q {
			x[j] += float64(q[d]*T(s.Scale)) * float64(tile[d*keyTile])
		}
		m = max(m, x[j])
	}
	out := make([]float64, s.Head)
	var sum float64
	for j := lo; j <= pos; j++ {
		e := math.Exp(x[j] - m)
		sum += e
		v := tiles[j/keyTile*s.tileStride+keyTile*s.Head+j%keyTile*s.padded():]
		for d := range out {
			out[d] += e * float64(v[d])
		}
	}
	for d := range out {
		s.out[(i*s.Heads+h)*s.Head+d] = T(out[d] / sum)
	}
	if s.lse != nil {
		s.lse[i*s.Heads+h] = T(m + math.Log(sum))
	}
}

// refAttendGrad does kv heads h0..h1 of one sequence. With P the probabilities,
//
//	dv_j = Σ_i P_ij·do_i;  dS_ij = P_ij·(do_i·v_j - do_i·o_i)
//	dq_i = Scale·Σ_j dS_ij·k_j;  dk_j = Scale·Σ_i dS_ij·q_i
func refAttendGrad[T float](g *attnGrad[T], h0, h1 int) {
	w, group := g.width(), g.Heads/g.KV
	for h := h0; h < h1; h++ {
		k0, v0 := (g.Heads+h)*g.Head, (g.Heads+g.KV+h)*g.Head
		dk, dv := make([]float64, g.rows*g.Head), make([]float64, g.rows*g.Head)
		for i := range g.rows {
			for q := h * group; q < (h+1)*group; q++ {
				refAttendGradRow(g, i, q, k0, v0, dk, dv)
			}
		}
		for i := range g.rows {
			for d := range g.Head {
				g.dqkv[i*w+k0+d], g.dqkv[i*w+v0+d] = T(dk[i*g.Head+d]), T(dv[i*g.Head+d])
			}
		}
	}
}

func refAttendGradRow[T float](g *attnGrad[T], i, h, k0, v0 int, dk, dv []float64) {
	w, n := g.width(), g.Head
	q := g.qkv[i*w+h*n:][:n]
	out, dout := g.out[(i*g.Heads+h)*n:][:n], g.dout[(i*g.Heads+h)*n:][:n]
	dq := make([]float64, n)
	do := dot(dout, out)
	for j := g.first(i); j <= i; j++ {
		k, v := g.qkv[j*w+k0:][:n], g.qkv[j*w+v0:][:n]
		p := math.Exp(float64(g.Scale)*dot(q, k) - float64(g.lse[i*g.Heads+h]))
		ds := float64(g.Scale) * p * (dot(dout, v) - do)
		for d := range n {
			dv[j*n+d] += p * float64(dout[d])
			dk[j*n+d] += ds * float64(q[d])
			dq[d] += ds * float64(k[d])
		}
	}
	for d := range n {
		g.dqkv[i*w+h*n+d] = T(dq[d])
	}
}

func dot[T float](x, y []T) (s float64) {
	for i := range x {
		s += float64(x[i]) * float64(y[i])
	}
	return s
}
