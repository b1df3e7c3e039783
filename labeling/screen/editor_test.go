package screen

import (
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
)

// editing makes an editor from a text with | where the cursor is.
func editorAt(text string, one bool) editor {
	before, after, _ := strings.Cut(text, "|")
	e := newEditor(before+after, one, 1000)
	e.row = strings.Count(before, "\n")
	e.col = len(before) - strings.LastIndexByte(before, '\n') - 1
	return e
}

// drawn is the text with | where the cursor is.
func (e editor) drawn() string {
	text, at := e.text(), e.offset()
	return text[:at] + "|" + text[at:]
}

func TestEditorKeys(t *testing.T) {
	for _, c := range []struct{ text, keys, want string }{
		{"|", "a b space 世", "ab 世|"},
		{"ab|cd", "enter", "ab\n|cd"},
		{"ab\n|cd", "backspace", "ab|cd"},
		{"ab|\ncd", "delete", "ab|cd"},
		{"|ab", "backspace", "|ab"},
		{"ab|", "delete", "ab|"},
		{"ab|\ncd", "right right right", "ab\ncd|"},
		{"ab\n|cd", "left", "ab|\ncd"},
		{"a世|b", "left left", "|a世b"},
		{"one two|", "ctrl+w", "one |"},
		{"one  |two", "ctrl+w", "|two"},
		{"one\n|two", "ctrl+w", "one|two"},
		{"one| two three", "alt+d", "one| three"},
		{"one tw|o\nx", "ctrl+u", "|o\nx"},
		{"one| two\nx", "ctrl+k", "one|\nx"},
		{"one|\nx", "ctrl+k", "one|x"},
		{"one two|", "ctrl+left ctrl+left", "|one two"},
		{"|one two", "ctrl+right", "one| two"},
		{"|one two", "alt+f alt+f", "one two|"},
		{"on|e\ntwo", "home", "|one\ntwo"},
		{"on|e\ntwo", "end", "one|\ntwo"},
		{"on|e\ntwo", "ctrl+end", "one\ntwo|"},
		{"one\ntw|o", "ctrl+home", "|one\ntwo"},
		{"one\ntw|o", "up", "on|e\ntwo"},
		{"on|e\ntwo", "down", "one\ntw|o"},
		{"one|\nx\nlonger", "down", "one\nx|\nlonger"},
		{"x\n|", "tab", "x\n\t|"},
		// In rows of 29 cells: to the nearest column, counted in cells; beyond the last row to
		// its end, beyond the first to its beginning.
		{"天空|是", "down", "天空是|"},
		{"a|b", "up", "|ab"},
		{"世界\nab|cd", "up", "世|界\nabcd"},
		{"ab\n世|界", "up", "ab|\n世界"},
		// What is shown as one is one: a letter with its mark, a picture with its joiner.
		{"👩\u200d🔬|x", "backspace", "👩|x"},
		{"e\u0301|x", "backspace", "|x"},
		{"|e\u0301x", "delete", "|x"},
		{"❤\ufe0f|", "left", "|❤\ufe0f"},
		{"|ab", "ctrl+g f12 alt+z", "|ab"},
		{"0123456789|0123456789", "up", "|01234567890123456789"},
		{"aaaa bbbb cccc dddd eeee ffff| gggg", "up", "|aaaa bbbb cccc dddd eeee ffff gggg"},
	} {
		e := editorAt(c.text, false)
		for _, k := range strings.Fields(c.keys) {
			if k == "space" {
				k = " "
			}
			e, _, _ = e.key(k, 30, 5)
		}
		if e.drawn() != c.want {
			t.Errorf("%q, %s: got %q, want %q", c.text, c.keys, e.drawn(), c.want)
		}
	}
}

func TestEditorKeepsOneLine(t *testing.T) {
	e := newEditor("a\r\nb", true, 10)
	if e.drawn() != "a b|" {
		t.Errorf("got %q", e.drawn())
	}
	e, ok := e.insert("c\nd\x1b")
	if !ok || e.drawn() != "a bc d␛|" {
		t.Errorf("got %q, %v", e.drawn(), ok)
	}
	if _, ok := e.insert("12345"); ok {
		t.Error("more than 10 bytes are taken")
	}
	if e, ok, _ := e.key("enter", 30, 1); ok || e.drawn() != "a bc d␛|" {
		t.Errorf("Enter: got %q, %v", e.drawn(), ok)
	}
}

func TestEditorCutsAtACharacter(t *testing.T) {
	if got := newEditor("a世界", false, 6).text(); got != "a世" {
		t.Errorf("got %q, want the characters that 6 bytes have room for", got)
	}
}

// What the editor does not touch keeps its bytes, but for what cannot be stored.
func TestEditorKeepsEveryByte(t *testing.T) {
	text := "\x1b[2J👩‍🔬\u202e\u200b e\u0301\t世\n\n x "
	if got := newEditor(text, false, 1000).text(); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	if got := newEditor("a\r\nb\rc\xff", false, 1000).text(); got != "a\nb\nc\uFFFD" {
		t.Errorf("got %q", got)
	}
}

