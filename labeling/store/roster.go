package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"plumbline/labeling"
)

// Enrol implements labeling.Catalogue.
func (s *Store) Enrol(ctx context.Context, a labeling.Annotator) (out labeling.Annotator, err error) {
	if a.Role == "" {
		a.Role = labeling.RoleAnnotator
	}
	if a.Status == "" {
		a.Status = labeling.StatusActive
	}
	if err := a.Validate(); err != nil {
		return a, err
	}
	err = s.update(ctx, fmt.Sprintf("enrol %q", a.Handle), func(tx *txn) error {
		out, err = findAnnotator(tx, byHandle, a.Handle)
		switch {
		case errors.Is(err, labeling.ErrNotFound):
			out, err = s.insertAnnotator(tx, a)
		case err == nil && out.Simulated != a.Simulated:
			err = fmt.Errorf("%w: one of the two is a person, the other a program", labeling.ErrConflict)
		}
		return err
	})
	return out, err
}

func (s *Store) insertAnnotator(tx *txn, a labeling.Annotator) (labeling.Annotator, error) {
	err := tx.QueryRow(`INSERT INTO annotator (handle, role, status, simulated) VALUES (?1, ?2, ?3, ?4) RETURNING id`,
		a.Handle, labeling.RoleAnnotator, labeling.StatusActive, number(a.Simulated)).Scan(&a.ID)
	if err != nil {
		return a, err
	}
	tx.record(s.now(), 0, kindAnnotator, a.ID, annotatorDigest(a.Handle, a.Simulated))
	was := labeling.Annotator{ID: a.ID, Role: labeling.RoleAnnotator, Status: labeling.StatusActive}
	for i, key := range append([]string{""}, a.Keys...) {
		c := labeling.Change{AddKey: key, Reason: "enrolment"}
		if i == 0 {
			c.Role, c.Status = a.Role, a.Status
		}
		if err := s.change(tx, was, c); err != nil {
			return a, err
		}
	}
	return findAnnotator(tx, byHandle, a.Handle)
}

// annotatorDigest leaves out what may change later: role, status and keys.
func annotatorDigest(handle string, simulated bool) string { return digest(handle, simulated) }

// The ways to find an annotator.
const (
	byID     = `a.id = ?1`
	byHandle = `a.handle = ?1`
	byKey    = `a.id = (SELECT annotator_id FROM annotator_key WHERE fingerprint = ?1)`
)

func findAnnotator(tx *txn, by string, which any) (a labeling.Annotator, err error) {
	found, err := annotators(tx, ` WHERE `+by, which)
	if err == nil && len(found) == 0 {
		return a, fmt.Errorf("annotator %v: %w", which, labeling.ErrNotFound)
	}
	if err != nil {
		return a, err
	}
	return found[0], nil
}

// holdAnnotator reads an annotator, but for the keys, and keeps others from claiming for
// them or changing them until the transaction ends: one person may sit at two hosts.
func holdAnnotator(tx *txn, id int64) (a labeling.Annotator, err error) {
	err = tx.QueryRow(`SELECT id, handle, role, status, simulated FROM annotator WHERE id = ?1 {hold}`, id).Scan(&a.ID, &a.Handle, &a.Role, &a.Status, &a.Simulated)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("annotator %d: %w", id, labeling.ErrNotFound)
	}
	return a, err
}

// amendable finds an annotator as they are until the transaction changes them.
func amendable(tx *txn, handle string) (labeling.Annotator, error) {
	a, err := findAnnotator(tx, byHandle, handle)
	if err != nil {
		return a, err
	}
	if _, err := holdAnnotator(tx, a.ID); err != nil {
		return a, err
	}
	return findAnnotator(tx, byID, a.ID)
}

// annotators reads annotators in order of enrolment.
func annotators(tx *txn, where string, args ...any) (out []labeling.Annotator, err error) {
	err = each(tx, func(scan scanner) error {
		var a labeling.Annotator
		var key sql.NullString
		if err := scan(&a.ID, &a.Handle, &a.Role, &a.Status, &a.Simulated, &key); err != nil {
			return err
		}
		if n := len(out); n == 0 || out[n-1].ID != a.ID {
			out = append(out, a)
		}
		if key.Valid {
			last := &out[len(out)-1]
			last.Keys = append(last.Keys, key.String)
		}
		return nil
	}, `SELECT a.id, a.handle, a.role, a.status, a.simulated, k.fingerprint
		FROM annotator a LEFT JOIN annotator_key k ON k.annotator_id = a.id`+where+` ORDER BY a.id, k.fingerprint`, args...)
	return out, err
}

// Annotators implements labeling.Archive.
func (s *Store) Annotators(ctx context.Context) (out []labeling.Annotator, err error) {
	err = s.snapshot(ctx, "annotators", func(tx *txn) error {
		out, err = annotators(tx, "")
		return err
	})
	return out, err
}

// AnnotatorByKey implements labeling.Roster.
func (s *Store) AnnotatorByKey(ctx context.Context, fingerprint string) (a labeling.Annotator, err error) {
	err = s.snapshot(ctx, "annotator by key", func(tx *txn) error {
		a, err = findAnnotator(tx, byKey, fingerprint)
		return err
	})
	return a, err
}

