package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/offline"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

func newLabel(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "label",
		Short: "Gather people's preferences",
		Example: `  plumb label init labels.db --overlap 2
  plumb label import labels.db pairs.jsonl
  plumb label open labels.db
  plumb label export labels.db --format comparisons --out comparisons.jsonl`,
	}
	stage := newStage(a, "run", run.StageLabel, "Have the samples judged: the label stage of a run")
	stage.Example = "  plumb label run run.yaml --out runs/a"
	cmd.AddCommand(stage,
		newLabelInit(a), newLabelImport(a), newLabelSample(a),
		newLabelOpen(a), newLabelServe(a), newLabelConnect(a), newLabelSimulate(a), newLabelCheckout(a), newLabelCheckin(a),
		newLabelEnrol(a), newLabelManage(a), newLabelPause(a), newLabelResume(a), newLabelBlock(a), newLabelRole(a), newLabelAdjudicate(a), newLabelWithdraw(a),
		newLabelStats(a), newLabelExport(a), newLabelExports(a), newLabelAudit(a), newLabelMove(a), newLabelBench(a))
	return cmd
}

// withStore opens the store that a verb is about, which must exist.
func withStore(ctx context.Context, path string, f func(*store.Store) error) (err error) {
	s, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return f(s)
}

// withProject also finds a project of it; without a name it is the only one.
func withProject(ctx context.Context, path, name string, f func(*store.Store, labeling.Project) error) error {
	return withStore(ctx, path, func(s *store.Store) error {
		p, err := s.Project(ctx, name)
		if err != nil {
			return err
		}
		return f(s, p)
	})
}

func projectFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "project", "", "`NAME` of the project; the only one by default")
}

func newLabelOpen(a *app) *cobra.Command {
	o := tui.DefaultOptions(os.Getenv)
	var annotator string
	cmd := &cobra.Command{
		Use:   "open DB",
		Short: "Judge in this terminal",
		Long: `Judge items in this terminal, one after the other; ? shows the keys. Everything is kept
at once, so that the screen can be left at any time.`,
		Example: "  plumb label open labels.db --annotator ada --lang zh",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownLang(cmd, o.Lang); err != nil {
				return err
			}
			return openScreen(cmd.Context(), a, args[0], annotator, o)
		},
	}
	projectFlag(cmd, &o.Project)
	f := cmd.Flags()
	langFlag(cmd, &o.Lang)
	f.StringVar(&annotator, "annotator", "", "`NAME` that the judgements are kept under; by default the user's, or in a checkout its annotator's")
	f.BoolVar(&o.Linear, "linear", o.Linear, "line after line, for screen readers and plain terminals")
	return cmd
}

func openScreen(ctx context.Context, a *app, path, annotator string, o tui.Options) error {
	return withStore(ctx, path, func(s *store.Store) error {
		if !a.canJudge() {
			return errors.New("label open: this is no terminal to judge at; programs judge with plumb label simulate")
		}
		name, err := annotatorOf(ctx, s, annotator)
		if err != nil {
			return err
		}
		r, err := a.Screen(ctx, s, name, o)
		return errors.Join(print(a, []tui.Result{r}, printSession), err)
	})
}

// annotatorOf is who judges in a store: who is named, else whoever checked it out, else
// the user.
func annotatorOf(ctx context.Context, s *store.Store, named string) (string, error) {
	if named == "" {
		who, checkedOut, err := offline.Annotator(ctx, s)
		if checkedOut || err != nil {
			return who, err
		}
	}
	return handle(named)
}

func printSession(w io.Writer, rs []tui.Result) error {
	for _, r := range rs {
		line := fmt.Sprintf("%d judged, %d corrected, %d skipped", r.Judged, r.Corrected, r.Skipped)
		if r.Finished {
			line += "; nothing is left for you"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
