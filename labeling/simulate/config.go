package simulate

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Annotator is a program that judges. What is called a share is drawn item by item.
type Annotator struct {
	Handle      string  `mapstructure:"handle" yaml:"handle"`
	Skill       float64 `mapstructure:"skill" yaml:"skill"`             // chance to prefer the better candidate, in [0, 1]
	Temperature float64 `mapstructure:"temperature" yaml:"temperature"` // > 0: Bradley-Terry, in units of utility, instead of Skill
	Drift       float64 `mapstructure:"drift" yaml:"drift"`             // share of what is better than a coin that is lost by the end, in [0, 1]
	LeftBias    float64 `mapstructure:"left_bias" yaml:"left_bias"`     // share of items answered by side alone, in [-1, 1]: > 0 left, < 0 right
	LengthBias  float64 `mapstructure:"length_bias" yaml:"length_bias"` // the same by length: > 0 the longer response, < 0 the shorter
	Seconds     float64 `mapstructure:"seconds" yaml:"seconds"`         // median time per item, > 0

	Spammer    Spammer `mapstructure:"spammer" yaml:"spammer"`       // answers everything unread; empty: does not
	Lazy       float64 `mapstructure:"lazy" yaml:"lazy"`             // share of items answered unread, with the same keys for some time
	Sleeper    float64 `mapstructure:"sleeper" yaml:"sleeper"`       // share of items taken and left until the lease lapses
	Disconnect float64 `mapstructure:"disconnect" yaml:"disconnect"` // share of items at which the connection breaks; the draft is gone on with
	Duplicate  float64 `mapstructure:"duplicate" yaml:"duplicate"`   // share of answers sent twice
}

// Spammer is a way to answer without reading.
type Spammer string

// The ways of spammers.
const (
	SpamRandom Spammer = "random" // any keys
	SpamSide   Spammer = "side"   // always the same keys
	SpamFirst  Spammer = "first"  // always the first key: the first response, the first option
)

// Validate reports every fault of an annotator, each by its key.
func (a Annotator) Validate() error { return errors.Join(a.faults()...) }

func (a Annotator) faults() (errs []error) {
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	share := func(key string, v float64) { rule(v >= 0 && v <= 1, key, v, "in [0, 1]") }
	rule(a.Handle != "", "handle", `""`, "a name")
	share("skill", a.Skill)
	rule(a.Temperature >= 0 && !math.IsInf(a.Temperature, 0), "temperature", a.Temperature, "≥ 0")
	share("drift", a.Drift)
	rule(a.LeftBias >= -1 && a.LeftBias <= 1, "left_bias", a.LeftBias, "in [-1, 1]")
	rule(a.LengthBias >= -1 && a.LengthBias <= 1, "length_bias", a.LengthBias, "in [-1, 1]")
	both := math.Abs(a.LeftBias) + math.Abs(a.LengthBias)
	rule(!(both > 1), "length_bias", a.LengthBias, "at most 1 together with left_bias")
	rule(a.Seconds > 0 && a.Seconds <= 86400, "seconds", a.Seconds, "> 0 and at most a day")
	known := a.Spammer == "" || a.Spammer == SpamRandom || a.Spammer == SpamSide || a.Spammer == SpamFirst
	rule(known, "spammer", fmt.Sprintf("%q", a.Spammer), "random, side, first or nothing")
	share("lazy", a.Lazy)
	share("sleeper", a.Sleeper)
	share("disconnect", a.Disconnect)
	share("duplicate", a.Duplicate)
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
