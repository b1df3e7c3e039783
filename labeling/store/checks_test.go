package store

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// watched is a fixture whose project watches annotators, with items to do it with: the
// first candidate is always the better one.
func watched(t *testing.T, where string, c labeling.Control, items, gold, tutorial int) *fixture {
	t.Helper()
	f := newFixture(t, where, 0, 1)
	p := labeling.DefaultProject("w")
	p.Control, p.Seed, p.Overlap = c, 11, 2
	if _, err := f.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	known := func(n int, kind labeling.ItemKind) {
		all := testItems(n)
		for i := range all {
			all[i].Ref = fmt.Sprintf("%s-%d", kind, i)
			all[i].Kind, all[i].Why, all[i].Priority = kind, "one is shorter", 5
			all[i].Expected = map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{1}, {2}}}}
		}
		if _, err := f.AddItems(t.Context(), "w", all); err != nil {
			t.Fatal(err)
		}
	}
	known(gold, labeling.KindGold)
	known(tutorial, labeling.KindTutorial)
	if _, err := f.AddItems(t.Context(), "w", testItems(items)); err != nil {
		t.Fatal(err)
	}
	f.project = "w"
	return f
}

func (f *fixture) newcomer(handle string) int64 {
	f.t.Helper()
	a, err := f.Enrol(f.t.Context(), labeling.Annotator{Handle: handle, Status: labeling.StatusScreening})
	if err != nil {
		f.t.Fatal(err)
	}
	return a.ID
}

func (f *fixture) status(handle string) labeling.Status {
	f.t.Helper()
	a, err := f.Enrol(f.t.Context(), labeling.Annotator{Handle: handle})
	if err != nil {
		f.t.Fatal(err)
	}
	return a.Status
}

// choose answers with candidate i.
func (f *fixture) choose(a labeling.Assignment, i int) {
	f.t.Helper()
	s := left(a)
	s.Answer = prefers(a, i)
	f.submit(s)
}

func TestKnownAnswersAreReadBackInIDs(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := watched(t, where, labeling.Control{}, 1, 2, 0)
		if _, err := f.AddItems(t.Context(), "w", f.again("gold", 2)); err != nil {
			t.Errorf("imported again: %v", err)
		}
		for i, j := range f.judgedIn("w")[:2] {
			x, y := j.Item.Candidates[0].ID, j.Item.Candidates[1].ID
			want := map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{x}, {y}}}}
			if j.Item.Kind != labeling.KindGold || !reflect.DeepEqual(j.Item.Expected, want) || j.Item.Why == "" {
				t.Errorf("item %d: got %+v, want expected %v", i, j.Item, want)
			}
		}
		if slots, err := f.Slots(t.Context(), "w"); err != nil || len(slots) != 2 {
			t.Errorf("got %d slots, %v, want 2: gold has none until somebody gets it", len(slots), err)
		}
	})
}

// again is the same items once more.
func (f *fixture) again(kind labeling.ItemKind, n int) (out []labeling.Item) {
	for i := range n {
		it := testItems(i + 1)[i]
		it.Ref, it.Kind, it.Why, it.Priority = fmt.Sprintf("%s-%d", kind, i), kind, "one is shorter", 5
		it.Expected = map[string]labeling.Response{"preference": {Order: [][]labeling.CandidateID{{1}, {2}}}}
		out = append(out, it)
	}
	return out
}

