package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/models"
)

// Rollout is a prompt and its sampled continuation.
type Rollout struct {
	Prompt   []int32
	Response []int32
	LogProb  []float32 // [len(Response)] log π of each token in nats at the sampling temperature (at 1 if greedy), before filters
	Finished bool      // the response ends with a stop token
}

// Generator continues prompts with one decoder. It keeps graphs and caches between
// calls; it is not safe for concurrent use.
type Generator struct {
	rt    *engine.Runtime
	dec   *models.Decoder
	opts  models.Options
	batch int // most sequences at a time
	progs map[[2]int]*program
	free  [][]*kernel.Cache
}

// New makes a generator. batch is the most sequences that run together; results do
// not depend on it.
func New(rt *engine.Runtime, dec *models.Decoder, o models.Options, batch int) *Generator {
	return &Generator{rt: rt, dec: dec, opts: o, batch: max(1, batch), progs: map[[2]int]*program{}}
}

// program is a forward graph for some number of tokens and sequences.
type program struct {
	in     *models.Inputs
	last   *engine.Ints
	logits engine.Node
	run    *engine.Program
}

// sequence is one rollout in the making.
type sequence struct {
	index   int
	number  uint64 // of the seed's sequences
	history []int32
	prompt  int
	caches  []*kernel.Cache
	fed     int // tokens of history in the caches
	out     Rollout
}

// Generate continues every prompt. Sequence i draws its random numbers from
// (o.Seed, i), or (o.Seed, o.Sequence[i]), so it does not depend on the others. A prompt that is empty or does
// not fit the context with at least one new token is an error; a response ends at a
// stop token, after MaxNew tokens, where the context is full or where o.Halt says so.
// each, if not nil, is told every token as it comes.
func (g *Generator) Generate(ctx context.Context, prompts [][]int32, o Options, each func(i int, id int32)) ([]Rollout, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	for i, p := range prompts {
		if len(p) == 0 || len(p) >= g.dec.Spec.Context {
			return nil, fmt.Errorf("generate: prompt %d: got %d tokens, want 1 to %d (the model's context is %d)", i, len(p), g.dec.Spec.Context-1, g.dec.Spec.Context)
		}
	}
	if o.Sequence != nil && len(o.Sequence) != len(prompts) {
		return nil, fmt.Errorf("generate: sequence: got %d numbers, want one for each of %d prompts", len(o.Sequence), len(prompts))
	}
	out := make([]Rollout, len(prompts))
	var active []*sequence
	next := 0
	for next < len(prompts) || len(active) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for ; next < len(prompts) && len(active) < g.batch; next++ {
			active = append(active, g.start(next, prompts[next], o))
		}
		if err := g.step(active, o, each); err != nil {
			return nil, err
		}
		active = slices.DeleteFunc(active, func(s *sequence) bool {
			if !g.done(s, o) {
				return false
			}
			out[s.index] = s.out
			if o.Done != nil {
				o.Done(s.index, s.out)
			}
			g.free = append(g.free, s.caches)
			return true
		})
	}
	return out, nil
}

func (g *Generator) start(i int, prompt []int32, o Options) *sequence {
	s := &sequence{index: i, number: uint64(i), history: slices.Clone(prompt), prompt: len(prompt)}
	if o.Sequence != nil {
		s.number = o.Sequence[i]
	}
	s.out.Prompt = s.history[:len(prompt):len(prompt)]
	s.caches = g.takeCaches(min(len(prompt)+o.MaxNew, g.dec.Spec.Context))
	return s
}

// takeCaches gives empty caches of at least the capacity, used ones where they fit.
func (g *Generator) takeCaches(capacity int) []*kernel.Cache {
	if n := len(g.free); n > 0 {
		c := g.free[n-1]
		g.free = g.free[:n-1]
		for _, k := range c {
			k.Truncate(0)
		}
		return c
	}
	return g.dec.Spec.NewCaches(capacity)
}

// done also ends a sequence whose context is full.
func (g *Generator) done(s *sequence, o Options) bool {
	n := len(s.out.Response)
	s.out.Finished = n > 0 && slices.Contains(o.Stop, s.out.Response[n-1])
	halted := n > 0 && o.Halt != nil && o.Halt(s.index, s.out.Response)
	return s.out.Finished || halted || n >= o.MaxNew || len(s.history) >= g.dec.Spec.Context
}

// step feeds each sequence what its caches do not have yet and samples one token.
func (g *Generator) step(active []*sequence, o Options, each func(int, int32)) error {
	p, err := g.feed(active)
	if err != nil {
		return err
	}
	logits, V := p.run.Value(p.logits), p.logits.Cols()
	ids := make([]int32, len(active))
	g.rt.Team.For(len(active), 1, func(lo, hi int) {
		var sam sampler
		for r := lo; r < hi; r++ {
			s := active[r]
			ids[r] = sam.next(logits[r*V:(r+1)*V], s.history, o, s.number, len(s.out.Response))
		}
	})
	temperature := o.Temperature
	if temperature == 0 {
		temperature = 1
	}
	n := len(active)
	logp, lse := make([]float32, n), make([]float32, n)
	g.rt.Team.LogProbRows(logp, nil, lse, logits, ids, n, V, 1/float32(temperature))
	for r, s := range active {
		s.history = append(s.history, ids[r])
		s.out.Response = append(s.out.Response, ids[r])
		s.out.LogProb = append(s.out.LogProb, logp[r])
		if each != nil {
			each(s.index, ids[r])
		}
	}
	return nil
}

func (g *Generator) feed(active []*sequence) (*program, error) {
	r := batch.Ragged{Offsets: []int32{0}}
	var last []int32
	caches := make([][]*kernel.Cache, len(active))
	for i, s := range active {
		for ; s.fed < len(s.history); s.fed++ {
			r.Tokens = append(r.Tokens, s.history[s.fed])
			r.Positions = append(r.Positions, int32(s.fed))
		}
		r.Offsets = append(r.Offsets, int32(len(r.Tokens)))
		last = append(last, int32(len(r.Tokens)-1))
		caches[i] = s.caches
	}
	p, err := g.program(len(r.Tokens), len(active))
	if err != nil {
		return nil, err
	}
	p.in.Caches.Seqs = caches
	if err := errors.Join(p.in.Set(&r), p.last.Set(last)); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return p, p.run.Run()
}

func (g *Generator) program(tokens, seqs int) (*program, error) {
	key := [2]int{engine.Bucket(tokens), engine.Bucket(seqs)}
	if p := g.progs[key]; p != nil {
		return p, nil
	}
	b := engine.NewBuilder(g.rt, engine.Forward)
	p := &program{in: models.NewInputs(key[0], key[1])}
	p.in.Caches = &engine.Caches{}
	p.last = engine.NewInts(engine.NewAxis("sequences", key[1]))
	w, bias := g.dec.Head()
	p.logits = b.Linear(b.Gather(g.dec.Hidden(b, p.in, g.opts), p.last), w, bias)
	run, err := b.Build(engine.Node{}, p.logits)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	p.run = run
	g.progs[key] = p
	return p, nil
}
