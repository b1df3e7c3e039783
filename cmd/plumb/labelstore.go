package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/simulate"
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

func newLabelSimulate(a *app) *cobra.Command {
	c := simulate.DefaultConfig()
	like, n, by := c.Annotators[0], len(c.Annotators), "utility"
	like.Handle = "sim"
	cmd := &cobra.Command{
		Use:   "simulate DB",
		Short: "Let simulated annotators judge what is open",
		Long: `Let simulated annotators judge what is open, through the same store as people: each
prefers the response that scores higher with a probability of --skill. --scorer is
utility, vader, lexicon:FILE or program:COMMAND ARGUMENTS.`,
		Example: "  plumb label simulate labels.db --scorer vader --annotators 5 --skill 0.85",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Annotators = simulate.Crowd(max(0, n), like)
			scorer, err := run.ParseScorer(by)
			if err == nil && scorer.Reward != "" {
				err = fmt.Errorf("--scorer: got %s, want a scorer of texts", by)
			}
			if err := errors.Join(err, c.Validate()); err != nil {
				return wrongUse(cmd, err)
			}
			return withProject(cmd.Context(), args[0], c.Project, func(s *store.Store, p labeling.Project) error {
				c.Project = p.Name
				r, err := run.SimulateBy(cmd.Context(), s, c, scorer)
				if err != nil {
					return err
				}
				return print(a, []simulate.Report{r}, printSimulated)
			})
		},
	}
	projectFlag(cmd, &c.Project)
	f := cmd.Flags()
	f.StringVar(&by, "scorer", by, "who knows which response is better")
	f.IntVar(&n, "annotators", n, "how many")
	f.Float64Var(&like.Skill, "skill", like.Skill, "chance to prefer the better response, in [0, 1]")
	f.Float64Var(&like.LeftBias, "left-bias", 0, "share of pairs answered by side alone, in [-1, 1]: > 0 left, < 0 right")
	f.Float64Var(&like.Seconds, "seconds", like.Seconds, "median time per pair")
	f.Float64Var(&c.Scale, "scale", c.Scale, "gap in score that is \"significantly better\"")
	f.Uint64Var(&c.Seed, "seed", 1, "decides every answer")
	return cmd
}

func printSimulated(w io.Writer, rs []simulate.Report) error {
	for _, r := range rs {
		if _, err := fmt.Fprintf(w, "%d judged, %d of them right; %d were judged before, %d are left\n", r.Judged, r.Right, r.Before, r.Open); err != nil {
			return err
		}
	}
	return nil
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
