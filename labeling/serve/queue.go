package serve

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"plumbline/labeling"
)

// queue is the store's queue as one annotator's session sees it: what is done is
// counted, and nobody submits faster than they may.
type queue struct {
	labeling.Queue
	m    *metrics
	pace *rate.Limiter
}

// Claim implements labeling.Queue.
func (q *queue) Claim(ctx context.Context, r labeling.ClaimRequest) (labeling.Assignment, error) {
	a, err := q.Queue.Claim(ctx, r)
	return a, q.note("claim", err)
}

// Submit implements labeling.Queue.
func (q *queue) Submit(ctx context.Context, s labeling.Submission) error {
	if err := q.pace.Wait(ctx); err != nil {
		return err
	}
	begin := time.Now()
	if err := q.Queue.Submit(ctx, s); err != nil {
		return q.note("submit", err)
	}
	q.m.submit.Observe(time.Since(begin).Seconds())
	q.m.judgements.Inc()
	return nil
}

// Skip implements labeling.Queue.
func (q *queue) Skip(ctx context.Context, l labeling.Lease, reason string) error {
	if err := q.Queue.Skip(ctx, l, reason); err != nil {
		return q.note("skip", err)
	}
	q.m.skips.Inc()
	return nil
}

// SaveDraft implements labeling.Queue.
func (q *queue) SaveDraft(ctx context.Context, l labeling.Lease, a labeling.Answer) error {
	return q.note("draft", q.Queue.SaveDraft(ctx, l, a))
}

// Renew implements labeling.Queue.
func (q *queue) Renew(ctx context.Context, l labeling.Lease, d time.Duration) error {
	return q.note("renew", q.Queue.Renew(ctx, l, d))
}

// note counts an error that is not an answer.
func (q *queue) note(operation string, err error) error {
	for _, answer := range []error{nil, labeling.ErrNoWork, labeling.ErrLeaseLost, labeling.ErrConflict, labeling.ErrNotFound, labeling.ErrNotActive, context.Canceled} {
		if errors.Is(err, answer) {
			return err
		}
	}
	q.m.storeErrors.WithLabelValues(operation).Inc()
	return err
}
