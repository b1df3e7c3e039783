package powercut

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// image is the content of a directory: files by name.
type image map[string][]byte

// disk is one directory on its way through a trace: what the process sees of it, and
// what of that is safe.
type disk struct {
	lies func(name string) bool // whose syncs do nothing, "" is the directory; nil in an honest disk

	played int              // records
	names  map[string]*file // as the process sees them
	safe   map[string]*file // when the directory was synced last
	moved  []naming         // since then
	open   map[int32]handle
}

type file struct {
	safe  []byte
	loose []change // since the last sync
}

// change of a file: bytes written at a place, or without bytes a new size.
type change struct {
	when int // the record
	at   int64
	data []byte
}

// naming makes a name stand for a file, or for nothing.
type naming struct {
	when int // the record
	name string
	file *file
}

// handle is an open file; the directory has a name "" and no file.
type handle struct {
	name  string
	file  *file
	asked int // the record that asked for its sync under way
}

// newDisk is a disk that safely holds an image.
func newDisk(of image) *disk {
	d := &disk{names: map[string]*file{}, safe: map[string]*file{}, open: map[int32]handle{}}
	for name, b := range of {
		f := &file{safe: slices.Clone(b)}
		d.names[name], d.safe[name] = f, f
	}
	return d
}

// play does what the next record says.
func (d *disk) play(r record) error {
	h, known := d.open[r.fd]
	if !known && (r.kind == kindClose || r.kind == kindWrite || r.kind == kindTruncate || r.kind == kindSync || r.kind == kindSynced) {
		return fmt.Errorf("record %d: %c of file %d, which is not open", d.played, r.kind, r.fd)
	}
	switch r.kind {
	case kindCreate:
		d.name(string(r.data), &file{})
	case kindUnlink:
		d.name(string(r.data), nil)
	case kindOpen:
		d.open[r.fd] = handle{name: string(r.data), file: d.names[string(r.data)]}
	case kindClose:
		delete(d.open, r.fd)
	case kindWrite, kindTruncate:
		h.file.loose = append(h.file.loose, change{d.played, r.at, r.data})
	case kindSync:
		h.asked = d.played
		d.open[r.fd] = h
	case kindSynced:
		d.sync(h)
	case kindNote:
	default:
		return fmt.Errorf("record %d: got kind %d, which the shim does not write", d.played, r.kind)
	}
	d.played++
	return nil
}

func (d *disk) name(name string, f *file) {
	d.moved = append(d.moved, naming{d.played, name, f})
	assign(d.names, name, f)
}

func assign(names map[string]*file, name string, f *file) {
	if f == nil {
		delete(names, name)
	} else {
		names[name] = f
	}
}

// sync makes safe what was there when the sync was asked for.
func (d *disk) sync(h handle) {
	if d.lies != nil && d.lies(h.name) {
		return
	}
	if h.file == nil {
		for len(d.moved) > 0 && d.moved[0].when < h.asked {
			assign(d.safe, d.moved[0].name, d.moved[0].file)
			d.moved = d.moved[1:]
		}
		return
	}
	f := h.file
	for len(f.loose) > 0 && f.loose[0].when < h.asked {
		f.safe = f.loose[0].apply(f.safe)
		f.loose = f.loose[1:]
	}
}

func (c change) apply(b []byte) []byte {
	if len(c.data) == 0 {
		return resized(b, c.at)
	}
	end := c.at + int64(len(c.data))
	b = resized(b, max(end, int64(len(b))))
	copy(b[c.at:], c.data)
	return b
}

func resized(b []byte, size int64) []byte {
	if n := size - int64(len(b)); n > 0 {
		return append(b, make([]byte, n)...)
	}
	return b[:size]
}

// fate says what a power cut does to what is not safe.
type fate struct {
	until int     // what was done from this record on is lost
	keep  float64 // share of the rest that survives
	unit  int64   // bytes that survive or not as one; 0: each write as one
	rot   float64 // share of the lost bytes that turn to garbage
}

// spared is the fate of a disk whose power stays on.
var spared = fate{until: math.MaxInt, keep: 1}

// fates are the ways in which a disk may lose power.
var fates = []struct {
	name string
	draw func(r *rand.Rand, played int) fate
}{
	{"nothing loose survives", func(_ *rand.Rand, played int) fate { return fate{until: played} }},
	{"all of it survives", func(*rand.Rand, int) fate { return spared }},
	{"what came first survives", func(r *rand.Rand, played int) fate { return fate{until: played - int(r.ExpFloat64()*100), keep: 1} }},
	{"some writes survive", func(r *rand.Rand, played int) fate { return fate{until: played, keep: r.Float64()} }},
	{"some pages survive", func(r *rand.Rand, played int) fate { return fate{until: played, keep: r.Float64(), unit: 4096} }},
	{"some sectors survive", func(r *rand.Rand, played int) fate { return fate{until: played, keep: r.Float64(), unit: 512} }},
	{"some sectors survive, some rot", func(r *rand.Rand, played int) fate {
		return fate{until: played, keep: r.Float64(), unit: 512, rot: r.Float64()}
	}},
}

