package main

import "github.com/spf13/cobra"

// newRoot builds the tree of verbs.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "plumb",
		Short: "From text and preferences to an aligned language model",
		Long: `Plumb trains a language model, gathers people's preferences, learns a reward from
them, improves the model against it, and shows with intervals that it is better.

Settings come from defaults, the run file, PLUMB_* environment variables and --set,
the later the stronger. Exit status: 0 done, 1 failed, 2 wrong use or settings,
130 interrupted (what was done is saved, and the message says how to go on).`,
		Example:       "  plumb run quickstart.yaml --out runs/a\n  plumb run stories.yaml --out runs/stories --set ppo.kl_coef=0.1",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.PersistentFlags().BoolVar(&a.json, "json", false, "results as JSON, one object a line, on standard output")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "nothing but errors on standard error")
	root.AddCommand(verbs(a)...)
	markStart(a, root)
	return root
}

// verbs lists every verb of the top level.
func verbs(a *app) []*cobra.Command {
	return append(newStages(a),
		newBench(a),
		newChat(a),
		newConfig(a),
		newEval(a),
		newGenerate(a),
		newLabel(a),
		newMan(),
		newQuickstart(a),
		newReport(a),
		newRun(a),
		newRuns(a),
		newVerify(a),
		newVersion(a),
	)
}

// markStart lets every verb note that its own work began. Verbs that only have verbs
// below them want one.
func markStart(a *app, cmd *cobra.Command) {
	if work := cmd.RunE; work != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return work(cmd, args)
		}
	} else if cmd.HasParent() {
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, sub := range cmd.Commands() {
		markStart(a, sub)
	}
}
