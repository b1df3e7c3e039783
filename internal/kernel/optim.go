package kernel

// AdamW is one step of the optimiser as the kernel needs it.
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float32
	Rest1, Rest2                       float32 // 1-β; computed in float64: of a float32 .999 it would be 5e-5 off
	C1, C2                             float32 // 1/(1-βᵗ), computed by the caller in float64
	GradScale                          float32 // the gradient's factor: clipping and averaging
}

// AdamWStep updates w and the moments m, v by the gradient g, which it leaves alone:
//
//	g' = GradScale·g;  w -= LR·WeightDecay·w
//	m = β1·m + (1-β1)·g';  v = β2·v + (1-β2)·g'²;  w -= LR·(m·C1)/(√(v·C2) + Eps)
//
// Loshchilov and Hutter 2019, arXiv:1711.05101.
func (t *Team) AdamWStep(w, g, m, v []float32, h AdamW) {
	need("adamw", "g", len(g), len(w))
	need("adamw", "m", len(m), len(w))
	need("adamw", "v", len(v), len(w))
	bd := active.Load()
	t.For(len(w), perWorker, func(lo, hi int) { bd.adamw(w[lo:hi], g[lo:hi], m[lo:hi], v[lo:hi], h) })
}

// sumBlock is the length that SumSq sums at a time.
const sumBlock = 1 << 14

// SumSq is Σx² in float64: blocks of fixed length, added in order.
func (t *Team) SumSq(x []float32) float64 {
	bd := active.Load()
	sums := make([]float64, ceil(len(x), sumBlock))
	t.For(len(sums), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			sums[i] = bd.sumSq(x[i*sumBlock : min(len(x), (i+1)*sumBlock)])
		}
	})
	var total float64
	for _, s := range sums {
		total += s
	}
	return total
}

// HasNaN tells whether any value is NaN or infinite.
func (t *Team) HasNaN(x []float32) bool {
	bd := active.Load()
	found := make([]bool, ceil(len(x), sumBlock))
	t.For(len(found), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			found[i] = bd.hasNaN(x[i*sumBlock : min(len(x), (i+1)*sumBlock)])
		}
	})
	for _, f := range found {
		if f {
			return true
		}
	}
	return false
}
