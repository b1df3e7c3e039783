package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
)

// spoken tells each message in a word: a key's name, text in quotes, what else it is.
func spoken(msgs []tea.Msg) (out []string) {
	for _, m := range msgs {
		switch m := m.(type) {
		case tea.KeyMsg:
			switch {
			case m.Paste:
				out = append(out, fmt.Sprintf("paste %q", string(m.Runes)))
			case m.Type == tea.KeyRunes && len(m.Runes) > 1:
				out = append(out, fmt.Sprintf("text %q", string(m.Runes)))
			default:
				out = append(out, m.String())
			}
		case tea.FocusMsg:
			out = append(out, "focus")
		case tea.BlurMsg:
			out = append(out, "blur")
		case tea.MouseMsg:
			out = append(out, fmt.Sprintf("%s at %d,%d", m, m.X, m.Y))
		default:
			out = append(out, fmt.Sprintf("%T", m))
		}
	}
	return out
}

func TestDecoder(t *testing.T) {
	for _, tt := range []struct {
		name  string // and where the expectation comes from
		reads []string
		want  []string
	}{
		{"letters, one a read", []string{"a", ";", "；"}, []string{"a", ";", "；"}},
		{"text that came at once", []string{"sad kl"}, []string{`text "sad kl"`}},
		{"text and Enter", []string{"sad\rk"}, []string{`text "sad"`, "enter", "k"}},
		{"a space", []string{" "}, []string{" "}},
		{"control characters (ECMA-48, C0)", []string{"\r\t\x7f\b\x03\x15\n"}, []string{"enter", "tab", "backspace", "ctrl+h", "ctrl+c", "ctrl+u", "ctrl+j"}},
		{"the key Escape", []string{"\x1b", "\x1b\x1b"}, []string{"esc", "esc", "esc"}},
		{"arrows (xterm ctlseqs: PC-style, normal and application)", []string{"\x1b[A\x1b[B\x1b[C\x1b[D", "\x1bOA\x1bOB\x1bOC\x1bOD"}, []string{"up", "down", "right", "left", "up", "down", "right", "left"}},
		{"arrows with modifiers (xterm: 2 Shift, 3 Alt, 5 Ctrl)", []string{"\x1b[1;2A\x1b[1;3B\x1b[1;5C"}, []string{"shift+up", "alt+down", "ctrl+right"}},
		{"editing keys (VT220, xterm, rxvt)", []string{"\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1b[2~\x1b[3~"}, []string{"pgup", "pgdown", "home", "end", "home", "end", "home", "end", "insert", "delete"}},
		{"editing keys with modifiers", []string{"\x1b[5;5~\x1b[1;5H\x1b[1;2F"}, []string{"ctrl+pgup", "ctrl+home", "shift+end"}},
		{"back tab (xterm)", []string{"\x1b[Z"}, []string{"shift+tab"}},
		{"function keys (xterm)", []string{"\x1bOP\x1bOS\x1b[15~\x1b[24~"}, []string{"f1", "f4", "f5", "f12"}},
		{"Alt", []string{"\x1bx", "\x1b\r", "\x1bß"}, []string{"alt+x", "alt+enter", "alt+ß"}},
		{"focus (xterm: mode 1004)", []string{"\x1b[I\x1b[O"}, []string{"focus", "blur"}},
		{"mouse (xterm: SGR 1006), columns and rows from 1", []string{"\x1b[<0;5;7M\x1b[<0;5;7m\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<2;1;1M\x1b[<35;9;9M"}, []string{"left press at 4,6", "left release at 4,6", "wheel up at 0,0", "wheel down at 0,0"}},
		{"no mouse", []string{"\x1b[<0;5M\x1b[<0;5;6;7M\x1b[<;;M"}, nil},
		{"bracketed paste (xterm: mode 2004)", []string{"\x1b[200~enter\r\x1b[A\x1b[201~k"}, []string{`paste "enter\r\x1b[A"`, "k"}},
		{"a paste in pieces", []string{"\x1b[20", "0~one ", "two\x1b[2", "01~", "k"}, []string{`paste "one two"`, "k"}},
		{"a paste that almost ends", []string{"\x1b[200~a\x1b[20", "0~b\x1b[201~"}, []string{`paste "a\x1b[200~b"`}},
		{"an empty paste", []string{"\x1b[200~\x1b[201~"}, []string{`paste ""`}},
		{"a sequence in pieces", []string{"\x1b[", "5", "~"}, []string{"pgup"}},
		{"half a character", []string{"\xe4\xbd", "\xa0"}, []string{"你"}},
		{"half a character behind text", []string{"ab\xe4", "\xbd\xa0"}, []string{`text "ab"`, "你"}},
		{"broken characters", []string{"a\xffb", "\xff"}, []string{`text "ab"`}},
		{"answers to questions that nobody asked (xterm: OSC, DCS)", []string{"\x1b]11;rgb:0/0/0\x07k", "\x1bP1$r0m\x1b\\l"}, []string{"k", "l"}},
		{"keys that nobody knows", []string{"\x1b[99~\x1b[?1;2c\x1b[1;1R", "\x1bOz"}, []string{"f3"}},
		{"a sequence that is none", []string{"\x1b[" + strings.Repeat("1;", 100) + "Ak"}, []string{`text "Ak"`}},
	} {
		var d decoder
		var got []string
		for _, r := range tt.reads {
			got = append(got, spoken(d.decode([]byte(r)))...)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A paste without end is bounded, and so is what comes of it.
func TestDecoder_HugePaste(t *testing.T) {
	var d decoder
	d.decode([]byte(pasteBegin))
	for range 3 * maxPaste / 4096 {
		if got := d.decode([]byte(strings.Repeat("x", 4096))); len(got) > 0 {
			t.Fatalf("got %v in the middle of a paste", spoken(got))
		}
	}
	got := d.decode([]byte(pasteEnd))
	if len(got) != 1 || len(got[0].(tea.KeyMsg).Runes) != maxPaste {
		t.Errorf("got %d messages, want one paste of %d characters", len(got), maxPaste)
	}
}

// Whatever arrived before, the keyboard works again once the paste, if one began, is over.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{"abc", "\x1b[A", "\x1b[200~x\x1b[201~", "\x1b[<0;1;1M", "\xe4\xbd", "\x1b]52;c;", "\x1b[1;5", "\x1bO", "\x1b[M !!", "\x1b\x1b[["} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var d decoder
		cut = min(max(cut, 0), len(b))
		for _, read := range [][]byte{b[:cut], b[cut:]} {
			for _, m := range d.decode(read) {
				k, isKey := m.(tea.KeyMsg)
				if isKey && !k.Paste && k.Type == tea.KeyRunes && slices.ContainsFunc(k.Runes, func(r rune) bool { return r < ' ' || r == 0x7f || r > unicode.MaxRune }) {
					t.Errorf("control characters in text: %q", string(k.Runes))
				}
			}
			if !d.pasting && len(d.rest) > maxSequence {
				t.Errorf("%d bytes wait", len(d.rest))
			}
		}
		d.decode([]byte(pasteEnd))
		if got := spoken(d.decode([]byte("q"))); len(got) != 1 || got[0] != "q" && got[0] != "alt+q" {
			t.Errorf("then q: got %q", got)
		}
	})
}

func TestLines(t *testing.T) {
	var l lines
	var got []string
	for _, r := range []string{"k\n\n", "good ", "work\r\n", "esc\nspace\n\x03\nz"} {
		got = append(got, spoken(l.decode([]byte(r)))...)
	}
	want := []string{"k", "enter", `paste "good work"`, "esc", " ", "ctrl+c"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	long := lines{}
	if got := long.decode([]byte(strings.Repeat("x", 2*maxLine) + "\n")); len(got[0].(tea.KeyMsg).Runes) != maxLine {
		t.Errorf("a line of %d: got %d characters, want %d", 2*maxLine, len(got[0].(tea.KeyMsg).Runes), maxLine)
	}
}
