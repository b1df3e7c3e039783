package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"plumbline/labeling"
	"plumbline/labeling/store/storetest"
)

// tampered is a store of four judgements, one of them corrected and one withdrawn, a skip,
// a final word and an export; it is closed, so that a test can change the file behind its back.
func tampered(t *testing.T, where string, change func(t *testing.T, where string)) *Store {
	t.Helper()
	f := newFixture(t, where, 4, 1)
	ann := f.enrol("ann")
	for range 3 {
		f.submit(left(f.claim(ann)))
	}
	a, j, err := f.Last(t.Context(), "p", ann, 1)
	if err != nil {
		t.Fatal(err)
	}
	f.submit(labeling.Submission{ID: labeling.NewID(), Lease: a.Lease, Supersedes: j.ID, Answer: labeling.Prefer("preference", a.Shown[1], a.Shown[0], 1)})
	if err := f.Skip(t.Context(), f.claim(ann).Lease, "unclear"); err != nil {
		t.Fatal(err)
	}
	f.court()
	if _, err := f.RecordExport(t.Context(), labeling.ExportRun{Project: "p", Format: labeling.FormatTRL, SHA256: "00"}); err != nil {
		t.Fatal(err)
	}
	f.wantSound()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, f.where)
	s, err := Open(t.Context(), f.where, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // the file is broken on purpose
	return s
}

// court has solomon, an adjudicator with a key, say the final word on item 1, and takes
// out what bob said.
func (f *fixture) court() {
	f.t.Helper()
	f.submit(left(f.claim(f.enrol("bob"))))
	f.enrol("solomon")
	judge := f.amend("solomon", labeling.Change{Role: labeling.RoleAdjudicator, AddKey: key("s"), Reason: "wise"})
	var it labeling.Item
	for _, j := range slices.Backward(f.judgedIn(f.project)) { // ends with the first of the work
		if j.Item.Kind == labeling.KindTask {
			it = j.Item
		}
	}
	c := it.Candidates
	word := labeling.Adjudication{ID: labeling.NewID(), ItemID: it.ID, Annotator: judge.ID, Answer: labeling.Prefer("preference", c[0].ID, c[1].ID, 2)}
	if err := f.Adjudicate(f.t.Context(), word); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.Withdraw(f.t.Context(), "bob", 0, "drunk"); err != nil {
		f.t.Fatal(err)
	}
}

