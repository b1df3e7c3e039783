package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"plumbline/labeling"
)

// judgementRow is a judgement as it is stored and vouched for.
type judgementRow struct {
	uuid       string
	slot       int64
	item       int64
	annotator  int64
	guideline  int64
	shown      string
	answer     string
	active     int64 // ms
	wall       int64 // ms
	at         int64 // ms since 1970
	supersedes sql.NullString
}

func (r judgementRow) vouch() string {
	return digest(r.uuid, r.slot, r.item, r.annotator, r.guideline, r.shown, r.answer, r.active, r.wall, r.at, r.supersedes.String)
}

// Submit implements labeling.Queue.
func (s *Store) Submit(ctx context.Context, sub labeling.Submission) error {
	row, err := s.newJudgement(sub)
	if err != nil {
		return fmt.Errorf("labeling/store: submit: %w", err)
	}
	return s.update(ctx, "submit", func(tx *txn) error {
		if row.supersedes.Valid {
			return s.correct(tx, sub, row)
		}
		return s.finish(tx, sub, row)
	})
}

// newJudgement fills in what the submission itself knows.
func (s *Store) newJudgement(sub labeling.Submission) (r judgementRow, err error) {
	if _, err := uuid.Parse(sub.ID); err != nil {
		return r, fmt.Errorf("id: got %.60q, want a UUID", sub.ID)
	}
	if sub.Active < 0 || sub.Wall < 0 {
		return r, fmt.Errorf("times: got %v active, %v in all, want ≥ 0", sub.Active, sub.Wall)
	}
	if sub.At.IsZero() {
		sub.At = s.now()
	}
	r = judgementRow{
		uuid: sub.ID, slot: sub.Lease.Slot, annotator: sub.Lease.Annotator,
		active: sub.Active.Milliseconds(), wall: sub.Wall.Milliseconds(), at: sub.At.UnixMilli(),
		supersedes: sql.NullString{String: sub.Supersedes, Valid: sub.Supersedes != ""},
	}
	r.answer, err = text(sub.Answer)
	return r, err
}

// sentBefore finds a submission that arrived already, whose reply may have been lost.
func sentBefore(tx *txn, r judgementRow, sub labeling.Submission) (bool, error) {
	var old judgementRow
	err := tx.QueryRow(`SELECT slot_id, annotator_id, shown, answer FROM judgement WHERE uuid = ?1`, r.uuid).Scan(&old.slot, &old.annotator, &old.shown, &old.answer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	was, err := old.decoded()
	if err == nil && (old.slot != r.slot || old.annotator != r.annotator || !sameAnswer(was, sub.Answer)) {
		err = fmt.Errorf("id %s: %w", sub.ID, labeling.ErrConflict)
	}
	return true, err
}

// decoded is what was answered, in the form of the first version too.
func (r judgementRow) decoded() (a labeling.Answer, err error) {
	shown, err := r.candidates()
	if err != nil {
		return a, err
	}
	return labeling.DecodeAnswer([]byte(r.answer), shown)
}

// candidates are those that were shown, from left to right.
func (r judgementRow) candidates() (shown []labeling.CandidateID, err error) {
	err = json.Unmarshal([]byte(r.shown), &shown)
	return shown, err
}

// sameAnswer compares what would be stored.
func sameAnswer(a, b labeling.Answer) bool {
	x, errX := text(a)
	y, errY := text(b)
	return errX == nil && errY == nil && x == y
}

// correct supersedes a judgement, whose slot it takes over.
func (s *Store) correct(tx *txn, sub labeling.Submission, r judgementRow) error {
	if again, err := sentBefore(tx, r, sub); again || err != nil {
		return err
	}
	who, err := holdAnnotator(tx, r.annotator)
	if err != nil {
		return err
	}
	if err := correctable(tx, &r); err != nil {
		return err
	}
	if !working(who.Status) {
		return notActive(who)
	}
	var project int64
	if err := tx.QueryRow(`SELECT slot.project_id, `+latestGuideline+` FROM slot WHERE slot.id = ?1`, r.slot).Scan(&project, &r.guideline); err != nil {
		return err
	}
	if err := r.check(tx, project, sub.Answer); err != nil {
		return err
	}
	tx.touched = append(tx.touched, touch{item: r.item})
	s.recordJudgement(tx, r)
	return tx.ExecAll(r.insert())
}

// latestGuideline is the id of the newest guideline for a slot.
const latestGuideline = `(SELECT g.id FROM guideline g WHERE g.project_id = slot.project_id ORDER BY g.version DESC LIMIT 1)`

// correctable checks that a judgement may be superseded, and takes over its slot.
func correctable(tx *txn, r *judgementRow) error {
	var slot, annotator int64
	var current bool
	err := tx.QueryRow(`SELECT j.slot_id, j.item_id, j.annotator_id, j.shown, `+isCurrent+` FROM judgement j WHERE j.uuid = ?1`, r.supersedes).
		Scan(&slot, &r.item, &annotator, &r.shown, &current)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && (annotator != r.annotator || slot != r.slot):
		return fmt.Errorf("judgement %s of annotator %d at slot %d: %w", r.supersedes.String, r.annotator, r.slot, labeling.ErrNotFound)
	case err == nil && !current:
		return fmt.Errorf("judgement %s was corrected or withdrawn already: %w", r.supersedes.String, labeling.ErrConflict)
	}
	return err
}

