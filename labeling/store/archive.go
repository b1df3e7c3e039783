package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"plumbline/labeling"
)

// What holds for a judgement j that was withdrawn, and for one that counts.
const (
	isWithdrawn = `EXISTS (SELECT 1 FROM withdrawn o WHERE o.judgement_id = j.id)`
	isCurrent   = `(NOT EXISTS (SELECT 1 FROM judgement x WHERE x.supersedes = j.uuid) AND NOT ` + isWithdrawn + `)`
)

// The columns that scanJudgement reads, and where they come from.
const (
	judgementColumns = `j.uuid, j.item_id, s.n, a.handle, a.simulated, j.shown, j.answer, g.version, j.active_ms, j.wall_ms, j.at, coalesce(j.supersedes, ''), ` + isCurrent + `, ` + isWithdrawn
	judgementFrom    = ` FROM judgement j JOIN slot s ON s.id = j.slot_id JOIN annotator a ON a.id = j.annotator_id JOIN guideline g ON g.id = j.guideline_id `
)

func scanJudgement(scan scanner, more ...any) (j labeling.Judgement, err error) {
	var shown, answer string
	var active, wall, at int64
	err = scan(append([]any{&j.ID, &j.ItemID, &j.Slot, &j.Annotator, &j.Simulated, &shown, &answer, &j.Guideline, &active, &wall, &at, &j.Supersedes, &j.Current, &j.Withdrawn}, more...)...)
	if err != nil {
		return j, err
	}
	j.Active, j.Wall, j.At = time.Duration(active)*time.Millisecond, time.Duration(wall)*time.Millisecond, time.UnixMilli(at).UTC()
	if err := json.Unmarshal([]byte(shown), &j.Shown); err != nil {
		return j, err
	}
	j.Answer, err = labeling.DecodeAnswer([]byte(answer), j.Shown)
	return j, err
}

// Judged implements labeling.Archive.
func (s *Store) Judged(ctx context.Context, project string) iter.Seq2[labeling.JudgedItem, error] {
	return s.judged(ctx, "judged", project, "")
}

// judged yields the items of a project that a condition holds for.
func (s *Store) judged(ctx context.Context, op, project, which string) iter.Seq2[labeling.JudgedItem, error] {
	return func(yield func(labeling.JudgedItem, error) bool) {
		p, err := s.settings(ctx, project)
		if err == nil {
			err = s.snapshot(ctx, op, func(tx *txn) error { return walkJudged(tx, p.id, which, yield) })
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(labeling.JudgedItem{}, err)
		}
	}
}

// errStop ends a walk whose consumer has seen enough.
var errStop = errors.New("stop")

// page is how many items are read at once, so that memory holds no more.
const page = 500

// walkJudged reads the items of a project that a condition holds for.
func walkJudged(tx *txn, project int64, which string, yield func(labeling.JudgedItem, error) bool) error {
	some := `(SELECT id FROM item WHERE project_id = ?1 AND id > ?2` + which + ` ORDER BY id LIMIT ?3)`
	for last := int64(0); ; {
		items, err := readJudged(tx, some, project, last, page)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, j := range items {
			if !yield(j, nil) {
				return errStop
			}
		}
		last = items[len(items)-1].Item.ID
	}
}

// judgedItem is one item with all that was said about it.
func judgedItem(tx *txn, id int64) (labeling.JudgedItem, error) {
	items, err := readJudged(tx, `(?1)`, id)
	if err == nil && len(items) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return labeling.JudgedItem{}, err
	}
	return items[0], nil
}

