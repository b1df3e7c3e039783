package engine

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/kernel"
	"plumbline/internal/random"
)

func runtimeFor(t testing.TB, threads int) *Runtime {
	t.Helper()
	rt := NewRuntime(threads)
	t.Cleanup(rt.Close)
	return rt
}

// world is a small batch: 7 tokens of 3 sequences, width 8.
type world struct {
	tokens, seqs      *Axis
	ids, pos, offsets *Ints
	params            []*Param
}

const (
	width   = 8
	heads   = 2
	kvHeads = 1
	headDim = 4
)

const vocabSize = 11

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{tokens: NewAxis("tokens", 16), seqs: NewAxis("offsets", 8)}
	w.ids, w.pos, w.offsets = NewInts(w.tokens), NewInts(w.tokens), NewInts(w.seqs)
	must(t, w.ids.Set([]int32{3, 1, 4, 1, 5, 9, 2}))
	must(t, w.pos.Set([]int32{0, 1, 2, 0, 1, 2, 0}))
	must(t, w.offsets.Set([]int32{0, 3, 6, 7}))
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) param(name string, shape ...int) *Param {
	p := NewParam(name, shape...)
	r := random.New(random.Key(name))
	for i := range p.Data {
		p.Data[i] = float32(r.NormFloat64() * .5)
	}
	w.params = append(w.params, p)
	return p
}

// project is Σ c·x with fixed random c: a loss that sees every element.
func project(in, grad [][]float32) (float64, error) {
	sum := 0.0
	for i := range in {
		r := random.New(uint64(i), 99)
		for j, x := range in[i] {
			c := float32(r.NormFloat64())
			sum += float64(c) * float64(x)
			grad[i][j] = c
		}
	}
	return sum, nil
}

// The gradient of every op against central differences of the graph itself.
func TestGradients(t *testing.T) {
	temperature := float32(.7)
	rotary := &kernel.Rotary{Dim: 4, Cos: make([]float32, 8*2), Sin: make([]float32, 8*2)}
	for p := range 8 {
		for i := range 2 {
			a := float64(p) / math.Pow(100, float64(i)/2)
			rotary.Cos[p*2+i], rotary.Sin[p*2+i] = float32(math.Cos(a)), float32(math.Sin(a))
		}
	}
	attn := kernel.Attn{Heads: heads, KV: kvHeads, Head: headDim, Scale: .5}
	qkvCols := (heads + 2*kvHeads) * headDim
	loss := func(b *Builder, x ...Node) Node { return b.Loss("project", project, x...) }
	for name, build := range map[string]func(b *Builder, w *world, x Node) Node{
		"embed": func(b *Builder, _ *world, x Node) Node { return loss(b, x) },
		"embed add": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.EmbedAdd(x, w.pos, w.param("pos", 5, width)))
		},
		"linear": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.Linear(x, w.param("w", 5, width), w.param("b", 5)))
		},
		"no bias": func(b *Builder, w *world, x Node) Node { return loss(b, b.Linear(x, w.param("w", 5, width), nil)) },
		"layer norm": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.LayerNorm(x, w.param("g", width), w.param("b", width), 1e-5))
		},
		"rms norm": func(b *Builder, w *world, x Node) Node { return loss(b, b.RMSNorm(x, w.param("g", width), 1e-5)) },
		"gelu":     func(b *Builder, _ *world, x Node) Node { return loss(b, b.Gelu(x, false)) },
		"gelu erf": func(b *Builder, _ *world, x Node) Node { return loss(b, b.Gelu(x, true)) },
		"swiglu":   func(b *Builder, _ *world, x Node) Node { return loss(b, b.SwiGLU(x)) },
		"scale":    func(b *Builder, _ *world, x Node) Node { return loss(b, b.Scale(x, -1.5)) },
		"residual": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.Add(x, b.Linear(x, w.param("w", width, width), nil)))
		},
		"rope": func(b *Builder, w *world, x Node) Node { return loss(b, b.Rope(x, w.pos, rotary, 1, headDim)) },
		"gather": func(b *Builder, _ *world, x Node) Node {
			rows := NewInts(NewAxis("rows", 4))
			must(t, rows.Set([]int32{6, 2, 2}))
			return loss(b, b.Gather(x, rows))
		},
		"attention": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.Attention(b.Linear(x, w.param("qkv", qkvCols, width), nil), w.offsets, attn))
		},
		"low rank": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.LowRank(b.Linear(x, w.param("w", 9, width), nil), x, w.param("A", 2, width), w.param("B", 4, 2), 1.5, 3))
		},
		"log-prob": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.TokenLogProb(x, w.param("head", vocabSize, width), w.param("hb", vocabSize), w.ids, &temperature, false))
		},
		"log-prob and entropy": func(b *Builder, w *world, x Node) Node {
			return loss(b, b.TokenLogProb(x, w.param("head", vocabSize, width), nil, w.ids, &temperature, true))
		},
		"cross-entropy": func(b *Builder, w *world, x Node) Node {
			weights := NewFloats(w.tokens)
			must(t, weights.Set([]float32{.5, 0, 1, .25, 1, 1, 2}))
			return b.CrossEntropy(x, w.param("head", vocabSize, width), w.param("hb", vocabSize), w.ids, weights)
		},
		"two inputs": func(b *Builder, w *world, x Node) Node {
			return loss(b, x, b.Linear(x, w.param("w", 3, width), nil))
		},
		"checkpoint": func(b *Builder, w *world, x Node) Node {
			p, g := w.param("qkv", qkvCols, width), w.param("g", width)
			return loss(b, b.Checkpoint(x, func(b *Builder, x Node) Node {
				return b.Add(x, b.Attention(b.Linear(b.RMSNorm(x, g, 1e-5), p, nil), w.offsets, attn))
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			table := w.param("table", vocabSize, width)
			b := NewBuilder(runtimeFor(t, 2), Train)
			p, err := b.Build(build(b, w, b.Embed(w.ids, table)))
			must(t, err)
			checkGradients(t, p, w.params)
		})
	}
}

