package offline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"plumbline/labeling"
)

// Checkin says what became of a checkout.
type Checkin struct {
	Annotator string    `json:"annotator"`
	Judged    int       `json:"judged"`    // handed in now
	Corrected int       `json:"corrected"` // of them corrections of judgements
	Skipped   int       `json:"skipped"`   // handed in now
	Drafts    int       `json:"drafts"`    // carried over
	Before    int       `json:"before"`    // judgements and skips handed in before
	Open      int       `json:"open"`      // items that nothing was decided about
	KeptOut   []KeptOut `json:"kept_out,omitempty"`
	Guideline bool      `json:"guideline_changed,omitempty"` // since the checkout: its judgements count under the new version
}

// KeptOut is an item whose answer was not taken.
type KeptOut struct {
	Item string `json:"item"`
	Why  string `json:"why"`
}

// CheckIn hands in what was judged in a checkout: judgements and corrections under the
// ids they have there, skips with their reasons, drafts. Again it changes nothing. Items
// that somebody else has by now are kept out and named. With giveBack the items not yet
// decided about go back to the others, else they stay leased until the lease lapses.
// A work that is no checkout, or one of another store, is an error, and so is one of who
// is paused or blocked: ErrNotActive. An error on the way leaves what was handed in, which
// the Checkin tells.
func CheckIn(ctx context.Context, to, work labeling.Store, giveBack bool) (Checkin, error) {
	c := &checkin{ctx: ctx, to: to, work: work, giveBack: giveBack}
	if err := c.prepare(); err != nil {
		return Checkin{}, err
	}
	slots, err := work.Slots(ctx, c.project)
	if err != nil {
		return c.out, err
	}
	bySlot := map[int64]labeling.Slot{} // of the checkout, by item
	for _, s := range slots {
		bySlot[s.ItemID] = s
	}
	for j, err := range work.Judged(ctx, c.project) {
		if err != nil {
			return c.out, err
		}
		if err := c.item(j, bySlot[j.Item.ID]); err != nil {
			return c.out, fmt.Errorf("labeling/offline: check in: item %q: %w", c.name(j.Item), err)
		}
	}
	return c.out, nil
}

// checkin is a check-in under way.
type checkin struct {
	ctx      context.Context
	to, work labeling.Store
	giveBack bool
	project  string
	mine     labeling.Annotator                     // in the checkout
	who      labeling.Annotator                     // in the store
	skips    map[int64]string                       // reasons, by item of the checkout
	known    map[string]bool                        // judgements that the store has of the annotator
	skipped  map[int64]bool                         // items of the store that the annotator skipped
	source   map[labeling.CandidateID]labeling.Item // items of the store by candidate
	out      Checkin
}

// prepare reads from both stores what deciding about an item needs.
func (c *checkin) prepare() error {
	handle, ok, err := Annotator(c.ctx, c.work)
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("labeling/offline: check in: got a store that is no checkout; plumb label checkout makes one")
	}
	if c.mine, err = enrolled(c.ctx, c.work, handle); err != nil {
		return err
	}
	if c.who, err = enrolled(c.ctx, c.to, handle); err != nil {
		return err
	}
	if st := c.who.Status; st == labeling.StatusPaused || st == labeling.StatusBlocked {
		return fmt.Errorf("labeling/offline: check in: %s: %w: %s, and what they held was given back", handle, labeling.ErrNotActive, st)
	}
	c.out.Annotator = handle
	p, err := c.work.Project(c.ctx, "")
	if err != nil {
		return err
	}
	q, err := c.to.Project(c.ctx, p.Name)
	if err != nil {
		return err
	}
	c.project, c.out.Guideline = p.Name, p.Guideline != q.Guideline
	if err := c.readSkips(); err != nil {
		return err
	}
	return c.readSource()
}

func (c *checkin) readSkips() error {
	mine, err := c.work.Skips(c.ctx, c.project)
	if err != nil {
		return err
	}
	c.skips = map[int64]string{}
	for _, k := range mine {
		if k.Annotator == c.mine.Handle {
			c.skips[k.ItemID] = k.Reason
		}
	}
	there, err := c.to.Skips(c.ctx, c.project)
	c.skipped = map[int64]bool{}
	for _, k := range there {
		if k.Annotator == c.who.Handle {
			c.skipped[k.ItemID] = true
		}
	}
	return err
}

