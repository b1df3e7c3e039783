package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"

	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// Options of a session.
type Options struct {
	Project string        // empty: the only one
	Lang    screen.Lang   // of the interface
	Linear  bool          // line after line, for screen readers and plain terminals
	Color   bool          // marks may have a colour; they never need it
	Lease   time.Duration // how long an item waits for somebody whose connection broke
	Input   *os.File
	Output  *os.File
	Now     func() time.Time
}

// DefaultOptions are those of a terminal with this environment: the language of
// LC_ALL, LC_MESSAGES or LANG, no colours under NO_COLOR, linear where TERM is dumb.
func DefaultOptions(getenv func(string) string) Options {
	locale := ""
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale == "" {
			locale = getenv(key)
		}
	}
	plain := getenv("TERM") == "dumb" || getenv("TERM") == ""
	return Options{
		Lang: screen.LangOf(locale), Linear: plain, Color: getenv("NO_COLOR") == "" && !plain,
		Lease: 10 * time.Minute, Input: os.Stdin, Output: os.Stdout, Now: time.Now,
	}
}

// Result says what was done in a session.
type Result struct {
	Judged    int  `json:"judged"`
	Corrected int  `json:"corrected"`
	Skipped   int  `json:"skipped"`
	Finished  bool `json:"finished"` // nothing was left for this annotator
}

// ErrNotTerminal says that a person can only judge at a terminal.
var ErrNotTerminal = errors.New("not a terminal")

// Open lets a person judge in the terminal, until they leave or nothing is left for
// them. The annotator is enrolled if new. A cancelled ctx ends the session; what was
// begun is kept as a draft.
func Open(ctx context.Context, s labeling.Store, annotator string, o Options) (Result, error) {
	for name, f := range map[string]*os.File{"input": o.Input, "output": o.Output} {
		if f == nil || !term.IsTerminal(f.Fd()) {
			return Result{}, fmt.Errorf("labeling/tui: open: standard %s: %w: judging needs one; programs judge with plumb label simulate", name, ErrNotTerminal)
		}
	}
	m, err := newModel(ctx, s, annotator, o)
	if err != nil {
		return Result{}, err
	}
	if o.Linear { // Bubble Tea leaves the terminal alone where it does not draw
		before, err := term.MakeRaw(o.Input.Fd())
		if err != nil {
			return Result{}, fmt.Errorf("labeling/tui: open: %w", err)
		}
		defer term.Restore(o.Input.Fd(), before) //nolint:errcheck // nothing is left to do
	}
	return m.run(tea.WithInput(o.Input), tea.WithOutput(o.Output))
}

// newModel prepares a session.
func newModel(ctx context.Context, s labeling.Store, annotator string, o Options) (*model, error) {
	if o.Lease < time.Second {
		return nil, fmt.Errorf("labeling/tui: lease: got %v, want at least 1s", o.Lease)
	}
	p, err := s.Project(ctx, o.Project)
	if err != nil {
		return nil, err
	}
	a, err := s.Enrol(ctx, labeling.Annotator{Handle: annotator})
	if err != nil {
		return nil, err
	}
	q, err := labeling.MainQuestion(p.Task, "")
	if err != nil {
		return nil, err
	}
	m := &model{ctx: ctx, store: s, o: o, project: p.Name, question: q.Key, annotator: a.ID}
	m.state = screen.New(screen.Options{
		Lang: o.Lang, Title: p.Name + " · " + a.Handle, Guideline: p.Guideline, Ties: q.Ties, Color: o.Color, Linear: o.Linear,
	})
	m.lastKey = o.Now()
	return m, nil
}

// run is the session from its first item to its end.
func (m *model) run(opts ...tea.ProgramOption) (Result, error) {
	opts = append(opts, tea.WithContext(m.ctx))
	if m.o.Linear {
		opts = append(opts, tea.WithoutRenderer())
	} else {
		opts = append(opts, tea.WithAltScreen(), tea.WithReportFocus())
	}
	_, err := tea.NewProgram(m, opts...).Run()
	if m.ctx.Err() != nil {
		err = m.ctx.Err()
	}
	err = errors.Join(err, m.settle())
	return m.result, err
}

// settle leaves the store as the annotator left the screen: an answer on its way is
// sent again, which changes nothing if it arrived; what was begun becomes a draft; the
// item goes back to the queue.
func (m *model) settle() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), 15*time.Second)
	defer cancel()
	var errs []error
	if m.sending != nil {
		err := m.store.Submit(ctx, *m.sending)
		if err == nil {
			m.count(*m.sending)
		}
		errs = append(errs, heldOn(err))
	} else if m.held() && !m.correcting() && m.state.Verdict() != (screen.Verdict{}) {
		errs = append(errs, heldOn(m.store.SaveDraft(ctx, m.lease, m.answer())))
	}
	if m.held() {
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
