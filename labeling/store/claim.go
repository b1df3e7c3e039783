package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"plumbline/labeling"
)

// A claim is one UPDATE: between choosing a slot and taking it nobody comes. The
// parameters are ?1 annotator, ?2 lease end, ?3 token, ?4 project, ?5 the slot's new mode,
// and then, in the ways that need them, the time and the only slot that is wanted.
const (
	takeSlot = `UPDATE slot SET state = 'leased', annotator_id = ?1, lease_until = ?2, token = ?3,
			mode = CASE mode WHEN 'personal' THEN mode ELSE ?5 END
		WHERE id = (SELECT s.id FROM slot s WHERE {which} LIMIT 1 {lock}) RETURNING id, item_id, shown`

	isOwn    = `s.annotator_id = ?1 AND s.state = 'leased' AND {not by}s.project_id = ?4 AND NOT (s.mode = 'offline' AND s.lease_until >= {now}) {one} ORDER BY s.id`
	isDraft  = `s.id IN (SELECT o.id FROM draft d JOIN slot o ON o.item_id = d.item_id WHERE d.annotator_id = ?1) AND {not by}s.state = 'open' AND {not by}s.project_id = ?4 {fit} {one} ORDER BY s.id`
	isOpen   = `s.state = 'open' AND s.project_id = ?4 {fit} {one} ORDER BY s.priority DESC, s.n, s.id`
	isLapsed = `s.state = 'leased' AND s.project_id = ?4 AND s.lease_until < {now} AND s.mode <> 'personal' {fit} {one} ORDER BY s.lease_until, s.id`

	// Nobody gets an item twice, or one they skipped.
	mayJudge = `AND NOT EXISTS (SELECT 1 FROM slot x WHERE x.item_id = s.item_id AND x.annotator_id = ?1)
		AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.item_id = s.item_id AND k.annotator_id = ?1)`
)

// way is a way to come by a slot: by next the best one, by one that of ClaimRequest.Slot.
type way struct {
	next, one string
	timed     bool
}

// One's own slot is worth waiting for where another terminal is at it; of others there
// are more.
var (
	ownSlot    = newWay(isOwn, "{hold}")
	draftSlot  = newWay(isDraft, "{free}")
	openSlots  = newWay(isOpen, "{free}")
	lapsedSlot = newWay(isLapsed, "{free}")
)

func newWay(which, lock string) way {
	w := way{timed: strings.Contains(which, "{now}")}
	with := func(one string) string {
		inner := strings.NewReplacer("{fit}", mayJudge, "{one}", one, "{now}", "?6").Replace(which)
		return strings.NewReplacer("{which}", inner, "{lock}", lock).Replace(takeSlot)
	}
	w.next, w.one = with(""), with("AND s.id = ?6")
	if w.timed {
		w.one = with("AND s.id = ?7")
	}
	return w
}

// The modes of a slot.
const (
	modeWork     = "work"
	modePersonal = "personal"
	modeOffline  = "offline"
)

// claim is one annotator's request on its way.
type claim struct {
	*Store
	tx      *txn
	project labeling.Project
	id      int64 // of the project
	now     time.Time
	who     labeling.Annotator
	slot    int64 // the only one wanted, or 0
	lease   labeling.Lease
	shown   string
	item    int64
}

// Claim implements labeling.Queue.
func (s *Store) Claim(ctx context.Context, r labeling.ClaimRequest) (a labeling.Assignment, err error) {
	if r.For <= 0 {
		return a, fmt.Errorf("labeling/store: claim: for: got %v, want > 0", r.For)
	}
	name, err := s.projectName(ctx, r.Project)
	if err != nil {
		return a, err
	}
	var c claim
	err = s.update(ctx, "claim", func(tx *txn) error {
		if c, err = s.newClaim(tx, name, r); err != nil {
			return err
		}
		return c.next()
	})
	if err != nil {
		return a, err
	}
	err = s.snapshot(ctx, "claim", func(tx *txn) error {
		a, err = c.assignment(tx)
		return err
	})
	return a, err
}

func (s *Store) newClaim(tx *txn, project string, r labeling.ClaimRequest) (c claim, err error) {
	c = claim{Store: s, tx: tx, now: s.now(), slot: r.Slot}
	if c.project, c.id, err = findProject(tx, project); err != nil {
		return c, err
	}
	if c.who, err = holdAnnotator(tx, r.Annotator); err != nil {
		return c, err
	}
	if !working(c.who.Status) {
		return c, notActive(c.who)
	}
	c.lease = labeling.Lease{Annotator: r.Annotator, Token: uuid.NewString(), Until: c.now.Add(r.For)}
	return c, nil
}

// working tells whether somebody may be at it at all; the test comes before the work.
func working(s labeling.Status) bool {
	return s == labeling.StatusActive || s == labeling.StatusScreening
}

// next leases the next slot for the annotator.
func (c *claim) next() error {
	if c.slot != 0 && c.who.Status == labeling.StatusScreening {
		return notActive(c.who)
	}
	if got, err := c.take(ownSlot, modeWork); got || err != nil {
		return err
	}
	if c.who.Status == labeling.StatusScreening {
		if got, err := c.test(); got || err != nil {
			return err
		}
	}
	if c.slot == 0 {
		if got, err := c.take(draftSlot, modeWork); got || err != nil {
			return err
		}
		if got, err := c.check(); got || err != nil {
			return err
		}
	}
	return c.work(modeWork)
}

