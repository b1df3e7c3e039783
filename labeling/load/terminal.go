package load

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal is as much of a terminal as the labelling screen uses: rows that are cleared
// and written from their first cell, styles, and the modes that a screen takes the
// terminal over with. Anything else that is sent to it, a control character or sequence
// or a character that has no shape of its own, is a fault: Write remembers the first.
//
// The zero value is a terminal of 24 rows.
type Terminal struct {
	rows    [][]byte // their text, without styles
	row     int
	pending []byte // an unfinished sequence or character
	history int    // lines that are remembered, if more than 1000
	fault   error
}

// maxPending bounds a sequence: the longest of ours is far shorter.
const maxPending = 32

// allowed are the sequences with fixed parameters.
var allowed = []string{
	"\x1b[?1049h", "\x1b[?1049l", // alternate screen
	"\x1b[?25l", "\x1b[?25h", // cursor
	"\x1b[?7l", "\x1b[?7h", // wrapping
	"\x1b[?2004h", "\x1b[?2004l", // bracketed paste
	"\x1b[?1004h", "\x1b[?1004l", // reports of focus
	"\x1b[?1000h", "\x1b[?1000l", "\x1b[?1006h", "\x1b[?1006l", // mouse
}

// Fault is the first thing that should not have been sent, or nil.
func (t *Terminal) Fault() error { return t.fault }

// Write takes what a program writes. It never fails: see Fault.
func (t *Terminal) Write(p []byte) (int, error) {
	b := p
	if len(t.pending) > 0 {
		b = append(t.pending, p...)
		t.pending = nil
	}
	for len(b) > 0 {
		n := t.take(b)
		if n == 0 { // the rest has not arrived yet
			t.pending = slices.Clone(b)
			break
		}
		b = b[n:]
	}
	return len(p), nil
}

// take applies what b begins with, and says how many bytes that was; 0 where it is cut off.
func (t *Terminal) take(b []byte) int {
	switch b[0] {
	case 0x1b:
		return t.sequence(b)
	case '\r':
		return 1
	case '\n':
		t.move(t.row + 1)
		return 1
	}
	if !utf8.FullRune(b) {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	if (r == utf8.RuneError && n == 1) || !unicode.IsGraphic(r) {
		t.blame("character %U %q", r, b[:n])
		return n
	}
	t.grow(t.row)
	t.rows[t.row] = append(t.rows[t.row], b[:n]...)
	return n
}

// sequence applies a control sequence.
func (t *Terminal) sequence(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != '[' {
		t.blame("sequence %q", b[:2])
		return 1
	}
	end := 2 + bytes.IndexFunc(b[2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e })
	if end < 2 {
		if len(b) > maxPending {
			t.blame("sequence %q", b[:maxPending])
			return 1
		}
		return 0
	}
	s := string(b[:end+1])
	if !t.apply(s[2:end], s[end]) && !slices.Contains(allowed, s) {
		t.blame("sequence %q", s)
	}
	return end + 1
}

// apply is a sequence that a view is written with: ESC [ row ;1 H, K, 2 J, styles m.
func (t *Terminal) apply(parameters string, final byte) bool {
	switch final {
	case 'H':
		row, column, _ := strings.Cut(parameters, ";")
		n, err := strconv.Atoi(row)
		if err != nil || n < 1 || n > 1000 || column != "1" {
			return false
		}
		t.move(n - 1)
		return true
	case 'K':
		t.grow(t.row)
		t.rows[t.row] = t.rows[t.row][:0]
		return parameters == ""
	case 'J':
		t.rows, t.row = nil, 0
		return parameters == "2"
	case 'm':
		return strings.Trim(parameters, "0123456789;") == "" && len(parameters) <= 16
	}
	return false
}

// move goes to the beginning of a row. Line after line, what is more than a screen is
// forgotten.
func (t *Terminal) move(row int) {
	if most := max(1000, t.history); row >= most {
		t.grow(row)
		t.rows = slices.Delete(t.rows, 0, most/2)
		row -= most / 2
	}
	t.row = row
}

func (t *Terminal) grow(row int) {
	for len(t.rows) <= row {
		t.rows = append(t.rows, nil)
	}
}

func (t *Terminal) blame(format string, args ...any) {
	if t.fault == nil {
		t.fault = fmt.Errorf("labeling/load: terminal: got "+format+", want text and the sequences of a screen", args...)
	}
}

// Text is what is on the screen.
func (t *Terminal) Text() string { return string(bytes.Join(t.rows, []byte("\n"))) }

// has tells whether a row has one of some texts.
func (t *Terminal) has(texts [][]byte) bool {
	return slices.ContainsFunc(t.rows, func(row []byte) bool {
		return slices.ContainsFunc(texts, func(text []byte) bool { return bytes.Contains(row, text) })
	})
}

// mark finds the first mark of a kind, Q or R, on the screen: "Q00042" or "R00042.1",
// row by row from the left. ok is false where there is none.
func (t *Terminal) mark(kind byte, length int) (mark string, ok bool) {
	for _, row := range t.rows {
		for i := bytes.IndexByte(row, kind); i >= 0 && i+length <= len(row); {
			if s := row[i : i+length]; isMark(s) {
				return string(s), true
			}
			next := bytes.IndexByte(row[i+1:], kind)
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	return "", false
}

// isMark tells whether all but the letter is digits, and the dot.
func isMark(s []byte) bool {
	for i, c := range s[1:] {
		if isDot := i == 5; isDot != (c == '.') || !isDot && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// shown is the item on the screen, and which of its responses stands first; ok is false
// where no item is shown.
func (t *Terminal) shown() (item, first int, ok bool) {
	q, ok := t.mark('Q', len("Q00042"))
	r, also := t.mark('R', len("R00042.1"))
	if !ok || !also || q[1:] != r[1:6] {
		return 0, 0, false
	}
	item, _ = strconv.Atoi(q[1:]) // digits, as isMark says
	return item, int(r[7] - '0'), true
}
