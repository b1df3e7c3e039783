package sft

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/train"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/models/lm"
)

// Trainer makes the steps of a train.Loop.
type Trainer struct {
	c     Config
	model *checkpoint.Model
	lm    *lm.Model
	opt   *engine.AdamW
	order *train.Order
	train []Sequence
	held  []Sequence
}

var (
	_ train.Trainer   = (*Trainer)(nil)
	_ train.Evaluator = (*Trainer)(nil)
)

// New prepares to train m on sequences; held are for evaluation and may be empty. With
// LoRA, adapters are added to the decoder, whose base is then frozen. stage and seed
// decide the order of the data and the adapters' initial weights.
func New(rt *engine.Runtime, m *checkpoint.Model, learn, held []Sequence, c Config, stage string, seed uint64) (*Trainer, error) {
	if err := errors.Join(c.Validate(), c.LoRA.Validate()); err != nil {
		return nil, fmt.Errorf("sft: %w", err)
	}
	if len(learn) == 0 {
		return nil, fmt.Errorf("sft: got no sequences to learn from, want ≥ 1")
	}
	for i, s := range slices.Concat(learn, held) {
		if err := s.fits(c.MicroTokens, m.Decoder.Spec.Vocab); err != nil {
			return nil, fmt.Errorf("sft: sequence %d: %w", i, err)
		}
	}
	order, err := train.NewOrder(seed, stage, len(learn))
	if err != nil {
		return nil, err
	}
	if c.LoRA.Rank > 0 {
		if err := m.Decoder.AddLoRA(c.LoRA, seed); err != nil {
			return nil, err
		}
	}
	return &Trainer{
		c: c, model: m, order: order, train: learn, held: held,
		lm:  lm.New(rt, m.Decoder, models.Options{Checkpoint: c.Checkpoint}),
		opt: c.OptimizerConfig.New(rt, m.Decoder.Trainable()),
	}, nil
}

// Step learns from the next batch_size sequences.
func (t *Trainer) Step(ctx context.Context, step int) (train.Metrics, error) {
	batches, scored, err := t.window(t.order.Batch(step, t.c.BatchSize))
	if err != nil {
		return nil, err
	}
	nats, tokens := 0.0, 0
	for _, r := range batches {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, _, err := t.lm.Learn(r, 1/float64(scored))
		if err != nil {
			return nil, err
		}
		nats += n
		tokens += r.Len()
	}
	if loss := nats / float64(scored); math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil, fmt.Errorf("sft: the loss is %v: lower lr or warm up longer", loss)
	}
	lr := t.c.At(step, t.c.Steps)
	norm, err := t.opt.Update(lr)
	if err != nil {
		return nil, err
	}
	return train.Metrics{"loss": nats / float64(scored), "lr": lr, "grad_norm": norm, "tokens": float64(tokens), "scored": float64(scored)}, nil
}

// window is the micro-batches of one step and the number of tokens that they score.
func (t *Trainer) window(ids []int) ([]*batch.Ragged, int, error) {
	seqs := make([]Sequence, len(ids))
	for i, id := range ids {
		seqs[i] = t.train[id]
	}
	return Pack(seqs, t.c.MicroTokens)
}

// Evaluate measures the held-out sequences: eval_loss, nats per scored token, and
// eval_ppl, its exponential. It changes nothing.
func (t *Trainer) Evaluate(_ context.Context, _ int) (train.Metrics, error) {
	if len(t.held) == 0 {
		return train.Metrics{}, nil
	}
	loss, err := Loss(t.lm, t.held, t.c.MicroTokens)
	if err != nil {
		return nil, err
	}
	return train.Metrics{"eval_loss": loss, "eval_ppl": math.Exp(loss)}, nil
}

// Loss is the mean of -log p over the scored tokens of seqs, in nats.
func Loss(m *lm.Model, seqs []Sequence, microTokens int) (float64, error) {
	batches, scored, err := Pack(seqs, microTokens)
	if err != nil {
		return 0, err
	}
	nats := 0.0
	for _, r := range batches {
		logp, err := m.LogProbs(r, 1)
		if err != nil {
			return 0, err
		}
		for _, p := range logp {
			nats -= float64(p)
		}
	}
	return nats / float64(scored), nil
}
