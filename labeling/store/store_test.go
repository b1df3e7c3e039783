package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// clock is a clock that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// fixture is a store with a project "p" of some items, and a clock at rest.
type fixture struct {
	*Store
	clk     *clock
	t       *testing.T
	where   string
	project string // that is judged
}

func newFixture(t *testing.T, where string, items, overlap int) *fixture {
	t.Helper()
	f := &fixture{t: t, clk: newClock(), where: where, project: "p"}
	var err error
	if f.Store, err = Create(t.Context(), f.where, Options{Now: f.clk.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	p := labeling.DefaultProject("p")
	p.Overlap, p.Seed = overlap, 1<<63+7
	if _, err := f.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AddItems(t.Context(), "p", testItems(items)); err != nil {
		t.Fatal(err)
	}
	return f
}

func testItems(n int) (out []labeling.Item) {
	for i := range n {
		out = append(out, labeling.Item{
			Ref:        fmt.Sprintf("item-%03d", i),
			Prompt:     labeling.Prompt{Text: fmt.Sprintf("prompt %d", i)},
			Candidates: []labeling.Candidate{{Text: "one", Source: "sft"}, {Text: "two", Source: "ppo"}},
		})
	}
	return out
}

func (f *fixture) enrol(handle string) int64 {
	f.t.Helper()
	a, err := f.Enrol(f.t.Context(), labeling.Annotator{Handle: handle})
	if err != nil {
		f.t.Fatal(err)
	}
	return a.ID
}

func (f *fixture) try(who int64) (labeling.Assignment, error) {
	return f.Claim(f.t.Context(), labeling.ClaimRequest{Project: f.project, Annotator: who, For: time.Minute})
}

func (f *fixture) claim(who int64) labeling.Assignment {
	f.t.Helper()
	a, err := f.try(who)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

// left is a submission that prefers what stands left.
func left(a labeling.Assignment) labeling.Submission {
	return labeling.Submission{
		ID: labeling.NewID(), Lease: a.Lease, Active: 2 * time.Second, Wall: 3 * time.Second,
		Answer: labeling.Prefer("preference", a.Shown[0], a.Shown[1], 3),
	}
}

func (f *fixture) submit(s labeling.Submission) {
	f.t.Helper()
	if err := f.Submit(f.t.Context(), s); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) judged() []labeling.JudgedItem {
	f.t.Helper()
	return f.judgedIn("p")
}

func (f *fixture) judgedIn(project string) []labeling.JudgedItem {
	f.t.Helper()
	return f.collect(f.Judged(f.t.Context(), project))
}

func (f *fixture) collect(items iter.Seq2[labeling.JudgedItem, error]) (out []labeling.JudgedItem) {
	f.t.Helper()
	for j, err := range items {
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, j)
	}
	return out
}

// disputes lists the items that need a final word, by their names.
func (f *fixture) disputes(project string) (refs []string) {
	f.t.Helper()
	for _, j := range f.collect(f.Disputes(f.t.Context(), project)) {
		refs = append(refs, j.Item.Ref)
	}
	return refs
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func (f *fixture) wantSound() {
	f.t.Helper()
	if a, err := f.Audit(f.t.Context(), ""); err != nil || len(a.Faults) > 0 {
		f.t.Errorf("audit: got %v, %q, want no fault", err, a.Faults)
	}
}

func TestClaimSubmitReadBack(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 2, 1)
		ann := f.enrol("ann")
		a := f.claim(ann)
		s := left(a)
		s.Answer.Comment, s.Answer.Flagged = "良い", true
		f.clk.advance(3 * time.Second)
		f.submit(s)
		got := f.judged()
		want := labeling.Judgement{
			ID: s.ID, ItemID: a.Item.ID, Annotator: "ann", Shown: a.Shown, Answer: s.Answer, Guideline: 1,
			Active: 2 * time.Second, Wall: 3 * time.Second, At: f.now().UTC(), Current: true,
		}
		if len(got) != 2 || len(got[0].Judgements) != 1 || fmt.Sprint(got[0].Judgements[0]) != fmt.Sprint(want) {
			t.Errorf("got %+v, want one judgement %+v", got, want)
		}
		f.submit(left(f.claim(ann)))
		_, err := f.try(ann)
		wantErr(t, err, labeling.ErrNoWork)
		f.wantSound()
	})
}

