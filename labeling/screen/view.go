package screen

import (
	"fmt"
	"strings"
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
	case s.size.w < MinWidth || s.size.h < MinHeight:
		small := newDoc(fmt.Sprintf(s.w.tooSmall, s.size.w, s.size.h)).wrapped(s.size.w)
		rows = s.plainRows(small, 0, len(small.lines), 0)
	case s.mode == reading:
		rows = s.viewPage()
	case s.mode == loading:
		rows = append(s.header(), "", fit(s.w.loading, s.size.w), "", s.footer())
	case s.mode == finished:
		text := newDoc(s.w.finished).wrapped(s.size.w)
		rows = append(s.header(), "")
		rows = append(rows, s.plainRows(text, 0, len(text.lines), 0)...)
		rows = append(rows, "", s.footer())
	default:
		rows = s.viewPair()
	}
	return s.fill(rows)
}

// fill makes it exactly as many rows as the terminal has.
func (s State) fill(rows []string) string {
	for i, r := range rows {
		if r == "" {
			rows[i] = strings.Repeat(" ", max(0, s.size.w))
		}
	}
	for len(rows) < s.size.h {
		rows = append(rows, strings.Repeat(" ", max(0, s.size.w)))
	}
	return strings.Join(rows[:max(0, s.size.h)], "\n")
}

// plainRows shows n lines of a text from line at on, indented.
func (s State) plainRows(d doc, at, n, indent int) (rows []string) {
	for i := at; i < at+n; i++ {
		rows = append(rows, strings.Repeat(" ", indent)+s.row(d, i, s.size.w-indent))
	}
	return rows
}

func (s State) header() []string {
	right := fmt.Sprintf(s.w.progress, s.progress.Mine, s.progress.Done, s.progress.Wanted)
	left := clip(s.o.Title, max(0, s.size.w-cells(right)-1))
	return []string{bold.of(fit(left, s.size.w-cells(right)) + right)}
}

func (s State) viewPage() []string {
	d, n := s.page.doc, s.pageRows()
	title := s.page.title + position(s.page.scroll, n, len(d.lines))
	rows := []string{bold.of(fit(title, s.size.w))}
	rows = append(rows, s.plainRows(d, s.page.scroll, n, 2)...)
	return append(rows, dim.of(fit(s.w.closes, s.size.w)))
}

func (s State) viewPair() []string {
	rows := append(s.header(), s.viewPrompt()...)
	if s.wide() {
		rows = append(rows, s.viewWide()...)
	} else {
		rows = append(rows, s.viewNarrow()...)
	}
	return append(rows, s.scale(), s.verdictRow(), s.footer())
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
		rows[i] = "▏ " + s.row(s.prompt, i, s.size.w-2)
	}
	if rest != "" {
		rows[n-1] = "▏ " + fit(s.cut(s.prompt, n-1), s.size.w-2-cells(rest)) + rest
	}
	return rows
}

// viewWide is A and B side by side, in boxes.
func (s State) viewWide() []string {
	col, n := s.columns(), s.rows()
	gap := strings.Repeat(" ", s.size.w-2*(col+4))
	rows := []string{"┌" + s.title(0, col+2, "─") + "┐" + gap + "┌" + s.title(1, col+2, "─") + "┐"}
	for i := range n {
		a, b := s.row(s.pane[0], s.scroll[0]+i, col), s.row(s.pane[1], s.scroll[1]+i, col)
		rows = append(rows, "│ "+a+" │"+gap+"│ "+b+" │")
	}
	bottom := "└" + strings.Repeat("─", col+2) + "┘"
	return append(rows, bottom+gap+bottom)
}

// viewNarrow is the one that has the focus.
func (s State) viewNarrow() []string {
	rows := []string{s.title(s.focus, s.size.w, "─")}
	return append(rows, s.plainRows(s.pane[s.focus], s.scroll[s.focus], s.rows(), 0)...)
}

