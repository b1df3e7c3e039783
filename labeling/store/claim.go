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
// and then, where they are needed, the time and the only slot that is wanted.
const (
	takeSlot = `UPDATE slot SET state = 'leased', annotator_id = ?1, lease_until = ?2, token = ?3,
			mode = CASE mode WHEN 'personal' THEN mode ELSE ?5 END
		WHERE id = coalesce({ways}) RETURNING id, item_id, shown,
			(SELECT d.answer FROM draft d WHERE d.annotator_id = ?1 AND d.item_id = slot.item_id)`

	// One's own slot is worth waiting for where another terminal is at it; of others there
	// are more.
	isOwn    = `(SELECT s.id FROM slot s WHERE s.annotator_id = ?1 AND s.state = 'leased' AND {not by}s.project_id = ?4 AND NOT (s.mode = 'offline' AND s.lease_until >= {now}) {one} ORDER BY s.id LIMIT 1 {hold})`
	isDraft  = `(SELECT s.id FROM draft d CROSS JOIN slot s WHERE d.annotator_id = ?1 AND s.item_id = d.item_id AND {not by}s.state = 'open' AND {not by}s.project_id = ?4 {fit} {one} ORDER BY d.at DESC LIMIT 1 {free})`
	isOpen   = `(SELECT s.id FROM slot s WHERE s.state = 'open' AND s.project_id = ?4 {fit} {one} ORDER BY s.priority DESC, s.n, s.id LIMIT 1 {free})`
	isLapsed = `(SELECT s.id FROM slot s WHERE s.state = 'leased' AND s.project_id = ?4 AND s.lease_until < {now} AND s.mode <> 'personal' {fit} {one} ORDER BY s.lease_until, s.id LIMIT 1 {free})`

	// Nobody gets an item twice, or one they skipped. The OFFSET keeps PostgreSQL from
	// reading all that an annotator ever had, instead of looking the one item up.
	mayJudge = `AND NOT EXISTS (SELECT 1 FROM slot x WHERE x.item_id = s.item_id AND x.annotator_id = ?1 LIMIT 1 OFFSET 0)
		AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.item_id = s.item_id AND k.annotator_id = ?1 LIMIT 1 OFFSET 0)`
)

// way is a statement that takes the first slot to be had in some ways: next the best one,
// one that of ClaimRequest.Slot.
type way struct {
	next, one string
	timed     bool
}

var (
	ownSlot   = newWay(isOwn, "NULL")
	begunSlot = newWay(isOwn, isDraft)
	anySlot   = newWay(isOwn, isDraft, isOpen)
	openSlots = newWay(isOpen, "NULL")
	lapsed    = newWay(isLapsed, "NULL")
)

func newWay(ways ...string) way {
	all := strings.Join(ways, ",\n\t\t\t")
	w := way{timed: strings.Contains(all, "{now}")}
	with := func(one string) string {
		inner := strings.NewReplacer("{fit}", mayJudge, "{one}", one, "{now}", "?6").Replace(all)
		return strings.Replace(takeSlot, "{ways}", inner, 1)
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
	project *settings
	now     time.Time
	who     labeling.Annotator
	slot    int64 // the only one wanted, or 0
	lease   labeling.Lease
	item    int64
	shown   string
	draft   sql.NullString
}

// Claim implements labeling.Queue.
func (s *Store) Claim(ctx context.Context, r labeling.ClaimRequest) (a labeling.Assignment, err error) {
	if r.For <= 0 {
		return a, fmt.Errorf("labeling/store: claim: for: got %v, want > 0", r.For)
	}
	p, err := s.settings(ctx, r.Project)
	if err != nil {
		return a, err
	}
	var c claim
	err = s.claimLast(ctx, "claim", func(tx *txn) (err error) {
		if c, err = s.newClaim(tx, p, r); err != nil {
			return err
		}
		return c.next()
	})
	if err != nil {
		return a, err
	}
	return c.assignment(ctx)
}

func (s *Store) newClaim(tx *txn, p *settings, r labeling.ClaimRequest) (c claim, err error) {
	c = claim{Store: s, tx: tx, project: p, now: s.now(), slot: r.Slot}
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
	switch {
	case c.who.Status == labeling.StatusScreening:
		if c.slot != 0 {
			return notActive(c.who)
		}
		if got, err := c.take(ownSlot, modeWork); got || err != nil {
			return err
		}
		if got, err := c.test(); got || err != nil {
			return err
		}
	case c.slot == 0 && c.project.control.Gold+c.project.control.Repeats > 0:
		if got, err := c.take(begunSlot, modeWork); got || err != nil {
			return err
		}
		if got, err := c.check(); got || err != nil {
			return err
		}
	}
	return c.work(anySlot, modeWork)
}

// work leases a slot of the work in some way, or else one whose lease lapsed.
func (c *claim) work(w way, mode string) error {
	if got, err := c.take(w, mode); got || err != nil {
		return err
	}
	got, err := c.take(lapsed, mode)
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
	statement, args := w.next, []any{l.Annotator, l.Until.UnixMilli(), l.Token, c.project.id, mode}
	if w.timed {
		args = append(args, c.now.UnixMilli())
	}
	if c.slot != 0 {
		statement, args = w.one, append(args, c.slot)
	}
	err := c.tx.QueryRow(statement, args...).Scan(&l.Slot, &c.item, &c.shown, &c.draft)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// notActive is the refusal of somebody who may not work now.
func notActive(who labeling.Annotator) error {
	return fmt.Errorf("%s: %w: %s", who.Handle, labeling.ErrNotActive, who.Status)
}

// assignment is what was leased, as the annotator is to see it.
func (c *claim) assignment(ctx context.Context) (a labeling.Assignment, err error) {
	a.Lease = c.lease
	if a.Item, err = c.Store.item(ctx, c.item); err != nil {
		return a, err
	}
	a.Phase = phase(a.Item.Kind, c.who.Status)
	a.Item = unmarked(a.Item, a.Phase)
	if err := json.Unmarshal([]byte(c.shown), &a.Shown); err != nil || !c.draft.Valid {
		return a, err
	}
	draft, err := labeling.DecodeAnswer([]byte(c.draft.String), a.Shown)
	a.Draft = &draft
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

// held narrows a statement about a slot to the holder of the lease; the parameters
// ?1 to ?3 are those of leaseArgs.
const held = ` WHERE slot.id = ?1 AND slot.annotator_id = ?2 AND slot.token = ?3`

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
