package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"plumbline/internal/dataset"
	"plumbline/internal/train"
	"plumbline/labeling"
	"plumbline/labeling/simulate"
	"plumbline/labeling/store"
	"plumbline/reward/scorers"
)

// The files that sampling and labelling leave in a run directory.
const (
	CandidatesFile  = "candidates.jsonl"  // what annotators judge
	ComparisonsFile = "comparisons.jsonl" // what they said, as dataset.Comparison
	JudgementsFile  = "judgements.jsonl"  // every answer, as it was given
)

func (p *pipeline) sampleSpec() Spec {
	s := p.spec(StageSample, []string{StageSFT, StageBase}, []string{"sample"})
	s.Output, s.Inputs = CandidatesFile, append(s.Inputs, p.Config.Sample.Rewards...)
	return s
}

// sample lets the tuned model answer prompts, several times each, for people to judge.
func (p *pipeline) sample(ctx context.Context) error {
	ended := p.began(StageSample)
	w, err := p.data()
	if err != nil {
		return err
	}
	if len(w.prompts) == 0 {
		return errors.New("run: sample: got no prompts, want data.prompts, data.story or data.synthetic")
	}
	c := p.Config.Sample
	var asked []dataset.Prompt // each in turn for every item it makes
	for round := uint64(0); len(asked) < c.Prompts*c.Pairs; round++ {
		for _, q := range dataset.Shuffle(w.prompts, p.Config.Seed, round) {
			asked = append(asked, slices.Repeat([]dataset.Prompt{q}, c.Pairs)...)
		}
	}
	asked = asked[:c.Prompts*c.Pairs]
	dir, err := p.last(StageSFT, StageBase)
	if err != nil {
		return err
	}
	name := func(place int) string {
		return fmt.Sprintf("%05d-%d/%s", place/c.Pairs, place%c.Pairs, asked[place].ID)
	}
	made, err := c.candidates(dir, p.Config.Seed).Write(ctx, p.rt, asked, name, filepath.Join(p.Dir, CandidatesFile))
	if err != nil {
		return err
	}
	if made.Dropped+made.Short > 0 {
		p.note(StageSample, "of %d items %d were dropped and %d have fewer than %d candidates: the answers were the same", made.Prompts, made.Dropped, made.Short, c.K)
	}
	ended(train.Metrics{"pairs": float64(made.Items)})
	return nil
}

func (p *pipeline) labelSpec() Spec {
	s := p.spec(StageLabel, []string{StageSample}, []string{"label", "utility"})
	s.Output, s.Files = ComparisonsFile, []string{LabelsFile, JudgementsFile}
	return s
}

// label has the candidates judged through the store: by the person at this terminal,
// if asked for, and then by simulated annotators as far as slots are open.
func (p *pipeline) label(ctx context.Context) (err error) {
	ended := p.began(StageLabel)
	s, err := store.Create(ctx, filepath.Join(p.Dir, LabelsFile), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	project := labeling.DefaultProject(p.Config.Name)
	project.Overlap, project.Seed = p.Config.Label.Overlap, p.Config.Seed
	if p.Config.Sample.K > 2 { // a preference is between two
		if project.Task, err = labeling.BuiltinTask("ranking"); err != nil {
			return err
		}
	}
	if _, err := s.CreateProject(ctx, project); err != nil {
		return err
	}
	if err := importFile(ctx, s, project.Name, filepath.Join(p.Dir, CandidatesFile)); err != nil {
		return err
	}
	if p.Config.Label.Mode == "open" {
		if err := p.open(ctx, s, project.Name); err != nil {
			return err
		}
	}
	if err := p.simulate(ctx, s, project.Name); err != nil {
		return err
	}
	n, err := p.export(ctx, s, project.Name)
	if err != nil {
		return err
	}
	ended(train.Metrics{"comparisons": float64(n)})
	return nil
}

func importFile(ctx context.Context, s labeling.Store, project, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = labeling.Import(ctx, s, project, f, path)
	return err
}

func (p *pipeline) open(ctx context.Context, s labeling.Store, project string) error {
	if p.Judge == nil {
		return errors.New("run: label: label.mode is open, which needs a terminal; set label.mode=simulate to run without one")
	}
	p.Emit(train.Event{Kind: train.Waiting, Stage: StageLabel, Text: "the judgements of the person at this terminal"})
	defer p.Emit(train.Event{Kind: train.Resumed, Stage: StageLabel})
	return p.Judge(ctx, s, project)
}

// simulate fills the slots that are still open.
func (p *pipeline) simulate(ctx context.Context, s labeling.Store, project string) error {
	l := p.Config.Label
	if len(l.Annotators) == 0 {
		return nil
	}
	truth, err := scorers.New(p.Config.Utility...)
	if err != nil {
		return fmt.Errorf("run: label: utility: %w", err)
	}
	defer scorers.Close(truth) //nolint:errcheck // nothing is lost
	c := simulate.DefaultConfig()
	c.Project, c.Seed, c.Annotators, c.Scale = project, p.Config.Seed, l.crowd(), l.Scale
	report, err := Simulate(ctx, s, c, truth)
	if err != nil {
		return fmt.Errorf("run: label: %w", err)
	}
	if report.Judged > 0 {
		p.note(StageLabel, "%d judgements by %d simulated annotators, %.1f %% of them right", report.Judged, len(c.Annotators), 100*float64(report.Right)/float64(report.Judged))
	}
	return nil
}

// export writes what was said: every answer, and what the reward model learns from.
func (p *pipeline) export(ctx context.Context, s labeling.Store, project string) (comparisons int, err error) {
	for _, f := range []struct {
		format labeling.Format
		file   string
	}{{labeling.FormatJudgements, JudgementsFile}, {labeling.FormatComparisons, ComparisonsFile}} {
		written, err := labeling.ExportFiles(ctx, s, labeling.ExportOptions{Project: project, Format: f.format}, filepath.Join(p.Dir, f.file))
		if err != nil {
			return 0, err
		}
		comparisons = written[0].Lines
	}
	if comparisons == 0 {
		return 0, errors.New("run: label: nothing was judged: judge some pairs, or let label.annotators do it")
	}
	return comparisons, nil
}

// judgedComparisons are what the reward model learns from, what the label stage gave and
// what was judged before, and what it is measured by: of files of their own or, without
// any, a share of the prompts. No prompt is among both.
func (p *pipeline) judgedComparisons() (learn, held []dataset.Comparison, err error) {
	d := p.Config.Data
	if p.Config.Has(StageLabel) {
		if learn, err = dataset.Collect(dataset.Comparisons(filepath.Join(p.Dir, ComparisonsFile), dataset.Options{})); err != nil {
			return nil, nil, err
		}
	}
	before, err := readAll(d.Comparisons, d.Read, dataset.Comparisons)
	if err != nil {
		return nil, nil, err
	}
	learn = append(learn, before...)
	if len(d.EvalComparisons) == 0 {
		return dataset.Split(learn, p.Config.Reward.EvalShare, p.Config.Seed)
	}
	if held, err = readAll(d.EvalComparisons, d.Read, dataset.Comparisons); err != nil {
		return nil, nil, err
	}
	unseen := map[string]bool{}
	for _, c := range held {
		unseen[c.Key()] = true
	}
	for _, c := range learn {
		if unseen[c.Key()] {
			return nil, nil, fmt.Errorf("run: reward: comparison %q is learnt from, but data.eval_comparisons has its prompt too: cut them by prompt, as plumb label export --split does", c.ID)
		}
	}
	return learn, held, nil
}
