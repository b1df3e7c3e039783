package main

import (
	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

func newLabel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "label",
		Short:   "Gather people's preferences",
		Example: "  plumb label run run.yaml --out runs/a",
	}
	stage := newStage(a, "run", run.StageLabel, "Have the samples judged: the label stage of a run")
	stage.Example = "  plumb label run run.yaml --out runs/a"
	cmd.AddCommand(stage)
	return cmd
}
