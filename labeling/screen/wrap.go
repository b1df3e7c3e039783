package screen

import "strings"

// line is a piece [from, to) of a text, as runes.
type line struct{ from, to int }

// Chinese and Japanese typesetting: these may not begin, or end, a line.
const (
	notFirst = "，。、；：！？）】」』》〉”’…—,.;:!?)]}%"
	notLast  = "（【「『《〈“‘([{"
)

// wrap breaks text into lines of at most w ≥ 2 cells: at spaces, between wide
// characters, and where a word is longer than a line anywhere. Spaces at a break are
// dropped; those that begin a paragraph stay, since code depends on them.
func wrap(text []rune, w int) (lines []line) {
	for from := 0; ; {
		to := from
		for to < len(text) && text[to] != '\n' {
			to++
		}
		lines = wrapParagraph(lines, text, from, to, w)
		if to == len(text) {
			return lines
		}
		from = to + 1
	}
}

func wrapParagraph(lines []line, text []rune, from, to, w int) []line {
	used, after := 0, from // cells of this line; a break may come before after
	for i := from; i < to; i++ {
		n := runeCells(text[i])
		if used+n > w && i > from && text[i] != ' ' {
			if after == from {
				after = i
			}
			lines = append(lines, line{from, trimRight(text, from, after)})
			from, i, used = after, after-1, 0
			continue
		}
		used += n
		if i+1 < to && mayBreak(text[i], text[i+1]) {
			after = i + 1
		}
	}
	return append(lines, line{from, trimRight(text, from, to)})
}

func trimRight(text []rune, from, to int) int {
	for to > from && text[to-1] == ' ' {
		to--
	}
	return to
}

func mayBreak(r, next rune) bool {
	switch {
	case next == ' ' || runeCells(next) == 0:
		return false
	case r == ' ':
		return true
	case runeCells(r) < 2 && runeCells(next) < 2:
		return false
	}
	return !strings.ContainsRune(notFirst, next) && !strings.ContainsRune(notLast, r)
}
