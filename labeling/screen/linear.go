package screen

import (
	"fmt"
	"strings"
)

// Say is what changed from one state to the next, in words, for terminals that can
// only write line after line. It has no styles, and a line break at its end unless it
// echoes what is being typed.
func (s State) Say(before State) string {
	if echo, typing := s.echo(before); typing {
		return echo
	}
	var lines []string
	say := func(text string) {
		if text != "" {
			lines = append(lines, text)
		}
	}
	if s.note != before.note {
		say(s.w.notes[s.note])
	}
	switch {
	case s.serial != before.serial:
		say(s.sayItem())
	case s.mode == judging && s.focus != before.focus:
		say(s.sayResponse(s.focus))
	case s.mode == judging && s.verdict != before.verdict:
		say(strings.TrimRight(s.verdictRow(), " "))
	case s.mode != before.mode:
		say(s.sayMode())
	case s.mode == judging && s.compare && !before.compare:
		say(s.sayDifferences())
	}
	if len(lines) == 0 {
		return ""
	}
	text := s.wrapAll(strings.Join(lines, "\n")) + "\n"
	if before.mode == commenting || before.mode == reasoning {
		return "\n" + text // after what was typed
	}
	return text
}

// echo is what was typed into a comment, or that it shrank.
func (s State) echo(before State) (text string, typing bool) {
	typing = s.mode == before.mode && (s.mode == commenting || s.mode == reasoning) && s.note == before.note
	if !typing {
		return "", false
	}
	if more, ok := strings.CutPrefix(s.input, before.input); ok {
		return more, true
	}
	return "\n" + tail(s.input, max(1, s.size.w-1)), true
}

func (s State) sayItem() string {
	parts := []string{"", s.header1(), s.w.spokenItem, string(s.prompt.text), s.sayResponse(0), s.sayResponse(1), s.w.spokenScale}
	if s.verdict.chosen() || s.correct {
		parts = append(parts, strings.TrimRight(s.verdictRow(), " "))
	}
	return strings.Join(parts, "\n")
}

// header1 is the header without its layout.
func (s State) header1() string {
	return s.o.Title + " · " + fmt.Sprintf(s.w.progress, s.progress.Mine, s.progress.Done, s.progress.Wanted)
}

func (s State) sayResponse(i int) string {
	title := fmt.Sprintf(s.w.spokenResponse, string(rune('A'+i)))
	if h := s.pane[i].hidden; h > 0 {
		title += " " + fmt.Sprintf(s.w.hidden, h)
	}
	return title + "\n" + string(s.pane[i].text)
}

// sayMode announces where the keys go now.
func (s State) sayMode() string {
	switch s.mode {
	case commenting:
		return s.w.askComment + s.input
	case reasoning:
		return s.w.askReason
	case reading:
		return s.page.title + "\n" + string(s.page.doc.text) + "\n" + s.w.spokenClose
	case failed:
		return fmt.Sprintf(s.w.failed, s.trouble)
	case finished:
		return s.w.finished
	case judging:
		return strings.TrimRight(s.verdictRow(), " ")
	case saving:
		return s.w.saving
	case loading:
	}
	return ""
}

// sayDifferences lists the words that only one of the two has.
func (s State) sayDifferences() string {
	var out []string
	for i, d := range s.pane {
		var only []string
		for _, w := range split(d.text) {
			if d.marks[w.from] {
				only = append(only, string(d.text[w.from:w.to]))
			}
		}
		out = append(out, string(rune('A'+i))+": "+strings.Join(only, " "))
	}
	return strings.Join(out, "\n")
}

// wrapAll breaks a text at the width of the terminal.
func (s State) wrapAll(text string) string {
	runes := []rune(text)
	var lines []string
	for _, l := range wrap(runes, max(s.size.w, MinWidth)) {
		lines = append(lines, string(runes[l.from:l.to]))
	}
	return strings.Join(lines, "\n")
}
