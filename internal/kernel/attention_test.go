package kernel

import (
	"math"
	"slices"
	"testing"
)

// attnCase is a ragged batch and a shape of heads.
type attnCase struct {
	lengths []int
	a       Attn
}

// Lengths around the tiles (64 keys, 64 queries) and groups (256 keys); head sizes
// around every vector length; sharing of heads; windows within and beyond a tile.
var attnCases = []attnCase{
	{[]int{1}, Attn{1, 1, 4, 0.5, 0}},
	{[]int{5, 1, 0, 20}, Attn{2, 2, 16, 0.25, 0}},
	{[]int{33, 64, 65, 17}, Attn{3, 3, 7, 0.3, 0}},
	{[]int{63, 100}, Attn{4, 2, 24, 0.2, 0}},
	{[]int{127, 3}, Attn{6, 2, 20, 0.2, 0}},
	{[]int{300, 70}, Attn{2, 1, 64, 0.125, 0}},
	{[]int{530}, Attn{2, 2, 32, 0.18, 0}},
	{[]int{90, 40}, Attn{8, 1, 80, 0.11, 0}},
	{[]int{70}, Attn{2, 2, 130, 0.09, 0}},
	{[]int{50, 260}, Attn{2, 2, 16, 0.25, 1}},
	{[]int{400, 10}, Attn{4, 2, 16, 0.25, 7}},
	{[]int{530}, Attn{2, 2, 8, 0.3, 100}},
	{[]int{700}, Attn{3, 1, 16, 0.25, 300}},
}

func (c attnCase) offsets() []int32 {
	o := []int32{0}
	for _, n := range c.lengths {
		o = append(o, o[len(o)-1]+int32(n))
	}
	return o
}

// attnResult is what a case gives, forward and back.
type attnResult struct{ out, lse, dqkv []float32 }

func (c attnCase) run(team *Team) (r attnResult, qkv []float32) {
	offsets := c.offsets()
	n := int(offsets[len(offsets)-1])
	qkv = normal(n*c.a.width(), 1)
	dout := normal(n*c.a.Heads*c.a.Head, 2)
	r = attnResult{make([]float32, len(dout)), make([]float32, n*c.a.Heads), make([]float32, len(qkv))}
	team.Attention(r.out, r.lse, qkv, offsets, c.a)
	team.AttentionGrad(r.dqkv, dout, r.out, r.lse, qkv, offsets, c.a)
	return r, qkv
}

// exact is the reference in float64.
func (c attnCase) exact(qkv []float32) (out, lse, dqkv []float64) {
	offsets, a := c.offsets(), c.a
	q, dout := wide(qkv), wide(normal(len(qkv)/a.width()*a.Heads*a.Head, 2))
	out, lse, dqkv = make([]float64, len(dout)), make([]float64, len(q)/a.width()*a.Heads), make([]float64, len(q))
	for s := range len(offsets) - 1 {
		lo, hi := int(offsets[s]), int(offsets[s+1])
		w, o, l := a.width(), a.Heads*a.Head, a.Heads
		seq := attnSeq[float64]{
			Attn: a, qkv: q[lo*w : hi*w], out: out[lo*o : hi*o], lse: lse[lo*l : hi*l], rows: hi - lo,
			tiles: make([]float64, ceil(hi-lo, keyTile)*a.tileSize()*a.KV), tileStride: a.KV * a.tileSize(), headStride: a.tileSize(),
		}
		refAttend(&seq, 0, a.KV, true, 0, hi-lo)
		refAttendGrad(&attnGrad[float64]{Attn: a, dqkv: dqkv[lo*w : hi*w], qkv: seq.qkv, dout: dout[lo*o : hi*o], out: seq.out, lse: seq.lse, rows: hi - lo}, 0, a.KV)
	}
	return out, lse, dqkv
}

func TestAttentionAgainstFloat64(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	for _, c := range attnCases {
		out, lse, dqkv := c.exact(normal(int(c.offsets()[len(c.lengths)])*c.a.width(), 1))
		onBuilds(t, func(t *testing.T) {
			got, _ := c.run(team)
			near(t, name(c, " out"), got.out, out, 2e-6)
			near(t, name(c, " lse"), got.lse, lse, 1e-6)
			near(t, name(c, " dqkv"), got.dqkv, dqkv, 1e-5)
		})
	}
}

func TestAttentionDoesNotDependOnTheTeam(t *testing.T) {
	one, two, three := NewTeam(1), NewTeam(2), NewTeam(3)
	defer one.Close()
	defer two.Close()
	defer three.Close()
	onBuilds(t, func(t *testing.T) {
		for _, c := range attnCases {
			want, _ := c.run(one)
			for _, team := range []*Team{two, three} {
				got, _ := c.run(team)
				same(t, name(c, " out"), got.out, want.out)
				same(t, name(c, " lse"), got.lse, want.lse)
				same(t, name(c, " dqkv"), got.dqkv, want.dqkv)
			}
		}
	})
}

