package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// world is a store with its clock.
type world struct {
	*store.Store
	t   *testing.T
	now time.Time
	ada labeling.Annotator
}

// criteria has every kind of question, about any number of candidates.
var criteria = labeling.Task{Name: "criteria", Edit: true, Questions: []labeling.Question{
	{Key: "safe", Kind: labeling.AskChoice, Options: []labeling.Option{{Key: "yes"}, {Key: "no"}}},
	{Key: "quality", Kind: labeling.AskRating, Points: 7},
	{Key: "order", Kind: labeling.AskRanking, Ties: true},
}}

// newWorld has n items with k candidates under a task, each to be judged twice.
func newWorld(t *testing.T, task labeling.Task, n, k int) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	s, err := store.Create(t.Context(), filepath.Join(t.TempDir(), "labels.db"), store.Options{Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Store = s
	p := labeling.DefaultProject("p")
	p.Task, p.Overlap, p.Seed, p.Guideline = task, 2, 7, "Read both."
	p.Control = labeling.Control{Repeats: .1}
	if _, err := s.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var items []labeling.Item
	for i := range n {
		it := labeling.Item{Ref: fmt.Sprintf("tell-tale-%d", i), Prompt: labeling.Prompt{Text: fmt.Sprintf("prompt %d", i)}}
		for c := range k {
			it.Candidates = append(it.Candidates, labeling.Candidate{Text: fmt.Sprintf("response %d of %d", c, i), Source: "secret-model"})
		}
		items = append(items, it)
	}
	if _, err := s.AddItems(t.Context(), "p", items); err != nil {
		t.Fatal(err)
	}
	w.ada = w.enrol("ada")
	return w
}

func (w *world) enrol(handle string) labeling.Annotator {
	w.t.Helper()
	a, err := w.Enrol(w.t.Context(), labeling.Annotator{Handle: handle})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// checkOut takes n items along for a day.
func (w *world) checkOut(n int) (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "work.db")
	c, err := CheckOut(w.t.Context(), w.Store, Request{Annotator: "ada", Items: n, For: 24 * time.Hour}, path)
	if err != nil {
		w.t.Fatal(err)
	}
	if want := (Checkout{Path: path, Project: "p", Annotator: "ada", Items: n, Until: c.Until}); c != want || !c.Until.Equal(w.now.Add(24*time.Hour)) {
		w.t.Errorf("got %+v, want %+v until a day later", c, want)
	}
	return path
}

// in opens a checkout for f.
func (w *world) in(path string, f func(work *store.Store)) {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	f(s)
	if err := s.Close(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) checkIn(path string, giveBack bool) (c Checkin) {
	w.t.Helper()
	w.in(path, func(work *store.Store) {
		var err error
		if c, err = CheckIn(w.t.Context(), w.Store, work, giveBack); err != nil {
			w.t.Fatal(err)
		}
	})
	return c
}

// judge claims the next item of a store and submits what answer makes of it.
func judge(t *testing.T, s labeling.Store, handle string, answer func(labeling.Assignment) labeling.Answer) (labeling.Assignment, labeling.Submission) {
	t.Helper()
	a := next(t, s, handle)
	sub := labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Answer: answer(a), Active: 7 * time.Second, Wall: 9 * time.Second, At: time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)}
	if err := s.Submit(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	return a, sub
}

func next(t *testing.T, s labeling.Store, handle string) labeling.Assignment {
	t.Helper()
	who, err := s.Enrol(t.Context(), labeling.Annotator{Handle: handle})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: who.ID, For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// left says that what stands left is significantly better.
func left(a labeling.Assignment) labeling.Answer {
	return labeling.Prefer("preference", a.Shown[0], a.Shown[1], 4)
}

func textOf(it labeling.Item, id labeling.CandidateID) string {
	c, _ := it.Candidate(id)
	return c.Text
}

// judged reads what a store has of an item, by its prompt.
func judged(t *testing.T, s labeling.Store) map[string]labeling.JudgedItem {
	t.Helper()
	all := map[string]labeling.JudgedItem{}
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		all[j.Item.Prompt.Text] = j
	}
	return all
}

func head(t *testing.T, s labeling.Store) string {
	t.Helper()
	a, err := s.Audit(t.Context(), "")
	if err != nil || len(a.Faults) > 0 {
		t.Fatalf("audit: got %+v, %v", a.Faults, err)
	}
	return a.Head
}

// A checkout shows each item as its slot has it, and holds nothing that an annotator is not
// to know.
func TestCheckoutHoldsWhatIsNeededAndNoMore(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 8, 2)
	path := w.checkOut(6)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"tell-tale", "secret-model"} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("the file has %q in it", secret)
		}
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
		t.Errorf("got %v, %v, want the checkout alone", files, err)
	}
	original := judged(t, w)
	slots, err := w.Slots(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	w.in(path, func(work *store.Store) {
		p, err := work.Project(t.Context(), "")
		if err != nil || p.Guideline != "Read both." || p.Overlap != 1 || p.Control != (labeling.Control{}) {
			t.Errorf("got %+v, %v", p, err)
		}
		if people, err := work.Annotators(t.Context()); err != nil || len(people) != 1 || people[0].Handle != "ada" {
			t.Errorf("got %+v, %v, want ada alone", people, err)
		}
		sides := map[int]int{}
		for range 6 {
			a, _ := judge(t, work, "ada", left)
			copied := judged(t, work)[a.Item.Prompt.Text].Item // an annotator is not told where candidates come from
			lease, err := leaseOf(copied, w.ada.ID)
			i := slices.IndexFunc(slots, func(s labeling.Slot) bool { return s.ID == lease.Slot })
			if err != nil || i < 0 || slots[i].Annotator != w.ada.ID {
				t.Fatalf("%s: got %+v, %v, want a slot leased to ada", a.Item.Ref, lease, err)
			}
			it := original[a.Item.Prompt.Text].Item
			m, err := originals(copied)
			if err != nil || slots[i].ItemID != it.ID || textOf(it, m[a.Shown[0]]) != textOf(a.Item, a.Shown[0]) {
				t.Errorf("%s: another item's slot, or other texts: %v", a.Item.Ref, err)
			}
			sides[it.Index(m[a.Shown[0]])]++
		}
		if len(sides) != 2 {
			t.Errorf("got %v, want both candidates to stand left now and then", sides)
		}
	})
	if c := w.checkIn(path, false); c.Judged != 6 {
		t.Fatalf("got %+v", c)
	}
	for _, j := range judged(t, w) {
		for _, g := range j.Judgements {
			best, _ := g.Answer.Responses["preference"].Best()
			if best != g.Shown[0] {
				t.Errorf("item %q: what stood left there stands right here", j.Item.Ref)
			}
		}
	}
}

