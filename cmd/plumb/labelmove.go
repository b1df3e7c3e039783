package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"plumbline/labeling"
	"plumbline/labeling/store"
)

// moved is what label move prints.
type moved struct {
	From string `json:"from"`
	To   string `json:"to"`
	labeling.Audit
}

func newLabelMove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "move FROM TO",
		Short: "Copy a whole store into PostgreSQL, or back into a file",
		Long: `Copy a whole store, row for row with the same ids, into one that is empty: from a file into
a PostgreSQL database, or back. The log is verified before and after and ends with the same
head. Nobody should be judging meanwhile: what they write to the old store is not copied.`,
		Example: "  plumb label move labels.db postgres://plumb@db.example.org/labels",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := moveStore(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return print(a, []moved{r}, func(w io.Writer, _ []moved) error {
				_, err := fmt.Fprintf(w, "%s -> %s: %d events, %d judgements, head %s\n", r.From, r.To, r.Events, r.Judgements, r.Head)
				return err
			})
		},
	}
}

func moveStore(ctx context.Context, from, to string) (r moved, err error) {
	err = withStore(ctx, from, func(src *store.Store) error {
		dst, err := store.Create(ctx, to, store.Options{})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dst.Close()) }()
		audit, err := store.Move(ctx, src, dst)
		r = moved{store.Shown(from), store.Shown(to), audit}
		return err
	})
	return r, err
}
