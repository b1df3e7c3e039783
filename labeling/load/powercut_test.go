package load

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// disk is what a power cut may leave of some files: what was synced, and of what was
// written since any part.
type disk struct {
	files map[string]*platter
	names map[int64]string // of the openings
}

// platter is one file.
type platter struct {
	safe    []byte   // what the last sync left
	since   []change // what was changed after it
	exists  bool
	certain bool // that it exists, or not, is synced too
}

type change struct {
	truncate bool
	at       int64
	data     []byte
}

// event is a record of the trace; see testdata/powercut.c.
type event struct {
	at   int64 // ns
	kind byte
	file int64
	off  int64
	size int64
	data []byte
}

// readTrace reads what was noted until the process was killed; a record cut short was
// not carried out.
func readTrace(t *testing.T, path string) (events []event) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(b) >= 40 {
		n := func(i int) int64 { return int64(binary.NativeEndian.Uint64(b[8*i:])) }
		e := event{at: n(0), kind: byte(n(1)), file: n(2), off: n(3), size: n(4)}
		b = b[40:]
		if e.kind == 'o' || e.kind == 'w' || e.kind == 'u' {
			if int64(len(b)) < e.size {
				break
			}
			e.data, b = b[:e.size], b[e.size:]
		}
		events = append(events, e)
	}
	return events
}

// newDisk has the files as they were, all of it synced.
func newDisk(t *testing.T, paths ...string) *disk {
	t.Helper()
	d := &disk{files: map[string]*platter{}, names: map[int64]string{}}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		d.files[p] = &platter{safe: b, exists: true, certain: true}
	}
	return d
}

func (d *disk) file(path string) *platter {
	if d.files[path] == nil {
		d.files[path] = &platter{certain: true}
	}
	return d.files[path]
}

// apply carries out what was noted.
func (d *disk) apply(e event) {
	f := d.file(d.names[e.file])
	switch e.kind {
	case 'o':
		d.names[e.file] = string(e.data)
		if e.off == 1 {
			*d.file(string(e.data)) = platter{exists: true}
		}
	case 'w':
		f.since = append(f.since, change{at: e.off, data: e.data})
	case 't':
		f.since = append(f.since, change{truncate: true, at: e.off})
	case 'u':
		gone := d.file(string(e.data))
		gone.exists, gone.certain = false, false
	case 's':
		d.sync(d.names[e.file])
	}
}

// sync makes a file's bytes safe, or that the files of a directory exist.
func (d *disk) sync(path string) {
	f := d.files[path]
	for _, c := range f.since {
		f.safe = c.on(f.safe)
	}
	f.since = nil
	for p, f := range d.files {
		if filepath.Dir(p) == path {
			f.certain = true
		}
	}
}

// on carries out a change.
func (c change) on(b []byte) []byte {
	end := c.at + int64(len(c.data))
	if c.truncate && int64(len(b)) > c.at {
		return b[:c.at]
	}
	b = append(b, make([]byte, max(0, end-int64(len(b))))...)
	copy(b[c.at:], c.data)
	return b
}

const sector = 512 // a disk writes all of it or nothing

// cut is what is there after the power is back: of each write since the last sync all,
// nothing or some sectors; a truncation happened or did not; a file whose directory was
// not synced is there or not.
func (d *disk) cut(r *rand.Rand) map[string][]byte {
	left := map[string][]byte{}
	for path, f := range d.files {
		if path == "" || f.certain && !f.exists || !f.certain && r.IntN(2) == 0 {
			continue
		}
		b := append([]byte(nil), f.safe...)
		for _, c := range f.since {
			switch how := r.IntN(3); {
			case how == 0:
			case how == 1 || c.truncate:
				b = c.on(b)
			default:
				for at := 0; at < len(c.data); at += sector {
					if r.IntN(2) == 0 {
						b = change{at: c.at + int64(at), data: c.data[at:min(at+sector, len(c.data))]}.on(b)
					}
				}
			}
		}
		left[path] = b
	}
	return left
}

// preload compiles the disk that remembers.
func preload(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a disk that remembers is preloaded as on Linux")
	}
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	so := filepath.Join(t.TempDir(), "powercut.so")
	if out, err := exec.CommandContext(t.Context(), cc, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", so, "testdata/powercut.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return so
}