func TestItemsGetTheirFirstJudgementBeforeAnyGetsItsSecond(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 4, 2)
		seen := map[int64]int{}
		for _, who := range []int64{f.enrol("a"), f.enrol("b"), f.enrol("c"), f.enrol("d")} {
			a := f.claim(who)
			seen[a.Item.ID]++
			f.submit(left(a))
		}
		if len(seen) != 4 {
			t.Errorf("four annotators got items %v, want four different ones", seen)
		}
	})
}

func TestHigherPriorityComesFirst(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 3, 1)
		urgent := testItems(1)[0]
		urgent.Ref, urgent.Priority = "urgent", 2
		if _, err := f.AddItems(t.Context(), "p", []labeling.Item{urgent}); err != nil {
			t.Fatal(err)
		}
		if got := f.claim(f.enrol("ann")).Item.Ref; got != "urgent" {
			t.Errorf("got %s first, want urgent", got)
		}
	})
}

func TestReconnectBringsTheSameItemSidesAndDraft(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 5, 2)
		ann := f.enrol("ann")
		before := f.claim(ann)
		draft := labeling.Prefer("preference", before.Shown[1], before.Shown[0], 2)
		draft.Comment = "half a th"
		if err := f.SaveDraft(t.Context(), before.Lease, draft); err != nil {
			t.Fatal(err)
		}
		after := f.claim(ann)
		if after.Item.ID != before.Item.ID || !slices.Equal(after.Shown, before.Shown) || after.Draft == nil || !reflect.DeepEqual(*after.Draft, draft) {
			t.Errorf("got item %d shown %v draft %+v, want %d, %v, %+v", after.Item.ID, after.Shown, after.Draft, before.Item.ID, before.Shown, draft)
		}
		wantErr(t, f.Submit(t.Context(), left(before)), labeling.ErrLeaseLost) // the older terminal
		wantErr(t, f.SaveDraft(t.Context(), before.Lease, draft), labeling.ErrLeaseLost)
		f.submit(left(after))
		if next := f.claim(ann); next.Draft != nil {
			t.Errorf("got draft %+v with a new item, want none", next.Draft)
		}
	})
}

func TestReleasedItemWithADraftComesBackFirst(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 5, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		bobs := f.claim(bob)
		a := f.claim(ann)
		if err := f.SaveDraft(t.Context(), a.Lease, labeling.Answer{Comment: "back soon"}); err != nil {
			t.Fatal(err)
		}
		for _, l := range []labeling.Lease{a.Lease, bobs.Lease} {
			if err := f.Release(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		if got := f.claim(ann); got.Item.ID != a.Item.ID || got.Draft == nil {
			t.Errorf("got item %d, draft %v, want item %d and its draft before item %d", got.Item.ID, got.Draft, a.Item.ID, bobs.Item.ID)
		}
	})
}

func TestLapsedLeaseGoesToSomebodyElse(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		a := f.claim(ann)
		_, err := f.try(bob)
		wantErr(t, err, labeling.ErrNoWork)
		f.clk.advance(59 * time.Second)
		if err := f.Renew(t.Context(), a.Lease, time.Minute); err != nil {
			t.Fatal(err)
		}
		f.clk.advance(59 * time.Second)
		_, err = f.try(bob)
		wantErr(t, err, labeling.ErrNoWork)
		f.clk.advance(2 * time.Second)
		b := f.claim(bob)
		wantErr(t, f.Renew(t.Context(), a.Lease, time.Minute), labeling.ErrLeaseLost)
		wantErr(t, f.Submit(t.Context(), left(a)), labeling.ErrLeaseLost)
		f.submit(left(b))
		if got := len(f.judged()[0].Judgements); got != 1 {
			t.Errorf("got %d judgements, want 1", got)
		}
		f.wantSound()
	})
}

func TestLateSubmitIsGoodWhileNobodyTookTheItem(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		a := f.claim(f.enrol("ann"))
		f.clk.advance(time.Hour)
		f.submit(left(a))
	})
}

func TestSubmitAgainChangesNothing(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 2)
		ann := f.enrol("ann")
		s := left(f.claim(ann))
		f.submit(s)
		f.clk.advance(time.Second)
		f.submit(s) // the reply was lost
		if got := len(f.judged()[0].Judgements); got != 1 {
			t.Errorf("got %d judgements, want 1", got)
		}
		s.Answer.Comment = "changed"
		wantErr(t, f.Submit(t.Context(), s), labeling.ErrConflict)
		if p, err := f.Progress(t.Context(), "p", ann); err != nil || p != (labeling.Progress{Mine: 1, Done: 1, Wanted: 2, Days: 1}) {
			t.Errorf("progress: got %+v, %v", p, err)
		}
	})
}

