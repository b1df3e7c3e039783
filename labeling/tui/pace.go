package tui

import (
	"slices"
	"time"
)

// pace is how long the latest items of a sitting took.
type pace struct{ took []time.Duration }

// paceOf is how many items the pace looks back on.
const paceOf = 25

func (p *pace) add(d time.Duration) {
	p.took = append(p.took, d)
	p.took = p.took[max(0, len(p.took)-paceOf):]
}

// median is in whole seconds, at least 1; 0 where there is nothing to tell from yet.
func (p *pace) median() int {
	if len(p.took) < 3 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(p.took))
	return max(1, int(sorted[len(sorted)/2].Round(time.Second)/time.Second))
}
