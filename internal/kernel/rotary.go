package kernel

import "fmt"

// Rotary holds the angles of rotary positions: Cos and Sin are [maxpos, Dim/2]. Dim,
// even, is the rotated part of a head. Pairs are (i, i+Dim/2), or (2i, 2i+1) where Interleaved.
type Rotary struct {
	Cos, Sin    []float32
	Dim         int
	Interleaved bool
}

// ropeShape is what a build's rope needs beside the data.
type ropeShape struct {
	width, heads, headDim, dim int
	interleaved, inverse       bool
}

// Rope turns each pair (a, b) of the first heads·headDim values of a row by the angle
// of its position, and copies the rest of the row:
//
//	a' = a·cos - b·sin;  b' = b·cos + a·sin
//
// x and out are [rows,width] and may be the same; pos is [rows]. inverse turns back,
// which is also the gradient.
func (t *Team) Rope(out, x []float32, pos []int32, rows, width, heads, headDim int, r *Rotary, inverse bool) {
	need("rope", "out", len(out), rows*width)
	need("rope", "x", len(x), rows*width)
	need("rope", "pos", len(pos), rows)
	if r.Dim%2 != 0 || r.Dim > headDim || heads*headDim > width {
		panic(fmt.Sprintf("kernel: rope: got %d of %d heads of %d in a row of %d, want an even part within the head and heads within the row", r.Dim, heads, headDim, width))
	}
	if r.Dim == 0 {
		copy(out[:rows*width], x)
		return
	}
	need("rope", "sin", len(r.Sin), len(r.Cos))
	inRange("rope", pos[:rows], len(r.Cos)/(r.Dim/2))
	bd := active.Load()
	s := ropeShape{width, heads, headDim, r.Dim, r.Interleaved, inverse}
	t.rows(rows, width, func(lo, hi int) {
		bd.rope(out[lo*width:hi*width], x[lo*width:hi*width], pos[lo:hi], hi-lo, &s, r.Cos, r.Sin)
	})
}
