package screen

import (
	"fmt"
	"strconv"
	"strings"

	"plumbline/labeling"
)

// View is the screen: as many rows as the terminal has, each as wide as it.
func (s State) View() string {
	f := &frame{w: max(s.width, 0), h: max(s.height, 0)}
	if s.o.Color {
		f.color = 1
	}
	f.b = make([]byte, 0, min(2*f.w*f.h, 32<<10))
	shown := s.mode
	if shown == seeking {
		shown = s.under
	}
	switch {
	case s.unseen():
		f.message(fmt.Sprintf(s.w.tooSmall, s.width, s.height), 0)
		return f.done()
	case shown.page():
		s.viewPage(f)
	case shown == editing || shown == dropping:
		s.viewEdit(f)
	case shown == loading || shown == finished || len(s.panes) == 0:
		s.viewHeader(f)
		f.row("", 0)
		f.message(s.message(), 0)
		f.row("", 0)
		f.row(s.note, bold)
		return f.done()
	default:
		s.viewItem(f)
	}
	s.viewFooter(f)
	return f.done()
}

// frame is the rows of a view, as they are written.
type frame struct {
	pen
	w, h int
	ends []int // of the rows, in bytes
}

// end ends a row.
func (f *frame) end() {
	f.b = append(f.b, '\n')
	f.ends = append(f.ends, len(f.b))
}

// row writes a text as a row.
func (f *frame) row(text string, look attr) {
	f.put(Fit(text, f.w), look)
	f.end()
}

// message writes a text over as many rows as it needs.
func (f *frame) message(text string, look attr) {
	wrap(text, 0, len(text), max(2, f.w), func(from, to int) { f.row(text[from:to], look) })
}

// keep drops the rows behind the first n.
func (f *frame) keep(n int) {
	if len(f.ends) > n {
		f.ends = f.ends[:n]
		f.b = f.b[:append([]int{0}, f.ends...)[n]]
	}
}

// done is as many rows as the terminal has.
func (f *frame) done() string {
	f.keep(f.h)
	for len(f.ends) < f.h {
		f.space(f.w)
		f.end()
	}
	return strings.TrimSuffix(string(f.b), "\n")
}

// message is what there is to say where no item is shown.
func (s State) message() string {
	switch s.mode {
	case finished:
		return s.w.finished
	case failed:
		return fmt.Sprintf(s.w.failed, s.trouble)
	default:
		return s.w.loading
	}
}

func (s State) viewHeader(f *frame) {
	right := s.counts()
	left := Clip(s.o.Title, f.w-Cells(right)-1)
	f.row(left+strings.Repeat(" ", max(0, f.w-Cells(left)-Cells(right)))+right, bold)
}

// counts is how far the annotator and all are; in the tutorial and the test, how far in
// that.
func (s State) counts() string {
	p := s.progress
	switch s.item.Phase {
	case labeling.PhaseTutorial:
		return s.w.practice
	case labeling.PhaseScreening:
		n := p.Tested
		if !s.item.Correcting {
			n++
		}
		return fmt.Sprintf(s.w.testing, min(n, p.Tests), p.Tests)
	default:
	}
	text := fmt.Sprintf(s.w.progress, p.Mine, p.percent())
	for _, more := range []string{countOf(s.w.pace, p.Seconds), countOf(s.w.streak, p.Days)} {
		if longer := more + " · " + text; more != "" && Cells(longer) <= s.width*3/5 {
			text = longer
		}
	}
	return text
}

// percent is how much of what is wanted is done, rounded down. A count would move with
// each item of the work and stand still at known answers and repeats, which must not show.
func (p Progress) percent() int { return 100 * p.Done / max(1, p.Wanted) }

