package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

func newLabelImport(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import DB FILE.jsonl",
		Short: "Add pairs to judge",
		Long: `Add pairs to judge, one JSON object a line; - reads standard input:

  {"id": "42", "prompt": "TEXT", "candidates": [{"text": "...", "source": "sft"}, {"text": "..."}]}

A prompt may also be a list of messages. What was imported before is skipped.`,
		Example: "  plumb label import labels.db pairs.jsonl",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := openOr(args[1], a.In)
			if err != nil {
				return err
			}
			defer from.Close() //nolint:errcheck // only read
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				done, err := labeling.Import(cmd.Context(), s, name, from, args[1])
				return errors.Join(print(a, []labeling.Imported{done}, printImported), err)
			})
		},
	}
	projectFlag(cmd, &name)
	return cmd
}

// openOr opens a file, or stdin where the path is "-".
func openOr(path string, stdin io.Reader) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(path)
}

func printImported(w io.Writer, rs []labeling.Imported) error {
	for _, r := range rs {
		if _, err := fmt.Fprintf(w, "%d pairs read, %d of them new\n", r.Items, r.Added); err != nil {
			return err
		}
	}
	return nil
}