// title is the top of a pane: its name, what it hides, and how far it is read.
func (s State) title(i, w int, rule string) string {
	d := s.pane[i]
	text := rule + " " + string(rune('A'+i))
	if i == s.focus {
		text += " ◂"
	}
	text += position(s.scroll[i], s.rows(), len(d.lines))
	if d.hidden > 0 {
		text += " " + fmt.Sprintf(s.w.hidden, d.hidden)
	}
	if !s.wide() {
		text += fmt.Sprintf(" %s Space: %c", rule, 'B'-i)
	}
	text = clip(text+" ", w)
	text += strings.Repeat(rule, max(0, w-cells(text)))
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
	return fmt.Sprintf(" %d–%d/%d %s", at+1, min(at+rows, lines), lines, arrows)
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

// scale is the eight steps, in words if they fit.
func (s State) scale() string {
	long := s.steps(func(key string, strength int) string { return key + " " + s.w.strength[strength] })
	if cells(long.text) <= s.size.w {
		return long.styled + strings.Repeat(" ", s.size.w-cells(long.text))
	}
	short := s.steps(func(key string, _ int) string { return key })
	return short.styled + strings.Repeat(" ", max(0, s.size.w-cells(short.text)))
}

// styledText is a text and the same with styles.
type styledText struct{ text, styled string }

func (t *styledText) add(s string, st style) {
	t.text += s
	t.styled += st.of(s)
}

func (s State) steps(label func(key string, strength int) string) (t styledText) {
	t.add("A ", bold)
	for i, key := range []string{"a", "s", "d", "f", "j", "k", "l", ";"} {
		value := i - 4
		if i >= 4 {
			value = i - 3
		}
		if i == 4 {
			t.add("│ ", plain)
		}
		text := " " + label(key, max(value, -value)) + " "
		if value == s.verdict.Choice {
			text = "[" + strings.TrimSpace(text) + "]"
			t.add(text, chose)
		} else {
			t.add(text, plain)
		}
	}
	if s.o.Ties {
		s.tieStep(&t)
	}
	t.add(" B", bold)
	return t
}

func (s State) tieStep(t *styledText) {
	if s.verdict.Tie {
		t.add("[0 =]", chose)
	} else {
		t.add(" 0 = ", plain)
	}
}

func (s State) verdictRow() string {
	text := s.w.sentence(s.verdict)
	if s.correct {
		text = s.w.correcting + " · " + text
	}
	if s.verdict.Flagged {
		text += " · " + s.w.flagged
	}
	if s.verdict.Comment != "" {
		text += " · " + fmt.Sprintf(s.w.comment, s.verdict.Comment)
	}
	return fit(text, s.size.w)
}

// footer is the last row: a question, a remark, or which keys there are.
func (s State) footer() string {
	switch {
	case s.note != NoNote:
		return bold.of(fit(s.w.notes[s.note], s.size.w))
	case s.mode == commenting:
		return s.ask(s.w.askComment)
	case s.mode == reasoning:
		return s.ask(s.w.askReason)
	case s.mode == saving:
		return fit(s.w.saving, s.size.w)
	case s.mode == failed:
		return bold.of(fit(fmt.Sprintf(s.w.failed, s.trouble), s.size.w))
	case s.mode == judging:
		return dim.of(fit(s.hints(), s.size.w))
	}
	return fit("", s.size.w)
}

// ask shows a question and the end of what is typed.
func (s State) ask(question string) string {
	question = clip(question, s.size.w/2)
	return fit(question+tail(s.input, s.size.w-cells(question)-1)+"█", s.size.w)
}

// hints is as many keys as fit.
func (s State) hints() string {
	text := ""
	for i, h := range s.w.hints {
		if i > 0 {
			h = " · " + h
		}
		if cells(text+h) > s.size.w {
			break
		}
		text += h
	}
	return text
}
