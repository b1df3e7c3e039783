package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Chinese and Japanese typesetting: these may not begin, or end, a line.
const (
	notFirst = "，。、；：！？）】」』》〉”’…—,.;:!?)]}%"
	notLast  = "（【「『《〈“‘([{"
)

// Wrap breaks a cleaned text into lines of at most w cells, at least 2. What continues a
// line is indented as that line is.
func Wrap(text string, w int) (out []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		rest := strings.TrimLeft(paragraph, " ")
		indent := min(len(paragraph)-len(rest), max(0, w-2))
		wrap(rest, 0, len(rest), max(w-indent, 2), func(from, to int) {
			out = append(out, strings.Repeat(" ", indent)+rest[from:to])
		})
	}
	return out
}

// wrap breaks the paragraph s[from:to], which has no line breaks, into lines of at most
// w ≥ 2 cells, and calls line for each: at spaces, between wide characters, and where a
// word is longer than a line anywhere. Spaces at a break are dropped; those that begin a
// paragraph stay, since poems and code depend on them.
func wrap(s string, from, to, w int, line func(from, to int)) {
	breakLines(s, from, to, w, false, func(from, to int) {
		for to > from && s[to-1] == ' ' {
			to--
		}
		line(from, to)
	})
}

// wrapCode is wrap for code: nothing is dropped, and lines break between tokens.
func wrapCode(s string, from, to, w int, line func(from, to int)) {
	breakLines(s, from, to, w, true, line)
}

func breakLines(s string, from, to, w int, code bool, line func(from, to int)) {
	may := mayBreak
	if code {
		may = mayBreakCode
	}
	used, after := 0, from // cells of this line; it may break before after
	for i := from; i < to; {
		r, n := decode(s[i:])
		c := runeCells(r)
		if used+c > w && i > from && (code || r != ' ') { // spaces hang over the end: they will be dropped
			if after == from || r == ' ' {
				after = i
			}
			line(from, after)
			from, i, used = after, after, 0
			continue
		}
		used += c
		i += n
		if i < to {
			if next, _ := decode(s[i:]); may(r, next) {
				after = i
			}
		}
	}
	line(from, to)
}

// decode is utf8.DecodeRuneInString, faster for ASCII.
func decode(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

func mayBreak(r, next rune) bool {
	switch {
	case next == ' ' || next < 0x80 && r != ' ' && r < 0x80:
		return false
	case runeCells(next) == 0:
		return false
	case r == ' ':
		return true
	case runeCells(r) < 2 && runeCells(next) < 2:
		return false
	}
	return !strings.ContainsRune(notFirst, next) && !strings.ContainsRune(notLast, r)
}

// mayBreakCode keeps words and numbers together, and spaces with what they follow.
func mayBreakCode(r, next rune) bool {
	if next == ' ' || runeCells(next) == 0 {
		return false
	}
	return !inToken(r) || !inToken(next)
}

func inToken(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
