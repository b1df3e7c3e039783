package tui

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"plumbline/labeling"
)

const (
	esc        = 0x1b
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"

	// maxPaste bounds what is kept of one paste, in bytes: the largest text that an editor
	// takes. The rest of it is read and forgotten.
	maxPaste = labeling.MaxEdit
	// maxSequence bounds a control sequence, maxString a string sequence, in bytes; a
	// longer one is none.
	maxSequence = 64
	maxString   = 256
	// maxMessages bounds what one read is taken for; the rest of such a read is nobody's
	// typing.
	maxMessages = 512
)

// decoder turns the bytes of a keyboard into keys, pastes, clicks and news of the focus.
// What it makes of them depends on nothing but the bytes and where the reads end: an
// escape at the end of a read is the key, and characters that came in one read are text
// that arrived all at once.
type decoder struct {
	rest    []byte // the beginning of what is not complete yet
	pasting bool
	paste   []byte
}

// decode takes the bytes of one read.
func (d *decoder) decode(b []byte) (msgs []tea.Msg) {
	b = append(d.rest, b...)
	d.rest = nil
	for len(b) > 0 && len(msgs) < maxMessages {
		n, msg, more := d.next(b)
		if more {
			d.rest = bytes.Clone(b)
			break
		}
		if msg != nil {
			msgs = append(msgs, msg)
		}
		b = b[n:]
	}
	return msgs
}

// next takes one message from the front of b: n bytes of it, and a message or nothing.
// more: it goes on in the next read.
func (d *decoder) next(b []byte) (n int, msg tea.Msg, more bool) {
	switch {
	case d.pasting:
		return d.pasted(b)
	case b[0] == esc:
		return d.escape(b)
	case b[0] < ' ' || b[0] == 0x7f:
		return 1, tea.KeyMsg{Type: tea.KeyType(b[0])}, false
	}
	return characters(b)
}

// characters takes a run of characters.
func characters(b []byte) (n int, msg tea.Msg, more bool) {
	var runes []rune
	for n < len(b) && b[n] >= ' ' && b[n] != 0x7f {
		r, size := utf8.DecodeRune(b[n:])
		switch {
		case r == utf8.RuneError && size == 1 && !utf8.FullRune(b[n:]):
			if n == 0 {
				return 0, nil, true
			}
			return n, key(runes), false // the half character comes again
		case r != utf8.RuneError || size > 1:
			runes = append(runes, r)
		}
		n += size
	}
	if len(runes) == 0 {
		return n, nil, false // broken bytes
	}
	return n, key(runes), false
}

func key(runes []rune) tea.KeyMsg {
	if len(runes) == 1 && runes[0] == ' ' {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: runes}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: runes}
}

// escape takes a sequence, a key pressed with Alt, or the key Escape.
func (d *decoder) escape(b []byte) (n int, msg tea.Msg, more bool) {
	if len(b) == 1 || b[1] == esc {
		return 1, tea.KeyMsg{Type: tea.KeyEsc}, false
	}
	switch b[1] {
	case '[':
		return d.control(b)
	case 'O':
		if len(b) == 2 {
			return 0, nil, true
		}
		return 3, named(string(b[2]), ""), false
	case ']', 'P', '_', '^', 'X':
		if n := stringEnd(b); n > 0 { // an answer to a question that nobody asked
			return n, nil, false
		}
	}
	return alt(b)
}

// alt is the key behind an escape.
func alt(b []byte) (n int, msg tea.Msg, more bool) {
	r, size := utf8.DecodeRune(b[1:])
	switch {
	case r == utf8.RuneError:
		return 1, tea.KeyMsg{Type: tea.KeyEsc}, false
	case r < ' ' || r == 0x7f:
		return 2, tea.KeyMsg{Type: tea.KeyType(r), Alt: true}, false
	}
	return 1 + size, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: true}, false
}

// stringEnd is the length of a string sequence (OSC, DCS and their like), 0 where its
// end is not there.
func stringEnd(b []byte) int {
	b = b[:min(len(b), maxString)]
	if i := bytes.IndexByte(b, 0x07); i > 0 {
		return i + 1
	}
	if i := bytes.Index(b[2:], []byte("\x1b\\")); i >= 0 {
		return 2 + i + 2
	}
	return 0
}

// control takes a control sequence: ESC [ parameters final (ECMA-48, 5.4).
func (d *decoder) control(b []byte) (n int, msg tea.Msg, more bool) {
	i := 2
	for i < len(b) && b[i] >= 0x20 && b[i] <= 0x3f {
		i++
	}
	switch {
	case i >= maxSequence:
		return i, nil, false
	case i == len(b):
		return 0, nil, true
	case b[i] < 0x40 || b[i] > 0x7e:
		return i, nil, false // broken off
	}
	i++
	params, final := string(b[2:i-1]), b[i-1]
	switch {
	case string(b[:i]) == pasteBegin:
		d.pasting = true
		return i, nil, false
	case final == 'I' && params == "":
		return i, tea.FocusMsg{}, false
	case final == 'O' && params == "":
		return i, tea.BlurMsg{}, false
	case (final == 'M' || final == 'm') && strings.HasPrefix(params, "<"):
		return i, click(params[1:], final == 'm'), false
	case final == '~':
		number, modifier, _ := strings.Cut(params, ";")
		return i, named(number, modifier), false
	}
	_, modifier, _ := strings.Cut(params, ";")
	return i, named(string(final), modifier), false
}

