package kernel

import "fmt"

// Trans says which operand of a product is stored transposed.
type Trans int

// The three products of a linear layer: output, gradient of its input, gradient of
// its weight.
const (
	NT Trans = iota // C[m,n] (+)= A[m,k]·B[n,k]ᵀ
	NN              // C[m,n] (+)= A[m,k]·B[k,n]
	TN              // C[m,n] (+)= A[k,m]ᵀ·B[k,n]
)

// A packed block of A holds at most blockM×blockK floats (6 MB); panels are cut every
// blockKC in k, so that one of A stays in L1 and one of B in L2.
const (
	blockM  = 1024
	blockK  = 1536
	blockKC = 256
)

// smallWork is the number of multiply-adds below which workers cost more than they give.
const smallWork = 1 << 17

// operand is a matrix by strides: element (i,p) of A, or (p,j) of B, is x[i*rs+p*cs].
type operand struct {
	x      []float32
	rs, cs int
}

func (o operand) at(i, j int) operand { return operand{o.x[i*o.rs+j*o.cs:], o.rs, o.cs} }

// tileJob is one block of a product as a build's tiles sees it.
type tileJob struct {
	m, n, k    int       // of the block
	pa         []float32 // A, packed: [k/KC][m/MR][KC][MR]
	b          []float32 // B by strides, or nil:
	brs, bcs   int
	pb         []float32 // B packed whole: panel j/NR at (j/NR)·NR·depth, its rows from `from`
	depth      int
	from       int
	c          []float32
	ldc        int
	accumulate bool
}

// Gemm computes one of the products of Trans; lda, ldb, ldc are row strides. Every
// element is one chain over k ascending,
//
//	acc = C or 0;  acc = a_p·b_p + acc  for p = 0..k-1
//
// rounded once per step where the processor has a fused multiply-add. Blocks of k
// continue the chain from C, so results do not depend on m, n, blocks or workers.
func (t *Team) Gemm(tr Trans, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if m <= 0 || n <= 0 {
		return
	}
	A, B := operands(tr, m, n, k, a, lda, b, ldb)
	need("gemm", "c", len(c), (m-1)*ldc+n)
	if k <= 0 {
		clearUnless(accumulate, c, m, n, ldc)
		return
	}
	bd := active.Load()
	p := product{t: t, bd: bd, n: n, c: c, ldc: ldc}
	for i0, im := 0, even(m, blockM, bd.mr); i0 < m; i0 += im {
		for k0, km := 0, even(k, blockK, blockKC); k0 < k; k0 += km {
			p.block(A.at(i0, k0), B.at(k0, 0), i0, min(im, m-i0), min(km, k-k0), accumulate || k0 > 0)
		}
	}
}

func operands(tr Trans, m, n, k int, a []float32, lda int, b []float32, ldb int) (A, B operand) {
	am, ak, bn, bk := m, k, n, k // stored rows and columns
	A, B = operand{a, lda, 1}, operand{b, 1, ldb}
	switch tr {
	case NT:
	case NN:
		B, bn, bk = operand{b, ldb, 1}, k, n
	case TN:
		A, am, ak = operand{a, 1, lda}, k, m
		B, bn, bk = operand{b, ldb, 1}, k, n
	default:
		panic(fmt.Sprintf("kernel: gemm: got form %d, want NT, NN or TN", tr))
	}
	if k > 0 {
		need("gemm", "a", len(a), (am-1)*lda+ak)
		need("gemm", "b", len(b), (bn-1)*ldb+bk)
	}
	return A, B
}

func clearUnless(accumulate bool, c []float32, m, n, ldc int) {
	for i := 0; i < m && !accumulate; i++ {
		clear(c[i*ldc : i*ldc+n])
	}
}

// even splits n into equal steps of at most limit, rounded up to a multiple of q.
func even(n, limit, q int) int {
	parts := (n + limit - 1) / limit
	step := (n + parts - 1) / parts
	return (step + q - 1) / q * q
}

// product is a Gemm in progress.
type product struct {
	t   *Team
	bd  *build
	n   int
	c   []float32
	ldc int
}

// block does rows i0..i0+m of C for one block of k: the team packs A once, then each
// worker takes columns, packing a panel of B just before its use.
func (p *product) block(A, B operand, i0, m, k int, accumulate bool) {
	bd := p.bd
	pa := p.t.pool.take(m * k)
	defer p.t.pool.give(pa)
	g := tileJob{m: m, n: p.n, k: k, pa: pa, b: B.x, brs: B.rs, bcs: B.cs, c: p.c[i0*p.ldc:], ldc: p.ldc, accumulate: accumulate}
	groups, panels := ceil(m, bd.mr), ceil(p.n, bd.nr)
	packA := func(lo, hi int) { bd.packA(lo*bd.mr, min(m, hi*bd.mr), m, k, A.x, A.rs, A.cs, pa) }
	if m*p.n*k <= smallWork || p.t.size == 1 {
		packA(0, groups)
		p.columns(&g, 0, panels)
		return
	}
	if panels < 4*p.t.size && groups > 1 {
		p.grid(&g, B, packA)
		return
	}
	p.t.For(groups, ceil(perWorker, bd.mr*k), packA)
	p.t.For(panels, 1, func(lo, hi int) { p.columns(&g, lo, hi) })
}