func TestNewcomersGetTheTutorialTheTestAndThenWork(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := watched(t, where, labeling.Control{Screening: labeling.Screening{Items: 3, Pass: 2}}, 2, 4, 2)
		ann := f.newcomer("ann")
		var phases []labeling.Phase
		for range 5 {
			a := f.claim(ann)
			if again := f.claim(ann); again.Item.ID != a.Item.ID || again.Phase != a.Phase {
				t.Errorf("reconnect: got item %d, %s, want %d, %s", again.Item.ID, again.Phase, a.Item.ID, a.Phase)
			} else {
				a = again
			}
			phases = append(phases, a.Phase)
			if told := a.Item.Expected != nil && a.Item.Why != ""; told != (a.Phase == labeling.PhaseTutorial) {
				t.Errorf("%s: got expected %v, why %q", a.Phase, a.Item.Expected, a.Item.Why)
			}
			if a.Item.Kind != "" || a.Item.Priority != 0 || a.Item.Candidates[0].Source != "" {
				t.Errorf("%s: got %+v, want nothing that tells what it is", a.Phase, a.Item)
			}
			wrong := 0
			if len(phases) == 5 { // one of three may be wrong
				wrong = 1
			}
			if p, err := f.Progress(t.Context(), "w", ann); err != nil || p.Tests != 3 || p.Tested != max(0, len(phases)-3) {
				t.Errorf("before item %d: got %+v, %v", len(phases), p, err)
			}
			f.choose(a, wrong)
		}
		want := []labeling.Phase{labeling.PhaseTutorial, labeling.PhaseTutorial, labeling.PhaseScreening, labeling.PhaseScreening, labeling.PhaseScreening}
		if !slices.Equal(phases, want) {
			t.Errorf("got %v, want %v", phases, want)
		}
		if got := f.status("ann"); got != labeling.StatusActive {
			t.Errorf("after 2 of 3: got %s, want active", got)
		}
		a := f.claim(ann)
		if !strings.HasPrefix(a.Item.Ref, "item-") || a.Phase != labeling.PhaseWork {
			t.Errorf("got %s as %s, want work", a.Item.Ref, a.Phase)
		}
		if p, err := f.Progress(t.Context(), "w", ann); err != nil || p.Tests != 0 || p.Done != 0 || p.Mine != 5 || p.Wanted != 4 {
			t.Errorf("got %+v, %v, want 5 of her own, none of the 4 of the work", p, err)
		}
		f.wantSound()
	})
}

func TestWhoFailsTheTestIsBlocked(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := watched(t, where, labeling.Control{Screening: labeling.Screening{Items: 3, Pass: 2}}, 2, 9, 0)
		bob := f.newcomer("bob")
		f.choose(f.claim(bob), 0)
		f.choose(f.claim(bob), 1)
		if err := f.Skip(t.Context(), f.claim(bob).Lease, "too hard"); err != nil { // counts as wrong
			t.Fatal(err)
		}
		if got := f.status("bob"); got != labeling.StatusBlocked {
			t.Errorf("after 1 of 3: got %s, want blocked", got)
		}
		_, err := f.try(bob)
		wantErr(t, err, labeling.ErrNotActive)
		var reason string
		if err := f.readDB.QueryRow(`SELECT reason FROM change WHERE field = 'status' AND value = 'blocked'`).Scan(&reason); err != nil || reason != "screening: 1 of 3" {
			t.Errorf("got reason %q, %v", reason, err)
		}
		f.wantSound()
	})
}

func TestTestNeedsItsItems(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := watched(t, where, labeling.Control{Screening: labeling.Screening{Items: 3, Pass: 2}}, 2, 1, 0)
		ann := f.newcomer("ann")
		f.choose(f.claim(ann), 0)
		_, err := f.try(ann)
		wantErr(t, err, labeling.ErrNoWork)
		if !strings.Contains(err.Error(), "the test has 3 items") {
			t.Errorf("got %v, want it to say what is missing", err)
		}
		_, err = f.Claim(t.Context(), labeling.ClaimRequest{Project: "w", Annotator: ann, For: time.Minute, Slot: 1})
		wantErr(t, err, labeling.ErrNotActive)
	})
}

