package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/train"
)

// Summary is one run directory at a glance.
type Summary struct {
	Path    string        `json:"path"`
	Created string        `json:"created"` // RFC 3339
	State   string        `json:"state"`   // done, running, stopped or pending
	Stages  []string      `json:"stages"`  // "sft done", "ppo running"
	Stage   string        `json:"stage,omitempty"`
	Step    int           `json:"step,omitempty"`
	TimeS   float64       `json:"time_s"` // all stages
	Metrics train.Metrics `json:"metrics,omitempty"`
}

// Summarize reads a run directory: its stages, and the last line of its log.
func Summarize(path string) (Summary, error) {
	m, err := ReadManifest(path)
	if err != nil {
		return Summary{}, err
	}
	rows, err := train.ReadMetrics(path)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Path: path, Created: m.Created.Format("2006-01-02T15:04:05Z07:00"), State: overall(m, InUse(path))}
	for _, st := range m.Stages {
		s.Stages = append(s.Stages, st.Name+" "+string(st.State))
	}
	times := map[string]float64{}
	for _, r := range rows {
		times[r.Stage] = r.TimeS
		s.Stage, s.Step, s.Metrics = r.Stage, r.Step, r.Metrics
	}
	for _, t := range times {
		s.TimeS += t
	}
	return s, nil
}

// overall is the state of a run from those of its stages.
func overall(m Manifest, inUse bool) string {
	running, pending, done := m.names(Running), m.names(Pending), m.names(Done)
	switch {
	case inUse:
		return "running"
	case len(running) > 0 || len(pending) > 0 && len(done) > 0:
		return "stopped"
	case len(done) > 0:
		return "done"
	}
	return "pending"
}

// List summarises the run directories directly below root, oldest first. No root is no
// runs; one that cannot be read is an error beside the others.
func List(root string) ([]Summary, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run: list: %w", err)
	}
	var all []Summary
	var errs []error
	for _, e := range entries {
		s, err := Summarize(filepath.Join(root, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist) || !e.IsDir(): // not a run directory
		case err != nil:
			errs = append(errs, err)
		default:
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Summary) int { return strings.Compare(a.Created, b.Created) })
	return all, errors.Join(errs...)
}
