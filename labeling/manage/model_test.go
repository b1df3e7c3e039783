package manage

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// run carries out a command and gives what came of it; ticks are not waited for.
func run(cmd tea.Cmd) (msgs []tea.Msg) {
	if cmd == nil {
		return nil
	}
	done := make(chan tea.Msg, 1)
	go func() { done <- cmd() }()
	select {
	case msg := <-done:
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				msgs = append(msgs, run(c)...)
			}
			return msgs
		}
		return []tea.Msg{msg}
	case <-time.After(500 * time.Millisecond): // a clock
		return nil
	}
}

// settle lets a model take what its commands bring, until nothing comes any more.
func settle(m *Model, cmd tea.Cmd) {
	for _, msg := range run(cmd) {
		_, next := m.Update(msg)
		settle(m, next)
	}
}

func typed(m *Model, keys ...string) {
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		switch k {
		case "enter":
			msg = tea.KeyMsg{Type: tea.KeyEnter}
		case "down":
			msg = tea.KeyMsg{Type: tea.KeyDown}
		case " ":
			msg = tea.KeyMsg{Type: tea.KeySpace, Runes: []rune(" ")}
		}
		_, cmd := m.Update(msg)
		settle(m, cmd)
	}
}

// watching is the screen of a manager on a store, after its first picture.
func watchingAs(t *testing.T, s Store, by int64) *Model {
	t.Helper()
	m := NewModel(t.Context(), s, "p", by, Options{Title: "mia"}, time.Now)
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	settle(m, m.Init())
	return m
}

func see(m *Model) string { return ansi.Strip(m.View()) }

// What a manager does there is done in the store, in their name, and seen at once.
func TestModelPausesAndRequeues(t *testing.T) {
	s := disputed(t, 3)
	mia := enrol(t, s, "mia", labeling.RoleManager)
	m := watchingAs(t, s, mia)
	if view := see(m); !strings.Contains(view, "disputes 3") || !strings.Contains(view, "done 8 of 8, 100 %") || !strings.Contains(view, "ada       active         4") {
		t.Fatalf("got\n%s", view)
	}
	typed(m, "p", "l", "a", "z", "y", "enter")
	if view := see(m); !strings.Contains(view, "ada is paused; r undoes it.") || !strings.Contains(view, "ada       paused") {
		t.Errorf("got\n%s", view)
	}
	if a := statusOf(t, s, "ada"); a != labeling.StatusPaused {
		t.Errorf("got %s in the store, want paused", a)
	}
	typed(m, "r", "enter")
	if a := statusOf(t, s, "ada"); a != labeling.StatusActive {
		t.Errorf("got %s in the store, want active", a)
	}

	more := labeling.Item{Ref: "more", Prompt: labeling.Prompt{Text: "p"}, Candidates: []labeling.Candidate{{Text: "x"}, {Text: "y"}}}
	if _, err := s.AddItems(t.Context(), "p", []labeling.Item{more}); err != nil {
		t.Fatal(err)
	}
	held := claim(t, s, enrol(t, s, "ada", ""))
	typed(m, "g", "u")
	if view := see(m); !strings.Contains(view, "What ada held went back to the others.") {
		t.Errorf("got\n%s", view)
	}
	err := s.Submit(t.Context(), labeling.Submission{ID: labeling.NewID(), Lease: held.Lease, Answer: labeling.Prefer("preference", held.Shown[0], held.Shown[1], 1)})
	if !errors.Is(err, labeling.ErrLeaseLost) {
		t.Errorf("got %v, want the lease gone", err)
	}
}

func statusOf(t *testing.T, s *store.Store, handle string) labeling.Status {
	t.Helper()
	all, err := s.Annotators(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Handle == handle {
			return a.Status
		}
	}
	return ""
}

// Somebody who is no manager changes nothing, and is told why.
func TestModelOfWhoMayNot(t *testing.T) {
	s := disputed(t, 1)
	m := watchingAs(t, s, enrol(t, s, "bob", ""))
	typed(m, "p", "enter")
	if view := see(m); !strings.Contains(view, "That did not work:") || statusOf(t, s, "ada") != labeling.StatusActive {
		t.Errorf("got\n%s", view)
	}
}

// slow is a store that answers when it is let, and then with an error if there is one.
type slow struct {
	Store
	let chan error
}

func (s *slow) Judged(ctx context.Context, project string) iter.Seq2[labeling.JudgedItem, error] {
	if err := <-s.let; err != nil {
		return func(yield func(labeling.JudgedItem, error) bool) { yield(labeling.JudgedItem{}, err) }
	}
	return s.Store.Judged(ctx, project)
}

// A slow store keeps nobody waiting: keys work, only one picture is taken at a time, and
// the last one stays with its age when the next one fails.
func TestModelNeverWaits(t *testing.T) {
	s := &slow{Store: disputed(t, 2), let: make(chan error, 1)}
	now := time.Now()
	m := NewModel(t.Context(), s, "p", 0, Options{}, func() time.Time { return now })
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	first := m.take()
	if !strings.Contains(see(m), "Reading the project") {
		t.Errorf("got\n%s", see(m))
	}
	s.let <- nil
	settle(m, first)
	if !strings.Contains(see(m), "ada") {
		t.Fatalf("got\n%s", see(m))
	}
	if cmd := m.due(); cmd != nil {
		t.Error("took another picture at once")
	}
	now = now.Add(Every)
	second := m.due()
	if second == nil || m.due() != nil {
		t.Fatal("want one picture, and one only, once it is time")
	}
	typed(m, "down", "enter")
	if !strings.Contains(see(m), "bob · annotator") {
		t.Errorf("while a picture is taken: got\n%s", see(m))
	}
	typed(m, "enter")
	now = now.Add(time.Minute)
	s.let <- errors.New("the disk is gone")
	settle(m, second)
	m.Update(tick{})
	if view := see(m); !strings.Contains(view, "the disk is gone") || !strings.Contains(view, "1 min ago") || !strings.Contains(view, "bob") {
		t.Errorf("got\n%s", view)
	}
}

// A picture that took a second is taken every ten, so that watching costs a tenth at most.
func TestModelTakesItsTime(t *testing.T) {
	now := time.Now()
	m := NewModel(t.Context(), nil, "p", 0, Options{}, func() time.Time { return now })
	for took, want := range map[time.Duration]time.Duration{10 * time.Millisecond: Every, time.Second: 9 * time.Second} {
		m.Update(taken{picture: crowd(), took: took})
		if got := m.next.Sub(now); got != want {
			t.Errorf("took %v: got the next one in %v, want %v", took, got, want)
		}
	}
}
