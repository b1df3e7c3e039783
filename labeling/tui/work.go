package tui

import (
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"plumbline/labeling"
	"plumbline/labeling/screen"
)

// What the store answered.
type (
	claimed struct {
		work labeling.Assignment
		err  error
	}
	judged struct {
		sent labeling.Submission
		err  error
		next claimed // where err is nil
	}
	skipped  struct{ err error }
	recalled struct {
		work      labeling.Assignment
		judgement labeling.Judgement
		back      int
		err       error
	}
	drafted struct{}
	counted screen.Progress
	guided  labeling.Project
	beat    struct{}
	lost    struct{ token string }
)

// endsTest tells whether the test is over: there is other work, none, or no more for
// who has failed.
func (c claimed) endsTest() bool {
	if c.err != nil {
		return errors.Is(c.err, labeling.ErrNotActive) || errors.Is(c.err, labeling.ErrNoWork)
	}
	return c.work.Phase != labeling.PhaseScreening
}

// next goes on to the next item.
func (m *model) next() tea.Cmd {
	m.state = m.state.Loading()
	return tea.Batch(m.claim(), m.countAll())
}

func (m *model) claim() tea.Cmd { return func() tea.Msg { return m.claimNow() } }

func (m *model) claimNow() claimed {
	w, err := m.store.Claim(m.ctx, labeling.ClaimRequest{Project: m.project, Annotator: m.annotator, For: m.o.Lease})
	return claimed{w, err}
}

func (m *model) countAll() tea.Cmd {
	return func() tea.Msg {
		p, err := m.store.Progress(m.ctx, m.project, m.annotator)
		if err != nil {
			return nil // the old count stays; what matters will fail by itself
		}
		return counted{Mine: p.Mine, Done: p.Done, Wanted: p.Wanted, Days: p.Days, Tested: p.Tested, Tests: p.Tests}
	}
}

// beat comes often enough that two may be missed.
func (m *model) beat() tea.Cmd {
	return func() tea.Msg {
		select {
		case <-time.After(m.o.Lease / 3):
			return beat{}
		case <-m.ctx.Done():
			return nil
		}
	}
}

func (m *model) renew() tea.Cmd {
	if !m.held() {
		return nil
	}
	l := m.lease
	return func() tea.Msg {
		if err := m.store.Renew(m.ctx, l, m.o.Lease); errors.Is(err, labeling.ErrLeaseLost) {
			return lost{l.Token}
		}
		return nil // any other trouble may be over by the next beat
	}
}

// guide looks for a newer guideline.
func (m *model) guide() tea.Cmd {
	if m.o.Guide == nil {
		return nil
	}
	return func() tea.Msg {
		p, err := m.o.Guide(m.ctx)
		if err != nil {
			return nil // the old one stays until the next beat
		}
		return guided(p)
	}
}

// draft keeps what is entered; one at a time, so that an older one never comes last.
func (m *model) draft() tea.Cmd {
	if m.correcting() || !m.held() {
		return nil
	}
	if m.drafting {
		m.dirty = true
		return nil
	}
	m.drafting, m.dirty = true, false
	l, a := m.lease, m.answer()
	return func() tea.Msg {
		if err := m.store.SaveDraft(m.ctx, l, a); errors.Is(err, labeling.ErrLeaseLost) {
			return tea.BatchMsg{func() tea.Msg { return lost{l.Token} }, func() tea.Msg { return drafted{} }}
		}
		return drafted{} // a draft that could not be kept is still on the screen
	}
}

func (m *model) drafted() tea.Cmd {
	m.drafting = false
	if m.dirty {
		return m.draft()
	}
	return nil
}

// submit sends the answer on the screen under an id of its own.
func (m *model) submit(now time.Time) tea.Cmd {
	s := labeling.Submission{
		ID: labeling.NewID(), Lease: m.work.Lease, Answer: m.answer(), Supersedes: m.supersedes,
		Active: m.watch.read(now), Wall: now.Sub(m.watch.shown), At: now,
	}
	m.sending = &s
	return m.send()
}

// send may be repeated: the store knows the id. The next item comes with the answer, so
// that the screen changes once.
func (m *model) send() tea.Cmd {
	s := *m.sending
	return func() tea.Msg {
		if err := m.store.Submit(m.ctx, s); err != nil {
			return judged{sent: s, err: err}
		}
		return judged{sent: s, next: m.claimNow()}
	}
}

func (m *model) skip() tea.Cmd {
	l, reason := m.lease, m.state.Reason()
	return func() tea.Msg { return skipped{m.store.Skip(m.ctx, l, reason)} }
}

// recall fetches the last answer, or while correcting the one before that.
func (m *model) recall() tea.Cmd {
	back := 0
	if m.correcting() {
		back = m.back + 1
	}
	return func() tea.Msg {
		w, j, err := m.store.Last(m.ctx, m.project, m.annotator, back)
		return recalled{w, j, back, err}
	}
}
