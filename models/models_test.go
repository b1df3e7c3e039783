package models_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/models"
)

// small are decoders of each kind, with odd sizes and with round ones.
var small = map[string]models.Spec{
	"gpt2": {
		Family: "gpt2", Vocab: 61, Width: 24, Layers: 2, Heads: 3, KV: 3, Head: 8, FFN: 40, Context: 300,
		Norm: models.LayerNorm, Eps: 1e-5, Position: models.LearnedPositions, Activation: models.GELUTanh,
		QKVBias: true, OutBias: true, MLPBias: true, Tied: true, InitStd: .2,
	},
	"llama": {
		Family: "llama", Vocab: 61, Width: 20, Layers: 2, Heads: 4, KV: 2, Head: 6, FFN: 28, Context: 300,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 6},
		Activation: models.SwiGLU, InitStd: .2,
	},
	"llama, whole vectors": {
		Family: "llama", Vocab: 640, Width: 64, Layers: 2, Heads: 4, KV: 1, Head: 16, FFN: 128, Context: 300,
		Norm: models.RMSNorm, Eps: 1e-5, Position: models.RotaryPositions, Rotary: models.Rotary{Base: 10000, Dim: 16},
		Activation: models.SwiGLU, Tied: true, InitStd: .2,
	},
}

func runtime(t testing.TB, threads int) *engine.Runtime {
	rt := engine.NewRuntime(threads)
	t.Cleanup(rt.Close)
	return rt
}

// decoder is a decoder with every parameter random, biases and norms too.
func decoder(t testing.TB, s models.Spec) *models.Decoder {
	t.Helper()
	d, err := models.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range d.Params() {
		if len(p.Shape) == 1 {
			for j := range p.Data {
				p.Data[j] += float32(math.Sin(float64(7*i + j)))
			}
			p.Changed()
		}
	}
	return d
}

// adapt gives every linear layer a random adapter.
func adapt(t testing.TB, d *models.Decoder) {
	t.Helper()
	if err := d.AddLoRA(models.LoRA{Rank: 3, Alpha: 1, Targets: []string{models.AllLinear}}, 1); err != nil {
		t.Fatal(err)
	}
	for _, a := range d.Adapters() {
		for i := range a.B.Data {
			a.B.Data[i] = float32(math.Cos(float64(i)))
		}
		a.B.Changed()
	}
}

// sequence is n token ids that look random.
func sequence(n, seed, vocab int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*i*31 + i*7 + seed*13) % vocab)
	}
	return ids
}

// scorer computes the logprobs of the tokens of a batch, each sequence's first aside.
type scorer struct {
	program  *engine.Program
	in       *models.Inputs
	from, to *engine.Ints
	out      engine.Node
}

