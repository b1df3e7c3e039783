package load

import (
	"context"
	"fmt"
	"sync"

	"plumbline/labeling"
)

// Saved is a judgement that somebody was told is saved.
type Saved struct {
	ID       string // empty where only the server knows it
	Handle   string
	Item     string // its Ref
	Better   int    // place of the response that was preferred
	Strength int
}

func (s Saved) String() string {
	return fmt.Sprintf("%s on %s: response %d by %d %s", s.Handle, s.Item, s.Better, s.Strength, s.ID)
}

// ledger is what was acknowledged, by everybody.
type ledger struct {
	mu  sync.Mutex
	all []Saved
}

func (l *ledger) add(s Saved) {
	l.mu.Lock()
	l.all = append(l.all, s)
	l.mu.Unlock()
}

// Verdict is what a store holds against what was acknowledged. All but Stored and Saved
// should be 0.
type Verdict struct {
	Stored       int      `json:"stored"`        // judgements
	Acknowledged int      `json:"acknowledged"`  // judgements that somebody was told are saved
	Lost         int      `json:"lost"`          // of those: not there, or with other content
	OverAssigned int      `json:"over_assigned"` // judgements of an item beyond the overlap, or by one annotator twice
	Duplicate    int      `json:"duplicate"`     // judgements of one slot beyond the first
	AuditFaults  int      `json:"audit_faults"`
	Examples     []string `json:"examples,omitempty"` // of what is wrong, a few
}

// Clean tells whether nothing is wrong.
func (v Verdict) Clean() bool {
	return v.Lost == 0 && v.OverAssigned == 0 && v.Duplicate == 0 && v.AuditFaults == 0
}

// Check reads all of a project and its history.
func Check(ctx context.Context, s labeling.Store, project string, saved []Saved) (v Verdict, err error) {
	p, err := s.Project(ctx, project)
	if err != nil {
		return v, err
	}
	v.Acknowledged = len(saved)
	found := map[Saved]bool{}
	for j, err := range s.Judged(ctx, p.Name) {
		if err != nil {
			return v, err
		}
		v.item(p, j, found)
	}
	for _, k := range saved {
		if !found[k] {
			v.Lost++
			v.example("lost: %v", k)
		}
	}
	a, err := s.Audit(ctx, "")
	v.AuditFaults = len(a.Faults)
	for _, f := range a.Faults {
		v.example("audit: %s", f)
	}
	return v, err
}

// item counts the judgements of one item, and enters each under its id and without.
func (v *Verdict) item(p labeling.Project, j labeling.JudgedItem, found map[Saved]bool) {
	slots, people, n := map[int]int{}, map[string]int{}, 0
	for _, g := range j.Judgements {
		if !g.Current {
			continue
		}
		n++
		slots[g.Slot]++
		people[g.Annotator]++
		k := Saved{ID: g.ID, Handle: g.Annotator, Item: j.Item.Ref}
		if q, ok := p.Task.Main(); ok {
			r := g.Answer.Responses[q.Key]
			best, _ := r.Best()
			k.Better, k.Strength = j.Item.Index(best), r.Strength
		}
		found[k] = true
		k.ID = ""
		found[k] = true
	}
	v.Stored += n
	over := max(0, n-p.Overlap)
	for _, k := range people {
		over = max(over, k-1)
	}
	v.OverAssigned += over
	twice := 0
	for _, k := range slots {
		twice += k - 1
	}
	v.Duplicate += twice
	if over > 0 || twice > 0 {
		v.example("%s: %d judgements of %d slots by %d annotators, overlap %d", j.Item.Ref, n, len(slots), len(people), p.Overlap)
	}
}

func (v *Verdict) example(format string, args ...any) {
	if len(v.Examples) < 10 {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}
