package tui

import (
	"context"
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// model is a session: the screen's state, and which item it is about.
type model struct {
	ctx       context.Context // done when the session is over
	store     labeling.Queue
	o         Options
	project   string
	annotator int64
	isNew     bool // they have judged nothing of the project, and begin

	state   screen.State
	said    screen.State // the last one that was told in words
	remark  screen.Note  // for the next item to begin with
	lastKey time.Time    // or when the item appeared

	lease      labeling.Lease      // of the item to judge, also while correcting another
	work       labeling.Assignment // what is shown
	supersedes string              // the judgement being corrected
	back       int                 // how far it lies behind the last one
	sending    *labeling.Submission
	retry      tea.Cmd // what failed
	drafting   bool    // a draft is on its way
	dirty      bool    // and is no longer the newest
	mouse      bool    // is reported

	watch     stopwatch
	pace      pace
	testing   bool     // the item shown, or the last one, is of the screening test
	coming    *claimed // what comes when the welcome or the result of the test has been read
	result    Result
	dismissed error // they may not work any more
}

// stopwatch measures how long an item was shown, and how long with the terminal in focus.
type stopwatch struct {
	shown, since time.Time
	active       time.Duration
	blurred      bool
}

func (w *stopwatch) start(now time.Time) { w.shown, w.since, w.active = now, now, 0 }

func (w *stopwatch) focus(now time.Time, in bool) {
	w.active, w.since = w.read(now), now
	w.blurred = !in
}

func (w *stopwatch) read(now time.Time) time.Duration {
	if w.blurred {
		return w.active
	}
	return w.active + now.Sub(w.since)
}

func (m *model) held() bool       { return m.lease.Token != "" }
func (m *model) correcting() bool { return m.supersedes != "" }

// Init asks for the first item.
func (m *model) Init() tea.Cmd { return tea.Batch(m.claim(), m.countAll(), m.beat()) }

// View is the screen.
func (m *model) View() string { return m.state.View() }

// Say is what changed, for linear mode.
func (m *model) Say() string {
	text := m.state.Say(m.said)
	m.said = m.state
	return text
}

// Update applies a message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.apply(msg) }

func (m *model) apply(msg tea.Msg) tea.Cmd {
	now := m.o.Now()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.state = m.state.Resize(msg.Width, msg.Height)
	case tea.FocusMsg:
		m.watch.focus(now, true)
	case tea.BlurMsg:
		m.watch.focus(now, false)
	case tea.KeyMsg:
		return m.key(msg, now)
	case tea.MouseMsg:
		return m.clicked(msg, now)
	case claimed:
		return m.claimed(msg)
	case judged:
		return m.judged(msg)
	case skipped:
		return m.skipped(msg)
	case recalled:
		return m.recalled(msg)
	case drafted:
		return m.drafted()
	case counted:
		p := screen.Progress(msg)
		p.Seconds = m.pace.median()
		m.state = m.state.Progressed(p)
	case guided:
		m.state = m.state.Guide(msg.Guideline, msg.Version)
	case beat:
		return tea.Batch(m.renew(), m.guide(), m.beat())
	case lost:
		return m.lost(msg)
	}
	return nil
}

func (m *model) key(msg tea.KeyMsg, now time.Time) tea.Cmd {
	key, pasted := translate(msg)
	since := now.Sub(m.lastKey)
	m.lastKey = now
	var action screen.Action
	if pasted != "" {
		m.state, action = m.state.Paste(pasted, since)
	} else {
		m.state, action = m.state.Key(key, since)
	}
	return m.act(action, now)
}

func (m *model) clicked(msg tea.MouseMsg, now time.Time) tea.Cmd {
	if msg.Action != tea.MouseActionPress {
		return nil
	}
	what := map[tea.MouseButton]screen.Mouse{tea.MouseButtonWheelUp: screen.WheelUp, tea.MouseButtonWheelDown: screen.WheelDown}[msg.Button]
	var action screen.Action
	m.state, action = m.state.Mouse(msg.X, msg.Y, what, now.Sub(m.lastKey))
	m.lastKey = now
	return m.act(action, now)
}

// translate tells a key from text that arrived all at once. Several characters in one
// message are text, even if together they spell the name of a key.
func translate(msg tea.KeyMsg) (key, pasted string) {
	switch {
	case msg.Paste, msg.Type == tea.KeyRunes && len(msg.Runes) > 1:
		return "", string(msg.Runes)
	case msg.Type == tea.KeySpace:
		return " ", ""
	}
	return msg.String(), ""
}

func (m *model) act(a screen.Action, now time.Time) tea.Cmd {
	switch a {
	case screen.Draft:
		return m.draft()
	case screen.Save:
		return m.submit(now)
	case screen.Retry:
		return m.retry
	case screen.Skip:
		return m.skip()
	case screen.Undo:
		return m.recall()
	case screen.Begin:
		return m.begin()
	case screen.ToggleMouse:
		m.mouse = !m.mouse
		return SetMouse(m.mouse)
	case screen.Next:
		m.supersedes, m.back = "", 0
		return m.claim()
	case screen.Leave:
		return tea.Quit
	case screen.Finish:
		m.result.Finished = m.coming == nil
		return tea.Quit
	case screen.None:
	}
	return nil
}

