package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/pressly/goose/v3"
)

// engine is what differs between the databases. Everything else is said once, in the SQL
// that both understand: parameters are ?1, ?2 and so on, and what is in braces is said in
// the engine's own words by say.
type engine interface {
	// connect opens the pool for writing, of as many connections as writers, and that for
	// reading.
	connect(ctx context.Context, where string, create bool) (write, read *sql.DB, err error)
	// writers is how many transactions may write at the same time.
	writers() int
	// migrator brings the schema up to date with some migrations.
	migrator(db *sql.DB, all []*goose.Migration) (*goose.Provider, error)
	// words are the functions and types of the migrations.
	words() words
	// say is a statement in the engine's words. alone tells that it is for a transaction of
	// one write, which may wait for others; a batch had better not, because of two that
	// hold what the other one waits for neither would get on.
	//
	//	?1             the first parameter
	//	{hold}         keeps the rows read as they are until the transaction ends; in a batch
	//	               another one's are an error
	//	{wait}         the same, but always waits for another one's
	//	{free}         the same, but passes over rows that another transaction holds
	//	{not by}a.b    a column that is not to be searched by
	//	{in ?1}        is among the numbers of a list
	say(statement string, alone bool) string
	// bytes is an argument for a column that holds any bytes.
	bytes(s string) any
	// list is an argument for {in ?1}.
	list(ids []int64) (any, error)
	// snapshot are the options of a transaction that sees one moment of the store.
	snapshot() *sql.TxOptions
	// lockLog keeps other writers from appending to the log until the transaction ends.
	lockLog(t *txn) error
	// execAll runs statements one after the other that need no answer.
	execAll(t *txn, all []statement) error
	// again tells whether a failed transaction may succeed if it is done again, because
	// another writer was in the way.
	again(err error) bool
	// sound looks for damage to the database itself, and to the memory of how long the log is.
	sound(a *auditor) error
	// guards are the triggers in the database that keep history from being changed, by
	// name, in the words of the migrations.
	guards(t *txn) (map[string]string, error)
	// grown lets the planner know of items that were added, where they are many.
	grown(t *txn, added int) error
	// restart makes ids go on after those that were copied into a table.
	restart(t *txn, table string) error
}

// txn is a transaction that speaks its engine's SQL. A writer's has a log to append to.
type txn struct {
	engine
	known   *known
	conn    *sql.Conn // of a writer
	db      *sql.Tx
	alone   bool    // of one write
	changed bool    // by the write under way
	broken  bool    // the engine refused something: nothing of it can be kept
	events  []event // to be appended to the log
	touched []touch // items whose state may be another
}

// Exec runs a statement.
func (t *txn) Exec(statement string, args ...any) (sql.Result, error) {
	r, err := t.db.Exec(t.say(statement, t.alone), args...)
	if err != nil {
		t.broken = true
		return r, err
	}
	n, err := r.RowsAffected()
	t.changed = t.changed || n > 0
	return r, err
}

// statement is one of several that are run together.
type statement struct {
	sql  string
	args []any
}

// ExecAll runs statements that write.
func (t *txn) ExecAll(all ...statement) error {
	err := t.execAll(t, all)
	t.changed, t.broken = true, t.broken || err != nil
	return err
}

// Query reads rows.
func (t *txn) Query(statement string, args ...any) (*sql.Rows, error) {
	rows, err := t.db.Query(t.say(statement, t.alone), args...)
	t.broken = t.broken || err != nil
	return rows, err
}

// QueryRow reads one row, or writes it and reads it back.
func (t *txn) QueryRow(statement string, args ...any) row {
	return row{t, !strings.HasPrefix(statement, "SELECT"), t.db.QueryRow(t.say(statement, t.alone), args...)}
}

type row struct {
	tx     *txn
	writes bool
	row    *sql.Row
}

// Scan is sql.ErrNoRows where no row was found, or none to write.
func (r row) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	switch {
	case err == nil:
		r.tx.changed = r.tx.changed || r.writes
	case !errors.Is(err, sql.ErrNoRows):
		r.tx.broken = true
	}
	return err
}

// scanner is the Scan of a row.
type scanner func(...any) error

// query collects the rows of a statement.
func query[T any](t *txn, row func(scanner) (T, error), statement string, args ...any) (out []T, err error) {
	err = each(t, func(scan scanner) error {
		v, err := row(scan)
		out = append(out, v)
		return err
	}, statement, args...)
	return out, err
}

// each calls f for every row of a statement. f must not use the transaction: a connection
// reads one result at a time.
func each(t *txn, f func(scanner) error, statement string, args ...any) (err error) {
	rows, err := t.Query(statement, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	err = rows.Err()
	t.broken = t.broken || err != nil
	return err
}

// ids reads rows of one number each.
func ids(t *txn, statement string, args ...any) ([]int64, error) {
	return query(t, func(scan scanner) (id int64, err error) { return id, scan(&id) }, statement, args...)
}
