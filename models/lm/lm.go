// Package lm is a decoder at work as a language model over ragged batches: the
// training loss with its gradient, and the log-probabilities of given tokens. Graphs
// are made once per bucket of sizes and kept.
package lm

import (
	"errors"
	"fmt"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
)

// Model runs one decoder. It is not safe for concurrent use.
type Model struct {
	rt          *engine.Runtime
	dec         *models.Decoder
	opts        models.Options
	graphs      map[size]*graph
	temperature float32 // read by the scoring graphs when they run
}

// size is what a graph is made for: its mode, and the most tokens, sequences and
// predicted positions.
type size struct {
	mode                    engine.Mode
	tokens, seqs, predicted int
}

type graph struct {
	in            *models.Inputs
	rows, targets *engine.Ints
	weights       *engine.Floats
	logprob       engine.Node
	run           *engine.Program
}

// New makes a model of dec; o holds for all its graphs.
func New(rt *engine.Runtime, dec *models.Decoder, o models.Options) *Model {
	return &Model{rt: rt, dec: dec, opts: o, graphs: map[size]*graph{}}
}

// Decoder is the decoder that the model runs.
func (m *Model) Decoder() *models.Decoder { return m.dec }

// Learn adds the gradient of weight·Σ -log p(token) over the masked tokens of r to
// the decoder's parameters and returns Σ -log p(token), in nats, with the number of
// tokens summed. Give weight = 1/(masked tokens of the whole accumulation window). A
// batch with nothing to predict is an error.
func (m *Model) Learn(r *batch.Ragged, weight float64) (nats float64, tokens int, err error) {
	g, n, err := m.load(engine.Train, r)
	if err != nil {
		return 0, 0, fmt.Errorf("lm: learn: %w", err)
	}
	if n == 0 {
		return 0, 0, fmt.Errorf("lm: learn: got %d tokens, none of them to predict", r.Len())
	}
	weights := make([]float32, n)
	for i := range weights {
		weights[i] = float32(weight)
	}
	if err := g.weights.Set(weights); err != nil {
		return 0, 0, err
	}
	if err := g.run.Run(); err != nil {
		return 0, 0, err
	}
	return g.run.Loss() / float64(float32(weight)), n, nil
}

// LogProbs is log p of every masked token of r given its predecessors, in nats and
// in the order of the batch, with logits divided by temperature > 0.
func (m *Model) LogProbs(r *batch.Ragged, temperature float64) ([]float32, error) {
	g, n, err := m.load(engine.Forward, r)
	if err != nil {
		return nil, fmt.Errorf("lm: log-probs: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	m.temperature = float32(temperature)
	if err := g.run.Run(); err != nil {
		return nil, err
	}
	return append([]float32(nil), g.run.Value(g.logprob)...), nil
}

// load puts r into a graph that is large enough; n is how many tokens it predicts.
func (m *Model) load(mode engine.Mode, r *batch.Ragged) (g *graph, n int, err error) {
	rows, targets := r.Predicted()
	if len(rows) == 0 {
		return nil, 0, nil
	}
	g, err = m.graph(size{mode, engine.Bucket(r.Len()), engine.Bucket(r.Seqs()), engine.Bucket(len(rows))})
	if err != nil {
		return nil, 0, err
	}
	return g, len(rows), errors.Join(g.in.Set(r), g.rows.Set(rows), g.targets.Set(targets))
}

func (m *Model) graph(s size) (*graph, error) {
	if g := m.graphs[s]; g != nil {
		return g, nil
	}
	axis := engine.NewAxis("predicted tokens", s.predicted)
	g := &graph{
		in:   models.NewInputs(s.tokens, s.seqs),
		rows: engine.NewInts(axis), targets: engine.NewInts(axis), weights: engine.NewFloats(axis),
	}
	b := engine.NewBuilder(m.rt, s.mode)
	w, bias := m.dec.Head()
	h := b.Gather(m.dec.Hidden(b, g.in, m.opts), g.rows)
	var err error
	if s.mode == engine.Train {
		g.run, err = b.Build(b.CrossEntropy(h, w, bias, g.targets, g.weights))
	} else {
		g.logprob = b.TokenLogProb(h, w, bias, g.targets, &m.temperature, false)
		g.run, err = b.Build(engine.Node{}, g.logprob)
	}
	if err != nil {
		return nil, err
	}
	m.graphs[s] = g
	return g, nil
}
