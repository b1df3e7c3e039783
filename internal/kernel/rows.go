package kernel

import "fmt"

// AddBias adds bias[cols] to every row of y[rows,cols].
func (t *Team) AddBias(y, bias []float32, rows, cols int) {
	need("add bias", "y", len(y), rows*cols)
	need("add bias", "bias", len(bias), cols)
	bd := active.Load()
	t.rows(rows, cols, func(lo, hi int) { bd.addBias(y[lo*cols:hi*cols], bias, hi-lo, cols) })
}

// BiasGrad adds the column sums of dy[rows,cols] to dbias[cols], rows ascending.
func (t *Team) BiasGrad(dbias, dy []float32, rows, cols int) {
	need("bias grad", "dbias", len(dbias), cols)
	need("bias grad", "dy", len(dy), rows*cols)
	bd := active.Load()
	t.columns(rows, cols, func(lo, hi int) { bd.colSums(dbias[lo:hi], dy[lo:], rows, hi-lo, cols) })
}

// columnStep is the least columns a worker takes of a sum over rows: whole cache lines.
const columnStep = 64

// columns splits cols between workers in steps of columnStep, each over all rows.
func (t *Team) columns(rows, cols int, f func(lo, hi int)) {
	if rows <= 0 {
		return
	}
	t.For(ceil(cols, columnStep), ceil(perWorker, rows*columnStep), func(lo, hi int) {
		f(lo*columnStep, min(cols, hi*columnStep))
	})
}

// Add is out = x + y, all of len(out); out may alias x or y.
func (t *Team) Add(out, x, y []float32) {
	need("add", "x", len(x), len(out))
	need("add", "y", len(y), len(out))
	bd := active.Load()
	t.For(len(out), perWorker, func(lo, hi int) { bd.add(out[lo:hi], x[lo:hi], y[lo:hi]) })
}

// Axpy is y += a·x over len(y) values.
func (t *Team) Axpy(y []float32, a float32, x []float32) {
	need("axpy", "x", len(x), len(y))
	bd := active.Load()
	t.For(len(y), perWorker, func(lo, hi int) { bd.axpy(y[lo:hi], a, x[lo:hi]) })
}

// Scale is x *= a.
func (t *Team) Scale(x []float32, a float32) {
	bd := active.Load()
	t.For(len(x), perWorker, func(lo, hi int) { bd.scale(x[lo:hi], a) })
}

// Embed writes, or adds, row ids[r] of table[·,d] to row r of out.
func (t *Team) Embed(out, table []float32, ids []int32, d int, accumulate bool) {
	t.gather("embed", out, table, ids, d, accumulate)
}

// EmbedGrad adds row r of dout to row ids[r] of dtable[·,d], r ascending.
func (t *Team) EmbedGrad(dtable, dout []float32, ids []int32, d int) {
	t.scatter("embed grad", dtable, dout, ids, d)
}

// Gather is out[i] = x[rows[i]] for rows of d values.
func (t *Team) Gather(out, x []float32, rows []int32, d int) {
	t.gather("gather", out, x, rows, d, false)
}

// GatherGrad zeroes dx[nx,d] and adds dout[i] to dx[rows[i]], i ascending.
func (t *Team) GatherGrad(dx, dout []float32, rows []int32, nx, d int) {
	need("gather grad", "dx", len(dx), nx*d)
	t.For(nx*d, perWorker, func(lo, hi int) { clear(dx[lo:hi]) })
	t.scatter("gather grad", dx[:nx*d], dout, rows, d)
}

func (t *Team) gather(op string, out, x []float32, rows []int32, d int, accumulate bool) {
	need(op, "out", len(out), len(rows)*d)
	inRange(op, rows, len(x)/max(1, d))
	bd := active.Load()
	t.rows(len(rows), d, func(lo, hi int) { bd.gather(out[lo*d:hi*d], x, rows[lo:hi], d, accumulate) })
}

func (t *Team) scatter(op string, dx, dout []float32, rows []int32, d int) {
	need(op, "dout", len(dout), len(rows)*d)
	inRange(op, rows, len(dx)/max(1, d))
	bd := active.Load()
	t.columns(len(rows), d, func(lo, hi int) { bd.scatter(dx, dout, rows, d, lo, hi) })
}

func inRange(op string, ids []int32, n int) {
	for i, id := range ids {
		if id < 0 || int(id) >= n {
			panic(fmt.Sprintf("kernel: %s: got index %d at %d, want 0..%d", op, id, i, n-1))
		}
	}
}