// Over many items the shares are those asked for: of about 750 claims 10 % ± 5 standard
// deviations (.011 each) are gold, and 10 % repeats.
func TestGoldAndRepeatsAreMixedIn(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		items := 600
		if isURL(where) { // which is slower
			items = 60
		}
		f := watched(t, where, labeling.Control{Gold: .1, Repeats: .1}, items, 150, 0)
		ann := f.enrol("ann")
		kinds, n := map[labeling.ItemKind]int{}, 0
		kindOf := map[int64]labeling.Item{}
		for {
			a, err := f.try(ann)
			if err != nil {
				wantErr(t, err, labeling.ErrNoWork)
				break
			}
			kindOf[a.Item.ID] = a.Item
			f.choose(a, 0)
			n++
		}
		shown := map[int64][]labeling.CandidateID{}
		judgedAt := map[int64]int{} // when an item was judged, as the n-th
		order := 0
		byID := map[int64]labeling.Item{}
		for _, j := range f.judgedIn("w") {
			byID[j.Item.ID] = j.Item
			for _, g := range j.Judgements {
				kinds[j.Item.Kind]++
				shown[j.Item.ID] = g.Shown
			}
		}
		for _, kind := range []labeling.ItemKind{labeling.KindGold, labeling.KindRepeat} {
			if share := float64(kinds[kind]) / float64(n); math.Abs(share-.1) > 5*math.Sqrt(.1*.9/float64(n)) {
				t.Errorf("%s: got a share of %.3f of %d, want .1", kind, share, n)
			}
		}
		rows, err := f.readDB.Query(`SELECT item_id FROM judgement ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // only read
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			order++
			judgedAt[id] = order
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		for id, it := range byID {
			if it.Kind != labeling.KindRepeat {
				continue
			}
			of := byID[it.Origin]
			if judgedAt[id]-judgedAt[of.ID] < repeatAfter || of.Kind != labeling.KindTask {
				t.Errorf("repeat %d after %d of item %d, a %s: want at least %d later", id, judgedAt[id]-judgedAt[of.ID], of.ID, of.Kind, repeatAfter)
			}
			for i, c := range it.Candidates {
				if c.Text != of.Candidates[i].Text || c.Source != of.Candidates[i].Source {
					t.Errorf("repeat %d: candidate %d is not that of item %d", id, i, of.ID)
				}
			}
			if side := func(it labeling.Item) int { return it.Index(shown[it.ID][0]) }; side(it) == side(of) {
				t.Errorf("repeat %d: the same candidate stands left as in item %d", id, of.ID)
			}
		}
		if p, err := f.Progress(t.Context(), "w", ann); err != nil || p.Done != items || p.Wanted != 2*items || p.Mine != n {
			t.Errorf("got %+v, %v, want %d done of %d", p, err, items, 2*items)
		}
		f.wantSound()
	})
}

// The draw does not change over reconnects and releases, and nobody else gets a personal
// slot.
func TestCheckStaysTheAnnotators(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := watched(t, where, labeling.Control{Gold: .5}, 40, 5, 0)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		var a labeling.Assignment
		for a = f.claim(ann); !strings.HasPrefix(a.Item.Ref, "gold"); a = f.claim(ann) {
			f.choose(a, 0)
		}
		if err := f.Release(t.Context(), a.Lease); err != nil {
			t.Fatal(err)
		}
		wantErr(t, f.Submit(t.Context(), left(a)), labeling.ErrLeaseLost)
		f.clk.advance(time.Hour)
		for range 40 {
			b, err := f.try(bob)
			if err != nil {
				break
			}
			if b.Lease.Slot == a.Lease.Slot {
				t.Fatal("bob got ann's slot")
			}
			f.choose(b, 0)
		}
		if again := f.claim(ann); again.Lease.Slot != a.Lease.Slot || !slices.Equal(again.Shown, a.Shown) {
			t.Errorf("got slot %d, want %d again", again.Lease.Slot, a.Lease.Slot)
		}
		again := f.claim(ann)
		if err := f.Skip(t.Context(), again.Lease, "odd"); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			b, err := f.try(ann)
			if err != nil {
				wantErr(t, err, labeling.ErrNoWork)
				break
			}
			if b.Item.ID == a.Item.ID {
				t.Fatal("a skipped gold item came again")
			}
			f.choose(b, 0)
		}
		f.wantSound()
	})
}

func TestCheckOut(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 5, 1)
		ann, bob := f.enrol("ann"), f.enrol("bob")
		r := labeling.ClaimRequest{Project: "p", Annotator: ann, For: time.Hour}
		out, err := f.CheckOut(t.Context(), r, 3)
		if err != nil || len(out) != 3 {
			t.Fatalf("got %d, %v, want 3", len(out), err)
		}
		tokens := map[string]bool{}
		for _, a := range out {
			tokens[a.Lease.Token] = true
			if a.Item.Candidates[0].Text != "one" || len(a.Shown) != 2 || a.Phase != labeling.PhaseWork {
				t.Errorf("got %+v", a)
			}
		}
		if len(tokens) != 3 {
			t.Errorf("got %d tokens, want 3", len(tokens))
		}
		slots, err := f.Slots(t.Context(), "p")
		for i, s := range slots {
			if away := i < 3; err != nil || s.Offline != away || (s.State == labeling.SlotLeased) != away || s.Until.Equal(f.now().Add(time.Hour)) != away {
				t.Errorf("slot %d: got %+v, %v", i, s, err)
			}
		}
		if a := f.claim(ann); a.Item.Ref != "item-003" { // at the screen she goes on with others
			t.Errorf("got %s, want item-003", a.Item.Ref)
		}
		if a := f.claim(bob); a.Item.Ref != "item-004" {
			t.Errorf("got %s, want item-004", a.Item.Ref)
		}
		_, err = f.CheckOut(t.Context(), labeling.ClaimRequest{Project: "p", Annotator: bob, For: time.Hour}, 2)
		wantErr(t, err, labeling.ErrNoWork)
		late := left(out[0])
		late.At = f.now().Add(20 * time.Minute)
		f.clk.advance(50 * time.Minute)
		f.submit(late)
		f.clk.advance(11 * time.Minute)
		got := f.claim(bob) // his own
		f.submit(left(got))
		if got := f.claim(bob); got.Item.Ref != "item-003" { // hers, which lapsed first
			t.Errorf("got %s, want item-003", got.Item.Ref)
		} else {
			f.submit(left(got))
		}
		if got := f.claim(bob); got.Lease.Slot != out[1].Lease.Slot {
			t.Errorf("got slot %d, want %d, which lapsed", got.Lease.Slot, out[1].Lease.Slot)
		}
		wantErr(t, f.Submit(t.Context(), left(out[1])), labeling.ErrLeaseLost)
		f.submit(left(out[2])) // late, but nobody took it
		for _, n := range []int{0, -1, maxCheckOut + 1} {
			if _, err := f.CheckOut(t.Context(), r, n); err == nil {
				t.Errorf("%d items: got no error", n)
			}
		}
		f.wantSound()
	})
}

func TestDaysInARow(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 8, 1)
		ann := f.enrol("ann")
		for i, c := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {time.Hour, 1}, {24 * time.Hour, 2}, {24 * time.Hour, 3}, {49 * time.Hour, 1}, {20 * time.Hour, 2}, {-30 * time.Hour, 2}} {
			f.clk.advance(c.wait)
			f.submit(left(f.claim(ann)))
			if p, err := f.Progress(t.Context(), "p", ann); err != nil || p.Days != c.want {
				t.Errorf("judgement %d: got %d days, %v, want %d", i, p.Days, err, c.want)
			}
		}
	})
}

func TestExportsAreListed(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		var want []labeling.ExportRun
		for _, note := range []string{"", "train 80 %"} {
			r, err := f.RecordExport(t.Context(), labeling.ExportRun{Project: "p", Format: labeling.FormatTRL, SHA256: "00", Lines: 1, Bytes: 2, Note: note})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, r)
		}
		if got, err := f.Exports(t.Context(), "p"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		f.wantSound()
	})
}
