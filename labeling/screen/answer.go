package screen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline/labeling"
)

// An answer on the screen names candidates by their places, from 1.

// question is a question in the words of the interface's language.
type question struct {
	labeling.Question
	label, help string
	options     []string
	ends        []string
}

// worded is the questions of a task, ready to be shown.
func worded(t labeling.Task, lang Lang) (out []question) {
	word := func(l labeling.Label, key string) string {
		if text := brief(l.In(string(lang))); text != "" {
			return text
		}
		return key
	}
	for _, q := range t.Questions {
		x := question{Question: q, label: word(q.Label, q.Key), help: word(q.Help, "")}
		for _, o := range q.Options {
			x.options = append(x.options, word(o.Label, o.Key))
		}
		for _, e := range q.Ends {
			x.ends = append(x.ends, word(e, ""))
		}
		out = append(out, x)
	}
	return out
}

// asks is the question being answered.
func (s State) asks() question {
	if s.question >= len(s.questions) {
		return question{}
	}
	return s.questions[s.question]
}

// named is a question by its key, or nothing.
func (s State) named(key string) question {
	i := slices.IndexFunc(s.questions, func(q question) bool { return q.Key == key })
	if i < 0 {
		return question{}
	}
	return s.questions[i]
}

// response is what was answered to the question asked.
func (s State) response() labeling.Response { return s.answer.Responses[s.asks().Key] }

// place is the candidate's id on the screen, from its number from 0.
func place(i int) labeling.CandidateID { return labeling.CandidateID(i + 1) }

// asked lists the candidates that a question of marks is about.
func (s State) asked(q labeling.Question) []labeling.CandidateID {
	return s.answer.Asked(s.o.Task, q, s.shown)
}

// holding lists the candidates for which a condition holds.
func (s State) holding(c labeling.Condition) []labeling.CandidateID {
	return s.asked(labeling.Question{When: &c})
}

// complete tells whether a question has all of its answer.
func (s State) complete(q question) bool {
	r := s.answer.Responses[q.Key]
	if q.Marks() {
		return len(r.Marks) == len(s.asked(q.Question))
	}
	return placed(r) == len(s.panes)
}

// placed is how many candidates stand in an order.
func placed(r labeling.Response) (n int) {
	for _, group := range r.Order {
		n += len(group)
	}
	return n
}

// missing is the first question that has to be answered still, or -1.
func (s State) missing() int {
	for i, q := range s.questions {
		r := s.answer.Responses[q.Key]
		begun := len(r.Marks) > 0 || len(r.Order) > 0
		if !s.complete(q) && (begun || !q.Optional) {
			return i
		}
	}
	return -1
}

// open is the first question from i on, around the end, that is not complete; -1 if all
// are.
func (s State) open(i int) int {
	n := len(s.questions)
	for d := range n {
		if j := (i + d) % n; !s.complete(s.questions[j]) {
			return j
		}
	}
	return -1
}

// ask turns to a question; one of marks to the first candidate that has none.
func (s State) ask(i int) State {
	s.question, s.level = i, false
	if q := s.asks(); q.Marks() {
		asked := s.asked(q.Question)
		s = s.focused(int(s.unmarked(asked, 0)) - 1)
	}
	return s
}

// unmarked is the first of the candidates from the i-th on, around the end, without a
// mark; the first of all where there is none.
func (s State) unmarked(asked []labeling.CandidateID, i int) labeling.CandidateID {
	marks := s.response().Marks
	for d := range asked {
		if id := asked[(i+d)%len(asked)]; marks[id] == 0 {
			return id
		}
	}
	if len(asked) == 0 {
		return 1
	}
	return asked[0]
}

// turn goes to the next question (step 1) or the one before (-1) that is asked of any
// candidate.
func (s State) turn(step int) State {
	n := len(s.questions)
	for i := range n {
		j := ((s.question+step*(i+1))%n + n) % n
		if q := s.questions[j]; !q.Marks() || len(s.asked(q.Question)) > 0 {
			return s.ask(j)
		}
	}
	return s
}

