package simulate

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Annotator is a program that judges.
type Annotator struct {
	Handle      string  `mapstructure:"handle"`
	Skill       float64 `mapstructure:"skill"`       // chance to prefer the better candidate, in [0, 1]
	Temperature float64 `mapstructure:"temperature"` // > 0: Bradley-Terry, in units of utility, instead of Skill
	LeftBias    float64 `mapstructure:"left_bias"`   // share of items answered by side alone, in [-1, 1]: > 0 left, < 0 right
	Seconds     float64 `mapstructure:"seconds"`     // median time per item, > 0
}

// Validate reports every fault of an annotator, each by its key.
func (a Annotator) Validate() error { return errors.Join(a.faults()...) }

func (a Annotator) faults() (errs []error) {
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(a.Handle != "", "handle", `""`, "a name")
	rule(a.Skill >= 0 && a.Skill <= 1, "skill", a.Skill, "in [0, 1]")
	rule(a.Temperature >= 0 && !math.IsInf(a.Temperature, 0), "temperature", a.Temperature, "≥ 0")
	rule(a.LeftBias >= -1 && a.LeftBias <= 1, "left_bias", a.LeftBias, "in [-1, 1]")
	rule(a.Seconds > 0 && a.Seconds <= 86400, "seconds", a.Seconds, "> 0 and at most a day")
	return errs
}

// Config is a crowd and how it works.
type Config struct {
	Project    string      `mapstructure:"project"` // empty: the only one
	Seed       uint64      `mapstructure:"seed"`
	Annotators []Annotator `mapstructure:"annotators"`
	Scale      float64     `mapstructure:"scale"` // gap in utility that is "significantly better", > 0
	Start      time.Time   `mapstructure:"start"` // when the first item is judged
}

// Crowd is n annotators like one, named HANDLE-01 and so on.
func Crowd(n int, like Annotator) []Annotator {
	out := make([]Annotator, n)
	for i := range out {
		out[i] = like
		out[i].Handle = fmt.Sprintf("%s-%02d", like.Handle, i+1)
	}
	return out
}

// DefaultConfig is five annotators who prefer the better candidate in 85 of 100 cases,
// about as often as InstructGPT's agreed with the majority (arXiv:2203.02155, sec. 3.4).
func DefaultConfig() Config {
	return Config{
		Annotators: Crowd(5, Annotator{Handle: "sim", Skill: .85, Seconds: 30}),
		Scale:      1,
		Start:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Validate reports every fault of the crowd.
func (c Config) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("labeling/simulate: %s: got %v, want %s", key, got, want))
		}
	}
	rule(len(c.Annotators) > 0, "annotators", len(c.Annotators), "≥ 1")
	rule(c.Scale > 0 && !math.IsInf(c.Scale, 0), "scale", c.Scale, "> 0")
	rule(!c.Start.IsZero(), "start", c.Start, "a time")
	seen := map[string]bool{}
	for i, a := range c.Annotators {
		rule(!seen[a.Handle], fmt.Sprintf("annotators[%d].handle", i), fmt.Sprintf("%q", a.Handle), "a name of its own")
		for _, err := range a.faults() {
			errs = append(errs, fmt.Errorf("labeling/simulate: annotators[%d].%w", i, err))
		}
		seen[a.Handle] = true
	}
	return errors.Join(errs...)
}
