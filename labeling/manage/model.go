package manage

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"plumbline/labeling"
)

// Every is how often a new picture is taken. One that takes long is taken less often: at
// most a tenth of the time goes into pictures.
const Every = 3 * time.Second

// Model is the manager's screen as a Bubble Tea model. It never waits for the store: a
// picture is computed beside it, and the last one stays with its age.
type Model struct {
	ctx     context.Context
	store   Store
	project string
	by      int64
	now     func() time.Time

	state State
	busy  bool      // a picture is being taken
	next  time.Time // when another one is due
}

// NewModel is the screen of a manager, who may be 0: whoever runs the program on the
// store itself.
func NewModel(ctx context.Context, s Store, project string, by int64, o Options, now func() time.Time) *Model {
	return &Model{ctx: ctx, store: s, project: project, by: by, now: now, state: New(o).At(now())}
}

// What happened behind the scenes.
type (
	taken struct {
		picture Picture
		err     error
		took    time.Duration
	}
	changed struct {
		action Action
		err    error
	}
	tick struct{}
)

// Init takes the first picture.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.take(), m.tick()) }

// View is the screen.
func (m *Model) View() string { return m.state.View() }

// Update applies a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.state = m.state.At(m.now())
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.state = m.state.Resize(msg.Width, msg.Height)
	case tea.KeyMsg:
		return m, m.key(msg)
	case taken:
		m.taken(msg)
	case changed:
		m.state = m.state.Changed(msg.action, msg.err)
		m.next = m.now()
		return m, m.due()
	case tick:
		return m, tea.Batch(m.due(), m.tick())
	}
	return m, nil
}

func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	if msg.Paste || msg.Type == tea.KeyRunes && len(msg.Runes) > 1 {
		m.state = m.state.Paste(string(msg.Runes))
		return nil
	}
	key := msg.String()
	if msg.Type == tea.KeySpace {
		key = " "
	}
	var a Action
	m.state, a = m.state.Key(key)
	switch a.Kind {
	case Leave:
		return tea.Quit
	case Refresh:
		m.next = m.now()
		return m.due()
	case Amend, Requeue:
		return m.do(a)
	case None:
	}
	return nil
}

func (m *Model) tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tick{} })
}

// due takes a picture if it is time and none is being taken.
func (m *Model) due() tea.Cmd {
	if m.busy || m.now().Before(m.next) {
		return nil
	}
	return m.take()
}

func (m *Model) take() tea.Cmd {
	m.busy = true
	return func() tea.Msg {
		began := m.now()
		p, err := Take(m.ctx, m.store, m.project, began)
		return taken{p, err, m.now().Sub(began)}
	}
}

func (m *Model) taken(t taken) {
	m.busy, m.next = false, m.now().Add(max(Every, 9*t.took))
	if t.err != nil {
		m.state = m.state.Trouble(t.err.Error())
		return
	}
	m.state = m.state.Show(t.picture)
}

// do changes what an action says.
func (m *Model) do(a Action) tea.Cmd {
	c := labeling.Change{Status: a.Status, GiveBack: a.Kind == Requeue, By: m.by, Reason: a.Reason}
	return func() tea.Msg {
		_, err := m.store.Amend(m.ctx, a.Handle, c)
		return changed{a, err}
	}
}
