package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plumbline/labeling"
)

// judgeRest lets everybody take what the store hands out, one after the other by the
// annotators' own clocks, until nobody gets any more.
func (r *runner) judgeRest(ctx context.Context) error {
	q := r.newRest()
	for {
		who, ok := q.next()
		if !ok && q.asleep == 0 {
			return r.countOpen(ctx)
		}
		if !ok { // what sleepers hold is free by and by
			if err := q.wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err := r.judgeNext(ctx, q, who); err != nil {
			return err
		}
	}
}

func (r *runner) judgeNext(ctx context.Context, q *rest, who int) error {
	w, err := r.store.Claim(ctx, labeling.ClaimRequest{Project: r.project.Name, Annotator: r.ids[who], For: lease})
	switch {
	case errors.Is(err, labeling.ErrNoWork):
		q.idle[who] = true
		return nil
	case errors.Is(err, labeling.ErrNotActive):
		q.gone[who] = true
		r.stopped++
		return nil
	case err != nil:
		return err
	}
	name := r.name(r.Annotators[who], w.Item, moment{})
	key := fmt.Sprintf("%d %s", who, name)
	t := turn{who: who, work: w, begun: q.clock[who], seen: q.seen[key], handed: true, rousing: q.slept[w.Lease.Slot] == who+1}
	asleep, err := r.turn(ctx, t)
	if err != nil {
		return err
	}
	q.clock[who] += q.step[who]
	if asleep {
		q.slept[w.Lease.Slot] = who + 1
		q.clock[who] += 9 * q.step[who]
		q.asleep++
		return nil
	}
	q.seen[key]++
	return nil
}

// countOpen counts what nobody of the crowd may judge.
func (r *runner) countOpen(ctx context.Context) error {
	p, err := r.store.Progress(ctx, r.project.Name, r.ids[0])
	if err != nil {
		return err
	}
	r.open.Store(int64(p.Wanted - p.Done))
	return nil
}

// rest is who is to be handed an item next.
type rest struct {
	clock, step []time.Duration // by annotator
	idle, gone  []bool          // had nothing to judge the last time; may not judge
	asleep      int             // leases that lapse by themselves
	slept       map[int64]int   // slot -> 1 + the annotator who slept over it
	seen        map[string]int  // annotator and item -> times judged
}

// newRest starts everybody's clock at 0, or where the shares ended, and lets each take as
// long for their part of the project as all of it would take one alone.
func (r *runner) newRest() *rest {
	n := len(r.Annotators)
	q := &rest{
		clock: make([]time.Duration, n), step: make([]time.Duration, n), idle: make([]bool, n), gone: make([]bool, n),
		asleep: int(r.lapsed.Load()), slept: map[int64]int{}, seen: map[string]int{},
	}
	for i, a := range r.Annotators {
		q.step[i] = alone(a, float64(n)/float64(r.project.Overlap))
		if q.asleep > 0 {
			q.clock[i] = alone(a, float64(r.items))
		}
	}
	return q
}

// next is the earliest of those who are at work; ok is false where nobody is.
func (q *rest) next() (who int, ok bool) {
	for i := range q.clock {
		if !q.idle[i] && !q.gone[i] && (!ok || q.clock[i] < q.clock[who]) {
			who, ok = i, true
		}
	}
	return who, ok
}

// wait until the leases of all sleepers have lapsed, and call everybody back.
func (q *rest) wait(ctx context.Context) error {
	select {
	case <-time.After(2 * nap):
	case <-ctx.Done():
		return ctx.Err()
	}
	q.asleep = 0
	clear(q.idle)
	return nil
}
