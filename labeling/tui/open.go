package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// Options of a session.
type Options struct {
	Terminal
	Project string        // empty: the only one
	Lease   time.Duration // how long an item waits for somebody whose connection broke
	Welcome bool          // who has judged nothing yet is told first what is asked of them
	// Guide reads the project anew, so that a newer guideline is told; nil: it is never read.
	Guide func(context.Context) (labeling.Project, error)
	Now   func() time.Time
}

// DefaultOptions are those of this process's terminal.
func DefaultOptions(getenv func(string) string) Options {
	return Options{Terminal: Here(getenv), Lease: DefaultLease, Welcome: true, Now: time.Now}
}

// DefaultLease is how long an item waits for somebody whose connection broke.
const DefaultLease = 10 * time.Minute

// Result says what was done in a session.
type Result struct {
	Judged    int  `json:"judged"`
	Corrected int  `json:"corrected"`
	Skipped   int  `json:"skipped"`
	Finished  bool `json:"finished"` // nothing was left for this annotator
}

// Open lets a person judge in this process's terminal, until they leave or nothing is
// left for them. The annotator is enrolled if new, and then tested
// first where the project tests. A cancelled ctx ends the session; what
// was begun is kept as a draft.
func Open(ctx context.Context, s labeling.Store, annotator string, o Options) (r Result, err error) {
	p, err := s.Project(ctx, o.Project)
	if err != nil {
		return r, err
	}
	a, err := s.Enrol(ctx, labeling.Annotator{Handle: annotator, Status: p.Control.NewStatus()})
	if err != nil {
		return r, err
	}
	o.Guide = func(ctx context.Context) (labeling.Project, error) { return s.Project(ctx, p.Name) }
	err = o.Terminal.Use(func(t Terminal) error {
		o.Terminal = t
		r, err = Label(ctx, s, p, a, o)
		return err
	})
	return r, err
}

// Label lets an annotator judge at a terminal that is raw already, what the queue hands
// out. Whoever leaves, or stays away for too long, gives the item back; where the
// connection breaks or ctx is done it waits for them. labeling.ErrNotActive: they may
// not work any more.
func Label(ctx context.Context, q labeling.Queue, p labeling.Project, a labeling.Annotator, o Options) (Result, error) {
	m, err := newModel(ctx, q, p, a, o)
	if err != nil {
		return Result{}, err
	}
	var stop context.CancelFunc
	m.ctx, stop = context.WithCancel(ctx)
	err = Show(ctx, o.Terminal, m)
	stop()
	left := err == nil || errors.Is(err, ErrIdle)
	return m.result, errors.Join(err, m.dismissed, m.settle(context.WithoutCancel(ctx), left))
}

// newModel prepares a session.
func newModel(ctx context.Context, q labeling.Queue, p labeling.Project, a labeling.Annotator, o Options) (*model, error) {
	if o.Lease < time.Second {
		return nil, fmt.Errorf("labeling/tui: lease: got %v, want at least 1s", o.Lease)
	}
	_, last, err := q.Last(ctx, p.Name, a.ID, 0)
	isNew := errors.Is(err, labeling.ErrNotFound)
	if err != nil && !isNew {
		return nil, err
	}
	m := &model{store: q, o: o, project: p.Name, annotator: a.ID, isNew: isNew && o.Welcome}
	m.state = screen.New(screen.Options{
		Lang: o.Lang, Title: p.Name + " · " + a.Handle, Task: p.Task,
		Guideline: p.Guideline, GuidelineVersion: p.Version, GuidelineSeen: last.Guideline,
		Color: o.Color, Linear: o.Linear,
	})
	m.said, m.lastKey = m.state, o.Now()
	return m, nil
}

// settle leaves the store as the annotator left the screen: an answer on its way is
// sent again, which changes nothing if it arrived; what was begun becomes a draft; the
// item of who left goes back to the queue.
func (m *model) settle(ctx context.Context, left bool) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var errs []error
	if m.sending != nil {
		err := m.store.Submit(ctx, *m.sending)
		if err == nil {
			m.count(*m.sending)
		}
		errs = append(errs, heldOn(err))
	} else if m.held() && m.coming == nil && !m.correcting() && !m.state.Answer().Empty() {
		errs = append(errs, heldOn(m.store.SaveDraft(ctx, m.lease, m.answer())))
	}
	if m.held() && left {
		errs = append(errs, m.store.Release(ctx, m.lease))
	}
	return errors.Join(errs...)
}

// heldOn drops the news that the item went to somebody else: the session is over.
func heldOn(err error) error {
	if errors.Is(err, labeling.ErrLeaseLost) {
		return nil
	}
	return err
}