// The whole cycle: a judgement, a correction, a skip, a draft, an item not looked at; and
// again, which changes nothing.
func TestCycle(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 6, 2)
	path := w.checkOut(5)
	var first, second labeling.Assignment
	var said, corrected labeling.Submission
	w.in(path, func(work *store.Store) {
		first, said = judge(t, work, "ada", func(a labeling.Assignment) labeling.Answer {
			answer := left(a)
			answer.Comment, answer.Edit = "close", &labeling.Edit{Of: a.Shown[1], Text: "better still"}
			return answer
		})
		var wrong labeling.Submission
		second, wrong = judge(t, work, "ada", left)
		corrected = wrong
		corrected.ID, corrected.Supersedes = labeling.NewID(), wrong.ID
		corrected.Answer = labeling.Prefer("preference", second.Shown[1], second.Shown[0], 1)
		if err := work.Submit(t.Context(), corrected); err != nil {
			t.Fatal(err)
		}
		if err := work.Skip(t.Context(), next(t, work, "ada").Lease, "not my field"); err != nil {
			t.Fatal(err)
		}
		fourth := next(t, work, "ada")
		if err := errors.Join(work.SaveDraft(t.Context(), fourth.Lease, left(fourth)), work.Release(t.Context(), fourth.Lease)); err != nil {
			t.Fatal(err)
		}
	})
	want := Checkin{Annotator: "ada", Judged: 3, Corrected: 1, Skipped: 1, Drafts: 1, Open: 2}
	if c := w.checkIn(path, false); !equal(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	before := head(t, w)
	want = Checkin{Annotator: "ada", Before: 4, Drafts: 1, Open: 2}
	if c := w.checkIn(path, false); !equal(c, want) {
		t.Errorf("again: got %+v, want %+v", c, want)
	}
	if head(t, w) != before {
		t.Error("again: something was stored")
	}

	all := judged(t, w)
	g := all[first.Item.Prompt.Text].Judgements[0]
	it := all[first.Item.Prompt.Text].Item
	best, _ := g.Answer.Responses["preference"].Best()
	if g.ID != said.ID || g.Annotator != "ada" || !g.At.Equal(said.At) || g.Active != said.Active || g.Answer.Comment != "close" ||
		textOf(it, best) != textOf(first.Item, first.Shown[0]) || textOf(it, g.Answer.Edit.Of) != textOf(first.Item, first.Shown[1]) || g.Answer.Edit.Text != "better still" {
		t.Errorf("got %+v, want it as it was made", g)
	}
	twice := all[second.Item.Prompt.Text].Judgements
	if len(twice) != 2 || twice[1].ID != corrected.ID || twice[1].Supersedes != twice[0].ID || !twice[1].Current {
		t.Errorf("got %+v, want the correction behind what it corrects", twice)
	}
	skips, err := w.Skips(t.Context(), "p")
	if err != nil || len(skips) != 1 || skips[0].Reason != "not my field" || skips[0].Annotator != "ada" {
		t.Errorf("got %+v, %v", skips, err)
	}

	if c := w.checkIn(path, true); c.Open != 2 {
		t.Errorf("giving back: got %+v", c)
	}
	if a := next(t, w, "ada"); a.Draft == nil || len(a.Draft.Responses) != 1 {
		t.Errorf("got %+v, want the draft in the store", a.Draft)
	}
}