func countOf(format string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

func (s State) viewPage(f *frame) {
	d, n := s.page.doc, s.pageRows()
	f.row(s.page.title+position(s.page.scroll, n, d.lines())+hiddenIn(s.w, d), bold)
	for i := range n {
		f.write(" ")
		d.write(&f.pen, s.page.scroll+i, f.w-3)
		f.write(" " + bar(i, s.page.scroll, n, d.lines()))
		f.end()
	}
}

func (s State) viewEdit(f *frame) {
	w, h := s.editSize()
	f.row(fmt.Sprintf(s.w.editing, letter(place(s.of)))+" · "+fmt.Sprintf(s.w.line, s.edit.row+1, len(s.edit.lines)), bold)
	s.edit.view(&f.pen, w, h, func() {
		f.write(" │")
		f.end()
	})
}

func (s State) viewItem(f *frame) {
	s.viewHeader(f)
	s.viewPrompt(f)
	if s.beside() {
		s.viewBoxes(f)
	} else {
		s.viewOne(f)
	}
	if s.overviewed() {
		s.overview().write(&f.pen, f.w)
		f.end()
	}
	f.row(s.answerRow(f.w), 0)
	s.scale().write(&f.pen, f.w)
	f.end()
}

// viewPrompt is the beginning of the prompt, and at its end what is not seen of it.
func (s State) viewPrompt(f *frame) {
	n := s.promptRows()
	rest := hiddenIn(s.w, s.prompt)
	if n < s.prompt.lines() || len(s.item.Prompt.Messages) > 1 {
		rest += " " + s.w.more
	}
	for i := range n {
		f.write("▏ ")
		if i == n-1 && rest != "" {
			f.write(Fit(s.prompt.plain(i), f.w-2-Cells(rest)))
			f.put(rest, dim)
		} else {
			s.prompt.write(&f.pen, i, f.w-2)
		}
		f.end()
	}
}

// viewBoxes is the responses side by side.
func (s State) viewBoxes(f *frame) {
	n := s.rows()
	for i := range s.panes {
		f.write("┌")
		s.viewTitle(f, s.paneTitle(i), s.boxed(i)-2, i == s.focus)
		f.write("┐")
	}
	f.end()
	for j := range n {
		for i, d := range s.panes {
			f.write("│ ")
			d.write(&f.pen, s.scroll[i]+j, s.boxed(i)-4)
			f.write(" " + bar(j, s.scroll[i], n, d.lines()))
		}
		f.end()
	}
	for i := range s.panes {
		f.write("└")
		f.repeat("─", s.boxed(i)-2)
		f.write("┘")
	}
	f.end()
}

// viewOne is the response that has the focus.
func (s State) viewOne(f *frame) {
	n, d, at := s.rows(), s.panes[s.focus], s.scroll[s.focus]
	t := s.tabs().add(s.state(s.focus), 0)
	if len(s.panes) > 1 && t.cells()+Cells(s.w.space)+3 < f.w {
		t = t.add(" ─ "+s.w.space, 0)
	}
	t = t.add(" ", 0)
	w := min(t.cells(), f.w)
	t.write(&f.pen, w)
	f.repeat("─", f.w-w)
	f.end()
	for j := range n {
		d.write(&f.pen, at+j, f.w-2)
		f.write(" " + bar(j, at, n, d.lines()))
		f.end()
	}
}

func (s State) viewTitle(f *frame, text string, w int, focus bool) {
	text = Clip(text+" ", w)
	text += strings.Repeat("─", max(0, w-Cells(text)))
	if focus {
		f.put(text, bold)
	} else {
		f.write(text)
	}
}

// paneTitle is the top of a box: whose it is, and how far it is read.
func (s State) paneTitle(i int) string {
	text := "─ " + letter(place(i))
	if i == s.focus {
		text += " ◂"
	}
	return text + s.state(i)
}

// tabs is the responses of which one is seen at a time.
func (s State) tabs() (t strip) {
	t = t.add("─", 0)
	for i := range s.panes {
		x := segment{text: " " + letter(place(i)) + " ", click: func(s State) (State, Action) { return s.focused(i), None }}
		if i == s.focus && len(s.panes) > 1 {
			x.text, x.look = "["+letter(place(i))+"]", reversed
		}
		t = append(t, x)
	}
	return t
}

// state is how far a response is read, and what else there is to know of how it is shown.
func (s State) state(i int) string {
	d := s.panes[i]
	text := position(s.scroll[i], s.rows(), d.lines()) + hiddenIn(s.w, d)
	if len(d.diffs) > 0 {
		text += " ≠" + letter(place(s.focus+s.other-i))
	}
	return text
}

func hiddenIn(w *words, d doc) string {
	if d.text == nil || d.hidden == 0 {
		return ""
	}
	return " " + fmt.Sprintf(w.hidden, d.hidden)
}

// position says which lines are seen, where not all are.
func position(at, rows, lines int) string {
	if lines <= rows {
		return ""
	}
	last := min(at+rows, lines)
	text := " " + strconv.Itoa(at+1) + "–" + strconv.Itoa(last) + "/" + strconv.Itoa(lines) + " " + strconv.Itoa(100*last/lines) + "%"
	if at > 0 {
		text += "▲"
	}
	if last < lines {
		text += "▼"
	}
	return text
}

// bar is the border beside a row of a text: thick beside the part that is seen, as far
// down in the border as that part is in the text.
func bar(row, at, rows, lines int) string {
	if lines <= rows {
		return "│"
	}
	size := max(1, rows*rows/lines)
	from := (rows - size) * at / (lines - rows)
	if row >= from && row < from+size {
		return "█"
	}
	return "│"
}

// overviewed tells whether there is a row for all questions.
func (s State) overviewed() bool {
	return len(s.questions) > 1 && s.height >= wordsFrom && s.overviewWidth <= s.width
}

// overview is a row of all questions: ✓ answered, ▸ asked now, ○ open, – not asked.
func (s State) overview() (t strip) {
	for i, q := range s.questions {
		sign, look := "○", attr(0)
		switch {
		case i == s.question:
			sign, look = "▸", bold
		case q.Marks() && len(s.asked(q.Question)) == 0:
			sign, look = "–", dim
		case s.complete(q):
			sign, look = "✓", dim
		}
		t = append(t, segment{sign + " " + q.label, look, func(s State) (State, Action) { return s.ask(i), None }})
		t = t.add("  ", 0)
	}
	return t
}

// questionText is what is asked.
func (s State) questionText() string {
	q := s.asks()
	if n := len(s.questions); n > 1 {
		return strconv.Itoa(s.question+1) + "/" + strconv.Itoa(n) + " " + q.label
	}
	return q.label
}

// answered is what was entered: the response to the question asked, and the rest.
func (s State) answered() string { return s.entered(s.extras(s.answer, brief(s.answer.Comment))) }

func (s State) entered(extras []string) string {
	text := s.said(s.asks(), s.response())
	if s.level {
		text = strings.TrimSuffix(text, " > …") + " = …"
	}
	if s.item.Correcting {
		text = s.w.correcting + " · " + text
	}
	return strings.Join(append([]string{text}, extras...), " · ")
}

// answerRow is the question asked and what was entered, in at most w cells. Where there is
// no room the question is cut, and the comment; then the keys that gave it stand for what
// the answer has besides its responses, because it shows nowhere else.
func (s State) answerRow(w int) string {
	comment := brief(s.answer.Comment)
	extras, keys := s.extras(s.answer, comment), ""
	least := Clip(s.questionText(), w/4) + " · " + s.entered(s.extras(s.answer, Clip(comment, 1)))
	if Cells(least) > w {
		extras, keys = nil, s.extraKeys()
	}
	w -= Cells(keys)
	answered := " · " + s.entered(extras)
	question := Clip(s.questionText(), max(w-Cells(answered), (w+Cells(keys))/4))
	return Clip(question+answered, w) + keys
}

// extraKeys is the keys of what an answer has besides its responses, shown as the scale
// shows what was chosen.
func (s State) extraKeys() string {
	var keys string
	add := func(key string, has bool) {
		if has {
			keys += "[" + key + "]"
		}
	}
	add("e", s.answer.Edit != nil)
	add("!", s.answer.Flagged)
	add("c", s.answer.Comment != "")
	if keys == "" {
		return ""
	}
	return " " + keys
}

// scale is the answers there are: each in words, or those at the ends, or none, as fits.
func (s State) scale() (t strip) {
	for _, in := range []inWords{everyStep, endSteps, noStep} {
		switch q := s.asks(); q.Kind {
		case labeling.AskPreference:
			t = s.preferenceScale(in)
		case labeling.AskRanking:
			t = s.rankingScale(in)
		default:
			t = s.markScale(q, in)
		}
		if t.cells() <= s.width {
			break
		}
	}
	return t
}

type inWords int

const (
	everyStep inWords = iota
	endSteps
	noStep
)

func (s State) rankingScale(in inWords) (t strip) {
	for i := range s.panes {
		name := letter(place(i))
		t = t.key(name, name, s.response().Rank(place(i)) >= 0)
	}
	if s.asks().Ties {
		text := "="
		if in == everyStep {
			text += " " + s.w.level
		}
		t = t.key(text, "=", s.level)
	}
	return t
}

func (s State) markScale(q question, in inWords) (t strip) {
	if len(s.panes) > 1 {
		t = t.add(letter(place(s.focus))+":", bold)
	}
	now := s.response().Marks[place(s.focus)]
	for n := 1; n <= q.Top(); n++ {
		text := strconv.Itoa(n)
		if in == everyStep {
			text = s.step(q, n)
		}
		t = t.key(text, strconv.Itoa(n), n == now)
	}
	return t
}

func (s State) preferenceScale(in inWords) (t strip) {
	r := s.response()
	best, chosen := r.Best()
	t = t.add("A ", bold)
	for i, key := range []string{"a", "s", "d", "f", "j", "k", "l", ";"} {
		better, strength := labeling.CandidateID(1), 4-i
		if i >= 4 {
			better, strength = 2, i-3
		}
		if i == 4 {
			t = t.add("│", 0)
		}
		text := key
		if in == everyStep || in == endSteps && (strength == 1 || strength == labeling.MaxStrength) {
			text += " " + s.w.strength[strength]
		}
		t = t.key(text, key, chosen && best == better && r.Strength == strength)
	}
	if s.asks().Ties {
		t = t.key("0 =", "0", r.Tie())
	}
	return t.add(" B", bold)
}

// viewFooter is the last row: what is asked, a remark, or which keys there are. Where
// that needs more rows, it covers those above it.
func (s State) viewFooter(f *frame) {
	if ask := s.prompted(f.w / 2); ask != "" && s.note == "" {
		f.keep(f.h - 1)
		f.write(ask)
		s.input.prompted(&f.pen, f.w-Cells(ask))
		f.end()
		return
	}
	text, look := s.footer()
	rows := 0
	wrap(text, 0, len(text), f.w, func(int, int) { rows++ })
	f.keep(max(1, f.h-rows))
	f.message(text, look)
}

// prompted is what a line is being typed for, in at most w cells; "" where none is.
func (s State) prompted(w int) string {
	ask, keys := s.asksFor()
	if ask == "" {
		return ""
	}
	if long := ask + " " + keys + ": "; keys != "" && Cells(long) <= w {
		return long
	}
	return Clip(ask+": ", w)
}

// asksFor is what a line is being typed for, and which keys end it.
func (s State) asksFor() (ask, keys string) {
	switch s.mode {
	case commenting:
		return s.w.askComment, s.w.keepOrDrop
	case reasoning:
		return s.w.askReason, s.w.skipOrReturn
	case seeking:
		return s.w.askSearch, ""
	default:
		return "", ""
	}
}

func (s State) footer() (string, attr) {
	switch {
	case s.mode == failed:
		return fmt.Sprintf(s.w.failed, s.trouble), bold
	case s.mode == dropping:
		return s.w.askDrop, bold
	case s.note != "":
		return s.note, bold
	case s.mode == saving:
		return s.w.saving, 0
	case s.mode == judging && s.guideline.changed():
		return fmt.Sprintf(s.w.guideChanged, s.guideline.version), bold
	}
	return s.hints(), dim
}

// hints is which keys there are now, as many as fit.
func (s State) hints() string {
	fixed := map[mode]string{
		reading: s.w.closes, welcoming: s.w.begins, explaining: s.w.goesOn, told: s.w.goesOn, reviewing: s.w.reviewed, editing: s.w.editKeys,
	}[s.mode]
	if fixed != "" {
		return Clip(fixed, s.width)
	}
	var hints []string
	if n := len(s.item.Votes); n > 0 {
		hints = append(hints, fmt.Sprintf(s.w.votesHint, n))
	}
	for _, k := range s.w.keys {
		if k.hint != "" && (k.has == nil || k.has(s)) {
			hints = append(hints, k.key+" "+k.hint)
		}
	}
	text := hints[0]
	for _, h := range hints[1:] {
		if Cells(text)+Cells(" · "+h) > s.width {
			break
		}
		text += " · " + h
	}
	return text
}
