package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/manage"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

func newLabelAdjudicate(a *app) *cobra.Command {
	o := tui.DefaultOptions(os.Getenv)
	o.Welcome = false // who settles disputes knows the task
	var as string
	cmd := &cobra.Command{
		Use:   "adjudicate STORE",
		Short: "Settle what annotators disagree about or flagged",
		Long: `Settle the disputes of a project one after another, on the labelling screen, with what
the annotators said beside it: items judged in full without a majority on the main
question, and flagged ones. Your answer is the final word. n leaves an item to another
adjudicator, z corrects what you settled in this sitting.

You must be enrolled as adjudicator or manager; --as enrols you if you are new.`,
		Example: "  plumb label adjudicate labels.db --as ada",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownLang(cmd, o.Lang); err != nil {
				return err
			}
			return withProject(cmd.Context(), args[0], o.Project, func(s *store.Store, p labeling.Project) error {
				who, err := adjudicator(cmd.Context(), s, as)
				if err != nil {
					return err
				}
				return adjudicate(cmd.Context(), a, s, p, who, o)
			})
		},
	}
	projectFlag(cmd, &o.Project)
	langFlag(cmd, &o.Lang)
	cmd.Flags().StringVar(&as, "as", "", "`HANDLE` to settle under, enrolled as adjudicator if new; the user's by default")
	cmd.Flags().BoolVar(&o.Linear, "linear", o.Linear, "line after line, for screen readers and plain terminals")
	return cmd
}

// adjudicator is who settles: enrolled if named, else there already.
func adjudicator(ctx context.Context, s *store.Store, as string) (who labeling.Annotator, err error) {
	if as != "" {
		who, err = s.Enrol(ctx, labeling.Annotator{Handle: as, Role: labeling.RoleAdjudicator})
	} else {
		who, err = enrolledUser(ctx, s)
	}
	if err == nil && who.Role == labeling.RoleAnnotator {
		err = fmt.Errorf("label adjudicate: %s is an annotator: plumb label role STORE %s adjudicator makes them one who settles", who.Handle, who.Handle)
	}
	return who, err
}

func enrolledUser(ctx context.Context, s *store.Store) (labeling.Annotator, error) {
	name, err := handle("")
	if err != nil {
		return labeling.Annotator{}, err
	}
	all, err := s.Annotators(ctx)
	if err != nil {
		return labeling.Annotator{}, err
	}
	for _, x := range all {
		if x.Handle == name {
			return x, nil
		}
	}
	return labeling.Annotator{}, fmt.Errorf("label adjudicate: %s: %w in the store; --as %s enrols you", name, labeling.ErrNotFound, name)
}

func adjudicate(ctx context.Context, a *app, s *store.Store, p labeling.Project, who labeling.Annotator, o tui.Options) (err error) {
	if !a.InTerminal || !a.OutTerminal {
		return errors.New("label adjudicate: this is no terminal to judge at")
	}
	var r tui.Result
	docket := manage.NewBench(s, p.Name).Docket(who.ID)
	err = o.Use(func(t tui.Terminal) error {
		o.Terminal = t
		r, err = tui.Label(ctx, docket, p, who, o)
		return err
	})
	return errors.Join(print(a, []tui.Result{r}, printSession), err)
}
