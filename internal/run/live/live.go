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

// terminal is the view that moves.
type terminal struct {
	program *tea.Program
	ended   chan error
}

// startTerminal shows the view on w. It reads no keys: Ctrl-C stays the signal that it
// is without a view.
func startTerminal(w io.Writer) *terminal {
	t := &terminal{ended: make(chan error, 1)}
	t.program = tea.NewProgram(model{width: 80, height: 24}, tea.WithOutput(w), tea.WithInput(nil), tea.WithoutSignalHandler())
	go func() {
		_, err := t.program.Run()
		t.ended <- err
	}()
	return t
}

func (t *terminal) show(e train.Event) { t.program.Send(e) }

// close leaves the last view on the screen.
func (t *terminal) close() error {
	t.program.Quit()
	return <-t.ended
}

// model is the shell around progress.
type model struct {
	p             progress
	width, height int
}

func (m model) Init() tea.Cmd { return nil }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case train.Event:
		m.p.apply(msg)
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	}
	return m, nil
}

func (m model) View() string { return m.p.view(m.width, m.height) }