func TestAttentionOfASequenceAloneAndInABatch(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, c := range attnCases {
			batch, qkv := c.run(team)
			offsets, w, o := c.offsets(), c.a.width(), c.a.Heads*c.a.Head
			dout := normal(len(batch.out), 2)
			for s := range c.lengths {
				lo, hi := int(offsets[s]), int(offsets[s+1])
				alone := attnResult{make([]float32, (hi-lo)*o), make([]float32, (hi-lo)*c.a.Heads), make([]float32, (hi-lo)*w)}
				ends := []int32{0, int32(hi - lo)}
				team.Attention(alone.out, alone.lse, qkv[lo*w:hi*w], ends, c.a)
				team.AttentionGrad(alone.dqkv, dout[lo*o:hi*o], alone.out, alone.lse, qkv[lo*w:hi*w], ends, c.a)
				same(t, name(c, " out"), alone.out, batch.out[lo*o:hi*o])
				same(t, name(c, " lse"), alone.lse, batch.lse[lo*c.a.Heads:hi*c.a.Heads])
				same(t, name(c, " dqkv"), alone.dqkv, batch.dqkv[lo*w:hi*w])
			}
		}
	})
}

// A prompt in pieces, then token by token, many sequences at a time.
func TestAttentionCachedHasTheBitsOfAttention(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		for _, c := range attnCases {
			want, qkv := c.run(team)
			same(t, name(c), decode(team, c, qkv), want.out)
		}
	})
}

// decode feeds every sequence at its own pace: first a third, then 1, 2, ... 4 tokens, again and again.
func decode(team *Team, c attnCase, qkv []float32) []float32 {
	offsets, w, o := c.offsets(), c.a.width(), c.a.Heads*c.a.Head
	out := make([]float32, len(qkv)/w*o)
	caches := make([]*Cache, len(c.lengths))
	for s := range caches {
		caches[s] = NewCache(c.a, s%3*40)
	}
	for round := 0; ; round++ {
		var in []float32
		ends, at := []int32{0}, make([]int, len(caches))
		for s, n := range c.lengths {
			at[s] = int(offsets[s]) + caches[s].Len()
			take := min(n-caches[s].Len(), 1+(round+s)%4)
			if round == 0 {
				take = n / 3
			}
			in = append(in, qkv[at[s]*w:(at[s]+take)*w]...)
			ends = append(ends, ends[s]+int32(take))
		}
		if ends[len(caches)] == 0 && round > 0 {
			return out
		}
		got := make([]float32, int(ends[len(caches)])*o)
		team.AttentionCached(got, in, ends, caches, c.a)
		for s := range caches {
			copy(out[at[s]*o:], got[int(ends[s])*o:int(ends[s+1])*o])
		}
	}
}

func TestCacheClonesAndTruncates(t *testing.T) {
	team := NewTeam(1)
	defer team.Close()
	a := Attn{4, 2, 16, 0.25, 0}
	w, o := a.width(), a.Heads*a.Head
	qkv := normal(140*w, 1)
	step := func(c *Cache, from, to int) []float32 {
		out := make([]float32, (to-from)*o)
		team.AttentionCached(out, qkv[from*w:to*w], []int32{0, int32(to - from)}, []*Cache{c}, a)
		return out
	}
	c := NewCache(a, 0)
	step(c, 0, 70)
	twin := c.Clone()
	want := step(c, 70, 140)
	if c.Len() != 140 || twin.Len() != 70 {
		t.Fatalf("got lengths %d and %d, want 140 and 70", c.Len(), twin.Len())
	}
	same(t, "clone", step(twin, 70, 140), want)
	c.Truncate(70)
	step(c, 0, 40) // other tokens in between
	c.Truncate(70)
	same(t, "after truncating", step(c, 70, 140), want)
}

// What a row must not see has no weight at all: a value 10^4 times as large changes no bit.
func TestAttentionIgnoresTheFuture(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	a := Attn{2, 2, 16, 0.25, 0}
	onBuilds(t, func(t *testing.T) {
		const n, cut = 130, 90
		qkv := normal(n*a.width(), 1)
		want, lse := make([]float32, n*a.Heads*a.Head), make([]float32, n*a.Heads)
		team.Attention(want, lse, qkv, []int32{0, n}, a)
		for i := cut * a.width(); i < len(qkv); i++ {
			qkv[i] *= 1e4
		}
		got := make([]float32, len(want))
		team.Attention(got, lse, qkv, []int32{0, n}, a)
		same(t, "rows before the change", got[:cut*a.Heads*a.Head], want[:cut*a.Heads*a.Head])
		if slices.Equal(got, want) {
			t.Error("rows after the change are the same, want others")
		}
	})
}

// Queries of 0 weigh all keys alike, so that lse is log(i+1): the logarithm, to 4 roundings.
func TestLogSumOfEqualScores(t *testing.T) {
	team := NewTeam(2)
	defer team.Close()
	onBuilds(t, func(t *testing.T) {
		const n = 1500
		a := Attn{1, 1, 4, 0.5, 0}
		out, lse := make([]float32, n*4), make([]float32, n)
		team.Attention(out, lse, make([]float32, n*a.width()), []int32{0, n}, a)
		for i, got := range lse {
			if want := math.Log(float64(i + 1)); math.Abs(float64(got)-want) > 4*eps32*want {
				t.Fatalf("%d keys: got %v, want %v", i+1, got, want)
			}
		}
	})
}