func newScorer(t testing.TB, rt *engine.Runtime, d *models.Decoder, tokens, seqs int, mode engine.Mode, o models.Options) *scorer {
	t.Helper()
	s := &scorer{in: models.NewInputs(tokens, seqs)}
	axis := engine.NewAxis("predicted", tokens)
	s.from, s.to = engine.NewInts(axis), engine.NewInts(axis)
	b := engine.NewBuilder(rt, mode)
	one := float32(1)
	w, bias := d.Head()
	s.out = b.TokenLogProb(b.Gather(d.Hidden(b, s.in, o), s.from), w, bias, s.to, &one, false)
	var loss engine.Node
	if mode == engine.Train {
		loss = b.Loss("sum", func(in, grad [][]float32) (float64, error) {
			sum := 0.0
			for i, x := range in[0] {
				sum -= float64(x)
				grad[0][i] = -1
			}
			return sum, nil
		}, s.out)
	}
	var err error
	if s.program, err = b.Build(loss, s.out); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scorer) run(t testing.TB, seqs ...[]int32) [][]float32 {
	t.Helper()
	r := &batch.Ragged{}
	for _, q := range seqs {
		if err := r.Add(q, slices.Repeat([]float32{1}, len(q))); err != nil {
			t.Fatal(err)
		}
	}
	from, to := r.Predicted()
	for _, err := range []error{s.in.Set(r), s.from.Set(from), s.to.Set(to), s.program.Run()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	flat := slices.Clone(s.program.Value(s.out))
	var out [][]float32
	for _, q := range seqs {
		out = append(out, flat[:len(q)-1])
		flat = flat[len(q)-1:]
	}
	return out
}

// tokenByToken is the logprobs of a sequence as sampling computes them: one token at
// a time over KV caches, the first few as a prompt.
func tokenByToken(t testing.TB, rt *engine.Runtime, d *models.Decoder, ids []int32, prompt int) []float32 {
	t.Helper()
	in := models.NewInputs(prompt, 1)
	in.Caches = &engine.Caches{Seqs: [][]*kernel.Cache{d.Spec.NewCaches(4)}}
	axis := engine.NewAxis("next", prompt)
	to := engine.NewInts(axis)
	from := engine.NewInts(axis)
	b := engine.NewBuilder(rt, engine.Forward)
	one := float32(1)
	w, bias := d.Head()
	out := b.TokenLogProb(b.Gather(d.Hidden(b, in, models.Options{}), from), w, bias, to, &one, false)
	p, err := b.Build(engine.Node{}, out)
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	for lo, n := 0, prompt; lo < len(ids)-1; lo, n = lo+n, 1 {
		r := &batch.Ragged{Tokens: ids[lo : lo+n], Offsets: []int32{0, int32(n)}}
		var rows []int32
		for i := range n {
			r.Positions = append(r.Positions, int32(lo+i))
			rows = append(rows, int32(i))
		}
		for _, err := range []error{in.Set(r), from.Set(rows), to.Set(ids[lo+1 : lo+n+1]), p.Run()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, p.Value(out)...)
	}
	return all
}

// The logprobs of a sequence are bit-equal alone, packed among others, in a training
// graph with recomputed blocks, token by token over caches, and on one thread or two;
// on each build of the kernels that this machine runs.
func TestLogProbsAreBitEqual(t *testing.T) {
	before := kernel.Active()
	t.Cleanup(func() {
		if err := kernel.Use(before); err != nil {
			t.Error(err)
		}
	})
	for _, isa := range kernel.ISAs() {
		for name, spec := range small {
			t.Run(isa+"/"+name, func(t *testing.T) {
				if err := kernel.Use(isa); err != nil {
					t.Fatal(err)
				}
				d := decoder(t, spec)
				if name == "llama" { // one of them with adapters
					adapt(t, d)
				}
				one, two := runtime(t, 1), runtime(t, 2)
				const n = 150
				ids := sequence(n, 1, spec.Vocab)
				want := newScorer(t, one, d, n, 1, engine.Forward, models.Options{}).run(t, ids)[0]
				if first, last := want[0], want[n-2]; first == last || !(first < 0) {
					t.Fatalf("got logprobs %v ... %v, want different ones below 0", first, last)
				}
				others := [][]int32{sequence(3, 5, spec.Vocab), ids, sequence(70, 9, spec.Vocab), sequence(2, 2, spec.Vocab)}
				for way, got := range map[string][]float32{
					"two threads":    newScorer(t, two, d, n, 1, engine.Forward, models.Options{}).run(t, ids)[0],
					"packed":         newScorer(t, two, d, 300, 4, engine.Forward, models.Options{}).run(t, others...)[1],
					"training graph": newScorer(t, two, d, 300, 4, engine.Train, models.Options{}).run(t, others...)[1],
					"recomputed":     newScorer(t, one, d, 300, 4, engine.Train, models.Options{Checkpoint: true}).run(t, others...)[1],
					"token by token": tokenByToken(t, one, d, ids, 20),
				} {
					if !slices.Equal(got, want) {
						t.Errorf("%s: got other logprobs", way)
					}
				}
			})
		}
	}
}

func TestContextIsChecked(t *testing.T) {
	s := small["gpt2"]
	s.Context = 10
	d := decoder(t, s)
	in := models.NewInputs(40, 4)
	b := engine.NewBuilder(runtime(t, 1), engine.Forward)
	d.Hidden(b, in, models.Options{})
	r := &batch.Ragged{}
	for _, n := range []int{10, 11} {
		if err := r.Add(sequence(n, 1, s.Vocab), nil); err != nil {
			t.Fatal(err)
		}
		err := in.Set(r)
		if n == 10 && err != nil {
			t.Errorf("as long as the context: got %v, want no error", err)
		}
		if n == 11 && (err == nil || !strings.Contains(err.Error(), "sequence 1: got 11 tokens, want ≤ the model's context of 10")) {
			t.Errorf("longer than the context: got %v, want an error with both numbers", err)
		}
	}
	for name, bad := range map[string]*batch.Ragged{
		"an empty sequence":    {Tokens: []int32{1}, Offsets: []int32{0, 0, 1}, Positions: []int32{0}},
		"offsets past the end": {Tokens: []int32{1}, Offsets: []int32{0, 2}, Positions: []int32{0}},
		"too few positions":    {Tokens: []int32{1, 2}, Offsets: []int32{0, 2}, Positions: []int32{0}},
		"too many tokens":      {Tokens: make([]int32, 41), Offsets: []int32{0, 41}, Positions: make([]int32, 41)},
	} {
		if err := in.Set(bad); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// Under dynamic scaling a sequence beyond the original context cannot be cached.
func TestDynamicRotaryIsNotCached(t *testing.T) {
	s := small["llama"]
	s.Rotary.Scaling = models.Scaling{Kind: models.DynamicScaling, Factor: 2, Original: 8}
	d := decoder(t, s)
	in := models.NewInputs(40, 1)
	in.Caches = &engine.Caches{}
	d.Hidden(engine.NewBuilder(runtime(t, 1), engine.Forward), in, models.Options{})
	at := func(position int32) error {
		return in.Set(&batch.Ragged{Tokens: []int32{1}, Offsets: []int32{0, 1}, Positions: []int32{position}})
	}
	if err := at(7); err != nil {
		t.Errorf("inside the original context: got %v", err)
	}
	if err := at(8); err == nil || !strings.Contains(err.Error(), "dynamic") {
		t.Errorf("beyond it: got %v, want an error", err)
	}
}

// Initial values are those of the seed and the name, whatever else the model has.
func TestInitialValues(t *testing.T) {
	s := small["gpt2"]
	s.Width, s.Head, s.Vocab, s.Layers = 48, 16, 2000, 8
	a, err := models.New(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	s.Layers, s.FFN = 2, 64
	b, err := models.New(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	c, err := models.New(s, 4)
	if err != nil {
		t.Fatal(err)
	}
	const qkv = "block.1.attn.qkv"
	if !slices.Equal(a.Param(qkv).Data, b.Param(qkv).Data) || slices.Equal(b.Param(qkv).Data, c.Param(qkv).Data) {
		t.Error("want equal values for equal seeds, others for another")
	}
	for name, want := range map[string]float64{"embed": .2, qkv: .2, "block.1.attn.out": .2 / 4, "block.1.mlp.down": .2 / 4} { // √(2·8) = 4
		mean, std := moments(a.Param(name).Data)
		n := math.Sqrt(float64(a.Param(name).Size()))
		if math.Abs(mean) > 4*want/n || math.Abs(std/want-1) > 4/n {
			t.Errorf("%s: got mean %.2g and deviation %.4g of %v values, want 0 and %v", name, mean, std, n*n, want)
		}
	}
	for _, p := range a.Params() {
		for _, x := range p.Data {
			if len(p.Shape) == 1 && (strings.HasSuffix(p.Name, ".bias") && x != 0 || strings.HasSuffix(p.Name, "norm") && x != 1) {
				t.Fatalf("%s: got %v, want biases 0 and norms 1", p.Name, x)
			}
		}
	}
}

func moments(v []float32) (mean, std float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		std += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std)
}

func TestCloneSharesNothing(t *testing.T) {
	d := decoder(t, small["llama"])
	if err := d.AddLoRA(models.LoRA{Rank: 2, Alpha: 4, Targets: []string{models.AllLinear}}, 1); err != nil {
		t.Fatal(err)
	}
	c := d.Clone()
	if len(c.Params()) != len(d.Params()) || len(c.Trainable()) != len(d.Trainable()) || !reflect.DeepEqual(c.LoRA(), d.LoRA()) {
		t.Fatal("want as many parameters, as many trainable, the same LoRA")
	}
	for i, p := range d.Params() {
		q := c.Params()[i]
		if q.Name != p.Name || !slices.Equal(q.Data, p.Data) {
			t.Errorf("%s: got other values", p.Name)
		}
		q.Data[0]++
		if p.Data[0] == q.Data[0] {
			t.Errorf("%s: shared", p.Name)
		}
	}
}

// A zero adapter changes nothing; a trained one changes the policy, not the base
// under NoAdapters; merging it gives the policy again.
func TestLoRA(t *testing.T) {
	rt := runtime(t, 1)
	for name, spec := range small {
		d := decoder(t, spec)
		ids := sequence(30, 1, spec.Vocab)
		score := func(o models.Options) []float32 {
			return newScorer(t, rt, d, 30, 1, engine.Forward, o).run(t, ids)[0]
		}
		base := score(models.Options{})
		if err := d.AddLoRA(models.LoRA{Rank: 3, Alpha: 6, Targets: []string{"attn.qkv", "down"}}, 1); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(score(models.Options{}), base) {
			t.Errorf("%s: a fresh adapter changes the logprobs", name)
		}
		for _, a := range d.Adapters() {
			for i := range a.B.Data {
				a.B.Data[i] = float32(math.Cos(float64(i)))
			}
		}
		policy := score(models.Options{})
		if slices.Equal(policy, base) || !slices.Equal(score(models.Options{NoAdapters: true}), base) {
			t.Errorf("%s: want other logprobs with the adapter, the base's without", name)
		}
		if got := len(d.Trainable()); got != 2*2*spec.Layers {
			t.Errorf("%s: got %d trainable parameters, want A and B of two modules a layer", name, got)
		}
		if err := d.Merge(); err != nil {
			t.Fatal(err)
		}
		for i, x := range score(models.Options{}) {
			if math.Abs(float64(x-policy[i])) > 1e-4 {
				t.Fatalf("%s: merged: got %v, want %v", name, x, policy[i])
			}
		}
		if len(d.Adapters()) > 0 || len(d.Trainable()) != len(d.Params()) {
			t.Errorf("%s: merged: want no adapters and every parameter trainable", name)
		}
	}
}

func TestLoRARefuses(t *testing.T) {
	for want, l := range map[string]models.LoRA{
		"rank 0":    {Alpha: 1, Targets: []string{"qkv"}},
		"alpha NaN": {Rank: 1, Alpha: math.NaN(), Targets: []string{"qkv"}},
		"q_proj":    {Rank: 1, Alpha: 1, Targets: []string{"qkv", "q_proj"}},
		"alone":     {Rank: 1, Alpha: 1, Targets: []string{"qkv", models.AllLinear}},
		"one of":    {Rank: 1, Alpha: 1},
		"pattern":   {Rank: 1, Alpha: 1, Pattern: "("},
		"no module": {Rank: 1, Alpha: 1, Pattern: "qkv"}, // must match the whole name
	} {
		d := decoder(t, small["llama"])
		err := d.AddLoRA(l, 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error about %q", l, err, want)
		}
		if len(d.Trainable()) != len(d.Params()) {
			t.Errorf("%+v: froze the decoder all the same", l)
		}
	}
	d := decoder(t, small["llama"])
	if err := d.AddLoRA(models.LoRA{Rank: 1, Alpha: 1, Pattern: `block\.0\..*`}, 1); err != nil || len(d.Adapters()) != 4 {
		t.Errorf("got %d adapters, %v, want those of the four layers of block 0", len(d.Adapters()), err)
	}
	if err := d.AddLoRA(models.LoRA{Rank: 1, Alpha: 1, Targets: []string{"qkv"}}, 1); err == nil {
		t.Error("a second time: got no error")
	}
}

// Interleaved pairs with the rows of q and k in interleaved order compute the same.
func TestInterleavedRotary(t *testing.T) {
	s := small["llama"]
	half := decoder(t, s)
	s.Rotary.Interleaved = true
	pairs := decoder(t, s)
	for l := range s.Layers {
		name := []string{"block.0.attn.qkv", "block.1.attn.qkv"}[l]
		src, dst := half.Param(name).Data, pairs.Param(name).Data
		for row := range (s.Heads + s.KV) * s.Head {
			head, i := row/s.Head*s.Head, row%s.Head
			to := head + 2*i
			if i >= s.Head/2 {
				to = head + 2*(i-s.Head/2) + 1
			}
			copy(dst[to*s.Width:][:s.Width], src[row*s.Width:])
		}
		pairs.Param(name).Changed()
	}
	rt := runtime(t, 1)
	ids := sequence(60, 1, s.Vocab)
	want := newScorer(t, rt, half, 60, 1, engine.Forward, models.Options{}).run(t, ids)[0]
	for i, got := range newScorer(t, rt, pairs, 60, 1, engine.Forward, models.Options{}).run(t, ids)[0] {
		if math.Abs(float64(got-want[i])) > 1e-4 {
			t.Fatalf("token %d: got %v, want %v", i, got, want[i])
		}
	}
}