func TestCorrectionSupersedes(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 2, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		first := left(f.claim(ann))
		f.submit(first)
		f.submit(left(f.claim(ann)))
		a, j, err := f.Last(t.Context(), "p", ann, 1)
		if err != nil || j.ID != first.ID || a.Item.ID != j.ItemID {
			t.Fatalf("last but one: got %+v, %v, want %s", j, err, first.ID)
		}
		fix := labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Supersedes: j.ID, Answer: labeling.Prefer("preference", a.Shown[1], a.Shown[0], 4)}
		stranger := fix
		stranger.Lease.Annotator = bob
		wantErr(t, f.Submit(t.Context(), stranger), labeling.ErrNotFound)
		f.submit(fix)
		f.submit(fix)
		again := fix
		again.ID = labeling.NewID()
		wantErr(t, f.Submit(t.Context(), again), labeling.ErrConflict)
		got := f.judged()[0].Judgements
		if len(got) != 2 || got[0].Current || !got[1].Current || got[1].Supersedes != first.ID || !reflect.DeepEqual(got[1].Answer, fix.Answer) {
			t.Errorf("got %+v, want the first superseded by %+v", got, fix)
		}
		if p, _ := f.Progress(t.Context(), "p", ann); p.Mine != 2 || p.Done != 2 {
			t.Errorf("got %+v, want corrections not to count", p)
		}
		if _, j, err = f.Last(t.Context(), "p", ann, 0); err != nil || j.ID != fix.ID {
			t.Errorf("last: got %s, %v, want the correction", j.ID, err)
		}
		_, _, err = f.Last(t.Context(), "p", ann, 2)
		wantErr(t, err, labeling.ErrNotFound)
		f.wantSound()
	})
}

func TestSkippedItemGoesToOthersOnly(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		a := f.claim(ann)
		if err := f.Skip(t.Context(), a.Lease, "not my field"); err != nil {
			t.Fatal(err)
		}
		wantErr(t, f.Skip(t.Context(), a.Lease, "again"), labeling.ErrLeaseLost)
		_, err := f.try(ann)
		wantErr(t, err, labeling.ErrNoWork)
		f.submit(left(f.claim(bob)))
		skips, err := f.Skips(t.Context(), "p")
		if err != nil || len(skips) != 1 || skips[0].Reason != "not my field" || skips[0].Annotator != "ann" {
			t.Errorf("got %+v, %v", skips, err)
		}
		if p, _ := f.Progress(t.Context(), "p", ann); p.Skipped != 1 || p.Mine != 0 || p.Done != 1 {
			t.Errorf("got %+v", p)
		}
		f.wantSound()
	})
}

func TestClaimOfOneSlot(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 3, 2)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		slots, err := f.Slots(t.Context(), "p")
		if err != nil || len(slots) != 6 {
			t.Fatalf("got %d slots, %v, want 6", len(slots), err)
		}
		want := slots[3]
		r := labeling.ClaimRequest{Project: "p", Annotator: ann, For: time.Minute, Slot: want.ID}
		a, err := f.Claim(t.Context(), r)
		if err != nil || a.Lease.Slot != want.ID || a.Item.ID != want.ItemID {
			t.Fatalf("got %+v, %v, want slot %+v", a.Lease, err, want)
		}
		if again, err := f.Claim(t.Context(), r); err != nil || again.Lease.Slot != want.ID {
			t.Errorf("own lease: got %+v, %v", again.Lease, err)
		}
		r.Annotator = bob
		_, err = f.Claim(t.Context(), r)
		wantErr(t, err, labeling.ErrNoWork)
		r.Annotator, r.Slot = ann, slots[2].ID // the same item
		_, err = f.Claim(t.Context(), r)
		wantErr(t, err, labeling.ErrNoWork)
	})
}

