package simulate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/labeling"
)

// lease is how long a slot is kept for an annotator that was killed.
const lease = 10 * time.Minute

// Report says what a run did.
type Report struct {
	Judged int `json:"judged"` // by this run
	Right  int `json:"right"`  // of those, how many prefer the better candidate
	Before int `json:"before"` // slots of these annotators judged by an earlier run
	Open   int `json:"open"`   // slots left, because others hold them or nobody may judge them

	Lapsed      int `json:"lapsed,omitempty"`      // leases that a sleeper let lapse
	Reconnected int `json:"reconnected,omitempty"` // items gone on with after a disconnect
	Resent      int `json:"resent,omitempty"`      // answers sent twice
	Stopped     int `json:"stopped,omitempty"`     // annotators who may not work any more: they failed the test, or were paused
}

// Run judges every slot of a project that nobody else has judged or holds, and needs
// as many annotators as the project's overlap. A run cut short is simply repeated.
//
// Slots are dealt out beforehand, but where the project watches its annotators with
// gold, repeats or a test: there everybody takes what the store hands out next, in an
// order of their own. So they do with what sleepers left.
func Run(ctx context.Context, s labeling.Store, c Config, u Utility) (Report, error) {
	if err := c.Validate(); err != nil {
		return Report{}, err
	}
	p, err := s.Project(ctx, c.Project)
	if err != nil {
		return Report{}, err
	}
	if len(c.Annotators) < p.Overlap {
		return Report{}, fmt.Errorf("labeling/simulate: annotators: got %d, want ≥ %d, the project's overlap", len(c.Annotators), p.Overlap)
	}
	r := runner{Config: c, store: s, project: p, utility: u}
	if err := r.enrol(ctx); err != nil {
		return Report{}, err
	}
	shares, err := r.share(ctx)
	if err != nil {
		return Report{}, err
	}
	watched := p.Control != labeling.Control{}
	if !watched {
		err = r.judgeShares(ctx, shares)
	}
	if err == nil && (watched || r.lapsed.Load() > 0) {
		err = r.judgeRest(ctx)
	}
	return r.report(), err
}

type runner struct {
	Config
	store   labeling.Store
	project labeling.Project
	utility Utility
	ids     []int64 // of the annotators
	items   int     // of the project

	judged, right, open, lapsed, reconnected, resent atomic.Int64
	before, stopped                                  int
}

func (r *runner) report() Report {
	return Report{
		Judged: int(r.judged.Load()), Right: int(r.right.Load()), Before: r.before, Open: int(r.open.Load()),
		Lapsed: int(r.lapsed.Load()), Reconnected: int(r.reconnected.Load()), Resent: int(r.resent.Load()), Stopped: r.stopped,
	}
}

// enrol makes the annotators known; those who are new are tested first where the project
// tests.
func (r *runner) enrol(ctx context.Context) error {
	for _, a := range r.Annotators {
		e, err := r.store.Enrol(ctx, labeling.Annotator{Handle: a.Handle, Simulated: true, Status: r.project.Control.NewStatus()})
		if err != nil {
			return err
		}
		r.ids = append(r.ids, e.ID)
	}
	return nil
}

// task is a slot that one annotator is to judge; rank is the item's place in the project.
type task struct {
	slot int64
	rank int
}

// share deals out the slots: per item, the k-th slot that no stranger has goes to the
// k-th annotator in an order drawn from the seed and the item. It does not depend on
// what was judged by earlier runs.
func (r *runner) share(ctx context.Context) ([][]task, error) {
	slots, err := r.store.Slots(ctx, r.project.Name)
	if err != nil {
		return nil, err
	}
	shares := make([][]task, len(r.Annotators))
	for j, err := range r.store.Judged(ctx, r.project.Name) {
		if err != nil {
			return nil, err
		}
		order := r.order(j.Item.Ref)
		for ; len(slots) > 0 && slots[0].ItemID == j.Item.ID; slots = slots[1:] {
			if j.Item.Kind != labeling.KindTask {
				continue
			}
			if who, ok := r.take(slots[0], &order); ok {
				shares[who] = append(shares[who], task{slots[0].ID, r.items})
			}
		}
		if j.Item.Kind == labeling.KindTask {
			r.items++
		}
	}
	return shares, nil
}

// take decides about one slot; ok means that it is still to be judged.
func (r *runner) take(s labeling.Slot, order *[]int) (who int, ok bool) {
	if s.State != labeling.SlotOpen && !slices.Contains(r.ids, s.Annotator) {
		if s.State == labeling.SlotLeased {
			r.open.Add(1)
		}
		return 0, false
	}
	who, *order = (*order)[0], (*order)[1:]
	if s.State == labeling.SlotDone {
		r.before++
		return 0, false
	}
	return who, true
}

// order is the annotators by a hash of the seed, the item and their handle.
func (r *runner) order(ref string) []int {
	keys := make([][sha256.Size]byte, len(r.Annotators))
	out := make([]int, len(r.Annotators))
	for i, a := range r.Annotators {
		keys[i] = sha256.Sum256(fmt.Appendf(nil, "order %d %q %q", r.Seed, ref, a.Handle))
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return bytes.Compare(keys[a][:], keys[b][:]) })
	return out
}

// judgeShares lets everybody judge what was dealt to them, at once.
func (r *runner) judgeShares(ctx context.Context, shares [][]task) error {
	g, ctx := errgroup.WithContext(ctx)
	for who, tasks := range shares {
		g.Go(func() error { return r.judgeShare(ctx, who, tasks) })
	}
	return g.Wait()
}

func (r *runner) judgeShare(ctx context.Context, who int, tasks []task) error {
	for _, t := range tasks {
		w, err := r.store.Claim(ctx, labeling.ClaimRequest{Project: r.project.Name, Annotator: r.ids[who], For: lease, Slot: t.slot})
		if errors.Is(err, labeling.ErrNoWork) { // a person was faster
			r.open.Add(1)
			continue
		}
		if err != nil {
			return err
		}
		begun := alone(r.Annotators[who], float64(t.rank))
		if _, err := r.turn(ctx, turn{who: who, work: w, begun: begun}); err != nil {
			return err
		}
	}
	return nil
}
