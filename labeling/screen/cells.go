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

// Cells is how many cells a cleaned line takes: the sum over its runes, because without
// joiners and selectors, which Clean drops, no two of them share a cell.
func Cells(s string) (n int) {
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// Clip cuts a cleaned line to at most w cells, with … where something is missing.
func Clip(s string, w int) string {
	if w <= 0 {
		return ""
	}
	if Cells(s) <= w {
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

// Fit makes a cleaned line exactly w ≥ 0 cells wide.
func Fit(s string, w int) string {
	s = Clip(s, w)
	return s + strings.Repeat(" ", max(0, w-Cells(s)))
}

// Tail is the end of a cleaned line that fits into w cells.
func Tail(s string, w int) string {
	r := []rune(s)
	n := 0
	for i := len(r) - 1; i >= 0; i-- {
		if n += runeCells(r[i]); n > w {
			return string(r[i+1:])
		}
	}
	return s
}