// dismiss ends the session of who may not work any more.
func (m *model) dismiss(err error) tea.Cmd {
	m.dismissed = err
	return tea.Quit
}

// failed keeps the screen as it is, and offers to try again.
func (m *model) failed(err error, again tea.Cmd) tea.Cmd {
	m.state, m.retry = m.state.Failed(err.Error()), again
	return nil
}

// begin goes on to work, from the welcome or from the result of the test.
func (m *model) begin() tea.Cmd {
	if m.coming == nil { // it went to somebody else meanwhile
		return m.next()
	}
	c := *m.coming
	m.coming = nil
	return m.claimed(c)
}

// show begins an item, or a correction.
func (m *model) show(w labeling.Assignment, a labeling.Answer) {
	m.work = w
	if !m.correcting() {
		m.testing = w.Phase == labeling.PhaseScreening
	}
	c := screen.Content{
		Prompt: w.Item.Prompt, Answer: inPlaces(a, w.Shown), Correcting: m.correcting(), Phase: w.Phase,
		Expected: inPlaces(labeling.Answer{Responses: w.Item.Expected}, w.Shown).Responses, Why: w.Item.Why,
	}
	for _, v := range w.Votes {
		c.Votes = append(c.Votes, inPlaces(v, w.Shown))
	}
	for _, id := range w.Shown {
		candidate, _ := w.Item.Candidate(id)
		c.Candidates = append(c.Candidates, candidate.Text)
	}
	m.state = m.state.Show(c).Notice(m.remark)
	m.remark = screen.NoNote
	m.lastKey = m.o.Now()
	m.watch.start(m.lastKey)
}

// answer is what is entered, about the candidates shown.
func (m *model) answer() labeling.Answer { return inIDs(m.state.Answer(), m.work.Shown) }

func (m *model) claimed(c claimed) tea.Cmd {
	isNew := m.isNew
	m.isNew = false
	switch {
	case isNew && c.err == nil && c.work.Draft == nil:
		m.coming, m.lease = &c, c.work.Lease
		m.state = m.state.Welcome()
		return nil
	case m.testing && c.endsTest():
		m.testing = false
		m.coming, m.lease = &c, c.work.Lease
		m.state = m.state.Result(!errors.Is(c.err, labeling.ErrNotActive))
		return nil
	case errors.Is(c.err, labeling.ErrNoWork):
		m.lease = labeling.Lease{}
		m.state = m.state.Finished()
		return nil
	case errors.Is(c.err, labeling.ErrNotActive):
		return m.dismiss(c.err)
	case c.err != nil:
		return m.failed(c.err, m.claim())
	}
	m.lease = c.work.Lease
	var draft labeling.Answer
	if c.work.Draft != nil {
		draft = *c.work.Draft
	}
	m.show(c.work, draft)
	return nil
}

func (m *model) judged(j judged) tea.Cmd {
	if m.sending == nil || j.sent.ID != m.sending.ID {
		return nil
	}
	if errors.Is(j.err, labeling.ErrNotActive) {
		return m.dismiss(j.err)
	}
	if j.err != nil && !errors.Is(j.err, labeling.ErrLeaseLost) {
		return m.failed(j.err, m.send())
	}
	m.sending = nil
	lost := j.err != nil
	if !m.correcting() {
		m.lease = labeling.Lease{}
	}
	m.supersedes, m.back = "", 0
	if lost {
		m.remark = screen.ItemLost
		return m.next()
	}
	m.count(j.sent)
	m.pace.add(j.sent.Active)
	return tea.Batch(m.claimed(j.next), m.countAll())
}

func (m *model) count(s labeling.Submission) {
	if s.Supersedes != "" {
		m.result.Corrected++
	} else {
		m.result.Judged++
	}
}

func (m *model) skipped(s skipped) tea.Cmd {
	switch {
	case errors.Is(s.err, labeling.ErrLeaseLost):
		m.remark = screen.ItemLost
	case s.err != nil:
		return m.failed(s.err, m.skip())
	default:
		m.result.Skipped++
	}
	m.lease = labeling.Lease{}
	return m.next()
}

func (m *model) recalled(r recalled) tea.Cmd {
	switch {
	case errors.Is(r.err, labeling.ErrNotFound):
		m.state = m.state.NoUndo()
	case r.err != nil:
		return m.failed(r.err, m.recall())
	default:
		m.back, m.supersedes = r.back, r.judgement.ID
		m.show(r.work, r.judgement.Answer)
	}
	return nil
}

// lost: the store has given the item away.
func (m *model) lost(l lost) tea.Cmd {
	if l.token != m.lease.Token || m.sending != nil {
		return nil
	}
	m.lease = labeling.Lease{}
	switch {
	case m.correcting():
		return nil
	case m.coming != nil: // nobody has seen it yet
		m.coming = nil
		return nil
	}
	m.remark = screen.ItemLost
	m.state = m.state.Loading()
	return m.claim()
}
