package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/manage"
	"plumbline/labeling/screen"
	"plumbline/labeling/store"
	"plumbline/labeling/tui"
)

func newLabelManage(a *app) *cobra.Command {
	t := tui.Here(os.Getenv)
	var name string
	cmd := &cobra.Command{
		Use:   "manage STORE",
		Short: "Watch the crowd live; pause, resume and requeue",
		Long: `Watch a project while it is judged: the queue, the pace, how far annotators agree, and
everybody with the figures to judge them by; ? shows the keys. Who should be paused is
proposed with the evidence; you decide.`,
		Example: "  plumb label manage labels.db --lang zh",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownLang(cmd, t.Lang); err != nil {
				return err
			}
			return withProject(cmd.Context(), args[0], name, func(s *store.Store, p labeling.Project) error {
				return manageScreen(cmd.Context(), a, s, p, t)
			})
		},
	}
	projectFlag(cmd, &name)
	langFlag(cmd, &t.Lang)
	return cmd
}

// manageScreen shows the manager's view; what is done there is kept under the user's name
// if that is a manager's, else under that of the program.
func manageScreen(ctx context.Context, a *app, s *store.Store, p labeling.Project, t tui.Terminal) error {
	if !a.InTerminal || !a.OutTerminal || t.Linear {
		return errors.New("label manage: this is no terminal to draw on; plumb label stats prints the same figures")
	}
	name, err := handle("")
	if err != nil {
		return err
	}
	by := int64(0)
	all, err := s.Annotators(ctx)
	for _, x := range all {
		if x.Handle == name && x.Role == labeling.RoleManager && x.Status == labeling.StatusActive {
			by = x.ID
		}
	}
	if err != nil {
		return err
	}
	return t.Use(func(t tui.Terminal) error {
		return tui.Show(ctx, t, manage.NewModel(ctx, s, p.Name, by, manage.Options{Lang: t.Lang, Title: name}, time.Now))
	})
}

func langFlag(cmd *cobra.Command, lang *screen.Lang) {
	cmd.Flags().StringVar((*string)(lang), "lang", string(*lang), "language of the screen: en or zh")
}

func knownLang(cmd *cobra.Command, lang screen.Lang) error {
	if lang != screen.English && lang != screen.Chinese {
		return wrongUse(cmd, fmt.Errorf("--lang: got %q, want en or zh", lang))
	}
	return nil
}