// Amend implements labeling.Roster.
func (s *Store) Amend(ctx context.Context, handle string, c labeling.Change) (a labeling.Annotator, err error) {
	if err := validChange(handle, c); err != nil {
		return a, err
	}
	err = s.update(ctx, fmt.Sprintf("amend %q", handle), func(tx *txn) error {
		if err := mustManage(tx, c.By); err != nil {
			return err
		}
		was, err := amendable(tx, handle)
		if err != nil {
			return err
		}
		if err := s.change(tx, was, c); err != nil {
			return err
		}
		a, err = findAnnotator(tx, byHandle, handle)
		return err
	})
	return a, err
}

func validChange(handle string, c labeling.Change) error {
	like := labeling.Annotator{Handle: handle, Role: c.Role, Status: c.Status}
	for _, k := range []string{c.AddKey, c.DropKey} {
		if k != "" {
			like.Keys = append(like.Keys, k)
		}
	}
	return errors.Join(like.Validate(), validReason(c.Reason))
}

func validReason(reason string) error {
	if len(reason) > labeling.MaxComment {
		return fmt.Errorf("labeling/store: reason: got %d bytes, want at most %d", len(reason), labeling.MaxComment)
	}
	return nil
}

// mustManage refuses who is neither a manager at work nor, as 0, the program itself.
func mustManage(tx *txn, by int64) error {
	if by == 0 {
		return nil
	}
	return mustBe(tx, by, labeling.RoleManager)
}

// mustBe refuses who is not active in one of some roles.
func mustBe(tx *txn, id int64, roles ...labeling.Role) error {
	a, err := findAnnotator(tx, byID, id)
	if err == nil && (a.Status != labeling.StatusActive || !slices.Contains(roles, a.Role)) {
		return fmt.Errorf("%s: %w as one of %v: %s, %s", a.Handle, labeling.ErrNotActive, roles, a.Role, a.Status)
	}
	return err
}

// change does and records what differs from how an annotator was.
func (s *Store) change(tx *txn, was labeling.Annotator, c labeling.Change) error {
	if c.Role != "" && c.Role != was.Role {
		if err := s.set(tx, was.ID, fieldRole, string(c.Role), c); err != nil {
			return err
		}
	}
	if c.Status != "" && c.Status != was.Status {
		if err := s.set(tx, was.ID, fieldStatus, string(c.Status), c); err != nil {
			return err
		}
		if err := giveBack(tx, was.ID, c.Status); err != nil {
			return err
		}
	}
	if c.GiveBack {
		if err := openLeases(tx, was.ID); err != nil {
			return err
		}
	}
	if c.AddKey != "" && !slices.Contains(was.Keys, c.AddKey) {
		if other, err := findAnnotator(tx, byKey, c.AddKey); err == nil {
			return fmt.Errorf("key %s: %w: it is the key of %s", c.AddKey, labeling.ErrConflict, other.Handle)
		}
		if err := s.set(tx, was.ID, fieldAddKey, c.AddKey, c); err != nil {
			return err
		}
	}
	if c.DropKey == "" {
		return nil
	}
	if !slices.Contains(was.Keys, c.DropKey) {
		return fmt.Errorf("key %s: %w", c.DropKey, labeling.ErrNotFound)
	}
	return s.set(tx, was.ID, fieldDropKey, c.DropKey, c)
}

// The fields of a change.
const (
	fieldRole    = "role"
	fieldStatus  = "status"
	fieldAddKey  = "add key"
	fieldDropKey = "drop key"
)

var setField = map[string]string{
	fieldRole:    `UPDATE annotator SET role = ?2 WHERE id = ?1`,
	fieldStatus:  `UPDATE annotator SET status = ?2 WHERE id = ?1`,
	fieldAddKey:  `INSERT INTO annotator_key (annotator_id, fingerprint) VALUES (?1, ?2)`,
	fieldDropKey: `DELETE FROM annotator_key WHERE annotator_id = ?1 AND fingerprint = ?2`,
}

// changeRow is a change as it is stored and vouched for.
type changeRow struct {
	annotator int64
	field     string
	value     string
	actor     sql.NullInt64
	reason    string
	at        int64
}

func (r changeRow) vouch() string {
	return digest(r.annotator, r.field, r.value, r.actor.Int64, r.reason, r.at)
}

func (s *Store) set(tx *txn, annotator int64, field, value string, c labeling.Change) error {
	if _, err := tx.Exec(setField[field], annotator, value); err != nil {
		return err
	}
	now := s.now()
	r := changeRow{annotator, field, value, optional(c.By), c.Reason, now.UnixMilli()}
	var id int64
	err := tx.QueryRow(`INSERT INTO change (annotator_id, field, value, actor_id, reason, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id`,
		r.annotator, r.field, r.value, r.actor, tx.bytes(r.reason), r.at).Scan(&id)
	if err != nil {
		return err
	}
	tx.record(now, c.By, kindChange, id, r.vouch())
	return nil
}

// giveBack ends the leases that an annotator may not keep in a new status. A personal
// slot stays theirs, but its token is nobody's.
func giveBack(tx *txn, annotator int64, status labeling.Status) error {
	if status == labeling.StatusActive {
		return nil
	}
	if err := openLeases(tx, annotator); err != nil {
		return err
	}
	if status == labeling.StatusScreening {
		return nil
	}
	return lapsePersonal(tx, ` WHERE annotator_id = ?1 AND state = 'leased' AND mode = 'personal'`, annotator)
}

// openLeases returns to the others what an annotator holds of the work.
func openLeases(tx *txn, annotator int64) error {
	_, err := tx.Exec(openSlot+` WHERE annotator_id = ?1 AND state = 'leased' AND mode <> 'personal'`, annotator)
	return err
}

// optional is a reference to an annotator, where 0 is none.
func optional(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }

// number is a truth value as both engines keep it.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
