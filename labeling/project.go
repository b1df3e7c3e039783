package labeling

import (
	"errors"
	"fmt"
	"strings"
)

// TaskKind is the kind of question an item asks.
type TaskKind string

// Pair asks which of two candidates is better, and by how much.
const Pair TaskKind = "pair"

// MaxStrength is the top of the strength scale of a pair. The words are those of
// Llama-2 (arXiv:2307.09288, sec. 3.2.1): 1 negligibly better or unsure, 2 slightly
// better, 3 better, 4 significantly better.
const MaxStrength = 4

// MaxOverlap bounds the judgements wanted per item.
const MaxOverlap = 15

// Task declares what an annotator is asked about each item.
type Task struct {
	Kind TaskKind `json:"kind"`
	Ties bool     `json:"ties"` // "equally good" is an answer too
}

// Project is a set of items judged under one question and one guideline.
type Project struct {
	Name      string
	Task      Task
	Overlap   int    // judgements wanted per item, each by another annotator, 1..MaxOverlap
	Seed      uint64 // decides which candidate is shown where
	Guideline string // the newest version
	Version   int    // of the guideline, from 1; set by the store
}

// DefaultProject asks for one judgement per pair.
func DefaultProject(name string) Project {
	return Project{Name: name, Task: Task{Kind: Pair}, Overlap: 1, Guideline: DefaultGuideline}
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
	rule(strings.TrimSpace(p.Name) != "" && len(p.Name) <= 200, "name", fmt.Sprintf("%q", p.Name), "1 to 200 bytes")
	rule(p.Task.Kind == Pair, "task.kind", p.Task.Kind, string(Pair))
	rule(p.Overlap >= 1 && p.Overlap <= MaxOverlap, "overlap", p.Overlap, fmt.Sprintf("1 to %d", MaxOverlap))
	rule(strings.TrimSpace(p.Guideline) != "", "guideline", "nothing", "some text")
	return errors.Join(errs...)
}
