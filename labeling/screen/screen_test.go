package screen

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"plumbline/labeling"
)

const hand = time.Second // between keys of a person

// press types keys separated by spaces; "space" is the space bar.
func press(s State, keys string) (State, Action) {
	last := None
	for _, k := range strings.Fields(keys) {
		if k == "space" {
			k = " "
		}
		var a Action
		if s, a = s.Key(k, hand); a != None {
			last = a
		}
	}
	return s, last
}

func prompt(s string) labeling.Prompt { return labeling.Prompt{Text: s} }

// builtin is a task that comes with the program.
func builtin(t *testing.T, name string) labeling.Task {
	t.Helper()
	task, err := labeling.BuiltinTask(name)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func opened(o Options, w, h int) State {
	o.Title, o.Guideline = "demo · ann", "Prefer the honest one."
	if o.Task.Questions == nil {
		o.Task = labeling.PairTask(false)
	}
	return New(o).Resize(w, h).Progressed(Progress{Mine: 3, Done: 10, Wanted: 80}).Show(sky)
}

// checkFrame holds the view to what every view must be.
func checkFrame(t *testing.T, s State, w, h int) string {
	t.Helper()
	view := s.View()
	bare := styles.ReplaceAllString(view, "")
	checkPlain(t, bare)
	rows := strings.Split(bare, "\n")
	if len(rows) != h {
		t.Errorf("got %d rows, want %d", len(rows), h)
	}
	for i, r := range strings.Split(view, "\n") {
		if last := strings.LastIndexByte(r, 0x1b); last >= 0 && !strings.HasPrefix(r[last:], off) {
			t.Errorf("row %d does not end its styles: %q", i, r)
		}
	}
	for i, r := range rows {
		if n := Cells(r); n != w {
			t.Errorf("row %d: got %d cells, want %d: %q", i, n, w, r)
		}
		if len(r) == w {
			continue // ASCII
		}
		if n := ansi.StringWidth(r); n > w { // as other programs measure
			t.Errorf("row %d: %d columns by graphemes, want at most %d: %q", i, n, w, r)
		}
	}
	return view
}

// styles are the only sequences a view may have.
var styles = regexp.MustCompile("\x1b\\[(0|[1-9;]+)m")

// checkPlain finds anything but text.
func checkPlain(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r == '\n' || r >= ' ' && r <= '~' {
			continue
		}
		ok, known := isPrintable[r]
		if !known {
			ok = printable(r)
			isPrintable[r] = ok
		}
		if !ok {
			t.Errorf("%U in %.200q", r, s)
			return
		}
	}
}

var isPrintable = map[rune]bool{} // what printable said

// printable holds for what has a shape or sits on the character before it, and turns
// nothing round. It is told from the Unicode tables alone, not as Clean does.
func printable(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S) &&
		!unicode.In(r, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && r != 0x2800 || r != 0x2028 && r != 0x2029 && unicode.Is(unicode.Z, r)
}

// What an answer has besides its responses shows nowhere else: where there is no room
// for words, the keys that gave it show. By hand, from the words and 40 columns.
func TestFlagShowsInANarrowTerminal(t *testing.T) {
	row := func(s State) string {
		rows := strings.Split(styles.ReplaceAllString(s.View(), ""), "\n")
		return strings.TrimRight(rows[len(rows)-3], " ")
	}
	s, _ := press(opened(Options{Task: builtin(t, "pair")}, 40, 12), "f")
	for _, c := range []struct{ keys, want string }{
		{"", "Which is … · A is negligibly better, or…"},
		{"!", "Which is … · A is negligibly better… [!]"},
		{"e x ctrl+s", "Which is … · A is negligibly bet… [e][!]"},
		{"c s o enter", "Which is … · A is negligibly … [e][!][c]"},
		{"!", "Which is … · A is negligibly bet… [e][c]"},
		{"s", "Which is better? · A is better [e][c]"},
		{"e ctrl+home ctrl+k ctrl+k ctrl+k ctrl+k ctrl+s", "Which is be… · A is better · comment: so"},
	} {
		if s, _ = press(s, c.keys); row(s) != c.want {
			t.Errorf("%q: got %q, want %q", c.keys, row(s), c.want)
		}
	}
}

func TestTooSmallSaysSo(t *testing.T) {
	for _, size := range [][2]int{{39, 24}, {80, 11}, {1, 1}} {
		s := opened(Options{}, size[0], size[1])
		view := checkFrame(t, s, size[0], size[1])
		if size[0] > 30 && !strings.Contains(view, "need 40×12") {
			t.Errorf("%v: got %q", size, view)
		}
	}
}

