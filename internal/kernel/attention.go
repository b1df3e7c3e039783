package kernel

import "fmt"

// Attn is the shape of causal attention. KV heads are each shared by Heads/KV query
// heads in turn; Scale multiplies the scores, usually 1/√Head.
type Attn struct {
	Heads, KV, Head int
	Scale           float32
	Window          int // keys a token sees, itself included; 0 = all before it
}

// width is the length of a row [q: Heads·Head | k: KV·Head | v: KV·Head].
func (a Attn) width() int { return (a.Heads + 2*a.KV) * a.Head }

func (a Attn) check(op string) {
	if a.KV < 1 || a.Heads < 1 || a.Heads%a.KV != 0 || a.Head < 1 || a.Window < 0 {
		panic(fmt.Sprintf("kernel: %s: got %d heads, %d kv heads of size %d, window %d; want kv a divisor of heads, sizes ≥ 1, window ≥ 0", op, a.Heads, a.KV, a.Head, a.Window))
	}
}

// Keys come in tiles of keyTile from the start of the sequence. A tile of one kv head
// is Kᵀ [Head][keyTile], so that a lane is a key, then V [keyTile][padded head].
const keyTile = 64

// padded is the head size in whole vectors of any build.
func (a Attn) padded() int { return ceil(a.Head, 16) * 16 }

func (a Attn) tileSize() int { return keyTile * (a.Head + a.padded()) }

// attnSeq is the attention of new rows of one sequence. Attention and AttentionCached
// both end here, so a row comes out the same from either.
type attnSeq[T float] struct {
	Attn
	qkv                    []T // [rows, width]
	out                    []T // [rows, Heads·Head]
	lse                    []T // [rows, Heads] or nil
	tiles                  []T // keys and values from position 0
	tileStride, headStride int // from a tile to the next of its head; from head to head
	pos, rows              int // position of the first row; number of rows
	work                   []T // attnWork values
}

// attnGrad is the gradient of attnSeq for a sequence from position 0.
type attnGrad[T float] struct {
	Attn
	dqkv, qkv []T // [rows, width]
	dout, out []T // [rows, Heads·Head]
	lse       []T // [rows, Heads]
	rows      int
	work      []T // attnGradWork values
}

// Query rows are worked on queryTile at a time; keyGroup tiles of keys share one
// maximum and one rescaling.
const (
	queryTile = 64
	keyGroup  = 4
	scoreRow  = keyGroup*keyTile + 16 // row of scores: not a power of two, whose rows would share L1 sets
)

// attnWork is the scratch of attend.
func (a Attn) attnWork() int { return queryTile * (2*a.padded() + scoreRow) }

// attnGradWork is the scratch of attendGrad for sequences up to rows long.
func (a Attn) attnGradWork(rows int) int {
	stacked := ceil(rows*(a.Heads/a.KV), queryTile) * queryTile
	return stacked*(3*a.padded()+2) + keyTile*(2*a.Head+3*a.padded()) + 2*queryTile*keyTile
}

// Attention computes, for each sequence s and each of its rows i, over keys j ≤ i of
// the same sequence and within the window,
//
//	out_i = Σ_j p_ij·v_j;  p_ij = exp(x_ij - lse_i);  x_ij = Scale·q_i·k_j
//
// Rows offsets[s] to offsets[s+1] of qkv [N, (Heads+2·KV)·Head] are sequence s. out is
// [N, Heads·Head]; lse [N·Heads] is kept for the gradient. No T×T matrix is stored.
// Dao et al. 2022, arXiv:2205.14135.
func (t *Team) Attention(out, lse, qkv []float32, offsets []int32, a Attn) {
	n := a.checkRagged("attention", offsets)
	need("attention", "qkv", len(qkv), n*a.width())
	need("attention", "out", len(out), n*a.Heads*a.Head)
	need("attention", "lse", len(lse), n*a.Heads)
	items := (len(offsets) - 1) * a.KV
	seq := func(s int) *attnSeq[float32] {
		lo, hi := int(offsets[s]), int(offsets[s+1])
		return &attnSeq[float32]{
			Attn: a, qkv: qkv[lo*a.width() : hi*a.width()], out: out[lo*a.Heads*a.Head : hi*a.Heads*a.Head],
			lse: lse[lo*a.Heads : hi*a.Heads], tileStride: a.tileSize(), rows: hi - lo,
		}
	}
	if t.fewLong(items, n) {
		t.attendSplit(offsets, a, seq)
		return
	}
	bd := active.Load()
	keep := ceil(longest(offsets), keyTile) * a.tileSize()
	t.For(items, attnGrain(offsets, a), func(lo, hi int) {
		scratch := t.pool.take(keep + a.attnWork())
		defer t.pool.give(scratch)
		a.eachSeq(lo, hi, func(s, h0, h1 int) {
			q := seq(s)
			q.tiles, q.work = scratch[:keep], scratch[keep:]
			bd.attend(q, h0, h1, true, 0, q.rows)
		})
	})
}

