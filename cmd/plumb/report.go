package main

import (
	"io"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

func newReport(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "report RUN",
		Short:   "Write a run's report.html: curves, tables with intervals, samples",
		Example: "  plumb report runs/quickstart --out report.html",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := run.WriteReport(runPath(args[0]), out)
			if err != nil {
				return err
			}
			return print(a, []map[string]string{{"path": path}}, printPath)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; report.html in the run directory by default")
	return cmd
}

// printPath writes where a result was put.
func printPath(w io.Writer, results []map[string]string) error {
	for _, r := range results {
		if _, err := io.WriteString(w, r["path"]+"\n"); err != nil {
			return err
		}
	}
	return nil
}
