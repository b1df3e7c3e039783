package store

import (
	"database/sql"
	"os"
	"reflect"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// firstStore is a store as the program wrote it before tasks were declared schemas: two
// annotators judged three pairs in the old forms of task and answer, with a correction,
// a draft and an export.
func firstStore(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clk: newClock(), where: storetest.SQLite(t)}
	dump, err := os.ReadFile("testdata/first.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements(string(dump))(t, f.where)
	if f.Store, err = Open(t.Context(), f.where, Options{Now: f.clk.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) //nolint:errcheck // the test is over
	return f
}

func TestStoreOfTheFirstVersionIsRead(t *testing.T) {
	f := firstStore(t)
	f.wantSound()
	p, err := f.Project(t.Context(), "")
	want := labeling.PairTask(true)
	want.Edit = false
	if err != nil || !reflect.DeepEqual(p.Task, want) || p.Guideline != "Pick one." || p.Control != (labeling.Control{}) {
		t.Errorf("project: got %+v, %v, want task %+v", p, err, want)
	}
	got := map[string][]labeling.Answer{}
	for j, err := range f.Judged(t.Context(), "first") {
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range j.Judgements {
			got[j.Item.Ref] = append(got[j.Item.Ref], g.Answer)
		}
	}
	comment := func(a labeling.Answer, s string) labeling.Answer { a.Comment = s; return a }
	answers := map[string][]labeling.Answer{ // the candidates of item i are 2i+1 and 2i+2
		"i0": {labeling.Prefer("preference", 1, 2, 3), comment(labeling.Prefer("preference", 2, 1, 1), "良い")},
		"i1": {labeling.Equal("preference", 4, 3), labeling.Equal("preference", 3, 4), comment(labeling.Equal("preference", 3, 4), "still")},
		"i2": {labeling.Prefer("preference", 5, 6, 3)},
	}
	if !reflect.DeepEqual(got, answers) {
		t.Errorf("got %+v, want %+v", got, answers)
	}
}

// What the first version counted as complete is looked at again: one item is disputed.
func TestStoreOfTheFirstVersionGoesOn(t *testing.T) {
	f := firstStore(t)
	if got := f.disputes("first"); !reflect.DeepEqual(got, []string{"i0"}) {
		t.Errorf("disputes: got %v, want i0", got)
	}
	p := labeling.DefaultProject("first") // as a program of today would ask for it
	p.Overlap, p.Seed, p.Guideline, p.Task = 2, 7, "Pick one.", labeling.PairTask(true)
	if _, err := f.CreateProject(t.Context(), p); err != nil {
		t.Errorf("create again: %v", err)
	}
	ann, err := f.Enrol(t.Context(), labeling.Annotator{Handle: "ann"})
	if err != nil || ann.Status != labeling.StatusActive {
		t.Fatalf("got %+v, %v", ann, err)
	}
	a, err := f.Claim(t.Context(), labeling.ClaimRequest{Project: "first", Annotator: ann.ID, For: 1})
	if err != nil || a.Item.Ref != "i2" || a.Draft == nil || !reflect.DeepEqual(*a.Draft, labeling.Prefer("preference", a.Shown[1], a.Shown[0], 2)) {
		t.Fatalf("got %+v, %v, want i2 with the draft", a, err)
	}
	f.submit(left(a))
	if got, err := f.Progress(t.Context(), "first", ann.ID); err != nil || got.Done != 6 || got.Mine != 3 || got.Wanted != 6 {
		t.Errorf("progress: got %+v, %v, want 6 of 6 done, 3 by ann", got, err)
	}
	// A retry of what was sent in the old form is no conflict.
	j := f.judgedIn("first")[0]
	again := labeling.Submission{ID: j.Judgements[0].ID, Lease: labeling.Lease{Slot: 1, Annotator: ann.ID}, Answer: labeling.Prefer("preference", 1, 2, 3)}
	f.submit(again)
	f.wantSound()
}

// The migrations leave no table behind that nothing uses.
func TestDemonstrationIsGone(t *testing.T) {
	f := firstStore(t)
	withDB(t, f.where, func(db *sql.DB) error {
		var n int
		err := db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name LIKE 'demonstration%'`).Scan(&n)
		if n != 0 {
			t.Errorf("got %d tables and triggers, want none", n)
		}
		return err
	})
}