// Wherever the cursor goes, it is seen.
func TestEditorFollowsTheCursor(t *testing.T) {
	e := newEditor(strings.Repeat("word 世界 and more of it\n", 30)+strings.Repeat("x", 200), false, 100000)
	for _, k := range strings.Fields(strings.Repeat("down ", 40) + strings.Repeat("up ", 30) + "ctrl+end pgup pgup pgdown pgdown ctrl+home end right right ctrl+end enter enter backspace") {
		e, _, _ = e.key(k, 12, 5)
		var p pen
		rows := 0
		e.view(&p, 12, 5, func() { rows++ })
		if rows != 5 || strings.Count(string(p.b), sequences[0][reversed]) != 1 {
			t.Fatalf("after %s at %d:%d: got %d rows, %d cursors", k, e.row, e.col, rows, strings.Count(string(p.b), sequences[0][reversed]))
		}
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("世界\x1b👩‍🔬\n\ne\u0301 x", []byte("walk about"), uint8(9))
	f.Add("a\tb\r\n", []byte{0, 1, 2, 3}, uint8(40))
	keys := strings.Fields("left right up down home end pgup pgdown ctrl+left ctrl+right ctrl+home ctrl+end backspace delete ctrl+w ctrl+u ctrl+k alt+d enter tab x 世 \u0301 \u200d")
	f.Fuzz(func(t *testing.T, text string, pressed []byte, w uint8) {
		width := max(4, int(w))
		e := newEditor(text, false, 4000)
		for _, b := range pressed {
			e, _, _ = e.key(keys[int(b)%len(keys)], width, 6)
			var p pen
			rows, from := 0, 0
			e.view(&p, width, 6, func() {
				row := styles.ReplaceAllString(string(p.b[from:]), "")
				if n := Cells(row); n != width {
					t.Errorf("got %d cells, want %d: %q", n, width, row)
				}
				checkPlain(t, row)
				rows, from = rows+1, len(p.b)
			})
			if rows != 6 {
				t.Errorf("got %d rows, want 6", rows)
			}
		}
	})
}

// The edit of a response is a part of the answer.
func TestEditing(t *testing.T) {
	original := sky.Candidates[0]
	edit := func(of labeling.CandidateID, text string) *labeling.Edit { return &labeling.Edit{Of: of, Text: text} }
	for _, c := range []struct {
		name, keys string
		action     Action
		want       *labeling.Edit
	}{
		{"the one in focus", "e X ctrl+s", Draft, edit(1, "X"+original)},
		{"the better one", "k e X ctrl+s", Draft, edit(2, "X"+sky.Candidates[1])},
		{"kept by Enter", "e X esc enter", Draft, edit(1, "X"+original)},
		{"kept by Alt-Enter", "e X alt+enter", Draft, edit(1, "X"+original)},
		{"dropped", "e X esc d", Draft, nil},
		{"gone on with", "e X esc y Y ctrl+s", Draft, edit(1, "XY"+original)},
		{"nothing changed", "e esc", Draft, nil},
		{"changed back", "e X backspace esc", Draft, nil},
		{"kept as it was", "e ctrl+s", Draft, nil},
		{"left as it was", "e ctrl+c", Leave, nil},
		{"all of it deleted", "e ctrl+k ctrl+k ctrl+k ctrl+k ctrl+k ctrl+s", Draft, nil},
		{"taken up again", "e X ctrl+s e Y ctrl+s", Draft, edit(1, "YX"+original)},
		{"taken up again whatever is better now", "e X ctrl+s k e Y ctrl+s", Draft, edit(1, "YX"+original)},
		{"dropped the second time", "e X ctrl+s e Y esc d", Draft, edit(1, "X"+original)},
		{"left in the middle", "e X ctrl+c", Leave, edit(1, "X"+original)},
		{"left at the question", "e X esc ctrl+c", Leave, edit(1, "X"+original)},
	} {
		s, a := press(opened(Options{}, 80, 24), c.keys)
		got := s.Answer().Edit
		if a != c.action || (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %s: got action %d, %+v, want %d, %+v", c.name, c.keys, a, got, c.action, c.want)
		}
	}
}

func TestEditIsDraftedNowAndThen(t *testing.T) {
	s, _ := press(opened(Options{}, 80, 24), "e")
	count := func(since time.Duration) (drafts int) {
		at := s
		for range 100 {
			var a Action
			if at, a = at.Key("x", since); a == Draft {
				drafts++
			}
		}
		return drafts
	}
	if n := count(100 * time.Millisecond); n != 5 {
		t.Errorf("typed at one go: got %d drafts of 100 keys, want one every 20", n)
	}
	if n := count(draftRest); n != 100 {
		t.Errorf("typed with rests: got %d drafts, want one after each", n)
	}
	if _, a := s.Paste("many\nlines", hand); a != Draft {
		t.Errorf("pasted: got action %d", a)
	}
	if s, a := s.Paste(strings.Repeat("x", labeling.MaxEdit), hand); a != None || !strings.Contains(s.View(), "no room") {
		t.Errorf("pasted without end: got action %d", a)
	}
}

// What is being written is in the answer before it is kept: a connection may break.
func TestCommentInProgressIsInTheAnswer(t *testing.T) {
	s, _ := press(opened(Options{}, 80, 24), "c h a l f")
	if got := s.Answer().Comment; got != "half" {
		t.Errorf("got %q", got)
	}
	if s, _ = press(s, "esc"); s.Answer().Comment != "" {
		t.Errorf("dropped: got %q", s.Answer().Comment)
	}
}