// advance leads on after an answer: to the next candidate without a mark, else to the
// next question that is not complete.
func (s State) advance() State {
	q := s.asks()
	if !s.complete(q) {
		if q.Marks() {
			asked := s.asked(q.Question)
			at := slices.Index(asked, place(s.focus))
			s.hopped = true
			return s.focused(int(s.unmarked(asked, at+1)) - 1)
		}
		return s
	}
	if next := s.open(s.question); next >= 0 {
		s.hopped = true
		return s.ask(next)
	}
	return s
}

// respond keeps the response to the question asked, and what follows from it.
func (s State) respond(r labeling.Response) (State, Action) {
	s.answer.Responses = maps.Clone(s.answer.Responses)
	if s.answer.Responses == nil {
		s.answer.Responses = map[string]labeling.Response{}
	}
	if len(r.Order) == 0 && len(r.Marks) == 0 {
		delete(s.answer.Responses, s.asks().Key)
	} else {
		s.answer.Responses[s.asks().Key] = r
	}
	s.hopped = false
	return s.consistent(), Draft
}

// consistent drops answers to what is no longer asked, and orders that no longer may be.
// The map of the responses must be the state's own.
func (s State) consistent() State {
	for _, q := range s.questions {
		r, ok := s.answer.Responses[q.Key]
		switch {
		case !ok:
		case q.Marks():
			asked := s.asked(q.Question)
			r.Marks = maps.Clone(r.Marks)
			maps.DeleteFunc(r.Marks, func(id labeling.CandidateID, _ int) bool { return !slices.Contains(asked, id) })
			s.answer.Responses[q.Key] = r
			if len(r.Marks) == 0 {
				delete(s.answer.Responses, q.Key)
			}
		case s.broken(q, r.Order) != "":
			s = s.remark(s.broken(q, r.Order))
			delete(s.answer.Responses, q.Key)
		}
	}
	return s
}

// broken says why a question's guard forbids an order; "" if it does not. Candidates
// that are not in the order yet stand behind it.
func (s State) broken(q question, order [][]labeling.CandidateID) string {
	if q.Guard == nil {
		return ""
	}
	holding := s.holding(*q.Guard)
	var ahead labeling.CandidateID // the first for which it does not hold
	for _, group := range order {
		for _, id := range group {
			if ahead != 0 && slices.Contains(holding, id) {
				return s.guardText(*q.Guard, id, ahead)
			}
		}
		for _, id := range group {
			if ahead == 0 && !slices.Contains(holding, id) {
				ahead = id
			}
		}
	}
	for _, id := range holding {
		if ahead != 0 && (labeling.Response{Order: order}).Rank(id) < 0 {
			return s.guardText(*q.Guard, id, ahead)
		}
	}
	return ""
}

func (s State) guardText(c labeling.Condition, good, bad labeling.CandidateID) string {
	return fmt.Sprintf(s.w.guard, letter(good), s.named(c.Question).option(c.Is), letter(bad))
}

// option is the label of an option by its key.
func (q question) option(key string) string {
	for i, o := range q.Options {
		if o.Key == key {
			return q.options[i]
		}
	}
	return key
}

// letter names a candidate.
func letter(id labeling.CandidateID) string {
	if id < 1 || id > labeling.MaxCandidates {
		return "?"
	}
	return string(rune('A' + id - 1))
}

// unguarded is the question that must be answered before this one can be, or -1: the
// one that its guard is about.
func (s State) unguarded(q question) int {
	if q.Guard == nil {
		return -1
	}
	i := slices.IndexFunc(s.questions, func(o question) bool { return o.Key == q.Guard.Question })
	if i < 0 || s.complete(s.questions[i]) {
		return -1
	}
	return i
}