// work leases a slot that anybody may have: an open one, or one whose lease lapsed.
func (c *claim) work(mode string) error {
	if got, err := c.take(openSlots, mode); got || err != nil {
		return err
	}
	got, err := c.take(lapsedSlot, mode)
	if err == nil && !got {
		err = labeling.ErrNoWork
	}
	if err != nil {
		return err
	}
	c.tx.record(c.now, c.who.ID, kindSteal, c.lease.Slot, "")
	return nil
}

// take leases a slot if there is one to be had in that way.
func (c *claim) take(w way, mode string) (bool, error) {
	l := &c.lease
	statement, args := w.next, []any{l.Annotator, l.Until.UnixMilli(), l.Token, c.id, mode}
	if w.timed {
		args = append(args, c.now.UnixMilli())
	}
	if c.slot != 0 {
		statement, args = w.one, append(args, c.slot)
	}
	err := c.tx.QueryRow(statement, args...).Scan(&l.Slot, &c.item, &c.shown)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// notActive is the refusal of somebody who may not work now.
func notActive(who labeling.Annotator) error {
	return fmt.Errorf("%s: %w: %s", who.Handle, labeling.ErrNotActive, who.Status)
}

// assignment reads what was leased, as the annotator is to see it.
func (c *claim) assignment(tx *txn) (a labeling.Assignment, err error) {
	a.Lease = c.lease
	if a.Item, err = readItem(tx, c.item); err != nil {
		return a, err
	}
	a.Phase = phase(a.Item.Kind, c.who.Status)
	a.Item = unmarked(a.Item, a.Phase)
	if err := json.Unmarshal([]byte(c.shown), &a.Shown); err != nil {
		return a, err
	}
	a.Draft, err = readDraft(tx, c.who.ID, c.item, a.Shown)
	return a, err
}

// phase is what an item of some kind is to an annotator.
func phase(k labeling.ItemKind, status labeling.Status) labeling.Phase {
	switch {
	case k == labeling.KindTutorial:
		return labeling.PhaseTutorial
	case k == labeling.KindGold && status == labeling.StatusScreening:
		return labeling.PhaseScreening
	}
	return labeling.PhaseWork
}

// unmarked is an item without what an annotator must not see.
func unmarked(it labeling.Item, p labeling.Phase) labeling.Item {
	out := labeling.Item{ID: it.ID, Ref: it.Ref, Prompt: it.Prompt}
	if p == labeling.PhaseTutorial {
		out.Expected, out.Why = it.Expected, it.Why
	}
	for _, c := range it.Candidates {
		out.Candidates = append(out.Candidates, labeling.Candidate{ID: c.ID, Text: c.Text})
	}
	return out
}

func readDraft(tx *txn, annotator, item int64, shown []labeling.CandidateID) (*labeling.Answer, error) {
	var body string
	err := tx.QueryRow(`SELECT answer FROM draft WHERE annotator_id = ?1 AND item_id = ?2`, annotator, item).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := labeling.DecodeAnswer([]byte(body), shown)
	return &a, err
}

// held narrows a statement about a slot to the holder of the lease; the parameters
// ?1 to ?3 are those of leaseArgs.
const held = ` WHERE slot.id = ?1 AND slot.annotator_id = ?2 AND slot.token = ?3 AND slot.state = 'leased'`

func leaseArgs(l labeling.Lease, more ...any) []any {
	return append([]any{l.Slot, l.Annotator, l.Token}, more...)
}

const openSlot = `UPDATE slot SET state = 'open', annotator_id = NULL, lease_until = NULL, token = NULL, mode = 'work'`

// Renew implements labeling.Queue.
func (s *Store) Renew(ctx context.Context, l labeling.Lease, d time.Duration) error {
	return s.update(ctx, "renew", func(tx *txn) error {
		return must(tx.Exec(`UPDATE slot SET lease_until = ?4`+held, leaseArgs(l, s.now().Add(d).UnixMilli())...))
	})
}

// Release implements labeling.Queue.
func (s *Store) Release(ctx context.Context, l labeling.Lease) error {
	return s.update(ctx, "release", func(tx *txn) error {
		if _, err := tx.Exec(openSlot+held+` AND mode <> 'personal'`, leaseArgs(l)...); err != nil {
			return err
		}
		return lapsePersonal(tx, held+` AND mode = 'personal'`, leaseArgs(l)...)
	})
}

// lapsePersonal ends the leases of slots that nobody else may have: the annotator gets
// them back, with another token.
func lapsePersonal(tx *txn, where string, args ...any) error {
	_, err := tx.Exec(`UPDATE slot SET lease_until = 0, token = ?`+fmt.Sprint(len(args)+1)+where, append(args, uuid.NewString())...)
	return err
}

// must makes a statement that found no row ErrLeaseLost.
func must(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return labeling.ErrLeaseLost
}
