package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plumbline/internal/engine"
	"plumbline/internal/train"
	"plumbline/labeling"
)

// Options say how a pipeline is run.
type Options struct {
	Config Config
	Tree   map[string]any // the same, resolved, as configs.Tree gives it
	Dir    string         // run directory, made or resumed
	Redo   string         // a stage to make again with all that builds on it; "" = none
	Only   string         // the stage to run, its parents being done; "" = all
	Emit   func(train.Event)

	// Judge opens a screen on a project for label.mode open; it returns when the person
	// quits or nothing is left.
	Judge func(ctx context.Context, s labeling.Store, project string) error
}

// Pipeline runs the stages of a config that are not done yet. Interrupted at any
// moment, by a signal or a crash, the same call goes on where it was and ends in the
// same files. A stage whose settings, inputs or parents changed since it began is a
// *ChangedError.
func Pipeline(ctx context.Context, o Options) (err error) {
	d, err := Open(o.Dir, o.Config.Seed, o.Tree)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if o.Redo != "" {
		if err := d.Reset(o.Redo); err != nil {
			return err
		}
	}
	p := &pipeline{Options: o, dir: d, rt: engine.NewRuntime(o.Config.Threads)}
	defer p.rt.Close()
	if p.Emit == nil {
		p.Emit = func(train.Event) {}
	}
	names, err := p.plan()
	if err != nil {
		return err
	}
	if err := d.Plan(names...); err != nil {
		return err
	}
	p.Emit(train.Event{Kind: train.RunPlanned, Path: o.Dir, Stages: names})
	for _, name := range names {
		if err := p.stage(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// plan lists the stages to run, in order. One by itself needs the stages before it that
// its result depends on.
func (p *pipeline) plan() ([]string, error) {
	if p.Only == "" {
		return slices.DeleteFunc(Stages(), func(s string) bool { return !p.Config.Has(s) }), nil
	}
	step, known := steps[p.Only]
	if !known || !p.Config.Has(p.Only) {
		return nil, fmt.Errorf("run: stage %s: it is not among the stages of the run, %s", p.Only, strings.Join(p.Config.Stages, ", "))
	}
	for _, parent := range step.spec(p).Parents {
		if s := p.dir.find(parent); s == nil || s.State != Done {
			return nil, fmt.Errorf("run: %s: stage %s builds on %s, which is not done: run %s first", p.Dir, p.Only, parent, parent)
		}
	}
	return []string{p.Only}, nil
}

// pipeline is a run under way.
type pipeline struct {
	Options
	dir   *Dir
	rt    *engine.Runtime
	world *world // read when first needed
	codec *codec
}

// steps are the stages by name: what each depends on, and what it does.
var steps = map[string]struct {
	spec func(p *pipeline) Spec
	run  func(p *pipeline, ctx context.Context) error
}{
	StageBase:   {(*pipeline).baseSpec, (*pipeline).base},
	StageSFT:    {(*pipeline).sftSpec, (*pipeline).sft},
	StageSample: {(*pipeline).sampleSpec, (*pipeline).sample},
	StageLabel:  {(*pipeline).labelSpec, (*pipeline).label},
	StageReward: {(*pipeline).rewardSpec, (*pipeline).reward},
	StagePPO:    {(*pipeline).ppoSpec, (*pipeline).ppo},
	StageEval:   {(*pipeline).evalSpec, (*pipeline).eval},
}

// stage runs one stage unless it is done.
func (p *pipeline) stage(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return &train.Interrupted{Stage: name}
	}
	s := steps[name]
	done, err := p.dir.Begin(s.spec(p))
	if err != nil {
		return err
	}
	if done {
		p.Emit(train.Event{Kind: train.StageSkipped, Stage: name})
		return nil
	}
	err = s.run(p, ctx)
	if errors.Is(err, context.Canceled) && !errors.As(err, new(*train.Interrupted)) {
		err = &train.Interrupted{Stage: name} // a stage without steps, which nothing is lost of
	}
	if err != nil {
		return errors.Join(err, p.dir.Stopped(name, err))
	}
	return p.dir.Finish(name)
}

// spec fills in what every stage depends on; sections are the keys of the config that
// belong to it.
func (p *pipeline) spec(name string, parents, sections []string) Spec {
	s := Spec{Name: name, Settings: map[string]any{}, Free: []string{"threads"}}
	for _, key := range append([]string{"seed", "data", "model"}, sections...) {
		s.Settings[key] = p.Tree[key]
		s.Free = append(s.Free, key+".save_every")
	}
	if name != StageReward { // nobody else reads them
		s.Free = append(s.Free, "data.comparisons", "data.eval_comparisons")
	}
	for _, parent := range parents {
		if p.Config.Has(parent) {
			s.Parents = append(s.Parents, parent)
		}
	}
	if p.Config.Model.Path != "" {
		s.Inputs = append(s.Inputs, p.Config.Model.Path)
	}
	s.Inputs = slices.Concat(s.Inputs, p.Config.Data.Text, p.Config.Data.Examples, p.Config.Data.Prompts)
	return s
}

// loop is the step loop of a stage that trains, perhaps on judgements.
func (p *pipeline) loop(stage string, steps, saveEvery, evalEvery int, bestBy string, judgements []string) train.Loop {
	return train.Loop{
		RunDir: p.Dir, Stage: stage, Seed: p.Config.Seed, Steps: steps, SaveEvery: saveEvery, EvalEvery: evalEvery,
		BestBy: bestBy, Seal: p.dir.Seal(stage, judgements), Emit: p.Emit,
	}
}

// data is the run's data.
func (p *pipeline) data() (*world, error) {
	if p.world == nil {
		w, err := readWorld(p.Config)
		if err != nil {
			return nil, err
		}
		p.world = &w
	}
	return p.world, nil
}

// last is the directory of the newest checkpoint of the first of the stages that is
// part of the run, or of the model the run starts from.
func (p *pipeline) last(stages ...string) (string, error) {
	for _, s := range stages {
		if p.Config.Has(s) {
			return filepath.Join(p.dir.Stage(s), train.LastLink), nil
		}
	}
	if p.Config.Model.Path == "" {
		return "", fmt.Errorf("run: got neither model.path nor stage %s, want a model to start from", stages[len(stages)-1])
	}
	return p.Config.Model.Path, nil
}

// texts is the codec of the model in dir, which all models of a run share.
func (p *pipeline) texts(dir string) (*codec, error) {
	if p.codec != nil {
		return p.codec, nil
	}
	c, err := newCodec(dir)
	if err == nil {
		p.codec = c
	}
	return c, err
}

// began tells that a stage without a step loop begins; what it returns tells that it
// is done.
func (p *pipeline) began(stage string) (ended func(train.Metrics)) {
	start := time.Now()
	p.Emit(train.Event{Kind: train.StageBegan, Stage: stage})
	return func(m train.Metrics) {
		p.Emit(train.Event{Kind: train.StageDone, Stage: stage, TimeS: time.Since(start).Seconds(), Metrics: m})
	}
}

// note tells the person something.
func (p *pipeline) note(stage, format string, a ...any) {
	p.Emit(train.Event{Kind: train.Note, Stage: stage, Text: fmt.Sprintf(format, a...)})
}
