package main

import "github.com/spf13/cobra"

func newQuickstart(a *app) *cobra.Command {
	o := runOptions{File: "quickstart.yaml"}
	var label bool
	cmd := &cobra.Command{
		Use:   "quickstart",
		Short: "Run the whole pipeline on data that comes with the program",
		Long: `Run quickstart.yaml: a small model learns English and Chinese reviews and stories, is
fine-tuned, judged by simulated annotators, and improved by PPO; the table at the end
says what each stage gained. Two cores take a few minutes.

With --label, you judge first: a screen opens when the pairs are there, you judge as
many as you like and quit, and simulated annotators judge the rest.`,
		Example: "  plumb quickstart\n  plumb quickstart --label --out runs/mine --set seed=2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if label {
				o.Sets = append([]string{"label.mode=open"}, o.Sets...)
			}
			return runPipeline(cmd, a, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&label, "label", false, "judge some pairs yourself, in this terminal")
	return cmd
}
