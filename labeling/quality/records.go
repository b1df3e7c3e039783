package quality

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"plumbline/labeling"
)

// records is what one pass over a project leaves: numbers without texts.
type records struct {
	project labeling.Project
	main    string // the question that a judgement as a whole is measured by
	counts  Counts
	ledgers []*ledger // by question
	people  []*person // in order of enrolment
	index   map[string]int
	answers []answer
	first   map[first][]reading // what was said to the main question, for repeats
	control map[int64]bool      // items that are not for training
	times   []time.Time         // of the judgements of items to judge

	scratch []reading
}

// answer is one judgement of an item to judge.
type answer struct {
	person int
	at     time.Time
	with   int // units on which it goes with the majority of the others, less those against
}

// first names the first answer of a person to an item.
type first struct {
	item   int64
	person int
}

// ledger is all that was said to one question.
type ledger struct {
	question labeling.Question
	units    []unit
	cluster  []int // how many units in a row are of one item
}

// unit is what one value is about, with everything that was said about it.
type unit struct {
	duel  labeling.Duel // the pair; of marks A is the candidate
	gold  bool          // of an item that is not for training
	known int           // the true class, or -1
	said  []mark
}

// mark is one answer about one unit.
type mark struct {
	person, answer int32 // answer is -1 for gold
	class, value   int8
}

// gather reads a project.
func gather(ctx context.Context, a labeling.Exportable, project string) (*records, error) {
	p, err := a.Project(ctx, project)
	if err != nil {
		return nil, err
	}
	r := &records{project: p, index: map[string]int{}, first: map[first][]reading{}, control: map[int64]bool{}}
	for _, q := range p.Task.Questions {
		r.ledgers = append(r.ledgers, &ledger{question: q})
		if r.main == "" || !q.Marks() { // as labeling.Task.Main; of marks alone the first
			r.main = q.Key
		}
	}
	everybody, err := a.Annotators(ctx)
	if err != nil {
		return nil, err
	}
	for i, x := range everybody {
		r.index[x.Handle] = i
		r.people = append(r.people, newPerson(x, len(r.ledgers)))
	}
	for j, err := range a.Judged(ctx, p.Name) {
		if err != nil {
			return nil, err
		}
		r.item(j)
	}
	return r, nil
}

// item takes in one item and its judgements.
func (r *records) item(j labeling.JudgedItem) {
	kind := j.Item.Kind
	if kind == labeling.KindTutorial {
		r.control[j.Item.ID] = true
		return
	}
	task := kind == labeling.KindTask || kind == ""
	r.control[j.Item.ID] = !task
	r.openUnits(j, task)
	judged := false
	for _, g := range j.Judgements {
		switch {
		case g.Withdrawn:
			r.counts.Withdrawn++
		case !g.Current:
			r.counts.Corrections++
		default:
			judged = true
			r.judgement(j.Item, g)
		}
	}
	if task {
		r.counts.Items++
		if judged {
			r.counts.Touched++
		}
		if j.Adjudication != nil {
			r.counts.Adjudicated++
		}
	}
}

// openUnits makes room for what is said about an item.
func (r *records) openUnits(j labeling.JudgedItem, task bool) {
	truth := j.Item.Expected
	if j.Adjudication != nil && !j.Adjudication.Answer.Flagged {
		truth = j.Adjudication.Answer.Responses
	}
	for _, l := range r.ledgers {
		base := len(l.units)
		n := units(l.question, j.Item)
		l.cluster = append(l.cluster, n)
		for i := range n {
			l.units = append(l.units, unit{duel: l.duel(j.Item, i), gold: !task, known: -1})
		}
		r.scratch = read(r.scratch[:0], l.question, j.Item, truth[l.question.Key])
		for _, x := range r.scratch {
			l.units[base+x.unit].known = x.class
		}
	}
}

