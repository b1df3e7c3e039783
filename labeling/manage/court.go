package manage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"plumbline/labeling"
)

// Bench hands the disputes of a project to adjudicators, so that no two of those who sit
// at it settle the same one at a time. Adjudicators of other processes do not know of it:
// there the later word counts.
type Bench struct {
	court   labeling.Court
	project string

	mu      sync.Mutex
	held    map[int64]hold // by item
	dockets map[int64]*docket
}

// hold says who is at a dispute.
type hold struct {
	by    int64
	until time.Time
}

// NewBench is the bench of a project.
func NewBench(court labeling.Court, project string) *Bench {
	return &Bench{court: court, project: project, held: map[int64]hold{}, dockets: map[int64]*docket{}}
}

// Docket is the disputes as a queue for one adjudicator, to be shown as work is: what is
// submitted is a final word, a skipped item does not come again, and what was settled can
// be corrected. It lasts as long as the bench, drafts too: whoever comes back gets it as
// it was.
func (b *Bench) Docket(adjudicator int64) labeling.Queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.dockets[adjudicator]
	if !ok {
		d = &docket{
			bench: b, adjudicator: adjudicator,
			skipped: map[int64]bool{}, drafts: map[int64]labeling.Answer{}, shown: map[int64]labeling.Assignment{},
		}
		b.dockets[adjudicator] = d
	}
	return d
}

// take makes an item the adjudicator's for a while, unless another one is at it.
func (b *Bench) take(item, adjudicator int64, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if h, ok := b.held[item]; ok && h.by != adjudicator && now.Before(h.until) {
		return false
	}
	b.held[item] = hold{adjudicator, now.Add(d)}
	return true
}

func (b *Bench) leave(item, adjudicator int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held[item].by == adjudicator {
		delete(b.held, item)
	}
}

type docket struct {
	bench       *Bench
	adjudicator int64

	mu      sync.Mutex
	skipped map[int64]bool
	drafts  map[int64]labeling.Answer
	shown   map[int64]labeling.Assignment
	settled []settled // the oldest first; a correction takes the place of what it corrects
}

// settled is a final word that was given.
type settled struct {
	work labeling.Assignment
	word labeling.Judgement
}

// Claim is the first dispute that nobody else is at.
func (d *docket) Claim(ctx context.Context, r labeling.ClaimRequest) (labeling.Assignment, error) {
	for j, err := range d.bench.court.Disputes(ctx, d.bench.project) {
		switch {
		case err != nil:
			return labeling.Assignment{}, err
		case d.isSkipped(j.Item.ID), !d.bench.take(j.Item.ID, d.adjudicator, r.For):
			continue
		}
		return d.assign(j, r.For), nil
	}
	return labeling.Assignment{}, labeling.ErrNoWork
}

func (d *docket) isSkipped(item int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.skipped[item]
}

// assign shows a dispute as its first annotator saw it, with what all of them said.
func (d *docket) assign(j labeling.JudgedItem, lease time.Duration) labeling.Assignment {
	a := labeling.Assignment{
		Lease: labeling.Lease{Slot: j.Item.ID, Annotator: d.adjudicator, Token: labeling.NewID(), Until: time.Now().Add(lease)},
		Item:  j.Item, Phase: labeling.PhaseWork,
	}
	for _, c := range j.Item.Candidates {
		a.Shown = append(a.Shown, c.ID)
	}
	for i, g := range j.Judgements {
		if i == 0 {
			a.Shown = g.Shown
		}
		if g.Current {
			a.Votes = append(a.Votes, g.Answer)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if draft, ok := d.drafts[j.Item.ID]; ok {
		a.Draft = &draft
	}
	d.shown[j.Item.ID] = a
	return a
}

// Renew implements labeling.Queue.
func (d *docket) Renew(_ context.Context, l labeling.Lease, more time.Duration) error {
	if !d.bench.take(l.Slot, d.adjudicator, more) {
		return labeling.ErrLeaseLost
	}
	return nil
}

// Release implements labeling.Queue.
func (d *docket) Release(_ context.Context, l labeling.Lease) error {
	d.bench.leave(l.Slot, d.adjudicator)
	return nil
}

// SaveDraft implements labeling.Queue.
func (d *docket) SaveDraft(_ context.Context, l labeling.Lease, a labeling.Answer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drafts[l.Slot] = a
	return nil
}

// Submit stores a final word. One that corrects another replaces it.
func (d *docket) Submit(ctx context.Context, s labeling.Submission) error {
	err := d.bench.court.Adjudicate(ctx, labeling.Adjudication{
		ID: s.ID, ItemID: s.Lease.Slot, Annotator: d.adjudicator, Answer: s.Answer, At: s.At,
	})
	if err != nil {
		return err
	}
	d.bench.leave(s.Lease.Slot, d.adjudicator)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.drafts, s.Lease.Slot)
	word := labeling.Judgement{ID: s.ID, ItemID: s.Lease.Slot, Answer: s.Answer, At: s.At, Supersedes: s.Supersedes, Current: true}
	for i := range d.settled {
		if d.settled[i].word.ItemID == word.ItemID {
			d.settled[i].word = word
			return nil
		}
	}
	d.settled = append(d.settled, settled{d.shown[word.ItemID], word})
	return nil
}

// Skip leaves a dispute to others.
func (d *docket) Skip(_ context.Context, l labeling.Lease, _ string) error {
	d.bench.leave(l.Slot, d.adjudicator)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.skipped[l.Slot] = true
	return nil
}

// Last is the final word given last but back others.
func (d *docket) Last(_ context.Context, _ string, _ int64, back int) (labeling.Assignment, labeling.Judgement, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := len(d.settled) - 1 - back
	if i < 0 {
		return labeling.Assignment{}, labeling.Judgement{}, labeling.ErrNotFound
	}
	x := d.settled[i]
	x.work.Lease.Token = ""
	return x.work, x.word, nil
}

// Progress counts what was settled with this docket, and with it what is in dispute still.
func (d *docket) Progress(ctx context.Context, _ string, _ int64) (labeling.Progress, error) {
	d.mu.Lock()
	p := labeling.Progress{Mine: len(d.settled), Done: len(d.settled), Wanted: len(d.settled), Skipped: len(d.skipped)}
	d.mu.Unlock()
	for _, err := range d.bench.court.Disputes(ctx, d.bench.project) {
		if err != nil {
			return p, err
		}
		p.Wanted++
	}
	return p, nil
}

// CheckOut implements labeling.Queue: disputes are settled where all can see it.
func (d *docket) CheckOut(context.Context, labeling.ClaimRequest, int) ([]labeling.Assignment, error) {
	return nil, fmt.Errorf("labeling/manage: disputes: %w", errors.ErrUnsupported)
}
