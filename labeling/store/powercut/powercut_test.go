package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// Crowds are killed at work, and the power is cut at many moments of what they did. What
// the disk then holds has every judgement that was acknowledged, as it was sent, none
// twice, and a log that verifies; and everybody goes on. The next crowd begins with what
// one of the power cuts left.
func TestPowerCuts(t *testing.T) {
	m := newMachine(t)
	var sum tally
	for db := range databases {
		at := moment{ledger: newLedger()}
		for gen := range generations {
			r := rand.New(rand.NewPCG(uint64(db), uint64(gen)))
			k := m.run("crowd", at.files, 400+r.IntN(400))
			at = m.outcome(fmt.Sprintf("database %d, generation %d", db, gen), k, at, r, &sum)
			if t.Failed() {
				return
			}
		}
	}
	t.Log(sum)
	if sum.bit == 0 || sum.anew == 0 {
		t.Error("too little was tried: want cuts that take something, and a log begun anew")
	}
}

// moment is what a disk holds, what must be in it, and a head of its log.
type moment struct {
	files  image
	ledger *ledger
	anchor string
}

// tally says how much was tried.
type tally struct {
	kills, cuts int
	bit         int // cuts that took something
	lost        int // bytes, of all cuts
	wanted      int // acknowledged judgements, of all cuts
	records     int
	anew        int            // logs overwritten from their start, after a checkpoint
	syncs       map[string]int // by file
}

func (s tally) String() string {
	return fmt.Sprintf("%d kills; %d power cuts, %d took something, %.0f kB each; %d acknowledged judgements looked for in each; traces of %d records, %d logs begun anew, synced: %v",
		s.kills, s.cuts, s.bit, float64(s.lost)/1000/float64(max(s.bit, 1)), s.wanted/max(s.cuts, 1), s.records, s.anew, s.syncs)
}

// outcome examines what is left of a process that began at a moment: as the kill left
// it, and as power cuts would have. It returns what one of those left.
func (m machine) outcome(what string, k killed, from moment, r *rand.Rand, sum *tally) (next moment) {
	m.Helper()
	var g errgroup.Group
	g.SetLimit(8)
	d, l := newDisk(k.begins), from.ledger.clone()
	many := cuts
	if testing.Short() {
		many /= 2
	}
	goOn := many/2 + r.IntN(many/2)
	for i, n := range cutsOf(k.trace, many, r) {
		m.play(d, l, k.trace[d.played:n])
		f := fates[i%len(fates)]
		files, lost := d.cut(f.draw(r, n), r)
		at := moment{files, l.clone(), from.anchor}
		if i == goOn {
			next = moment{files: files, ledger: l.clone()}
		}
		sum.add(at, lost)
		name, shm, seed := fmt.Sprintf("%s, cut after record %d of %d, %s", what, n, len(k.trace), f.name), k.anyShm(r), r.Uint64()
		g.Go(func() error {
			head, err := m.check(name, at, shm, seed)
			if i == goOn {
				next.anchor = head
			}
			return err
		})
	}
	m.play(d, l, k.trace[d.played:])
	_, err := m.check(what+", killed", moment{k.files, l, from.anchor}, k.shm, r.Uint64())
	m.must(errors.Join(err, g.Wait()))
	sum.ran(k)
	return next
}

// play takes a disk and a ledger through some records.
func (m machine) play(d *disk, l *ledger, trace []record) {
	m.Helper()
	for _, r := range trace {
		m.must(d.play(r))
		m.must(l.read(r))
	}
}

// cutsOf chooses moments of a trace, in order: a third of them anywhere, a third right
// after somebody was told that something is saved, a third before a sync is done.
func cutsOf(trace []record, n int, r *rand.Rand) (out []int) {
	var told, loose []int
	for i, rec := range trace {
		switch {
		case rec.kind == kindNote && bytes.Contains(rec.data, []byte(`"Acked":true`)):
			told = append(told, i+1)
		case rec.kind == kindSynced:
			loose = append(loose, i)
		}
	}
	for i := range n {
		switch i % 3 {
		case 0:
			out = append(out, r.IntN(len(trace)+1))
		case 1:
			out = append(out, told[r.IntN(len(told))])
		case 2:
			out = append(out, loose[r.IntN(len(loose))])
		}
	}
	slices.Sort(out)
	return out
}

// anyShm is what may be in the -shm file, which is never synced: no file, what is in it
// at another time, or garbage.
func (k killed) anyShm(r *rand.Rand) []byte {
	return [][]byte{nil, k.shm, garbage(32<<10, r)}[r.IntN(3)]
}

// check examines a moment and reports its faults.
func (m machine) check(name string, at moment, shm []byte, seed uint64) (head string, err error) {
	dir := m.TempDir()
	err = save(dir, at.files)
	if shm != nil {
		err = errors.Join(err, save(dir, image{database + "-shm": shm}))
	}
	if err != nil {
		return "", err
	}
	head, faults := examine(m.Context(), dir, at.ledger, at.anchor, rand.New(rand.NewPCG(seed, 0)))
	if len(faults) > 0 {
		keep := filepath.Join(m.ArtifactDir(), strings.ReplaceAll(name, " ", "-"))
		m.Errorf("%s: %d faults; with -artifacts the files are kept in %s\n%s", name, len(faults), keep, strings.Join(faults[:min(len(faults), 10)], "\n"))
		err = save(keep, at.files)
	}
	return head, errors.Join(err, os.RemoveAll(dir))
}

func (s *tally) add(at moment, lost int) {
	s.cuts++
	s.lost += lost
	s.wanted += len(at.ledger.acked())
	if lost > 0 {
		s.bit++
	}
}

func (s *tally) ran(k killed) {
	s.kills++
	s.records += len(k.trace)
	if s.syncs == nil {
		s.syncs = map[string]int{}
	}
	const wal = database + "-wal"
	names := map[int32]string{}
	begun := k.begins[wal] != nil
	for _, r := range k.trace {
		switch name := names[r.fd]; {
		case r.kind == kindCreate && string(r.data) == wal:
			begun = false
		case r.kind == kindOpen:
			names[r.fd] = string(r.data)
		case r.kind == kindWrite && r.at == 0 && name == wal:
			if begun {
				s.anew++
			}
			begun = true
		case r.kind == kindSynced:
			s.syncs[name]++
		}
	}
}
