package store

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// judgeEach lets annotators h0, h1, ... judge every item once, as say says for the n-th.
func (f *fixture) judgeEach(overlap int, say func(n int, a labeling.Assignment) labeling.Answer) {
	f.t.Helper()
	for n := range overlap {
		who := f.enrol(fmt.Sprint("h", n))
		for {
			a, err := f.try(who)
			if err != nil {
				wantErr(f.t, err, labeling.ErrNoWork)
				break
			}
			s := left(a)
			s.Answer = say(n, a)
			f.submit(s)
		}
	}
}

// prefers is the answer of a person who found candidate i the better one; 2 is a tie.
func prefers(a labeling.Assignment, i int) labeling.Answer {
	x, y := a.Item.Candidates[0].ID, a.Item.Candidates[1].ID
	switch i {
	case 1:
		return labeling.Prefer("preference", y, x, 2)
	case 2:
		return labeling.Equal("preference", x, y)
	}
	return labeling.Prefer("preference", x, y, 2)
}

// withTies is a fixture whose project has ties.
func withTies(t *testing.T, where string, items, overlap int) *fixture {
	t.Helper()
	f := newFixture(t, where, 0, 1)
	p := labeling.DefaultProject("t")
	p.Task, p.Overlap = labeling.PairTask(true), overlap
	if _, err := f.CreateProject(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AddItems(t.Context(), "t", testItems(items)); err != nil {
		t.Fatal(err)
	}
	f.project = "t"
	return f
}

// Which votes of three decide: by hand, from "more often than anything else".
func TestDisputes(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		votes := map[string][3]int{
			"item-000": {0, 0, 1}, // two to one
			"item-001": {0, 1, 2}, // one each: a dispute
			"item-002": {2, 2, 1}, // a majority finds them equal
			"item-003": {1, 1, 1},
		}
		f := withTies(t, where, 4, 3)
		f.judgeEach(2, func(n int, a labeling.Assignment) labeling.Answer { return prefers(a, votes[a.Item.Ref][n]) })
		if got := f.disputes("t"); got != nil {
			t.Errorf("a slot missing each: got disputes %v, want none", got)
		}
		f.judgeEach(3, func(n int, a labeling.Assignment) labeling.Answer { return prefers(a, votes[a.Item.Ref][n]) })
		if got := f.disputes("t"); !slices.Equal(got, []string{"item-001"}) {
			t.Errorf("got disputes %v, want item-001", got)
		}
		// A correction settles it: now two prefer the first.
		h2 := f.enrol("h2")
		a, j, err := f.Last(t.Context(), "t", h2, 2)
		if err != nil || a.Item.Ref != "item-001" {
			t.Fatalf("got %s, %v", a.Item.Ref, err)
		}
		fix := labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Supersedes: j.ID, Answer: prefers(a, 0)}
		f.submit(fix)
		if got := f.disputes("t"); got != nil {
			t.Errorf("after the correction: got disputes %v, want none", got)
		}
		fix = labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Supersedes: fix.ID, Answer: labeling.Answer{Flagged: true}}
		f.submit(fix)
		if got := f.disputes("t"); !slices.Equal(got, []string{"item-001"}) {
			t.Errorf("flagged: got disputes %v, want item-001", got)
		}
		f.wantSound()
	})
}

// A flag needs no other answers to be looked at.
func TestFlaggedItemIsDisputedAtOnce(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := withTies(t, where, 2, 3)
		s := left(f.claim(f.enrol("ann")))
		s.Answer = labeling.Answer{Flagged: true, Comment: "an address"}
		f.submit(s)
		if got := f.disputes("t"); !slices.Equal(got, []string{"item-000"}) {
			t.Errorf("got disputes %v, want item-000", got)
		}
	})
}