// order answers a preference or ranking, as far as it goes.
func (s State) order(r labeling.Response) (State, Action) {
	q := s.asks()
	if i := s.unguarded(q); i >= 0 {
		s = s.ask(i)
		return s.remark(fmt.Sprintf(s.w.answerFirst, s.asks().label)), None
	}
	if why := s.broken(q, r.Order); why != "" {
		return s.remark(why), None
	}
	s, a := s.respond(r)
	return s.advance(), a
}

// prefer answers a preference: -4 … -1 A is better, 1 … 4 B, 0 neither.
func (s State) prefer(value int) (State, Action) {
	if value == 0 && !s.asks().Ties {
		return s.Notice(NoTies), None
	}
	switch {
	case value == 0:
		return s.order(labeling.Response{Order: [][]labeling.CandidateID{{1, 2}}})
	case value < 0:
		return s.order(labeling.Response{Order: [][]labeling.CandidateID{{1}, {2}}, Strength: -value})
	}
	return s.order(labeling.Response{Order: [][]labeling.CandidateID{{2}, {1}}, Strength: value})
}

// pick places a candidate behind those placed before it, or level with the last.
func (s State) pick(id labeling.CandidateID) (State, Action) {
	r := s.response()
	if r.Rank(id) >= 0 {
		return s.remark(fmt.Sprintf(s.w.placedAlready, letter(id))), None
	}
	order := slices.Clone(r.Order)
	if n := len(order) - 1; s.level && n >= 0 {
		order[n] = append(slices.Clone(order[n]), id)
	} else {
		order = append(order, []labeling.CandidateID{id})
	}
	s.level = false
	return s.order(labeling.Response{Order: order})
}

// tie puts the candidate that is picked next level with the last.
func (s State) tie() State {
	r := s.response()
	switch {
	case !s.asks().Ties:
		return s.Notice(NoTies)
	case len(r.Order) == 0 || s.complete(s.asks()):
		return s.Notice(TieWhat)
	}
	s.level = !s.level
	return s
}

// mark answers a rating or choice for the candidate in focus.
func (s State) mark(n int) (State, Action) {
	q, id := s.asks(), place(s.focus)
	if !slices.Contains(s.asked(q.Question), id) {
		return s.remark(s.notAsked(q, id)), None
	}
	marks := maps.Clone(s.response().Marks)
	if marks == nil {
		marks = map[labeling.CandidateID]int{}
	}
	marks[id] = n
	s, a := s.respond(labeling.Response{Marks: marks})
	return s.advance(), a
}

func (s State) notAsked(q question, id labeling.CandidateID) string {
	cond := s.named(q.When.Question)
	return fmt.Sprintf(s.w.notAsked, letter(id), cond.label, cond.option(q.When.Is))
}

// takeBack removes what was entered last; where nothing was, it goes back a question.
func (s State) takeBack() (State, Action) {
	r := s.response()
	switch {
	case s.level:
		s.level = false
		return s, None
	case s.asks().Marks():
		return s.unmark()
	case len(r.Order) == 0:
		return s.turn(-1), None
	case s.asks().Kind == labeling.AskPreference:
		return s.respond(labeling.Response{})
	}
	order := slices.Clone(r.Order)
	n := len(order) - 1
	if order[n] = order[n][:len(order[n])-1]; len(order[n]) == 0 {
		order = order[:n]
	}
	return s.respond(labeling.Response{Order: order})
}

// unmark removes the mark of the candidate in focus, or goes back to the last that has
// one.
func (s State) unmark() (State, Action) {
	marks := maps.Clone(s.response().Marks)
	if _, ok := marks[place(s.focus)]; ok {
		delete(marks, place(s.focus))
		return s.respond(labeling.Response{Marks: marks})
	}
	for i := s.focus - 1; i >= 0; i-- {
		if marks[place(i)] > 0 {
			return s.focused(i), None
		}
	}
	return s.turn(-1), None
}

