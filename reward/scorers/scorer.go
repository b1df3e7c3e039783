package scorers

import (
	"context"
	"fmt"
	"io"
	"math"
)

// Scorer says how good responses are. Score returns one finite score for each pair,
// in order; unequal lengths are an error. A Scorer that holds a process is an
// [io.Closer] too: call [Close] when done with any.
type Scorer interface {
	Score(ctx context.Context, prompts, responses []string) ([]float64, error)
	Name() string // for tables and errors
}

// Close ends what a scorer holds; most hold nothing.
func Close(s Scorer) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Func is a scorer that is a function of one pair.
type Func struct {
	Label string
	Of    func(prompt, response string) float64
}

// Name is the label.
func (f Func) Name() string { return f.Label }

// Score calls the function for every pair; a score that is not finite is an error.
func (f Func) Score(ctx context.Context, prompts, responses []string) ([]float64, error) {
	if err := paired(f.Label, prompts, responses); err != nil {
		return nil, err
	}
	scores := make([]float64, len(responses))
	for i := range scores {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("scorers: %s: %w", f.Label, err)
		}
		scores[i] = f.Of(prompts[i], responses[i])
	}
	return scores, checked(f.Label, scores, len(responses))
}

func paired(name string, prompts, responses []string) error {
	if len(prompts) != len(responses) {
		return fmt.Errorf("scorers: %s: got %d prompts and %d responses, want as many of each", name, len(prompts), len(responses))
	}
	return nil
}

// checked refuses scores that would poison a run.
func checked(name string, scores []float64, want int) error {
	if len(scores) != want {
		return fmt.Errorf("scorers: %s: got %d scores, want %d", name, len(scores), want)
	}
	for i, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("scorers: %s: response %d: got score %v, want a finite number", name, i+1, s)
		}
	}
	return nil
}