func (c *checkin) readSource() error {
	c.known, c.source = map[string]bool{}, map[labeling.CandidateID]labeling.Item{}
	for j, err := range c.to.Judged(c.ctx, c.project) {
		if err != nil {
			return err
		}
		for _, k := range j.Item.Candidates {
			c.source[k.ID] = j.Item
		}
		for _, g := range j.Judgements {
			if g.Annotator == c.who.Handle {
				c.known[g.ID] = true
			}
		}
	}
	return nil
}

// name is the item's in the store, for people.
func (c *checkin) name(copied labeling.Item) string {
	m, err := originals(copied)
	if err == nil {
		for _, id := range m {
			return c.source[id].Ref
		}
	}
	return copied.Ref
}

// item hands in one item of the checkout.
func (c *checkin) item(j labeling.JudgedItem, slot labeling.Slot) error {
	lease, err := leaseOf(j.Item, c.who.ID)
	if err != nil {
		return err
	}
	m, err := originals(j.Item)
	if err != nil {
		return err
	}
	if err := c.sameTexts(j.Item, m); err != nil {
		return err
	}
	reason, isSkipped := c.skips[j.Item.ID]
	switch {
	case len(j.Judgements) > 0:
		err = c.judgements(j, lease, m)
	case isSkipped:
		err = c.skip(lease, m, reason)
	default:
		c.out.Open++
		err = c.open(lease, m, slot)
	}
	if errors.Is(err, labeling.ErrLeaseLost) {
		return c.lost(j.Item, lease)
	}
	return err
}

// sameTexts finds a checkout of another store: its numbers mean other texts.
func (c *checkin) sameTexts(it labeling.Item, m ids) error {
	for _, k := range it.Candidates {
		original, _ := c.source[m[k.ID]].Candidate(m[k.ID])
		if original.Text != k.Text {
			return errors.New("its texts are not those of this store: the checkout is of another one")
		}
	}
	return nil
}

func (c *checkin) judgements(j labeling.JudgedItem, l labeling.Lease, m ids) error {
	for _, g := range j.Judgements {
		if g.Annotator != c.mine.Handle {
			c.keepOut(j.Item, fmt.Sprintf("judged by %q, but checked out by %q", g.Annotator, c.mine.Handle))
			return nil
		}
		err := c.to.Submit(c.ctx, labeling.Submission{
			ID: g.ID, Lease: l, Answer: m.answer(g.Answer), Active: g.Active, Wall: g.Wall, At: g.At, Supersedes: g.Supersedes,
		})
		switch {
		case err != nil:
			return err
		case c.known[g.ID]:
			c.out.Before++
		default:
			c.out.Judged++
			if g.Supersedes != "" {
				c.out.Corrected++
			}
		}
	}
	return nil
}

func (c *checkin) skip(l labeling.Lease, m ids, reason string) error {
	for _, id := range m {
		if c.skipped[c.source[id].ID] {
			c.out.Before++
			return nil
		}
	}
	err := c.to.Skip(c.ctx, l, reason)
	if err == nil {
		c.out.Skipped++
	}
	return err
}

// open carries over the draft of an item that is not decided, unless it is on somebody's
// screen.
func (c *checkin) open(l labeling.Lease, m ids, slot labeling.Slot) error {
	if slot.State == labeling.SlotOpen {
		err := withDraft(c.ctx, c.work, c.project, c.mine.ID, slot.ID, func(a labeling.Assignment) error {
			if a.Draft == nil || a.Draft.Empty() {
				return nil
			}
			err := c.to.SaveDraft(c.ctx, l, m.answer(*a.Draft))
			if err == nil {
				c.out.Drafts++
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if !c.giveBack {
		return nil
	}
	return c.to.Release(c.ctx, l)
}

// lost says who has an item now.
func (c *checkin) lost(it labeling.Item, l labeling.Lease) error {
	slots, err := c.to.Slots(c.ctx, c.project)
	if err != nil {
		return err
	}
	people, err := c.to.Annotators(c.ctx)
	if err != nil {
		return err
	}
	why := "the lease was given back"
	if i := slices.IndexFunc(slots, func(s labeling.Slot) bool { return s.ID == l.Slot }); i >= 0 {
		for _, a := range people {
			if a.ID == slots[i].Annotator {
				why = fmt.Sprintf("the lease lapsed, and %q has the item", a.Handle)
			}
		}
	}
	c.keepOut(it, why)
	return nil
}

func (c *checkin) keepOut(it labeling.Item, why string) {
	c.out.KeptOut = append(c.out.KeptOut, KeptOut{Item: c.name(it), Why: why})
}
