package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

// toldEvery is how often a verb that takes long says how far it is.
const toldEvery = 5 * time.Second

type labelSampleOptions struct {
	run.Candidates
	Models        []string
	Temperatures  []float64
	Prompts       []string
	Read          dataset.Options
	N, Threads    int
	Out           string
	Into, Project string // store, and its project
}

func newLabelSample(a *app) *cobra.Command {
	o := labelSampleOptions{Candidates: run.DefaultCandidates()}
	o.Priority = run.ByChance
	cmd := &cobra.Command{
		Use:   "sample PROMPTS... --model DIR --out FILE.jsonl",
		Short: "Let models answer prompts, for people to judge",
		Long: `Let models answer prompts: of each prompt an item of --k candidates, as label import
reads them. Models and temperatures share the answers evenly, and which of them a
candidate comes from is kept with it, out of the annotators' sight. Answers that repeat
another of their item are drawn again; a prompt without two that differ is left out.

--best-of N draws N answers and keeps the one that the reward models score highest,
beside others at random. --priority says which items are judged first:

  none          as the prompts come
  random        by chance
  margin        where the reward models' mean hardly decides between the candidates
  disagreement  where several reward models differ about them
  diversity     always the item that is least like those before it

Interrupted, the same command goes on where it was. One seed, one result.`,
		Example: `  plumb label sample prompts.jsonl --model runs/a/sft/last --model runs/a/ppo/last --temperature 0.7,1.0 --out candidates.jsonl
  plumb label sample prompts.jsonl --model runs/a/sft/last --best-of 8 --reward runs/a/reward/last --priority margin --out candidates.jsonl --into labels.db`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Prompts, o.Arms = args, run.Arms(o.Models, o.Temperatures)
			if err := o.check(); err != nil {
				return wrongUse(cmd, err)
			}
			return threaded(cmd, o.Threads, func(rt *engine.Runtime) error { return o.run(cmd, a, rt) })
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *labelSampleOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.Models, "model", nil, "`DIR` of a model that answers; repeatable")
	f.Float64SliceVar(&o.Temperatures, "temperature", []float64{1}, "of sampling; several, with commas, take turns; 0 = the likeliest answer")
	f.IntVar(&o.K, "k", o.K, "candidates of an item")
	f.IntVar(&o.BestOf, "best-of", 0, "draw so many answers and keep the best, and others at random; needs --reward")
	f.StringArrayVar(&o.Rewards, "reward", nil, "`DIR` of a reward model; repeatable")
	f.StringVar((*string)(&o.Priority), "priority", string(o.Priority), "what is judged first: none, random, margin, disagreement or diversity")
	f.IntVar(&o.Redraws, "redraws", o.Redraws, "times that an answer which repeats another is drawn again")
	f.IntVar(&o.N, "n", 0, "ask so many of the prompts, drawn by the seed; 0 = all")
	f.IntVar(&o.MaxTokens, "max-tokens", o.MaxTokens, "most tokens of an answer")
	f.IntVar(&o.Batch, "batch", o.Batch, "answers made at a time; changes no result")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "decides every random number")
	f.IntVar(&o.Threads, "threads", 0, "0 = all cores; changes no result")
	f.StringVar(&o.Read.Format, "format", "", "`SHAPE` of the files' rows; seen from their keys by default")
	f.StringVar(&o.Out, "out", "", "`FILE` to write, one item a line")
	f.StringVar(&o.Into, "into", "", "import the items into the store `DB` too")
	f.StringVar(&o.Project, "project", "", "`NAME` of the store's project; the only one by default")
	require(cmd, "model", "out")
}

func (o *labelSampleOptions) check() error {
	err := o.Validate()
	if o.N < 0 {
		err = errors.Join(err, fmt.Errorf("--n: got %d, want ≥ 0", o.N))
	}
	if o.Into == "" && o.Project != "" {
		err = errors.Join(err, errors.New("--project: got it without --into, want the store that it is in"))
	}
	return err
}

// sampled is what label sample prints.
type sampled struct {
	run.Drawn
	Out      string             `json:"out"`
	Imported *labeling.Imported `json:"imported,omitempty"`
}

func (o *labelSampleOptions) run(cmd *cobra.Command, a *app, rt *engine.Runtime) error {
	ctx := cmd.Context()
	if err := o.fitTask(cmd); err != nil {
		return err
	}
	prompts, err := run.ChoosePrompts(o.Prompts, o.Read, o.N, o.Seed)
	if err != nil {
		return err
	}
	if !a.quiet {
		o.Tell = teller(a.Err, "answers")
	}
	done := sampled{Out: o.Out}
	if done.Drawn, err = o.Write(ctx, rt, prompts, nil, o.Out); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w; what was drawn is kept: the same command goes on", err)
		}
		return err
	}
	if o.Into != "" {
		if done.Imported, err = o.importAll(ctx); err != nil {
			return err
		}
	}
	return print(a, []sampled{done}, printSampled)
}

// fitTask finds out, before hours of drawing, whether the project takes such items.
func (o *labelSampleOptions) fitTask(cmd *cobra.Command) error {
	if o.Into == "" {
		return nil
	}
	return withProject(cmd.Context(), o.Into, o.Project, func(_ *store.Store, p labeling.Project) error {
		n := p.Task.Candidates
		if n == 0 { // the item says
			return nil
		}
		if n != o.K {
			return wrongUse(cmd, fmt.Errorf("--k: got %d, want %d, as the task of project %s has it", o.K, n, p.Name))
		}
		o.Least = n
		return nil
	})
}

func (o *labelSampleOptions) importAll(ctx context.Context) (*labeling.Imported, error) {
	f, err := os.Open(o.Out)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	var done labeling.Imported
	err = withStore(ctx, o.Into, func(s *store.Store) (err error) {
		done, err = labeling.Import(ctx, s, o.Project, f, o.Out)
		return err
	})
	return &done, err
}

// teller says now and then how much of a total is done.
func teller(w io.Writer, what string) func(done, total int) {
	last := time.Now()
	return func(done, total int) {
		if now := time.Now(); now.Sub(last) >= toldEvery {
			last = now
			fmt.Fprintf(w, "%d of %d %s\n", done, total, what) //nolint:errcheck // nobody else to tell
		}
	}
}

func printSampled(w io.Writer, rs []sampled) error {
	for _, r := range rs {
		text := fmt.Sprintf("%s: %d items of %d prompts; %d answers drawn, %d kept from before, %d again because they repeated another; %.0f tokens/s\n",
			r.Out, r.Items, r.Prompts, r.Answers, r.Kept, r.Redrawn, r.TokensPer)
		if r.Dropped > 0 {
			text += fmt.Sprintf("%d prompts dropped: too few of their answers differ\n", r.Dropped)
		}
		if r.Short > 0 {
			text += fmt.Sprintf("%d items have fewer candidates than asked for: the others repeated them\n", r.Short)
		}
		if r.Imported != nil {
			text += fmt.Sprintf("%d imported, %d of them new\n", r.Imported.Items, r.Imported.Added)
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
