package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	tea "github.com/charmbracelet/bubbletea"

	"plumbline/internal/train"
)

// Options say where a run is shown.
type Options struct {
	People   io.Writer // standard error as a rule; nil = quiet
	Terminal bool      // People is a terminal: the view that moves
	Programs io.Writer // JSON lines, standard output as a rule; nil = none
}

// Start shows events until stop is called, which returns what went wrong in showing
// them. Any goroutine may call emit.
func Start(o Options) (emit func(train.Event), stop func() error) {
	var shows []shower
	if o.Programs != nil {
		shows = append(shows, &jsonLines{enc: json.NewEncoder(o.Programs)})
	}
	switch {
	case o.People != nil && o.Terminal:
		shows = append(shows, startTerminal(o.People))
	case o.People != nil:
		shows = append(shows, &plain{w: o.People})
	}
	var one sync.Mutex
	emit = func(e train.Event) {
		one.Lock()
		defer one.Unlock()
		for _, s := range shows {
			s.show(e)
		}
	}
	stop = func() error {
		var errs []error
		for _, s := range shows {
			errs = append(errs, s.close())
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("live: %w", err)
		}
		return nil
	}
	return emit, stop
}

// shower is one way of showing events.
type shower interface {
	show(e train.Event)
	close() error
}

// terminal is the view that moves. It gives the terminal away while somebody else needs
// it.
type terminal struct {
	w       io.Writer
	program *tea.Program // nil while the terminal is somebody else's
	ended   chan error
	m       model // as it was when the program ended
	errs    []error
}

func startTerminal(w io.Writer) *terminal {
	t := &terminal{w: w, m: model{width: 80, height: 24}}
	t.start()
	return t
}

// start shows the view. It reads no keys: Ctrl-C stays the signal that it is without a
// view.
func (t *terminal) start() {
	p := tea.NewProgram(t.m, tea.WithOutput(t.w), tea.WithInput(nil), tea.WithoutSignalHandler())
	t.program, t.ended = p, make(chan error, 1)
	go func() {
		m, err := p.Run()
		if last, ok := m.(model); ok {
			t.m = last
		}
		t.ended <- err
	}()
}

// end waits until the program has left the terminal as it was.
func (t *terminal) end(msg tea.Msg) {
	if t.program == nil {
		return
	}
	t.program.Send(msg)
	t.errs = append(t.errs, <-t.ended)
	t.program = nil
}

func (t *terminal) show(e train.Event) {
	switch {
	case e.Kind == train.Waiting:
		t.end(e)
	case e.Kind == train.Resumed && t.program == nil:
		t.m.away = false
		t.start()
	case t.program == nil:
		t.m.p.apply(e)
	default:
		t.program.Send(e)
	}
}

// close leaves the last view on the screen.
func (t *terminal) close() error {
	t.end(tea.Quit())
	return errors.Join(t.errs...)
}

// model is the shell around progress.
type model struct {
	p             progress
	width, height int
	away          bool // the terminal is given away: nothing is left on it
}

func (m model) Init() tea.Cmd { return nil }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case train.Event:
		m.p.apply(msg)
		if msg.Kind == train.Waiting {
			m.away = true
			return m, tea.Quit
		}
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	}
	return m, nil
}

func (m model) View() string {
	if m.away {
		return ""
	}
	return m.p.view(m.width, m.height)
}
