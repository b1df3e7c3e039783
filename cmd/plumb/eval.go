package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"plumbline/internal/dataset"
	"plumbline/internal/engine"
	"plumbline/internal/eval"
	"plumbline/internal/run"
)

func newEval(a *app) *cobra.Command {
	cmd := newStage(a, "eval", run.StageEval, "Compare the models of a run (its eval stage), or models by themselves")
	cmd.Example += "\n  plumb eval perplexity --model runs/a/sft/last --text held-out.txt"
	cmd.AddCommand(newPerplexity(a), newWinRate(a))
	return cmd
}

// measureFlags are the flags of every measurement.
type measureFlags struct {
	Threads int
	Boot    eval.Bootstrap
	Read    dataset.Options
}

func (o *measureFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.Threads, "threads", 0, "0 = all cores; changes no result")
	f.Uint64Var(&o.Boot.Seed, "seed", 1, "decides every random number")
	f.IntVar(&o.Boot.Resamples, "resamples", 2000, "of the bootstrap, at least 100")
	f.Float64Var(&o.Boot.Level, "level", .95, "of the intervals, above 0 and below 1")
	f.StringVar(&o.Read.Format, "format", "", "`SHAPE` of the files' rows; seen from their keys by default")
}

func (o *measureFlags) check() error {
	var errs []error
	if o.Boot.Resamples < 100 {
		errs = append(errs, fmt.Errorf("--resamples: got %d, want ≥ 100", o.Boot.Resamples))
	}
	if !(o.Boot.Level > 0 && o.Boot.Level < 1) {
		errs = append(errs, fmt.Errorf("--level: got %v, want > 0 and < 1", o.Boot.Level))
	}
	return errors.Join(errs...)
}

func newPerplexity(a *app) *cobra.Command {
	var m measureFlags
	var o run.PerplexityOptions
	cmd := &cobra.Command{
		Use:   "perplexity --model DIR --text FILE",
		Short: "Measure how well a model predicts texts",
		Long: `Measure the perplexity of a model on documents: exp of the mean of -log p over all
tokens, with a bootstrap interval over documents. A plain file's documents are
separated by blank lines; of rows, the key text or content is read.`,
		Example: "  plumb eval perplexity --model runs/a/sft/last --text held-out.txt --separator newline --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := m.check(); err != nil {
				return wrongUse(cmd, err)
			}
			if o.MaxLength < 0 || o.MaxLength == 1 {
				return wrongUse(cmd, fmt.Errorf("--max-length: got %d, want ≥ 2, or 0 for the model's context", o.MaxLength))
			}
			o.Read, o.Boot = m.Read, m.Boot
			return threaded(cmd, m.Threads, func(rt *engine.Runtime) error {
				r, err := run.Perplexity(rt, o)
				if err != nil {
					return err
				}
				return print(a, []run.PerplexityResult{r}, printPerplexity)
			})
		},
	}
	m.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.Model, "model", "", "`DIR` of a model or an adapter, or a llama2.c .bin file")
	f.StringVar(&o.Tokenizer, "tokenizer", "", "tokenizer `FILE`; that beside the model by default")
	f.StringArrayVar(&o.Text, "text", nil, "`FILE` of documents; repeatable")
	f.StringVar(&m.Read.Separator, "separator", "", "what ends a document of a plain file: line, newline or a text; a blank line by default")
	f.StringVar(&m.Read.Key, "key", "", "the key of a row that holds the text")
	f.IntVar(&o.MaxLength, "max-length", 0, "cut longer documents, in tokens; 0 = the model's context")
	require(cmd, "model", "text")
	return cmd
}

func printPerplexity(w io.Writer, rs []run.PerplexityResult) error {
	for _, r := range rs {
		if _, err := fmt.Fprintf(w, "perplexity %s on %d tokens of %d documents\n", cell(&r.Perplexity), r.Tokens, r.Documents); err != nil {
			return err
		}
	}
	return nil
}

func newWinRate(a *app) *cobra.Command {
	var m measureFlags
	var c run.Contest
	var scorer string
	cmd := &cobra.Command{
		Use:   "winrate --a DIR --b DIR --prompts FILE --scorer SCORER",
		Short: "Let two models answer the same prompts and compare the scores",
		Long: `Let two models answer the same prompts and tell how often B's answer scores above A's,
ties counting half, with bootstrap intervals over prompts, paired. SCORER is

  vader                      how positive an English text is, by lexicon
  utility                    the true utility of the quickstart's world
  lexicon:FILE               a file of words and weights
  program:COMMAND ARGUMENTS  a program: one JSON line in, one out
  reward:DIR                 a reward model`,
		Example: "  plumb eval winrate --a runs/a/sft/last --b runs/a/ppo/last --prompts prompts.jsonl --scorer reward:runs/a/reward/last --reference runs/a/sft/last",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			c.Scorer, err = run.ParseScorer(scorer)
			c.Boot, c.Read = m.Boot, m.Read
			if err := errors.Join(err, m.check(), c.Validate()); err != nil {
				return wrongUse(cmd, err)
			}
			return threaded(cmd, m.Threads, func(rt *engine.Runtime) error {
				sides, outcome, err := c.Run(cmd.Context(), rt)
				if err != nil {
					return err
				}
				return printContest(a, sides, outcome)
			})
		},
	}
	m.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.A, "a", "", "`DIR` of the model to compare with")
	f.StringVar(&c.B, "b", "", "`DIR` of the model whose wins are counted")
	f.StringVar(&c.Reference, "reference", "", "`DIR` of the model that the KL is to; none by default")
	f.StringArrayVar(&c.Prompts, "prompts", nil, "`FILE` of prompts; repeatable")
	f.StringVar(&scorer, "scorer", "", "who scores the answers; see above")
	f.IntVar(&c.Most, "most", 0, "ask so many prompts only; 0 = all")
	f.IntVar(&c.Samples, "samples", 1, "answers to each prompt")
	f.IntVar(&c.MaxTokens, "max-tokens", 128, "most tokens of an answer")
	f.Float64Var(&c.Temperature, "temperature", 1, "of sampling; 0 = greedy")
	f.IntVar(&c.Batch, "batch", 64, "answers made at a time; changes no result")
	require(cmd, "a", "b", "prompts", "scorer")
	return cmd
}

// printContest writes both sides and the outcome: with --json as three objects.
func printContest(a *app, sides []run.Standing, o run.Outcome) error {
	rows := []any{sides[0], sides[1], o}
	return print(a, rows, func(w io.Writer, _ []any) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "%d prompts, %d answers each\tscore (%s)\tKL\ttokens\tcame to an end\tdistinct 1, 2\n", o.Prompts, o.Samples, o.Scorer)
		for _, s := range sides {
			kl := (*eval.Interval)(nil)
			if s.KL != nil {
				kl = &s.KL.K1
			}
			fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\t%.2f %.2f\n", s.Side, s.Model, cell(&s.Score), cell(kl), cell(&s.Length), cell(&s.Finished), s.Distinct1, s.Distinct2)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "b over a: score %s, win rate %s (%d wins, %d ties, %d losses)\n", signed(o.Gain), cell(&o.WinRate.Rate), o.WinRate.Wins, o.WinRate.Ties, o.WinRate.Losses)
		return err
	})
}

// signed is an interval of a difference.
func signed(i eval.Interval) string {
	return fmt.Sprintf("%+.2f [%+.2f, %+.2f]", i.Estimate, i.Low, i.High)
}
