package screen

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// cond measures as most terminals do: ambiguous characters are narrow.
var cond = &runewidth.Condition{StrictEmojiNeutral: true}

// runeCells is how many cells a cleaned rune takes: 0, 1 or 2.
func runeCells(r rune) int {
	if r < 0x7f {
		return 1
	}
	return cond.RuneWidth(r)
}

// cells is how many cells a line takes: the sum over its runes, because without
// joiners and selectors, which Clean drops, no two of them share a cell.
func cells(s string) (n int) {
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// clip cuts a line to at most w cells, with … where something is missing.
func clip(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if cells(s) <= w {
		return s
	}
	n := 0
	for i, r := range s {
		if n += runeCells(r); n > w-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// fit makes a line exactly w cells wide.
func fit(s string, w int) string {
	s = clip(s, w)
	return s + strings.Repeat(" ", max(0, w-cells(s)))
}

// tail is the end of a line that fits into w cells.
func tail(s string, w int) string {
	r := []rune(s)
	n := 0
	for i := len(r) - 1; i >= 0; i-- {
		if n += runeCells(r[i]); n > w {
			return string(r[i+1:])
		}
	}
	return s
}
