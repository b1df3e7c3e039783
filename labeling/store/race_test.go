package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// crowdChild has every annotator of a store judge at the same time until nothing is left,
// and prints the id of each judgement that the store has said is saved.
func crowdChild(where string) error {
	ctx := context.Background()
	s, err := Open(ctx, where, Options{})
	if err != nil {
		return err
	}
	people, err := s.Annotators(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(people))
	var wg sync.WaitGroup
	for i, p := range people {
		wg.Go(func() { errs[i] = judgeAll(ctx, s, p.ID) })
	}
	wg.Wait()
	return errors.Join(append(errs, s.Close())...)
}

func judgeAll(ctx context.Context, s *Store, who int64) error {
	for {
		a, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: who, For: time.Minute})
		if errors.Is(err, labeling.ErrNoWork) {
			return nil
		}
		if err != nil {
			return err
		}
		sub := left(a)
		switch err := s.Submit(ctx, sub); {
		case err == nil:
			if _, err := os.Stdout.WriteString(sub.ID + "\n"); err != nil {
				return err
			}
		case !errors.Is(err, labeling.ErrLeaseLost): // the same person was faster elsewhere
			return err
		}
	}
}

// Sixty-four annotators, each of them at three processes at once: every item ends with
// exactly its judgements, by different people, which are those that somebody was told are
// saved.
func TestOverlapIsExactOverProcesses(t *testing.T) { storetest.Engines(t, testOverlapIsExact) }

func testOverlapIsExact(t *testing.T, where string) {
	const items, overlap, people, processes = 40, 5, 64, 3
	s, _ := newReal(t, where, items, overlap, people)
	defer s.Close() //nolint:errcheck // the test is over
	var out [processes]strings.Builder
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), crowdEnv+"="+where)
			cmd.Stdout, cmd.Stderr = &out[i], os.Stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	saved := map[string]bool{}
	for i := range out {
		for _, id := range strings.Fields(out[i].String()) {
			saved[id] = true
		}
	}
	for j, err := range s.Judged(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]bool{}
		for _, g := range j.Judgements {
			by[g.Annotator] = true
			if !saved[g.ID] {
				t.Errorf("%s: judgement %s is there, but nobody was told so", j.Item.Ref, g.ID)
			}
			delete(saved, g.ID)
		}
		if len(j.Judgements) != overlap || len(by) != overlap {
			t.Errorf("%s: got %d judgements by %d annotators, want %d", j.Item.Ref, len(j.Judgements), len(by), overlap)
		}
	}
	if len(saved) > 0 {
		t.Errorf("%d judgements that were said to be saved are gone", len(saved))
	}
	if p, err := s.Progress(t.Context(), "p", 1); err != nil || p.Done != items*overlap || p.Wanted != items*overlap {
		t.Errorf("progress: got %+v, %v, want %d of as many", p, err, items*overlap)
	}
	if a, err := s.Audit(t.Context(), ""); err != nil || len(a.Faults) > 0 || a.Judgements != items*overlap {
		t.Errorf("audit: got %+v, %v", a, err)
	}
}

// twoHosts is a fixture and a second store at the same place, as another host has it.
func twoHosts(t *testing.T, where string, items, overlap int) (*fixture, *Store) {
	t.Helper()
	f := newFixture(t, where, items, overlap)
	other, err := Open(t.Context(), where, Options{Now: f.clk.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() }) //nolint:errcheck // everything was acknowledged
	return f, other
}

// atOnce calls f several times at once, each with one of two stores and another number,
// and counts what came of it: "" is success.
func atOnce(a, b *Store, n int, f func(s *Store, i int) error) map[string]int {
	var mu sync.Mutex
	got := map[string]int{}
	begin := make(chan bool)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			err := f([]*Store{a, b}[i%2], i)
			mu.Lock()
			defer mu.Unlock()
			got[outcome(err)]++
		})
	}
	close(begin)
	wg.Wait()
	return got
}

func outcome(err error) string {
	for _, known := range []error{labeling.ErrConflict, labeling.ErrLeaseLost, labeling.ErrNoWork} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// One submission that arrives sixteen times at two hosts is stored once, and everybody is
// told that it is.
func TestSubmissionSentToTwoHosts(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f, other := twoHosts(t, where, 8, 1)
		ann := f.enrol("ann")
		for range 8 {
			s := left(f.claim(ann))
			got := atOnce(f.Store, other, 16, func(at *Store, _ int) error { return at.Submit(t.Context(), s) })
			if len(got) != 1 || got[""] != 16 {
				t.Errorf("got %v, want 16 successes", got)
			}
		}
		if a, err := f.Audit(t.Context(), ""); err != nil || a.Judgements != 8 || len(a.Faults) > 0 {
			t.Errorf("got %+v, %v, want 8 judgements", a, err)
		}
	})
}

