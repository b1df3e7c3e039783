package labeling

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxOverlap bounds the judgements wanted per item.
const MaxOverlap = 15

// Project is a set of items judged under one question and one guideline.
type Project struct {
	Name      string
	Task      Task
	Overlap   int    // judgements wanted per item, each by another annotator, 1..MaxOverlap
	Seed      uint64 // decides which candidate is shown where
	Guideline string // the newest version
	Version   int    // of the guideline, from 1; set by the store
	Control   Control
}

// Control says how annotators are watched while they work. Its items look like all others.
type Control struct {
	Gold      float64   `json:"gold,omitempty"`    // share of the items shown whose answer is known (gold and attention checks), 0 to ½
	Repeats   float64   `json:"repeats,omitempty"` // share of the items shown that the annotator judged before, sides swapped, 0 to ½
	Screening Screening `json:"screening,omitzero"`
}

// Screening is the test before the first work: Items gold items, of which Pass must be
// right. Of 20 items, 15 let 2 % of coin-tossers pass and 90 % of annotators who are
// right in .84 of the cases, as InstructGPT's were.
type Screening struct {
	Items int `json:"items"` // 0: no test
	Pass  int `json:"pass"`
}

// NewStatus is that of an annotator who is new to the project: tested first, if it tests.
func (c Control) NewStatus() Status {
	if c.Screening.Items > 0 {
		return StatusScreening
	}
	return StatusActive
}

// DefaultProject asks for one judgement per pair.
func DefaultProject(name string) Project {
	return Project{Name: name, Task: PairTask(false), Overlap: 1, Guideline: DefaultGuideline}
}

// DefaultGuideline is what annotators read where a project brings no guideline.
const DefaultGuideline = `Pick the response you would rather have received.

Read both to the end before you decide. Prefer the honest one over the pleasing one. Length alone is not quality. Where both are equally good or equally bad, pick the less harmful one and say "negligibly better".`

// Validate reports every fault of the project.
func (p Project) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("labeling: project: %s: got %v, want %s", key, got, want))
		}
	}
	rule(strings.TrimSpace(p.Name) != "" && goodName(p.Name, 200), "name", fmt.Sprintf("%q", p.Name), "1 to 200 bytes of printable text")
	if err := p.Task.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("labeling: project: task: %w", err))
	}
	rule(p.Overlap >= 1 && p.Overlap <= MaxOverlap, "overlap", p.Overlap, fmt.Sprintf("1 to %d", MaxOverlap))
	rule(strings.TrimSpace(p.Guideline) != "", "guideline", "nothing", "some text")
	rule(utf8.ValidString(p.Guideline), "guideline", "bytes that are not UTF-8", "a text")
	rule(p.Control.Gold >= 0 && p.Control.Gold <= .5, "control.gold", p.Control.Gold, "0 to .5")
	rule(p.Control.Repeats >= 0 && p.Control.Repeats <= .5, "control.repeats", p.Control.Repeats, "0 to .5")
	sc := p.Control.Screening
	rule(sc.Items >= 0 && sc.Items <= 1000, "control.screening.items", sc.Items, "0 to 1000")
	rule(sc.Pass >= 0 && sc.Pass <= sc.Items, "control.screening.pass", sc.Pass, "at most the items")
	return errors.Join(errs...)
}
