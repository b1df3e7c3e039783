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
// parameters are ?1 annotator, ?2 lease end, ?3 token, ?4 project, ?5 now, ?6 slot.
const (
	takeSlot = `UPDATE slot SET state = 'leased', annotator_id = ?1, lease_until = ?2, token = ?3
		WHERE id = (SELECT s.id FROM slot s WHERE {which} LIMIT 1) RETURNING id, item_id, shown`

	// The + keeps SQLite from walking a project's open slots in search of a draft's.
	isOwn    = `s.annotator_id = ?1 AND s.state = 'leased' AND +s.project_id = ?4 {one} ORDER BY s.id`
	isDraft  = `s.id IN (SELECT o.id FROM draft d JOIN slot o ON o.item_id = d.item_id WHERE d.annotator_id = ?1) AND +s.state = 'open' AND +s.project_id = ?4 {fit} {one} ORDER BY s.id`
	isOpen   = `s.state = 'open' AND s.project_id = ?4 {fit} {one} ORDER BY s.priority DESC, s.n, s.id`
	isLapsed = `s.state = 'leased' AND s.project_id = ?4 AND s.lease_until < ?5 {fit} {one} ORDER BY s.lease_until, s.id`

	// Nobody gets an item twice, or one they skipped.
	mayJudge = `AND NOT EXISTS (SELECT 1 FROM slot x WHERE x.item_id = s.item_id AND x.annotator_id = ?1)
		AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.item_id = s.item_id AND k.annotator_id = ?1)`
)

// The statements of a claim in the order they are tried; the last one is a steal.
var (
	claimNext = claimSQL("")
	claimSlot = claimSQL("AND s.id = ?6")
)

func claimSQL(one string) (out []string) {
	for _, which := range []string{isOwn, isDraft, isOpen, isLapsed} {
		out = append(out, strings.NewReplacer("{which}", strings.NewReplacer("{fit}", mayJudge, "{one}", one).Replace(which)).Replace(takeSlot))
	}
	return out
}

// Claim implements labeling.Queue.
func (s *Store) Claim(ctx context.Context, r labeling.ClaimRequest) (a labeling.Assignment, err error) {
	if r.For <= 0 {
		return a, fmt.Errorf("labeling/store: claim: for: got %v, want > 0", r.For)
	}
	project, err := s.projectID(ctx, r.Project)
	if err != nil {
		return a, err
	}
	var shown string
	err = s.update(ctx, "claim", func(tx *sql.Tx) error {
		if err := mustBeActive(tx, r.Annotator); err != nil {
			return err
		}
		now := s.now()
		a.Lease = labeling.Lease{Annotator: r.Annotator, Token: uuid.NewString(), Until: now.Add(r.For)}
		shown, err = s.take(tx, project, r.Slot, now, &a)
		return err
	})
	if err != nil {
		return labeling.Assignment{}, err
	}
	err = s.snapshot(ctx, "claim", func(tx *sql.Tx) error {
		if a.Item, err = readItem(tx, a.Item.ID); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(shown), &a.Shown); err != nil {
			return err
		}
		a.Draft, err = readDraft(tx, r.Annotator, a.Item.ID, a.Shown)
		return err
	})
	return a, err
}

// take leases the slot and fills in its id and its item's.
func (s *Store) take(tx *sql.Tx, project, slot int64, now time.Time, a *labeling.Assignment) (shown string, err error) {
	statements := claimNext
	if slot != 0 {
		statements = claimSlot
	}
	l := &a.Lease
	for i, sql1 := range statements {
		err := tx.QueryRow(sql1, l.Annotator, l.Until.UnixMilli(), l.Token, project, now.UnixMilli(), slot).Scan(&l.Slot, &a.Item.ID, &shown)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err == nil && i == len(statements)-1:
			err = record(tx, now, l.Annotator, kindSteal, l.Slot, "")
		}
		return shown, err
	}
	return "", labeling.ErrNoWork
}

func mustBeActive(tx *sql.Tx, annotator int64) error {
	var status string
	err := tx.QueryRow(`SELECT status FROM annotator WHERE id = ?1`, annotator).Scan(&status)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("annotator %d: %w", annotator, labeling.ErrNotFound)
	case err == nil && status != "active":
		return fmt.Errorf("annotator %d: %w: %s", annotator, labeling.ErrNotActive, status)
	}
	return err
}

func readItem(tx *sql.Tx, id int64) (it labeling.Item, err error) {
	it.ID = id
	var messages sql.NullString
	err = tx.QueryRow(`SELECT kind, ref, prompt, messages, priority FROM item WHERE id = ?1`, id).Scan(&it.Kind, &it.Ref, &it.Prompt.Text, &messages, &it.Priority)
	if err != nil {
		return it, err
	}
	if messages.Valid {
		if err := json.Unmarshal([]byte(messages.String), &it.Prompt.Messages); err != nil {
			return it, err
		}
	}
	it.Candidates, err = readCandidates(tx, id)
	return it, err
}

func readCandidates(tx *sql.Tx, item int64) ([]labeling.Candidate, error) {
	return query(tx, func(scan scanner) (c labeling.Candidate, err error) {
		return c, scan(&c.ID, &c.Source, &c.Text)
	}, `SELECT id, source, body FROM candidate WHERE item_id = ?1 ORDER BY ord`, item)
}

func readDraft(tx *sql.Tx, annotator, item int64, shown []labeling.CandidateID) (*labeling.Answer, error) {
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
const held = ` WHERE id = ?1 AND annotator_id = ?2 AND token = ?3 AND state = 'leased'`

func leaseArgs(l labeling.Lease, more ...any) []any {
	return append([]any{l.Slot, l.Annotator, l.Token}, more...)
}

const openSlot = `UPDATE slot SET state = 'open', annotator_id = NULL, lease_until = NULL, token = NULL`

// Renew implements labeling.Queue.
func (s *Store) Renew(ctx context.Context, l labeling.Lease, d time.Duration) error {
	return s.update(ctx, "renew", func(tx *sql.Tx) error {
		return must(tx.Exec(`UPDATE slot SET lease_until = ?4`+held, leaseArgs(l, s.now().Add(d).UnixMilli())...))
	})
}

// Release implements labeling.Queue.
func (s *Store) Release(ctx context.Context, l labeling.Lease) error {
	return s.update(ctx, "release", func(tx *sql.Tx) error {
		_, err := tx.Exec(openSlot+held, leaseArgs(l)...)
		return err
	})
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