func checkGradients(t *testing.T, p *Program, params []*Param) {
	t.Helper()
	for _, q := range params {
		q.ZeroGrad()
	}
	must(t, p.Run())
	backward := map[*Param][]float32{} // the runs below go on adding to Grad
	for _, q := range params {
		backward[q] = slices.Clone(q.Grad)
	}
	for _, q := range params {
		want := backward[q]
		biggest := 0.0
		for _, g := range want {
			biggest = max(biggest, math.Abs(float64(g)))
		}
		if biggest == 0 {
			t.Errorf("%s: the gradient is zero everywhere", q.Name)
		}
		for i, x := range q.Data {
			const h = 1.0 / 256
			q.Data[i] = x + h
			must(t, p.Run())
			up := p.Loss()
			q.Data[i] = x - h
			must(t, p.Run())
			down := p.Loss()
			q.Data[i] = x
			if got := (up - down) / (2 * h); math.Abs(got-float64(want[i])) > 4e-3*max(biggest, 1) {
				t.Errorf("%s[%d]: backward gives %.5f, differences %.5f", q.Name, i, want[i], got)
			}
		}
	}
}

// tiny is a two-layer decoder body used by the tests below.
func tiny(b *Builder, w *world, table *Param, checkpoint bool) Node {
	x := b.Embed(w.ids, table)
	for l := range 2 {
		g := w.lookup("g"+string(rune('0'+l)), width)
		qkv := w.lookup("qkv"+string(rune('0'+l)), (heads+2*kvHeads)*headDim, width)
		body := func(b *Builder, x Node) Node {
			a := kernel.Attn{Heads: heads, KV: kvHeads, Head: headDim, Scale: .5}
			return b.Add(x, b.Attention(b.Linear(b.RMSNorm(x, g, 1e-5), qkv, nil), w.offsets, a))
		}
		if checkpoint {
			x = b.Checkpoint(x, body)
		} else {
			x = body(b, x)
		}
	}
	return x
}

func (w *world) lookup(name string, shape ...int) *Param {
	for _, p := range w.params {
		if p.Name == name {
			return p
		}
	}
	return w.param(name, shape...)
}