// slotHeld is a slot that an answer has come for.
type slotHeld struct {
	project   int64
	mode      string
	hasDraft  bool
	uuidTaken bool // by another judgement
}

const readHeld = `SELECT slot.project_id, slot.item_id, slot.shown, slot.mode, ` + latestGuideline + `,
	EXISTS (SELECT 1 FROM draft d WHERE d.annotator_id = slot.annotator_id AND d.item_id = slot.item_id),
	EXISTS (SELECT 1 FROM judgement j WHERE j.uuid = ?4) FROM slot` + held + ` {wait}`

// finish closes the slot of a lease with a judgement, and counts it.
func (s *Store) finish(tx *txn, sub labeling.Submission, r judgementRow) error {
	var h slotHeld
	err := tx.QueryRow(readHeld, leaseArgs(sub.Lease, r.uuid)...).Scan(&h.project, &r.item, &r.shown, &h.mode, &r.guideline, &h.hasDraft, &h.uuidTaken)
	if lost := errors.Is(err, sql.ErrNoRows); lost || h.uuidTaken {
		again, err := sentBefore(tx, r, sub)
		if err == nil && !again {
			err = labeling.ErrLeaseLost
		}
		return err
	}
	if err != nil {
		return err
	}
	if err := r.check(tx, h.project, sub.Answer); err != nil {
		return err
	}
	all := []statement{
		{`UPDATE slot SET state = 'done', lease_until = NULL, token = NULL WHERE id = ?1`, []any{r.slot}},
		r.insert(),
		count(h.project, r, h.mode != modePersonal),
	}
	if h.hasDraft {
		all = append(all, dropDraft(r.annotator, r.item))
	}
	if err := tx.ExecAll(all...); err != nil {
		return err
	}
	s.recordJudgement(tx, r)
	if h.mode == modePersonal {
		return s.examine(tx, h.project, r.annotator)
	}
	tx.touched = append(tx.touched, touch{item: r.item, slotDone: !sub.Answer.Flagged})
	return nil
}

// check validates an answer under its project's task.
func (r judgementRow) check(tx *txn, project int64, a labeling.Answer) error {
	p, err := tx.settings(project)
	if err != nil {
		return err
	}
	shown, err := r.candidates()
	if err != nil {
		return err
	}
	return a.Validate(p.task, shown)
}

// count adds a judgement to the annotator's progress.
func count(project int64, r judgementRow, work bool) statement {
	day := r.at / (24 * 60 * 60 * 1000)
	return statement{
		`INSERT INTO progress (project_id, annotator_id, done, worked, day, days) VALUES (?1, ?2, 1, ?3, ?4, 1)
		ON CONFLICT (project_id, annotator_id) DO UPDATE SET done = progress.done + 1, worked = progress.worked + excluded.worked,
			days = CASE WHEN excluded.day <= progress.day THEN progress.days WHEN excluded.day = progress.day + 1 THEN progress.days + 1 ELSE 1 END,
			day = CASE WHEN excluded.day > progress.day THEN excluded.day ELSE progress.day END`,
		[]any{project, r.annotator, number(work), day},
	}
}

