package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"time"
)

// Trainer is what a stage adds to a Loop: one step, and what of it lives on.
type Trainer interface {
	// Step does step 1, 2, ... whole: all micro-batches of its accumulation window and
	// the optimiser's update (for PPO, the update). It must depend on nothing but the
	// step, the seed and what Save keeps. A figure "tokens" makes the Loop add tok_s.
	Step(ctx context.Context, step int) (Metrics, error)
	// Save writes the model and the optimisers into dir, which is empty, and what else
	// Load needs into s.Values.
	Save(dir string, s *State) error
	// Load puts back what Save kept.
	Load(dir string, s State) error
}

// Evaluator is a Trainer that measures itself on held-out data.
type Evaluator interface {
	// Evaluate gives figures for the log; names begin with eval_.
	Evaluate(ctx context.Context, step int) (Metrics, error)
}

// Sampler is a Trainer that shows texts now and then.
type Sampler interface {
	// Samples returns what the last Step or Evaluate wrote, at most a few, once.
	Samples() []Sample
}

// Loop runs the steps of one stage of a run directory.
type Loop struct {
	RunDir string // runs/NAME; checkpoints go to RunDir/Stage
	Stage  string
	Seed   uint64
	Steps  int // ≥ 1

	SaveEvery int // steps between checkpoints; 0 = at the end only
	EvalEvery int // steps between evaluations; 0 = at the end only
	KeepAll   bool

	BestBy string // figure of Evaluate that moves the link best; "" = none
	Higher bool   // more of it is better

	Seal func(dir string, s State) error // writes provenance into a finished checkpoint; may be nil
	Emit func(Event)                     // may be nil
}

// Interrupted is the error of a Loop whose context was cancelled: the step under way
// was finished and saved, and the same call goes on after it.
type Interrupted struct {
	Stage string
	Step  int    // the last one done
	Dir   string // its checkpoint; "" where no step was done yet
}

func (e *Interrupted) Error() string {
	if e.Dir == "" {
		return fmt.Sprintf("train: %s: interrupted before its first checkpoint", e.Stage)
	}
	return fmt.Sprintf("train: %s: interrupted; step %d is saved in %s", e.Stage, e.Step, e.Dir)
}

// Unwrap makes errors.Is(err, context.Canceled) true.
func (e *Interrupted) Unwrap() error { return context.Canceled }

// Run goes from the last checkpoint, or the start, to Steps, and returns the final
// state. Killed at any moment and called again, it ends in the same files, byte for
// byte, times aside. When ctx is cancelled it finishes the step, saves, and returns an
// *Interrupted. Any other error (a loss that is not finite, a full disk) leaves the
// last checkpoint as it is.
func (l Loop) Run(ctx context.Context, t Trainer) (State, error) {
	r, err := l.open(t)
	if err != nil {
		return State{}, err
	}
	err = r.run(ctx)
	return r.state, errors.Join(err, r.log.Close())
}

// running is a Loop under way.
type running struct {
	Loop
	t     Trainer
	log   *Log
	state State
	saved int // the last step on the disk
}

// dir is where the stage's checkpoints are.
func (l Loop) dir() string { return filepath.Join(l.RunDir, l.Stage) }

// open resumes from the link last, where there is one.
func (l Loop) open(t Trainer) (*running, error) {
	if l.Steps < 1 || l.SaveEvery < 0 || l.EvalEvery < 0 {
		return nil, fmt.Errorf("train: %s: got %d steps, save every %d, evaluate every %d, want ≥ 1, ≥ 0, ≥ 0", l.Stage, l.Steps, l.SaveEvery, l.EvalEvery)
	}
	if l.Emit == nil {
		l.Emit = func(Event) {}
	}
	r := &running{Loop: l, t: t, state: State{Stage: l.Stage, Seed: l.Seed}}
	last := filepath.Join(l.dir(), LastLink)
	s, err := ReadState(last)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := r.resume(last, s); err != nil {
			return nil, fmt.Errorf("train: %s: resume from %s: %w", l.Stage, last, err)
		}
	}
	r.log, err = OpenLog(l.RunDir, l.Stage, r.state.Step)
	return r, err
}

// resume takes over a checkpoint and clears what a crash left behind it.
func (r *running) resume(last string, s State) error {
	if s.Stage != r.Stage || s.Seed != r.Seed || s.Step > r.Steps {
		return fmt.Errorf("got stage %s, seed %d, step %d, want stage %s, seed %d, step ≤ %d", s.Stage, s.Seed, s.Step, r.Stage, r.Seed, r.Steps)
	}
	if err := r.t.Load(last, s); err != nil {
		return err
	}
	r.state, r.saved = s, s.Step
	if s.Best != nil {
		if err := LinkBest(r.dir(), s.Best.Step); err != nil {
			return err
		}
	}
	if r.KeepAll {
		return nil
	}
	return tidy(r.dir())
}

