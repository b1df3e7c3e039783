package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// Request says what is taken along.
type Request struct {
	Project   string        // empty: the only one
	Annotator string        // enrolled already
	Items     int           // at most so many
	For       time.Duration // until the leases lapse
}

// Checkout says what was taken along.
type Checkout struct {
	Path      string    `json:"path"`
	Project   string    `json:"project"`
	Annotator string    `json:"annotator"`
	Items     int       `json:"items"`
	Until     time.Time `json:"until"` // when the leases lapse
}

// CheckOut leases items to an annotator and writes them to a store of their own, a new
// file that appears whole or not at all; if that fails the leases are given back. After
// a crash in between they lapse, or a manager gives them back. ErrNotFound for who is not
// enrolled, ErrNotActive, ErrNoWork.
func CheckOut(ctx context.Context, from labeling.Store, r Request, path string) (out Checkout, err error) {
	if err := r.check(path); err != nil {
		return out, err
	}
	p, err := from.Project(ctx, r.Project)
	if err != nil {
		return out, err
	}
	who, err := enrolled(ctx, from, r.Annotator)
	if err != nil {
		return out, err
	}
	work, err := from.CheckOut(ctx, labeling.ClaimRequest{Project: p.Name, Annotator: who.ID, For: r.For}, r.Items)
	if err != nil {
		return out, err
	}
	if err := writeFile(ctx, path, p, who.Handle, work); err != nil {
		return out, errors.Join(err, giveBack(ctx, from, work))
	}
	out = Checkout{Path: path, Project: p.Name, Annotator: who.Handle, Items: len(work), Until: work[0].Lease.Until}
	return out, nil
}

func (r Request) check(path string) error {
	if r.Items < 1 || r.For <= 0 {
		return fmt.Errorf("labeling/offline: check out: got %d items for %v, want ≥ 1 for > 0", r.Items, r.For)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("labeling/offline: check out: %s is there already: hand it in, or name another file", path), err)
	}
	return nil
}

// enrolled finds an annotator by handle.
func enrolled(ctx context.Context, s labeling.Store, handle string) (labeling.Annotator, error) {
	all, err := s.Annotators(ctx)
	if err != nil {
		return labeling.Annotator{}, err
	}
	for _, a := range all {
		if a.Handle == handle {
			return a, nil
		}
	}
	return labeling.Annotator{}, fmt.Errorf("labeling/offline: annotator %q: %w", handle, labeling.ErrNotFound)
}

func giveBack(ctx context.Context, s labeling.Store, work []labeling.Assignment) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, w := range work {
		errs = append(errs, s.Release(ctx, w.Lease))
	}
	return errors.Join(errs...)
}

// writeFile makes the store beside its final place and moves it there once it is whole.
func writeFile(ctx context.Context, path string, p labeling.Project, handle string, work []labeling.Assignment) (err error) {
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := errors.Join(os.RemoveAll(tmp), os.Mkdir(tmp, 0o700)); err != nil { // what a crash left
		return fmt.Errorf("labeling/offline: check out: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	made := filepath.Join(tmp, "work.db")
	s, err := store.Create(ctx, made, store.Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(fill(ctx, s, p, handle, work), s.Close()); err != nil {
		return err
	}
	return os.Rename(made, path)
}

// fill puts the leased items into a store, in the order they were leased.
func fill(ctx context.Context, to labeling.Store, p labeling.Project, handle string, work []labeling.Assignment) error {
	p.Overlap, p.Control = 1, labeling.Control{}
	if _, err := to.CreateProject(ctx, p); err != nil {
		return err
	}
	who, err := to.Enrol(ctx, labeling.Annotator{Handle: handle})
	if err != nil {
		return err
	}
	items := make([]labeling.Item, len(work))
	for i, w := range work {
		items[i] = copyOf(w, p.Seed)
	}
	if _, err := to.AddItems(ctx, p.Name, items); err != nil {
		return err
	}
	return takeDrafts(ctx, to, p.Name, who.ID, work)
}

// copyOf is an assignment as an item, its candidates in the order that makes the first
// slot of the item show them as they are to be shown.
func copyOf(w labeling.Assignment, seed uint64) labeling.Item {
	it := labeling.Item{Ref: itemTag(w.Lease), Prompt: w.Item.Prompt, Candidates: make([]labeling.Candidate, len(w.Shown))}
	places := make([]labeling.CandidateID, len(w.Shown))
	for i := range places {
		places[i] = labeling.CandidateID(i)
	}
	for at, place := range store.Sides(seed, it.Ref, 0, places) {
		c, _ := w.Item.Candidate(w.Shown[at])
		it.Candidates[place] = labeling.Candidate{Text: c.Text, Source: candidateTag(c.ID)}
	}
	return it
}

// takeDrafts takes along what the annotator had begun.
func takeDrafts(ctx context.Context, to labeling.Store, project string, annotator int64, work []labeling.Assignment) error {
	slots, err := to.Slots(ctx, project) // one for each item, in order
	if err != nil {
		return err
	}
	i := 0
	for j, err := range to.Judged(ctx, project) {
		if err != nil {
			return err
		}
		draft := work[i].Draft
		i++
		if draft == nil {
			continue
		}
		m, err := originals(j.Item)
		if err != nil {
			return err
		}
		err = withDraft(ctx, to, project, annotator, slots[i-1].ID, func(a labeling.Assignment) error {
			return to.SaveDraft(ctx, a.Lease, m.inverse().answer(*draft))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withDraft holds an open slot of a checkout while f reads or writes its draft.
func withDraft(ctx context.Context, s labeling.Store, project string, annotator, slot int64, f func(labeling.Assignment) error) error {
	a, err := s.Claim(ctx, labeling.ClaimRequest{Project: project, Annotator: annotator, For: time.Minute, Slot: slot})
	if err != nil {
		return err
	}
	return errors.Join(f(a), s.Release(ctx, a.Lease))
}
