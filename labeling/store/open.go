package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"plumbline/labeling"
)

// Options of a store. The zero value is right for everything but tests.
type Options struct {
	Now func() time.Time // the clock; nil means time.Now
}

// Store is a labeling.Store in an SQLite file or a PostgreSQL database.
type Store struct {
	engine  engine
	where   string
	now     func() time.Time
	write   *writer
	writeDB *sql.DB // one connection
	readDB  *sql.DB
	known   *known
}

var _ labeling.Store = (*Store)(nil)

// Create opens a store, making it if there is none. where is the path of a file, or a
// postgres:// URL; a database must be there.
func Create(ctx context.Context, where string, o Options) (*Store, error) {
	return open(ctx, where, true, o)
}

// Open opens a store that exists. ErrNotFound.
func Open(ctx context.Context, where string, o Options) (*Store, error) {
	return open(ctx, where, false, o)
}

func open(ctx context.Context, where string, create bool, o Options) (*Store, error) {
	s := &Store{engine: &sqlite{}, where: where, now: o.Now, known: &known{}}
	if isURL(where) {
		s.engine = &postgres{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.writeDB, s.readDB, err = s.engine.connect(ctx, where, create); err == nil {
		err = migrate(ctx, s.engine, s.writeDB)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("labeling/store: open: %s: %w", Shown(where), err), s.closeDBs())
	}
	s.write = newWriter(s.engine, s.known, s.writeDB)
	if err := s.settleOld(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// up runs the migrations. Where several processes make a file at once, the switch to
// WAL answers "locked" without waiting, and a step may be found done by another: that
// is tried again, each time by a new provider, because one that failed to make its
// table of versions never tries to again.
func up(ctx context.Context, e engine, newProvider func() (*goose.Provider, error)) (*goose.Provider, error) {
	for try := 1; ; try++ {
		p, err := newProvider()
		if err != nil {
			return nil, err
		}
		_, err = p.Up(ctx)
		if err == nil || (!e.again(err) && try > 1) || try == 200 {
			return p, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// settleOld brings the states of items up to date in a store of the first version, which
// knew no disputes.
func (s *Store) settleOld(ctx context.Context) error {
	var old bool
	err := s.snapshot(ctx, "settle", func(t *txn) error {
		return t.QueryRow(`SELECT EXISTS (SELECT 1 FROM project WHERE settled = 0)`).Scan(&old)
	})
	if err != nil || !old {
		return err
	}
	return s.update(ctx, "settle", func(t *txn) error {
		all, err := ids(t, `SELECT i.id FROM item i JOIN project p ON p.id = i.project_id WHERE p.settled = 0 AND i.state = 'complete'`)
		if err != nil {
			return err
		}
		for _, id := range all {
			t.touched = append(t.touched, touch{item: id})
		}
		_, err = t.Exec(`UPDATE project SET settled = 1 WHERE settled = 0`)
		return err
	})
}

// Close waits for writes under way and closes the store.
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
func (s *Store) update(ctx context.Context, op string, f func(*txn) error) error {
	if err := s.write.do(ctx, false, f); err != nil {
		return fmt.Errorf("labeling/store: %s: %w", op, err)
	}
	return nil
}

// claimLast is update for claims. In looking for a free slot one may lock another, which
// somebody took a moment ago and may be about to submit. So claims come last in their
// transaction: whoever waits for them waits for nobody who waits.
func (s *Store) claimLast(ctx context.Context, op string, f func(*txn) error) error {
	if err := s.write.do(ctx, true, f); err != nil {
		return fmt.Errorf("labeling/store: %s: %w", op, err)
	}
	return nil
}

// snapshot runs f on one moment of the store.
func (s *Store) snapshot(ctx context.Context, op string, f func(*txn) error) error {
	err := func() error {
		db, err := s.readDB.BeginTx(ctx, s.engine.snapshot())
		if err != nil {
			return err
		}
		defer db.Rollback() //nolint:errcheck // nothing was written
		return f(&txn{engine: s.engine, known: s.known, db: db})
	}()
	if err != nil {
		return fmt.Errorf("labeling/store: %s: %w", op, err)
	}
	return nil
}