// powered runs a child on that disk until it has printed n lines, and kills it. The
// lines, "ID NS", are what it was told is saved, and when.
func powered(t *testing.T, so, role, path string, n int, env ...string) (events []event, acks map[string]int64) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	env = append(env, "LD_PRELOAD="+so, "POWERCUT_TRACE="+trace, "POWERCUT_PREFIX="+filepath.Dir(path))
	cmd, out := child(t, role, path, env...)
	acks = map[string]int64{}
	note := func() {
		if id, at, ok := strings.Cut(out.Text(), " "); ok && len(at) == 19 { // not cut short
			acks[id], _ = strconv.ParseInt(at, 10, 64)
		}
	}
	for len(acks) < n && out.Scan() {
		note()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for out.Scan() {
		note()
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("child: got %v, want killed", err)
	}
	return readTrace(t, trace), acks
}

// cuts puts together what is left at moments drawn at random, the end among them, and
// every third while the log is folded into the file, and has each looked at: due is what
// was acknowledged before that moment.
func cuts(t *testing.T, d *disk, events []event, acks map[string]int64, n int, look func(r *rand.Rand, left map[string][]byte, due map[string]bool)) {
	t.Helper()
	moments, folds := map[int]bool{len(events): true}, foldings(events)
	r := rand.New(rand.NewPCG(1, 1))
	for k := range n - 1 {
		at := r.IntN(len(events))
		if k%3 == 2 && len(folds) > 0 {
			at = folds[r.IntN(len(folds))]
		}
		moments[1+at] = true
	}
	for i, e := range events {
		d.apply(e)
		if !moments[i+1] {
			continue
		}
		due := map[string]bool{}
		for id, at := range acks {
			if at < e.at || i+1 == len(events) {
				due[id] = true
			}
		}
		r := rand.New(rand.NewPCG(uint64(i), 2))
		look(r, d.cut(r), due)
	}
}

// foldings are the writes to the file itself, which are all of the log's pages.
func foldings(events []event) (at []int) {
	names := map[int64]string{}
	for i, e := range events {
		if e.kind == 'o' {
			names[e.file] = string(e.data)
		}
		if e.kind == 'w' && strings.HasSuffix(names[e.file], ".db") {
			at = append(at, i)
		}
	}
	return at
}

// How a child judges: with everybody but the first so many, and with so long a pause.
const (
	fromEnv  = "LABELING_LOAD_FROM"
	pauseEnv = "LABELING_LOAD_PAUSE"
)

// judgeChild judges through the store and prints what it was told is saved.
func judgeChild(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	people, err := s.Annotators(ctx)
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(os.Getenv(fromEnv))              // not set: 0
	each, _ := time.ParseDuration("0" + os.Getenv(pauseEnv)) // not set: 0
	f := &Field{seed: 1}
	failed := make(chan error)
	for _, p := range people[from:] {
		go func() { failed <- f.judgeOn(ctx, s, Person{ID: p.ID, Handle: p.Handle}, each) }()
	}
	return <-failed
}

func (f *Field) judgeOn(ctx context.Context, s labeling.Store, p Person, each time.Duration) error {
	for {
		time.Sleep(each)
		w, err := s.Claim(ctx, labeling.ClaimRequest{Project: "p", Annotator: p.ID, For: time.Minute})
		if err != nil {
			return err
		}
		sub, _, err := f.answer(p, w)
		if err != nil {
			return err
		}
		if err := s.Submit(ctx, sub); err != nil {
			return err
		}
		acknowledge(sub.ID)
	}
}

// acknowledge says, in one write, that something is saved, and since when that is known.
func acknowledge(id string) {
	fmt.Fprintf(os.Stdout, "%s %d\n", id, time.Now().UnixNano()) //nolint:errcheck // the parent counts what arrives
}

