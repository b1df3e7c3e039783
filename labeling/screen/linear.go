package screen

import (
	"fmt"
	"strings"

	"plumbline/labeling"
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
	if s.notes != before.notes {
		say(s.note)
	}
	switch {
	case s.serial != before.serial:
		say(s.sayItem())
	case s.mode != before.mode:
		say(s.sayMode())
	case s.mode != judging:
	default:
		say(s.sayJudging(before))
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
	typing = s.mode == before.mode && (s.mode == commenting || s.mode == reasoning) && s.notes == before.notes
	if !typing {
		return "", false
	}
	if more, ok := strings.CutPrefix(s.input, before.input); ok {
		return more, true
	}
	return "\n" + tail(s.input, max(1, s.width-1)), true
}

// sayJudging is what changed while an item is judged.
func (s State) sayJudging(before State) string {
	var parts []string
	moved := s.question != before.question
	if answered := before.answeredNow(s.answer); answered != before.answered() || s.level != before.level {
		parts = append(parts, answered)
	}
	switch {
	case moved || s.asks().Marks() && s.focus != before.focus:
		parts = append(parts, s.sayQuestion())
	case s.focus != before.focus:
		parts = append(parts, s.sayResponse(s.focus))
	}
	if s.compare && !before.compare {
		parts = append(parts, s.sayDifferences())
	}
	return strings.Join(parts, "\n")
}

// answeredNow is what was answered to the question that this state asks.
func (s State) answeredNow(a labeling.Answer) string {
	s.answer = a
	return s.answered()
}

func (s State) sayItem() string {
	parts := []string{"", s.o.Title + " · " + s.counts(), s.w.spokenItem, string(s.prompt.text)}
	for i := range s.panes {
		parts = append(parts, s.sayResponse(i))
	}
	parts = append(parts, s.sayQuestion(), s.w.spokenNext)
	if !s.answer.Empty() || s.item.Correcting {
		parts = append(parts, s.answered())
	}
	return strings.Join(parts, "\n")
}

// sayQuestion is what is asked, and the keys that answer it.
func (s State) sayQuestion() string {
	q := s.asks()
	text := q.label
	if n := len(s.questions); n > 1 {
		text = fmt.Sprintf("%d/%d %s", s.question+1, n, text)
	}
	switch q.Kind {
	case labeling.AskPreference:
		return text + "\n" + s.w.spokenScale
	case labeling.AskRanking:
		return text + "\n" + s.w.spokenOrder
	}
	return text + "\n" + fmt.Sprintf(s.w.spokenMarks, letter(place(s.focus)), s.keysOf(q))
}

func (s State) sayResponse(i int) string {
	title := fmt.Sprintf(s.w.spokenResponse, letter(place(i)))
	if h := s.panes[i].hidden; h > 0 {
		title += " " + fmt.Sprintf(s.w.hidden, h)
	}
	return title + "\n" + string(s.panes[i].text)
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
	case explaining, welcoming, told:
		return s.page.title + "\n" + string(s.page.doc.text) + "\n" + s.w.spokenGoOn
	case failed:
		return fmt.Sprintf(s.w.failed, s.trouble)
	case finished:
		return s.w.finished
	case judging:
		return s.answered()
	case saving:
		return s.w.saving
	case loading:
	}
	return ""
}

// sayDifferences lists the words that only one of the two has.
func (s State) sayDifferences() string {
	var out []string
	for i, d := range s.panes {
		var only []string
		for _, w := range split(d.text) {
			if d.marks != nil && d.marks[w.from] {
				only = append(only, string(d.text[w.from:w.to]))
			}
		}
		out = append(out, letter(place(i))+": "+strings.Join(only, " "))
	}
	return strings.Join(out, "\n")
}

// wrapAll breaks a text at the width of the terminal.
func (s State) wrapAll(text string) string {
	runes := []rune(text)
	var lines []string
	for _, l := range wrap(runes, max(s.width, MinWidth)) {
		lines = append(lines, string(runes[l.from:l.to]))
	}
	return strings.Join(lines, "\n")
}
