package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

// newStages are the verbs that run one stage of a run file.
func newStages(a *app) []*cobra.Command {
	return []*cobra.Command{
		newStage(a, "pretrain", run.StageBase, "Train a model on plain text: the base stage of a run"),
		newStage(a, "sft", run.StageSFT, "Learn from demonstrations: the sft stage of a run"),
		newStage(a, "sample", run.StageSample, "Let the model answer prompts, in pairs to judge: the sample stage of a run"),
		newStage(a, "reward", run.StageReward, "Learn a reward from judgements: the reward stage of a run"),
		newStage(a, "ppo", run.StagePPO, "Improve the model against the reward: the ppo stage of a run"),
	}
}

// newStage is a verb that runs one stage and nothing else.
func newStage(a *app, verb, stage, short string) *cobra.Command {
	o := runOptions{Only: stage}
	cmd := &cobra.Command{
		Use:     verb + " FILE.yaml",
		Short:   short,
		Long:    short + ".\nThe stages that it builds on must be done in the run directory.",
		Example: fmt.Sprintf("  plumb %s run.yaml --out runs/a", verb),
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.File = args[0]
			return runPipeline(cmd, a, o)
		},
	}
	o.flags(cmd)
	return cmd
}
