package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/configs"
	"plumbline/internal/run"
	"plumbline/internal/run/live"
	"plumbline/internal/train"
)

// runOptions are the flags of every verb that runs stages of a pipeline.
type runOptions struct {
	File   string
	Out    string
	Sets   []string
	Redo   string
	Only   string // the stage to run; "" = all
	Resume bool
}

func (o *runOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Out, "out", "", "run `DIR` to make or go on with; runs/NAME by default")
	cmd.Flags().StringArrayVar(&o.Sets, "set", nil, "override a setting: `KEY=VALUE`; repeatable")
	cmd.Flags().StringVar(&o.Redo, "redo", "", "make `STAGE`, and what builds on it, again")
	cmd.Flags().BoolVar(&o.Resume, "resume", false, "go on with a run that exists; an error where there is none")
}

func newRun(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run FILE.yaml",
		Short: "Run a pipeline: base, sft, sample, label, reward, ppo, eval",
		Long: `Run the stages of a run file that are not done yet. A run that was interrupted or
killed goes on where it was with the same command. Built-in files: quickstart.yaml,
stories.yaml.`,
		Example: "  plumb run quickstart.yaml --out runs/a --set seed=2\n  plumb run run.yaml --redo ppo --set ppo.kl_coef=0.1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.File = args[0]
			return runPipeline(cmd, a, o)
		},
	}
	o.flags(cmd)
	return cmd
}

// runPipeline loads the config, runs its stages and writes the report.
func runPipeline(cmd *cobra.Command, a *app, o runOptions) error {
	c, err := configs.Load(o.File, run.DefaultConfig(), o.Sets)
	if err != nil {
		return err
	}
	tree, err := configs.Tree(c)
	if err != nil {
		return err
	}
	if o.Out == "" {
		o.Out = filepath.Join("runs", c.Name)
	}
	if err := o.check(a, c); err != nil {
		return wrongUse(cmd, err)
	}
	ctx := cmd.Context()
	emit, stop := a.live(ctx)
	err = run.Pipeline(ctx, run.Options{Config: c, Tree: tree, Dir: o.Out, Redo: o.Redo, Only: o.Only, Emit: emit, Judge: a.judge})
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	path, err := run.WriteReport(o.Out, "")
	if err != nil {
		return err
	}
	return summarise(a, o.Out, path)
}

// check refuses what would fail only after hours.
func (o runOptions) check(a *app, c run.Config) error {
	if o.Only != "" && !c.Has(o.Only) {
		return fmt.Errorf("%s: stages: got %s, want %s among them", o.File, strings.Join(c.Stages, ", "), o.Only)
	}
	if o.Redo != "" && !c.Has(o.Redo) {
		return fmt.Errorf("--redo: got %s, want one of the run's stages, %s", o.Redo, strings.Join(c.Stages, ", "))
	}
	stages := c.Stages
	if o.Only != "" {
		stages = []string{o.Only}
	}
	if err := c.Ready(stages...); err != nil {
		return fmt.Errorf("%s: %w", o.File, err)
	}
	m, err := run.ReadManifest(o.Out)
	if err != nil && o.Resume {
		return fmt.Errorf("--resume: %w", err)
	}
	judged := c.Label.Mode != "open" || !c.Has(run.StageLabel) || o.Only != "" && o.Only != run.StageLabel
	if !judged && !a.canJudge() && (o.Redo != "" || !m.Done(run.StageLabel)) {
		return errors.New("label.mode is open, but this is no terminal to judge at: run it in one, or --set label.mode=simulate")
	}
	return nil
}

// live shows the events of a run as the flags and the terminal allow, and that ctx was
// cancelled, which takes effect after the step under way.
func (a *app) live(ctx context.Context) (emit func(train.Event), stop func() error) {
	l := live.Options{People: a.Err, Terminal: a.ErrTerminal}
	if a.quiet {
		l.People = nil
	}
	if a.json {
		l.Programs = a.Out
	}
	emit, end := live.Start(l)
	told := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(told)
		emit(train.Event{Kind: train.Note, Text: "finishing and saving the step; Ctrl-C again stops at once"})
	})
	return emit, func() error {
		if !forget() {
			<-told
		}
		return end()
	}
}
