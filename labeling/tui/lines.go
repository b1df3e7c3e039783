package tui

import (
	"bytes"
	"strings"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
)

// maxLine bounds a line, in bytes; what is longer is cut.
const maxLine = maxPaste

// lines turns lines into keys, for who has no terminal that sends keys one by one: a
// line of one character is that key, an empty one is Enter, a key's name in full is that
// key, and anything else is text.
type lines struct{ rest []byte }

var lineNames = map[string]tea.KeyType{
	"esc": tea.KeyEsc, "tab": tea.KeyTab, "space": tea.KeySpace, "backspace": tea.KeyBackspace,
	"left": tea.KeyLeft, "right": tea.KeyRight, "up": tea.KeyUp, "down": tea.KeyDown,
}

// decode takes the bytes of one read.
func (l *lines) decode(b []byte) (msgs []tea.Msg) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			l.rest = append(l.rest, b[:min(len(b), maxLine-len(l.rest))]...)
			return msgs
		}
		line := append(l.rest, b[:min(i, maxLine-len(l.rest))]...)
		msgs = append(msgs, lineKey(strings.ToValidUTF8(strings.TrimSuffix(string(line), "\r"), "")))
		l.rest, b = nil, b[i+1:]
	}
}

func lineKey(line string) tea.KeyMsg {
	t, isName := lineNames[line]
	switch {
	case line == "":
		return tea.KeyMsg{Type: tea.KeyEnter}
	case isName:
		return tea.KeyMsg{Type: t}
	case len(line) == 1 && (line[0] < ' ' || line[0] == 0x7f):
		return tea.KeyMsg{Type: tea.KeyType(line[0])}
	case utf8.RuneCountInString(line) == 1:
		return key([]rune(line))
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(line), Paste: true}
}