// readJudged reads the items whose ids a statement yields.
func readJudged(tx *txn, some string, args ...any) (out []labeling.JudgedItem, err error) {
	at := map[int64]int{}
	err = eachItem(tx, func(r itemRow) error {
		it, err := r.item()
		at[it.ID] = len(out)
		out = append(out, labeling.JudgedItem{Item: it})
		return err
	}, `i.id IN `+some, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	err = each(tx, func(scan scanner) error {
		g, err := scanJudgement(scan)
		if err != nil {
			return err
		}
		j := &out[at[g.ItemID]]
		j.Judgements = append(j.Judgements, g)
		return knownCandidates(j.Item, "judgement "+g.ID, g.Answer)
	}, `SELECT `+judgementColumns+judgementFrom+`WHERE j.item_id IN `+some+` ORDER BY j.item_id, s.n, j.id`, args...)
	if err != nil {
		return nil, err
	}
	return out, eachAdjudication(tx, func(a labeling.Adjudication) error {
		j := &out[at[a.ItemID]]
		j.Adjudication = &a // a later one replaces it
		return knownCandidates(j.Item, "adjudication "+a.ID, a.Answer)
	}, some, args...)
}

// knownCandidates checks that an answer orders the item's own candidates: who reads may
// rely on it, even after tampering.
func knownCandidates(it labeling.Item, what string, a labeling.Answer) error {
	for key, r := range a.Responses {
		for _, id := range slices.Concat(r.Order...) {
			if it.Index(id) < 0 {
				return fmt.Errorf("%s: %s: got candidate %d, want one of the item's", what, key, id)
			}
		}
	}
	return nil
}

// Last implements labeling.Queue.
func (s *Store) Last(ctx context.Context, project string, annotator int64, back int) (a labeling.Assignment, j labeling.Judgement, err error) {
	of, err := s.settings(ctx, project)
	if err != nil {
		return a, j, err
	}
	err = s.snapshot(ctx, "last", func(tx *txn) error {
		row := tx.QueryRow(`SELECT `+judgementColumns+`, j.slot_id`+judgementFrom+`
			WHERE j.annotator_id = ?1 AND s.project_id = ?2 AND `+isCurrent+` ORDER BY j.id DESC LIMIT 1 OFFSET ?3`, annotator, of.id, back)
		a.Lease.Annotator = annotator
		if j, err = scanJudgement(row.Scan, &a.Lease.Slot); errors.Is(err, sql.ErrNoRows) {
			return labeling.ErrNotFound
		}
		if err != nil {
			return err
		}
		a.Shown = j.Shown
		if a.Item, err = readItem(tx, j.ItemID); err != nil {
			return err
		}
		who, err := findAnnotator(tx, byID, annotator)
		a.Phase = phase(a.Item.Kind, who.Status)
		a.Item = unmarked(a.Item, a.Phase)
		return err
	})
	return a, j, err
}

// Progress implements labeling.Queue.
func (s *Store) Progress(ctx context.Context, project string, annotator int64) (p labeling.Progress, err error) {
	of, err := s.settings(ctx, project)
	if err != nil {
		return p, err
	}
	err = s.snapshot(ctx, "progress", func(tx *txn) error {
		p, err = readProgress(tx, of, annotator)
		return err
	})
	return p, err
}

func readProgress(tx *txn, of *settings, annotator int64) (p labeling.Progress, err error) {
	var status sql.NullString
	err = tx.QueryRow(`SELECT p.wanted, (SELECT coalesce(sum(worked), 0) FROM progress WHERE project_id = ?1),
		coalesce(m.done, 0), coalesce(m.skipped, 0), coalesce(m.days, 0), (SELECT status FROM annotator WHERE id = ?2)
		FROM project p LEFT JOIN progress m ON m.project_id = p.id AND m.annotator_id = ?2
		WHERE p.id = ?1`, of.id, annotator).Scan(&p.Wanted, &p.Done, &p.Mine, &p.Skipped, &p.Days, &status)
	if err != nil || status.String != string(labeling.StatusScreening) {
		return p, err
	}
	t, err := readTested(tx, of.id, annotator)
	p.Tested, p.Tests = t.seen, of.control.Screening.Items
	return p, err
}

// listed collects the rows of a statement about one project.
func listed[T any](ctx context.Context, s *Store, op, project string, row func(scanner) (T, error), statement string) (out []T, err error) {
	of, err := s.settings(ctx, project)
	if err != nil {
		return nil, err
	}
	err = s.snapshot(ctx, op, func(tx *txn) error {
		out, err = query(tx, row, statement, of.id)
		return err
	})
	return out, err
}

// Slots implements labeling.Archive.
func (s *Store) Slots(ctx context.Context, project string) ([]labeling.Slot, error) {
	return listed(ctx, s, "slots", project, func(scan scanner) (l labeling.Slot, err error) {
		var until sql.NullInt64
		var mode string
		err = scan(&l.ID, &l.ItemID, &l.N, &l.State, &l.Annotator, &until, &mode)
		if until.Valid {
			l.Until = time.UnixMilli(until.Int64).UTC()
		}
		l.Offline = mode == modeOffline && l.State == labeling.SlotLeased
		return l, err
	}, `SELECT id, item_id, n, state, coalesce(annotator_id, 0), lease_until, mode FROM slot WHERE project_id = ?1 ORDER BY item_id, n`)
}

// Skips implements labeling.Archive.
func (s *Store) Skips(ctx context.Context, project string) ([]labeling.Skipped, error) {
	return listed(ctx, s, "skips", project, func(scan scanner) (k labeling.Skipped, err error) {
		var at int64
		err = scan(&k.ItemID, &k.Annotator, &k.Reason, &at)
		k.At = time.UnixMilli(at).UTC()
		return k, err
	}, `SELECT k.item_id, a.handle, k.reason, k.at FROM skip k JOIN annotator a ON a.id = k.annotator_id JOIN item i ON i.id = k.item_id
		WHERE i.project_id = ?1 ORDER BY k.item_id, a.id`)
}

// RecordExport implements labeling.Archive.
func (s *Store) RecordExport(ctx context.Context, r labeling.ExportRun) (labeling.ExportRun, error) {
	err := s.update(ctx, "record export", func(tx *txn) error {
		p, project, err := findProject(tx, r.Project)
		if err != nil {
			return err
		}
		r.Project, r.At = p.Name, s.now().UTC().Truncate(time.Millisecond)
		if err := tx.append(); err != nil { // what others record with this transaction comes before
			return err
		}
		if _, r.Head, err = tx.head(); err != nil {
			return err
		}
		var id int64
		err = tx.QueryRow(`INSERT INTO export_run (project_id, format, sha256, lines, bytes, head, at, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id`,
			project, r.Format, r.SHA256, r.Lines, r.Bytes, r.Head, r.At.UnixMilli(), r.Note).Scan(&id)
		if err != nil {
			return err
		}
		tx.record(s.now(), 0, kindExport, id, exportDigest(project, r))
		return nil
	})
	return r, err
}

func exportDigest(project int64, r labeling.ExportRun) string {
	fields := []any{project, r.Format, r.SHA256, r.Lines, r.Bytes, r.Head}
	if r.Note != "" { // the first version had none
		fields = append(fields, r.Note)
	}
	return digest(fields...)
}

// Exports implements labeling.Archive.
func (s *Store) Exports(ctx context.Context, project string) ([]labeling.ExportRun, error) {
	return listed(ctx, s, "exports", project, func(scan scanner) (r labeling.ExportRun, err error) {
		var at int64
		err = scan(&r.Project, &r.Format, &r.SHA256, &r.Lines, &r.Bytes, &r.Head, &at, &r.Note)
		r.At = time.UnixMilli(at).UTC()
		return r, err
	}, `SELECT p.name, e.format, e.sha256, e.lines, e.bytes, e.head, e.at, e.note FROM export_run e JOIN project p ON p.id = e.project_id
		WHERE e.project_id = ?1 ORDER BY e.id`)
}
