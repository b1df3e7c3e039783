package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/simulate"
	"plumbline/labeling/store"
)

// simulateOptions are a crowd of one kind by flags, or of any by a file.
type simulateOptions struct {
	simulate.Config
	like     simulate.Annotator
	n        int
	crowd    string
	scorer   string
	scorerBy run.ScorerSpec
}

func newLabelSimulate(a *app) *cobra.Command {
	o := simulateOptions{Config: simulate.DefaultConfig(), scorer: "utility"}
	o.like, o.n = o.Annotators[0], len(o.Annotators)
	o.like.Handle = "sim"
	cmd := &cobra.Command{
		Use:   "simulate DB",
		Short: "Let simulated annotators judge what is open",
		Long: `Let simulated annotators judge what is open, through the same store as people: each
prefers the response that scores higher with a probability of --skill. --scorer is
utility, vader, lexicon:FILE or program:COMMAND ARGUMENTS.

A crowd of several kinds comes from a file, each group with a count and what is not
usual about it:

  - {handle: good, count: 8, skill: 0.9, drift: 0.2}   # or temperature: Bradley-Terry
  - {handle: long, count: 2, length_bias: 0.3}         # left_bias: by side
  - {handle: spam, count: 2, spammer: random}          # side, first; lazy: 0.3
  - {handle: lost, sleeper: 0.1, disconnect: 0.2, duplicate: 0.1}`,
		Example: `  plumb label simulate labels.db --scorer vader --annotators 5 --skill 0.85
  plumb label simulate labels.db --scorer vader --crowd crowd.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(); err != nil {
				return wrongUse(cmd, err)
			}
			return withProject(cmd.Context(), args[0], o.Project, func(s *store.Store, p labeling.Project) error {
				o.Project = p.Name
				r, err := run.SimulateBy(cmd.Context(), s, o.Config, o.scorerBy)
				if err != nil {
					return err
				}
				return print(a, []simulate.Report{r}, printSimulated)
			})
		},
	}
	projectFlag(cmd, &o.Project)
	f := cmd.Flags()
	f.StringVar(&o.scorer, "scorer", o.scorer, "who knows which response is better")
	f.StringVar(&o.crowd, "crowd", "", "`FILE.yaml` with the annotators, instead of the flags below")
	f.IntVar(&o.n, "annotators", o.n, "how many")
	f.Float64Var(&o.like.Skill, "skill", o.like.Skill, "chance to prefer the better response, in [0, 1]")
	f.Float64Var(&o.like.LeftBias, "left-bias", 0, "share of pairs answered by side alone, in [-1, 1]: > 0 left, < 0 right")
	f.Float64Var(&o.like.Seconds, "seconds", o.like.Seconds, "median time per pair")
	f.Float64Var(&o.Scale, "scale", o.Scale, "gap in score that is \"significantly better\"")
	f.Uint64Var(&o.Seed, "seed", 1, "decides every answer")
	for _, flag := range []string{"annotators", "skill", "left-bias", "seconds"} {
		cmd.MarkFlagsMutuallyExclusive("crowd", flag)
	}
	return cmd
}

// complete makes the crowd and the scorer out of what was said.
func (o *simulateOptions) complete() (err error) {
	o.Annotators = simulate.Crowd(max(0, o.n), o.like)
	if o.crowd != "" {
		if o.Annotators, err = readCrowd(o.crowd); err != nil {
			return err
		}
	}
	o.scorerBy, err = run.ParseScorer(o.scorer)
	if err == nil && o.scorerBy.Reward != "" {
		err = fmt.Errorf("--scorer: got %s, want a scorer of texts", o.scorer)
	}
	return errors.Join(err, o.Validate())
}

func readCrowd(path string) ([]simulate.Annotator, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--crowd: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	return simulate.ReadCrowd(f, path)
}

func printSimulated(w io.Writer, rs []simulate.Report) error {
	for _, r := range rs {
		if _, err := fmt.Fprintf(w, "%d judged, %d of them right; %d were judged before, %d are left\n", r.Judged, r.Right, r.Before, r.Open); err != nil {
			return err
		}
		if r.Lapsed+r.Reconnected+r.Resent+r.Stopped == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%d leases lapsed, %d drafts gone on with, %d answers sent twice, %d annotators stopped\n", r.Lapsed, r.Reconnected, r.Resent, r.Stopped); err != nil {
			return err
		}
	}
	return nil
}
