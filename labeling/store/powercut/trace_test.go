package powercut

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// kind is what a record of the trace is about; testdata/shim.c says what else each has.
type kind uint32

const (
	kindCreate   kind = 'c'
	kindOpen     kind = 'o'
	kindClose    kind = 'x'
	kindWrite    kind = 'w'
	kindTruncate kind = 't'
	kindSync     kind = 's'
	kindSynced   kind = 'S'
	kindUnlink   kind = 'u'
	kindNote     kind = 'n' // by the process itself: a note in JSON
)

type record struct {
	kind kind
	fd   int32
	at   int64
	data []byte
}

// headSize is that of the shim's struct head.
const headSize = 24

// readTrace splits a trace into records, which share its memory. The process was killed:
// a record that was not written to its end is none.
func readTrace(b []byte) (out []record) {
	for len(b) >= headSize {
		n := binary.NativeEndian.Uint64(b[16:])
		if n > uint64(len(b)-headSize) {
			break
		}
		out = append(out, record{
			kind: kind(binary.NativeEndian.Uint32(b)),
			fd:   int32(binary.NativeEndian.Uint32(b[4:])),
			at:   int64(binary.NativeEndian.Uint64(b[8:])),
			data: b[headSize : headSize+n],
		})
		b = b[headSize+n:]
	}
	return out
}

// bytes is the record as it stands in a trace.
func (r record) bytes() []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(r.kind))
	b = binary.NativeEndian.AppendUint32(b, uint32(r.fd))
	b = binary.NativeEndian.AppendUint64(b, uint64(r.at))
	b = binary.NativeEndian.AppendUint64(b, uint64(len(r.data)))
	return append(b, r.data...)
}

func TestTraceEndsWithItsLastWholeRecord(t *testing.T) {
	want := []record{{kind: kindWrite, fd: 3, at: 1 << 40, data: []byte("abc")}, {kind: kindSync, fd: 7}, {kind: kindNote, fd: -1, data: []byte("{}")}}
	var b []byte
	var ends []int
	for _, r := range want {
		b = append(b, r.bytes()...)
		ends = append(ends, len(b))
	}
	for n := range len(b) + 1 {
		whole := 0
		for _, end := range ends {
			if end <= n {
				whole++
			}
		}
		got := readTrace(b[:n])
		if len(got) != whole {
			t.Fatalf("of %d bytes: got %d records, want %d", n, len(got), whole)
		}
		for i, r := range got {
			if w := want[i]; r.kind != w.kind || r.fd != w.fd || r.at != w.at || !bytes.Equal(r.data, w.data) {
				t.Errorf("record %d: got %v, want %v", i, r, w)
			}
		}
	}
}
