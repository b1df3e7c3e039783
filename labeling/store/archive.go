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

// scanner is the Scan of a row.
type scanner func(...any) error

// query collects the rows of a statement.
func query[T any](tx *sql.Tx, row func(scanner) (T, error), statement string, args ...any) (out []T, err error) {
	err = each(tx, func(scan scanner) error {
		v, err := row(scan)
		out = append(out, v)
		return err
	}, statement, args...)
	return out, err
}

// each calls f for every row of a statement.
func each(tx *sql.Tx, f func(scanner) error, statement string, args ...any) (err error) {
	rows, err := tx.Query(statement, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// isCurrent holds for a judgement j that nothing supersedes.
const isCurrent = `NOT EXISTS (SELECT 1 FROM judgement x WHERE x.supersedes = j.uuid)`

// The columns that scanJudgement reads, and where they come from.
const (
	judgementColumns = `j.uuid, j.item_id, s.n, a.handle, a.simulated, j.shown, j.answer, g.version, j.active_ms, j.wall_ms, j.at, coalesce(j.supersedes, ''), ` + isCurrent
	judgementFrom    = ` FROM judgement j JOIN slot s ON s.id = j.slot_id JOIN annotator a ON a.id = j.annotator_id JOIN guideline g ON g.id = j.guideline_id `
)

func scanJudgement(scan scanner, more ...any) (j labeling.Judgement, err error) {
	var shown, answer string
	var active, wall, at int64
	err = scan(append([]any{&j.ID, &j.ItemID, &j.Slot, &j.Annotator, &j.Simulated, &shown, &answer, &j.Guideline, &active, &wall, &at, &j.Supersedes, &j.Current}, more...)...)
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
	return func(yield func(labeling.JudgedItem, error) bool) {
		id, err := s.projectID(ctx, project)
		if err == nil {
			err = s.snapshot(ctx, "judged", func(tx *sql.Tx) error { return walkJudged(tx, id, yield) })
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(labeling.JudgedItem{}, err)
		}
	}
}

// errStop ends a walk whose consumer has seen enough.
var errStop = errors.New("stop")

// walkJudged reads the ids of items page by page, so that memory holds one page.
func walkJudged(tx *sql.Tx, project int64, yield func(labeling.JudgedItem, error) bool) error {
	const page = 500
	for last := int64(0); ; {
		ids, err := query(tx, func(scan scanner) (id int64, err error) { return id, scan(&id) },
			`SELECT id FROM item WHERE project_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, project, last, page)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			j, err := readJudged(tx, id)
			if err != nil {
				return fmt.Errorf("item %d: %w", id, err)
			}
			if !yield(j, nil) {
				return errStop
			}
		}
		last = ids[len(ids)-1]
	}
}

func readJudged(tx *sql.Tx, id int64) (j labeling.JudgedItem, err error) {
	if j.Item, err = readItem(tx, id); err != nil {
		return j, err
	}
	j.Judgements, err = query(tx, func(scan scanner) (labeling.Judgement, error) { return scanJudgement(scan) },
		`SELECT `+judgementColumns+judgementFrom+`WHERE j.item_id = ?1 ORDER BY s.n, j.id`, id)
	if err != nil {
		return j, err
	}
	for _, g := range j.Judgements { // who reads may rely on it, even after tampering
		for key, r := range g.Answer.Responses {
			for _, id := range slices.Concat(r.Order...) {
				if j.Item.Index(id) < 0 {
					return j, fmt.Errorf("judgement %s: %s: got candidate %d, want one of the item's", g.ID, key, id)
				}
			}
		}
	}
	return j, nil
}

// Last implements labeling.Queue.
func (s *Store) Last(ctx context.Context, project string, annotator int64, back int) (a labeling.Assignment, j labeling.Judgement, err error) {
	id, err := s.projectID(ctx, project)
	if err != nil {
		return a, j, err
	}
	err = s.snapshot(ctx, "last", func(tx *sql.Tx) error {
		row := tx.QueryRow(`SELECT `+judgementColumns+`, j.slot_id`+judgementFrom+`
			WHERE j.annotator_id = ?1 AND s.project_id = ?2 AND `+isCurrent+` ORDER BY j.id DESC LIMIT 1 OFFSET ?3`, annotator, id, back)
		a.Lease.Annotator = annotator
		if j, err = scanJudgement(row.Scan, &a.Lease.Slot); errors.Is(err, sql.ErrNoRows) {
			return labeling.ErrNotFound
		}
		if err != nil {
			return err
		}
		a.Shown = j.Shown
		a.Item, err = readItem(tx, j.ItemID)
		return err
	})
	return a, j, err
}

// Progress implements labeling.Queue.
func (s *Store) Progress(ctx context.Context, project string, annotator int64) (p labeling.Progress, err error) {
	id, err := s.projectID(ctx, project)
	if err != nil {
		return p, err
	}
	err = s.snapshot(ctx, "progress", func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT wanted,
			(SELECT coalesce(sum(done), 0) FROM progress WHERE project_id = ?1),
			(SELECT coalesce(sum(done), 0) FROM progress WHERE project_id = ?1 AND annotator_id = ?2),
			(SELECT coalesce(sum(skipped), 0) FROM progress WHERE project_id = ?1 AND annotator_id = ?2)
			FROM project WHERE id = ?1`, id, annotator).Scan(&p.Wanted, &p.Done, &p.Mine, &p.Skipped)
	})
	return p, err
}

// list collects the rows of a statement about one project.
func list[T any](ctx context.Context, s *Store, op, project string, row func(scanner) (T, error), statement string) (out []T, err error) {
	id, err := s.projectID(ctx, project)
	if err != nil {
		return nil, err
	}
	err = s.snapshot(ctx, op, func(tx *sql.Tx) error {
		out, err = query(tx, row, statement, id)
		return err
	})
	return out, err
}

// Slots implements labeling.Archive.
func (s *Store) Slots(ctx context.Context, project string) ([]labeling.Slot, error) {
	return list(ctx, s, "slots", project, func(scan scanner) (l labeling.Slot, err error) {
		return l, scan(&l.ID, &l.ItemID, &l.N, &l.State, &l.Annotator)
	}, `SELECT id, item_id, n, state, coalesce(annotator_id, 0) FROM slot WHERE project_id = ?1 ORDER BY item_id, n`)
}

// Skips implements labeling.Archive.
func (s *Store) Skips(ctx context.Context, project string) ([]labeling.Skipped, error) {
	return list(ctx, s, "skips", project, func(scan scanner) (k labeling.Skipped, err error) {
		var at int64
		err = scan(&k.ItemID, &k.Annotator, &k.Reason, &at)
		k.At = time.UnixMilli(at).UTC()
		return k, err
	}, `SELECT k.item_id, a.handle, k.reason, k.at FROM skip k JOIN annotator a ON a.id = k.annotator_id JOIN item i ON i.id = k.item_id
		WHERE i.project_id = ?1 ORDER BY k.item_id, a.id`)
}

// Annotators implements labeling.Archive.
func (s *Store) Annotators(ctx context.Context) (out []labeling.Annotator, err error) {
	err = s.snapshot(ctx, "annotators", func(tx *sql.Tx) error {
		out, err = query(tx, func(scan scanner) (a labeling.Annotator, err error) {
			return a, scan(&a.ID, &a.Handle, &a.Role, &a.Simulated)
		}, `SELECT id, handle, role, simulated FROM annotator ORDER BY id`)
		return err
	})
	return out, err
}

// RecordExport implements labeling.Archive.
func (s *Store) RecordExport(ctx context.Context, r labeling.ExportRun) (labeling.ExportRun, error) {
	err := s.update(ctx, "record export", func(tx *sql.Tx) error {
		p, project, err := findProject(tx, r.Project)
		if err != nil {
			return err
		}
		r.Project, r.At = p.Name, s.now().UTC().Truncate(time.Millisecond)
		if _, r.Head, err = head(tx); err != nil {
			return err
		}
		var id int64
		err = tx.QueryRow(`INSERT INTO export_run (project_id, format, sha256, lines, bytes, head, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id`,
			project, r.Format, r.SHA256, r.Lines, r.Bytes, r.Head, r.At.UnixMilli()).Scan(&id)
		if err != nil {
			return err
		}
		return record(tx, s.now(), 0, kindExport, id, exportDigest(project, string(r.Format), r.SHA256, r.Lines, r.Bytes, r.Head))
	})
	return r, err
}

func exportDigest(project int64, format, sum string, lines int, bytes int64, head string) string {
	return digest(project, format, sum, lines, bytes, head)
}