func grads(t *testing.T, threads int, checkpoint bool, runs int) (float64, []float32) {
	t.Helper()
	w := newWorld(t)
	table := w.param("table", vocabSize, width)
	weights := NewFloats(w.tokens)
	must(t, weights.Set([]float32{1, 1, 1, 1, 1, 1, 1}))
	b := NewBuilder(runtimeFor(t, threads), Train)
	p, err := b.Build(b.CrossEntropy(tiny(b, w, table, checkpoint), table, nil, w.ids, weights))
	must(t, err)
	for range runs {
		must(t, p.Run())
	}
	var all []float32
	for _, q := range w.params {
		all = append(all, q.Grad...)
	}
	return p.Loss(), all
}

func TestCheckpointAndThreadsChangeNoBit(t *testing.T) {
	loss, want := grads(t, 1, false, 1)
	for _, c := range []struct {
		threads    int
		checkpoint bool
	}{{2, false}, {3, false}, {1, true}, {2, true}} {
		l, got := grads(t, c.threads, c.checkpoint, 1)
		if l != loss || !slices.Equal(got, want) {
			t.Errorf("%+v: loss or gradients differ from one thread without checkpoints", c)
		}
	}
}

func TestGradientsAccumulateOverRuns(t *testing.T) {
	_, once := grads(t, 1, false, 1)
	_, twice := grads(t, 1, false, 2)
	for i := range once {
		if math.Abs(float64(twice[i]-2*once[i])) > 1e-5*max(1, math.Abs(float64(once[i]))) {
			t.Fatalf("gradient %d: got %g after two runs, want twice %g", i, twice[i], once[i])
		}
	}
}

