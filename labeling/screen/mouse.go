package screen

import "time"

// Mouse is what was done with the mouse.
type Mouse int

// Press is the first button going down; the wheel turns a few lines at a time.
const (
	Press Mouse = iota
	WheelUp
	WheelDown
)

const wheelLines = 3

// Mouse applies a click or a turn of the wheel in column x and row y, from 0. since is as
// in Key. A click on a response turns to it, one on an answer chooses that.
func (s State) Mouse(x, y int, what Mouse, since time.Duration) (State, Action) {
	s = s.timed(since)
	if s.unseen() {
		return s, None
	}
	switch what {
	case WheelUp:
		return s.wheel(x, "up"), None
	case WheelDown:
		return s.wheel(x, "down"), None
	default:
	}
	if s.mode != judging || len(s.panes) == 0 {
		return s, None
	}
	if click := s.clickable(x, y); click != nil {
		s.note = ""
		return click(s)
	}
	return s, None
}

// clickable is what a click does, or nil.
func (s State) clickable(x, y int) func(State) (State, Action) {
	top := 1 + s.promptRows() // of the responses
	bottom := s.height - 3    // the row of the question
	if s.overviewed() {
		bottom--
	}
	switch {
	case y == s.height-2:
		return s.scale().at(x)
	case y == bottom && s.overviewed():
		return s.overview().at(x)
	case y == top && !s.beside():
		return s.tabs().at(x)
	case y >= top && y < bottom && s.beside():
		return func(s State) (State, Action) { return s.focused(s.paneAt(x)), None }
	}
	return nil
}

// wheel scrolls what is under the pointer.
func (s State) wheel(x int, key string) State {
	for range wheelLines {
		switch {
		case s.mode.page():
			s, _ = s.pageKey(key)
		case s.mode == editing:
			s, _ = s.write(key, 0)
		case s.mode == judging && s.beside():
			s = s.scrollPane(s.paneAt(x), key)
		case s.mode == judging && len(s.panes) > 0:
			s = s.scrollPane(s.focus, key)
		}
	}
	return s
}

// paneAt is the response in a column, of those side by side.
func (s State) paneAt(x int) int {
	for i := range s.panes {
		if x -= s.boxed(i); x < 0 {
			return i
		}
	}
	return len(s.panes) - 1
}
