package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// maxBatch bounds the writes of one transaction, maxTries how often one is done again
// because another process or host was in the way.
const (
	maxBatch = 256
	maxTries = 20
)

var (
	errClosed = errors.New("the store is closed")
	// errSpoilt: a write failed when it had changed something already, so that the others
	// must be done without it.
	errSpoilt = errors.New("a write failed half done")
)

// writer puts everything that waits into one transaction, so that many annotators
// share one fsync; an engine may have several under way. Nobody is told "saved" before
// the commit is on the disk.
type writer struct {
	engine engine
	known  *known
	db     *sql.DB
	queue  chan *write
	done   sync.WaitGroup

	mu     sync.RWMutex // guards closed; held for reading while sending
	closed bool
}

type write struct {
	f      func(*txn) error
	last   bool // to run after others
	err    error
	result chan error
}

func newWriter(e engine, k *known, db *sql.DB) *writer {
	w := &writer{engine: e, known: k, db: db, queue: make(chan *write, maxBatch)}
	for range e.writers() {
		w.done.Go(w.run)
	}
	return w
}

// do runs f in the next transaction, after those that are not to be last, and waits for
// the commit. f may run again if its batch failed, so it must set its results anew each
// time.
func (w *writer) do(ctx context.Context, last bool, f func(*txn) error) error {
	r := &write{f: f, last: last, result: make(chan error, 1)}
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
	w.done.Wait()
}

func (w *writer) run() {
	for first := range w.queue {
		batch := w.gather(first)
		if len(batch) > 1 && w.commit(batch) == nil {
			for _, r := range batch {
				r.result <- r.err
			}
			continue
		}
		for _, r := range batch { // one by one, so that only the culprit fails
			r.result <- w.alone(r)
		}
	}
}

func (w *writer) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return ordered(batch)
			}
			batch = append(batch, r)
		default:
			return ordered(batch)
		}
	}
	return ordered(batch)
}

// ordered puts what is to be last behind the rest.
func ordered(batch []*write) []*write {
	slices.SortStableFunc(batch, func(a, b *write) int { return number(a.last) - number(b.last) })
	return batch
}

// alone runs one write, again if another process was in the way.
func (w *writer) alone(r *write) error {
	for try := 1; ; try++ {
		err := w.commit([]*write{r})
		if err == nil || errors.Is(err, errSpoilt) {
			err = r.err
		}
		if err == nil || try == maxTries || !w.engine.again(err) {
			return err
		}
		time.Sleep(time.Duration(rand.IntN(try)) * time.Millisecond)
	}
}

// commit runs a batch in one transaction. A write that is refused before it has changed
// anything leaves its neighbours alone; an error returned is about the whole.
func (w *writer) commit(batch []*write) error {
	ctx := context.Background() // a write once begun is finished
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	db, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer db.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	t := &txn{engine: w.engine, known: w.known, conn: conn, db: db, alone: len(batch) == 1}
	for _, r := range batch {
		t.changed = false
		events, touched := len(t.events), len(t.touched)
		if r.err = r.f(t); r.err == nil {
			continue
		}
		if t.changed || t.broken {
			return errSpoilt
		}
		t.events, t.touched = t.events[:events], t.touched[:touched]
	}
	if err := t.finish(); err != nil {
		return err
	}
	return db.Commit()
}

// finish does what is done once per transaction: it appends to the log, and works out
// what was decided about the items that were judged. Both come after the lock of the log,
// so that of two hosts that judge one item the later one sees what the other wrote.
func (t *txn) finish() error {
	if len(t.events) == 0 && len(t.touched) == 0 {
		return nil
	}
	if err := t.append(); err != nil {
		return err
	}
	return t.settle()
}
