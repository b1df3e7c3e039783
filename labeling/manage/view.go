package manage

import (
	"fmt"
	"strings"
	"time"
)

// The only control sequences of a view.
const (
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	reverse = "\x1b[7m"
	off     = "\x1b[0m"
)

// View is the screen: as many rows as the terminal has, each as wide as it.
func (s State) View() string {
	var rows []string
	switch {
	case s.unseen():
		rows = wrap(fmt.Sprintf(s.w.tooSmall, s.size.w, s.size.h), s.size.w)
	case !s.taken:
		rows = []string{bold + fit(s.o.Title, s.size.w) + off, "", s.waitingText()}
	case s.mode == detailed || s.mode == reading, s.mode == asking && s.back == detailed:
		rows = s.viewPage()
	default:
		rows = s.viewTable()
	}
	for i, r := range rows {
		if !strings.HasPrefix(r, "\x1b") {
			rows[i] = fit(r, s.size.w)
		}
	}
	for len(rows) < s.size.h {
		rows = append(rows, fit("", s.size.w))
	}
	return strings.Join(rows[:max(0, s.size.h)], "\n")
}

func (s State) waitingText() string {
	if s.trouble != "" {
		return fmt.Sprintf(s.w.failedBy, s.trouble)
	}
	return s.w.loading
}

func (s State) viewPage() []string {
	title := s.w.keysTitle
	if s.mode != reading {
		title = cleanLine(s.chosen)
	}
	lines, n := s.page(), s.pageRows()
	title += position(s.scroll, n, len(lines))
	rows := []string{bold + fit(title, s.size.w) + off}
	for i := s.scroll; i < s.scroll+n; i++ {
		line := ""
		if i < len(lines) {
			line = "  " + lines[i]
		}
		rows = append(rows, line)
	}
	return append(rows, s.footer())
}

// position says which lines are seen, where not all are.
func position(at, rows, lines int) string {
	if lines <= rows {
		return ""
	}
	return fmt.Sprintf(" %d–%d/%d", at+1, min(at+rows, lines), lines)
}

func (s State) pageRows() int { return max(1, s.size.h-2) }

// tableRows is how many people are seen at once.
func (s State) tableRows() int { return max(1, s.size.h-len(s.head())-2) }

func (s State) viewTable() []string {
	rows := append(s.head(), bold+s.titles()+off)
	n := s.tableRows()
	for i := s.top; i < s.top+n; i++ {
		if i >= len(s.rows) {
			rows = append(rows, "")
			continue
		}
		row := s.tableRow(func(c column) string { return columns[c].cell(s, s.rows[i]) })
		if s.rows[i].Handle == s.chosen {
			row = reverse + row + off
		}
		rows = append(rows, row)
	}
	if len(s.rows) == 0 {
		rows[len(rows)-n] = s.w.nobody
	}
	return append(rows, s.footer())
}

// head is what stands above the table: the project, the queue, the pace, the agreement,
// and what is proposed about who is chosen.
func (s State) head() []string {
	rows := []string{s.title()}
	lines := 2
	if s.size.h < 20 {
		lines = 1
	}
	rows = append(rows, flow(s.queue(), s.size.w, lines)...)
	rows = append(rows, flow(s.pacing(), s.size.w, lines)...)
	rows = append(rows, flow(s.agreement(), s.size.w, max(1, s.size.h/8))...)
	return append(rows, s.proposal()...)
}

func (s State) title() string {
	age := fmt.Sprintf(s.w.asOf, s.w.ago(s.age))
	if s.trouble != "" {
		age = clip(fmt.Sprintf(s.w.stale, s.w.ago(s.age), s.trouble), s.size.w*2/3)
	}
	name := clip(cleanLine(s.picture.Stats.Project)+" · "+s.o.Title, max(0, s.size.w-cells(age)-1))
	return bold + fit(name, s.size.w-cells(age)) + age + off
}

