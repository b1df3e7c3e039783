package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plumbline/internal/durable"
)

// The links of a stage's directory to its checkpoints, and the file in each that a
// resume reads first.
const (
	LastLink  = "last"
	BestLink  = "best"
	StateFile = "state.json"
)

// State is what a checkpoint holds besides tensors. It has no times and no paths, so
// equal training gives equal files. Random numbers and the position in the data follow
// from Seed and Step (internal/random, Order); the learning rate from config and Step.
type State struct {
	Stage string `json:"stage"`
	Seed  uint64 `json:"seed"`
	Step  int    `json:"step"` // steps done
	Best  *Best  `json:"best,omitempty"`

	// Values is what else the stage must carry over: PPO's KL coefficient, the
	// running mean of its scores. The Trainer fills and reads it.
	Values map[string]float64 `json:"values,omitempty"`
}

// Best is the evaluation that the link best points to.
type Best struct {
	Step   int     `json:"step"`
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
}

// StepDir is the directory of a step: step-000120.
func StepDir(step int) string { return fmt.Sprintf("step-%06d", step) }

// SaveStep makes stageDir/step-N with what fill writes and moves the link last to it.
// It is one transition: a crash, an error or a full disk leaves last where it was.
func SaveStep(stageDir string, step int, fill func(dir string) error) error {
	if err := os.MkdirAll(stageDir, 0o755); err != nil {
		return fmt.Errorf("train: save: %w", err)
	}
	name := StepDir(step)
	err := durable.WriteDir(filepath.Join(stageDir, name), fill)
	if err == nil {
		err = durable.Link(name, filepath.Join(stageDir, LastLink))
	}
	if err != nil {
		return fmt.Errorf("train: save: %w", err)
	}
	return nil
}

// LinkBest moves the link best to the directory of a step.
func LinkBest(stageDir string, step int) error {
	if err := durable.Link(StepDir(step), filepath.Join(stageDir, BestLink)); err != nil {
		return fmt.Errorf("train: save: %w", err)
	}
	return nil
}

// ReadState reads the state of a checkpoint, such as runs/a/sft/last. The error wraps
// fs.ErrNotExist where there is none.
func ReadState(dir string) (State, error) {
	var s State
	path := filepath.Join(dir, StateFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("train: state: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("train: state: %s: %w", path, err)
	}
	if s.Stage == "" || s.Step < 0 {
		return s, fmt.Errorf("train: state: %s: got stage %q and step %d, want a name and ≥ 0", path, s.Stage, s.Step)
	}
	return s, nil
}

// write puts the state into a checkpoint that is being made.
func (s State) write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, StateFile), append(b, '\n'), 0o644)
}

// tidy removes from a stage's directory the checkpoints that neither link points to,
// and what a crash left half-written.
func tidy(stageDir string) error {
	entries, err := os.ReadDir(stageDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	keep := []string{LastLink, BestLink}
	for _, link := range keep {
		if target, err := os.Readlink(filepath.Join(stageDir, link)); err == nil {
			keep = append(keep, target)
		}
	}
	for _, e := range entries {
		stale := strings.HasPrefix(e.Name(), "step-") || strings.HasPrefix(e.Name(), ".")
		if stale && !slices.Contains(keep, e.Name()) {
			errs = append(errs, os.RemoveAll(filepath.Join(stageDir, e.Name())))
		}
	}
	return errors.Join(errs...)
}
