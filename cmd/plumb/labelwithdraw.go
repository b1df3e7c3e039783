package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/manage"
	"plumbline/labeling/store"
)

func newLabelWithdraw(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "withdraw STORE HANDLE",
		Short: "Take an annotator's judgements out of what counts",
		Long: `Take all judgements of an annotator out of what counts, block the annotator, and have the
items judged anew by others. The judgements stay in the store, marked. Exports that have
them in are stale from then on: see label exports.`,
		Example: `  plumb label withdraw labels.db bob --reason "judged without reading"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				w, err := s.Withdraw(cmd.Context(), args[1], 0, reason)
				if err != nil {
					return err
				}
				return print(a, []labeling.Withdrawal{w}, printWithdrawals)
			})
		},
	}
	reasonFlag(cmd, &reason)
	return cmd
}

func printWithdrawals(w io.Writer, ws []labeling.Withdrawal) error {
	for _, x := range ws {
		if _, err := fmt.Fprintf(w, "%s: %d judgements withdrawn, to be judged anew by others\n", clean(x.Annotator), x.Judgements); err != nil {
			return err
		}
	}
	return nil
}

func newLabelExports(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "exports STORE",
		Short: "List what was exported, and what of it is stale",
		Long: `List the exports of a project, the oldest first, each with how many of its judgements were
withdrawn since. One that has any is stale: what was trained on it should be trained anew,
and plumb runs lineage finds that.`,
		Example: "  plumb label exports labels.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withProject(cmd.Context(), args[0], name, func(s *store.Store, p labeling.Project) error {
				all, err := manage.Exports(cmd.Context(), s, p.Name)
				if err != nil {
					return err
				}
				return print(a, all, printExports)
			})
		},
	}
	projectFlag(cmd, &name)
	return cmd
}

func printExports(w io.Writer, es []manage.Export) error {
	var b strings.Builder
	table(&b, []string{"AT", "FORMAT", "LINES", "SHA256", "STATE", "NOTE"}, es, func(e manage.Export) []string {
		state := "sound"
		if e.Withdrawn > 0 {
			state = fmt.Sprintf("stale: %d withdrawn", e.Withdrawn)
		}
		return []string{e.At.Local().Format(time.DateTime), string(e.Format), fmt.Sprint(e.Lines), fmt.Sprintf("%.12s", e.SHA256), state, clean(e.Note)}
	})
	_, err := io.WriteString(w, b.String())
	return err
}
