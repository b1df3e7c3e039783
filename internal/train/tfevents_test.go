package train

import (
	"bytes"
	"testing"
	"time"
)

// crc32c("123456789") = e3069283 (RFC 3720, B.4 and everywhere else); the mask by hand:
// e3069283 turned right by 15 bits is 2507c60d, and + a282ead8 = c78ab0e5.
func TestMaskedCRC(t *testing.T) {
	if got, want := maskedCRC([]byte("123456789")), uint32(0xc78ab0e5); got != want {
		t.Errorf("got %08x, want %08x", got, want)
	}
}

func TestNextRecord_FindsDamage(t *testing.T) {
	good := record([]byte("hello"))
	if b, n, err := nextRecord(good); string(b) != "hello" || n != len(good) || err != nil {
		t.Fatalf("got %q, %d, %v", b, n, err)
	}
	for i := range good {
		if _, _, err := nextRecord(good[:i]); err == nil {
			t.Errorf("cut to %d bytes: no error", i)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, _, err := nextRecord(bad); err == nil {
			t.Errorf("bit of byte %d turned: no error", i)
		}
	}
}

// Foreign bytes never panic, and what is read back writes the same record again.
func FuzzRecord(f *testing.F) {
	now := time.Unix(1, 0)
	f.Add(record(scalarEvent(now, "ppo", 3, Metrics{"kl": 1})))
	f.Add(record(textEvent(now, "ppo", 3, "sample/1", "text")))
	f.Add(record([]byte("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff"))) // a field that claims too much
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		event, n, err := nextRecord(b)
		if err != nil {
			eventPlace(b)
			return
		}
		eventPlace(event)
		if again := record(event); !bytes.Equal(again, b[:n]) {
			t.Errorf("written back: got %x, want %x", again, b[:n])
		}
	})
}