// pasted takes text until the end of the paste.
func (d *decoder) pasted(b []byte) (n int, msg tea.Msg, more bool) {
	i := bytes.Index(b, []byte(pasteEnd))
	if i < 0 {
		keep := endBegins(b)
		d.keep(b[:len(b)-keep])
		if keep == len(b) {
			return 0, nil, true
		}
		return len(b) - keep, nil, false
	}
	d.keep(b[:i])
	all := []rune(strings.ToValidUTF8(string(d.paste), ""))
	d.pasting, d.paste = false, nil
	return i + len(pasteEnd), tea.KeyMsg{Type: tea.KeyRunes, Runes: all, Paste: true}, false
}

// keep adds to the paste, as far as there is room.
func (d *decoder) keep(b []byte) {
	d.paste = append(d.paste, b[:min(len(b), maxPaste-len(d.paste))]...)
}

// endBegins is how many bytes at the end of b may be the beginning of the paste's end.
func endBegins(b []byte) int {
	for n := min(len(pasteEnd)-1, len(b)); n > 0; n-- {
		if strings.HasPrefix(pasteEnd, string(b[len(b)-n:])) {
			return n
		}
	}
	return 0
}

// keyNames are the keys by what ends or numbers their sequence, as xterm and the VT220
// send it.
var keyNames = map[string]tea.KeyType{
	"A": tea.KeyUp, "B": tea.KeyDown, "C": tea.KeyRight, "D": tea.KeyLeft, "H": tea.KeyHome, "F": tea.KeyEnd, "Z": tea.KeyShiftTab,
	"1": tea.KeyHome, "2": tea.KeyInsert, "3": tea.KeyDelete, "4": tea.KeyEnd, "5": tea.KeyPgUp, "6": tea.KeyPgDown, "7": tea.KeyHome, "8": tea.KeyEnd,
	"P": tea.KeyF1, "Q": tea.KeyF2, "R": tea.KeyF3, "S": tea.KeyF4, "M": tea.KeyEnter, // the keypad's Enter
	"11": tea.KeyF1, "12": tea.KeyF2, "13": tea.KeyF3, "14": tea.KeyF4, "15": tea.KeyF5, "17": tea.KeyF6,
	"18": tea.KeyF7, "19": tea.KeyF8, "20": tea.KeyF9, "21": tea.KeyF10, "23": tea.KeyF11, "24": tea.KeyF12,
}

// withCtrl and withShift are the keys that have a name of their own with a modifier.
var (
	withCtrl = map[tea.KeyType]tea.KeyType{
		tea.KeyUp: tea.KeyCtrlUp, tea.KeyDown: tea.KeyCtrlDown, tea.KeyRight: tea.KeyCtrlRight, tea.KeyLeft: tea.KeyCtrlLeft,
		tea.KeyHome: tea.KeyCtrlHome, tea.KeyEnd: tea.KeyCtrlEnd, tea.KeyPgUp: tea.KeyCtrlPgUp, tea.KeyPgDown: tea.KeyCtrlPgDown,
	}
	withShift = map[tea.KeyType]tea.KeyType{
		tea.KeyUp: tea.KeyShiftUp, tea.KeyDown: tea.KeyShiftDown, tea.KeyRight: tea.KeyShiftRight, tea.KeyLeft: tea.KeyShiftLeft,
		tea.KeyHome: tea.KeyShiftHome, tea.KeyEnd: tea.KeyShiftEnd,
	}
)

// named is the key of a sequence; the modifier is xterm's: 1 + 1 Shift + 2 Alt + 4 Ctrl.
func named(name, modifier string) tea.Msg {
	t, ok := keyNames[name]
	if !ok {
		return nil
	}
	m, err := strconv.Atoi(modifier)
	if err != nil || m < 1 {
		m = 1
	}
	m--
	k := tea.KeyMsg{Type: t, Alt: m&2 != 0}
	if c, ok := withCtrl[t]; ok && m&4 != 0 {
		k.Type = c
	} else if s, ok := withShift[t]; ok && m&1 != 0 {
		k.Type = s
	}
	return k
}

// click is a button or the wheel, from the parameters "button;column;row" counted from 1.
func click(params string, up bool) tea.Msg {
	fields := strings.Split(params, ";")
	if len(fields) != 3 {
		return nil
	}
	var n [3]int
	for i, f := range fields {
		var err error
		if n[i], err = strconv.Atoi(f); err != nil {
			return nil
		}
	}
	m := tea.MouseMsg{X: n[1] - 1, Y: n[2] - 1}
	switch n[0] &^ (4 | 8 | 16) { // without Shift, Alt, Ctrl
	case 0:
		m.Button = tea.MouseButtonLeft
	case 64:
		m.Button = tea.MouseButtonWheelUp
	case 65:
		m.Button = tea.MouseButtonWheelDown
	default:
		return nil
	}
	if up {
		m.Action = tea.MouseActionRelease
	}
	return m
}
