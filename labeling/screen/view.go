package screen

import (
	"fmt"
	"strings"

	"plumbline/labeling"
)

// style switches an attribute on; off ends them all. They are the only control
// sequences a view has.
type style string

const (
	plain style = ""
	bold  style = "\x1b[1m"
	dim   style = "\x1b[2m"
	chose style = "\x1b[7m"
	mark  style = "\x1b[4m"  // never by colour alone
	hue   style = "\x1b[33m" // added to mark where colours are wanted
	off   style = "\x1b[0m"
)

func (st style) of(s string) string {
	if st == plain || s == "" {
		return s
	}
	return string(st) + s + string(off)
}

// View is the screen: as many rows as the terminal has, each as wide as it.
func (s State) View() string {
	var rows []string
	switch {
	case s.width < MinWidth || s.height < MinHeight:
		small := newDoc(fmt.Sprintf(s.w.tooSmall, s.width, s.height)).wrapped(s.width)
		rows = s.plainRows(small, 0, len(small.lines), 0)
	case s.mode == reading || s.mode == explaining || s.mode == welcoming || s.mode == told:
		rows = s.viewPage()
	case s.mode == loading:
		rows = []string{s.header(), "", fit(s.w.loading, s.width), "", bold.of(fit(s.note, s.width))}
	case s.mode == finished || len(s.panes) == 0:
		text := newDoc(s.message()).wrapped(s.width)
		rows = append([]string{s.header(), ""}, s.plainRows(text, 0, len(text.lines), 0)...)
	default:
		rows = s.viewItem()
	}
	return s.fill(rows)
}

// message is what there is to say where no item is shown.
func (s State) message() string {
	switch s.mode {
	case finished:
		return s.w.finished
	case failed:
		return fmt.Sprintf(s.w.failed, s.trouble)
	}
	return s.w.loading
}

// fill makes it exactly as many rows as the terminal has.
func (s State) fill(rows []string) string {
	blank := strings.Repeat(" ", max(0, s.width))
	for i, r := range rows {
		if r == "" {
			rows[i] = blank
		}
	}
	for len(rows) < s.height {
		rows = append(rows, blank)
	}
	return strings.Join(rows[:max(0, s.height)], "\n")
}

// plainRows shows n lines of a text from line at on, indented.
func (s State) plainRows(d doc, at, n, indent int) (rows []string) {
	for i := at; i < at+n; i++ {
		rows = append(rows, strings.Repeat(" ", indent)+s.row(d, i, s.width-indent))
	}
	return rows
}

func (s State) header() string {
	right := s.counts()
	left := clip(s.o.Title, max(0, s.width-cells(right)-1))
	return bold.of(fit(left, s.width-cells(right)) + right)
}

// counts is how far the annotator and all are; during the test, how far in it.
func (s State) counts() string {
	p := s.progress
	if p.Tests > 0 && p.Tested < p.Tests {
		return fmt.Sprintf(s.w.testing, p.Tested+1, p.Tests)
	}
	text := fmt.Sprintf(s.w.progress, p.Mine, p.Done, p.Wanted)
	for _, more := range []string{countOf(s.w.streak, p.Days), countOf(s.w.pace, p.Seconds)} {
		if longer := more + " · " + text; more != "" && cells(longer) <= s.width/2 {
			text = longer
		}
	}
	return text
}