// columns computes whole panels lo..hi of C.
func (p *product) columns(g *tileJob, lo, hi int) {
	panel := p.t.pool.take(blockKC * p.bd.nr)
	p.bd.tiles(g, 0, g.m, lo*p.bd.nr, min(g.n, hi*p.bd.nr), panel)
	p.t.pool.give(panel)
}

// grid is block where n is too narrow to share by columns: B is packed whole too and
// the workers share the cells of panels × groups of rows.
func (p *product) grid(g *tileJob, B operand, packA func(lo, hi int)) {
	bd := p.bd
	groups, panels := ceil(g.m, bd.mr), ceil(g.n, bd.nr)
	pb := p.t.pool.take(panels * bd.nr * g.k)
	defer p.t.pool.give(pb)
	p.t.For(panels, 1, func(lo, hi int) { bd.packB(lo*bd.nr, min(g.n, hi*bd.nr), g.n, g.k, B.x, B.rs, B.cs, pb) })
	p.t.For(groups, ceil(perWorker, bd.mr*g.k), packA)
	g.b, g.pb, g.depth = nil, pb, g.k
	p.t.cells(g, bd)
}

// cells shares the tiles of a product whose B is packed: by panels where there are
// many, else by panels and rows.
func (t *Team) cells(g *tileJob, bd *build) {
	groups, panels := ceil(g.m, bd.mr), ceil(g.n, bd.nr)
	if max(g.m, 4)*g.n*g.k <= smallWork || t.size == 1 { // one row goes at the pace of memory, not of multiply-adds
		bd.tiles(g, 0, g.m, 0, g.n, nil)
		return
	}
	parts := min(groups, max(1, 8*t.size/panels))
	t.For(panels*parts, 1, func(lo, hi int) {
		for cell := lo; cell < hi; cell++ {
			j, i := cell/parts*bd.nr, cell%parts
			bd.tiles(g, groups*i/parts*bd.mr, min(g.m, groups*(i+1)/parts*bd.mr), j, min(g.n, j+bd.nr), nil)
		}
	})
}

// Packed is B[n,k] of an NT product rearranged once for many products with few rows,
// as decoding does. It belongs to the build that packed it.
type Packed struct {
	bd   *build
	n, k int
	data []float32 // [n/NR][k][NR]; the last panel is narrower
}

// Pack fills p from w[n,k], using p's memory again where it is large enough.
func (t *Team) Pack(w []float32, n, k int, p *Packed) {
	need("pack", "w", len(w), n*k)
	bd := active.Load()
	size := ceil(n, bd.nr) * bd.nr * k
	if cap(p.data) < size {
		p.data = Alloc(size)
	}
	p.bd, p.n, p.k, p.data = bd, n, k, p.data[:size]
	t.For(ceil(n, bd.nr), ceil(perWorker, bd.nr*max(1, k)), func(lo, hi int) {
		bd.packB(lo*bd.nr, min(n, hi*bd.nr), n, k, w, 1, k, p.data)
	})
}

// GemmPacked is Gemm(NT, m, p.n, p.k, a, lda, w, ...) bit for bit, w being what Pack was given.
func (t *Team) GemmPacked(m int, a []float32, lda int, p *Packed, c []float32, ldc int, accumulate bool) {
	if m <= 0 || p.n == 0 {
		return
	}
	need("gemm packed", "c", len(c), (m-1)*ldc+p.n)
	if p.k == 0 {
		clearUnless(accumulate, c, m, p.n, ldc)
		return
	}
	need("gemm packed", "a", len(a), (m-1)*lda+p.k)
	A := operand{a, lda, 1}
	for i0, im := 0, even(m, blockM, p.bd.mr); i0 < m; i0 += im {
		for k0, km := 0, even(p.k, blockK, blockKC); k0 < p.k; k0 += km {
			t.packedBlock(A.at(i0, k0), p, k0, min(im, m-i0), min(km, p.k-k0), c[i0*ldc:], ldc, accumulate || k0 > 0)
		}
	}
}

func (t *Team) packedBlock(A operand, p *Packed, k0, m, k int, c []float32, ldc int, accumulate bool) {
	bd := p.bd
	pa := t.pool.take(m * k)
	defer t.pool.give(pa)
	t.For(ceil(m, bd.mr), ceil(perWorker, bd.mr*k), func(lo, hi int) {
		bd.packA(lo*bd.mr, min(m, hi*bd.mr), m, k, A.x, A.rs, A.cs, pa)
	})
	t.cells(&tileJob{m: m, n: p.n, k: k, pa: pa, pb: p.data, depth: p.k, from: k0, c: c, ldc: ldc, accumulate: accumulate}, bd)
}

func ceil(n, q int) int { return (n + q - 1) / q }
