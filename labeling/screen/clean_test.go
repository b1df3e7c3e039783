package screen

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		hidden         int
	}{
		{"plain", "Hello, 世界\n", "Hello, 世界\n", 0},
		{"clipboard (OSC 52)", "\x1b]52;c;QUJD\x07", "␛]52;c;QUJD␇", 2},
		{"clear screen (CSI)", "\x1b[2J\x1b[H", "␛[2J␛[H", 2},
		{"C1 CSI", "\u009b2J", "⟨U+009B⟩2J", 1},
		{"raw C1 byte", "\x9b2J", "\uFFFD2J", 1},
		{"device control and string end", "\x1bP$q\x1b\\", "␛P$q␛\\", 2},
		{"title and hyperlink", "\x1b]8;;http://x\x1b\\y", "␛]8;;http://x␛\\y", 2},
		{"bell, backspace, delete, nul", "\a\b\x7f\x00", "␇␈␡␀", 4},
		{"carriage return hides", "evil\rgood", "evil␍good", 1},
		{"DOS line ends are ends", "a\r\nb", "a\nb", 0},
		{"tab", "a\tb", "a    b", 0},
		{"bidi override", "\u202eabc\u202c", "⟨U+202E⟩abc⟨U+202C⟩", 2},
		{"bidi isolate and marks", "\u2067a\u2069\u200f\u061c", "⟨U+2067⟩a⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩", 4},
		{"zero width space, word joiner, BOM", "a\u200b\u2060\ufeffb", "a⟨U+200B⟩⟨U+2060⟩⟨U+FEFF⟩b", 3},
		{"tag characters", "\U000e0041", "⟨U+E0041⟩", 1},
		{"line separators", "a\u2028b\u2029", "a⟨U+2028⟩b⟨U+2029⟩", 2},
		{"variation selectors as a covert channel", "a\U000e0101", "a⟨U+E0101⟩", 1},
		{"Hangul fillers", "\u3164\u115f", "⟨U+3164⟩⟨U+115F⟩", 2},
		{"private use", "\ue000", "⟨U+E000⟩", 1},
		{"noncharacter", "\uffff", "⟨U+FFFF⟩", 1},
		{"broken UTF-8", "a\xff\xc3(\xe4\xb8", "a\uFFFD\uFFFD(\uFFFD\uFFFD", 4},
		{"a replacement character as such", "\uFFFD", "\uFFFD", 0},
		{"combining tower", "e" + strings.Repeat("\u0301", 40), "e" + strings.Repeat("\u0301", maxMarks), 40 - maxMarks},
		{"a mark without a letter", "\u0301x", "◌\u0301x", 0},
		{"a mark at the beginning of a line", "a\n\u0301", "a\n◌\u0301", 0},
		{"emoji family", "👩‍👩‍👧", "👩👩👧", 0},
		{"emoji with style and skin", "❤️👍🏽", "❤👍", 0},
		{"keycap", "1️⃣", "1", 0},
		{"Vietnamese, decomposed", "e\u0302\u0301", "e\u0302\u0301", 0},
		{"Hebrew and Arabic letters", "שלום سلام", "שלום سلام", 0},
		{"Thai", "ที่", "ที่", 0},
	} {
		got, hidden := Clean(c.in)
		if got != c.want || hidden != c.hidden {
			t.Errorf("%s: got %q, %d hidden, want %q, %d", c.name, got, hidden, c.want, c.hidden)
		}
	}
}

func TestCellsOfWideText(t *testing.T) {
	for s, want := range map[string]int{"abc": 3, "世界": 4, "한국": 4, "ｆｕｌｌ": 8, "e\u0301": 1, "👩": 2, "…": 1, "│": 1, "ที่": 1, "": 0} {
		if got := Cells(s); got != want {
			t.Errorf("%q: got %d cells, want %d", s, got, want)
		}
	}
	for _, c := range []struct {
		s    string
		w    int
		want string
	}{{"abcdef", 4, "abc…"}, {"世界世界", 5, "世界…"}, {"世界世界", 4, "世… "}, {"ab", 4, "ab  "}, {"ab", 0, ""}} {
		if got := Fit(c.s, c.w); got != c.want {
			t.Errorf("fit %q in %d: got %q, want %q", c.s, c.w, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"\x1b]52;c;QUJD\x07", "\u202e\u2066", "e\u0301\u0301", "\xff\xfe", "👩‍🔬", "\u009b31m", "a\r\nb\rc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, _ := Clean(in)
		checkPlain(t, got)
		if again, hidden := Clean(got); again != got || hidden != 0 {
			t.Errorf("cleaned twice: got %q of %q, %d hidden", again, got, hidden)
		}
	})
}
