package ppo

import (
	"context"
	"fmt"
	"math"

	"plumbline/internal/batch"
	"plumbline/internal/random"
	"plumbline/internal/train"
	"plumbline/models/generate"
)

// experience is N rollouts and what is known of them, row by row.
type experience struct {
	rollouts       []generate.Rollout
	score          []float64   // [N] as the scorer gave it
	logprob, ref   [][]float64 // [N][T] nats at the sampling temperature
	value          [][]float64 // [N][T] of the critic before each token
	advantage, ret [][]float64 // [N][T]
	reward         []float64   // [N] sum of the token rewards, β·KL in it
	tokens         int         // prompts and responses
}

// sample draws one response to each prompt, scores it and asks the reference. key
// decides the random numbers, with the place of the prompt in the list.
func (t *Trainer) sample(ctx context.Context, prompts []Prompt, key uint64) (*experience, error) {
	ids := make([][]int32, len(prompts))
	for i, p := range prompts {
		ids[i] = p.Tokens
	}
	rollouts, err := t.generator.Generate(ctx, ids, generate.Options{
		MaxNew: t.c.MaxNewTokens, Temperature: t.c.Temperature, Stop: t.Stop, Seed: key,
	}, nil)
	if err != nil {
		return nil, err
	}
	e := &experience{rollouts: rollouts}
	for _, r := range rollouts {
		e.logprob = append(e.logprob, widen(r.LogProb))
		e.tokens += len(r.Prompt) + len(r.Response)
	}
	if e.score, err = t.Score(ctx, rollouts); err != nil {
		return nil, err
	}
	if err := checkScores(e.score, len(rollouts)); err != nil {
		return nil, err
	}
	e.ref, err = t.perToken(rollouts, func(r *batch.Ragged) ([]float32, error) { return t.reference.LogProbs(r, t.c.Temperature) })
	return e, err
}

func checkScores(scores []float64, n int) error {
	if len(scores) != n {
		return fmt.Errorf("ppo: the scorer: got %d scores for %d rollouts", len(scores), n)
	}
	for i, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("ppo: the scorer: rollout %d: got score %v, want a finite number", i, s)
		}
	}
	return nil
}

// judge adds the critic's values and turns scores into advantages and returns.
func (t *Trainer) judge(e *experience) (err error) {
	e.value, err = t.perToken(e.rollouts, func(r *batch.Ragged) ([]float32, error) {
		rows, _ := r.Predicted() // the state before a token is the row before it
		return t.Critic.Values(r, rows)
	})
	if err != nil {
		return err
	}
	finished := make([]bool, len(e.rollouts))
	for i, r := range e.rollouts {
		finished[i] = r.Finished
	}
	scores, err := PenaliseUnfinished(e.score, finished, t.c.MissingEOSPenalty)
	if err != nil {
		return err
	}
	rewards := make([][]float64, len(scores))
	e.reward = make([]float64, len(scores))
	for i := range rewards {
		if rewards[i], err = TokenRewards(e.logprob[i], e.ref[i], scores[i], t.kl.Beta); err != nil {
			return err
		}
		for _, r := range rewards[i] {
			e.reward[i] += r
		}
	}
	e.advantage, e.ret, err = Advantages(rewards, e.value, t.c)
	return err
}

// perToken runs a model over the rollouts, in micro-batches, and cuts what it gives for
// the response tokens into rows.
func (t *Trainer) perToken(rollouts []generate.Rollout, run func(*batch.Ragged) ([]float32, error)) ([][]float64, error) {
	all := make([]int, len(rollouts))
	for i := range all {
		all[i] = i
	}
	parts, err := t.pack(rollouts, all)
	if err != nil {
		return nil, err
	}
	out := make([][]float64, 0, len(rollouts))
	for _, p := range parts {
		flat, err := run(p.ragged)
		if err != nil {
			return nil, err
		}
		for _, i := range p.ids {
			n := len(rollouts[i].Response)
			out = append(out, widen(flat[:n]))
			flat = flat[n:]
		}
	}
	return out, nil
}

// part is a micro-batch: rollouts by number, laid end to end, their responses masked.
type part struct {
	ids    []int
	ragged *batch.Ragged
}

// pack cuts the chosen rollouts, in order, into micro-batches.
func (t *Trainer) pack(rollouts []generate.Rollout, chosen []int) ([]part, error) {
	lengths := make([]int, len(chosen))
	for n, i := range chosen {
		lengths[n] = len(rollouts[i].Prompt) + len(rollouts[i].Response)
	}
	groups, err := train.Microbatches(lengths, t.c.MicroTokens)
	if err != nil {
		return nil, err
	}
	parts := make([]part, len(groups))
	for g, members := range groups {
		parts[g].ragged = &batch.Ragged{}
		for _, n := range members {
			r := rollouts[chosen[n]]
			mask := make([]float32, lengths[n])
			for i := len(r.Prompt); i < len(mask); i++ {
				mask[i] = 1
			}
			if err := parts[g].ragged.Add(sequence(r), mask); err != nil {
				return nil, err
			}
			parts[g].ids = append(parts[g].ids, chosen[n])
		}
	}
	return parts, nil
}

// minibatches deals the rollouts of an update out to the optimiser steps of one epoch.
func (t *Trainer) minibatches(step, epoch int) [][]int {
	n, m := t.c.Rollouts, t.c.Minibatches
	order := random.New(t.seed, random.Key(t.stage+"/minibatch"), uint64(step), uint64(epoch)).Perm(n)
	out := make([][]int, m)
	for i := range out {
		out[i] = order[i*n/m : (i+1)*n/m]
	}
	return out
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// rowsOf lays the rows of some rollouts end to end.
func rowsOf(rows [][]float64, ids []int) (flat []float64) {
	for _, i := range ids {
		flat = append(flat, rows[i]...)
	}
	return flat
}
