package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/screen"
	"plumbline/labeling/store"
)

// steps is a clock that moves a second whenever somebody looks, as slow as a hand.
func steps() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return time.Date(2026, 3, 1, 9, 0, int(n.Add(1)), 0, time.UTC) }
}

func newStore(t *testing.T, items int) *store.Store {
	t.Helper()
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("demo")
	p.Overlap = 1
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range items {
		fmt.Fprintf(&lines, `{"id":"i%d","prompt":"question %d","candidates":[{"text":"first %d"},{"text":"second %d"}]}`+"\n", i, i, i, i)
	}
	if _, err := labeling.Import(t.Context(), s, "demo", strings.NewReader(lines.String()), "items"); err != nil {
		t.Fatal(err)
	}
	return s
}

// terminal is a program under test: what it wrote, and its keyboard.
type terminal struct {
	t       *testing.T
	keys    *io.PipeWriter
	mu      sync.Mutex
	written strings.Builder
	changed chan struct{} // closed when something was written, and made anew
	seen    int           // how far expect has read
	done    chan outcome
	cancel  context.CancelFunc
}

type outcome struct {
	result Result
	err    error
}

func (x *terminal) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	close(x.changed)
	x.changed = make(chan struct{})
	return x.written.Write(b)
}

// prefers tells whether an answer prefers a candidate by so much.
func prefers(a labeling.Answer, id labeling.CandidateID, strength int) bool {
	r := a.Responses["preference"]
	best, ok := r.Best()
	return ok && best == id && r.Strength == strength
}

// start runs a session of the annotator ann on its own terminal.
func start(t *testing.T, s labeling.Store, change func(*Options)) *terminal {
	t.Helper()
	p, err := s.Project(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in, keys := io.Pipe()
	x := &terminal{t: t, keys: keys, changed: make(chan struct{}), done: make(chan outcome, 1), cancel: cancel}
	o := Options{Terminal: Terminal{In: in, Out: x, Size: Size{80, 24}, Lang: screen.English}, Lease: time.Minute, Now: steps()}
	if change != nil {
		change(&o)
	}
	go func() {
		r, err := Label(ctx, s, p, a, o)
		x.done <- outcome{r, err}
	}()
	t.Cleanup(func() { cancel(); keys.Close() }) //nolint:errcheck // a pipe
	return x
}

// expect waits until the program has written a text, after what was expected before.
func (x *terminal) expect(text string) {
	x.t.Helper()
	over := time.After(20 * time.Second)
	for {
		x.mu.Lock()
		rest, changed := x.written.String()[x.seen:], x.changed
		i := strings.Index(rest, text)
		if i >= 0 {
			x.seen += i + len(text)
		}
		x.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-changed:
		case <-over:
			x.t.Fatalf("never saw %q; got %q", text, rest)
		}
	}
}

// press sends keys one by one.
func (x *terminal) press(keys ...string) {
	x.t.Helper()
	for _, k := range keys {
		if _, err := io.WriteString(x.keys, k); err != nil {
			x.t.Fatal(err)
		}
	}
}

func (x *terminal) end() (Result, error) {
	x.t.Helper()
	select {
	case o := <-x.done:
		return o.result, o.err
	case <-time.After(10 * time.Second):
		x.t.Fatal("the session does not end")
		return Result{}, nil
	}
}

const enter = "\r"

// judgements by item, in the order they were made.
func judgements(t *testing.T, s *store.Store) map[string][]labeling.Judgement {
	t.Helper()
	out := map[string][]labeling.Judgement{}
	for j, err := range s.Judged(t.Context(), "demo") {
		if err != nil {
			t.Fatal(err)
		}
		out[j.Item.Ref] = j.Judgements
	}
	return out
}

