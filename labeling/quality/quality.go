package quality

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"plumbline/labeling"
)

// Stats is a project as its manager sees it.
type Stats struct {
	Project    string      `json:"project"`
	At         time.Time   `json:"at"`
	Overlap    int         `json:"overlap"` // judgements wanted per item
	Counts     Counts      `json:"counts"`
	Queue      Queue       `json:"queue"`
	Pace       Pace        `json:"pace"`
	Questions  []Question  `json:"questions"`
	Crowd      Crowd       `json:"crowd"`
	Annotators []Annotator `json:"annotators"` // who judged or skipped anything, in order of enrolment
}

// Counts counts a project. Judgements are those that count: neither corrected nor withdrawn.
type Counts struct {
	Items       int `json:"items"`        // to judge
	Touched     int `json:"items_judged"` // with at least one judgement
	Judgements  int `json:"judgements"`   // of items to judge
	Corrections int `json:"corrections"`
	Withdrawn   int `json:"withdrawn"`
	Skips       int `json:"skips"`
	Flagged     int `json:"flagged"`
	Ties        int `json:"ties"` // in the main question
	Edits       int `json:"edits"`
	Adjudicated int `json:"adjudicated"` // items with a final word
}

// Queue counts the slots of the items to judge by their state.
type Queue struct {
	Open   int `json:"open"`
	Leased int `json:"leased"`
	Lapsed int `json:"lapsed"` // of the leases, those that have run out: the next to ask gets them
	Done   int `json:"done"`
	// Seconds until the first lease lapses, and since the first one did; 0 where none.
	NextLapse float64 `json:"next_lapse_seconds"`
	LapsedFor float64 `json:"lapsed_for_seconds"`
}

// Pace is how fast the crowd works.
type Pace struct {
	LastHour  int        `json:"last_hour"`        // judgements
	PerHour   float64    `json:"per_hour"`         // mean over the hours of the clock with any
	HoursLeft float64    `json:"hours_left"`       // of such work; 0 where nothing was judged yet
	Finish    *time.Time `json:"finish,omitempty"` // if all goes on as in the last hour; nil where nothing happened then
}

// Compute reads a project and describes it. It reads everything once, so that it can be
// asked every few seconds.
func Compute(ctx context.Context, a labeling.Exportable, project string) (Stats, error) {
	return compute(ctx, a, project, time.Now().UTC())
}

func compute(ctx context.Context, a labeling.Exportable, project string, now time.Time) (Stats, error) {
	r, err := gather(ctx, a, project)
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Project: r.project.Name, At: now, Overlap: r.project.Overlap}
	slots, err := a.Slots(ctx, s.Project)
	if err != nil {
		return Stats{}, err
	}
	s.Queue = r.queue(slots, now)
	s.Pace = pace(r.times, s.Queue, now)
	skips, err := a.Skips(ctx, s.Project)
	if err != nil {
		return Stats{}, err
	}
	for _, k := range skips {
		r.counts.Skips++
		if i, ok := r.index[k.Annotator]; ok {
			r.people[i].Skipped++
		}
	}
	s.Counts = r.counts
	if s.Questions, err = r.questions(); err != nil {
		return Stats{}, err
	}
	s.Crowd, s.Annotators = r.annotators()
	return s, nil
}

// questions measures each question, several at once, and gives people their opinions.
func (r *records) questions() ([]Question, error) {
	out := make([]Question, len(r.ledgers))
	fits := make([]Consensus, len(r.ledgers))
	var g errgroup.Group
	for n, l := range r.ledgers {
		g.Go(func() (err error) {
			out[n] = l.measure(r.project.Overlap)
			fits[n], err = l.consensus(len(r.people))
			out[n].Prior = fits[n].Prior
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for n, l := range r.ledgers {
		l.confront(r, n)
		for i, p := range r.people {
			if p.answered[n] > 0 {
				p.Questions = append(p.Questions, r.opinion(i, n, fits[n]))
			}
		}
	}
	for _, a := range r.answers {
		if a.with != 0 {
			p := r.people[a.person]
			p.trials = append(p.trials, Trial{a.at, a.with > 0})
		}
	}
	return out, nil
}

// annotators completes the figures of everybody who did anything.
func (r *records) annotators() (c Crowd, out []Annotator) {
	var people []*person
	for _, p := range r.people {
		if p.seen() {
			p.finish()
			people = append(people, p)
		}
	}
	c = compare(people, r.main)
	for _, p := range people {
		p.Proposals = DefaultRules().Propose(p.Annotator, c)
		out = append(out, p.Annotator)
	}
	return c, out
}

// queue counts slots; those of gold and repeats are made as annotators come.
func (r *records) queue(slots []labeling.Slot, now time.Time) (q Queue) {
	for _, s := range slots {
		switch {
		case r.control[s.ItemID]:
		case s.State == labeling.SlotOpen:
			q.Open++
		case s.State == labeling.SlotDone:
			q.Done++
		default:
			q.lease(s.Until.Sub(now).Seconds())
		}
	}
	return q
}

func (q *Queue) lease(left float64) {
	q.Leased++
	if left <= 0 {
		q.Lapsed++
		q.LapsedFor = max(q.LapsedFor, -left)
	} else if q.NextLapse == 0 || left < q.NextLapse {
		q.NextLapse = left
	}
}

func pace(times []time.Time, q Queue, now time.Time) (p Pace) {
	hours := map[int64]bool{}
	for _, t := range times {
		hours[t.Unix()/3600] = true
		if now.Sub(t) < time.Hour {
			p.LastHour++
		}
	}
	left := q.Open + q.Leased
	if len(hours) > 0 {
		p.PerHour = float64(len(times)) / float64(len(hours))
		p.HoursLeft = float64(left) / p.PerHour
	}
	if p.LastHour > 0 {
		t := now.Add(time.Duration(float64(left) / float64(p.LastHour) * float64(time.Hour))).Truncate(time.Second)
		p.Finish = &t
	}
	return p
}
