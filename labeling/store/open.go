package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"plumbline/labeling"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of a store. The zero value is right for everything but tests.
type Options struct {
	Now func() time.Time // the clock; nil means time.Now
}

// Store is a labeling.Store in an SQLite file.
type Store struct {
	path     string
	now      func() time.Time
	write    *writer
	writeDB  *sql.DB // one connection
	readDB   *sql.DB
	projects sync.Map // name -> id
}

var _ labeling.Store = (*Store)(nil)

// Create opens a store, making the file if there is none.
func Create(ctx context.Context, path string, o Options) (*Store, error) {
	return open(ctx, path, "rwc", o)
}

// Open opens a store that exists.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("labeling/store: open: %s: %w: no such file; plumb label init makes one", path, labeling.ErrNotFound)
	}
	return open(ctx, path, "rw", o)
}

func open(ctx context.Context, path, mode string, o Options) (*Store, error) {
	s := &Store{path: path, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	fail := func(err error) (*Store, error) {
		return nil, errors.Join(fmt.Errorf("labeling/store: open: %s: %w", path, err), s.closeDBs())
	}
	var err error
	if s.writeDB, err = sql.Open("sqlite3", dsn(path, mode, "immediate")); err != nil {
		return fail(err)
	}
	s.writeDB.SetMaxOpenConns(1)
	if err := migrate(ctx, s.writeDB); err != nil {
		return fail(err)
	}
	if s.readDB, err = sql.Open("sqlite3", dsn(path, "rw", "deferred")+"&_query_only=on"); err != nil {
		return fail(err)
	}
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	s.write = newWriter(s.writeDB)
	if err := s.settleOld(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// settleOld brings the states of items up to date in a store of the first version, which
// knew no disputes.
func (s *Store) settleOld(ctx context.Context) error {
	var old bool
	err := s.snapshot(ctx, "settle", func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM project WHERE settled = 0)`).Scan(&old)
	})
	if err != nil || !old {
		return err
	}
	return s.update(ctx, "settle", func(tx *sql.Tx) error {
		ids, err := query(tx, func(scan scanner) (id int64, err error) { return id, scan(&id) },
			`SELECT i.id FROM item i JOIN project p ON p.id = i.project_id WHERE p.settled = 0 AND i.state = 'complete'`)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := settle(tx, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(`UPDATE project SET settled = 1 WHERE settled = 0`)
		return err
	})
}

const readers = 4

// dsn carries the settings, because a PRAGMA reaches only one connection of a pool.
// synchronous is named because the driver's own default under WAL is NORMAL, which
// loses acknowledged rows in a power cut.
func dsn(path, mode, lock string) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?mode=" + mode +
		"&_journal_mode=WAL&_synchronous=FULL&_txlock=" + lock + "&_busy_timeout=10000&_foreign_keys=on&_stmt_cache_size=64"
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := up(ctx, db, dir)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err == nil && have > want {
		err = fmt.Errorf("schema: got version %d, want at most %d: a newer plumb wrote this file", have, want)
	}
	return err
}

// up runs the migrations. Where several processes make a file at once, the switch to
// WAL answers "locked" without waiting, and a step may be found done by another: that
// is tried again, each time by a new provider, because one that failed to make its
// table of versions never tries to again.
func up(ctx context.Context, db *sql.DB, dir fs.FS) (*goose.Provider, error) {
	for try := 1; ; try++ {
		p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
		if err != nil {
			return nil, err
		}
		_, err = p.Up(ctx)
		if err == nil || (!isLocked(err) && try > 1) || try == 200 {
			return p, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close waits for writes under way and closes the file.
func (s *Store) Close() error {
	s.write.close()
	return s.closeDBs()
}

func (s *Store) closeDBs() error {
	var errs []error
	for _, db := range []*sql.DB{s.readDB, s.writeDB} { // the writer last: it folds the WAL into the file
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// update runs f within the next write transaction and names the operation in errors.
func (s *Store) update(ctx context.Context, op string, f func(*sql.Tx) error) error {
	if err := s.write.do(ctx, f); err != nil {
		return fmt.Errorf("labeling/store: %s: %w", op, err)
	}
	return nil
}

// snapshot runs f on one moment of the store.
func (s *Store) snapshot(ctx context.Context, op string, f func(*sql.Tx) error) error {
	err := func() error {
		tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // nothing was written
		return f(tx)
	}()
	if err != nil {
		return fmt.Errorf("labeling/store: %s: %w", op, err)
	}
	return nil
}
