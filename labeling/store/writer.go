package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxBatch bounds the writes of one transaction.
const maxBatch = 256

var errClosed = errors.New("the store is closed")

// writer puts everything that waits into one transaction, so that many annotators
// share one fsync. Nobody is told "saved" before the commit is on the disk.
type writer struct {
	db    *sql.DB
	queue chan *write
	done  chan struct{}

	mu     sync.RWMutex // guards closed; held for reading while sending
	closed bool
}

type write struct {
	f      func(*sql.Tx) error
	err    error
	result chan error
}

func newWriter(db *sql.DB) *writer {
	w := &writer{db: db, queue: make(chan *write, maxBatch), done: make(chan struct{})}
	go w.run()
	return w
}

// do runs f in the next transaction and waits for its commit. f may run again if its
// batch failed for another's sake, so it must set its results anew each time.
func (w *writer) do(ctx context.Context, f func(*sql.Tx) error) error {
	r := &write{f: f, result: make(chan error, 1)}
	if err := w.send(ctx, r); err != nil {
		return err
	}
	return <-r.result // even if ctx is done: the answer to "was it saved" must be true
}

func (w *writer) send(ctx context.Context, r *write) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	for first := range w.queue {
		batch := w.gather(first)
		err := w.commit(batch)
		if err != nil && len(batch) > 1 {
			for _, r := range batch { // one by one, so that only the culprit fails
				r.result <- errors.Join(w.commit([]*write{r}), r.err)
			}
			continue
		}
		for _, r := range batch {
			r.result <- errors.Join(err, r.err)
		}
	}
}

func (w *writer) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction. Each write has a savepoint, so that one
// that is refused leaves its neighbours alone; an error returned is about the whole.
func (w *writer) commit(batch []*write) error {
	ctx := context.Background() // a write once begun is finished
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, r := range batch {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			return err
		}
		if r.err = r.f(tx); r.err != nil {
			if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "RELEASE one"); err != nil {
			return err
		}
	}
	return tx.Commit()
}
