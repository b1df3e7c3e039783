package ppo

import (
	"context"
	"fmt"
	"math"

	"plumbline/internal/batch"
	"plumbline/internal/engine"
	"plumbline/internal/train"
)

// improvePolicy makes the optimiser steps of an update and adds their figures, means
// over the steps made. drift is that of the last minibatch looked at.
func (t *Trainer) improvePolicy(ctx context.Context, e *experience, step int, m train.Metrics) error {
	var sum policyStep
	steps, lr := 0, t.c.At(step, t.c.Updates)
	defer func() { t.policyFigures(m, sum, steps, lr) }()
	for epoch := range t.c.Epochs {
		for i, ids := range t.minibatches(step, epoch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := t.policyGradient(e, ids, ((step-1)*t.c.Epochs+epoch)*t.c.Minibatches+i+1)
			if err != nil {
				return err
			}
			m["drift"] = s.Drift
			if steps == 0 {
				if m["logprob_mismatch"] = s.mismatch; s.mismatch != 0 {
					return fmt.Errorf("ppo: sampler and trainer disagree before the first step: max |log π_sampler - log π_trainer| is %g nats, want exactly 0", s.mismatch)
				}
			}
			if t.c.EarlyStopKL > 0 && s.Drift > t.c.EarlyStopKL {
				zeroGrads(t.policyOpt.Params())
				return nil
			}
			if s.gradNorm, err = t.policyOpt.Update(lr); err != nil {
				return err
			}
			sum.add(s)
			steps++
		}
	}
	return nil
}

// policyStep is what one optimiser step of the policy shows.
type policyStep struct {
	PolicyStats
	loss, ptx, gradNorm, mismatch float64
}

func (s *policyStep) add(o policyStep) {
	s.ClipFrac += o.ClipFrac
	s.Entropy += o.Entropy
	s.loss += o.loss
	s.ptx += o.ptx
	s.gradNorm += o.gradNorm
}

func (t *Trainer) policyFigures(m train.Metrics, sum policyStep, steps int, lr float64) {
	n := float64(max(1, steps))
	m["lr"], m["policy_steps"] = lr, float64(steps)
	m["policy_loss"], m["entropy"], m["clip_frac"], m["grad_norm"] = sum.loss/n, sum.Entropy/n, sum.ClipFrac/n, sum.gradNorm/n
	if t.c.PTXCoef > 0 {
		m["ptx_loss"] = sum.ptx / n
	}
}

// policyGradient adds the gradient of one minibatch, and of pretraining text, to the
// policy. nth counts the optimiser steps of the whole run.
func (t *Trainer) policyGradient(e *experience, ids []int, nth int) (s policyStep, err error) {
	parts, err := t.pack(e.rollouts, ids)
	if err != nil {
		return s, err
	}
	window := len(rowsOf(e.logprob, ids))
	for _, p := range parts {
		o := &t.policy.objective
		o.ClipRange, o.EntropyCoef, o.Window = t.c.ClipRange, t.c.EntropyCoef, window
		o.Old, o.Advantage = rowsOf(e.logprob, p.ids), rowsOf(e.advantage, p.ids)
		loss, err := t.policy.learn(p.ragged)
		if err != nil {
			return s, err
		}
		s.loss += loss
		s.mismatch = max(s.mismatch, t.policy.mismatch)
	}
	s.PolicyStats = t.policy.objective.Reset()
	if math.IsNaN(s.loss) || math.IsInf(s.loss, 0) {
		return s, fmt.Errorf("ppo: the policy's loss is %v: lower lr or clip_range", s.loss)
	}
	if t.c.PTXCoef > 0 {
		s.ptx, err = t.pretrain(nth)
	}
	return s, err
}

// pretrain adds the gradient of ptx_coef times the mean loss per token of the next
// ptx_batch_size sequences and returns that mean, in nats.
func (t *Trainer) pretrain(nth int) (float64, error) {
	ids := t.documents.Batch(nth, t.c.PTXBatchSize)
	lengths, scored := make([]int, len(ids)), 0
	for i, id := range ids {
		lengths[i] = len(t.Pretraining[id])
		scored += lengths[i] - 1
	}
	groups, err := train.Microbatches(lengths, t.c.MicroTokens)
	if err != nil {
		return 0, err
	}
	nats := 0.0
	for _, g := range groups {
		r := &batch.Ragged{}
		for _, i := range g {
			if err := r.Add(t.Pretraining[ids[i]], ones(lengths[i])); err != nil {
				return 0, err
			}
		}
		n, _, err := t.text.Learn(r, t.c.PTXCoef/float64(scored))
		if err != nil {
			return 0, err
		}
		nats += n
	}
	return nats / float64(scored), nil
}

func ones(n int) []float32 {
	mask := make([]float32, n)
	for i := range mask {
		mask[i] = 1
	}
	return mask
}

func zeroGrads(params []*engine.Param) {
	for _, p := range params {
		p.ZeroGrad()
	}
}

// improveCritic makes the optimiser steps of an update on the same minibatches, and
// adds value_loss, the mean over them.
func (t *Trainer) improveCritic(ctx context.Context, e *experience, step int, m train.Metrics) error {
	schedule := t.c.Schedule
	schedule.LR = t.c.CriticLR
	lr := schedule.At(step, t.c.Updates)
	loss, norms, n := 0.0, 0.0, float64(t.c.Epochs*t.c.Minibatches)
	for epoch := range t.c.Epochs {
		for _, ids := range t.minibatches(step, epoch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			l, err := t.criticGradient(e, ids)
			if err != nil {
				return err
			}
			norm, err := t.criticOpt.Update(lr)
			if err != nil {
				return err
			}
			loss += l
			norms += norm
		}
	}
	m["value_loss"], m["critic_grad_norm"], m["critic_lr"] = loss/n, norms/n, lr
	return nil
}

func (t *Trainer) criticGradient(e *experience, ids []int) (loss float64, err error) {
	parts, err := t.pack(e.rollouts, ids)
	if err != nil {
		return 0, err
	}
	window := len(rowsOf(e.value, ids))
	for _, p := range parts {
		o := ValueObjective{ClipRange: t.c.ValueClip, Old: rowsOf(e.value, p.ids), Return: rowsOf(e.ret, p.ids), Window: window}
		rows, _ := p.ragged.Predicted()
		l, err := t.Critic.Learn(p.ragged, rows, o.Loss)
		if err != nil {
			return 0, err
		}
		loss += l
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, fmt.Errorf("ppo: the critic's loss is %v: lower critic_lr", loss)
	}
	return loss, nil
}
