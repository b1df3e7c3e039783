package screen

import (
	"strings"
	"testing"
)

// at finds where a text is on the screen.
func at(t *testing.T, s State, text string) (x, y int) {
	t.Helper()
	for y, row := range strings.Split(styles.ReplaceAllString(s.View(), ""), "\n") {
		if before, _, ok := strings.Cut(row, text); ok {
			return Cells(before), y
		}
	}
	t.Fatalf("%q is not on the screen", text)
	return 0, 0
}

func TestClickIsAsGoodAsAKey(t *testing.T) {
	for _, c := range []struct {
		task, click string
		candidates  int
		width       int
		key         string
	}{
		{"pair", "k slightly", 2, 120, "k"},
		{"pair", "k", 2, 40, "k"},
		{"helpful-honest-harmless", "0 =", 2, 120, "0"},
		{"ranking", "C", 4, 40, "C"}, // in the tabs: the response
		{"ranking", "= level", 4, 80, "="},
		{"lamda", "2 no", 2, 80, "2"},
		{"lamda", "○ Safe?", 2, 120, "tab"},
		{"likert", "7 excellent", 1, 80, "7"},
	} {
		s := asked(t, c.task, c.candidates).Resize(c.width, 24)
		s, _ = press(s, "?") // let time pass
		s, _ = press(s, "x")
		x, y := at(t, s, c.click)
		clicked, a := s.Mouse(x, y, Press, hand)
		want, b := press(s, c.key)
		if c.click == "C" {
			want, b = press(s, "right right")
			want.other = s.focus
		}
		if a != b || clicked.View() != want.View() {
			t.Errorf("%s, %q: got action %d and\n%s\nwant %d and\n%s", c.task, c.click, a, clicked.View(), b, want.View())
		}
	}
}

func TestClickTurnsToAResponse(t *testing.T) {
	s := opened(Options{}, 120, 40)
	for x, want := range map[int]int{1: 0, 59: 0, 60: 1, 119: 1} {
		if got, a := s.Mouse(x, 10, Press, hand); got.focus != want || a != None {
			t.Errorf("column %d: got %d", x, got.focus)
		}
	}
	for _, y := range []int{0, 1, 37, 39, 400, -1} {
		if got, _ := s.Mouse(70, y, Press, hand); got.focus != 0 {
			t.Errorf("row %d: got %d", y, got.focus)
		}
	}
}

func TestClickIsNoFasterThanAHand(t *testing.T) {
	s := opened(Options{}, 120, 40)
	x, y := at(t, s, "k slightly")
	if got, a := s.Mouse(x, y, Press, settle/2); a != None || !got.Answer().Empty() {
		t.Errorf("right after the item appeared: got action %d", a)
	}
}

func TestWheelScrollsWhatIsUnderIt(t *testing.T) {
	long := strings.Repeat("line\n", 100)
	s := opened(Options{}, 120, 40).Show(Content{Prompt: prompt(long), Candidates: []string{long, long}})
	got, _ := s.Mouse(90, 10, WheelDown, hand)
	if got.scroll[0] != 0 || got.scroll[1] != wheelLines || s.scroll[1] != 0 {
		t.Errorf("got %v, and %v before", got.scroll, s.scroll)
	}
	got, _ = got.Mouse(90, 10, WheelUp, hand)
	if got.scroll[1] != 0 {
		t.Errorf("back: got %v", got.scroll)
	}
	page, _ := press(s, "p")
	page, _ = page.Mouse(0, 0, WheelDown, hand)
	if page.page.scroll != wheelLines {
		t.Errorf("page: got %d", page.page.scroll)
	}
}
