package bench

import (
	"context"
	"errors"
	"fmt"

	"plumbline/internal/engine"
	"plumbline/models"
	"plumbline/models/generate"
)

// DecodeOptions say what is sampled.
type DecodeOptions struct {
	Arch    string
	Batch   int // sequences at a time
	Prompt  int // tokens of each prompt
	Steps   int // timed ones, a token of each sequence; two more come before
	Threads int // 0 = all cores
}

// Validate reports every fault.
func (o DecodeOptions) Validate() error {
	s, err := Arch(o.Arch)
	errs := []error{err, within("batch", o.Batch, 1, 1<<16), within("threads", o.Threads, 0, 1<<16)}
	if err == nil {
		errs = append(errs, within("prompt", o.Prompt, 1, s.Context-1), within("steps", o.Steps, 1, max(1, s.Context-o.Prompt-2)))
	}
	return errors.Join(errs...)
}

// Decode measures sampling with a KV cache: a step is one token of every sequence.
func Decode(ctx context.Context, o DecodeOptions) (Speed, error) {
	if err := o.Validate(); err != nil {
		return Speed{}, fmt.Errorf("bench: %w", err)
	}
	spec := archs[o.Arch]
	rt := engine.NewRuntime(o.Threads)
	defer rt.Close()
	dec, err := models.New(spec, 1)
	if err != nil {
		return Speed{}, err
	}
	prompts := make([][]int32, o.Batch)
	for i := range prompts {
		prompts[i] = randomTokens(spec.Vocab, o.Prompt, uint64(i))
	}
	r := newSpeed(o.Arch, spec, rt, o.Batch, o.Prompt)
	var at []moment
	each := func(i int, _ int32) {
		if i == o.Batch-1 {
			at = append(at, now())
		}
	}
	g := generate.New(rt, dec, models.Options{}, o.Batch)
	if _, err := g.Generate(ctx, prompts, generate.Options{MaxNew: o.Steps + 2, Temperature: 1, Seed: 1}, each); err != nil {
		return Speed{}, err
	}
	// The first step reads the prompts, the second builds its graph.
	r.finish(at[1:], o.Batch, decodeFLOP(spec, o.Batch, o.Prompt+2+o.Steps/2))
	return r, nil
}

// decodeFLOP is the operations of a step with so many tokens before each sequence's new
// one: what a longer forward pass has more.
func decodeFLOP(s models.Spec, batch, before int) float64 {
	return ForwardFLOP(s, batch, before+1, batch) - ForwardFLOP(s, batch, before, 0)
}
