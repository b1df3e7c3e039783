package screen

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The letters of flags. Half a flag has another width on every terminal.
const flagA, flagZ = '\U0001F1E6', '\U0001F1FF'

// maxMarks bounds the combining marks on one letter; more would cover other lines.
const maxMarks = 4

// Clean makes any bytes safe to print, and shows what they hid: control characters
// become their pictures (␛), everything else that has no shape of its own becomes its
// number (⟨U+202E⟩), broken UTF-8 becomes �. Only what emoji and scripts need of such
// characters is dropped without a trace, because terminals disagree about its width:
// joiners, variation selectors, skin tones; flags become letters. hidden counts what was
// made visible or cut.
func Clean(s string) (clean string, hidden int) {
	n := plainTo(s)
	if n == len(s) {
		return s, 0
	}
	var c cleaner
	c.out.Grow(len(s) + len(s)/8)
	for len(s) > 0 {
		if n = plainTo(s); n > 0 {
			c.out.WriteString(s[:n])
			c.base, c.marks = s[n-1] != ' ' && s[n-1] != '\n', 0
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			c.hidden++
		case r == '\r' && len(s) > 1 && s[1] == '\n':
			r, n = '\n', 2
		}
		c.add(r)
		s = s[n:]
	}
	return c.out.String(), c.hidden
}

// plainTo is how far a text is printable ASCII.
func plainTo(s string) int {
	for i := 0; i < len(s); i++ {
		if (s[i] < ' ' || s[i] > '~') && s[i] != '\n' {
			return i
		}
	}
	return len(s)
}

// oneLine turns line breaks, which terminals paste as carriage returns, into spaces.
var oneLine = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

// CleanLine is Clean for what has one line only: line breaks become spaces.
func CleanLine(s string) string {
	clean, _ := Clean(oneLine.Replace(s))
	return clean
}

// brief is CleanLine for what nobody should make long: names, labels, errors.
func brief(s string) string {
	const most = 200 // cells
	return Clip(CleanLine(s[:min(len(s), 16*most)]), most)
}

type cleaner struct {
	out    strings.Builder
	base   bool // the last rune can carry marks
	marks  int  // that it carries
	hidden int
}

func (c *cleaner) add(r rune) {
	switch {
	case r == '\n' || r == ' ':
		c.put(r, false)
	case r == '\t':
		c.out.WriteString("   ")
		c.put(' ', false)
	case r > ' ' && r <= '~' || r >= 0x4e00 && r <= 0x9fa5: // most of all there is
		c.put(r, true)
	case isJoiner(r):
	case r >= flagA && r <= flagZ:
		c.put('Ａ'+r-flagA, true)
	case r < 0x20:
		c.hidden++
		c.put('␀'+r, false)
	case r == 0x7f:
		c.hidden++
		c.put('␡', false)
	case !unicode.IsGraphic(r), isBlank(r):
		c.number(r)
	case runeCells(r) == 0:
		c.mark(r)
	default:
		c.put(r, true)
	}
}

// put writes a character; base tells whether it can carry marks.
func (c *cleaner) put(r rune, base bool) {
	c.out.WriteRune(r)
	c.base, c.marks = base, 0
}

// number writes the number of a character that has no shape.
func (c *cleaner) number(r rune) {
	c.hidden++
	c.out.WriteString("⟨U+")
	for shift := max(12, (bits.Len32(uint32(r))-1)/4*4); shift >= 0; shift -= 4 {
		c.out.WriteByte("0123456789ABCDEF"[r>>shift&15])
	}
	c.put('⟩', false)
}

// mark adds a rune without width to the letter before it, or to a dotted circle.
func (c *cleaner) mark(r rune) {
	if !c.base {
		c.put('◌', true)
	}
	if c.marks++; c.marks > maxMarks {
		c.hidden++
		return
	}
	c.out.WriteRune(r)
}

// isJoiner holds for what is dropped without a trace.
func isJoiner(r rune) bool {
	switch {
	case r == 0x200C, r == 0x200D, // zero width (non-)joiner
		r == 0xFE0E, r == 0xFE0F, // text or emoji style
		r == 0x20E3,                  // keycap
		r == 0x00AD,                  // soft hyphen
		r >= 0x1F3FB && r <= 0x1F3FF: // skin tones
		return true
	}
	return false
}

// isBlank holds for letters and selectors that show nothing.
func isBlank(r rune) bool {
	switch {
	case r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x3164, r == 0xFFA0, r == 0x2800,
		r >= 0x180B && r <= 0x180F, unicode.Is(unicode.Variation_Selector, r):
		return true
	}
	return false
}
