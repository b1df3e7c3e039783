package tui

import (
	"fmt"
	"io"
	"strings"
)

// A screen takes the terminal over and gives it back as it was: alternate screen, no
// cursor, no wrapping (so that a character measured wrong cannot scroll), bracketed
// paste, reports of focus.
const (
	takeOver = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1004h"
	// GiveBack ends all that a screen may have switched on. It does no harm to a terminal
	// that was given back already.
	GiveBack = mouseOff + "\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[0m\x1b[?25h\x1b[?1049l"

	mouseOn  = "\x1b[?1000h\x1b[?1006h" // buttons and wheel, in the form that knows no limit
	mouseOff = "\x1b[?1006l\x1b[?1000l"
)

// painter shows views, one write each: the rows that changed and nothing else.
type painter struct {
	out   io.Writer
	size  Size
	rows  []string // as the terminal has them; nil: nobody knows
	bytes []byte   // kept to be used again
}

// resize forgets what the terminal shows.
func (p *painter) resize(s Size) { p.size, p.rows = s, nil }

// paint shows a view: rows that end their own styles, none wider than the terminal.
func (p *painter) paint(view string) error {
	rows := strings.Split(view, "\n")
	rows = rows[:min(len(rows), p.size.Rows)]
	b := p.bytes[:0]
	if p.rows == nil {
		b = append(b, "\x1b[0m\x1b[2J"...)
	}
	for i := range p.size.Rows {
		if row := at(rows, i); row != at(p.rows, i) {
			// Cleared first, because behind a full row the cursor is nowhere; so what is
			// blank at the end need not be written.
			b = fmt.Appendf(b, "\x1b[%d;1H\x1b[K%s", i+1, strings.TrimRight(row, " "))
		}
	}
	p.rows, p.bytes = rows, b
	if len(b) == 0 {
		return nil
	}
	_, err := p.out.Write(b)
	return err
}

func at(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return ""
}