func TestSession(t *testing.T) {
	s := newStore(t, 3)
	x := start(t, s, nil)
	x.expect("question 0")
	x.press("k")
	x.expect("B is slightly better")
	x.press("c")
	x.expect("Comment")
	x.press("o", "k", enter)
	x.expect("comment: ok")
	x.press(enter)
	x.expect("question 1")
	x.press("n")
	x.expect("Why skip?")
	x.press("n", "o", enter)
	x.expect("question 2")
	x.press("a")
	x.expect("A is significantly better")
	x.press(enter)
	x.expect("Nothing is left")
	x.press("z")
	x.expect("Correcting")
	x.press("z")
	x.expect("question 0")
	x.press("d")
	x.expect("A is slightly better")
	x.press(enter)
	x.expect("Nothing is left")
	x.press(enter)
	r, err := x.end()
	if err != nil || r != (Result{Judged: 2, Corrected: 1, Skipped: 1, Finished: true}) {
		t.Errorf("got %+v, %v", r, err)
	}
	got := judgements(t, s)
	first, second := got["i0"], got["i2"]
	if len(first) != 2 || first[1].Supersedes != first[0].ID || len(second) != 1 || len(got["i1"]) != 0 {
		t.Fatalf("got %+v", got)
	}
	if a := first[0].Answer; !prefers(a, first[0].Shown[1], 2) || a.Comment != "ok" {
		t.Errorf("first answer: got %+v of %v", a, first[0].Shown)
	}
	if a := first[1].Answer; !prefers(a, first[0].Shown[0], 2) || a.Comment != "ok" {
		t.Errorf("its correction: got %+v of %v", a, first[0].Shown)
	}
	if a := second[0].Answer; !prefers(a, second[0].Shown[0], 4) {
		t.Errorf("second answer: got %+v of %v", a, second[0].Shown)
	}
	if g := second[0]; g.Wall <= 0 || g.Active <= 0 || g.Active > g.Wall {
		t.Errorf("times: got %v active of %v", g.Active, g.Wall)
	}
	if skips, err := s.Skips(t.Context(), "demo"); err != nil || len(skips) != 1 || skips[0].Reason != "no" {
		t.Errorf("skips: got %+v, %v", skips, err)
	}
}

func TestLeavingKeepsTheDraftAndFreesTheItem(t *testing.T) {
	s := newStore(t, 2)
	f := &flaky{Store: s}
	f.drafts.Store(1) // the draft is not kept while judging, only at the end
	x := start(t, f, nil)
	x.expect("question 0")
	x.press("l")
	x.expect("B is better")
	x.press("q")
	if r, err := x.end(); err != nil || r != (Result{}) {
		t.Errorf("got %+v, %v", r, err)
	}
	slots, err := s.Slots(t.Context(), "demo")
	if err != nil || slots[0].State != labeling.SlotOpen {
		t.Errorf("got %+v, %v, want the item free", slots[0], err)
	}
	x = start(t, s, nil)
	x.expect("question 0")
	x.expect("B is better")
	x.press(enter)
	x.expect("question 1")
	x.press("q")
	if r, err := x.end(); err != nil || r.Judged != 1 {
		t.Errorf("got %+v, %v, want 1 judged", r, err)
	}
}

// A connection that breaks is a cancelled context: nothing is lost either.
func TestBrokenConnection(t *testing.T) {
	s := newStore(t, 1)
	x := start(t, s, nil)
	x.expect("question 0")
	x.press("j")
	x.expect("B is negligibly better")
	x.cancel()
	if _, err := x.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	a, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "demo", Annotator: a.ID, For: time.Minute})
	if err != nil || w.Draft == nil || !prefers(*w.Draft, w.Shown[1], 1) {
		t.Errorf("got draft %+v, %v", w.Draft, err)
	}
}

func TestPastedTextNeverJudges(t *testing.T) {
	s := newStore(t, 2)
	x := start(t, s, nil)
	x.expect("question 0")
	x.press("sad\rkl\r") // one read: text, Enter, text, Enter
	x.expect("Choose first")
	x.press("\x1b[200~enter\x1b[201~") // bracketed, and spelling a key's name
	x.expect("Pasted text was ignored")
	x.press("q")
	if r, err := x.end(); err != nil || r.Judged != 0 {
		t.Errorf("got %+v, %v, want nothing judged", r, err)
	}
}

// Nor does it save what was chosen before it: its Enter comes with the text.
func TestPastedTextSavesNoChoice(t *testing.T) {
	s := newStore(t, 2)
	var seconds atomic.Int64 // the clock stands still within a paste
	x := start(t, s, func(o *Options) { o.Now = func() time.Time { return time.Unix(seconds.Load(), 0) } })
	x.expect("question 0")
	seconds.Add(1)
	x.press("k")
	x.expect("B is slightly better")
	seconds.Add(1)
	x.press("sad\r")
	x.expect("looked like pasted")
	seconds.Add(1)
	x.press("\r")
	x.expect("question 1")
	x.press("q")
	if r, err := x.end(); err != nil || r.Judged != 1 {
		t.Errorf("got %+v, %v, want what was saved by hand", r, err)
	}
}