// withDB opens the database as somebody would who has the file, or the password.
func withDB(t *testing.T, where string, f func(*sql.DB) error) {
	t.Helper()
	driver := "sqlite3"
	if isURL(where) {
		driver = "pgx"
	}
	db, err := sql.Open(driver, where)
	if err == nil {
		err = errors.Join(f(db), db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// statements runs SQL past the store.
func statements(sqls ...string) func(*testing.T, string) {
	return func(t *testing.T, where string) {
		t.Helper()
		withDB(t, where, func(db *sql.DB) error {
			for _, s := range sqls {
				if _, err := db.Exec(s); err != nil {
					return fmt.Errorf("%s: %w", s, err)
				}
			}
			return nil
		})
	}
}

// behind runs SQL with the triggers off, and puts them back.
func behind(sqls ...string) func(*testing.T, string) {
	return func(t *testing.T, where string) {
		t.Helper()
		if isURL(where) {
			statements("SET session_replication_role = replica; "+strings.Join(sqls, ";"))(t, where)
			return
		}
		all, err := guards((&sqlite{}).words())
		if err != nil {
			t.Fatal(err)
		}
		var drop, restore []string
		for name, body := range all {
			drop, restore = append(drop, "DROP TRIGGER "+name), append(restore, body)
		}
		statements(slices.Concat(drop, sqls, restore)...)(t, where)
	}
}

func TestAuditFinds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testing.T, string)
		want   string
	}{
		{"an answer changed", behind(`UPDATE judgement SET answer = '{"preferred":2,"strength":1}' WHERE id = 1`), "it was changed"},
		{"a dropped trigger", statements(`DROP TRIGGER event_no_delete`), "trigger event_no_delete: gone or changed"},
		{"a trigger made harmless", statements(`DROP TRIGGER skip_no_update`, `CREATE TRIGGER skip_no_update BEFORE UPDATE ON skip BEGIN SELECT 1; END`), "trigger skip_no_update: gone or changed"},
		{"a judgement deleted", behind(`DELETE FROM judgement WHERE id = 3`), "gone, but event"},
		{"a judgement and its event deleted", behind(
			`DELETE FROM event WHERE subject = (SELECT uuid FROM judgement WHERE id = 3)`, `DELETE FROM judgement WHERE id = 3`), "one or more are gone"},
		{"a judgement replaced", behind(
			`REPLACE INTO judgement SELECT id, uuid, slot_id, item_id, annotator_id, guideline_id, shown, answer, 1, wall_ms, at, supersedes FROM judgement WHERE id = 1`), "it was changed"},
		{"a judgement written past the store", statements(`INSERT INTO judgement SELECT 9, 'x', slot_id, item_id, annotator_id, guideline_id, shown, answer, 1, 1, at, uuid FROM judgement WHERE id = 1`), "written past the store"},
		{"an event rewritten", behind(`UPDATE event SET at = at + 1 WHERE seq = 6`), "event 6: its hash"},
		{"the last event deleted", behind(`DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)`), "was written"},
		{"a candidate's text changed", behind(`UPDATE candidate SET body = 'three' WHERE id = 1`), "item 1: not what event"},
		{"candidates swapped", behind(`UPDATE candidate SET id = -1 WHERE id = 1`,
			`UPDATE candidate SET id = 1 WHERE id = 2`, `UPDATE candidate SET id = 2 WHERE id = -1`), "item 1: not what event"},
		{"an annotator renamed", statements(`UPDATE annotator SET handle = 'eve' WHERE id = 1`), "annotator 1: not what event"},
		{"a skip's reason changed", behind(`UPDATE skip SET reason = ''`), "skip 1: not what event"},
		{"a guideline changed", behind(`UPDATE guideline SET body = 'prefer B'`), "guideline 1: not what event"},
		{"an export's hash changed", behind(`UPDATE export_run SET sha256 = 'ff'`), "export 1: not what event"},
		{"a slot reopened", statements(`UPDATE slot SET state = 'open', annotator_id = NULL WHERE id = 1`), "slot 1: open"},
		{"a final word changed", behind(`UPDATE adjudication SET annotator_id = 1`), "it was changed"},
		{"a final word deleted", behind(`DELETE FROM adjudication`), "gone, but event"},
		{"a final word replaced", behind(`REPLACE INTO adjudication SELECT id, uuid, item_id, annotator_id, '{"flagged":true}', at FROM adjudication`), "it was changed"},
		{"a change's reason rewritten", behind(`UPDATE change SET reason = 'bribed' WHERE field = 'role'`), "change 1: not what event"},
		{"a change deleted", behind(`DELETE FROM change WHERE id = 2`), "change 2: gone"},
		{"a role taken", statements(`UPDATE annotator SET role = 'manager' WHERE handle = 'ann'`), "annotator 1: manager, active"},
		{"a status restored", statements(`UPDATE annotator SET status = 'active' WHERE handle = 'bob'`), "annotator 2: annotator, active, keys [], but was last given annotator, blocked"},
		{"a key added", statements(`INSERT INTO annotator_key VALUES ('SHA256:evil', 1)`), "annotator 1: annotator, active, keys [SHA256:evil]"},
		{"a key taken over", statements(`UPDATE annotator_key SET annotator_id = 1`), "annotator 3: adjudicator, active, keys []"},
		{"a withdrawal undone", behind(`DELETE FROM withdrawn`, `DELETE FROM withdrawal`), "withdrawal 1: gone"},
		{"a judgement put back", behind(`DELETE FROM withdrawn`), "withdrawal 1: not what event"},
		{"another judgement taken out", statements(`INSERT INTO withdrawn VALUES (1, 1)`), "withdrawal 1: not what event"},
		{"a withdrawal rewritten", behind(`UPDATE withdrawal SET reason = ''`), "withdrawal 1: not what event"},
		{"a project's control changed", statements(`UPDATE project SET control = '{"gold":0.5}'`), "project 1: not what event"},
		{"bytes of the file changed", editFile, "it was changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := tampered(t, storetest.SQLite(t), c.change).Audit(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(a.Faults, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got faults %q, want one with %q", got, c.want)
			}
		})
	}
}

