package screen

import (
	"strings"
	"testing"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/hostile"
)

// everyKey is a walk through all that the screen can show, and back.
const everyKey = "space w r / e l enter . , esc r p / a enter pgdown end x g down x ? pgdown x v x c x enter ! " +
	"e x enter x up down left pgdown home end backspace ctrl+w ctrl+s n 1 x esc 1 tab 2 k = A B enter esc space enter"

// long texts take a shorter walk.
const long = 100 << 10

// asking is a task whose own words are hostile.
func asking(text string) labeling.Task {
	l := labeling.Label{"en": text, "zh": text}
	return labeling.Task{Edit: true, Questions: []labeling.Question{
		{Key: "safe", Kind: labeling.AskChoice, Label: l, Help: l, Options: []labeling.Option{{Key: "yes", Label: l}, {Key: "no", Label: l}}},
		{Key: "good", Kind: labeling.AskRating, Points: 3, Label: l, Ends: []labeling.Label{l, l}, When: &labeling.Condition{Question: "safe", Is: "yes"}},
		{Key: "ranking", Kind: labeling.AskRanking, Ties: true, Label: l, Guard: &labeling.Condition{Question: "safe", Is: "yes"}},
	}}
}

// showing is an item of which every text is hostile.
func showing(text string) Content {
	return Content{
		Prompt:     labeling.Prompt{Messages: []labeling.Message{{Role: text, Content: text}, {Role: "user", Content: text}}},
		Candidates: []string{text, text + " x"},
		Answer:     labeling.Answer{Comment: text, Edit: &labeling.Edit{Of: 2, Text: text}},
		Phase:      labeling.PhaseTutorial,
		Expected:   map[string]labeling.Response{"safe": {Marks: map[labeling.CandidateID]int{1: 7, 99: -1}}, "ranking": {Order: [][]labeling.CandidateID{{0x1b}, {-5}}}},
		Why:        text,
		Votes:      []labeling.Answer{{Comment: text, Responses: map[string]labeling.Response{"ranking": {Order: [][]labeling.CandidateID{{7}}}}}},
	}
}

// walk presses keys and holds every screen, and everything said, to what must be.
func walk(t *testing.T, s State, keys, text string, w, h int) {
	t.Helper()
	before := New(Options{})
	check := func(next State) {
		checkFrame(t, next, w, h)
		checkPlain(t, next.Say(before))
		before, s = next, next
	}
	check(s)
	for _, k := range strings.Fields(keys) {
		next, _ := press(s, k)
		check(next)
	}
	for _, k := range []string{"c", "/", "n", "e"} {
		if len(text) > long {
			break
		}
		at, _ := press(s, k)
		at, _ = at.Paste(text, hand)
		check(at)
		check(at.Failed(text))
	}
	for _, end := range []State{s.Welcome(), s.Result(true), s.Finished(), s.Loading(), s.Guide(text, 9), s.Notice(ItemLost)} {
		check(end)
	}
}

func TestHostileTextsReachTheScreenAsText(t *testing.T) {
	for i, c := range hostile.Strings() {
		t.Run(c[0], func(t *testing.T) {
			text, size, keys := c[1], sizes[i%3], everyKey
			o := Options{
				Title: text, Task: asking(text), Guideline: text, GuidelineVersion: 1,
				Color: i%2 == 0, Linear: i%5 == 0, Lang: []Lang{English, Chinese}[i%2],
			}
			content := showing(text)
			if len(text) > long {
				keys, content = "end w / a enter e x ctrl+s", Content{Prompt: prompt("p"), Candidates: []string{text, "b"}}
			}
			walk(t, New(o).Resize(size[0], size[1]).Show(content), keys, text, size[0], size[1])
		})
	}
}

// A megabyte must cost in proportion to its length, whatever it is made of: not more than
// so many times what a megabyte of plain words costs.
func TestHostileTextsTakeTheirTime(t *testing.T) {
	cost := func(text string, runs int) time.Duration {
		least := time.Hour
		for range runs { // the others are noise
			began := time.Now()
			s := New(Options{Task: labeling.PairTask(true)}).Resize(120, 40).Show(Content{Prompt: prompt(text), Candidates: []string{text, text}})
			s, _ = press(s, "down end w / x enter p end x")
			s.View()
			least = min(least, time.Since(began))
			checkFrame(t, s, 120, 40)
		}
		return least
	}
	words := cost(strings.Repeat("word ", hostile.Large/5), 3)
	for _, c := range hostile.Strings() {
		if len(c[1]) < 4<<10 {
			continue
		}
		if got := cost(c[1], 1); got > 40*words {
			t.Errorf("%s: got %v, want at most 40 times the %v of plain words", c[0], got, words)
		}
	}
}

// keyboard is what the fuzzer can press.
var keyboard = strings.Fields("a s d f j k l ; 0 = 1 2 3 9 A B C backspace enter enter tab shift+tab space left right up down pgup pgdown " +
	"home end w r / . , esc p g v ? c e n ! m z q x 天 \u0301 ctrl+s ctrl+w ctrl+u ctrl+k ctrl+left ctrl+right ctrl+home ctrl+end delete alt+d ； ？")

func FuzzScreen(f *testing.F) {
	for i, c := range hostile.Strings() {
		if len(c[1]) < 200 {
			f.Add(c[1], []byte{byte(i), 30, 60, 18, 44, 53}, uint8(40+i), uint8(12+i/4), uint8(i))
		}
	}
	f.Add(markdownAnswer, []byte("walk about and look"), uint8(120), uint8(40), uint8(0))
	f.Fuzz(func(t *testing.T, text string, keys []byte, w, h, task uint8) {
		if len(text) > 2000 || len(keys) > 40 || h == 0 {
			return
		}
		o := Options{Title: text, Task: asking(text), Guideline: text, Color: task&1 > 0, Linear: task&2 > 0, Lang: []Lang{English, Chinese}[task>>2&1]}
		if task&8 > 0 {
			o.Task = labeling.PairTask(true)
		}
		s := New(o).Resize(int(w), int(h)).Show(showing(text))
		for _, k := range keys {
			before := s
			s, _ = press(s, keyboard[int(k)%len(keyboard)])
			checkFrame(t, s, int(w), int(h))
			checkPlain(t, s.Say(before))
			s, _ = s.Mouse(int(k), int(k)/4, Mouse(k%3), hand)
		}
		if a := s.final().Answer(); s.missing() < 0 || a.Flagged {
			if err := a.Validate(s.o.Task, s.shown); err != nil {
				t.Errorf("the answer entered: %v", err)
			}
		}
	})
}
