package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  plumb version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return print(a, []run.Versions{run.CurrentVersions()}, printVersions)
		},
	}
}

func printVersions(w io.Writer, vs []run.Versions) error {
	for _, v := range vs {
		if _, err := fmt.Fprintf(w, "plumb %s (%s, %s)\n", v.Plumb, v.Go, v.OS); err != nil {
			return err
		}
	}
	return nil
}