// What cannot be seen is not judged.
func TestTooSmallTakesNoAnswer(t *testing.T) {
	s, _ := press(opened(Options{}, 39, 24), "k enter")
	s, a := s.Mouse(5, 22, Press, hand)
	s, b := s.Paste("k", hand)
	if a != None || b != None || s.mode != judging || !s.Answer().Empty() {
		t.Errorf("got actions %d and %d, mode %d, %+v", a, b, s.mode, s.Answer())
	}
	for _, k := range []string{"q", "ctrl+c"} {
		if _, a := s.Key(k, hand); a != Leave {
			t.Errorf("%s: got action %d, want to leave", k, a)
		}
	}
	if s, a := press(s.Resize(40, 12), "k enter"); a != Save || !equal(s.Answer(), right(2)) {
		t.Errorf("large enough again: got action %d, %+v", a, s.Answer())
	}
	if s, _ := press(opened(Options{Linear: true}, 20, 5), "k"); !equal(s.Answer(), right(2)) {
		t.Errorf("linear mode has no size: got %+v", s.Answer())
	}
}

// left and right are answers to the pair task: A, or B, is better by so much.
func left(strength int) labeling.Answer  { return labeling.Prefer("preference", 1, 2, strength) }
func right(strength int) labeling.Answer { return labeling.Prefer("preference", 2, 1, strength) }

// with adds a flag and a comment to an answer.
func with(a labeling.Answer, flagged bool, comment string) labeling.Answer {
	a.Flagged, a.Comment = flagged, comment
	return a
}