func (f fate) keeps(when int, r *rand.Rand) bool { return when < f.until && r.Float64() < f.keep }

// cut is what the disk holds when the power is back. lost counts the bytes written, and
// the names made or removed, that did not survive.
func (d *disk) cut(f fate, r *rand.Rand) (out image, lost int) {
	names := maps.Clone(d.safe)
	for _, m := range d.moved {
		if f.keeps(m.when, r) {
			assign(names, m.name, m.file)
		} else {
			lost++
		}
	}
	out = image{}
	for _, name := range slices.Sorted(maps.Keys(names)) { // in the same order each time
		b, n := names[name].cut(f, r)
		out[name] = b
		lost += n
	}
	return out, lost
}

// now is what the process sees.
func (d *disk) now() image {
	out, _ := d.cut(spared, rand.New(rand.NewPCG(0, 0)))
	return out
}

func (x *file) cut(f fate, r *rand.Rand) (b []byte, lost int) {
	b = slices.Clone(x.safe)
	for _, c := range x.loose {
		for _, piece := range c.pieces(f.unit) {
			switch {
			case f.keeps(c.when, r):
				b = piece.apply(b)
			case len(piece.data) > 0 && r.Float64() < f.rot:
				b = change{piece.when, piece.at, garbage(len(piece.data), r)}.apply(b)
				lost += len(piece.data)
			default:
				lost += len(piece.data)
			}
		}
	}
	return b, lost
}

// pieces are what of a change survives or not as one; a change of size is one.
func (c change) pieces(unit int64) (out []change) {
	if unit == 0 || len(c.data) == 0 {
		return []change{c}
	}
	for data, at := c.data, c.at; len(data) > 0; {
		n := min(int64(len(data)), unit-at%unit)
		out = append(out, change{c.when, at, data[:n]})
		data, at = data[n:], at+n
	}
	return out
}

