package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

const hostile = "a\x00b\xff\xfe\x1b]52;c;QUJD\x07\u202e\\x41\r\n"

// everything is all that can be read from a store.
func everything(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	show := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%+v\n", v)
	}
	for j, err := range s.Judged(t.Context(), "w") {
		show(j.Item, err)
		show(j.Judgements, nil)
		if j.Adjudication != nil {
			show(*j.Adjudication, nil)
		}
	}
	show(s.Project(t.Context(), "w"))
	show(s.Slots(t.Context(), "w"))
	show(s.Skips(t.Context(), "w"))
	show(s.Annotators(t.Context()))
	show(s.Withdrawals(t.Context()))
	show(s.Exports(t.Context(), "w"))
	show(s.Progress(t.Context(), "w", 1))
	return b.String()
}

// busy fills a store with something in every table.
func busy(t *testing.T, where string) *fixture {
	t.Helper()
	f := watched(t, where, labeling.Control{Gold: .3, Repeats: .3, Screening: labeling.Screening{Items: 2, Pass: 1}}, 30, 5, 1)
	odd := testItems(1)[0]
	odd.Ref, odd.Prompt.Text, odd.Candidates[0].Text = "odd", hostile, hostile
	if _, err := f.AddItems(t.Context(), "w", []labeling.Item{odd}); err != nil {
		t.Fatal(err)
	}
	ann := f.newcomer("ann")
	for range 25 {
		f.choose(f.claim(ann), 0)
	}
	if err := f.Skip(t.Context(), f.claim(ann).Lease, "odd \xff"); err != nil {
		t.Fatal(err)
	}
	if err := f.SaveDraft(t.Context(), f.claim(ann).Lease, labeling.Answer{Comment: "half"}); err != nil {
		t.Fatal(err)
	}
	f.court()
	if _, err := f.RecordExport(t.Context(), labeling.ExportRun{Project: "w", Format: labeling.FormatTRL, SHA256: "00", Note: "train"}); err != nil {
		t.Fatal(err)
	}
	return f
}

// There and back again everything is as it was, and both stores go on.
func TestMove(t *testing.T) {
	f := busy(t, storetest.SQLite(t))
	want := everything(t, f.Store)
	last := f.Store
	for i, where := range []string{storetest.Postgres(t), storetest.SQLite(t)} {
		next, err := Create(t.Context(), where, Options{Now: f.clk.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { next.Close() }) //nolint:errcheck // everything was acknowledged
		a, err := Move(t.Context(), last, next)
		if err != nil || a.Judgements < 25 {
			t.Fatalf("move %d: got %+v, %v", i, a, err)
		}
		if got := everything(t, next); got != want {
			t.Errorf("move %d: got\n%s\nwant\n%s", i, got, want)
		}
		_, err = Move(t.Context(), last, next)
		wantErr(t, err, labeling.ErrConflict)
		last = next
	}
	for _, s := range []*Store{f.Store, last} { // both give the same answer to the same work
		g := &fixture{Store: s, clk: f.clk, t: t, project: "w"}
		carl := g.enrol("carl")
		for range 5 {
			g.choose(g.claim(carl), 1)
		}
		g.wantSound()
	}
	if got, want := everything(t, last), everything(t, f.Store); strings.Count(got, "carl") != strings.Count(want, "carl") {
		t.Errorf("after the move: got\n%s\nwant\n%s", got, want)
	}
}

func TestMoveOfATamperedStoreIsRefused(t *testing.T) {
	s := tampered(t, storetest.SQLite(t), behind(`UPDATE skip SET reason = ''`))
	to, err := Create(t.Context(), storetest.SQLite(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close() //nolint:errcheck // nothing was written
	if _, err := Move(t.Context(), s, to); err == nil || !strings.Contains(err.Error(), "the old store") {
		t.Errorf("got %v, want a refusal that names the old store", err)
	}
	if a, err := to.Audit(t.Context(), ""); err != nil || a.Events != 0 {
		t.Errorf("got %+v, %v, want nothing in the new store", a, err)
	}
}

// No table is forgotten.
func TestMoveKnowsAllTables(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t), 0, 1)
	rows, err := f.readDB.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // only read
	have, known := map[string]bool{}, map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		have[name] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		known[table.name] = true
	}
	if !reflect.DeepEqual(have, known) {
		t.Errorf("got %v, want %v", known, have)
	}
}
