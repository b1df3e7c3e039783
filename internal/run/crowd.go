package run

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"plumbline/labeling"
	"plumbline/labeling/simulate"
	"plumbline/reward/scorers"
)

// Simulate lets simulated annotators judge by what truth says of a response. Where truth
// fails they stop, and nothing is stored that it did not say.
func Simulate(ctx context.Context, s labeling.Store, c simulate.Config, truth scorers.Scorer) (simulate.Report, error) {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var one sync.Mutex // a scorer may be a program: one question at a time
	report, err := simulate.Run(working, s, c, func(prompt, text string) float64 {
		one.Lock()
		defer one.Unlock()
		u, err := truth.Score(working, []string{prompt}, []string{text})
		if err != nil {
			stop(err)
			return 0
		}
		return u[0]
	})
	if cause := context.Cause(working); cause != nil && ctx.Err() == nil {
		err = cause // not that the work was cancelled, which it caused
	}
	return report, err
}

// SimulateBy is Simulate with a scorer by name. A reward model is no truth.
func SimulateBy(ctx context.Context, s labeling.Store, c simulate.Config, by ScorerSpec) (r simulate.Report, err error) {
	if by.Reward != "" {
		return r, fmt.Errorf("run: simulate: got %s, want a scorer of texts", by)
	}
	truth, err := scorers.New(by.Scorer)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, scorers.Close(truth)) }()
	return Simulate(ctx, s, c, truth)
}
