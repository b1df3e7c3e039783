package screen

import "strings"

// What other screens need of a text, so that they measure as this one does.

// Cells is how many cells a cleaned line takes.
func Cells(s string) int { return cells(s) }

// Clip cuts a cleaned line to at most w cells, with … where something is missing.
func Clip(s string, w int) string { return clip(s, w) }

// Fit makes a cleaned line exactly w ≥ 0 cells wide.
func Fit(s string, w int) string { return fit(s, w) }

// Tail is the end of a cleaned line that fits into w cells.
func Tail(s string, w int) string { return tail(s, w) }

// CleanLine is Clean for what has one line only: line breaks become spaces.
func CleanLine(s string) string { return cleanLine(s) }

// Wrap breaks a cleaned text into lines of at most w cells, at least 2. What continues a
// line is indented as that line is.
func Wrap(text string, w int) (out []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		rest := strings.TrimLeft(paragraph, " ")
		indent := min(len(paragraph)-len(rest), max(0, w-2))
		r := []rune(rest)
		for _, l := range wrap(r, max(w-indent, 2)) {
			out = append(out, strings.Repeat(" ", indent)+string(r[l.from:l.to]))
		}
	}
	return out
}