// Over an even number of slots each candidate stands left equally often.
func TestSidesAreBalancedWithinAnItemAndOverItems(t *testing.T) {
	ids := []labeling.CandidateID{1, 2}
	first := 0
	for i := range 4000 {
		ref := fmt.Sprint("item ", i)
		a, b := Sides(9, ref, 0, ids), Sides(9, ref, 1, ids)
		if a[0] != b[1] || a[1] != b[0] {
			t.Fatalf("slots 0 and 1 of %s: got %v and %v, want opposite sides", ref, a, b)
		}
		if a[0] == 1 {
			first++
		}
	}
	// binomial(4000, ½): 5 standard deviations are 158
	if first < 2000-158 || first > 2000+158 {
		t.Errorf("the first candidate stands left in %d of 4000 first slots, want about 2000", first)
	}
}

func TestImportedAgainIsSkippedOrRefused(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 3, 2)
		more := testItems(5)
		if added, err := f.AddItems(t.Context(), "p", more); err != nil || added != 2 {
			t.Errorf("got %d added, %v, want 2", added, err)
		}
		more[4].Candidates[0].Text = "changed"
		_, err := f.AddItems(t.Context(), "p", append(testItems(7)[5:], more[4]))
		wantErr(t, err, labeling.ErrConflict)
		var bad *labeling.ItemError
		if !errors.As(err, &bad) || bad.Ref != "item-004" {
			t.Errorf("got %v, want an ItemError that names item-004", err)
		}
		if p, _ := f.Progress(t.Context(), "p", 0); p.Wanted != 10 {
			t.Errorf("got %d slots, want 10: a batch is stored whole or not at all", p.Wanted)
		}
	})
}

func TestBytesAreKept(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		it := testItems(1)[0]
		it.Prompt.Text, it.Candidates[0].Text = hostile, hostile
		if _, err := f.AddItems(t.Context(), "p", []labeling.Item{it}); err != nil {
			t.Fatal(err)
		}
		got := f.claim(f.enrol("ann")).Item
		if got.Prompt.Text != hostile || got.Candidates[0].Text != hostile {
			t.Errorf("got %q and %q, want %q", got.Prompt.Text, got.Candidates[0].Text, hostile)
		}
		f.wantSound()
	})
}

func TestProjectAgain(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 2)
		p, err := f.Project(t.Context(), "")
		if err != nil || p.Name != "p" || p.Version != 1 || p.Seed != 1<<63+7 {
			t.Fatalf("got %+v, %v", p, err)
		}
		if same, err := f.CreateProject(t.Context(), p); err != nil || !reflect.DeepEqual(same, p) {
			t.Errorf("the same: got %+v, %v, want %+v", same, err, p)
		}
		p.Guideline = "Read twice."
		if newer, err := f.CreateProject(t.Context(), p); err != nil || newer.Version != 2 {
			t.Errorf("a new guideline: got %+v, %v, want version 2", newer, err)
		}
		p.Overlap = 3
		_, err = f.CreateProject(t.Context(), p)
		wantErr(t, err, labeling.ErrConflict)
		_, err = f.Project(t.Context(), "q")
		wantErr(t, err, labeling.ErrNotFound)
	})
}

func TestRefusals(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 1, 1)
		ann := f.enrol("ann")
		a := f.claim(ann)
		good := left(a)
		for name, change := range map[string]func(*labeling.Submission){
			"no preference":         func(s *labeling.Submission) { s.Answer = labeling.Answer{} },
			"strength 5":            func(s *labeling.Submission) { s.Answer = labeling.Prefer("preference", a.Shown[0], a.Shown[1], 5) },
			"a stranger candidate":  func(s *labeling.Submission) { s.Answer = labeling.Prefer("preference", 99, a.Shown[1], 1) },
			"a tie without ties":    func(s *labeling.Submission) { s.Answer = labeling.Equal("preference", a.Shown[0], a.Shown[1]) },
			"an id that is no UUID": func(s *labeling.Submission) { s.ID = "1" },
			"negative time":         func(s *labeling.Submission) { s.Wall = -1 },
			"a comment too long":    func(s *labeling.Submission) { s.Answer.Comment = strings.Repeat("x", labeling.MaxComment+1) },
			"another token":         func(s *labeling.Submission) { s.Lease.Token = "x" },
		} {
			s := good
			change(&s)
			if err := f.Submit(t.Context(), s); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
		if _, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "ann", Simulated: true}); !errors.Is(err, labeling.ErrConflict) {
			t.Errorf("a program with a person's handle: got %v", err)
		}
		f.submit(good)
		f.wantSound()
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), filepath.Join(dir, "none.db"), Options{})
	wantErr(t, err, labeling.ErrNotFound)
	if _, err := Create(t.Context(), filepath.Join(dir, "no", "such", "dir.db"), Options{}); err == nil {
		t.Error("a directory that is not there: got no error")
	}
	s, err := Create(t.Context(), filepath.Join(dir, "50% #1?.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.writeDB.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.SaveDraft(context.Background(), labeling.Lease{}, labeling.Answer{}), errClosed)
	if _, err := Open(t.Context(), s.where, Options{}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a newer schema: got %v", err)
	}
}

// PRAGMAs are per connection: ask each one.
func TestEveryConnectionHasItsSettings(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t), 0, 1)
	for name, db := range map[string]func(query string, dst any) error{
		"writer": func(q string, dst any) error { return f.writeDB.QueryRow(q).Scan(dst) },
		"reader": func(q string, dst any) error { return f.readDB.QueryRow(q).Scan(dst) },
	} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
			var got string
			if err := db("PRAGMA "+pragma, &got); err != nil || got != want {
				t.Errorf("%s: %s: got %s, %v, want %s", name, pragma, got, err, want)
			}
		}
	}
	if _, err := f.readDB.Exec(`DELETE FROM slot`); err == nil {
		t.Error("a reader may write")
	}
}

