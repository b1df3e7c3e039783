package tui

import (
	"io"
	"strings"
	"time"

	"plumbline/labeling/screen"
)

// Terminal is what a person sits at: that of this process, or one at the far end of a
// connection.
type Terminal struct {
	In      io.Reader     // keys as the terminal sends them
	Out     io.Writer     // raw: a line break is \r\n
	Size    Size          //
	Resized <-chan Size   // nil: it keeps its size
	Idle    time.Duration // without a key until the session ends with ErrIdle; 0: for ever

	Lang   screen.Lang // of the interface
	Linear bool        // line after line, for screen readers and plain terminals
	Lines  bool        // with Linear: keys come a line at a time, as from a pipe
	Color  bool        // marks may have a colour; they never need it
}

// Size of a terminal in cells.
type Size struct{ Columns, Rows int }

// A size comes from a stranger's terminal: none is 80x24, and no screen is laid out
// larger than this.
const (
	maxColumns = 500
	maxRows    = 200
)

func (s Size) bounded() Size {
	if s.Columns <= 0 || s.Rows <= 0 {
		return Size{80, 24}
	}
	return Size{min(s.Columns, maxColumns), min(s.Rows, maxRows)}
}

// Dressed is the terminal as its environment wants it: the language of LC_ALL,
// LC_MESSAGES or LANG, no colours under NO_COLOR, linear where TERM is dumb.
func (t Terminal) Dressed(getenv func(string) string) Terminal {
	locale := ""
	for _, key := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale == "" {
			locale = getenv(key)
		}
	}
	plain := getenv("TERM") == "dumb" || getenv("TERM") == ""
	t.Lang, t.Linear, t.Color = screen.LangOf(locale), plain, getenv("NO_COLOR") == "" && !plain
	return t
}

// Say writes a text with the terminal's line breaks.
func (t Terminal) Say(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(t.Out, strings.ReplaceAll(text, "\n", "\r\n"))
	return err
}
