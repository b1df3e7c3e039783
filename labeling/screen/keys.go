package screen

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"plumbline/labeling"
)

// Action is what a key asks of the shell.
type Action int

// The actions.
const (
	None        Action = iota
	Draft              // keep Answer with the item
	Save               // store Answer; keys are swallowed until Show, Failed, Finished or Loading
	Retry              // send again what failed
	Skip               // give the item up, with Reason
	Undo               // show the last answer again; while correcting, the one before
	Next               // leave a correction; show what is to be judged
	Begin              // the welcome or the test's result has been read; show what is to be judged
	ToggleMouse        // have the terminal report the mouse, or no longer
	Leave              // the annotator wants to go
	Finish             // nothing is left, and that has been read
)

// choices maps keys to the strength scale, from left to right.
var choices = map[string]int{
	"a": -4, "s": -3, "d": -2, "f": -1, "j": 1, "k": 2, "l": 3, ";": 4,
	"1": -4, "2": -3, "3": -2, "4": -1, "5": 1, "6": 2, "7": 3, "8": 4,
	"0": 0, "=": 0,
}

// asTyped maps what Chinese input methods type to the keys meant.
var asTyped = map[string]string{"；": ";", "！": "!", "？": "?", "＝": "=", "、": "/", "／": "/", "。": ".", "，": ","}

// Key applies one key press: a single character, or a name such as "enter" or
// "pgdown". since is the time since the key before it, or since the item appeared if
// that was later.
func (s State) Key(k string, since time.Duration) (State, Action) {
	s = s.timed(since)
	if k == "ctrl+c" {
		return s, Leave
	}
	switch s.mode {
	case judging:
		s.note = ""
		if meant, ok := asTyped[k]; ok {
			k = meant
		}
		return s.judge(k)
	case commenting, reasoning:
		return s.typed(k)
	case reading:
		return s.readKey(k), None
	case explaining, welcoming, told:
		return s.pageKey(k)
	case failed:
		return s.failedKey(k)
	case finished:
		return s.finishedKey(k)
	case loading:
		if k == "q" {
			return s, Leave
		}
	case saving: // the answer is on its way
	}
	return s, None
}

// timed lets time pass. Where keys come at a hand's pace, it notes what is entered.
func (s State) timed(since time.Duration) State {
	s.sinceShown += since
	s.sinceChoice += since
	if since >= pasteGap || s.calm == nil {
		s.calm = &entered{s.answer, s.question, s.focus, s.level}
	}
	return s
}

func (s State) judge(k string) (State, Action) {
	if next, a, ok := s.answerKey(k); ok {
		return next, a
	}
	switch k {
	case "enter":
		return s.enter()
	case "tab":
		return s.turn(1), None
	case "shift+tab":
		return s.turn(-1), None
	case "!":
		s.answer.Flagged = !s.answer.Flagged
		return s, Draft
	case "c":
		s.mode, s.input = commenting, s.answer.Comment
	case "n":
		if !s.item.Correcting { // what is judged cannot be skipped
			s.mode, s.input = reasoning, ""
		}
	case "esc":
		if s.item.Correcting {
			s.mode = loading
			return s, Next
		}
	case "m":
		s.mouse = !s.mouse
		return s.Notice(map[bool]Note{true: MouseOn, false: MouseOff}[s.mouse]), ToggleMouse
	case "z":
		return s.undo()
	case "q":
		return s, Leave
	default:
		return s.look(k), None
	}
	return s, None
}

// answerKey applies a key that answers the question asked; ok is false for another key.
func (s State) answerKey(k string) (next State, a Action, ok bool) {
	q := s.asks()
	digit := 0
	if len(k) == 1 && k[0] >= '1' && k[0] <= '9' {
		digit = int(k[0] - '0')
	}
	var answer func(State) (State, Action)
	switch c, isChoice := choices[k]; {
	case k == "backspace" || k == "ctrl+h":
		next, a = s.takeBack()
		return next, a, true
	case q.Kind == labeling.AskPreference && isChoice:
		answer = func(s State) (State, Action) { return s.prefer(c) }
	case q.Kind == labeling.AskRanking && k == "=":
		return s.tie(), None, true
	case q.Kind == labeling.AskRanking && digit >= 1 && digit <= len(s.panes):
		answer = func(s State) (State, Action) { return s.pick(labeling.CandidateID(digit)) }
	case q.Kind == labeling.AskRanking && len(k) == 1 && k[0] >= 'A' && int(k[0]-'A') < len(s.panes):
		answer = func(s State) (State, Action) { return s.pick(place(int(k[0] - 'A'))) }
	case q.Marks() && digit >= 1 && digit <= q.Top():
		answer = func(s State) (State, Action) { return s.mark(digit) }
	default:
		return s, None, false
	}
	if s.sinceShown < settle || s.hopped && s.sinceChoice < pasteGap {
		return s.Notice(TooFast), None, true
	}
	next, a = answer(s)
	return next, a, true
}