func countOf(format string, n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

func (s State) viewPage() []string {
	d, n := s.page.doc, s.pageRows()
	title := s.page.title + position(s.page.scroll, n, len(d.lines))
	hint := map[mode]string{reading: s.w.closes, explaining: s.w.goesOn, welcoming: s.w.begins, told: s.w.goesOn}[s.mode]
	rows := []string{bold.of(fit(title, s.width))}
	rows = append(rows, s.plainRows(d, s.page.scroll, n, 2)...)
	return append(rows, dim.of(fit(hint, s.width)))
}

func (s State) viewItem() []string {
	rows := append([]string{s.header()}, s.viewPrompt()...)
	if s.beside() {
		rows = append(rows, s.viewBoxes()...)
	} else {
		rows = append(rows, s.viewOne()...)
	}
	if s.overviewed() {
		rows = append(rows, s.overview().styled)
	}
	return append(rows, s.questionRow(), s.scale(), s.footer())
}

// viewPrompt is the beginning of the prompt, and at its end what is not seen of it.
func (s State) viewPrompt() []string {
	n := s.promptRows()
	rest := ""
	if s.prompt.hidden > 0 {
		rest += " " + fmt.Sprintf(s.w.hidden, s.prompt.hidden)
	}
	if n < len(s.prompt.lines) {
		rest += " " + s.w.more
	}
	rows := make([]string, n)
	for i := range rows {
		rows[i] = "▏ " + s.row(s.prompt, i, s.width-2)
	}
	if rest != "" {
		rows[n-1] = "▏ " + fit(s.cut(s.prompt, n-1), s.width-2-cells(rest)) + rest
	}
	return rows
}

// viewBoxes is the responses side by side.
func (s State) viewBoxes() []string {
	n := s.rows()
	rows := make([]string, n+2)
	for i, d := range s.panes {
		w := s.boxed(i)
		rows[0] += "┌" + s.title(i, w-2) + "┐"
		for j := range n {
			rows[1+j] += "│ " + s.row(d, s.scroll[i]+j, w-4) + " │"
		}
		rows[n+1] += "└" + strings.Repeat("─", w-2) + "┘"
	}
	return rows
}

// viewOne is the one that has the focus.
func (s State) viewOne() []string {
	rows := []string{s.title(s.focus, s.width)}
	return append(rows, s.plainRows(s.panes[s.focus], s.scroll[s.focus], s.rows(), 0)...)
}

// title is the top of a pane: its name, what it hides, and how far it is read.
func (s State) title(i, w int) string {
	d := s.panes[i]
	text := "─ " + letter(place(i))
	if i == s.focus && len(s.panes) > 1 {
		text += " ◂"
	}
	text += position(s.scroll[i], s.rows(), len(d.lines))
	if d.hidden > 0 {
		text += " " + fmt.Sprintf(s.w.hidden, d.hidden)
	}
	if !s.beside() && len(s.panes) > 1 {
		text += " ─ Space: " + letter(place((i+1)%len(s.panes)))
	}
	text = clip(text+" ", w)
	text += strings.Repeat("─", max(0, w-cells(text)))
	if i == s.focus {
		return bold.of(text)
	}
	return text
}

// position says which lines are seen, where not all are.
func position(at, rows, lines int) string {
	if lines <= rows {
		return ""
	}
	arrows := ""
	if at > 0 {
		arrows += "▲"
	}
	if at+rows < lines {
		arrows += "▼"
	}
	last := min(at+rows, lines)
	return fmt.Sprintf(" %d–%d/%d %d%% %s", at+1, last, lines, 100*last/lines, arrows)
}

// cut is a line of a text; none where there is none.
func (s State) cut(d doc, i int) string {
	if i >= len(d.lines) {
		return ""
	}
	return string(d.text[d.lines[i].from:d.lines[i].to])
}

// row is a line of a text, w cells wide, with its marks.
func (s State) row(d doc, i, w int) string {
	text := s.cut(d, i)
	if d.marks == nil || i >= len(d.lines) {
		return fit(text, w)
	}
	l := d.lines[i]
	var b strings.Builder
	for from := l.from; from < l.to; {
		to := from
		for to < l.to && d.marks[to] == d.marks[from] {
			to++
		}
		if d.marks[from] {
			b.WriteString(s.markStyle().of(string(d.text[from:to])))
		} else {
			b.WriteString(string(d.text[from:to]))
		}
		from = to
	}
	return b.String() + strings.Repeat(" ", max(0, w-cells(text)))
}

func (s State) markStyle() style {
	if s.o.Color {
		return mark + hue
	}
	return mark
}

// overviewed tells whether there is a row for all questions.
func (s State) overviewed() bool {
	return len(s.questions) > 1 && s.height >= 16 && cells(s.overview().text) <= s.width
}

// overview is a row of all questions: ✓ answered, ▸ asked now, ○ open, – not asked.
func (s State) overview() (t styledText) {
	for i, q := range s.questions {
		sign, st := "○", plain
		switch {
		case i == s.question:
			sign, st = "▸", bold
		case q.Marks() && len(s.asked(q.Question)) == 0:
			sign, st = "–", dim
		case s.complete(q):
			sign, st = "✓", dim
		}
		if i > 0 {
			t.add("  ", plain)
		}
		t.add(sign+" "+q.label, st)
	}
	if n := s.width - cells(t.text); n > 0 {
		t.add(strings.Repeat(" ", n), plain)
	}
	return t
}

// questionRow is what is asked, and what was answered.
func (s State) questionRow() string {
	q := s.asks()
	text := q.label
	if n := len(s.questions); n > 1 {
		text = fmt.Sprintf("%d/%d %s", s.question+1, n, text)
	}
	text += " · " + s.answered()
	return fit(text, s.width)
}

// answered is what was entered: the response to the question asked, and the rest.
func (s State) answered() string {
	text := s.said(s.asks(), s.response())
	if s.level {
		text = strings.TrimSuffix(text, " > …") + " = …"
	}
	if s.item.Correcting {
		text = s.w.correcting + " · " + text
	}
	if s.answer.Flagged {
		text += " · " + s.w.flagged
	}
	if s.answer.Comment != "" {
		text += " · " + fmt.Sprintf(s.w.comment, s.answer.Comment)
	}
	return text
}

// scale is the answers there are, in words if they fit.
func (s State) scale() string {
	t := s.steps(true)
	if cells(t.text) > s.width {
		t = s.steps(false)
	}
	if cells(t.text) > s.width {
		return fit(t.text, s.width)
	}
	return t.styled + strings.Repeat(" ", s.width-cells(t.text))
}

// styledText is a text and the same with styles.
type styledText struct{ text, styled string }

func (t *styledText) add(s string, st style) {
	t.text += s
	t.styled += st.of(s)
}

// choice adds one of the answers there are.
func (t *styledText) choice(text string, chosen bool) {
	if chosen {
		t.add("["+text+"]", chose)
	} else {
		t.add(" "+text+" ", plain)
	}
}

func (s State) steps(inWords bool) (t styledText) {
	switch q := s.asks(); {
	case q.Kind == labeling.AskPreference:
		s.preferenceSteps(&t, inWords)
	case q.Kind == labeling.AskRanking:
		for i := range s.panes {
			t.choice(letter(place(i)), s.response().Rank(place(i)) >= 0)
		}
		if q.Ties {
			t.choice("= "+s.w.level, s.level)
		}
	default:
		s.markSteps(&t, q, inWords)
	}
	return t
}

func (s State) markSteps(t *styledText, q question, inWords bool) {
	if len(s.panes) > 1 {
		t.add(letter(place(s.focus))+":", bold)
	}
	now := s.response().Marks[place(s.focus)]
	for n := 1; n <= q.Top(); n++ {
		text := fmt.Sprint(n)
		if inWords {
			text = s.step(q, n)
		}
		t.choice(text, n == now)
	}
}

func (s State) preferenceSteps(t *styledText, inWords bool) {
	r := s.response()
	best, chosen := r.Best()
	t.add("A ", bold)
	for i, key := range []string{"a", "s", "d", "f", "j", "k", "l", ";"} {
		better, strength := labeling.CandidateID(1), 4-i
		if i >= 4 {
			better, strength = 2, i-3
		}
		if i == 4 {
			t.add("│ ", plain)
		}
		text := key
		if inWords {
			text += " " + s.w.strength[strength]
		}
		t.choice(text, chosen && best == better && r.Strength == strength)
	}
	if s.asks().Ties {
		t.choice("0 =", r.Tie())
	}
	t.add(" B", bold)
}

// footer is the last row: a question, a remark, or which keys there are.
func (s State) footer() string {
	switch {
	case s.note != "":
		return bold.of(fit(s.note, s.width))
	case s.mode == commenting:
		return s.prompted(s.w.askComment)
	case s.mode == reasoning:
		return s.prompted(s.w.askReason)
	case s.mode == saving:
		return fit(s.w.saving, s.width)
	case s.mode == failed:
		return bold.of(fit(fmt.Sprintf(s.w.failed, s.trouble), s.width))
	case s.mode == judging && s.guideline.changed():
		return bold.of(fit(fmt.Sprintf(s.w.guideChanged, s.guideline.version), s.width))
	case s.mode == judging:
		return dim.of(fit(s.hints(), s.width))
	}
	return fit("", s.width)
}

// prompted shows a question and the end of what is typed.
func (s State) prompted(question string) string {
	question = clip(question, s.width/2)
	return fit(question+tail(s.input, s.width-cells(question)-1)+"█", s.width)
}

// hints is as many keys as fit.
func (s State) hints() string {
	hints := s.w.hints
	if n := len(s.item.Votes); n > 0 {
		hints = append([]string{fmt.Sprintf(s.w.votesHint, n)}, hints...)
	}
	text := ""
	for i, h := range hints {
		if i > 0 {
			h = " · " + h
		}
		if cells(text+h) > s.width {
			break
		}
		text += h
	}
	return text
}
