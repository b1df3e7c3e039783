package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"plumbline/internal/engine"
	"plumbline/internal/kernel"
	"plumbline/internal/random"
	"plumbline/models"
	"plumbline/models/checkpoint"
	"plumbline/sft"
)

// TrainOptions say what is trained.
type TrainOptions struct {
	Arch       string
	Batch      int  // sequences per step
	Length     int  // tokens of each, ≥ 2
	Steps      int  // timed ones; one more comes before
	Threads    int  // 0 = all cores
	Checkpoint bool // recompute activations
}

// Validate reports every fault.
func (o TrainOptions) Validate() error {
	s, err := Arch(o.Arch)
	errs := []error{err}
	if err == nil {
		errs = append(errs, within("length", o.Length, 2, s.Context))
	}
	return errors.Join(append(errs, within("batch", o.Batch, 1, 1<<16), within("steps", o.Steps, 1, 1<<20), within("threads", o.Threads, 0, 1<<16))...)
}

func within(key string, got, low, high int) error {
	if got < low || got > high {
		return fmt.Errorf("%s: got %d, want %d to %d", key, got, low, high)
	}
	return nil
}

// Speed is what training and decoding have in common.
type Speed struct {
	Arch      string  `json:"arch"`
	Params    int     `json:"params"`
	Batch     int     `json:"batch"`
	Length    int     `json:"length"`
	Steps     int     `json:"steps"`
	TokS      float64 `json:"tok_s"`  // of the median step
	StepS     float64 `json:"step_s"` // median
	BestStepS float64 `json:"best_step_s"`
	GFLOPS    float64 `json:"gflops"`      // of the median step, by formula
	Peak      float64 `json:"peak_gflops"` // multiply-adds out of registers
	Share     float64 `json:"share"`       // of the peak
	CPUShare  float64 `json:"cpu_share"`   // of the threads' time that the system gave; below .9 it is too busy to measure
	PeakRSSMB float64 `json:"peak_rss_mb"` // of the process; this and cpu_share are 0 where the system does not tell
	ISA       string  `json:"isa"`
	Threads   int     `json:"threads"`
}

// Train measures optimiser steps, forward, backward and AdamW, on random tokens.
func Train(ctx context.Context, o TrainOptions) (Speed, error) {
	if err := o.Validate(); err != nil {
		return Speed{}, fmt.Errorf("bench: %w", err)
	}
	spec := archs[o.Arch]
	rt := engine.NewRuntime(o.Threads)
	defer rt.Close()
	m, err := checkpoint.New(spec, 1)
	if err != nil {
		return Speed{}, err
	}
	c := sft.DefaultConfig()
	c.Steps, c.BatchSize, c.MicroTokens, c.Checkpoint = o.Steps+1, o.Batch, o.Batch*o.Length, o.Checkpoint
	t, err := sft.New(rt, m, randomSequences(spec.Vocab, o.Batch, o.Length), nil, c, "bench", 1)
	if err != nil {
		return Speed{}, err
	}
	r := newSpeed(o.Arch, spec, rt, o.Batch, o.Length)
	var at []moment
	for step := 1; step <= c.Steps; step++ {
		if _, err := t.Step(ctx, step); err != nil {
			return Speed{}, err
		}
		at = append(at, now())
	}
	r.finish(at, o.Batch*o.Length, TrainFLOP(spec, o.Batch, o.Length))
	return r, nil
}

// randomSequences are n sequences of random tokens, to be learnt whole.
func randomSequences(vocab, n, length int) []sft.Sequence {
	seqs := make([]sft.Sequence, n)
	for i := range seqs {
		seqs[i] = sft.Document(randomTokens(vocab, length, uint64(i)), length)[0]
	}
	return seqs
}

func randomTokens(vocab, n int, key uint64) []int32 {
	r := random.New(1, random.Key("bench"), key)
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(r.IntN(vocab))
	}
	return ids
}

// peakSeconds is how long the peak is measured, before and after.
const peakSeconds = .3

func newSpeed(arch string, spec models.Spec, rt *engine.Runtime, batch, length int) Speed {
	threads := rt.Team.Size()
	return Speed{
		Arch: arch, Params: spec.Size(), Batch: batch, Length: length, ISA: kernel.Active(), Threads: threads,
		Peak: kernel.PeakFMA(threads, peakSeconds),
	}
}

// moment is the end of a step.
type moment struct {
	time time.Time
	cpu  time.Duration // of the process until then
}

func now() moment {
	_, cpu := usage()
	return moment{time.Now(), cpu}
}

// finish sums up steps of so many tokens and operations each; the first moment is the end
// of the last step that is not timed.
func (r *Speed) finish(at []moment, tokens int, flop float64) {
	var took []time.Duration
	for i := 1; i < len(at); i++ {
		took = append(took, at[i].time.Sub(at[i-1].time))
	}
	slices.Sort(took)
	last := at[len(at)-1]
	r.Steps = len(took)
	r.StepS, r.BestStepS = took[len(took)/2].Seconds(), took[0].Seconds()
	r.TokS = float64(tokens) / r.StepS
	r.GFLOPS = flop / r.StepS / 1e9
	r.Peak = max(r.Peak, kernel.PeakFMA(r.Threads, peakSeconds))
	r.Share = r.GFLOPS / r.Peak
	r.CPUShare = (last.cpu - at[0].cpu).Seconds() / last.time.Sub(at[0].time).Seconds() / float64(r.Threads)
	rss, _ := usage()
	r.PeakRSSMB = rss / 1e6
}
