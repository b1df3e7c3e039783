package screen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"plumbline/labeling"
)

// Say is what changed from one state to the next, in words, for terminals that can
// only write line after line. It has no styles, and a line break at its end unless it
// echoes what is being typed.
func (s State) Say(before State) string {
	if s.mode == before.mode && s.notes == before.notes {
		switch {
		case s.mode == editing:
			return s.echo(s.edit, before.edit)
		case s.prompted(s.width) != "":
			return s.echo(s.input, before.input)
		}
	}
	var out spoken
	if s.notes != before.notes {
		out.say(s.note)
	}
	switch {
	case s.serial != before.serial:
		s.sayItem(&out)
	case s.mode != before.mode || s.page.doc.text != before.page.doc.text:
		s.sayMode(&out)
	case s.mode == judging || s.mode == reviewing:
		s.sayJudging(&out, before)
	}
	if d := s.searched(); s.hits != before.hits {
		out.say(d.plain(d.lineOf(d.found[d.hit].from)))
	}
	if out.Len() == 0 {
		return ""
	}
	text := s.wrapAll(strings.TrimSuffix(out.String(), "\n")) + "\n"
	if before.prompted(s.width) != "" || before.mode == editing {
		return "\n" + text // after what was typed
	}
	return text
}

// spoken is lines to say.
type spoken struct{ strings.Builder }

func (o *spoken) say(text string) {
	if text != "" {
		o.WriteString(text)
		o.WriteByte('\n')
	}
}

// doc says a whole text.
func (o *spoken) doc(d doc) {
	for i := range d.lines() {
		o.WriteString(d.plain(i))
		o.WriteByte('\n')
	}
}

// echo is what was typed, or the line where something else was changed, or what the
// cursor went to.
func (s State) echo(now, before editor) string {
	line := now.lines[now.row]
	switch {
	case slices.Equal(now.lines, before.lines) && now.row == before.row && now.col == before.col:
		return ""
	case slices.Equal(now.lines, before.lines) && now.row == before.row:
		if now.col == len(line) {
			return "\n" + s.w.spokenEnd
		}
		return "\n" + cleaned(line[now.col:now.char(line, now.col, 1)])
	}
	if added, ok := now.added(before); ok {
		return cleaned(added)
	}
	if line == "" {
		return "\n" + s.w.spokenEmpty
	}
	return "\n" + Tail(CleanLine(line), max(1, s.width-1))
}

// added is what was typed at the cursor since before, if that is all that changed.
func (e editor) added(before editor) (string, bool) {
	text, old := e.text(), before.text()
	at, was := e.offset(), before.offset()
	if n := len(text) - len(old); n <= 0 || at != was+n || text[:was] != old[:was] || text[at:] != old[was:] {
		return "", false
	}
	return text[was:at], true
}

// offset is the cursor's byte in the whole text.
func (e editor) offset() int {
	n := e.col
	for _, l := range e.lines[:e.row] {
		n += len(l) + 1
	}
	return n
}

func cleaned(s string) string {
	if !utf8.ValidString(s) || len(s) == 0 {
		return ""
	}
	clean, _ := Clean(s)
	return clean
}

func (s State) sayItem(out *spoken) {
	out.WriteByte('\n')
	out.say(s.o.Title + " · " + s.counts())
	if s.guideline.changed() {
		out.say(fmt.Sprintf(s.w.guideChanged, s.guideline.version))
	}
	out.say(s.w.spokenItem)
	out.doc(s.prompt)
	if len(s.item.Prompt.Messages) > 1 {
		out.say(s.w.more)
	}
	for i := range s.panes {
		s.sayResponse(out, i)
	}
	if n := len(s.item.Votes); n > 0 {
		out.say(fmt.Sprintf(s.w.votesHint, n))
	}
	s.sayQuestion(out)
	out.say(s.w.spokenNext)
	if !s.answer.Empty() || s.item.Correcting {
		out.say(s.answered())
	}
}

// sayQuestion is what is asked, and the keys that answer it.
func (s State) sayQuestion(out *spoken) {
	q := s.asks()
	out.say(s.questionText())
	switch q.Kind {
	case labeling.AskPreference:
		out.say(s.w.spokenScale)
		if q.Ties {
			out.say(s.w.tieKeys.spoken())
		}
	case labeling.AskRanking:
		out.say(s.w.spokenOrder)
		if q.Ties {
			out.say(s.w.levelKeys.spoken())
		}
	default:
		out.say(fmt.Sprintf(s.w.spokenMarks, letter(place(s.focus)), s.markKeys(q)))
	}
}

func (s State) sayResponse(out *spoken, i int) {
	out.say(fmt.Sprintf(s.w.spokenResponse, letter(place(i))) + hiddenIn(s.w, s.panes[i]))
	out.doc(s.panes[i])
}

// sayJudging is what changed while an item is judged.
func (s State) sayJudging(out *spoken, before State) {
	now := before
	now.answer, now.level = s.answer, s.level
	if text := now.answered(); text != before.answered() {
		out.say(text)
	}
	switch {
	case s.question != before.question || s.asks().Marks() && s.focus != before.focus:
		s.sayQuestion(out)
	case s.focus != before.focus || s.raw != before.raw:
		s.sayResponse(out, s.focus)
	}
	if s.compare && (!before.compare || s.focus != before.focus) {
		s.sayDifferences(out)
	}
}

// sayMode announces where the keys go now.
func (s State) sayMode(out *spoken) {
	switch {
	case s.mode == seeking:
		out.say(s.prompted(math.MaxInt) + CleanLine(s.input.text()))
	case s.mode.page():
		out.say(s.page.title)
		out.doc(s.page.doc)
		switch s.mode {
		case reading:
			out.say(s.w.spokenClose)
		case reasoning:
			out.say(s.prompted(math.MaxInt))
		default:
			out.say(s.w.spokenGoOn)
		}
	case s.mode == commenting:
		out.say(s.prompted(math.MaxInt) + CleanLine(s.input.text()))
	case s.mode == editing:
		out.say(fmt.Sprintf(s.w.editing, letter(place(s.of))))
		out.say(s.w.spokenEdit)
		out.say(cleaned(s.edit.text()))
	case s.mode == dropping:
		out.say(s.w.askDrop)
	case s.mode == failed:
		out.say(fmt.Sprintf(s.w.failed, s.trouble))
	case s.mode == finished:
		out.say(s.w.finished)
	case s.mode == judging:
		out.say(s.answered())
	case s.mode == reviewing:
		out.say(s.w.reviewed)
	case s.mode == saving:
		out.say(s.w.saving)
	}
}

// sayDifferences lists the words that only one of the two has.
func (s State) sayDifferences(out *spoken) {
	for _, i := range []int{min(s.focus, s.other), max(s.focus, s.other)} {
		var only []string
		for _, d := range s.panes[i].diffs {
			only = append(only, s.panes[i].body[d.from:d.to])
		}
		out.say(fmt.Sprintf(s.w.spokenDiffs, letter(place(i))) + " " + strings.Join(only, " "))
	}
}

// wrapAll breaks a text at the width of the terminal.
func (s State) wrapAll(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		wrap(l, 0, len(l), max(s.width, MinWidth), func(from, to int) { lines = append(lines, l[from:to]) })
	}
	return strings.Join(lines, "\n")
}
