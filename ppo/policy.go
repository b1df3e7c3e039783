package ppo

import (
	"errors"
	"fmt"
	"math"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/models"
)

// policy is the decoder that is trained, as PPO's loss sees it.
type policy struct {
	rt          *engine.Runtime
	dec         *models.Decoder
	opts        models.Options
	temperature float32
	graphs      map[size]*policyGraph

	objective PolicyObjective // set before each run
	mismatch  float64         // largest |log π - log π_old| of the last run
}

// size is the most tokens, sequences and response tokens of a graph.
type size struct{ tokens, seqs, scored int }

type policyGraph struct {
	in            *models.Inputs
	rows, targets *engine.Ints
	run           *engine.Program
}

// learn adds the gradient of the objective over the masked tokens of r and returns its
// loss.
func (p *policy) learn(r *batch.Ragged) (float64, error) {
	rows, targets := r.Predicted()
	g, err := p.graph(size{engine.Bucket(r.Len()), engine.Bucket(r.Seqs()), engine.Bucket(len(rows))})
	if err != nil {
		return 0, err
	}
	if err := errors.Join(g.in.Set(r), g.rows.Set(rows), g.targets.Set(targets)); err != nil {
		return 0, fmt.Errorf("ppo: policy: %w", err)
	}
	if err := g.run.Run(); err != nil {
		return 0, err
	}
	return g.run.Loss(), nil
}

func (p *policy) graph(s size) (*policyGraph, error) {
	if g := p.graphs[s]; g != nil {
		return g, nil
	}
	axis := engine.NewAxis("response tokens", s.scored)
	g := &policyGraph{in: models.NewInputs(s.tokens, s.seqs), rows: engine.NewInts(axis), targets: engine.NewInts(axis)}
	b := engine.NewBuilder(p.rt, engine.Train)
	w, bias := p.dec.Head()
	h := b.Gather(p.dec.Hidden(b, g.in, p.opts), g.rows)
	loss := b.Loss("ppo", p.loss, b.TokenLogProb(h, w, bias, g.targets, &p.temperature, true))
	var err error
	if g.run, err = b.Build(loss); err != nil {
		return nil, fmt.Errorf("ppo: policy: %w", err)
	}
	p.graphs[s] = g
	return g, nil
}

// loss is the objective, and compares the log-probs with those of the sampler.
func (p *policy) loss(in, grad [][]float32) (float64, error) {
	l, err := p.objective.Loss(in, grad)
	if err != nil {
		return 0, err
	}
	p.mismatch = 0
	for t, old := range p.objective.Old {
		p.mismatch = max(p.mismatch, math.Abs(float64(in[0][2*t])-old))
	}
	return l, nil
}