// restored is a store with what a power cut left of another.
func restored(t *testing.T, left map[string][]byte, from string) string {
	t.Helper()
	dir := t.TempDir()
	for path, b := range left {
		if strings.HasPrefix(path, from) && !strings.HasSuffix(path, ".so") {
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filepath.Join(dir, filepath.Base(from))
}

// lostIn opens what a power cut left and counts the judgements that are gone; a store
// that does not open, or whose history does not hold, is an error.
func lostIn(ctx context.Context, path string, due map[string]bool) (lost int, err error) {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	v, err := Check(ctx, s, "p", nil)
	if err != nil || !v.Clean() {
		return 0, fmt.Errorf("%+v: %w", v, err)
	}
	have := map[string]bool{}
	for j, err := range s.Judged(ctx, "p") {
		if err != nil {
			return 0, err
		}
		for _, g := range j.Judgements {
			have[g.ID] = true
		}
	}
	for id := range due {
		if !have[id] {
			lost++
		}
	}
	return lost, nil
}

// The power is cut at any moment of 16 people judging, in the middle of commits and of
// checkpoints: every judgement that was acknowledged is there, no slot has two, and the
// history holds.
func TestPowerCut(t *testing.T) {
	so := preload(t)
	path, s, _ := plot(t, FieldConfig{Items: 200, Overlap: 3, People: 16, Seed: 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, path)
	events, acks := powered(t, so, "judge", path, 400)
	if len(foldings(events)) == 0 {
		t.Fatal("the log was never folded into the file: judge longer")
	}
	lost, due := 0, 0
	cuts(t, d, events, acks, powerCuts, func(_ *rand.Rand, left map[string][]byte, want map[string]bool) {
		n, err := lostIn(t.Context(), restored(t, left, path), want)
		if err != nil {
			t.Error(err)
		}
		lost, due = lost+n, max(due, len(want))
	})
	if lost > 0 || due < 400 {
		t.Errorf("%d of up to %d acknowledged judgements are gone", lost, due)
	}
	t.Logf("%d cuts in %d changes, %d judgements acknowledged", powerCuts, len(events), len(acks))
}

// The same on a disk that says the log is saved where it is not: judgements are lost, or
// the test above shows nothing.
func TestPowerCut_SeesWhatADiskLosesThatLies(t *testing.T) {
	so := preload(t)
	path, s, _ := plot(t, FieldConfig{Items: 200, Overlap: 3, People: 16, Seed: 1})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, path)
	events, acks := powered(t, so, "judge", path, 200, "POWERCUT_LIE=-wal")
	lost, broken := 0, 0
	cuts(t, d, events, acks, 6, func(_ *rand.Rand, left map[string][]byte, due map[string]bool) {
		n, err := lostIn(t.Context(), restored(t, left, path), due)
		if err != nil {
			broken++
		}
		lost += n
	})
	if lost == 0 {
		t.Errorf("nothing was lost, %d stores are broken", broken)
	}
	t.Logf("%d of %d acknowledged judgements gone, %d stores broken", lost, len(acks), broken)
}

const synchronousEnv = "LABELING_LOAD_SYNCHRONOUS"

// rowsChild adds rows to a table with the setting that it is told, and prints each.
func rowsChild(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous="+os.Getenv(synchronousEnv))
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprint("row-", i)
		if _, err := db.ExecContext(ctx, `INSERT INTO t VALUES (?)`, id); err != nil {
			return err
		}
		acknowledge(id)
	}
}

// What the store relies on: of a plain table, rows that were acknowledged are gone under
// synchronous=NORMAL, which the driver takes by itself, and under OFF; none under FULL.
func TestPowerCut_Synchronous(t *testing.T) {
	so := preload(t)
	for _, c := range []struct {
		setting string
		loses   bool
	}{{"FULL", false}, {"NORMAL", true}, {"OFF", true}} {
		path := filepath.Join(t.TempDir(), "t.db")
		db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL")
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `CREATE TABLE t (id TEXT)`)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		d := newDisk(t, path)
		events, acks := powered(t, so, "rows", path, 300, synchronousEnv+"="+c.setting)
		lost := 0
		cuts(t, d, events, acks, 3, func(_ *rand.Rand, left map[string][]byte, due map[string]bool) {
			lost += rowsLost(t, restored(t, left, path), due)
		})
		if (lost > 0) != c.loses {
			t.Errorf("synchronous=%s: %d acknowledged rows gone, want some: %v", c.setting, lost, c.loses)
		}
		t.Logf("synchronous=%s: %d rows gone in 3 cuts, %d acknowledged", c.setting, lost, len(acks))
	}
}

func rowsLost(t *testing.T, path string, due map[string]bool) (lost int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	for id := range due {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM t WHERE id = ?`, id).Scan(&n); err != nil || n != 1 {
			lost++
		}
	}
	return lost
}
