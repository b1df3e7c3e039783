package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
)

func newRuns(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "runs",
		Short:   "List runs, show one, trace where its checkpoints come from",
		Example: "  plumb runs list\n  plumb runs show runs/quickstart\n  plumb runs lineage runs/quickstart",
	}
	cmd.AddCommand(newRunsList(a), newRunsShow(a), newRunsLineage(a))
	return cmd
}

func newRunsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list [DIR]",
		Short:   "List the runs below a directory, runs by default",
		Example: "  plumb runs list --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := run.List(append(args, "runs")[0])
			return errors.Join(print(a, list, printRuns), err)
		},
	}
}

func printRuns(w io.Writer, list []run.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTATE\tAT\tTIME\tCREATED")
	for _, s := range list {
		at := "-"
		if s.Stage != "" {
			at = fmt.Sprintf("%s %d", s.Stage, s.Step)
		}
		took := time.Duration(s.TimeS * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Path, s.State, at, took, s.Created)
	}
	return t.Flush()
}

func newRunsShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show RUN",
		Short:   "Show the stages of a run and its latest figures",
		Example: "  plumb runs show runs/quickstart",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := run.Summarize(runPath(args[0]))
			if err != nil {
				return err
			}
			return print(a, []run.Summary{s}, printRun)
		},
	}
}

func printRun(w io.Writer, list []run.Summary) error {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s  %s  created %s\n", s.Path, s.State, s.Created)
		for _, stage := range s.Stages {
			fmt.Fprintf(&b, "  %s\n", stage)
		}
		if s.Stage != "" {
			fmt.Fprintf(&b, "figures of %s step %d:\n", s.Stage, s.Step)
		}
		names := make([]string, 0, len(s.Metrics))
		for name := range s.Metrics {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&b, "  %-16s %.6g\n", name, s.Metrics[name])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func newRunsLineage(a *app) *cobra.Command {
	var labels []string
	cmd := &cobra.Command{
		Use:   "lineage RUN",
		Short: "Trace a run's checkpoints back to the files they were made from",
		Long: `Trace a run's checkpoints back to the files they were made from, through the runs whose
checkpoints are among those. Beside all that learnt from judgements, itself or by what it
comes from, stands how many of them were withdrawn since: then it is stale. The stores are
found in the runs and by the .export.json beside exported files, or named by --labels.`,
		Example: "  plumb runs lineage runs/quickstart\n  plumb runs lineage runs/a --labels postgres://manager@db.example/labels",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tree, err := run.Lineage(cmd.Context(), runPath(args[0]), labels)
			if err != nil {
				return err
			}
			return print(a, tree, printLineage)
		},
	}
	cmd.Flags().StringArrayVar(&labels, "labels", nil, "labelling `STORE` that judgements came from; repeatable")
	return cmd
}

func printLineage(w io.Writer, tree []run.Ancestor) error {
	var b strings.Builder
	var walk func(as []run.Ancestor, indent string)
	walk = func(as []run.Ancestor, indent string) {
		for _, from := range as {
			fmt.Fprintf(&b, "%s%s  %.12s", indent, from.Name, from.SHA256)
			switch {
			case from.Again:
				b.WriteString("  see above")
			case from.Learnt != nil:
				b.WriteString("  " + from.Learnt.String())
			}
			b.WriteString("\n")
			walk(from.From, indent+"  ")
		}
	}
	walk(tree, "")
	_, err := io.WriteString(w, b.String())
	return err
}

// runPath finds a run by its path, or by its name below runs/.
func runPath(arg string) string {
	if _, err := run.ReadManifest(arg); errors.Is(err, fs.ErrNotExist) {
		below := filepath.Join("runs", arg)
		if _, err := run.ReadManifest(below); err == nil {
			return below
		}
	}
	return arg
}
