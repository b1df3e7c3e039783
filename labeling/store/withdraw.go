package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"plumbline/labeling"
)

// Withdraw implements labeling.Court.
func (s *Store) Withdraw(ctx context.Context, handle string, by int64, reason string) (w labeling.Withdrawal, err error) {
	if err := validReason(reason); err != nil {
		return w, err
	}
	err = s.update(ctx, fmt.Sprintf("withdraw %q", handle), func(tx *txn) error {
		if err := mustManage(tx, by); err != nil {
			return err
		}
		a, err := amendable(tx, handle)
		if err != nil {
			return err
		}
		if err := s.change(tx, a, labeling.Change{Status: labeling.StatusBlocked, By: by, Reason: reason}); err != nil {
			return err
		}
		r := withdrawalRow{annotator: a.ID, actor: optional(by), reason: reason, at: s.now().UnixMilli()}
		if err := s.takeOut(tx, &r); err != nil {
			return err
		}
		w = labeling.Withdrawal{Annotator: handle, Reason: reason, At: time.UnixMilli(r.at).UTC(), Judgements: r.counted}
		if by != 0 {
			m, err := findAnnotator(tx, byID, by)
			w.By = m.Handle
			return err
		}
		return nil
	})
	return w, err
}

// withdrawalRow is a withdrawal as it is stored and vouched for.
type withdrawalRow struct {
	id         int64
	annotator  int64
	actor      sql.NullInt64
	reason     string
	counted    int
	at         int64
	judgements []int64
}

func (r withdrawalRow) vouch() string {
	return digest(r.annotator, r.actor.Int64, r.reason, r.counted, r.at, r.judgements)
}

// takenOut is a judgement on its way out.
type takenOut struct {
	id, item int64
	current  bool
	kind     labeling.ItemKind
}

// takeOut marks all that an annotator said, and opens a slot for each judgement of the
// work that counted.
func (s *Store) takeOut(tx *txn, r *withdrawalRow) error {
	all, err := query(tx, func(scan scanner) (o takenOut, err error) {
		return o, scan(&o.id, &o.item, &o.kind, &o.current)
	}, `SELECT j.id, j.item_id, i.kind, `+isCurrent+` FROM judgement j JOIN item i ON i.id = j.item_id
		WHERE j.annotator_id = ?1 AND NOT `+isWithdrawn+` ORDER BY j.id`, r.annotator)
	if err != nil {
		return err
	}
	for _, o := range all {
		r.judgements = append(r.judgements, o.id)
		if o.current {
			r.counted++
		}
	}
	err = tx.QueryRow(`INSERT INTO withdrawal (annotator_id, actor_id, reason, counted, at) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id`,
		r.annotator, r.actor, tx.bytes(r.reason), r.counted, r.at).Scan(&r.id)
	if err != nil {
		return err
	}
	for _, o := range all {
		if _, err := tx.Exec(`INSERT INTO withdrawn (judgement_id, withdrawal_id) VALUES (?1, ?2)`, o.id, r.id); err != nil {
			return err
		}
		if o.current && o.kind == labeling.KindTask {
			if err := s.wantAnew(tx, o.item); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(`UPDATE progress SET worked = 0 WHERE annotator_id = ?1`, r.annotator); err != nil {
		return err
	}
	tx.record(time.UnixMilli(r.at), r.actor.Int64, kindWithdrawal, r.id, r.vouch())
	return nil
}

// wantAnew opens one more slot of an item.
func (s *Store) wantAnew(tx *txn, item int64) error {
	row, err := readItemRow(tx, item)
	if err != nil {
		return err
	}
	p, err := tx.settings(row.project)
	if err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow(`SELECT max(n) + 1 FROM slot WHERE item_id = ?1`, item).Scan(&n); err != nil {
		return err
	}
	if err := insertSlot(tx, p.seed, row, n); err != nil {
		return err
	}
	tx.touched = append(tx.touched, touch{item: item})
	return nil
}

// eachWithdrawal reads the withdrawals with what each took out, the oldest first.
func eachWithdrawal(tx *txn, f func(withdrawalRow) error) error {
	var all []withdrawalRow
	err := each(tx, func(scan scanner) error {
		var r withdrawalRow
		var judgement sql.NullInt64
		if err := scan(&r.id, &r.annotator, &r.actor, &r.reason, &r.counted, &r.at, &judgement); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].id != r.id {
			all = append(all, r)
		}
		if last := &all[len(all)-1]; judgement.Valid {
			last.judgements = append(last.judgements, judgement.Int64)
		}
		return nil
	}, `SELECT w.id, w.annotator_id, w.actor_id, w.reason, w.counted, w.at, o.judgement_id
		FROM withdrawal w LEFT JOIN withdrawn o ON o.withdrawal_id = w.id ORDER BY w.id, o.judgement_id`)
	for _, r := range all {
		err = errors.Join(err, f(r))
	}
	return err
}

// Withdrawals implements labeling.Court.
func (s *Store) Withdrawals(ctx context.Context) (out []labeling.Withdrawal, err error) {
	err = s.snapshot(ctx, "withdrawals", func(tx *txn) error {
		out, err = query(tx, func(scan scanner) (w labeling.Withdrawal, err error) {
			var at int64
			err = scan(&w.Annotator, &w.By, &w.Reason, &w.Judgements, &at)
			w.At = time.UnixMilli(at).UTC()
			return w, err
		}, `SELECT a.handle, coalesce(m.handle, ''), w.reason, w.counted, w.at FROM withdrawal w
			JOIN annotator a ON a.id = w.annotator_id LEFT JOIN annotator m ON m.id = w.actor_id ORDER BY w.id`)
		return err
	})
	return out, err
}