func TestFrozenParametersGetNoGradient(t *testing.T) {
	w := newWorld(t)
	table := w.param("table", vocabSize, width)
	head := w.param("head", vocabSize, width)
	table.Frozen = true
	b := NewBuilder(runtimeFor(t, 1), Train)
	x := b.Linear(b.Embed(w.ids, table), head, nil)
	p, err := b.Build(b.Loss("project", project, x))
	must(t, err)
	must(t, p.Run())
	if table.Grad != nil || !slices.ContainsFunc(head.Grad, func(g float32) bool { return g != 0 }) {
		t.Errorf("got gradients frozen %v, trained %v", table.Grad, head.Grad)
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("no luck")
	for name, c := range map[string]struct {
		want string
		do   func(b *Builder, w *world) error
	}{
		"wrong width": {"got 8 columns, want 5", func(b *Builder, w *world) error {
			b.Linear(b.Embed(w.ids, w.param("t", vocabSize, width)), w.param("w", 3, 5), nil)
			return b.Err()
		}},
		"id outside": {"got id 9 at row 5, want 0 ≤ id < 6", func(b *Builder, w *world) error {
			return buildAndRun(b, b.Loss("p", project, b.Embed(w.ids, w.param("t", 6, width))))
		}},
		"offsets": {"want 0 to 7", func(b *Builder, w *world) error {
			must(t, w.offsets.Set([]int32{0, 3, 6}))
			a := kernel.Attn{Heads: heads, KV: kvHeads, Head: headDim, Scale: 1}
			return buildAndRun(b, b.Loss("p", project, b.Attention(b.Embed(w.ids, w.param("t", vocabSize, 16)), w.offsets, a)))
		}},
		"unequal inputs": {"an input along tokens has", func(b *Builder, w *world) error {
			must(t, w.pos.Set([]int32{1, 2}))
			return buildAndRun(b, b.Loss("p", project, b.EmbedAdd(b.Embed(w.ids, w.param("t", vocabSize, width)), w.pos, w.param("q", 9, width))))
		}},
		"nothing to train": {"without trainable parameters", func(b *Builder, w *world) error {
			p := w.param("t", vocabSize, width)
			p.Frozen = true
			return buildAndRun(b, b.Loss("p", project, b.Embed(w.ids, p)))
		}},
		"loss fails": {"no luck", func(b *Builder, w *world) error {
			return buildAndRun(b, b.Loss("p", func(_, _ [][]float32) (float64, error) { return 0, cause }, b.Embed(w.ids, w.param("t", vocabSize, width))))
		}},
		"loss panics": {"index out of range", func(b *Builder, w *world) error {
			return buildAndRun(b, b.Loss("p", func(in, _ [][]float32) (float64, error) { return float64(in[5][0]), nil }, b.Embed(w.ids, w.param("t", vocabSize, width))))
		}},
		"too many": {"got 17 tokens, want ≤ 16", func(_ *Builder, w *world) error { return w.ids.Set(make([]int32, 17)) }},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.do(NewBuilder(runtimeFor(t, 1), Train), newWorld(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func buildAndRun(b *Builder, loss Node) error {
	p, err := b.Build(loss)
	if err != nil {
		return err
	}
	return p.Run()
}

// Two steps by hand: w=1, g=.5 then -.25, lr .1, wd .01, the published defaults.
func TestAdamWByHand(t *testing.T) {
	p := NewParam("w", 1, 1)
	p.Data[0] = 1
	o := NewAdamW(runtimeFor(t, 1), []*Param{p}, AdamWConfig{Beta1: .9, Beta2: .999, Eps: 1e-8, WeightDecay: .01})
	w, m, v := 1.0, 0.0, 0.0
	for step, g := range []float64{.5, -.25} {
		p.Grad[0] = float32(g)
		norm, err := o.Update(.1)
		must(t, err)
		if norm != math.Abs(g) || p.Grad[0] != 0 {
			t.Errorf("step %d: norm %g, gradient left %g", step, norm, p.Grad[0])
		}
		w -= .1 * .01 * w
		m, v = .9*m+.1*g, .999*v+.001*g*g
		n := float64(step + 1)
		w -= .1 * (m / (1 - math.Pow(.9, n))) / (math.Sqrt(v/(1-math.Pow(.999, n))) + 1e-8)
		if math.Abs(float64(p.Data[0])-w) > 1e-6 {
			t.Errorf("step %d: got %.7f, want %.7f", step, p.Data[0], w)
		}
	}
}

func TestAdamWClipsByGlobalNorm(t *testing.T) {
	a, b := NewParam("a", 1, 1), NewParam("b", 1, 1)
	o := NewAdamW(runtimeFor(t, 1), []*Param{a, b}, AdamWConfig{Beta1: 0, Beta2: 0, Eps: 1, MaxGradNorm: 1})
	a.Grad[0], b.Grad[0] = 3, 4
	norm, err := o.Update(1)
	must(t, err)
	// With β = 0 the step is lr·g/(|g|+1) for the clipped g = .6 and .8.
	if norm != 5 || math.Abs(float64(a.Data[0])+.6/1.6) > 1e-6 || math.Abs(float64(b.Data[0])+.8/1.8) > 1e-6 {
		t.Errorf("got norm %g, a %g, b %g, want 5, %g, %g", norm, a.Data[0], b.Data[0], -.6/1.6, -.8/1.8)
	}
}

func TestAdamWRefusesNaNAndResumesExactly(t *testing.T) {
	mk := func() (*Param, *AdamW) {
		p := NewParam("w", 2, 2)
		return p, NewAdamW(runtimeFor(t, 1), []*Param{p}, AdamWConfig{Beta1: .9, Beta2: .99, Eps: 1e-8})
	}
	step := func(p *Param, o *AdamW, k float32) {
		for i := range p.Grad {
			p.Grad[i] = k * float32(i+1)
		}
		_, err := o.Update(.01)
		must(t, err)
	}
	p, o := mk()
	step(p, o, 1)
	q, r := mk()
	copy(q.Data, p.Data)
	n, state := o.State()
	must(t, r.Load(n, state))
	step(p, o, -2)
	step(q, r, -2)
	if !slices.Equal(p.Data, q.Data) {
		t.Errorf("resumed %v, went on %v", q.Data, p.Data)
	}
	before := slices.Clone(p.Data)
	p.Grad[1] = float32(math.NaN())
	if _, err := o.Update(.01); err == nil || !strings.Contains(err.Error(), "gradient of w") || !slices.Equal(before, p.Data) {
		t.Errorf("got %v and %v, want an error that names w and no change", err, p.Data)
	}
}

func TestBucket(t *testing.T) {
	for n, want := range map[int]int{1: 16, 16: 16, 17: 24, 25: 32, 33: 48, 100: 128, 129: 192} {
		if got := Bucket(n); got != want {
			t.Errorf("Bucket(%d): got %d, want %d", n, got, want)
		}
	}
}
