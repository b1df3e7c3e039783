package screen

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Action is what a key asks of the shell.
type Action int

// The actions.
const (
	None   Action = iota
	Draft         // keep Verdict with the item
	Save          // store Verdict; keys are swallowed until Show, Failed, Finished or Loading
	Retry         // send again what failed
	Skip          // give the item up, with Reason
	Undo          // show the last answer again; while correcting, the one before
	Next          // leave a correction; show what is to be judged
	Leave         // the annotator wants to go
	Finish        // nothing is left, and that has been read
)

// choices maps keys to the strength scale, from left to right.
var choices = map[string]int{
	"a": -4, "s": -3, "d": -2, "f": -1, "j": 1, "k": 2, "l": 3, ";": 4,
	"1": -4, "2": -3, "3": -2, "4": -1, "5": 1, "6": 2, "7": 3, "8": 4,
	"；": 4, // as Chinese input methods type it
}

// Key applies one key press: a single character, or a name such as "enter" or
// "pgdown". since is the time since the key before it, or since the item appeared if
// that was later.
func (s State) Key(k string, since time.Duration) (State, Action) {
	s.sinceShown += since
	s.sinceChoice += since
	if k == "ctrl+c" {
		return s, Leave
	}
	switch s.mode {
	case judging:
		s.note = NoNote
		return s.judge(k)
	case commenting, reasoning:
		return s.typed(k)
	case reading:
		return s.readKey(k), None
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

func (s State) judge(k string) (State, Action) {
	if c, ok := choices[k]; ok {
		return s.choose(Verdict{Choice: c})
	}
	switch k {
	case "0":
		if s.o.Ties {
			return s.choose(Verdict{Tie: true})
		}
	case "enter":
		return s.enter()
	case "!", "！":
		s.verdict.Flagged = !s.verdict.Flagged
		return s, Draft
	case "c":
		s.mode, s.input = commenting, s.verdict.Comment
	case "n":
		if !s.correct { // what is judged cannot be skipped
			s.mode, s.input = reasoning, ""
		}
	case "esc":
		if s.correct {
			s.mode = loading
			return s, Next
		}
	case "z":
		return s.undo()
	case "q":
		return s, Leave
	default:
		return s.look(k), None
	}
	return s, None
}

// choose takes a choice, and keeps what else was entered.
func (s State) choose(v Verdict) (State, Action) {
	if s.sinceShown < settle {
		return s.Notice(TooFast), None
	}
	s.verdict.Choice, s.verdict.Tie = v.Choice, v.Tie
	s.sinceChoice = 0
	return s, Draft
}

func (s State) enter() (State, Action) {
	switch {
	case !s.verdict.chosen():
		return s.Notice(ChooseFirst), None
	case s.sinceShown < settle:
		return s.Notice(TooFast), None
	case s.sinceChoice < pasteGap:
		s.verdict.Choice, s.verdict.Tie = 0, false
		return s.Notice(LooksPasted), Draft
	}
	s.mode = saving
	return s, Save
}

// look handles the keys that change only what is seen.
func (s State) look(k string) State {
	switch k {
	case "left":
		s.focus = 0
	case "right":
		s.focus = 1
	case " ":
		s.focus = 1 - s.focus
	case "=":
		return s.toggleDiff()
	case "p":
		return s.read(s.w.prompt, s.prompt)
	case "g":
		return s.read(s.w.guide, newDoc(s.o.Guideline))
	case "?", "？":
		return s.read(s.w.help, s.helpText())
	default:
		s.scroll[s.focus] = scrolled(k, s.scroll[s.focus], s.rows(), len(s.pane[s.focus].lines))
	}
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

// readKey scrolls the page that covers the screen, or closes it. The key that closes
// it does nothing else.
func (s State) readKey(k string) State {
	switch k {
	case "up", "down", "pgup", "pgdown", "home", "end":
		s.page.scroll = scrolled(k, s.page.scroll, s.pageRows(), len(s.page.doc.lines))
		return s.clamp()
	}
	s.mode, s.page = judging, page{}
	return s
}

// undo waits for the last answer: Show brings it, NoUndo says that there is none.
func (s State) undo() (State, Action) {
	s.undoing, s.mode = s.mode, loading
	return s, Undo
}

// typed edits the comment or the reason.
func (s State) typed(k string) (State, Action) {
	s.note = NoNote
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
	s.mode, s.verdict.Comment, s.input = judging, strings.TrimSpace(s.input), ""
	return s, Draft
}

// insert adds text, as one line, as far as there is room.
func (s State) insert(text string) State {
	clean := cleanLine(text)
	if len(s.input)+len(clean) > maxInput {
		return s.Notice(CommentFull)
	}
	s.input += clean
	return s
}

// Paste takes text that arrived all at once. It means something only where text is
// asked for; anywhere else it must not choose, let alone save.
func (s State) Paste(text string) State {
	switch s.mode {
	case commenting, reasoning:
		return s.insert(text)
	case judging:
		return s.Notice(PasteIgnored)
	default:
		return s
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