// attendSplit is Attention for few long sequences.
func (t *Team) attendSplit(offsets []int32, a Attn, seq func(s int) *attnSeq[float32]) {
	for s := range len(offsets) - 1 {
		q := seq(s)
		q.headStride = ceil(q.rows, keyTile) * a.tileSize()
		q.tiles = t.pool.take(a.KV * q.headStride)
		t.attendShared(q)
		t.pool.give(q.tiles)
	}
}

// attendShared computes one sequence with all workers: the keys of each kv head are
// packed first, then blocks of query rows are shared.
func (t *Team) attendShared(q *attnSeq[float32]) {
	bd, a := active.Load(), q.Attn
	t.For(a.KV, 1, func(lo, hi int) { bd.attend(q, lo, hi, true, 0, 0) })
	blocks := ceil(q.rows, queryTile)
	t.For(a.KV*blocks, 1, func(lo, hi int) {
		w := *q
		w.work = t.pool.take(a.attnWork())
		for i := lo; i < hi; i++ {
			b := blocks - 1 - i/a.KV // those with the most keys first
			bd.attend(&w, i%a.KV, i%a.KV+1, false, b*queryTile, min(q.rows, (b+1)*queryTile))
		}
		t.pool.give(w.work)
	})
}

// fewLong tells whether workers should share sequences instead of dealing them out.
func (t *Team) fewLong(items, rows int) bool {
	return t.size > 1 && items < 2*t.size && rows > 4*queryTile
}

// AttentionGrad overwrites dqkv, laid out as qkv, from what Attention returned. The
// query heads that share a kv head add to its dk and dv in a fixed order.
func (t *Team) AttentionGrad(dqkv, dout, out, lse, qkv []float32, offsets []int32, a Attn) {
	n := a.checkRagged("attention grad", offsets)
	need("attention grad", "dqkv", len(dqkv), n*a.width())
	need("attention grad", "qkv", len(qkv), n*a.width())
	need("attention grad", "dout", len(dout), n*a.Heads*a.Head)
	need("attention grad", "out", len(out), n*a.Heads*a.Head)
	need("attention grad", "lse", len(lse), n*a.Heads)
	bd := active.Load()
	size := a.attnGradWork(longest(offsets))
	w, o := a.width(), a.Heads*a.Head
	t.For((len(offsets)-1)*a.KV, attnGrain(offsets, a), func(lo, hi int) {
		work := t.pool.take(size)
		defer t.pool.give(work)
		a.eachSeq(lo, hi, func(s, h0, h1 int) {
			i, j := int(offsets[s]), int(offsets[s+1])
			bd.attendGrad(&attnGrad[float32]{
				Attn: a, dqkv: dqkv[i*w : j*w], qkv: qkv[i*w : j*w], dout: dout[i*o : j*o], out: out[i*o : j*o],
				lse: lse[i*a.Heads : j*a.Heads], rows: j - i, work: work,
			}, h0, h1)
		})
	})
}

// eachSeq cuts the items lo..hi, numbered sequence·KV + head, at sequences.
func (a Attn) eachSeq(lo, hi int, f func(s, h0, h1 int)) {
	for lo < hi {
		s, h0 := lo/a.KV, lo%a.KV
		h1 := min(a.KV, h0+hi-lo)
		f(s, h0, h1)
		lo += h1 - h0
	}
}

// checkRagged returns the number of rows.
func (a Attn) checkRagged(op string, offsets []int32) int {
	a.check(op)
	if len(offsets) == 0 || offsets[0] != 0 {
		panic(fmt.Sprintf("kernel: %s: got offsets %v, want them to begin with 0", op, offsets[:min(1, len(offsets))]))
	}
	for s := 1; s < len(offsets); s++ {
		if offsets[s] < offsets[s-1] {
			panic(fmt.Sprintf("kernel: %s: got offset %d after %d, want them ascending", op, offsets[s], offsets[s-1]))
		}
	}
	return int(offsets[len(offsets)-1])
}

func longest(offsets []int32) int {
	m := 0
	for s := 1; s < len(offsets); s++ {
		m = max(m, int(offsets[s]-offsets[s-1]))
	}
	return m
}

// attnGrain is the least number of (sequence, kv head) pairs worth a worker.
func attnGrain(offsets []int32, a Attn) int {
	total := 1
	for s := 1; s < len(offsets); s++ {
		n := int(offsets[s] - offsets[s-1])
		total += n * (n + 16) * a.Heads * a.Head
	}
	return ceil((len(offsets)-1)*a.KV*smallWork, total)
}