// What is found does not depend on the engine; these are the ways that PostgreSQL has.
func TestAuditFindsOnPostgres(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testing.T, string)
		want   string
	}{
		{"an answer changed", behind(`UPDATE judgement SET answer = '{"preferred":2,"strength":1}' WHERE id = 1`), "it was changed"},
		{"a judgement deleted", behind(`DELETE FROM judgement WHERE id = 3`), "gone, but event"},
		{"an event rewritten", behind(`UPDATE event SET at = at + 1 WHERE seq = 6`), "event 6: its hash"},
		{"the last event deleted", behind(`DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)`), "export 1: no event recorded it"},
		{"a candidate's text changed", behind(`UPDATE candidate SET body = 'three' WHERE id = 1`), "item 1: not what event"},
		{"a role taken", statements(`UPDATE annotator SET role = 'manager' WHERE handle = 'ann'`), "annotator 1: manager, active"},
		{"a judgement put back", behind(`DELETE FROM withdrawn`), "withdrawal 1: not what event"},
		{"a table emptied", behind(`TRUNCATE skip`), "skip 1: gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := tampered(t, storetest.Postgres(t), c.change).Audit(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(a.Faults, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got faults %q, want one with %q", got, c.want)
			}
		})
	}
}

// Whoever may change the schema can switch the guards off: each way shows.
func TestAuditFindsGuardsSwitchedOffOnPostgres(t *testing.T) {
	s := tampered(t, storetest.NewPostgres(t), statements(
		`DROP TRIGGER event_no_delete ON event`,
		`ALTER TABLE skip DISABLE TRIGGER USER`,
		`ALTER TABLE slot DISABLE TRIGGER ALL`,
		`CREATE FUNCTION allow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
		`DROP TRIGGER change_no_update ON change`,
		`CREATE TRIGGER change_no_update BEFORE UPDATE ON change FOR EACH ROW EXECUTE FUNCTION allow('change is append-only')`,
	))
	a, err := s.Audit(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(a.Faults, "\n")
	for _, want := range []string{
		"trigger event_no_delete: gone or changed", "trigger skip_no_update: gone", "trigger skip_no_replace: gone",
		"trigger change_no_update: gone", "table slot: a foreign key is switched off",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got faults %q, want one with %q", got, want)
		}
	}
	if _, err := s.writeDB.Exec(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`); err != nil {
		t.Fatal(err)
	}
	if a, err := s.Audit(t.Context(), ""); err != nil || !strings.Contains(strings.Join(a.Faults, "\n"), "trigger item_no_delete: gone") {
		t.Errorf("a function made harmless: got %q, %v", a.Faults, err)
	}
}

// editFile changes a strength in the file's bytes.
func editFile(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(b), `"strength":3}`, `"strength":1}`, 1)
	if edited == string(b) {
		t.Fatal("no answer found in the file")
	}
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whoever cuts off the end of the log with all it vouches for, and SQLite's counter,
// leaves a file that is sound in itself; only the anchor shows it.
func TestAuditAnchor(t *testing.T) {
	var anchor string
	s := tampered(t, storetest.SQLite(t), func(t *testing.T, path string) {
		t.Helper()
		withDB(t, path, func(db *sql.DB) error {
			return db.QueryRow(`SELECT hash FROM event ORDER BY seq DESC LIMIT 1`).Scan(&anchor)
		})
		behind(`DELETE FROM export_run`, `DELETE FROM event WHERE kind = 'export'`,
			`UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'event'`)(t, path)
	})
	if a, err := s.Audit(t.Context(), ""); err != nil || len(a.Faults) != 0 {
		t.Errorf("without the anchor: got %q, %v", a.Faults, err)
	}
	if a, err := s.Audit(t.Context(), anchor); err != nil || len(a.Faults) != 1 || !strings.Contains(a.Faults[0], "anchor") {
		t.Errorf("with the anchor: got %q, %v, want one fault about it", a.Faults, err)
	}
}

// refused is what the triggers of both engines refuse.
var refused = []string{
	`UPDATE judgement SET answer = '{}'`,
	`DELETE FROM judgement`,
	`UPDATE event SET at = 0`,
	`DELETE FROM event`,
	`UPDATE candidate SET body = ''`,
	`DELETE FROM candidate`,
	`UPDATE guideline SET body = ''`,
	`UPDATE skip SET reason = ''`,
	`DELETE FROM skip`,
	`DELETE FROM export_run`,
	`UPDATE adjudication SET answer = '{}'`,
	`DELETE FROM adjudication`,
	`UPDATE change SET value = 'manager'`,
	`DELETE FROM change`,
	`UPDATE withdrawal SET counted = 0`,
	`DELETE FROM withdrawal`,
	`UPDATE withdrawn SET withdrawal_id = 0`,
	`DELETE FROM withdrawn`,
	`UPDATE item SET prompt = ''`,
	`UPDATE item SET expected = NULL`,
	`UPDATE item SET why = 'because'`,
	`UPDATE item SET origin = 1`,
	`DELETE FROM item`,
}

func TestTriggersRefuse(t *testing.T) {
	s := tampered(t, storetest.SQLite(t), func(*testing.T, string) {})
	for _, q := range append(refused, []string{
		`UPDATE OR REPLACE judgement SET id = 2 WHERE id = 1`,
		`INSERT OR REPLACE INTO judgement SELECT * FROM judgement WHERE id = 1`,
		`INSERT OR REPLACE INTO judgement SELECT 77, uuid, slot_id, item_id, annotator_id, guideline_id, shown, '{}', 1, 1, at, NULL FROM judgement WHERE id = 1`,
		`INSERT OR REPLACE INTO judgement SELECT 77, 'new', slot_id, item_id, annotator_id, guideline_id, shown, '{}', 1, 1, at, supersedes FROM judgement WHERE supersedes IS NOT NULL`,
		`INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 1`,
		`INSERT OR REPLACE INTO event (at, kind, subject, digest, prev, hash) SELECT at, kind, subject, digest, prev, hash FROM event WHERE seq = 1`,
		`REPLACE INTO candidate SELECT * FROM candidate`,
		`REPLACE INTO guideline SELECT * FROM guideline`,
		`REPLACE INTO export_run SELECT * FROM export_run`,
		`REPLACE INTO adjudication SELECT * FROM adjudication`,
		`REPLACE INTO adjudication SELECT 77, uuid, item_id, annotator_id, '{}', at FROM adjudication`,
		`REPLACE INTO change SELECT * FROM change`,
		`REPLACE INTO withdrawal SELECT * FROM withdrawal`,
		`REPLACE INTO withdrawn SELECT * FROM withdrawn`,
		`REPLACE INTO item SELECT * FROM item`,
	}...) {
		if r, err := s.writeDB.Exec(q); err == nil {
			n, _ := r.RowsAffected()
			t.Errorf("%s: changed %d rows, want a refusal", q, n)
		} else if !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "never changes") {
			t.Errorf("%s: got %v, want the trigger's words", q, err)
		}
	}
	if _, err := s.writeDB.Exec(`UPDATE item SET state = 'withdrawn'`); err != nil {
		t.Errorf("an item's state: got %v, want it to change", err)
	}
}