// One id for two answers: the first to arrive is stored, the other one is told.
func TestOneIDForTwoSlotsAtTwoHosts(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f, other := twoHosts(t, where, 16, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		for range 8 {
			subs := []labeling.Submission{left(f.claim(ann)), left(f.claim(bob))}
			subs[1].ID = subs[0].ID
			got := atOnce(f.Store, other, 2, func(at *Store, i int) error { return at.Submit(t.Context(), subs[i]) })
			if got[""] != 1 || got[labeling.ErrConflict.Error()] != 1 {
				t.Errorf("got %v, want one success and one conflict", got)
			}
			for _, s := range subs { // whoever was refused still holds the slot
				if again := f.Submit(t.Context(), s); again != nil {
					s.ID = labeling.NewID()
					f.submit(s)
				}
			}
		}
		f.wantSound()
	})
}

// Of many corrections of one judgement one is stored.
func TestCorrectionsRace(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f, other := twoHosts(t, where, 4, 1)
		ann := f.enrol("ann")
		for range 4 {
			a := f.claim(ann)
			first := left(a)
			f.submit(first)
			got := atOnce(f.Store, other, 8, func(at *Store, i int) error {
				fix := left(a)
				fix.Supersedes = first.ID
				fix.Answer.Comment = fmt.Sprint("correction ", i)
				return at.Submit(t.Context(), fix)
			})
			if got[""] != 1 || got[labeling.ErrConflict.Error()] != 7 {
				t.Errorf("got %v, want one success and 7 conflicts", got)
			}
		}
		for _, j := range f.judged() {
			if len(j.Judgements) != 2 || j.Judgements[0].Current || !j.Judgements[1].Current {
				t.Errorf("%s: got %+v, want one correction", j.Item.Ref, j.Judgements)
			}
		}
		f.wantSound()
	})
}

// What is made once is made once, whoever asks: projects, annotators, items, final words.
func TestTheSameIsMadeAtTwoHosts(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f, other := twoHosts(t, where, 0, 1)
		q := labeling.DefaultProject("q")
		var added atomic.Int64
		for name, make := range map[string]func(s *Store, i int) error{
			"annotator": func(s *Store, _ int) error {
				_, err := s.Enrol(t.Context(), labeling.Annotator{Handle: "zoe", Keys: []string{key("z")}})
				return err
			},
			"project": func(s *Store, _ int) error { _, err := s.CreateProject(t.Context(), q); return err },
			"items": func(s *Store, _ int) error {
				n, err := s.AddItems(t.Context(), "p", testItems(20))
				added.Add(int64(n))
				return err
			},
		} {
			if got := atOnce(f.Store, other, 8, make); got[""] != 8 {
				t.Errorf("%s: got %v, want 8 successes", name, got)
			}
		}
		if n := added.Load(); n != 20 {
			t.Errorf("items: got %d said to be new, want 20", n)
		}
		if got := atOnce(f.Store, other, 8, func(s *Store, i int) error {
			_, err := s.Enrol(t.Context(), labeling.Annotator{Handle: fmt.Sprint("thief", i), Keys: []string{key("k")}})
			return err
		}); got[""] != 1 || got[labeling.ErrConflict.Error()] != 7 {
			t.Errorf("one key for eight: got %v, want one success", got)
		}
		f.wantSound()
	})
}

// Two who finish an item's last two slots at the same time leave it settled.
func TestLastSlotsAreDoneAtTwoHosts(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f, other := twoHosts(t, where, 0, 2)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		for n := range 12 {
			if _, err := f.AddItems(t.Context(), "p", testItems(n + 1)[n:]); err != nil {
				t.Fatal(err)
			}
			both := []labeling.Assignment{f.claim(ann), f.claim(bob)}
			got := atOnce(f.Store, other, 2, func(s *Store, i int) error {
				sub := left(both[i])
				sub.Answer = prefers(both[i], i)
				return s.Submit(t.Context(), sub)
			})
			if got[""] != 2 {
				t.Errorf("got %v, want two successes", got)
			}
		}
		if n := len(f.disputes("p")); n != 12 {
			t.Errorf("got %d disputes, want 12: they differ on each item", n)
		}
		f.wantSound()
	})
}
