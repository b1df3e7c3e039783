package powercut

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// survivor is a store that was opened after a power cut, and what must be in it.
type survivor struct {
	*ledger
	s   *store.Store
	rng *rand.Rand

	mu     sync.Mutex
	faults []string
}

func (v *survivor) fault(faults ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, faults...)
}

func (v *survivor) must(err error, what string) bool {
	if err != nil {
		v.fault(what + ": " + err.Error())
	}
	return err == nil
}

// examine opens the store in a directory, compares it with a ledger, lets everybody go
// on from where they stood, and compares again. anchor is an earlier head of the store's
// log, or empty; head is the one found. Faults that say that something is gone begin
// with "lost".
func examine(ctx context.Context, dir string, l *ledger, anchor string, rng *rand.Rand) (head string, faults []string) {
	v := &survivor{ledger: l, rng: rng}
	s, err := v.open(ctx, filepath.Join(dir, database))
	if !v.must(err, "lost: store") {
		return "", v.faults
	}
	v.s = s
	head = v.audit(ctx, anchor)
	if l.prepared { // else there may be no project yet
		v.compare(ctx)
	}
	v.goOn(ctx)
	v.compare(ctx)
	v.audit(ctx, head)
	v.must(s.Close(), "close")
	return head, v.faults
}

// open finds the store, or makes it where nobody was told yet that it is there.
func (v *survivor) open(ctx context.Context, path string) (*store.Store, error) {
	if v.prepared {
		return store.Open(ctx, path, store.Options{})
	}
	return store.Create(ctx, path, store.Options{})
}

func (v *survivor) audit(ctx context.Context, anchor string) (head string) {
	a, err := v.s.Audit(ctx, anchor)
	v.must(err, "audit")
	for _, f := range a.Faults {
		v.fault("audit: " + f)
	}
	return a.Head
}

func (v *survivor) compare(ctx context.Context) {
	c, err := read(ctx, v.s)
	if v.must(err, "lost: reading") {
		v.fault(v.ledger.compare(c)...)
	}
}

func read(ctx context.Context, s *store.Store) (c contents, err error) {
	c.handles = map[int64]string{}
	people, err1 := s.Annotators(ctx)
	for _, a := range people {
		c.handles[a.ID] = a.Handle
	}
	var err2, err3 error
	c.slots, err2 = s.Slots(ctx, project)
	c.skips, err3 = s.Skips(ctx, project)
	for j, err := range s.Judged(ctx, project) {
		if err != nil {
			return c, err
		}
		c.judged = append(c.judged, j)
	}
	return c, errors.Join(err1, err2, err3)
}

// goOn prepares the store as its owner would who was not told that it is prepared, and
// lets every annotator come back.
func (v *survivor) goOn(ctx context.Context) {
	who, added, err := prepare(ctx, v.s)
	if !v.must(err, "prepare") {
		return
	}
	if added > 0 && v.prepared {
		v.fault(fmt.Sprintf("lost: %d items", added))
	}
	v.prepared = true
	for _, n := range v.acked() {
		if v.rng.IntN(50) == 0 {
			v.must(v.s.Submit(ctx, *n.Submit), "lost: acknowledged, and sent again")
		}
	}
	stood := maps.Clone(v.stands)
	var all sync.WaitGroup
	for _, id := range who {
		w := worker{notes: v, s: v.s, who: id, r: rand.New(rand.NewPCG(v.rng.Uint64(), 0))}
		all.Go(func() { v.must(v.comeBack(ctx, w, stood[id]), fmt.Sprintf("annotator %d goes on", id)) })
	}
	all.Wait()
}

// comeBack sends again what had no answer, or takes up what was held, and works on.
func (v *survivor) comeBack(ctx context.Context, w worker, was standing) error {
	var asked note
	if was.asked != nil {
		asked = *was.asked
	}
	switch asked.Op {
	case opSubmit, opSkip:
		if err := askAgain(ctx, w, asked); err != nil {
			return err
		}
	case opRelease: // may be done
	default:
		if was.holds != nil {
			return v.takeUp(ctx, w, *was.holds, asked)
		}
	}
	return w.turn(ctx)
}

// askAgain notes what was asked for as granted, so that it is looked for.
func askAgain(ctx context.Context, w worker, n note) (err error) {
	if n.Op == opSubmit {
		err = w.s.Submit(ctx, *n.Submit)
	} else if err = w.s.Skip(ctx, n.Lease, skipReason); errors.Is(err, labeling.ErrLeaseLost) {
		err = nil // with the skip that was done
	}
	if err != nil {
		return fmt.Errorf("%s again: %w", n.Op, err)
	}
	n.Acked = true
	return w.write(n)
}

// takeUp claims what was held: it is the same item, as it was shown, with the last
// draft, or the one that had no answer.
func (v *survivor) takeUp(ctx context.Context, w worker, held, asked note) error {
	a, err := w.claim(ctx)
	if err != nil {
		return fmt.Errorf("lost: item %d, which was held: %w", held.Item, err)
	}
	if a.Lease.Slot != held.Lease.Slot || !slices.Equal(a.Shown, held.Shown) {
		v.fault(fmt.Sprintf("lost: slot %d, held by annotator %d: got slot %d", held.Lease.Slot, w.who, a.Lease.Slot))
	}
	if !reflect.DeepEqual(a.Draft, held.Draft) && (asked.Op != opDraft || !reflect.DeepEqual(a.Draft, asked.Draft)) {
		v.fault(fmt.Sprintf("lost: draft of item %d by annotator %d: got %+v, want %+v", a.Item.ID, w.who, a.Draft, held.Draft))
	}
	return w.judge(ctx, a)
}