func TestTriggersRefuseOnPostgres(t *testing.T) {
	s := tampered(t, storetest.Postgres(t), func(*testing.T, string) {})
	for _, q := range append(refused, `TRUNCATE judgement CASCADE`, `TRUNCATE event`,
		`INSERT INTO judgement SELECT * FROM judgement WHERE id = 1 ON CONFLICT (id) DO UPDATE SET answer = '{}'`) {
		if _, err := s.writeDB.Exec(q); err == nil || !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "never changes") {
			t.Errorf("%s: got %v, want the trigger's words", q, err)
		}
	}
	if _, err := s.writeDB.Exec(`UPDATE item SET state = 'withdrawn'`); err != nil {
		t.Errorf("an item's state: got %v, want it to change", err)
	}
}

// Whoever rewrites an entry can compute its hash too, and relink the next one; but then
// that one's hash is wrong, and so on to the head, which an anchor remembers.
func TestAuditFindsARewrittenAndRelinkedEntry(t *testing.T) {
	s := tampered(t, storetest.SQLite(t), func(t *testing.T, path string) {
		t.Helper()
		e := event{seq: 6}
		withDB(t, path, func(db *sql.DB) error {
			return db.QueryRow(`SELECT at, coalesce(actor, 0), kind, subject, digest, prev FROM event WHERE seq = 6`).Scan(&e.at, &e.actor, &e.kind, &e.subject, &e.digest, &e.prev)
		})
		e.at++
		behind(fmt.Sprintf(`UPDATE event SET at = %d, hash = '%s' WHERE seq = 6`, e.at, e.sum()),
			fmt.Sprintf(`UPDATE event SET prev = '%s' WHERE seq = 7`, e.sum()))(t, path)
	})
	a, err := s.Audit(t.Context(), "")
	if err != nil || len(a.Faults) != 1 || !strings.HasPrefix(a.Faults[0], "event 7: its hash") {
		t.Errorf("got %q, %v, want a fault of event 7", a.Faults, err)
	}
}
