package train

import (
	"errors"
	"fmt"
	"math"
)

// Schedule is the shape of the learning rate over the steps of a stage.
type Schedule struct {
	Kind     string  `mapstructure:"schedule"`  // constant, linear or cosine
	LR       float64 `mapstructure:"lr"`        // peak, > 0
	Warmup   int     `mapstructure:"warmup"`    // steps from 0 to the peak, ≥ 0
	MinRatio float64 `mapstructure:"min_ratio"` // where the decay ends, a share of LR in [0, 1]
}

// Validate reports every setting that is out of range.
func (s Schedule) Validate() error {
	var errs []error
	if s.Kind != "constant" && s.Kind != "linear" && s.Kind != "cosine" {
		errs = append(errs, fmt.Errorf("schedule: got %q, want constant, linear or cosine", s.Kind))
	}
	if !(s.LR > 0) || math.IsInf(s.LR, 0) {
		errs = append(errs, fmt.Errorf("lr: got %v, want > 0", s.LR))
	}
	if s.Warmup < 0 {
		errs = append(errs, fmt.Errorf("warmup: got %d, want ≥ 0", s.Warmup))
	}
	if !(s.MinRatio >= 0 && s.MinRatio <= 1) {
		errs = append(errs, fmt.Errorf("min_ratio: got %v, want in [0, 1]", s.MinRatio))
	}
	return errors.Join(errs...)
}

// At is the learning rate of step t = 1 ... steps, with W = Warmup, m = MinRatio:
//
//	t ≤ W:   LR·t/W
//	t > W:   LR·(m + (1-m)·f(p)),  p = (t-1-W)/(steps-W)
//	         f = 1 (constant), 1-p (linear), ½(1 + cos πp) (cosine)
//
// No step is wasted on a rate of 0: the first has LR/W, the last still f > 0. The decay
// is that of transformers' get_{linear,cosine}_schedule_with_warmup at its step t-1.
func (s Schedule) At(t, steps int) float64 {
	if t <= s.Warmup {
		return s.LR * float64(t) / float64(s.Warmup)
	}
	p := min(1, float64(t-1-s.Warmup)/float64(max(1, steps-s.Warmup)))
	f := 1.0
	switch s.Kind {
	case "linear":
		f = 1 - p
	case "cosine":
		f = (1 + math.Cos(math.Pi*p)) / 2
	}
	return s.LR * (s.MinRatio + (1-s.MinRatio)*f)
}
