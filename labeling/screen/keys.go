package screen

import (
	"fmt"
	"slices"
	"time"

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
	switch {
	case k == "ctrl+c", k == "q" && s.unseen():
		return s, Leave
	case s.unseen():
		return s, None
	}
	switch s.mode {
	case judging:
		return s.judge(meant(k))
	case editing:
		return s.write(k, since)
	case dropping:
		return s.dropKey(k)
	case commenting, seeking, reasoning:
		return s.typed(k)
	case reading, explaining, welcoming, told:
		return s.pageKey(meant(k))
	case reviewing:
		return s.reviewKey(k)
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

func meant(k string) string {
	if m, ok := asTyped[k]; ok {
		return m
	}
	return k
}

// timed lets time pass. Where keys come at a hand's pace, it notes what is entered.
func (s State) timed(since time.Duration) State {
	s.sinceShown += since
	s.gap = since
	if since >= pasteGap || s.calm == nil {
		s.calm = &entered{s.answer, s.question, s.focus, s.level}
	}
	return s
}

func (s State) judge(k string) (State, Action) {
	s.note = ""
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
		s.mode, s.input = commenting, newEditor(s.answer.Comment, true, labeling.MaxComment)
	case "e":
		return s.beginEdit(), None
	case "n":
		if !s.item.Correcting { // what is judged cannot be skipped
			s.input = newEditor("", true, labeling.MaxComment)
			return s.cover(reasoning, s.w.skip, s.reasonText()), None
		}
	case "esc":
		return s.escape()
	case "m":
		if s.o.Linear {
			return s, None
		}
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

// escape ends what was looked for, else a correction.
func (s State) escape() (State, Action) {
	switch {
	case s.query != "":
		return s.find(""), None
	case s.item.Correcting:
		s.mode = loading
		return s, Next
	}
	return s, None
}

// answerKey applies a key that answers the question asked; ok is false for another key.
func (s State) answerKey(k string) (next State, a Action, ok bool) {
	q := s.asks()
	digit, place := 0, 0
	if len(k) == 1 && k[0] >= '1' && k[0] <= '9' {
		digit = int(k[0] - '0')
		place = digit
	} else if len(k) == 1 && k[0] >= 'A' && k[0] <= 'I' {
		place = int(k[0]-'A') + 1
	}
	var answer func(State) (State, Action)
	switch value, isChoice := choices[k]; {
	case k == "backspace" || k == "ctrl+h":
		next, a = s.takeBack()
		return next, a, true
	case q.Kind == labeling.AskPreference && isChoice:
		answer = func(s State) (State, Action) { return s.prefer(value) }
	case q.Kind == labeling.AskRanking && k == "=":
		return s.tie(), None, true
	case q.Kind == labeling.AskRanking && place >= 1 && place <= len(s.panes):
		answer = func(s State) (State, Action) { return s.pick(labeling.CandidateID(place)) }
	case q.Marks() && digit >= 1 && digit <= q.Top():
		answer = func(s State) (State, Action) { return s.mark(digit) }
	default:
		return s, None, false
	}
	if s.sinceShown < settle || s.hopped && s.gap < pasteGap {
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
	case s.gap < pasteGap:
		return s.calmed().Notice(LooksPasted), Draft
	}
	s = s.final()
	if len(s.item.Expected) > 0 {
		return s.cover(explaining, s.w.tutorial, s.feedback()), None
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
	case len(s.panes) == 1:
		return fmt.Sprintf(s.w.rateFirst, q.label, q.Top())
	default:
		return fmt.Sprintf(s.w.markFirst, q.label, letter(place(s.focus)), q.Top())
	}
}

// focused turns to a candidate.
func (s State) focused(i int) State {
	if i = min(max(i, 0), len(s.panes)-1); i != s.focus {
		s.focus, s.other = i, s.focus
		s = s.marked()
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
	case "r":
		return s.toggleRaw()
	case "/":
		return s.seek()
	case ".":
		return s.nextHit(1)
	case ",":
		return s.nextHit(-1)
	case "p":
		s = s.cover(reading, s.w.prompt, s.promptText())
		s.page.prompt = true
	case "g":
		s = s.cover(reading, s.guideTitle(), newText(s.guideline.text, s.o.Linear))
		s.guideline.seen = s.guideline.version
	case "v":
		if len(s.item.Votes) > 0 {
			return s.cover(reading, s.w.votes, s.votesText())
		}
	case "?":
		return s.cover(reading, s.w.help, s.helpText())
	default:
		if s.asks().Kind == labeling.AskRanking && len(k) == 1 && k[0] >= 'a' && int(k[0]-'a') < len(s.panes) {
			return s.Notice(CapitalsRank)
		}
		return s.scrollPane(s.focus, k)
	}
	return s
}

// scrollPane applies a key that scrolls to a response.
func (s State) scrollPane(i int, k string) State {
	s.scroll = slices.Clone(s.scroll)
	s.scroll[i] = scrolled(k, s.scroll[i], s.rows(), s.panes[i].lines())
	return s
}

// scrolled is the new first line; any other key leaves it.
func scrolled(k string, at, rows, lines int) int {
	switch k {
	case "up":
		at--
	case "down":
		at++
	case "pgup":
		at -= rows
	case "pgdown":
		at += rows
	case "home":
		at = 0
	case "end":
		at = lines
	}
	return within(at, rows, lines)
}

// toggleRaw shows the texts as they were written, or rendered again.
func (s State) toggleRaw() State {
	s.raw = !s.raw
	s = s.load()
	if s.page.prompt {
		s.page.doc = doc{text: s.promptText()}
	}
	s = s.layout().marked()
	s.page.doc = s.page.doc.search(s.page.query, s.page.scroll)
	return s.Notice(map[bool]Note{true: RawOn, false: RawOff}[s.raw])
}

// toggleDiff marks the words that differ, or takes the marks away.
func (s State) toggleDiff() State {
	s.compare = !s.compare && len(s.panes) > 1
	return s.marked()
}

// marked marks what is compared and what is looked for, in the texts shown.
func (s State) marked() State {
	s.panes = slices.Clone(s.panes)
	for i := range s.panes {
		s.panes[i].diffs, s.panes[i].found = nil, nil
	}
	if s.compare {
		var ok bool
		a, b := &s.panes[s.focus], &s.panes[s.other]
		if a.diffs, b.diffs, ok = differ(a.body, b.body); !ok {
			s.compare = false
			s = s.Notice(TooLongForDiff)
		}
	}
	if s.query != "" {
		s.panes[s.focus] = s.panes[s.focus].search(s.query, s.scroll[s.focus])
	}
	return s
}

// pageKey scrolls a page, searches in it, or goes on from it. Any key closes a page that
// is only read, and does nothing else; the others wait for Enter.
func (s State) pageKey(k string) (State, Action) {
	s.note = ""
	switch k {
	case "up", "down", "pgup", "pgdown", "home", "end":
		s.page.scroll = scrolled(k, s.page.scroll, s.pageRows(), s.page.doc.lines())
		return s, None
	case "/":
		return s.seek(), None
	case ".":
		return s.nextHit(1), None
	case ",":
		return s.nextHit(-1), None
	case "r":
		if s.page.prompt {
			return s.toggleRaw(), None
		}
	case "esc":
		if s.page.query != "" {
			return s.find(""), None
		}
	}
	switch {
	case s.mode == reading:
		return s.uncover(), None
	case k == "q":
		return s, Leave
	case k == "esc" && s.mode == explaining:
		s.mode = reviewing
		return s, None
	case k != "enter":
		return s, None
	case s.mode == explaining:
		s = s.uncover()
		s.mode = saving
		return s, Save
	case s.mode == told && !s.passed:
		return s, Finish
	}
	s = s.uncover()
	s.mode = loading
	return s, Begin
}

// reviewKey looks at the item, with what was expected in mind.
func (s State) reviewKey(k string) (State, Action) {
	switch k {
	case "enter":
		s.mode = explaining
		return s.pageKey(k)
	case "esc":
		s.mode = explaining
	case "left", "right", " ", "up", "down", "pgup", "pgdown", "home", "end", "w", "r":
		return s.look(k), None
	case "q":
		return s, Leave
	}
	return s, None
}

// undo waits for the last answer: Show brings it, NoUndo says that there is none.
func (s State) undo() (State, Action) {
	s.undoing, s.mode = s.mode, loading
	return s, Undo
}

// typed edits a line: the comment, the reason, or what to look for.
func (s State) typed(k string) (State, Action) {
	s.note = ""
	switch k {
	case "enter":
		return s.typedAll()
	case "esc":
		if s.mode == seeking {
			s.mode = s.under
			return s, None
		}
		return s.uncover(), None
	}
	if text, ok := s.reason(k); ok {
		s.input = newEditor(text, true, labeling.MaxComment)
		return s, None
	}
	next, _, full := s.input.key(k, s.width, 1)
	s.input = next
	if full {
		return s.Notice(CommentFull), None
	}
	return s, None
}

// reason is one of those offered, by the number that is the first key.
func (s State) reason(k string) (string, bool) {
	if s.mode != reasoning || s.input.size() > 0 || len(k) != 1 || k[0] < '1' || int(k[0]-'1') >= len(s.w.reasons) {
		return "", false
	}
	return s.w.reasons[k[0]-'1'], true
}

func (s State) typedAll() (State, Action) {
	switch {
	case s.mode == seeking:
		s.mode = s.under
		return s.find(s.input.text()), None
	case s.mode == reasoning && s.Reason() == "":
		return s.Notice(SayWhy), None
	case s.mode == reasoning && s.gap < pasteGap: // there is no way back from a skip
		return s.Notice(LooksPasted), None
	case s.mode == reasoning:
		s = s.uncover()
		s.mode = loading
		return s, Skip
	}
	s.answer = s.Answer()
	return s.uncover(), Draft
}

// Paste takes text that arrived all at once. It means something only where text is
// asked for; anywhere else it must not choose, let alone save. since is as in Key.
func (s State) Paste(text string, since time.Duration) (State, Action) {
	s = s.timed(since)
	if s.unseen() {
		return s, None
	}
	switch s.mode {
	case editing:
		return s.paste(text)
	case commenting, reasoning, seeking:
		next, ok := s.input.insert(text)
		s.input = next
		if !ok {
			return s.Notice(CommentFull), None
		}
	case judging:
		return s.Notice(PasteIgnored), None
	default:
	}
	return s, None
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
	s.note = ""
	switch k {
	case "z":
		return s.undo()
	case "enter", "q", "esc":
		return s, Finish
	}
	return s, None
}
