package reward

import (
	"errors"
	"fmt"
	"math"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/random"
	"plumbline/models"
)

// Network is a decoder with a linear head that gives one number per token: a reward
// model read at the last token, or a critic read at every one. Graphs are made once
// per bucket of sizes and kept. It is not safe for concurrent use.
type Network struct {
	Decoder *models.Decoder
	Head    *engine.Param // [1, d]
	Bias    *engine.Param // [1], or nil

	rt     *engine.Runtime
	opts   models.Options
	graphs map[size]*graph
	loss   engine.LossFunc // of the run under way
}

// size is what a graph is made for: its mode, and the most tokens, sequences and
// values.
type size struct {
	mode                 engine.Mode
	tokens, seqs, values int
}

type graph struct {
	in    *models.Inputs
	rows  *engine.Ints
	value engine.Node
	run   *engine.Program
}

// NewHead makes the head of a decoder of width d: normal of deviation 1/√(d+1), so
// that scores of normed states start near deviation 1 (Stiennon et al. 2020). A weight
// is a function of (seed, its index).
func NewHead(width int, seed uint64) *engine.Param {
	head := engine.NewParam("score", 1, width)
	rng := random.New(seed, random.Key("reward.head"))
	for i := range head.Data {
		head.Data[i] = float32(rng.NormFloat64() / math.Sqrt(float64(width+1)))
	}
	head.Changed()
	return head
}

// NewNetwork joins a decoder, a head and, if it is not nil, a bias.
func NewNetwork(rt *engine.Runtime, dec *models.Decoder, head, bias *engine.Param, o models.Options) *Network {
	return &Network{Decoder: dec, Head: head, Bias: bias, rt: rt, opts: o, graphs: map[size]*graph{}}
}

// AddLoRA gives the decoder adapters and freezes what they adapt; the head stays as it
// is. See models.Decoder.AddLoRA.
func (n *Network) AddLoRA(l models.LoRA, seed uint64) error {
	clear(n.graphs) // they were built without
	return n.Decoder.AddLoRA(l, seed)
}

// Trainable are the parameters that are not frozen, the head's last.
func (n *Network) Trainable() []*engine.Param {
	params := append(n.Decoder.Trainable(), n.Head)
	if n.Bias != nil {
		params = append(params, n.Bias)
	}
	return params
}

// Values reads the network at the given rows of the batch's tokens.
func (n *Network) Values(r *batch.Ragged, rows []int32) ([]float32, error) {
	g, err := n.load(engine.Forward, r, rows)
	if err != nil {
		return nil, err
	}
	if err := g.run.Run(); err != nil {
		return nil, err
	}
	return append([]float32(nil), g.run.Value(g.value)...), nil
}

// Learn adds the gradient of a loss of the values [len(rows), 1] at the given rows and
// returns the loss.
func (n *Network) Learn(r *batch.Ragged, rows []int32, loss engine.LossFunc) (float64, error) {
	g, err := n.load(engine.Train, r, rows)
	if err != nil {
		return 0, err
	}
	n.loss = loss
	if err := g.run.Run(); err != nil {
		return 0, err
	}
	return g.run.Loss(), nil
}

// load puts a batch into a graph that is large enough.
func (n *Network) load(mode engine.Mode, r *batch.Ragged, rows []int32) (*graph, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("reward: network: got no rows to read in a batch of %d tokens, want ≥ 1", r.Len())
	}
	g, err := n.graph(size{mode, engine.Bucket(r.Len()), engine.Bucket(r.Seqs()), engine.Bucket(len(rows))})
	if err != nil {
		return nil, err
	}
	return g, errors.Join(g.in.Set(r), g.rows.Set(rows))
}

func (n *Network) graph(s size) (*graph, error) {
	if g := n.graphs[s]; g != nil {
		return g, nil
	}
	g := &graph{in: models.NewInputs(s.tokens, s.seqs), rows: engine.NewInts(engine.NewAxis("values", s.values))}
	b := engine.NewBuilder(n.rt, s.mode)
	g.value = b.Linear(b.Gather(n.Decoder.Hidden(b, g.in, n.opts), g.rows), n.Head, n.Bias)
	var err error
	if s.mode == engine.Train {
		loss := b.Loss("value", func(in, grad [][]float32) (float64, error) { return n.loss(in, grad) }, g.value)
		g.run, err = b.Build(loss)
	} else {
		g.run, err = b.Build(engine.Node{}, g.value)
	}
	if err != nil {
		return nil, fmt.Errorf("reward: network: %w", err)
	}
	n.graphs[s] = g
	return g, nil
}
