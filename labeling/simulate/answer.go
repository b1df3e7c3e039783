package simulate

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"plumbline/labeling"
)

// Utility is how good a response to a prompt truly is; more is better. It is called
// from several goroutines at once.
type Utility func(prompt, candidate string) float64

// opinion is what an annotator thinks of an item, and how long that takes.
type opinion struct {
	answer labeling.Answer
	right  bool // puts the best candidate first, or there is none; where nothing is compared, all marks are exact
	took   time.Duration
}

// moment is when an item is judged: t in [0, 1] through the project, and how often the
// annotator has seen the item before.
type moment struct {
	t    float64
	seen int
}

// judge is an annotator's opinion of an item, question by question; time is log-normal
// with the median Seconds and σ = ½. A guard is kept to whatever was drawn, because the
// store would refuse the answer.
func (c Config) judge(a Annotator, task labeling.Task, w labeling.Assignment, u Utility, m moment) (opinion, error) {
	name := c.name(a, w.Item, m)
	main := newLot(stream(name))
	o := opinion{
		answer: labeling.Answer{Responses: map[string]labeling.Response{}},
		took:   time.Duration(a.Seconds * math.Exp(main.pace/2) * float64(time.Second)).Truncate(time.Millisecond),
	}
	v, err := c.look(a, w, u, m)
	if err != nil {
		return o, err
	}
	decides, compares := task.Main()
	for _, q := range task.Questions {
		l := main
		if !compares || q.Key != decides.Key {
			l = newLot(stream(name + " question " + q.Key))
		}
		v.shown = o.answer.Asked(task, q, w.Shown)
		if len(v.shown) == 0 {
			continue
		}
		r := v.respond(q, l)
		if q.Guard != nil {
			holds := o.answer.Asked(task, labeling.Question{When: q.Guard}, w.Shown)
			r = guarded(q, r, holds)
		}
		o.answer.Responses[q.Key] = r
	}
	o.right = v.right(task, o.answer)
	return o, nil
}

// lot is the randomness of one answer to one question.
type lot struct {
	unread, choice, degree, pace float64
	more                         *rand.Rand
}

func newLot(r *rand.Rand) lot {
	return lot{r.Float64(), r.Float64(), r.Float64(), r.NormFloat64(), r}
}

// stream is the randomness that belongs to a name.
func stream(name string) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(name))))
}

// name tells one annotator's answer to one item from every other, also from those to
// an item of the same id with other content.
func (c Config) name(a Annotator, it labeling.Item, m moment) string {
	s := fmt.Sprintf("%d %q %q %q", c.Seed, a.Handle, it.Ref, it.Prompt.String())
	for _, k := range it.Candidates {
		s += fmt.Sprintf(" %q", k.Text)
	}
	if m.seen > 0 {
		s += fmt.Sprintf(" seen %d", m.seen)
	}
	return s
}

// view is an item as one annotator sees it.
type view struct {
	a       Annotator
	scale   float64
	t       float64 // of moment
	ids     []labeling.CandidateID
	shown   []labeling.CandidateID // of those asked about, from left to right
	utility map[labeling.CandidateID]float64
	length  map[labeling.CandidateID]int // in characters
	blind   *rand.Rand                   // where the answer does not depend on the item, else nil
}

func (c Config) look(a Annotator, w labeling.Assignment, u Utility, m moment) (view, error) {
	v := view{a: a, scale: c.Scale, t: m.t, utility: map[labeling.CandidateID]float64{}, length: map[labeling.CandidateID]int{}}
	v.blind = c.blind(a, w.Item, m)
	prompt := w.Item.Prompt.String()
	low, high := math.Inf(1), math.Inf(-1)
	for i, k := range w.Item.Candidates {
		x := u(prompt, k.Text)
		if low, high = min(low, x), max(high, x); !(high-low <= math.MaxFloat64) {
			return v, fmt.Errorf("labeling/simulate: utility: item %q: candidate %d: got %v, want a finite number", w.Item.Ref, i+1, x)
		}
		v.ids = append(v.ids, k.ID)
		v.utility[k.ID], v.length[k.ID] = x, utf8.RuneCountInString(k.Text)
	}
	return v, nil
}

// streak is how many moments a project's time has in which a lazy annotator stays with
// the same keys.
const streak = 50

// blind is where the keys of an annotator who does not read come from: for each item
// anew, for some time, or always the same.
func (c Config) blind(a Annotator, it labeling.Item, m moment) *rand.Rand {
	habit := stream(c.name(a, it, m) + " lazy")
	switch {
	case a.Spammer == SpamRandom:
		return habit
	case a.Spammer != "":
		return stream(fmt.Sprintf("%d %q keys", c.Seed, a.Handle))
	case habit.Float64() < a.Lazy:
		return stream(fmt.Sprintf("%d %q keys %d", c.Seed, a.Handle, int(m.t*streak)))
	}
	return nil
}

// right tells whether an answer is what somebody would say who tells all utilities apart.
func (v view) right(task labeling.Task, a labeling.Answer) bool {
	if q, ok := task.Main(); ok {
		best := math.Inf(-1)
		for _, u := range v.utility {
			best = max(best, u)
		}
		for _, id := range a.Responses[q.Key].Order[0] {
			if v.utility[id] != best {
				return false
			}
		}
		return true
	}
	for _, q := range task.Questions {
		for id, m := range a.Responses[q.Key].Marks {
			if m != mark(q, v.utility[id], v.scale) {
				return false
			}
		}
	}
	return true
}
