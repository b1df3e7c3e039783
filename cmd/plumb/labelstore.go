package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newLabelExport(a *app) *cobra.Command {
	var name, format, out string
	cmd := &cobra.Command{
		Use:   "export DB",
		Short: "Write what was judged as JSON lines",
		Long: `Write what was judged as JSON lines and record that in the store, with the hash:

  comparisons  one line per judged pair, with the share of the answers for each side
  judgements   every answer ever given, corrected ones too
  trl          prompt, chosen and rejected by majority, as TRL reads them`,
		Example: "  plumb label export labels.db --format trl --out pairs.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f := labeling.Format(format)
			if !slices.Contains(labeling.Formats(), f) {
				return wrongUse(cmd, fmt.Errorf("--format: got %q, want one of %v", format, labeling.Formats()))
			}
			return withProject(cmd.Context(), args[0], name, func(s *store.Store, p labeling.Project) error {
				if out == "-" {
					_, err := labeling.Export(cmd.Context(), s, labeling.ExportOptions{Project: p.Name, Format: f}, a.Out)
					return err
				}
				r, err := labeling.ExportFile(cmd.Context(), s, labeling.ExportOptions{Project: p.Name, Format: f}, out)
				if err != nil {
					return err
				}
				return print(a, []labeling.ExportRun{r}, func(w io.Writer, _ []labeling.ExportRun) error {
					_, err := fmt.Fprintf(w, "%s: %d lines, sha256 %s\n", out, r.Lines, r.SHA256)
					return err
				})
			})
		},
	}
	projectFlag(cmd, &name)
	cmd.Flags().StringVar(&format, "format", string(labeling.FormatComparisons), "what to write: comparisons, judgements or trl")
	cmd.Flags().StringVar(&out, "out", "-", "`FILE` to write; - = standard output")
	return cmd
}

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