// Of rankings, the first place decides. By hand: a beats all others two to one in the
// first item; in the second a beats b, b beats c, c beats a.
func TestDisputesOfRankings(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		p := labeling.DefaultProject("r")
		p.Task, p.Overlap = labeling.Task{Questions: []labeling.Question{{Key: "order", Kind: labeling.AskRanking}}}, 3
		if _, err := f.CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		items := testItems(2)
		for i := range items {
			items[i].Candidates = append(items[i].Candidates, labeling.Candidate{Text: "three"})
		}
		if _, err := f.AddItems(t.Context(), "r", items); err != nil {
			t.Fatal(err)
		}
		f.project = "r"
		orders := map[string][3]string{"item-000": {"abc", "acb", "bca"}, "item-001": {"abc", "bca", "cab"}}
		f.judgeEach(3, func(n int, a labeling.Assignment) labeling.Answer {
			var r labeling.Response
			for _, letter := range orders[a.Item.Ref][n] {
				r.Order = append(r.Order, []labeling.CandidateID{a.Item.Candidates[letter-'a'].ID})
			}
			return labeling.Answer{Responses: map[string]labeling.Response{"order": r}}
		})
		if got := f.disputes("r"); !slices.Equal(got, []string{"item-001"}) {
			t.Errorf("got disputes %v, want item-001", got)
		}
	})
}

func TestMarksAloneAreNoDispute(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 0, 1)
		p := labeling.DefaultProject("m")
		p.Task = labeling.Task{Candidates: 2, Questions: []labeling.Question{{Key: "good", Kind: labeling.AskRating, Points: 5}}}
		if _, err := f.CreateProject(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if _, err := f.AddItems(t.Context(), "m", testItems(2)); err != nil {
			t.Fatal(err)
		}
		f.project = "m"
		f.judgeEach(1, func(_ int, a labeling.Assignment) labeling.Answer {
			return labeling.Answer{Flagged: a.Item.Ref == "item-001", Responses: map[string]labeling.Response{"good": {Marks: map[labeling.CandidateID]int{a.Shown[0]: 1, a.Shown[1]: 5}}}}
		})
		if got := f.disputes("m"); !slices.Equal(got, []string{"item-001"}) {
			t.Errorf("got disputes %v, want the flagged one", got)
		}
	})
}

func TestAdjudicate(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := withTies(t, where, 1, 2)
		f.judgeEach(2, func(n int, a labeling.Assignment) labeling.Answer { return prefers(a, n) })
		judge, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "solomon", Role: labeling.RoleAdjudicator})
		if err != nil {
			t.Fatal(err)
		}
		j := f.collect(f.Disputes(t.Context(), "t"))[0]
		word := labeling.Adjudication{
			ID: labeling.NewID(), ItemID: j.Item.ID, Annotator: judge.ID,
			Answer: labeling.Prefer("preference", j.Item.Candidates[1].ID, j.Item.Candidates[0].ID, 4),
		}
		for name, change := range map[string]func(*labeling.Adjudication){
			"by an annotator": func(a *labeling.Adjudication) { a.Annotator = f.enrol("h0") },
			"by nobody":       func(a *labeling.Adjudication) { a.Annotator = 99 },
			"of no item":      func(a *labeling.Adjudication) { a.ItemID = 99 },
			"without an id":   func(a *labeling.Adjudication) { a.ID = "" },
			"with no answer":  func(a *labeling.Adjudication) { a.Answer = labeling.Answer{} },
			"with a stranger": func(a *labeling.Adjudication) { a.Answer = labeling.Prefer("preference", 99, 1, 1) },
		} {
			bad := word
			change(&bad)
			if err := f.Adjudicate(t.Context(), bad); err == nil {
				t.Errorf("%s: got no error", name)
			}
		}
		for range 2 { // sending it again changes nothing
			if err := f.Adjudicate(t.Context(), word); err != nil {
				t.Fatal(err)
			}
		}
		other := word
		other.Answer = labeling.Answer{Flagged: true}
		wantErr(t, f.Adjudicate(t.Context(), other), labeling.ErrConflict)
		if got := f.disputes("t"); got != nil {
			t.Errorf("got disputes %v, want none", got)
		}
		word.Handle, word.At = "solomon", f.now().UTC()
		got := f.judgedIn("t")[0]
		if got.Adjudication == nil || !reflect.DeepEqual(*got.Adjudication, word) {
			t.Errorf("got %+v, want %+v", got.Adjudication, word)
		}
		if c, ok := labeling.Compare(got, "preference"); !ok || !c.Adjudicated || c.Preferences[0].Chosen != 1 {
			t.Errorf("compared: got %+v, want the adjudicator's word alone", c)
		}
		other.ID = labeling.NewID() // a later word replaces it
		if err := f.Adjudicate(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if got := f.judgedIn("t")[0].Adjudication; got == nil || got.ID != other.ID {
			t.Errorf("got %+v, want the later word", got)
		}
		f.wantSound()
	})
}

