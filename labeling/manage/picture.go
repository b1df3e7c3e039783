package manage

import (
	"context"
	"time"

	"plumbline/labeling"
	"plumbline/labeling/quality"
)

// Picture is a project at one moment.
type Picture struct {
	Project  labeling.Project
	Stats    quality.Stats
	People   []Person // everybody who is enrolled, in that order
	Disputes int      // items that wait for a final word
}

// Person is somebody who is enrolled, with the figures of what they judged.
type Person struct {
	quality.Annotator
	Keys   int // SSH keys
	Held   int // items leased to them
	Lapsed int // of those, the leases that have run out
}

// Store is what a manager reads and changes.
type Store interface {
	labeling.Exportable
	labeling.Roster
	labeling.Court
}

// Take takes a picture as of now. It reads the whole project: how long that takes grows
// with what was judged.
func Take(ctx context.Context, s Store, project string, now time.Time) (p Picture, err error) {
	if p.Project, err = s.Project(ctx, project); err != nil {
		return p, err
	}
	if p.Stats, err = quality.Compute(ctx, s, project); err != nil {
		return p, err
	}
	all, err := s.Annotators(ctx)
	if err != nil {
		return p, err
	}
	slots, err := s.Slots(ctx, p.Stats.Project)
	if err != nil {
		return p, err
	}
	p.People = people(all, p.Stats.Annotators, slots, now)
	for _, err := range s.Disputes(ctx, p.Stats.Project) {
		if err != nil {
			return p, err
		}
		p.Disputes++
	}
	return p, nil
}

// people joins who is enrolled with their figures and leases.
func people(all []labeling.Annotator, figures []quality.Annotator, slots []labeling.Slot, now time.Time) []Person {
	known := map[string]quality.Annotator{}
	for _, f := range figures {
		known[f.Handle] = f
	}
	index := map[int64]int{}
	out := make([]Person, len(all))
	for i, a := range all {
		index[a.ID] = i
		p := Person{Annotator: known[a.Handle], Keys: len(a.Keys)}
		p.Handle, p.Role, p.Status, p.Simulated = a.Handle, a.Role, a.Status, a.Simulated
		out[i] = p
	}
	for _, s := range slots {
		i, ok := index[s.Annotator]
		if s.State != labeling.SlotLeased || !ok {
			continue
		}
		out[i].Held++
		if s.Until.Before(now) {
			out[i].Lapsed++
		}
	}
	return out
}