// queue says what is left to do.
func (s State) queue() (out []string) {
	q, c := s.picture.Stats.Queue, s.picture.Stats.Counts
	out = append(out, fmt.Sprintf(s.w.done, q.Done, q.Done+q.Open+q.Leased, percent(q.Done, q.Done+q.Open+q.Leased)))
	out = append(out, fmt.Sprintf(s.w.open, q.Open))
	if q.Lapsed > 0 {
		out = append(out, fmt.Sprintf(s.w.lapsed, q.Leased, q.Lapsed, s.w.ago(time.Duration(q.LapsedFor*float64(time.Second)))))
	} else {
		out = append(out, fmt.Sprintf(s.w.leased, q.Leased))
	}
	out = append(out, fmt.Sprintf(s.w.disputes, s.picture.Disputes))
	for _, x := range []struct {
		n    int
		text string
	}{{c.Flagged, s.w.flagged}, {c.Skips, s.w.skips}, {c.Withdrawn, s.w.withdrawn}} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf(x.text, x.n))
		}
	}
	return out
}

func percent(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(n) / float64(of)
}

// pacing says how fast it goes.
func (s State) pacing() []string {
	p := s.picture.Stats.Pace
	if p.PerHour == 0 {
		return []string{s.w.noPace}
	}
	out := []string{fmt.Sprintf(s.w.lastHour, p.LastHour), fmt.Sprintf(s.w.perHour, p.PerHour)}
	if p.HoursLeft > 0 {
		out = append(out, fmt.Sprintf(s.w.hoursLeft, p.HoursLeft))
	}
	if p.HoursLeft > 0 && p.Finish != nil {
		out = append(out, fmt.Sprintf(s.w.finish, p.Finish.In(s.now.Location()).Format(time.DateTime[:16])))
	}
	return out
}

// agreement is alpha for each question, at the first level at which it is defined.
func (s State) agreement() (out []string) {
	for _, q := range s.picture.Stats.Questions {
		if len(q.Alpha) > 0 {
			a := q.Alpha[0]
			out = append(out, fmt.Sprintf("%s α %s %s", q.Key, share(a.Alpha), interval(a.Low, a.High)))
		}
	}
	if len(out) == 0 {
		out = append(out, s.w.noAlpha)
	}
	return out
}

// proposal is about the person chosen, else how many there are to look at. It takes as
// many rows for everybody, so that the table stays where it is.
func (s State) proposal() []string {
	n := s.waiting()
	if n == 0 {
		return nil
	}
	rows := make([]string, max(1, min(3, s.size.h/8)))
	rows[0] = "! " + fmt.Sprintf(s.w.waiting, n)
	p, ok := s.person()
	if !ok {
		return rows
	}
	var lines []string
	for _, r := range s.open(p) {
		lines = append(lines, wrap("! "+cleanLine(p.Handle)+": "+r.Evidence.In(string(s.o.Lang)), s.size.w)...)
	}
	copy(rows, lines)
	return rows
}

// flow puts phrases on at most n lines; what does not fit is left out.
func flow(phrases []string, w, n int) []string {
	lines := []string{""}
	for _, p := range phrases {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = p
		case cells(*last)+3+cells(p) <= w:
			*last += " · " + p
		case len(lines) < n:
			lines = append(lines, p)
		default:
			return lines
		}
	}
	return lines
}

// footer is the last row: a question, a remark, or which keys there are.
func (s State) footer() string {
	switch {
	case s.mode == asking:
		return s.ask(fmt.Sprintf(s.w.asking[s.pending.Status], cleanLine(s.pending.Handle)))
	case s.mode == searching:
		return s.ask(s.w.askSearch)
	case s.note != "":
		return bold + fit(s.note, s.size.w) + off
	case s.mode == reading:
		return dim + fit(s.w.closes, s.size.w) + off
	case s.mode == detailed:
		return dim + fit(s.hints(s.w.personHints), s.size.w) + off
	}
	return dim + fit(s.hints(s.w.hints), s.size.w) + off
}

// ask shows a question and the end of what is typed.
func (s State) ask(question string) string {
	question = clip(question, s.size.w*2/3)
	return fit(question+tail(s.input, s.size.w-cells(question)-1)+"█", s.size.w)
}

// hints is as many keys as fit.
func (s State) hints(all []string) string { return flow(all, s.size.w, 1)[0] }