func equal(a, b Checkin) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// Whoever corrects at home what was handed in hands in the correction.
func TestCorrectionAfterCheckIn(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 2, 2)
	path := w.checkOut(1)
	var a labeling.Assignment
	var sub labeling.Submission
	w.in(path, func(work *store.Store) { a, sub = judge(t, work, "ada", left) })
	w.checkIn(path, false)
	w.in(path, func(work *store.Store) {
		sub.Supersedes, sub.ID = sub.ID, labeling.NewID()
		sub.Answer = labeling.Prefer("preference", a.Shown[1], a.Shown[0], 2)
		if err := work.Submit(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
	})
	if c := w.checkIn(path, false); c.Judged != 1 || c.Corrected != 1 || c.Before != 1 {
		t.Errorf("got %+v", c)
	}
}

// Every kind of answer finds its way, whatever the numbers of the candidates.
func TestAllKindsOfAnswers(t *testing.T) {
	w := newWorld(t, criteria, 5, 4)
	path := w.checkOut(3)
	want := map[string][]string{} // by prompt: the texts, best first
	w.in(path, func(work *store.Store) {
		for range 3 {
			a, _ := judge(t, work, "ada", func(a labeling.Assignment) labeling.Answer {
				s := a.Shown
				return labeling.Answer{Responses: map[string]labeling.Response{
					"safe":    {Marks: map[labeling.CandidateID]int{s[0]: 1, s[1]: 2, s[2]: 1, s[3]: 2}},
					"quality": {Marks: map[labeling.CandidateID]int{s[0]: 4, s[1]: 7, s[2]: 1, s[3]: 2}},
					"order":   {Order: [][]labeling.CandidateID{{s[1]}, {s[0]}, {s[2], s[3]}}},
				}}
			})
			want[a.Item.Prompt.Text] = []string{textOf(a.Item, a.Shown[1]), textOf(a.Item, a.Shown[0])}
		}
	})
	if c := w.checkIn(path, false); c.Judged != 3 {
		t.Fatalf("got %+v", c)
	}
	for prompt, j := range judged(t, w) {
		if len(j.Judgements) == 0 {
			continue
		}
		r := j.Judgements[0].Answer.Responses
		order := r["order"].Order
		got := []string{textOf(j.Item, order[0][0]), textOf(j.Item, order[1][0])}
		if !slices.Equal(got, want[prompt]) || len(order[2]) != 2 || r["quality"].Marks[order[0][0]] != 7 || r["safe"].Marks[order[1][0]] != 1 {
			t.Errorf("%s: got %+v, want first %v", prompt, r, want[prompt])
		}
	}
}

// What was begun before goes along, and comes back.
func TestDraftsTravel(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 1, 2)
	a := next(t, w, "ada")
	if err := errors.Join(w.SaveDraft(t.Context(), a.Lease, left(a)), w.Release(t.Context(), a.Lease)); err != nil {
		t.Fatal(err)
	}
	path := w.checkOut(1)
	w.in(path, func(work *store.Store) {
		b := next(t, work, "ada")
		if b.Draft == nil {
			t.Fatal("got no draft")
		}
		best, _ := b.Draft.Responses["preference"].Best()
		if textOf(b.Item, best) != textOf(a.Item, a.Shown[0]) {
			t.Errorf("got %q, want what was begun", textOf(b.Item, best))
		}
	})
	if c := w.checkIn(path, false); c.Open != 1 || c.Drafts != 0 {
		t.Errorf("while it is on the screen: got %+v, want no draft carried over", c)
	}
}

