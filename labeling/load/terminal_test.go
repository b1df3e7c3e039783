package load

import (
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	var term Terminal
	text := "\x1b[?1049h\x1b[?25l\x1b[0m\x1b[2J\x1b[1;1H\x1b[K\x1b[1mQ00042 天\x1b[0m\x1b[3;1H\x1b[K│ R00042.1 b │ R00042.0 a\x1b[1;1H\x1b[KQ00043 \x1b[33;4mx\x1b[0m"
	for i := range len(text) { // however it is cut into pieces
		term.Write([]byte{text[i]}) //nolint:errcheck // it never fails
	}
	if got, want := term.Text(), "Q00043 x\n\n│ R00042.1 b │ R00042.0 a"; got != want || term.Fault() != nil {
		t.Errorf("got %q, %v, want %q", got, term.Fault(), want)
	}
	if _, _, ok := term.shown(); ok {
		t.Error("a prompt with the responses of another item is taken for an item")
	}
	term.Write([]byte("\x1b[3;1H\x1b[KQ1 R00042.x R00043.1")) //nolint:errcheck // as above
	if item, first, ok := term.shown(); item != 43 || first != 1 || !ok {
		t.Errorf("got item %d, response %d first, %v, want 43, 1", item, first, ok)
	}
}

// What a terminal might obey, or hide, is a fault each.
func TestTerminalBlames(t *testing.T) {
	for name, s := range map[string]string{
		"clipboard":                         "\x1b]52;c;aGk=\x07",
		"title":                             "\x1b]0;x\x1b\\",
		"bell":                              "a\x07",
		"8-bit CSI":                         "\u009b2J",
		"cursor up":                         "\x1b[A",
		"elsewhere in the row":              "\x1b[3;7H",
		"part of a row":                     "\x1b[1K",
		"another mode":                      "\x1b[?1049s",
		"report of the device":              "\x1b[c",
		"reset":                             "\x1bc",
		"styles with a colon":               "\x1b[4:3m",
		"bidi override":                     "a\u202eb",
		"zero width":                        "a\u200bb",
		"byte order mark":                   "\ufeff",
		"line separator":                    "\u2028",
		"broken UTF-8":                      "\xff",
		"cut off UTF-8":                     "\xe5\xa4x",
		"tab":                               "\t",
		"a sequence without an end":         "\x1b[" + strings.Repeat("1;", 40),
		"a control character in a sequence": "\x1b[3\x07m",
	} {
		var term Terminal
		term.Write([]byte("before " + s + " after")) //nolint:errcheck // it never fails
		if term.Fault() == nil {
			t.Errorf("%s: %q: got no fault", name, s)
		}
	}
}

// Whatever is written, and however it is cut into pieces, the screen is the same.
func FuzzTerminal(f *testing.F) {
	f.Add("\x1b[2J\x1b[1;1H\x1b[KQ00042 天\r\nR00042.1", 7)
	f.Add("\x1b[?1049h\xe5\xa4\xa9\x1b[1;", 9)
	f.Add(strings.Repeat("\n", 1200)+"\x1b[999;1Hx", 1100)
	f.Fuzz(func(t *testing.T, s string, at int) {
		at = max(0, min(at, len(s)))
		var whole, parts Terminal
		whole.Write([]byte(s))      //nolint:errcheck // it never fails
		parts.Write([]byte(s[:at])) //nolint:errcheck // as above
		parts.Write([]byte(s[at:])) //nolint:errcheck // as above
		if whole.Text() != parts.Text() || (whole.Fault() == nil) != (parts.Fault() == nil) {
			t.Errorf("cut at %d: got %q, %v, want %q, %v", at, parts.Text(), parts.Fault(), whole.Text(), whole.Fault())
		}
		whole.shown()
	})
}