func (r *running) run(ctx context.Context) error {
	r.Emit(Event{Kind: StageBegan, Stage: r.Stage, Step: r.state.Step, Steps: r.Steps})
	var final Metrics
	for r.state.Step < r.Steps {
		if ctx.Err() != nil {
			return r.interrupt()
		}
		m, err := r.step(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		final = m
	}
	r.Emit(Event{Kind: StageDone, Stage: r.Stage, Step: r.state.Step, TimeS: r.log.TimeS(), Metrics: final})
	return nil
}

// step does the next step, records it, and saves where it is due.
func (r *running) step(ctx context.Context) (Metrics, error) {
	step := r.state.Step + 1
	began := time.Now()
	m, err := r.t.Step(ctx, step)
	if err != nil {
		return nil, fmt.Errorf("train: %s step %d: %w", r.Stage, step, err)
	}
	m = maps.Clone(m)
	if tokens, ok := m["tokens"]; ok {
		m["tok_s"] = tokens / max(time.Since(began).Seconds(), 1e-9)
	}
	better, err := r.evaluate(ctx, step, m)
	if err != nil {
		return nil, err
	}
	if err := r.record(step, m); err != nil {
		return nil, err
	}
	r.state.Step = step
	if better || step == r.Steps || due(step, r.SaveEvery) {
		return m, r.save()
	}
	return m, nil
}

func due(step, every int) bool { return every > 0 && step%every == 0 }

// evaluate adds the figures of held-out data to m where they are due and tells whether
// they are the best so far.
func (r *running) evaluate(ctx context.Context, step int, m Metrics) (better bool, err error) {
	e, ok := r.t.(Evaluator)
	if !ok || (step != r.Steps && !due(step, r.EvalEvery)) {
		return false, nil
	}
	figures, err := e.Evaluate(ctx, step)
	if err != nil {
		return false, fmt.Errorf("train: %s step %d: evaluate: %w", r.Stage, step, err)
	}
	maps.Copy(m, figures)
	if r.BestBy == "" {
		return false, nil
	}
	v, ok := figures[r.BestBy]
	if !ok {
		return false, fmt.Errorf("train: %s step %d: evaluate: got no figure %s to choose the best by", r.Stage, step, r.BestBy)
	}
	if b := r.state.Best; b != nil && (v == b.Value || (v > b.Value) != r.Higher) {
		return false, nil
	}
	r.state.Best = &Best{Step: step, Metric: r.BestBy, Value: v}
	return true, nil
}

// record writes a step's figures and samples to the log and shows them.
func (r *running) record(step int, m Metrics) error {
	if err := r.log.Write(step, m); err != nil {
		return err
	}
	r.Emit(Event{Kind: StepDone, Stage: r.Stage, Step: step, Steps: r.Steps, TimeS: r.log.TimeS(), Metrics: m})
	s, ok := r.t.(Sampler)
	if !ok {
		return nil
	}
	for _, sample := range s.Samples() {
		sample.Step = step
		if err := r.log.Sample(sample); err != nil {
			return err
		}
		r.Emit(Event{Kind: SampleDrawn, Stage: r.Stage, Step: step, Sample: &sample})
	}
	return nil
}

// save writes a checkpoint of the step just done. The log goes to the disk first, so
// that it never lacks a step that a checkpoint has.
func (r *running) save() error {
	if err := r.log.Sync(); err != nil {
		return fmt.Errorf("train: save: %w", err)
	}
	if err := SaveStep(r.dir(), r.state.Step, r.fill); err != nil {
		return err
	}
	if b := r.state.Best; b != nil && b.Step == r.state.Step {
		if err := LinkBest(r.dir(), b.Step); err != nil {
			return err
		}
	}
	r.saved = r.state.Step
	r.Emit(Event{Kind: Saved, Stage: r.Stage, Step: r.state.Step, Path: filepath.Join(r.dir(), StepDir(r.state.Step))})
	if r.KeepAll {
		return nil
	}
	return tidy(r.dir())
}

// fill writes everything a checkpoint holds into dir.
func (r *running) fill(dir string) error {
	r.state.Values = map[string]float64{}
	if err := r.t.Save(dir, &r.state); err != nil {
		return err
	}
	if err := r.state.write(dir); err != nil {
		return err
	}
	if r.Seal == nil {
		return nil
	}
	return r.Seal(dir, r.state)
}

// interrupt saves the step just done, unless it is on the disk already.
func (r *running) interrupt() error {
	if r.state.Step > r.saved {
		if err := r.save(); err != nil {
			return err
		}
	}
	e := &Interrupted{Stage: r.Stage, Step: r.state.Step}
	if e.Step > 0 {
		e.Dir = filepath.Join(r.dir(), StepDir(e.Step))
	}
	return e
}
