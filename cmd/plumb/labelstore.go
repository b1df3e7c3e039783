package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newLabelAudit(a *app) *cobra.Command {
	var anchor string
	cmd := &cobra.Command{
		Use:   "audit DB",
		Short: "Find out whether judgements were tampered with",
		Long: `Verify the chain of events and every row that it vouches for. The exit status is 1 where
something is wrong. The head that it prints, noted elsewhere and given as --anchor the
next time, shows that nothing was cut off at the end.`,
		Example: "  plumb label audit labels.db --anchor 6b1c...",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				r, err := s.Audit(cmd.Context(), anchor)
				if err == nil {
					err = cmd.Context().Err() // what was not read is no fault
				}
				if err != nil {
					return err
				}
				if err := print(a, []labeling.Audit{r}, printAudit); err != nil {
					return err
				}
				if n := len(r.Faults); n > 0 {
					return fmt.Errorf("label audit: %s: %d faults", args[0], n)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&anchor, "anchor", "", "`HEAD` that an earlier audit or export printed")
	return cmd
}

func printAudit(w io.Writer, rs []labeling.Audit) error {
	for _, r := range rs {
		text := fmt.Sprintf("%d events, %d judgements, head %s\n", r.Events, r.Judgements, r.Head)
		if len(r.Faults) > 0 {
			text += strings.Join(r.Faults, "\n") + "\n"
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