func garbage(n int, r *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Records as the shim writes them.
func create(name string) record { return record{kindCreate, -1, 0, []byte(name)} }

func unlink(name string) record                    { return record{kindUnlink, -1, 0, []byte(name)} }
func open(fd int32, name string) record            { return record{kindOpen, fd, 0, []byte(name)} }
func write(fd int32, at int64, text string) record { return record{kindWrite, fd, at, []byte(text)} }
func truncate(fd int32, size int64) record         { return record{kindTruncate, fd, size, nil} }
func ask(fd int32) record                          { return record{kindSync, fd, 0, nil} }
func synced(fd int32) record                       { return record{kindSynced, fd, 0, nil} }

// texts is an image that is easy to write down.
type texts map[string]string

func (x texts) image() image {
	out := image{}
	for name, text := range x {
		out[name] = []byte(text)
	}
	return out
}

func (x image) texts() texts {
	out := texts{}
	for name, b := range x {
		out[name] = string(b)
	}
	return out
}

// played is a disk after some records.
func played(t *testing.T, begins texts, lies func(string) bool, trace ...record) *disk {
	t.Helper()
	d := newDisk(begins.image())
	d.lies = lies
	for _, r := range trace {
		if err := d.play(r); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// What is safe, and what is there if nothing is lost: by hand.
func TestDisk(t *testing.T) {
	for _, tt := range []struct {
		name   string
		begins texts
		trace  []record
		least  texts // all that is loose is lost
		most   texts // or kept
	}{
		{
			"a write is safe once its file was synced",
			texts{"a": "1234"},
			[]record{open(3, "a"), write(3, 1, "XX"), ask(3), synced(3), write(3, 3, "YY")},
			texts{"a": "1XX4"},
			texts{"a": "1XXYY"},
		},
		{
			"not before the sync is done",
			texts{"a": "1234"},
			[]record{open(3, "a"), write(3, 1, "XX"), ask(3)},
			texts{"a": "1234"},
			texts{"a": "1XX4"},
		},
		{
			"nor if it was written while the sync lasted",
			texts{"a": "1234"},
			[]record{open(3, "a"), open(4, "a"), write(3, 0, "X"), ask(3), write(4, 1, "Y"), synced(3)},
			texts{"a": "X234"},
			texts{"a": "XY34"},
		},
		{
			"a sync is of the file, through whichever opening",
			texts{"a": "1234"},
			[]record{open(3, "a"), open(4, "a"), write(3, 0, "X"), ask(4), synced(4)},
			texts{"a": "X234"},
			texts{"a": "X234"},
		},
		{
			"and of no other file",
			texts{"a": "1", "b": "2"},
			[]record{open(3, "a"), open(4, "b"), write(3, 0, "X"), write(4, 0, "Y"), ask(4), synced(4)},
			texts{"a": "1", "b": "Y"},
			texts{"a": "X", "b": "Y"},
		},
		{
			"a new file is not there before its directory was synced",
			texts{},
			[]record{create("a"), open(3, "a"), write(3, 2, "X"), ask(3), synced(3)},
			texts{},
			texts{"a": "\x00\x00X"},
		},
		{
			"and then empty if it was not synced itself",
			texts{},
			[]record{create("a"), open(3, "a"), write(3, 0, "X"), open(4, ""), ask(4), synced(4), create("b")},
			texts{"a": ""},
			texts{"a": "X", "b": ""},
		},
		{
			"a file removed may be back, with what was synced into it",
			texts{"a": "1"},
			[]record{open(3, "a"), write(3, 0, "X"), ask(3), synced(3), write(3, 0, "Y"), unlink("a")},
			texts{"a": "X"},
			texts{},
		},
		{
			"a new file of the same name is another one",
			texts{"a": "1"},
			[]record{open(3, "a"), unlink("a"), create("a"), open(4, "a"), write(4, 0, "Y"), ask(4), synced(4)},
			texts{"a": "1"},
			texts{"a": "Y"},
		},
		{
			"a new size is a write",
			texts{"a": "1234"},
			[]record{open(3, "a"), truncate(3, 1), ask(3), synced(3), truncate(3, 3)},
			texts{"a": "1"},
			texts{"a": "1\x00\x00"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantCuts(t, played(t, tt.begins, nil, tt.trace...), tt.least, tt.most)
		})
	}
}

func wantCuts(t *testing.T, d *disk, least, most texts) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	if got, _ := d.cut(fate{until: d.played}, r); !reflect.DeepEqual(got.texts(), least) {
		t.Errorf("all lost: got %q, want %q", got, least)
	}
	if got, lost := d.cut(spared, r); !reflect.DeepEqual(got.texts(), most) || lost != 0 {
		t.Errorf("all kept: got %q and %d lost, want %q", got, lost, most)
	}
}

func TestDiskThatLies(t *testing.T) {
	lies := func(name string) bool { return name == "a" }
	d := played(t, texts{"a": "1", "b": "2"}, lies, open(3, "a"), open(4, "b"), write(3, 0, "X"), write(4, 0, "Y"), ask(3), synced(3), ask(4), synced(4))
	wantCuts(t, d, texts{"a": "1", "b": "Y"}, texts{"a": "X", "b": "Y"})
}

// A file that was not opened cannot be written: then the shim missed something.
func TestDiskRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, r := range []record{write(3, 0, "X"), synced(3), {kind: '?', fd: -1}} {
		if err := newDisk(image{}).play(r); err == nil {
			t.Errorf("%c: got no error", r.kind)
		}
	}
}

// Of 1,000 bytes from byte 500, written over others, 12 lie in the sector of the first.
func TestDiskTearsAtSectors(t *testing.T) {
	d := played(t, texts{"a": strings.Repeat("o", 2000)}, nil, open(3, "a"), write(3, 500, strings.Repeat("n", 1000)))
	seen := map[string]bool{}
	for seed := range uint64(200) {
		got, lost := d.cut(fate{until: d.played, keep: .5, unit: 512}, rand.New(rand.NewPCG(seed, 0)))
		b := got["a"]
		if n := bytes.Count(b, []byte("o")) - 1000; n != lost {
			t.Fatalf("lost: got %d, want %d", lost, n)
		}
		seen[string([]byte{b[499], b[500], b[511], b[512], b[1023], b[1024], b[1499], b[1500]})] = true
	}
	want := map[string]bool{} // the three sectors, each old or new
	for _, first := range []string{"oo", "nn"} {
		for _, second := range []string{"oo", "nn"} {
			for _, third := range []string{"oo", "nn"} {
				want["o"+first+second+third+"o"] = true
			}
		}
	}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

// What came first survives, the rest does not; garbage replaces what was written and
// nothing beside it.
func TestDiskFates(t *testing.T) {
	d := played(t, texts{"a": "......"}, nil, open(3, "a"), write(3, 1, "X"), write(3, 3, "YY"))
	r := rand.New(rand.NewPCG(1, 1))
	if got, lost := d.cut(fate{until: 2, keep: 1}, r); string(got["a"]) != ".X...." || lost != 2 {
		t.Errorf("until record 2: got %q, %d bytes lost, want .X...., 2", got["a"], lost)
	}
	got, lost := d.cut(fate{until: d.played, rot: 1}, r)
	b := got["a"]
	if string([]byte{b[0], b[2], b[5]}) != "..." || string(b[1:2]) == "X" || string(b[3:5]) == "YY" || lost != 3 {
		t.Errorf("rotten: got %q, %d bytes lost, want garbage at 1, 3 and 4 alone", b, lost)
	}
}
