package main

import (
	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

func newEval(a *app) *cobra.Command {
	return newStage(a, "eval", run.StageEval, "Compare the models of a run: its eval stage")
}
