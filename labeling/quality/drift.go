package quality

import (
	"slices"
	"time"
)

// Trial is an answer that was right or wrong, and when it was given.
type Trial struct {
	At    time.Time
	Right bool
}

// Window is a stretch of answers.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Share
}

// Drift is how often an annotator was right over time.
type Drift struct {
	Windows []Window `json:"windows"` // in order of time, equally many answers in each but the first; at most ten
	Before  Share    `json:"before"`  // all but the last window
	Recent  Share    `json:"recent"`  // the last window
	PValue  float64  `json:"p_value"` // that both are of one chance, by Fisher's exact test; 1 without a Before
}

// minWindow is the fewest answers that a window has.
const minWindow = 20

// NewDrift cuts answers into windows of a tenth of them, but at least 20, counted from the
// latest.
func NewDrift(trials []Trial) Drift {
	d := Drift{PValue: 1}
	trials = slices.Clone(trials)
	slices.SortStableFunc(trials, func(a, b Trial) int { return a.At.Compare(b.At) })
	size := max(minWindow, (len(trials)+9)/10)
	for len(trials) > 0 {
		cut := max(0, len(trials)-size)
		d.Windows = append(d.Windows, window(trials[cut:]))
		trials = trials[:cut]
	}
	slices.Reverse(d.Windows)
	for i, w := range d.Windows {
		if i == len(d.Windows)-1 {
			d.Recent = w.Share
			break
		}
		d.Before.K += w.K
		d.Before.N += w.N
	}
	d.Before = d.Before.WithInterval()
	d.Recent = d.Recent.WithInterval()
	d.PValue = Fisher(d.Before.K, d.Before.N, d.Recent.K, d.Recent.N)
	return d
}

func window(trials []Trial) Window {
	w := Window{From: trials[0].At, To: trials[len(trials)-1].At}
	for _, t := range trials {
		w.count(t.Right)
	}
	w.Share = w.WithInterval()
	return w
}