// duel is the pair, or the candidate, that a unit of an item is about.
func (l *ledger) duel(it labeling.Item, unit int) labeling.Duel {
	if l.question.Marks() {
		return labeling.Duel{Item: it.ID, A: unit}
	}
	n, a := len(it.Candidates), 0
	for row := n - 1; unit >= row; row-- {
		unit -= row
		a++
	}
	return labeling.Duel{Item: it.ID, A: a, B: a + 1 + unit}
}

// judgement takes in a current judgement.
func (r *records) judgement(it labeling.Item, g labeling.Judgement) {
	who := r.person(g)
	p := r.people[who]
	if g.At.After(p.Last) {
		p.Last = g.At
	}
	if it.Kind == labeling.KindRepeat {
		r.repeat(it, g, who)
	} else if it.Kind.Known() {
		p.known(it, g)
	} else {
		r.counts.Judgements++
		r.times = append(r.times, g.At)
		p.Judged++
	}
	p.paces = append(p.paces, timed{g.At, g.Active.Seconds()})
	if g.Answer.Flagged {
		r.counts.Flagged++
		p.Flagged++
		return
	}
	if g.Answer.Edit != nil {
		r.counts.Edits++
	}
	p.sides(it, g, g.Answer.Responses[r.main])
	if it.Kind != labeling.KindRepeat { // to say it twice is no second opinion
		r.enter(it, g, who)
	}
}

// person is the index of who judged; somebody the store does not list is added.
func (r *records) person(g labeling.Judgement) int {
	i, ok := r.index[g.Annotator]
	if !ok {
		i = len(r.people)
		r.index[g.Annotator] = i
		r.people = append(r.people, newPerson(labeling.Annotator{Handle: g.Annotator, Simulated: g.Simulated}, len(r.ledgers)))
	}
	return i
}

// enter writes an answer to the ledgers; openUnits has made room at their ends.
func (r *records) enter(it labeling.Item, g labeling.Judgement, who int) {
	number := int32(-1)
	if !it.Kind.Known() {
		number = int32(len(r.answers))
		r.answers = append(r.answers, answer{person: who, at: g.At})
	}
	for i, l := range r.ledgers {
		r.scratch = read(r.scratch[:0], l.question, it, g.Answer.Responses[l.question.Key])
		base := len(l.units) - l.cluster[len(l.cluster)-1]
		for _, x := range r.scratch {
			u := &l.units[base+x.unit]
			u.said = append(u.said, mark{int32(who), number, int8(x.class), int8(x.value)})
		}
		if len(r.scratch) > 0 {
			r.people[who].answered[i]++
			if l.question.Key == r.main && number >= 0 {
				r.counts.Ties += ties(r.scratch, l.question)
				r.first[first{it.ID, who}] = slices.Clone(r.scratch)
			}
		}
	}
}

// ties is 1 for an answer that finds all candidates equally good.
func ties(said []reading, q labeling.Question) int {
	if q.Marks() || slices.ContainsFunc(said, func(x reading) bool { return x.class != equallyGood }) {
		return 0
	}
	return 1
}

// repeat compares the answer to a hidden repeat with the first one.
func (r *records) repeat(it labeling.Item, g labeling.Judgement, who int) {
	was, ok := r.first[first{it.Origin, who}]
	if !ok || g.Answer.Flagged {
		return
	}
	q, _ := r.project.Task.Question(r.main)
	r.scratch = read(r.scratch[:0], q, it, g.Answer.Responses[r.main])
	p := r.people[who]
	p.Consistent.N++
	if slices.EqualFunc(was, r.scratch, func(a, b reading) bool { return a.unit == b.unit && a.class == b.class }) {
		p.Consistent.K++
	}
}

// length is how long a candidate looks, in characters; -1 if the item does not have it.
func length(it labeling.Item, id labeling.CandidateID) int {
	c, ok := it.Candidate(id)
	if !ok {
		return -1
	}
	return utf8.RuneCountInString(c.Text)
}