// Nobody else gets what was taken along while the leases last. Then others may; what they
// took is kept out by name, what nobody took is as good as ever.
func TestLapsed(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 2, 2)
	path := w.checkOut(2)
	w.in(path, func(work *store.Store) {
		judge(t, work, "ada", left)
		judge(t, work, "ada", left)
	})
	judge(t, w, "bob", left) // the other slots of both items
	judge(t, w, "bob", left)
	eve := w.enrol("eve")
	if a, err := w.Claim(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: eve.ID, For: time.Hour}); !errors.Is(err, labeling.ErrNoWork) {
		t.Errorf("got item %q, %v, want nothing before the leases lapse", a.Item.Ref, err)
	}
	w.now = w.now.Add(25 * time.Hour)
	taken, _ := judge(t, w, "eve", left)
	c := w.checkIn(path, false)
	if c.Judged != 1 || len(c.KeptOut) != 1 || c.KeptOut[0] != (KeptOut{taken.Item.Ref, `the lease lapsed, and "eve" has the item`}) {
		t.Errorf("got %+v, want one kept out: %s", c, taken.Item.Ref)
	}
	if again := w.checkIn(path, false); again.Judged != 0 || again.Before != 1 || len(again.KeptOut) != 1 {
		t.Errorf("again: got %+v", again)
	}
	for _, j := range judged(t, w) {
		if len(j.Judgements) != 2 {
			t.Errorf("item %q: got %d judgements, want 2", j.Item.Ref, len(j.Judgements))
		}
	}
}

// A check-in that is cut off at any point is finished by the next one.
func TestCutOffAnywhere(t *testing.T) {
	for cut := range 5 {
		w := newWorld(t, labeling.PairTask(false), 5, 2)
		path := w.checkOut(5)
		w.in(path, func(work *store.Store) {
			for range 4 {
				judge(t, work, "ada", left)
			}
			if err := work.Skip(t.Context(), next(t, work, "ada").Lease, "no"); err != nil {
				t.Fatal(err)
			}
		})
		w.in(path, func(work *store.Store) {
			if _, err := CheckIn(t.Context(), &failing{Store: w.Store, after: cut}, work, true); !errors.Is(err, errCut) {
				t.Fatalf("got %v", err)
			}
		})
		if c := w.checkIn(path, true); c.Before != cut || c.Judged+c.Skipped != 5-cut || len(c.KeptOut) > 0 {
			t.Errorf("cut after %d: got %+v", cut, c)
		}
		head(t, w)
		for _, j := range judged(t, w) {
			if len(j.Judgements) > 1 {
				t.Errorf("cut after %d: item %q: got %d judgements", cut, j.Item.Ref, len(j.Judgements))
			}
		}
	}
}

var errCut = errors.New("the line is dead")

// failing is a store that fails after some writes.
type failing struct {
	*store.Store
	after int
}

func (f *failing) cut() error {
	if f.after--; f.after < 0 {
		return errCut
	}
	return nil
}

func (f *failing) Submit(ctx context.Context, s labeling.Submission) error {
	if err := f.cut(); err != nil {
		return err
	}
	return f.Store.Submit(ctx, s)
}

func (f *failing) Skip(ctx context.Context, l labeling.Lease, reason string) error {
	if err := f.cut(); err != nil {
		return err
	}
	return f.Store.Skip(ctx, l, reason)
}