// equal compares answers; no responses are as good as an empty table of them.
func equal(a, b labeling.Answer) bool {
	if len(a.Responses) == 0 && len(b.Responses) == 0 {
		a.Responses, b.Responses = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func TestKeysOfAPair(t *testing.T) {
	var none labeling.Answer
	for _, c := range []struct {
		keys   string
		action Action
		want   labeling.Answer
	}{
		{"a", Draft, left(4)},
		{"s", Draft, left(3)},
		{"d", Draft, left(2)},
		{"f", Draft, left(1)},
		{"j", Draft, right(1)},
		{"k", Draft, right(2)},
		{"l", Draft, right(3)},
		{";", Draft, right(4)},
		{"；", Draft, right(4)},
		{"1", Draft, left(4)},
		{"4", Draft, left(1)},
		{"5", Draft, right(1)},
		{"8", Draft, right(4)},
		{"a j", Draft, right(1)},
		{"a enter", Save, left(4)},
		{"enter", None, none},
		{"a backspace", Draft, none},
		{"! a", Draft, with(left(4), true, "")},
		{"! !", Draft, none},
		{"! enter", Save, with(none, true, "")},
		{"c g o o d space enter", Draft, with(none, false, "good")},
		{"c g o backspace enter", Draft, with(none, false, "g")},
		{"c g o esc", None, none},
		{"c a ; 1 enter k", Draft, with(right(2), false, "a;1")},
		{"n n o enter", Skip, none},
		{"n n o esc", None, none},
		{"? a", None, none},
		{"g down a k", Draft, right(2)},
		{"p enter", None, none},
		{"z", Undo, none},
		{"m", ToggleMouse, none},
		{"q", Leave, none},
		{"ctrl+c", Leave, none},
		{"c ctrl+c", Leave, none},
		{"0", None, none}, // no ties in this project
		{"x y tab home", None, none},
	} {
		s, a := press(opened(Options{}, 80, 24), c.keys)
		if a != c.action || !equal(s.Answer(), c.want) {
			t.Errorf("%s: got action %d, %+v, want %d, %+v", c.keys, a, s.Answer(), c.action, c.want)
		}
	}
	s, a := press(opened(Options{Task: labeling.PairTask(true)}, 80, 24), "a 0 enter")
	if a != Save || !equal(s.Answer(), labeling.Equal("preference", 1, 2)) {
		t.Errorf("a tie: got action %d, %+v", a, s.Answer())
	}
}

func TestSkipHasItsReason(t *testing.T) {
	s, a := press(opened(Options{}, 80, 24), "n t o o space l o n g enter")
	if a != Skip || s.Reason() != "too long" {
		t.Errorf("got %d, %q", a, s.Reason())
	}
}

func TestKeysAreSwallowedWhileSavingAndLoading(t *testing.T) {
	saving, _ := press(opened(Options{}, 80, 24), "a enter")
	for name, s := range map[string]State{"saving": saving, "loading": saving.Loading()} {
		after, a := press(s, "k enter n z c ! space")
		if a != None || !equal(after.Answer(), s.Answer()) {
			t.Errorf("%s: got action %d, %+v", name, a, after.Answer())
		}
	}
}

func TestFailedSaveIsSentAgainUnchanged(t *testing.T) {
	s, _ := press(opened(Options{}, 80, 24), "a enter")
	s = s.Failed("disk full\x1b[2J")
	if !strings.Contains(checkFrame(t, s, 80, 24), "disk full␛[2J") {
		t.Error("the reason is not shown")
	}
	s, a := press(s, "k c enter")
	if a != Retry || !equal(s.Answer(), left(4)) {
		t.Errorf("got action %d, %+v, want the same answer again", a, s.Answer())
	}
}

func TestUndoWithNothingToUndoReturns(t *testing.T) {
	s, _ := press(opened(Options{}, 80, 24), "k z")
	s = s.NoUndo()
	if !equal(s.Answer(), right(2)) || !strings.Contains(s.View(), "nothing to undo") {
		t.Errorf("got %+v", s.Answer())
	}
	if s, a := press(s, "enter"); a != Save {
		t.Errorf("got action %d of %+v, want the item to go on", a, s.Answer())
	}
}

// A terminal without bracketed paste sends pasted text as keys: "sad" and Enter.
func TestPasteNeverSaves(t *testing.T) {
	burst := func(s State, keys string, since time.Duration) (saves int, end State) {
		for _, k := range keys {
			name := string(k)
			if k == '\n' {
				name = "enter"
			}
			var a Action
			if s, a = s.Key(name, since); a == Save {
				saves++
			}
		}
		return saves, s
	}
	s, _ := opened(Options{}, 80, 24).Key("down", hand)
	n, end := burst(s, "sad\nkl\n", time.Millisecond)
	if n != 0 || !end.Answer().Empty() {
		t.Errorf("one burst: got %d saves, %+v", n, end.Answer())
	}
	if n, end := burst(s, "k"+strings.Repeat("y", 200)+"\n", time.Millisecond); n != 0 || !end.Answer().Empty() {
		t.Errorf("a long burst: got %d saves, %+v", n, end.Answer())
	}
	if n, _ := burst(s, "k\n", 61*time.Millisecond); n != 1 {
		t.Errorf("a quick hand: got %d saves, want 1", n)
	}
	if n, end := burst(opened(Options{}, 80, 24), "k\n", 74*time.Millisecond); n != 0 || !end.Answer().Empty() {
		t.Errorf("typed ahead before the item appeared: got %d saves, %+v", n, end.Answer())
	}
	chosen, _ := s.Key("k", hand)
	after, _ := chosen.Paste("sad", hand) // several characters in one read
	if n, end := burst(after, "\nl\n", time.Millisecond); n != 0 || !equal(end.Answer(), right(2)) {
		t.Errorf("after a choice: got %d saves, %+v, want none and what was chosen", n, end.Answer())
	}
	why, _ := press(s, "n")
	_, why = burst(why, "x\n", time.Millisecond)
	if !why.mode.page() || !strings.Contains(why.View(), "looked like pasted") {
		t.Errorf("a reason to skip: got\n%s", why.View())
	}
	if _, a := press(why, "enter"); a != Skip {
		t.Errorf("the reason confirmed: got action %d, want a skip", a)
	}
	if s, a := s.Paste("k\nenter", hand); a != None || !s.Answer().Empty() || !strings.Contains(s.View(), "ignored") {
		t.Errorf("a bracketed paste: got action %d, %+v", a, s.Answer())
	}
	s, _ = press(s, "c")
	s, _ = s.Paste("two\r\nlines\x1b[31m", hand)
	s, _ = press(s, "enter")
	if got := s.Answer().Comment; got != "two lines␛[31m" {
		t.Errorf("pasted into a comment: got %q", got)
	}
	s, _ = press(s, "c")
	if s, _ = s.Paste(strings.Repeat("x", labeling.MaxComment), hand); !strings.Contains(s.View(), "no room") {
		t.Error("a comment without end is accepted")
	}
}

func TestScrolling(t *testing.T) {
	long := strings.Repeat("line\n", 49) + "line"
	s := opened(Options{}, 80, 24).Show(Content{Prompt: prompt("p"), Candidates: []string{long, "short"}})
	rows := s.rows()
	at := func(keys string) int {
		got, _ := press(s, keys)
		return got.scroll[0]
	}
	for keys, want := range map[string]int{"up": 0, "down": 1, "pgdown": rows, "end": 50 - rows, "end down": 50 - rows, "end home": 0, "end pgup": 50 - 2*rows, "space down": 0} {
		if got := at(keys); got != want {
			t.Errorf("%s: got line %d, want %d", keys, got, want)
		}
	}
	end, _ := press(s, "end")
	if view := end.View(); !strings.Contains(view, fmt.Sprintf("%d–50/50 100%%▲", 50-rows+1)) {
		t.Errorf("got no position in\n%s", view)
	}
	if grown := end.Resize(80, 60); grown.scroll[0] != 0 {
		t.Errorf("on a taller terminal: got line %d, want 0", grown.scroll[0])
	}
}

func TestCorrectingSaysSo(t *testing.T) {
	c := sky
	c.Correcting, c.Answer = true, right(3)
	s := opened(Options{}, 80, 24).Show(c)
	if !strings.Contains(s.View(), "Correcting (Esc: leave as it was) · B is better") {
		t.Errorf("got\n%s", s.View())
	}
	if after, a := press(s, "n x enter"); a != Save || after.Reason() != "" {
		t.Errorf("a skip while correcting: got action %d", a)
	}
	if _, a := press(s, "esc"); a != Next {
		t.Errorf("esc: got action %d, want Next", a)
	}
}

// In the tutorial the answer is explained before it is saved, and cannot be changed any more.
func TestTutorialExplains(t *testing.T) {
	for keys, want := range map[string]string{"a": "✓ As expected.", "f": "✓ As expected.", "k": "✗ Something else was expected."} {
		s, a := press(tutorial(opened(Options{}, 80, 24)), keys+" enter")
		if view := checkFrame(t, s, 80, 24); a == Save || !strings.Contains(view, want) || !strings.Contains(view, "Trees attract lightning") {
			t.Errorf("%s: got action %d and\n%s", keys, a, view)
		}
		before := s.Answer()
		s, a = press(s, "s j 1 esc s j 1 ! c esc")
		if a != None || !equal(s.Answer(), before) {
			t.Errorf("%s: the answer is changed afterwards: %+v", keys, s.Answer())
		}
		if s, a = press(s, "enter"); a != Save || !equal(s.Answer(), before) {
			t.Errorf("%s: Enter: got action %d", keys, a)
		}
		if _, a := press(tutorial(opened(Options{}, 80, 24)), keys+" enter esc enter"); a != Save {
			t.Errorf("%s: Enter while the item is looked at again: got action %d", keys, a)
		}
	}
}

// The test tells how far it is, and nothing about right and wrong.
func TestScreeningTellsNothing(t *testing.T) {
	c := storm
	c.Phase = labeling.PhaseScreening
	s := opened(Options{}, 80, 24).Progressed(Progress{Tested: 19, Tests: 20}).Show(c)
	if !strings.Contains(s.View(), "test 20/20") {
		t.Errorf("got\n%s", s.View())
	}
	if s, a := press(s, "k enter"); a != Save {
		t.Errorf("got action %d, %q", a, s.note)
	}
}

// What all have done is told in whole percents, so that whoever works alone does not see
// from item to item which were work and which known answers or repeats. By hand.
func TestProgressShowsNoSingleItem(t *testing.T) {
	for _, c := range []struct {
		done, wanted int
		want         string
	}{
		{0, 0, "0 %"},
		{370, 1000, "37 %"},
		{379, 1000, "37 %"},
		{380, 1000, "38 %"},
		{999, 1000, "99 %"}, // something is left
		{1000, 1000, "100 %"},
	} {
		for lang, want := range map[Lang]string{English: "you 3 · all " + c.want, Chinese: "您 3 · 全部 " + c.want} {
			p := Progress{Mine: 3, Done: c.done, Wanted: c.wanted}
			header, _, _ := strings.Cut(styles.ReplaceAllString(opened(Options{Lang: lang}, 80, 24).Progressed(p).View(), ""), "\n")
			if !strings.HasSuffix(header, " "+want) {
				t.Errorf("%s, %d of %d: got %q, want %q at its end", lang, c.done, c.wanted, header, want)
			}
			before := opened(Options{Lang: lang, Linear: true}, 80, 24).Progressed(p)
			if said := before.Show(sky).Say(before); !strings.Contains(said, " · "+want+"\n") {
				t.Errorf("%s, %d of %d: got %.60q, want %q in it", lang, c.done, c.wanted, said, want)
			}
		}
	}
}

func TestWelcomeAndResult(t *testing.T) {
	s := New(Options{Task: builtin(t, "lamda"), Guideline: "Be *fair*."}).Welcome()
	text := checkFrame(t, s, 80, 24)
	s, _ = press(s, "end")
	text += checkFrame(t, s, 80, 24)
	for _, want := range []string{"There is no hurry", "Sensible?", "Grounded in known sources?", "fair"} {
		if !strings.Contains(text, want) {
			t.Errorf("the welcome has no %q", want)
		}
	}
	if s, a := press(s, "x k"); a != None || s.mode != welcoming {
		t.Errorf("another key: got action %d", a)
	}
	if _, a := press(s, "enter"); a != Begin {
		t.Errorf("Enter: got action %d", a)
	}
	for passed, want := range map[bool]Action{true: Begin, false: Finish} {
		if _, a := press(s.Result(passed), "enter"); a != want {
			t.Errorf("passed %v: got action %d, want %d", passed, a, want)
		}
	}
}

func TestChangedGuidelineIsToldUntilItIsRead(t *testing.T) {
	told := func(s State) bool { return strings.Contains(s.View(), "The guideline has changed: g shows version 4.") }
	for _, c := range []struct {
		seen int
		want bool
	}{{0, false}, {3, true}, {4, false}} {
		s := opened(Options{GuidelineVersion: 4, GuidelineSeen: c.seen}, 80, 24)
		if told(s) != c.want {
			t.Errorf("seen %d: got told %v", c.seen, told(s))
		}
		if s, _ = press(s, "g x"); told(s) {
			t.Errorf("seen %d: told after it was read", c.seen)
		}
	}
	s := opened(Options{GuidelineVersion: 3}, 80, 24).Guide("new", 4)
	if !told(s) {
		t.Error("a change during the work is not told")
	}
	if s = s.Show(storm); !told(s) {
		t.Error("forgotten with the next item")
	}
	if s, _ = press(s, "g"); told(s) || !strings.Contains(s.View(), "new") {
		t.Errorf("got\n%s", s.View())
	}
}

// What others said does not sway before it is asked for.
func TestVotesAreHiddenUntilAskedFor(t *testing.T) {
	s := adjudication(opened(Options{}, 120, 40))
	if strings.Contains(s.View(), "which trees") || strings.Contains(s.Say(New(Options{})), "which trees") {
		t.Error("shown at once")
	}
	s, _ = press(s, "v")
	for _, want := range []string{"A is significantly better", "B is negligibly better", "comment: which trees? Answer 3␛[2J"} {
		if !strings.Contains(s.View(), want) {
			t.Errorf("no %q in\n%s", want, s.View())
		}
	}
	if s, _ := press(opened(Options{}, 120, 40), "v"); s.mode != judging {
		t.Error("v opens a page where there are no votes")
	}
}

func TestSkipOffersReasons(t *testing.T) {
	for _, c := range []struct {
		keys, want string
		action     Action
	}{
		{"n 2 enter", "I do not know this language", Skip},
		{"n 2 space ! enter", "I do not know this language !", Skip},
		{"n 9 enter", "9", Skip},
		{"n x 2 enter", "x2", Skip},
		{"n enter", "", None},
		{"n space enter", "", None},
	} {
		s, a := press(opened(Options{}, 80, 24), c.keys)
		if a != c.action || s.Reason() != c.want {
			t.Errorf("%s: got action %d, %q", c.keys, a, s.Reason())
		}
	}
}

func TestColourOnlyWhereWanted(t *testing.T) {
	for _, c := range []bool{false, true} {
		s, _ := press(opened(Options{Color: c}, 120, 40), "w")
		if got := strings.Contains(s.View(), ";33m"); got != c {
			t.Errorf("color %v: got colours %v", c, got)
		}
	}
}

// Every word is there in both languages, and asks for the same values.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z%]`)
	var compare func(name string, en, zh reflect.Value)
	compare = func(name string, en, zh reflect.Value) {
		switch en.Kind() {
		case reflect.String:
			a, b := en.String(), zh.String()
			if (a == "") != (b == "") || !slices.Equal(verbs.FindAllString(a, -1), verbs.FindAllString(b, -1)) {
				t.Errorf("%s: got %q and %q", name, a, b)
			}
		case reflect.Struct:
			for i := range en.NumField() {
				compare(name+"."+en.Type().Field(i).Name, en.Field(i), zh.Field(i))
			}
		case reflect.Slice, reflect.Array:
			if en.Len() != zh.Len() {
				t.Fatalf("%s: got %d and %d", name, en.Len(), zh.Len())
			}
			for i := range en.Len() {
				compare(fmt.Sprintf("%s[%d]", name, i), en.Index(i), zh.Index(i))
			}
		case reflect.Map:
			for _, k := range en.MapKeys() {
				compare(name+"."+k.String(), en.MapIndex(k), zh.MapIndex(k))
			}
		default: // functions
		}
	}
	compare("words", reflect.ValueOf(english), reflect.ValueOf(chinese))
	for n := NoNote + 1; n < noteCount; n++ {
		if english.notes[n] == "" {
			t.Errorf("note %d is missing", n)
		}
	}
	for locale, want := range map[string]Lang{"zh_CN.UTF-8": Chinese, "ZH": Chinese, "en_GB": English, "": English, "C": English} {
		if got := LangOf(locale); got != want {
			t.Errorf("%q: got %s, want %s", locale, got, want)
		}
	}
}

func TestDiffer(t *testing.T) {
	for _, c := range []struct{ a, b, wantA, wantB string }{
		{"the cat sat", "the dog sat", "....###....", "....###...."},
		{"one two", "one two", ".......", "......."},
		{"", "new", "", "###"},
		{"a b c d", "b c x d", "#......", "....#.."},
		{"我爱猫", "我爱狗", "..#", "..#"},
		{"x", "", "#", ""},
	} {
		a, b, ok := differ(c.a, c.b)
		if got := picture(c.a, a); !ok || got != c.wantA || picture(c.b, b) != c.wantB {
			t.Errorf("%q, %q: got %s, %s, want %s, %s", c.a, c.b, got, picture(c.b, b), c.wantA, c.wantB)
		}
	}
	long := func(w string) string { return strings.Repeat(w+" ", 3000) }
	if _, _, ok := differ(long("a"), long("b")); ok {
		t.Error("3000 × 3000 words are compared")
	}
	if _, _, ok := differ(long("a"), long("a")); !ok {
		t.Error("equal texts are too long")
	}
}

// picture draws the characters of a text that are marked.
func picture(text string, marks []span) (s string) {
	for i := range text {
		inside := slices.ContainsFunc(marks, func(m span) bool { return m.from <= i && i < m.to })
		s += map[bool]string{true: "#", false: "."}[inside]
	}
	return s
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"", 10, []string{""}},
		{"one two three", 8, []string{"one two", "three"}},
		{"one two", 7, []string{"one two"}},
		{"toolongword", 4, []string{"tool", "ongw", "ord"}},
		{"a  b", 10, []string{"a  b"}},
		{"    indented", 20, []string{"    indented"}},
		{"天空是蓝色的，因为", 12, []string{"天空是蓝色", "的，因为"}}, // a comma may not begin a line
		{"他说（好）", 8, []string{"他说", "（好）"}},          // a bracket may not end one
		{"see 天空", 6, []string{"see 天", "空"}},
		{"ab e\u0301f", 3, []string{"ab", "e\u0301f"}},
	} {
		var got []string
		wrap(c.text, 0, len(c.text), c.w, func(from, to int) { got = append(got, c.text[from:to]) })
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.w, got, c.want)
		}
	}
}

func TestWrapCode(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"", 10, []string{""}},
		{"foo(bar, baz)", 8, []string{"foo(bar,", " baz)"}},
		{"    return x", 8, []string{"    ", "return x"}},
		{"very_long_name = 1", 10, []string{"very_long_", "name = 1"}},
		{"a  b", 3, []string{"a  ", "b"}},
		{"a          b", 4, []string{"a   ", "    ", "   b"}},
	} {
		var got []string
		wrapCode(c.text, 0, len(c.text), c.w, func(from, to int) { got = append(got, c.text[from:to]) })
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.w, got, c.want)
		}
		if strings.Join(got, "") != c.text {
			t.Errorf("%q in %d: %q lost something", c.text, c.w, got)
		}
	}
}