// Two processes that make the same file at once both get a store.
func TestCreatedByTwoAtOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { createdByTwo(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { createdByTwo(t, storetest.NewPostgres(t)) })
}

func createdByTwo(t *testing.T, where string) {
	t.Helper()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			s, err := Create(t.Context(), where, Options{})
			if err == nil {
				_, err = s.CreateProject(t.Context(), labeling.DefaultProject("p"))
				err = errors.Join(err, s.Close())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A write that takes the whole batch down with it fails alone; the others are done
// again and counted once.
func TestBrokenBatchIsDoneOneByOne(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 2)
		hold, held := make(chan bool), make(chan bool)
		var wg sync.WaitGroup
		for range f.engine.writers() {
			wg.Go(func() {
				if err := f.write.do(t.Context(), false, func(*txn) error { held <- true; <-hold; return nil }); err != nil {
					t.Error(err)
				}
			})
			<-held
		}
		queued := func(n int) {
			for len(f.write.queue) < n {
				time.Sleep(time.Millisecond)
			}
		}
		// From here on writes queue up for one batch.
		wg.Go(func() {
			if added, err := f.AddItems(t.Context(), "p", testItems(3)); err != nil || added != 3 {
				t.Errorf("got %d added, %v, want 3", added, err)
			}
		})
		queued(1) // first, so that it has run when the batch breaks
		wg.Go(func() {
			err := f.write.do(t.Context(), false, func(tx *txn) error { _, err := tx.Exec("BREAK"); return err })
			if err == nil {
				t.Error("the write that broke the batch: got no error")
			}
		})
		queued(2)
		hold <- true // for one writer, which takes both
		for len(f.write.queue) > 0 {
			time.Sleep(time.Millisecond)
		}
		close(hold)
		wg.Wait()
		if p, err := f.Progress(t.Context(), "p", 0); err != nil || p.Wanted != 6 {
			t.Errorf("got %d slots, %v, want 6", p.Wanted, err)
		}
		f.wantSound()
	})
}

// A password is not for the screen, nor for a log.
func TestPasswordsAreNotShown(t *testing.T) {
	for where, want := range map[string]string{
		"labels.db": "labels.db",
		"postgres://plumb:secret@db/labels?sslmode=require": "postgres://plumb:xxxxx@db/labels?sslmode=require",
		"postgres:///labels?user=plumb&password=secret":     "postgres:///labels?password=xxxxx&user=plumb",
		"postgres://plumb:sec%zzret@db":                     "postgres://...",
	} {
		if got := Shown(where); got != want {
			t.Errorf("%s: got %s, want %s", where, got, want)
		}
	}
	for _, where := range []string{"postgres://plumb:secret@127.0.0.1:1/labels?connect_timeout=2", "postgres://plumb:secret@db:port/labels", "postgres:///labels?host=/nowhere&password=secret"} {
		if _, err := Open(t.Context(), where, Options{}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error without the password", where, err)
		}
	}
}

func TestOpenOfADatabaseWithoutAStore(t *testing.T) {
	where := storetest.NewPostgres(t)
	_, err := Open(t.Context(), where, Options{})
	wantErr(t, err, labeling.ErrNotFound)
	for range 2 {
		s, err := Create(t.Context(), where, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