func (r judgementRow) insert() statement {
	return statement{
		`INSERT INTO judgement (uuid, slot_id, item_id, annotator_id, guideline_id, shown, answer, active_ms, wall_ms, at, supersedes)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`,
		[]any{r.uuid, r.slot, r.item, r.annotator, r.guideline, r.shown, r.answer, r.active, r.wall, r.at, r.supersedes},
	}
}

func (s *Store) recordJudgement(tx *txn, r judgementRow) {
	tx.record(s.now(), r.annotator, kindJudgement, r.uuid, r.vouch())
}

func dropDraft(annotator, item int64) statement {
	return statement{`DELETE FROM draft WHERE annotator_id = ?1 AND item_id = ?2`, []any{annotator, item}}
}

// SaveDraft implements labeling.Queue.
func (s *Store) SaveDraft(ctx context.Context, l labeling.Lease, a labeling.Answer) error {
	body, err := text(a)
	if err != nil {
		return fmt.Errorf("labeling/store: draft: %w", err)
	}
	return s.update(ctx, "draft", func(tx *txn) error {
		return must(tx.Exec(`INSERT INTO draft (item_id, annotator_id, answer, at) SELECT item_id, annotator_id, CAST(?4 AS TEXT), CAST(?5 AS BIGINT) FROM slot`+held+`
			ON CONFLICT (annotator_id, item_id) DO UPDATE SET answer = excluded.answer, at = excluded.at`,
			leaseArgs(l, body, s.now().UnixMilli())...))
	})
}

// Skip implements labeling.Queue.
func (s *Store) Skip(ctx context.Context, l labeling.Lease, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.update(ctx, "skip", func(tx *txn) error {
		project, item, mode, err := leave(tx, l)
		if err != nil {
			return err
		}
		skipped := statement{`INSERT INTO progress (project_id, annotator_id, skipped) VALUES (?1, ?2, 1)
			ON CONFLICT (project_id, annotator_id) DO UPDATE SET skipped = progress.skipped + 1`, []any{project, l.Annotator}}
		if err := tx.ExecAll(skipped, dropDraft(l.Annotator, item)); err != nil {
			return err
		}
		if err := s.insertSkip(tx, item, l.Annotator, reason); err != nil || mode != modePersonal {
			return err
		}
		return s.examine(tx, project, l.Annotator)
	})
}

// leave opens the slot of a lease to others; a personal one, which is for nobody else,
// goes.
func leave(tx *txn, l labeling.Lease) (project, item int64, mode string, err error) {
	err = tx.QueryRow(`SELECT project_id, item_id, mode FROM slot`+held+` {hold}`, leaseArgs(l)...).Scan(&project, &item, &mode)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, 0, "", labeling.ErrLeaseLost
	case err != nil:
		return 0, 0, "", err
	case mode == modePersonal:
		_, err = tx.Exec(`DELETE FROM slot`+held, leaseArgs(l)...)
	default:
		_, err = tx.Exec(openSlot+held, leaseArgs(l)...)
	}
	return project, item, mode, err
}

func (s *Store) insertSkip(tx *txn, item, annotator int64, reason string) error {
	now := s.now()
	var id int64
	err := tx.QueryRow(`INSERT INTO skip (item_id, annotator_id, reason, at) VALUES (?1, ?2, ?3, ?4) RETURNING id`,
		item, annotator, tx.bytes(reason), now.UnixMilli()).Scan(&id)
	if err != nil {
		return err
	}
	tx.record(now, annotator, kindSkip, id, skipDigest(item, annotator, reason, now.UnixMilli()))
	return nil
}

func skipDigest(item, annotator int64, reason string, at int64) string {
	return digest(item, annotator, reason, at)
}
