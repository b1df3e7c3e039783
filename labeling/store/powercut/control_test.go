package powercut

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // the driver that the store uses
)

// rows writes numbered rows without an end, each in a transaction of its own, with a
// setting of PRAGMA synchronous; an empty one is the driver's own.
func rows(synchronous string) func(n notes, path string) error {
	return func(n notes, path string) error {
		db, err := openRows(path, synchronous)
		if err != nil {
			return err
		}
		if _, err := db.Exec(`CREATE TABLE row (n INTEGER PRIMARY KEY)`); err != nil {
			return err
		}
		for i := 1; ; i++ {
			if _, err := db.Exec(`INSERT INTO row VALUES (?)`, i); err != nil {
				return err
			}
			if err := n.write(note{Op: opRow, Acked: true, Row: i}); err != nil {
				return err
			}
		}
	}
}

func openRows(path, synchronous string) (*sql.DB, error) {
	dsn := "file:" + path + "?_journal_mode=WAL"
	if synchronous != "" {
		dsn += "&_synchronous=" + synchronous
	}
	db, err := sql.Open("sqlite3", dsn)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// The store asks for FULL. The same cuts lose rows under every lower setting, and under
// the one that the driver has of itself.
func TestWhatSynchronousIsWorth(t *testing.T) {
	m := newMachine(t)
	for _, tt := range []struct {
		work  string
		loses bool
	}{{"rows FULL", false}, {"rows NORMAL", true}, {"rows OFF", true}, {"rows", true}} {
		t.Run(tt.work, func(t *testing.T) {
			m := machine{t, m.shim}
			const acks, n = 100, 12
			k := m.run(tt.work, image{}, acks)
			r := rand.New(rand.NewPCG(1, 1))
			d, l := newDisk(k.begins), newLedger()
			var short []string
			for _, at := range cutsOf(k.trace, n, r) {
				m.play(d, l, k.trace[d.played:at])
				files, _ := d.cut(fate{until: at}, r)
				if got := m.countRows(files, l.rows); got < l.rows {
					short = append(short, fmt.Sprintf("%d of %d", got, l.rows))
				}
			}
			if (len(short) > 0) != tt.loses {
				t.Errorf("rows there after power cuts: got %v, want too few: %v", short, tt.loses)
			}
			t.Logf("%d of %d power cuts lost rows: %v are there", len(short), n, short)
		})
	}
}

// countRows counts those up to a number; none where there is no table.
func (m machine) countRows(files image, upTo int) (n int) {
	dir := m.TempDir()
	m.must(save(dir, files))
	db, err := openRows(filepath.Join(dir, database), "FULL")
	m.must(err)
	defer db.Close() //nolint:errcheck // only read
	if err := db.QueryRow(`SELECT count(*) FROM row WHERE n <= ?`, upTo).Scan(&n); err != nil && !strings.Contains(err.Error(), "no such table") {
		m.Fatal(err)
	}
	return n
}

// A disk that says "synced" and has not is found out, whichever file it is about: each
// kind of sync is needed, and a missing one would not go unnoticed.
func TestLyingDisksAreNoticed(t *testing.T) {
	m := newMachine(t)
	before := m.run("crowd", image{}, 200)
	k := m.run("crowd", before.files, 200)
	for _, tt := range []struct {
		name  string
		lies  func(name string) bool
		loses bool
	}{
		{"honest", nil, false},
		{"lies about the log", func(name string) bool { return name == database+"-wal" }, true},
		{"lies about the database", func(name string) bool { return name == database }, true},
		{"lies about the directory", func(name string) bool { return name == "" }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := machine{t, m.shim}
			d, l := newDisk(k.begins), newLedger()
			m.play(newDisk(before.begins), l, before.trace)
			d.lies = tt.lies
			r := rand.New(rand.NewPCG(1, 1))
			const n = 6 // right after a checkpoint there is nothing in the log to lose
			bad := 0
			for _, at := range cutsOf(k.trace, n, r) {
				m.play(d, l, k.trace[d.played:at])
				files, _ := d.cut(fate{until: at}, r)
				dir := t.TempDir()
				m.must(save(dir, files))
				_, faults := examine(t.Context(), dir, l.clone(), "", r)
				if len(faults) > 0 {
					bad++
					t.Logf("after record %d: %d faults: %.100q", at, len(faults), faults[0])
				}
			}
			if (bad > 0) != tt.loses {
				t.Errorf("got faults after %d of %d power cuts, want some: %v", bad, n, tt.loses)
			}
		})
	}
}
