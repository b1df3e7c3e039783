package simulate

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"plumbline/labeling"
)

// nap is how long, on the store's clock, the lease of a sleeper lasts.
const nap = 20 * time.Millisecond

// turn is one item in front of one annotator.
type turn struct {
	who     int
	work    labeling.Assignment
	begun   time.Duration // after Start, as the annotators count time
	seen    int           // how often the annotator had the item before
	handed  bool          // by the store, not dealt out: the same content may come twice
	rousing bool          // a sleeper is back at what they slept over
}

// turn lets the annotator do with the item what they are wont to: sleep over it, lose the
// connection and come back, answer, answer twice. asleep tells that nothing was answered.
func (r *runner) turn(ctx context.Context, t turn) (asleep bool, err error) {
	a := r.Annotators[t.who]
	m := moment{t: r.elapsed(a, t.begun), seen: t.seen}
	name := r.name(a, t.work.Item, m)
	habit := stream(name + " habits")
	sleeps, drops, resends := habit.Float64() < a.Sleeper, habit.Float64() < a.Disconnect, habit.Float64() < a.Duplicate
	if sleeps && !t.rousing {
		r.lapsed.Add(1)
		return true, r.store.Renew(ctx, t.work.Lease, nap)
	}
	o, err := r.judge(a, r.project.Task, t.work, r.utility, m)
	if err != nil {
		return false, err
	}
	if drops {
		if t.work, err = r.reconnect(ctx, t, o.answer); err != nil {
			return false, err
		}
	}
	if t.handed {
		name += fmt.Sprintf(" slot %d", t.work.Lease.Slot)
	}
	s := labeling.Submission{
		ID: labeling.DerivedID(name), Lease: t.work.Lease, Answer: o.answer, Active: o.took, Wall: o.took, At: r.Start.Add(t.begun + o.took),
	}
	if err := r.store.Submit(ctx, s); err != nil {
		return false, err
	}
	r.judged.Add(1)
	if o.right {
		r.right.Add(1)
	}
	if resends {
		r.resent.Add(1)
		err = r.store.Submit(ctx, s)
	}
	return false, err
}

// alone is how long an annotator would need for n items by themselves: twice their
// median seconds for each.
func alone(a Annotator, n float64) time.Duration {
	return time.Duration(n * 2 * a.Seconds * float64(time.Second))
}

// elapsed is how far through the project's time an annotator is, from 0 to 1.
func (r *runner) elapsed(a Annotator, begun time.Duration) float64 {
	return min(1, float64(begun)/float64(alone(a, float64(max(1, r.items)))))
}

// reconnect is a connection that breaks with the answer on the screen: whoever comes
// back finds the same item, and on it what they had entered.
func (r *runner) reconnect(ctx context.Context, t turn, entered labeling.Answer) (labeling.Assignment, error) {
	if err := r.store.SaveDraft(ctx, t.work.Lease, entered); err != nil {
		return t.work, err
	}
	ask := labeling.ClaimRequest{Project: r.project.Name, Annotator: r.ids[t.who], For: lease}
	if !t.handed {
		ask.Slot = t.work.Lease.Slot // a sleeper may hold others
	}
	again, err := r.store.Claim(ctx, ask)
	if err != nil {
		return t.work, err
	}
	r.reconnected.Add(1)
	if again.Lease.Slot != t.work.Lease.Slot || again.Draft == nil || !reflect.DeepEqual(*again.Draft, entered) {
		return again, fmt.Errorf("labeling/simulate: reconnect: got slot %d with draft %v, want slot %d with %v", again.Lease.Slot, again.Draft, t.work.Lease.Slot, entered)
	}
	return again, nil
}
