package manage

import (
	"strings"

	"plumbline/labeling/screen"
)

// Texts are measured and cleaned as on the labelling screen.
var (
	cells     = screen.Cells
	clip      = screen.Clip
	fit       = screen.Fit
	tail      = screen.Tail
	wrap      = screen.Wrap
	cleanLine = screen.CleanLine
)

// fitRight makes a line exactly w cells wide, the text at its right end.
func fitRight(s string, w int) string {
	s = clip(s, w)
	return strings.Repeat(" ", max(0, w-cells(s))) + s
}

// cleanText is a text of several lines that is safe to print.
func cleanText(s string) string {
	clean, _ := screen.Clean(s)
	return clean
}