// flaky fails as often as told before it works.
type flaky struct {
	labeling.Store
	submits, claims, drafts atomic.Int32
}

func (f *flaky) SaveDraft(ctx context.Context, l labeling.Lease, a labeling.Answer) error {
	if f.drafts.Add(-1) >= 0 {
		return errDisk
	}
	return f.Store.SaveDraft(ctx, l, a)
}

var errDisk = errors.New("disk full")

func (f *flaky) Submit(ctx context.Context, s labeling.Submission) error {
	if f.submits.Add(-1) >= 0 {
		return errors.Join(errDisk, f.Store.Submit(ctx, s)) // it arrived, but the reply was lost
	}
	return f.Store.Submit(ctx, s)
}

func (f *flaky) Claim(ctx context.Context, r labeling.ClaimRequest) (labeling.Assignment, error) {
	if f.claims.Add(-1) >= 0 {
		return labeling.Assignment{}, errDisk
	}
	return f.Store.Claim(ctx, r)
}

func TestTroubleIsShownAndTriedAgain(t *testing.T) {
	s := newStore(t, 2)
	f := &flaky{Store: s}
	f.claims.Store(1)
	f.submits.Store(1)
	x := start(t, f, nil)
	x.expect("disk full")
	x.press(enter)
	x.expect("question 0")
	x.press("k")
	x.expect("B is slightly better")
	x.press(enter)
	x.expect("disk full")
	x.press("a", enter) // the answer that failed is the one sent again
	x.expect("question 1")
	x.press("q")
	if r, err := x.end(); err != nil || r.Judged != 1 {
		t.Errorf("got %+v, %v, want 1 judged", r, err)
	}
	if got := judgements(t, s)["i0"]; len(got) != 1 || got[0].Answer.Responses["preference"].Strength != 2 {
		t.Errorf("got %+v, want one judgement of strength 2", got)
	}
}

func TestItemThatWentToSomebodyElse(t *testing.T) {
	s := newStore(t, 2)
	x := start(t, s, nil)
	x.expect("question 0")
	ann, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	// The same annotator at another terminal takes the lease over.
	if _, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "demo", Annotator: ann.ID, For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	x.press("k")
	x.expect("went to somebody else")
	x.press("q")
	if _, err := x.end(); err != nil {
		t.Error(err)
	}
}

func TestLinearSession(t *testing.T) {
	s := newStore(t, 1)
	spoken := start(t, s, func(o *Options) { o.Linear, o.Lang = true, screen.Chinese })
	spoken.expect("新条目。提示：\r\nquestion 0\r\n回答 A：\r\n")
	spoken.press("k")
	spoken.expect("B 稍好\r\n")
	spoken.press(enter)
	spoken.expect("没有需要您评判的条目了")
	spoken.press("q")
	if res, err := spoken.end(); err != nil || res.Judged != 1 || !res.Finished {
		t.Errorf("got %+v, %v", res, err)
	}
	if strings.Contains(spoken.written.String(), "\x1b[") {
		t.Errorf("escape sequences in linear mode: %q", spoken.written.String())
	}
}

func TestOpenRefusesAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() //nolint:errcheck // a pipe
	o := DefaultOptions(os.Getenv)
	o.In = r
	if _, err := Open(t.Context(), newStore(t, 1), "ann", o); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("got %v, want ErrNotTerminal", err)
	}
}

func TestDefaultOptions(t *testing.T) {
	for _, c := range []struct {
		env    map[string]string
		lang   screen.Lang
		linear bool
		color  bool
	}{
		{map[string]string{"TERM": "xterm", "LANG": "en_GB.UTF-8"}, screen.English, false, true},
		{map[string]string{"TERM": "xterm", "LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, screen.Chinese, false, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "0"}, screen.English, false, false},
		{map[string]string{"TERM": "dumb"}, screen.English, true, false},
		{map[string]string{}, screen.English, true, false},
	} {
		o := DefaultOptions(func(k string) string { return c.env[k] })
		if o.Lang != c.lang || o.Linear != c.linear || o.Color != c.color {
			t.Errorf("%v: got %s, linear %v, color %v", c.env, o.Lang, o.Linear, o.Color)
		}
	}
}

func TestStopwatchCountsFocusOnly(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	var w stopwatch
	w.start(at(0))
	w.focus(at(5), false)
	w.focus(at(60), true)
	if got := w.read(at(62)); got != 7*time.Second {
		t.Errorf("got %v, want 7s", got)
	}
}
