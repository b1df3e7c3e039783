package manage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/quality"
)

// page is what covers the screen, as lines that fit.
func (s State) page() []string {
	text := cleanText(s.w.keys)
	if s.mode == detailed {
		p, ok := s.person()
		if !ok {
			return []string{s.w.nobody}
		}
		text = s.about(p)
	}
	return wrap(text, s.size.w-2)
}

// about is everything that is known of a person.
func (s State) about(p Person) string {
	w := s.w.page
	out := []string{s.who(p)}
	section := func(title string, lines ...string) {
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
		if len(lines) == 0 {
			lines = []string{w.nothing}
		}
		out = append(out, "", title)
		for _, l := range lines {
			out = append(out, "  "+l)
		}
	}
	if open := s.open(p); len(open) > 0 {
		var lines []string
		for _, r := range open {
			lines = append(lines, string(r.Rule)+": "+r.Evidence.In(string(s.o.Lang)))
		}
		section(w.proposals, lines...)
	}
	section(w.work, fmt.Sprintf(w.judged, p.Judged, p.Skipped, p.Flagged), s.pace(p))
	section(w.checks, figure(w.gold, p.Gold, ""), figure(w.attention, p.Attention, ""), figure(w.consistent, p.Consistent, ""))
	section(w.leaning,
		figure(w.left, p.Left.Share, fmt.Sprintf(w.chance, chance(p.Left.PValue))),
		figure(w.longer, p.Longer.Share, fmt.Sprintf(w.likeOthers, chance(p.LongerOdds))))
	for _, o := range p.Questions {
		section(fmt.Sprintf(w.question, o.Question), s.opinion(o)...)
	}
	section(w.drift, s.drift(p.Drift)...)
	section(w.goldDrift, s.drift(p.GoldDrift)...)
	return strings.Join(out, "\n")
}

func (s State) who(p Person) string {
	w := s.w.page
	parts := []string{cleanLine(p.Handle), s.w.role[p.Role], s.w.status[p.Status]}
	if p.Simulated {
		parts = append(parts, w.simulated)
	}
	if p.Keys > 0 {
		parts = append(parts, fmt.Sprintf(w.keys, p.Keys))
	}
	if p.Held > 0 {
		parts = append(parts, fmt.Sprintf(w.holds, p.Held, p.Lapsed))
	}
	return strings.Join(parts, " · ")
}

func (s State) pace(p Person) string {
	if p.Last.IsZero() {
		return s.w.page.nothing
	}
	w := s.w.page
	return strings.Join([]string{
		fmt.Sprintf(w.pace, seconds(p.Seconds), seconds(s.picture.Stats.Crowd.Seconds), p.SpeedZ),
		fmt.Sprintf(w.recent, seconds(p.Recent)),
		fmt.Sprintf(w.last, s.w.ago(s.now.Sub(p.Last))),
	}, " · ")
}

// figure is a line about a share; none where there are no cases.
func figure(name string, k quality.Share, more string) string {
	if k.N == 0 {
		return ""
	}
	line := fit(name, 28) + " " + shareOf(k)
	if more != "" {
		line += " · " + more
	}
	return line
}

func shareOf(k quality.Share) string {
	return fmt.Sprintf("%s = %s %s", ofN(k), share(k.P), interval(k.Low, k.High))
}

// opinion is how answers to one question compare with those of the others.
func (s State) opinion(o quality.Opinion) []string {
	w := s.w.page
	first := figure(w.agrees, o.Agreement, "")
	if o.Kappa != nil {
		first += " · " + fmt.Sprintf(w.kappa, share(*o.Kappa))
	}
	second := fmt.Sprintf(w.skill, share(o.Skill))
	if o.Insight != nil {
		second += " · " + fmt.Sprintf(w.insight, share(*o.Insight))
	}
	lines := []string{strings.TrimPrefix(first, " · "), second}
	if len(o.Confusion) > 0 {
		lines = append(append(lines, w.confusion), s.confusion(o)...)
	}
	return lines
}

// confusion is the matrix: rows the truth, columns what is said of it.
func (s State) confusion(o quality.Opinion) []string {
	names := s.classes(o.Question, len(o.Confusion))
	width := 0
	for _, n := range names {
		width = max(width, min(10, cells(n)), 4)
	}
	head := strings.Repeat(" ", width)
	for _, n := range names {
		head += " " + fitRight(n, width)
	}
	lines := []string{head}
	for k, row := range o.Confusion {
		line := fit(names[k], width)
		for _, p := range row {
			line += " " + fitRight(share(p), width)
		}
		lines = append(lines, line)
	}
	return lines
}

// classes names the classes of a question: of a pair which one is better, else the marks.
func (s State) classes(question string, n int) (names []string) {
	q, _ := s.picture.Project.Task.Question(question)
	if !q.Marks() {
		w := s.w.page
		return []string{w.first, w.second, w.equal}[:n]
	}
	for i := range n {
		name := strconv.Itoa(i + 1)
		if q.Kind == labeling.AskChoice {
			name = q.Options[i].Label.In(string(s.o.Lang))
			if name == "" {
				name = q.Options[i].Key
			}
		}
		names = append(names, cleanLine(name))
	}
	return names
}

// drift is a bar for each window of time.
func (s State) drift(d quality.Drift) (lines []string) {
	for _, k := range d.Windows {
		lines = append(lines, fmt.Sprintf("%s  %s %s", k.From.In(s.now.Location()).Format(time.DateTime[:16]), fit(shareOf(k.Share), 22), bar(k.P, 10)))
	}
	if d.Before.N > 0 {
		lines = append(lines, fmt.Sprintf(s.w.page.change, share(d.Before.P), share(d.Recent.P), chance(d.PValue)))
	}
	return lines
}

// bar is a share as a bar of up to w cells, in eighths.
func bar(p float64, w int) string {
	n := int(p*float64(w)*8 + .5)
	text := strings.Repeat("█", n/8)
	if rest := n % 8; rest > 0 {
		text += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return text
}
