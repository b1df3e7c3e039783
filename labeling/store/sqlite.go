package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"

	"plumbline/labeling"
)

// sqlite is the engine of a store in one file.
type sqlite struct{ said sync.Map } // string -> string

const readers = 4

// connect opens the file. PRAGMAs are in the DSN, because a PRAGMA reaches only one
// connection of a pool; synchronous is named because the driver's own default under WAL
// is NORMAL, which loses acknowledged rows in a power cut.
func (e *sqlite) connect(_ context.Context, path string, create bool) (write, read *sql.DB, err error) {
	mode := "rwc"
	if !create {
		mode = "rw"
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("%w: no such file; plumb label init makes one", labeling.ErrNotFound)
		}
	}
	if write, err = sql.Open("sqlite3", e.dsn(path, mode, "immediate")); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(e.writers())
	if read, err = sql.Open("sqlite3", e.dsn(path, "rw", "deferred")+"&_query_only=on"); err != nil {
		return write, nil, err
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return write, read, nil
}

func (*sqlite) writers() int { return 1 } // more would only wait for one another

func (*sqlite) dsn(path, mode, lock string) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?mode=" + mode +
		"&_journal_mode=WAL&_synchronous=FULL&_txlock=" + lock + "&_busy_timeout=10000&_foreign_keys=on&_stmt_cache_size=64"
}

func (*sqlite) migrator(db *sql.DB, all []*goose.Migration) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
}

func (*sqlite) words() words {
	return words{
		columns: func(sql string) string { return sql },
		bytes:   "TEXT", // holds any bytes, if they are bound as a text
		refuse: func(event, table, why string) string {
			return fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s\nBEGIN SELECT RAISE(ABORT, '%s'); END;", guardName(event, table), event, table, why)
		},
		refuseReplace: func(table, same, why string) string {
			return fmt.Sprintf("CREATE TRIGGER %s BEFORE INSERT ON %s\n  WHEN EXISTS (SELECT 1 FROM %s WHERE %s)\nBEGIN SELECT RAISE(ABORT, '%s'); END;",
				guardName("REPLACE", table), table, table, same, why)
		},
		allow: func(event, table string) string { return "DROP TRIGGER " + guardName(event, table) + ";" },
	}
}

// One writer at a time has the whole file, so that nothing need be held.
var sqliteWords = strings.NewReplacer("{hold}", "", "{wait}", "", "{free}", "", "{not by}", "+", "{in ?1}", "IN (SELECT value FROM json_each(?1))")

// SQLite plans a statement anew, which takes longer than to run it, each time that a
// parameter is bound that some plan compares a column with by itself. It does not look
// behind a function. (sqlite3VdbeReprepareOnBind in SQLite 3.54; the driver clears the
// bindings after each use.)
var compared = regexp.MustCompile(`= (\?\d+)`)

func (e *sqlite) say(statement string, _ bool) string {
	if s, ok := e.said.Load(statement); ok {
		return s.(string)
	}
	s := compared.ReplaceAllString(sqliteWords.Replace(statement), "= coalesce($1, NULL)")
	e.said.Store(statement, s)
	return s
}

func (*sqlite) list(ids []int64) (any, error) { return text(ids) }

func (*sqlite) execAll(t *txn, all []statement) error {
	for _, s := range all {
		if _, err := t.Exec(s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}

func (*sqlite) bytes(s string) any       { return s }
func (*sqlite) snapshot() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }
func (*sqlite) lockLog(*txn) error       { return nil }

func (*sqlite) sound(a *auditor) error {
	err := each(a.tx, func(scan scanner) error {
		var verdict string
		err := scan(&verdict)
		if verdict != "ok" {
			a.fault("file: %s", verdict)
		}
		return err
	}, `PRAGMA integrity_check(20)`)
	if err != nil {
		return err
	}
	err = each(a.tx, func(scan scanner) error {
		var table, parent string
		var row, key sql.NullInt64
		err := scan(&table, &row, &parent, &key)
		a.fault("%s %d: names a %s that is not there", table, row.Int64, parent)
		return err
	}, `PRAGMA foreign_key_check`)
	if err != nil {
		return err
	}
	// SQLite remembers the largest number it ever gave.
	var largest, last int64
	err = a.tx.QueryRow(`SELECT coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'event'), 0), coalesce((SELECT max(seq) FROM event), 0)`).Scan(&largest, &last)
	if err == nil && largest != last {
		a.fault("log: ends with event %d, but event %d was written", last, largest)
	}
	return err
}

func (*sqlite) guards(t *txn) (map[string]string, error) {
	have := map[string]string{}
	return have, each(t, func(scan scanner) error {
		var name, body string
		err := scan(&name, &body)
		have[name] = body
		return err
	}, `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`)
}

func (*sqlite) grown(*txn, int) error { return nil } // its plans need no statistics

func (*sqlite) restart(*txn, string) error { return nil } // an id is one more than the largest there is