func TestWithdraw(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := withTies(t, where, 3, 2)
		f.judgeEach(2, func(n int, a labeling.Assignment) labeling.Answer { return prefers(a, n) })
		if got := f.disputes("t"); len(got) != 3 {
			t.Fatalf("got disputes %v, want three", got)
		}
		h1 := f.enrol("h1")
		a, j, err := f.Last(t.Context(), "t", h1, 0)
		if err != nil {
			t.Fatal(err)
		}
		fix := labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Supersedes: j.ID, Answer: prefers(a, 1)}
		f.submit(fix)
		boss, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "boss", Role: labeling.RoleManager})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Withdraw(t.Context(), "nobody", boss.ID, "")
		wantErr(t, err, labeling.ErrNotFound)
		_, err = f.Withdraw(t.Context(), "h1", f.enrol("h0"), "")
		wantErr(t, err, labeling.ErrNotActive)
		got, err := f.Withdraw(t.Context(), "h1", boss.ID, "a spammer")
		want := labeling.Withdrawal{Annotator: "h1", By: "boss", Reason: "a spammer", At: f.now().UTC(), Judgements: 3}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if all, err := f.Withdrawals(t.Context()); err != nil || !reflect.DeepEqual(all, []labeling.Withdrawal{want}) {
			t.Errorf("withdrawals: got %+v, %v", all, err)
		}
		for _, j := range f.judgedIn("t") {
			for _, g := range j.Judgements {
				if mine := g.Annotator == "h1"; g.Withdrawn != mine || g.Current == mine {
					t.Errorf("%s by %s: got withdrawn %v, current %v", j.Item.Ref, g.Annotator, g.Withdrawn, g.Current)
				}
			}
		}
		if got := f.disputes("t"); got != nil {
			t.Errorf("got disputes %v, want none: the items are open again", got)
		}
		if p, err := f.Progress(t.Context(), "t", h1); err != nil || p.Done != 3 || p.Wanted != 6 || p.Mine != 3 {
			t.Errorf("progress: got %+v, %v, want 3 of 6 that count", p, err)
		}
		again := fix
		again.ID, again.Supersedes = labeling.NewID(), fix.ID
		wantErr(t, f.Submit(t.Context(), again), labeling.ErrConflict)
		_, _, err = f.Last(t.Context(), "t", h1, 0)
		wantErr(t, err, labeling.ErrNotFound)
		f.wantSound()
	})
}

func TestWithdrawnJudgementsAreMadeAnewByOthers(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, where string) {
		f := newFixture(t, where, 2, 1)
		ann := f.enrol("ann")
		for range 2 {
			f.submit(left(f.claim(ann)))
		}
		if _, err := f.Withdraw(t.Context(), "ann", 0, ""); err != nil {
			t.Fatal(err)
		}
		f.amend("ann", labeling.Change{Status: labeling.StatusActive}) // forgiven, but not asked again
		_, err := f.try(ann)
		wantErr(t, err, labeling.ErrNoWork)
		bob := f.enrol("bob")
		for range 2 {
			f.submit(left(f.claim(bob)))
		}
		_, err = f.try(bob)
		wantErr(t, err, labeling.ErrNoWork)
		for _, j := range f.judged() {
			if n := len(j.Judgements); n != 2 || !j.Judgements[1].Current || j.Judgements[0].Current {
				t.Errorf("%s: got %+v, want ann's withdrawn and bob's current", j.Item.Ref, j.Judgements)
			}
		}
		if p, err := f.Progress(t.Context(), "p", bob); err != nil || p.Done != 2 || p.Wanted != 2 {
			t.Errorf("progress: got %+v, %v", p, err)
		}
		f.wantSound()
	})
}
