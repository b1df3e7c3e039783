package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"plumbline/labeling"
)

// tables are all tables, each behind those that it refers to, with an order in which no
// row comes before one that it refers to.
var tables = []struct{ name, order string }{
	{"project", "id"},
	{"guideline", "id"},
	{"annotator", "id"},
	{"annotator_key", "fingerprint"},
	{"change", "id"},
	{"item", "id"},
	{"candidate", "id"},
	{"slot", "id"},
	{"skip", "id"},
	{"judgement", "id"},
	{"draft", "annotator_id, item_id"},
	{"progress", "project_id, annotator_id"},
	{"adjudication", "id"},
	{"withdrawal", "id"},
	{"withdrawn", "judgement_id"},
	{"export_run", "id"},
	{"event", "seq"},
}

// Move copies everything into a store that is empty, row for row with the same ids, all or
// nothing: from SQLite to PostgreSQL or back. The log must be sound before and after, and
// end with the same head. What is written to the old store meanwhile is not copied.
func Move(ctx context.Context, from, to *Store) (labeling.Audit, error) {
	var before, after labeling.Audit
	err := from.snapshot(ctx, "move", func(src *txn) error {
		before = audit(src, "")
		if err := sound("old", before); err != nil {
			return err
		}
		return to.update(ctx, "move", func(dst *txn) error {
			if err := mustBeEmpty(dst); err != nil {
				return err
			}
			for _, t := range tables {
				if err := copyTable(src, dst, t.name, t.order); err != nil {
					return fmt.Errorf("table %s: %w", t.name, err)
				}
			}
			after = audit(dst, before.Head)
			return sound("new", after)
		})
	})
	if err == nil && (after.Head != before.Head || after.Events != before.Events) {
		err = fmt.Errorf("labeling/store: move: got head %s after %d events, want %s after %d", after.Head, after.Events, before.Head, before.Events)
	}
	return after, err
}

func sound(which string, a labeling.Audit) error {
	if n := len(a.Faults); n > 0 {
		return fmt.Errorf("the %s store: got %d faults, the first: %s; see plumb label audit", which, n, a.Faults[0])
	}
	return nil
}

func mustBeEmpty(dst *txn) error {
	for _, t := range tables {
		var some bool
		if err := dst.QueryRow(`SELECT EXISTS (SELECT 1 FROM ` + t.name + `)`).Scan(&some); err != nil {
			return err
		}
		if some {
			return fmt.Errorf("%w: the new store is not empty", labeling.ErrConflict)
		}
	}
	return nil
}

func copyTable(src, dst *txn, table, order string) (err error) {
	into, err := newCopier(dst, table)
	if err != nil {
		return err
	}
	rows, err := src.Query(`SELECT ` + strings.Join(into.columns, ", ") + ` FROM ` + table + ` ORDER BY ` + order)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := into.row(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if order != "id" {
		return nil
	}
	return dst.restart(dst, table)
}

// copier writes rows of another engine into a table.
type copier struct {
	dst     *txn
	columns []string
	raw     []bool // the column holds any bytes
	insert  string
}

func newCopier(dst *txn, table string) (c copier, err error) {
	rows, err := dst.Query(`SELECT * FROM ` + table + ` WHERE false`)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, rows.Close(), rows.Err()) }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return c, err
	}
	c.dst = dst
	var parameters []string
	for i, t := range types {
		c.columns = append(c.columns, t.Name())
		c.raw = append(c.raw, t.DatabaseTypeName() == "BYTEA")
		parameters = append(parameters, fmt.Sprint("?", i+1))
	}
	c.insert = fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(c.columns, ", "), strings.Join(parameters, ", "))
	return c, nil
}

func (c copier) row(rows *sql.Rows) error {
	values, into := make([]any, len(c.columns)), make([]any, len(c.columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	for i, v := range values {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		if s, ok := v.(string); ok && c.raw[i] {
			v = c.dst.bytes(s)
		}
		values[i] = v
	}
	_, err := c.dst.Exec(c.insert, values...)
	return err
}
