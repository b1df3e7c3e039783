package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// newLabelStatus is a verb that says whether an annotator may work.
func newLabelStatus(a *app, verb, short, long string, to labeling.Status) *cobra.Command {
	c := labeling.Change{Status: to}
	cmd := &cobra.Command{
		Use:     verb + " STORE HANDLE",
		Short:   short,
		Long:    long,
		Example: "  plumb label " + verb + ` labels.db bob --reason "9 of 20 known answers"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return amend(cmd, a, args[0], args[1], c)
		},
	}
	reasonFlag(cmd, &c.Reason)
	return cmd
}

func newLabelPause(a *app) *cobra.Command {
	return newLabelStatus(a, "pause", "Take an annotator off the work for a while", `Take an annotator off the work: they get no more items, and those they hold go back to
the others. What they judged counts as before. resume lets them on.`, labeling.StatusPaused)
}

func newLabelResume(a *app) *cobra.Command {
	return newLabelStatus(a, "resume", "Let an annotator work again", `Let an annotator who was paused, blocked or is being screened work.`, labeling.StatusActive)
}

func newLabelBlock(a *app) *cobra.Command {
	return newLabelStatus(a, "block", "Take an annotator off the work for good", `Take an annotator off the work for good. What they judged counts as before; withdraw takes
that out too.`, labeling.StatusBlocked)
}

func newLabelRole(a *app) *cobra.Command {
	roles := []labeling.Role{labeling.RoleAnnotator, labeling.RoleAdjudicator, labeling.RoleManager}
	var c labeling.Change
	cmd := &cobra.Command{
		Use:   "role STORE HANDLE ROLE",
		Short: "Make somebody an annotator, adjudicator or manager",
		Long: `Say what somebody may do: an annotator judges; an adjudicator also settles disputes; a
manager also watches the others, pauses and blocks them.`,
		Example: "  plumb label role labels.db ada adjudicator",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Role = labeling.Role(args[2])
			if !slices.Contains(roles, c.Role) {
				return wrongUse(cmd, fmt.Errorf("role: got %q, want one of %v", args[2], roles))
			}
			return amend(cmd, a, args[0], args[1], c)
		},
	}
	reasonFlag(cmd, &c.Reason)
	return cmd
}

func reasonFlag(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "`TEXT` that is kept with the change")
}

func amend(cmd *cobra.Command, a *app, path, handle string, c labeling.Change) error {
	return withStore(cmd.Context(), path, func(s *store.Store) error {
		who, err := s.Amend(cmd.Context(), handle, c)
		if err != nil {
			return err
		}
		return print(a, []person{asPerson(who)}, printPeople)
	})
}