func (s State) enter() (State, Action) {
	missing := s.missing()
	switch {
	case missing >= 0 && !s.answer.Flagged:
		if missing != s.question {
			s = s.ask(missing)
		}
		return s.remark(s.demand()), None
	case s.sinceShown < settle:
		return s.Notice(TooFast), None
	case s.sinceChoice < pasteGap:
		return s.calmed().Notice(LooksPasted), Draft
	}
	s = s.final()
	if len(s.item.Expected) > 0 {
		s.mode = explaining
		s.page = s.newPage(s.w.tutorial, s.feedback())
		return s, None
	}
	s.mode = saving
	return s, Save
}

// calmed takes back what came faster than a hand can type.
func (s State) calmed() State {
	if s.calm != nil {
		s.answer, s.question, s.level = s.calm.answer, s.calm.question, s.calm.level
		s = s.focused(s.calm.focus)
	}
	return s
}

// demand says what Enter waits for.
func (s State) demand() string {
	switch q := s.asks(); {
	case q.Kind == labeling.AskPreference:
		return s.w.notes[ChooseFirst]
	case q.Kind == labeling.AskRanking:
		return s.w.notes[RankFirst]
	default:
		return fmt.Sprintf(s.w.markFirst, q.label, letter(place(s.focus)), q.Top())
	}
}

// focused turns to a candidate.
func (s State) focused(i int) State {
	if i = min(max(i, 0), len(s.panes)-1); i != s.focus {
		s.focus, s.other = i, s.focus
	}
	return s
}

// look handles the keys that change only what is seen.
func (s State) look(k string) State {
	switch k {
	case "left":
		return s.focused(s.focus - 1)
	case "right":
		return s.focused(s.focus + 1)
	case " ":
		return s.focused((s.focus + 1) % len(s.panes))
	case "w":
		return s.toggleDiff()
	case "p":
		return s.read(s.w.prompt, s.item.Prompt.String())
	case "g":
		title := s.w.guide
		if s.guideline.version > 0 {
			title = fmt.Sprintf(s.w.guideVersion, s.guideline.version)
		}
		s.guideline.seen = s.guideline.version
		return s.read(title, s.guideline.text)
	case "v":
		if len(s.item.Votes) > 0 {
			return s.read(s.w.votes, s.votesText())
		}
	case "?":
		return s.read(s.w.help, s.helpText())
	default:
		return s.scrollPane(s.focus, k)
	}
	return s
}

func (s State) scrollPane(i int, k string) State {
	at := s.scroll[i]
	s = s.clamp() // s.scroll is the state's own now
	s.scroll[i] = scrolled(k, at, s.rows(), len(s.panes[i].lines))
	return s.clamp()
}

// scrolled is the new first line; any other key leaves it.
func scrolled(k string, at, rows, lines int) int {
	switch k {
	case "up":
		return at - 1
	case "down":
		return at + 1
	case "pgup":
		return at - rows
	case "pgdown":
		return at + rows
	case "home":
		return 0
	case "end":
		return lines
	}
	return at
}

// toggleDiff marks the words that differ, or takes the marks away.
func (s State) toggleDiff() State {
	s.compare = !s.compare && len(s.panes) > 1
	panes := make([]doc, len(s.panes))
	for i, d := range s.panes {
		d.marks = nil
		panes[i] = d
	}
	s.panes = panes
	if s.compare {
		a, b, ok := differ(panes[s.focus].text, panes[s.other].text)
		if !ok {
			s.compare = false
			return s.Notice(TooLongForDiff)
		}
		panes[s.focus].marks, panes[s.other].marks = a, b
	}
	return s
}