// adopt takes over an answer from elsewhere, but for what the task does not allow.
func (s State) adopt(a labeling.Answer) State {
	given := a.Responses
	a.Responses = map[string]labeling.Response{}
	a.Comment = newEditor(CleanLine(a.Comment), true, labeling.MaxComment).text()
	a.Edit = s.validEdit(a.Edit)
	s.answer = a
	for _, q := range s.questions {
		r, ok := given[q.Key]
		if !ok {
			continue
		}
		if q.Marks() {
			r = labeling.Response{Marks: s.validMarks(q, r.Marks)}
		} else {
			r = s.validOrder(q, r)
		}
		if len(r.Marks) > 0 || len(r.Order) > 0 {
			s.answer.Responses[q.Key] = r
		}
	}
	return s
}

func (s State) validEdit(e *labeling.Edit) *labeling.Edit {
	if e == nil || !s.o.Task.Edit || !slices.Contains(s.shown, e.Of) {
		return nil
	}
	text := newEditor(e.Text, false, labeling.MaxEdit).text()
	if text == "" {
		return nil
	}
	return &labeling.Edit{Of: e.Of, Text: text}
}

func (s State) validMarks(q question, marks map[labeling.CandidateID]int) map[labeling.CandidateID]int {
	out := map[labeling.CandidateID]int{}
	for _, id := range s.asked(q.Question) {
		if m := marks[id]; m >= 1 && m <= q.Top() {
			out[id] = m
		}
	}
	return out
}

func (s State) validOrder(q question, r labeling.Response) labeling.Response {
	all := slices.Sorted(slices.Values(slices.Concat(r.Order...)))
	once := len(slices.Compact(slices.Clone(all))) == len(all)
	known := len(all) > 0 && all[0] >= 1 && int(all[len(all)-1]) <= len(s.panes)
	whole := q.Kind == labeling.AskRanking || len(all) == len(s.panes)
	tied := len(r.Order) < len(all)
	graded := q.Kind != labeling.AskPreference || tied || r.Strength >= 1 && r.Strength <= labeling.MaxStrength
	if !once || !known || !whole || tied && !q.Ties || !graded || s.broken(q, r.Order) != "" {
		return labeling.Response{}
	}
	return labeling.Response{Order: r.Order, Strength: r.Strength}
}

// final is the answer to store: of a flagged item without what was only begun.
func (s State) final() State {
	if !s.answer.Flagged {
		return s
	}
	s.answer.Responses = maps.Clone(s.answer.Responses)
	for _, q := range s.questions {
		if !q.Marks() && !s.complete(q) {
			delete(s.answer.Responses, q.Key)
		}
	}
	return s
}

// said is a response in words.
func (s State) said(q question, r labeling.Response) string {
	switch {
	case len(r.Order) == 0 && len(r.Marks) == 0:
		return s.w.nothing
	case q.Marks():
		return s.saidMarks(q, r)
	case q.Kind == labeling.AskRanking:
		return s.saidOrder(r)
	}
	best, ok := r.Best()
	if !ok {
		return s.w.tie
	}
	return fmt.Sprintf(s.w.better[min(max(r.Strength, 0), labeling.MaxStrength)], letter(best))
}

// saidOrder is "A > C = B", with … for those that are not placed.
func (s State) saidOrder(r labeling.Response) string {
	var groups []string
	for _, g := range r.Order {
		var names []string
		for _, id := range g {
			names = append(names, letter(id))
		}
		groups = append(groups, strings.Join(names, " = "))
	}
	text := strings.Join(groups, " > ")
	if placed(r) < len(s.panes) {
		text += " > …"
	}
	return text
}

func (s State) saidMarks(q question, r labeling.Response) string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(r.Marks)) {
		out = append(out, letter(id)+": "+s.saidMark(q, r.Marks[id]))
	}
	return strings.Join(out, " · ")
}

func (s State) saidMark(q question, n int) string {
	if q.Kind == labeling.AskChoice && n >= 1 && n <= len(q.Options) {
		return q.options[n-1]
	}
	return fmt.Sprintf("%d/%d", n, q.Top())
}
