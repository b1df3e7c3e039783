package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"plumbline/internal/run"
	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newLabelImport(a *app) *cobra.Command {
	var o run.ImportOptions
	cmd := &cobra.Command{
		Use:   "import STORE FILE",
		Short: "Add items to judge",
		Long: `Add items to judge, one JSON object a line; - reads standard input:

  {"id": "42", "prompt": "TEXT", "candidates": [{"text": "...", "source": "sft"}, {"text": "..."}]}

A prompt may also be a list of messages. "kind": "gold" with "expected": {"preference": 1},
and "why", makes an item whose answer is known.

Or what others wrote: .json, .jsonl, .csv or .tsv, also as .gz or .zst, and .parquet, of TRL,
hh-rlhf, ColossalChat, Argilla, OpenAssistant, UltraFeedback and more, by their keys. What
such a file says of the candidates, chosen or rejected, is dropped; with --gold it becomes
the known answer of gold items. Which candidate stands left is drawn in any case.

What was imported before is skipped.`,
		Example: `  plumb label import labels.db pairs.jsonl
  plumb label import labels.db oasst_ready.trees.jsonl.gz --split
  plumb label import labels.db checked.parquet --gold`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				done, err := importItems(cmd.Context(), s, args[1], o, a.In)
				return errors.Join(print(a, []labeling.Imported{done}, printImported), err)
			})
		},
	}
	projectFlag(cmd, &o.Project)
	f := cmd.Flags()
	f.StringVar(&o.Format, "format", "", "`SHAPE` of the file: items, plumb, argilla, openassistant, ultrafeedback, preference, transcript, judged, numbered, kwise, kto, ranked, prompt-completion or messages; seen from its keys by default")
	f.BoolVar(&o.Gold, "gold", false, "gold items: what the file says of the candidates is the known answer")
	f.StringVar(&o.Question, "question", "", "with --gold, `KEY` of the question that the file answers; the task's last preference or ranking by default")
	f.BoolVar(&o.Split, "split", false, "an item of more candidates than the task shows becomes one for each choice of that many")
	return cmd
}

// importItems reads a file, or our own lines from standard input.
func importItems(ctx context.Context, s *store.Store, path string, o run.ImportOptions, stdin io.Reader) (labeling.Imported, error) {
	if path != "-" {
		return run.ImportFile(ctx, s, path, o)
	}
	if o.Format != "" && o.Format != run.ItemsFormat || o.Gold || o.Split {
		return labeling.Imported{}, errors.New("label import: got --format, --gold or --split with standard input, want a file")
	}
	return labeling.Import(ctx, s, o.Project, stdin, path)
}

func printImported(w io.Writer, rs []labeling.Imported) error {
	for _, r := range rs {
		if _, err := fmt.Fprintf(w, "%d items read, %d of them new\n", r.Items, r.Added); err != nil {
			return err
		}
	}
	return nil
}
