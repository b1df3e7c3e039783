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
	"plumbline/labeling/screen"
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
	cmd.AddCommand(stage, newLabelInit(a), newLabelImport(a), newLabelSample(a), newLabelOpen(a), newLabelExport(a), newLabelStats(a), newLabelSimulate(a), newLabelAudit(a), newLabelEnrol(a), newLabelServe(a))
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
	var annotator, lang string
	cmd := &cobra.Command{
		Use:   "open DB",
		Short: "Judge pairs in this terminal",
		Long: `Judge pairs in this terminal, one after the other; ? shows the keys. Everything is kept
at once, so that the screen can be left at any time.`,
		Example: "  plumb label open labels.db --annotator ada --lang zh",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch l := screen.Lang(lang); l {
			case screen.English, screen.Chinese:
				o.Lang = l
			default:
				return wrongUse(cmd, fmt.Errorf("--lang: got %q, want en or zh", lang))
			}
			return openScreen(cmd.Context(), a, args[0], annotator, o)
		},
	}
	projectFlag(cmd, &o.Project)
	f := cmd.Flags()
	f.StringVar(&annotator, "annotator", "", "`NAME` that the judgements are kept under; the user's by default")
	f.StringVar(&lang, "lang", string(o.Lang), "language of the screen: en or zh")
	f.BoolVar(&o.Linear, "linear", o.Linear, "line after line, for screen readers and plain terminals")
	return cmd
}

func openScreen(ctx context.Context, a *app, path, annotator string, o tui.Options) error {
	name, err := handle(annotator)
	if err != nil {
		return err
	}
	return withStore(ctx, path, func(s *store.Store) error {
		if !a.canJudge() {
			return errors.New("label open: this is no terminal to judge at; programs judge with plumb label simulate")
		}
		r, err := a.Screen(ctx, s, name, o)
		return errors.Join(print(a, []tui.Result{r}, printSession), err)
	})
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
