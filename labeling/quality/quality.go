// Package quality measures how much a set of judgements can be trusted. stats.go
// counts a project; wilson.go puts an interval round a share.
package quality

import (
	"context"
	"slices"

	"plumbline/labeling"
)

// Stats describes the judgements of a project. Answers that were corrected count only
// as Corrections.
type Stats struct {
	Project     string      `json:"project"`
	Items       int         `json:"items"`
	Touched     int         `json:"items_judged"` // with at least one judgement
	Open        int         `json:"slots_open"`
	Leased      int         `json:"slots_leased"`
	Done        int         `json:"slots_done"`
	Corrections int         `json:"corrections"`
	Skips       int         `json:"skips"`
	Flagged     int         `json:"flagged"`
	Ties        int         `json:"ties"`
	Agreement   Share       `json:"agreement"` // of two answers to one item, how often they prefer the same
	Annotators  []Annotator `json:"annotators"`

	question string
}

// Annotator describes one annotator's judgements.
type Annotator struct {
	Handle    string  `json:"handle"`
	Simulated bool    `json:"simulated"`
	Judged    int     `json:"judged"`
	Skipped   int     `json:"skipped"`
	Left      Share   `json:"left"`           // how often the candidate on the left was preferred; ½ without a side bias
	Seconds   float64 `json:"median_seconds"` // active at an item

	active []float64
}

// Compute reads a project and describes it.
func Compute(ctx context.Context, a labeling.Exportable, project string) (Stats, error) {
	p, err := a.Project(ctx, project)
	if err != nil {
		return Stats{}, err
	}
	q, err := labeling.MainQuestion(p.Task, "")
	if err != nil {
		return Stats{}, err
	}
	s := Stats{Project: p.Name, question: q.Key}
	by := map[string]*Annotator{}
	if err := s.count(ctx, a, by); err != nil {
		return Stats{}, err
	}
	people, err := a.Annotators(ctx)
	if err != nil {
		return Stats{}, err
	}
	for _, p := range people { // in order of enrolment
		if x := by[p.Handle]; x != nil {
			x.Left = x.Left.WithInterval()
			x.Seconds = median(x.active)
			s.Annotators = append(s.Annotators, *x)
		}
	}
	s.Agreement = s.Agreement.point()
	return s, nil
}

func (s *Stats) count(ctx context.Context, a labeling.Archive, by map[string]*Annotator) error {
	slots, err := a.Slots(ctx, s.Project)
	if err != nil {
		return err
	}
	for _, l := range slots {
		switch l.State {
		case labeling.SlotOpen:
			s.Open++
		case labeling.SlotLeased:
			s.Leased++
		case labeling.SlotDone:
			s.Done++
		}
	}
	for j, err := range a.Judged(ctx, s.Project) {
		if err != nil {
			return err
		}
		s.item(j, by)
	}
	skips, err := a.Skips(ctx, s.Project)
	for _, k := range skips {
		s.Skips++
		annotator(by, k.Annotator).Skipped++
	}
	return err
}

func annotator(by map[string]*Annotator, handle string) *Annotator {
	if by[handle] == nil {
		by[handle] = &Annotator{Handle: handle}
	}
	return by[handle]
}

func (s *Stats) item(j labeling.JudgedItem, by map[string]*Annotator) {
	s.Items++
	var current []labeling.Judgement
	for _, g := range j.Judgements {
		if !g.Current {
			s.Corrections++
			continue
		}
		current = append(current, g)
		x := annotator(by, g.Annotator)
		x.Simulated = g.Simulated
		r := g.Answer.Responses[s.question]
		x.add(g, r)
		if g.Answer.Flagged {
			s.Flagged++
		}
		if r.Tie() {
			s.Ties++
		}
	}
	if len(current) > 0 {
		s.Touched++
	}
	for i, g := range current {
		for _, h := range current[:i] {
			s.Agreement.N++
			x, _ := g.Answer.Responses[s.question].Best() // 0 in a tie
			y, _ := h.Answer.Responses[s.question].Best()
			if x == y {
				s.Agreement.K++
			}
		}
	}
}

func (a *Annotator) add(g labeling.Judgement, r labeling.Response) {
	a.Judged++
	a.active = append(a.active, g.Active.Seconds())
	best, ok := r.Best()
	if !ok {
		return
	}
	a.Left.N++
	if best == g.Shown[0] {
		a.Left.K++
	}
}

// median of values, 0 of none; it reorders them.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
