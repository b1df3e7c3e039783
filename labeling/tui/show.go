package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/time/rate"

	"plumbline/labeling/tui/mute"
)

func init() { mute.Restore() }

// Why a session ended without its own wish.
var (
	// ErrIdle: nobody pressed a key for as long as the terminal allows.
	ErrIdle = errors.New("no key was pressed for too long")
	// ErrGone: the terminal is not there any more.
	ErrGone = errors.New("the terminal is gone")
	// ErrLinear: the screen cannot be told line after line.
	ErrLinear = errors.New("this screen needs a terminal that it can draw on")
)

// Faster than any hand or key repeat; what is beyond is dropped, so that a flood of keys
// costs nobody else a processor.
const (
	keysPerSecond = 100
	keysAtOnce    = 1000
)

// Speaker is a model for terminals that can only write line after line. In linear mode
// it is asked after every change what to write.
type Speaker interface {
	tea.Model
	Say() string // what changed since it was last asked, in words; "" for nothing
}

// SetMouse is a command that has the terminal report clicks and the wheel, or not.
func SetMouse(on bool) tea.Cmd { return func() tea.Msg { return mouse(on) } }

// What a shell tells itself.
type (
	mouse bool      // report the mouse
	burst []tea.Msg // what one read brought
	idle  struct{}
	gone  struct{ err error }
)

// Show lets a model have a terminal until it quits, ctx is done (its cause is the error),
// the terminal is gone (ErrGone) or nobody is there (ErrIdle). The terminal is raw
// already; everything else is switched on here, and off again at the end.
//
// There is no clock that draws: a view is written when it has changed, in one piece, so
// that hundreds of screens that wait for a key cost nothing.
func Show(ctx context.Context, t Terminal, m tea.Model) (err error) {
	s := &shell{model: m, t: t, keys: rate.NewLimiter(keysPerSecond, keysAtOnce)}
	if _, speaks := m.(Speaker); t.Linear && !speaks {
		return fmt.Errorf("labeling/tui: show: %w", ErrLinear)
	}
	if !t.Linear {
		if _, err := io.WriteString(t.Out, takeOver); err != nil {
			return fmt.Errorf("labeling/tui: show: %w: %w", ErrGone, err)
		}
		defer func() {
			if _, e := io.WriteString(t.Out, GiveBack); e != nil && err == nil {
				err = fmt.Errorf("labeling/tui: show: %w: %w", ErrGone, e)
			}
		}()
	}
	return s.run(ctx)
}

// shell is a model of its own: it carries messages to the one that it shows, and what
// that shows to the terminal.
type shell struct {
	model tea.Model
	t     Terminal
	pen   painter
	keys  *rate.Limiter
	watch *time.Timer // ends the session of who is not there
	err   error       // why it ended
}

func (s *shell) run(ctx context.Context) error {
	p := tea.NewProgram(s, tea.WithContext(ctx), tea.WithInput(nil), tea.WithoutRenderer(), tea.WithoutSignalHandler())
	if s.t.Idle > 0 {
		s.watch = time.AfterFunc(s.t.Idle, func() { p.Send(idle{}) })
		defer s.watch.Stop()
	}
	over := make(chan struct{})
	defer close(over)
	s.pen = painter{out: s.t.Out, size: s.t.Size.bounded()}
	go s.read(p)
	go s.resize(p, over)
	_, err := p.Run()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.err != nil:
		return s.err
	}
	return err
}

// read brings what is typed, until the terminal is gone.
func (s *shell) read(p *tea.Program) {
	decode := (&decoder{}).decode
	if s.t.Linear && s.t.Lines {
		decode = (&lines{}).decode
	}
	b := make([]byte, 4096)
	for {
		n, err := s.t.In.Read(b)
		if msgs := s.allowed(decode(b[:n])); len(msgs) > 0 {
			p.Send(burst(msgs))
		}
		if err != nil {
			p.Send(gone{err})
			return
		}
		if n > 0 && s.watch != nil {
			s.watch.Reset(s.t.Idle)
		}
	}
}

// allowed drops what comes faster than keys can.
func (s *shell) allowed(msgs []tea.Msg) []tea.Msg {
	kept := msgs[:0]
	for _, m := range msgs {
		if s.keys.Allow() {
			kept = append(kept, m)
		}
	}
	return kept
}

func (s *shell) resize(p *tea.Program, over <-chan struct{}) {
	for {
		select {
		case size, ok := <-s.t.Resized:
			if !ok {
				return
			}
			size = size.bounded()
			p.Send(tea.WindowSizeMsg{Width: size.Columns, Height: size.Rows})
		case <-over:
			return
		}
	}
}

// Init begins with the terminal's size.
func (s *shell) Init() tea.Cmd {
	first := s.pass(tea.WindowSizeMsg{Width: s.pen.size.Columns, Height: s.pen.size.Rows})
	cmd := tea.Batch(first, s.model.Init())
	if s.show() != nil {
		return tea.Quit
	}
	return cmd
}

// Update passes a message on and shows what came of it.
func (s *shell) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case burst:
		var cmds []tea.Cmd
		for _, m := range msg {
			cmds = append(cmds, s.pass(m))
		}
		cmd = tea.Batch(cmds...)
	case mouse:
		return s, s.report(bool(msg))
	case idle:
		s.err = ErrIdle
		return s, tea.Quit
	case gone:
		s.err = fmt.Errorf("labeling/tui: show: %w: %w", ErrGone, msg.err)
		return s, tea.Quit
	case tea.WindowSizeMsg:
		s.pen.resize(Size{msg.Width, msg.Height})
		cmd = s.pass(msg)
	default:
		cmd = s.pass(msg)
	}
	if s.show() != nil {
		return s, tea.Quit
	}
	return s, cmd
}

// View is empty: the shell writes by itself.
func (s *shell) View() string { return "" }

func (s *shell) pass(msg tea.Msg) (cmd tea.Cmd) {
	s.model, cmd = s.model.Update(msg)
	return cmd
}

// show writes what changed.
func (s *shell) show() (err error) {
	if speaker, speaks := s.model.(Speaker); !s.t.Linear {
		err = s.pen.paint(s.model.View())
	} else if speaks {
		err = s.t.Say(speaker.Say())
	}
	if err != nil {
		s.err = fmt.Errorf("labeling/tui: show: %w: %w", ErrGone, err)
	}
	return err
}

func (s *shell) report(on bool) tea.Cmd {
	if s.t.Linear {
		return nil
	}
	sequence := mouseOff
	if on {
		sequence = mouseOn
	}
	if _, err := io.WriteString(s.t.Out, sequence); err != nil {
		s.err = fmt.Errorf("labeling/tui: show: %w: %w", ErrGone, err)
		return tea.Quit
	}
	return nil
}