// A checkout that cannot be written gives its leases back.
func TestCheckoutThatCannotBeWritten(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 3, 2)
	r := Request{Annotator: "ada", Items: 3, For: time.Hour}
	if _, err := CheckOut(t.Context(), w.Store, r, filepath.Join(t.TempDir(), "no", "such", "work.db")); err == nil {
		t.Fatal("got no error")
	}
	slots, err := w.Slots(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slots {
		if s.State != labeling.SlotOpen {
			t.Errorf("slot %d: got %s, want open", s.ID, s.State)
		}
	}
	there := filepath.Join(t.TempDir(), "work.db")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := CheckOut(t.Context(), w.Store, r, there); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("got %v, want the file left alone", err)
	}
	if _, err := CheckOut(t.Context(), w.Store, Request{Annotator: "nobody", Items: 1, For: time.Hour}, there+"2"); !errors.Is(err, labeling.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

// What is no checkout, a checkout of another store, and one that somebody else judged in.
func TestCheckInRefuses(t *testing.T) {
	w, other := newWorld(t, labeling.PairTask(false), 3, 2), newWorld(t, labeling.PairTask(false), 2, 2)
	if _, err := CheckIn(t.Context(), w, other, false); err == nil || !strings.Contains(err.Error(), "no checkout") {
		t.Errorf("got %v, want that it is no checkout", err)
	}
	path := w.checkOut(2)
	w.in(path, func(work *store.Store) {
		judge(t, work, "eve", left)
		judge(t, work, "ada", left)
	})
	c := w.checkIn(path, false)
	if c.Judged != 1 || len(c.KeptOut) != 1 || !strings.HasPrefix(c.KeptOut[0].Item, "tell-tale-") || c.KeptOut[0].Why != `judged by "eve", but checked out by "ada"` {
		t.Errorf("got %+v", c)
	}
}

// A checkout of another store would give its answers to other texts.
func TestCheckInOfAnotherStore(t *testing.T) {
	w, other := newWorld(t, labeling.PairTask(false), 3, 2), newWorld(t, labeling.PairTask(false), 1, 2)
	more := labeling.Item{Ref: "more", Prompt: labeling.Prompt{Text: "prompt"}, Candidates: []labeling.Candidate{{Text: "x"}, {Text: "y"}}, Priority: 1}
	if _, err := other.AddItems(t.Context(), "p", []labeling.Item{more}); err != nil {
		t.Fatal(err)
	}
	path := other.checkOut(1)
	other.in(path, func(work *store.Store) {
		if _, err := CheckIn(t.Context(), w, work, false); err == nil || !strings.Contains(err.Error(), "the checkout is of another one") {
			t.Errorf("got %v", err)
		}
	})
}

// Whoever was paused since hands in nothing, and is told so; later it is all there.
func TestCheckInOfWhoWasPaused(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 3, 2)
	path := w.checkOut(2)
	w.in(path, func(work *store.Store) { judge(t, work, "ada", left) })
	if _, err := w.Amend(t.Context(), "ada", labeling.Change{Status: labeling.StatusPaused}); err != nil {
		t.Fatal(err)
	}
	w.in(path, func(work *store.Store) {
		if _, err := CheckIn(t.Context(), w, work, false); !errors.Is(err, labeling.ErrNotActive) {
			t.Errorf("got %v, want that ada is not active", err)
		}
	})
	if _, err := w.Amend(t.Context(), "ada", labeling.Change{Status: labeling.StatusActive}); err != nil {
		t.Fatal(err)
	}
	if c := w.checkIn(path, false); c.Judged != 0 || len(c.KeptOut) != 1 || c.KeptOut[0].Why != "the lease was given back" {
		t.Errorf("got %+v, want it kept out: its lease was given back", c)
	}
}

func FuzzLeaseOf(f *testing.F) {
	for _, s := range []string{"checkout/17/5f0c2f0e", "checkout/-1/x", "checkout/9223372036854775808/x", "checkout//", "17/x", "checkout/1/\x1b[2J"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		l, err := leaseOf(labeling.Item{Ref: ref}, 3)
		if err == nil && (itemTag(l) != ref || l.Slot < 1 || l.Token == "") {
			t.Errorf("%q: got %+v, which is %q", ref, l, itemTag(l))
		}
	})
}

// A manager may take back what somebody took along; they go on working.
func TestManagerTakesBack(t *testing.T) {
	w := newWorld(t, labeling.PairTask(false), 1, 2)
	path := w.checkOut(1)
	w.in(path, func(work *store.Store) { judge(t, work, "ada", left) })
	if a, err := w.Amend(t.Context(), "ada", labeling.Change{GiveBack: true}); err != nil || a.Status != labeling.StatusActive {
		t.Fatalf("got %+v, %v, want ada active", a, err)
	}
	judge(t, w, "bob", left)
	judge(t, w, "eve", left)
	if c := w.checkIn(path, false); c.Judged != 0 || len(c.KeptOut) != 1 || !strings.HasSuffix(c.KeptOut[0].Why, "has the item") {
		t.Errorf("got %+v, want it kept out", c)
	}
}
