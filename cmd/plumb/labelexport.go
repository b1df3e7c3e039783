package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/quality"
	"plumbline/labeling/store"
)

// exportOptions are the flags of label export.
type exportOptions struct {
	labeling.ExportOptions
	Store, Out string
	Weighing   string // votes or dawid-skene
	Parts      string
	Edits      bool
}

func newLabelExport(a *app) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export STORE",
		Short: "Write what was judged, to train on",
		Long: `Write what was judged as JSON lines and record that in the store, with the hash:

  comparisons  prompt, candidates, and the share of the answers for each side of each pair
  trl          prompt, chosen, rejected by majority, as TRL reads them
  hh           the same as two transcripts, as hh-rlhf has them
  kwise        prompt, responses, and their ranks from 1
  kto          prompt, completion, and whether it is desirable: by majority, or by the mean of a rating
  sft          what annotators rewrote, as demonstrations
  judgements   every answer ever given, corrected and withdrawn ones too

Gold items, repeats and flagged answers are left out but for judgements. --split cuts by
prompt, so that no prompt is in two files: of --out pairs.jsonl pairs.train.jsonl and so on.
Beside each file FILE.export.json says what it is made of; plumb reward reads it.`,
		Example: `  plumb label export labels.db --out prefs.jsonl --weights dawid-skene --split train=.9,validation=.05,test=.05
  plumb label export labels.db --format kto --question helpful --threshold 5 --out kto.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Store = args[0]
			if err := o.complete(); err != nil {
				return wrongUse(cmd, err)
			}
			return o.run(cmd.Context(), a)
		},
	}
	f := cmd.Flags()
	projectFlag(cmd, &o.Project)
	f.StringVar((*string)(&o.Format), "format", string(labeling.FormatComparisons), "what to write")
	f.StringVar(&o.Out, "out", "-", "`FILE|DIR` to write; - = standard output")
	f.StringVar(&o.Question, "question", "", "`KEY` of the question; the task's last preference or ranking by default")
	f.StringVar(&o.Weighing, "weights", "votes", "of preferences: votes = share of the answers, dawid-skene = by who said so")
	f.StringVar(&o.Parts, "split", "", "`NAME=SHARE,...` of the prompts, a file each")
	f.BoolVar(&o.Edits, "edits", true, "what an annotator rewrote is better than it was: comparisons, trl, hh")
	f.Float64Var(&o.Agreement, "min-agreement", 0, "least weight of a majority, 0 to 1: trl, hh, kto")
	f.Float64Var(&o.Threshold, "threshold", 0, "kto of a rating: least mean of a desirable response; more than the middle by default")
	return cmd
}

// complete checks the flags and reads what they say.
func (o *exportOptions) complete() (err error) {
	if known := labeling.Formats(); !slices.Contains(known, o.Format) {
		err = fmt.Errorf("--format: got %q, want one of %v", o.Format, known)
	}
	if o.Weighing != "votes" && o.Weighing != "dawid-skene" {
		err = errors.Join(err, fmt.Errorf("--weights: got %q, want votes or dawid-skene", o.Weighing))
	}
	if o.NoEdits = !o.Edits; o.Parts != "" {
		var bad error
		if o.Split, bad = labeling.ParseSplit(o.Parts); bad != nil {
			err = errors.Join(err, fmt.Errorf("--%w", bad))
		}
		if o.Out == "-" {
			err = errors.Join(err, errors.New("--split: got it without --out, want files to split into"))
		}
	}
	if info, none := os.Stat(o.Out); none == nil && info.IsDir() || strings.HasSuffix(o.Out, string(filepath.Separator)) {
		o.Out = filepath.Join(o.Out, string(o.Format)+".jsonl")
	}
	return err
}

func (o *exportOptions) run(ctx context.Context, a *app) error {
	return withProject(ctx, o.Store, o.Project, func(s *store.Store, p labeling.Project) (err error) {
		o.Project = p.Name
		if o.Weighing == "dawid-skene" {
			if o.Weights, err = quality.Probabilities(ctx, s, p.Name, o.Question); err != nil {
				return err
			}
		}
		if o.Out == "-" {
			_, err := labeling.Export(ctx, s, o.ExportOptions, a.Out)
			return err
		}
		origins, err := labeling.ExportFiles(ctx, s, o.ExportOptions, o.Out)
		for _, x := range origins {
			err = errors.Join(err, x.WriteBeside(o.Store))
		}
		return errors.Join(err, print(a, origins, printExported))
	})
}

func printExported(w io.Writer, origins []labeling.Origin) error {
	var b strings.Builder
	for _, o := range origins {
		fmt.Fprintf(&b, "%s: %d lines of %d judgements, sha256 %s\n", o.File, o.Lines, o.Judgements, o.SHA256)
	}
	if len(origins) > 0 { // all of one export left out the same
		for _, why := range slices.Sorted(maps.Keys(origins[0].LeftOut)) {
			fmt.Fprintf(&b, "%d items left out: %s\n", origins[0].LeftOut[why], why)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
