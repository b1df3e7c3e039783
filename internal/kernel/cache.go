package kernel

import (
	"fmt"
	"slices"
)

// Cache holds the keys and values of one sequence in one layer, laid out as attention
// reads them: [tile][kv head][Kᵀ | V].
type Cache struct {
	a     Attn
	n     int
	tiles []float32
}

// NewCache makes an empty cache with room for capacity tokens; it grows as needed.
func NewCache(a Attn, capacity int) *Cache {
	a.check("cache")
	c := &Cache{a: a}
	c.reserve(capacity)
	return c
}

// Len is the number of tokens held.
func (c *Cache) Len() int { return c.n }

// Truncate keeps the first n tokens, n in [0, Len()].
func (c *Cache) Truncate(n int) {
	if n < 0 || n > c.n {
		panic(fmt.Sprintf("kernel: cache: truncate: got %d, want 0..%d", n, c.n))
	}
	c.n = n
}

// Clone is a copy that grows apart, as samples of one prompt do.
func (c *Cache) Clone() *Cache {
	return &Cache{a: c.a, n: c.n, tiles: slices.Clone(c.tiles)}
}

// Bytes is the memory held.
func (c *Cache) Bytes() int { return 4 * cap(c.tiles) }

// stride is the size of one tile of all kv heads.
func (c *Cache) stride() int { return c.a.KV * c.a.tileSize() }

// reserve makes room for n tokens in all, doubling.
func (c *Cache) reserve(n int) {
	size := ceil(n, keyTile) * c.stride()
	if size <= len(c.tiles) {
		return
	}
	grown := Alloc(max(size, min(2*len(c.tiles), len(c.tiles)+64*c.stride())))
	copy(grown, c.tiles)
	c.tiles = grown
}

// AttentionCached is Attention where sequence s continues after caches[s]: rows
// offsets[s] to offsets[s+1] of qkv are its next tokens. They see what is cached and,
// causally, each other; their keys and values are appended. out has the bits that
// Attention gives the same rows of the whole sequence.
func (t *Team) AttentionCached(out, qkv []float32, offsets []int32, caches []*Cache, a Attn) {
	n := a.checkRagged("attention cached", offsets)
	need("attention cached", "qkv", len(qkv), n*a.width())
	need("attention cached", "out", len(out), n*a.Heads*a.Head)
	need("attention cached", "caches", len(caches), len(offsets)-1)
	work := 1
	for s := range len(offsets) - 1 {
		c, rows := caches[s], int(offsets[s+1]-offsets[s])
		if c.a != a {
			panic(fmt.Sprintf("kernel: attention cached: got shape %+v, want that of cache %d, %+v", a, s, c.a))
		}
		c.reserve(c.n + rows)
		work += rows * (c.n + rows + 16) * a.Heads * a.Head
	}
	seq := func(s int) *attnSeq[float32] {
		i, j, c := int(offsets[s]), int(offsets[s+1]), caches[s]
		return &attnSeq[float32]{
			Attn: a, qkv: qkv[i*a.width() : j*a.width()], out: out[i*a.Heads*a.Head : j*a.Heads*a.Head],
			tiles: c.tiles, tileStride: c.stride(), headStride: a.tileSize(), pos: c.n, rows: j - i,
		}
	}
	items := (len(offsets) - 1) * a.KV
	if t.fewLong(items, n) {
		for s := range len(offsets) - 1 {
			t.attendShared(seq(s))
		}
	} else {
		t.attendDealt(items, ceil(items*smallWork, work), a, seq)
	}
	for s := range len(offsets) - 1 {
		caches[s].n += int(offsets[s+1] - offsets[s])
	}
}

// attendDealt gives each worker whole kv heads of sequences.
func (t *Team) attendDealt(items, grain int, a Attn, seq func(s int) *attnSeq[float32]) {
	bd := active.Load()
	t.For(items, grain, func(lo, hi int) {
		scratch := t.pool.take(a.attnWork())
		defer t.pool.give(scratch)
		a.eachSeq(lo, hi, func(s, h0, h1 int) {
			q := seq(s)
			q.work = scratch
			bd.attend(q, h0, h1, true, 0, q.rows)
		})
	})
}