// scrollPage scrolls the page that covers the screen; ok is false for another key.
func (s State) scrollPage(k string) (State, bool) {
	switch k {
	case "up", "down", "pgup", "pgdown", "home", "end":
		s.page.scroll = scrolled(k, s.page.scroll, s.pageRows(), len(s.page.doc.lines))
		return s.clamp(), true
	}
	return s, false
}

// readKey scrolls the page, or closes it. The key that closes it does nothing else.
func (s State) readKey(k string) State {
	if next, ok := s.scrollPage(k); ok {
		return next
	}
	s.mode, s.page = judging, page{}
	return s
}

// pageKey is for pages that only Enter leads on from.
func (s State) pageKey(k string) (State, Action) {
	if next, ok := s.scrollPage(k); ok || k != "enter" {
		if k == "q" {
			return next, Leave
		}
		return next, None
	}
	switch {
	case s.sinceShown < settle && s.mode == explaining:
		return s, None
	case s.mode == explaining:
		s.mode, s.page = saving, page{}
		return s, Save
	case s.mode == told && !s.passed:
		return s, Finish
	}
	s.mode, s.page = loading, page{}
	return s, Begin
}

// undo waits for the last answer: Show brings it, NoUndo says that there is none.
func (s State) undo() (State, Action) {
	s.undoing, s.mode = s.mode, loading
	return s, Undo
}

// typed edits the comment or the reason.
func (s State) typed(k string) (State, Action) {
	s.note = ""
	switch k {
	case "enter":
		return s.typedAll()
	case "esc":
		s.mode, s.input = judging, ""
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(s.input)
		s.input = s.input[:len(s.input)-n]
	case "ctrl+u":
		s.input = ""
	default:
		if utf8.RuneCountInString(k) == 1 {
			return s.insert(k), None
		}
	}
	return s, None
}

func (s State) typedAll() (State, Action) {
	if s.mode == reasoning {
		s.mode = loading
		return s, Skip
	}
	s.mode, s.answer.Comment, s.input = judging, strings.TrimSpace(s.input), ""
	return s, Draft
}

// insert adds text, as one line, as far as there is room.
func (s State) insert(text string) State {
	clean := cleanLine(text)
	if len(s.input)+len(clean) > labeling.MaxComment {
		return s.Notice(CommentFull)
	}
	s.input += clean
	return s
}

// Paste takes text that arrived all at once. It means something only where text is
// asked for; anywhere else it must not choose, let alone save.
func (s State) Paste(text string) (State, Action) {
	switch s.mode {
	case commenting, reasoning:
		return s.insert(text), None
	case judging:
		return s.Notice(PasteIgnored), None
	default:
		return s, None
	}
}

func (s State) failedKey(k string) (State, Action) {
	switch k {
	case "enter":
		s.mode = saving
		return s, Retry
	case "q":
		return s, Leave
	}
	return s, None
}

func (s State) finishedKey(k string) (State, Action) {
	switch k {
	case "z":
		return s.undo()
	case "enter", "q", "esc":
		return s, Finish
	}
	return s, None
}

// Mouse is what was done with the mouse.
type Mouse int

// Press is the first button; the wheel turns a line at a time.
const (
	Press Mouse = iota
	WheelUp
	WheelDown
)

// Mouse applies a click or a turn of the wheel in column x and row y, from 0. since is
// as in Key.
func (s State) Mouse(x, y int, what Mouse, since time.Duration) (State, Action) {
	if key := map[Mouse]string{WheelUp: "up", WheelDown: "down"}[what]; key != "" {
		return s.wheel(x, key)
	}
	s = s.timed(since)
	if s.mode == judging && s.beside() {
		return s.focused(s.paneAt(x)), None
	}
	return s, None
}

// wheel scrolls what is under the pointer.
func (s State) wheel(x int, key string) (State, Action) {
	switch {
	case s.mode == judging && s.beside():
		return s.scrollPane(s.paneAt(x), key), None
	case s.mode == judging:
		return s.scrollPane(s.focus, key), None
	}
	next, _ := s.scrollPage(key)
	return next, None
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
