package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"plumbline/labeling/offline"
	"plumbline/labeling/store"
)

func newLabelCheckout(a *app) *cobra.Command {
	r := offline.Request{Items: 50, For: 7 * 24 * time.Hour}
	var out string
	cmd := &cobra.Command{
		Use:   "checkout STORE",
		Short: "Take items along to judge without a connection",
		Long: `Lease items to an annotator and write them to a small store of their own, with the task
and the guideline, and nothing else. The annotator judges there as anywhere, with

  plumb label open work.db

and label checkin hands that in. Nobody else gets these items until the lease lapses.`,
		Example: "  plumb label checkout labels.db --annotator ada -n 50 --for 168h --out work.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.Items < 1 || r.For < time.Minute {
				return wrongUse(cmd, fmt.Errorf("-n, --for: got %d items for %v, want at least 1 for 1m", r.Items, r.For))
			}
			return withStore(cmd.Context(), args[0], func(s *store.Store) error {
				made, err := offline.CheckOut(cmd.Context(), s, r, out)
				if err != nil {
					return err
				}
				return print(a, []offline.Checkout{made}, printCheckouts)
			})
		},
	}
	projectFlag(cmd, &r.Project)
	f := cmd.Flags()
	f.StringVar(&r.Annotator, "annotator", "", "`HANDLE` of who is to judge them")
	f.IntVarP(&r.Items, "items", "n", r.Items, "how many items, at most")
	f.DurationVar(&r.For, "for", r.For, "how long they are kept from others")
	f.StringVar(&out, "out", "work.db", "`FILE` to make")
	cmd.MarkFlagRequired("annotator") //nolint:errcheck // the flag is there
	return cmd
}

func printCheckouts(w io.Writer, cs []offline.Checkout) error {
	for _, c := range cs {
		if _, err := fmt.Fprintf(w, "%s: %d items for %s until %s; plumb label open %s\n", c.Path, c.Items, clean(c.Annotator), c.Until.Local().Format(time.DateTime), c.Path); err != nil {
			return err
		}
	}
	return nil
}

func newLabelCheckin(a *app) *cobra.Command {
	var giveBack bool
	cmd := &cobra.Command{
		Use:   "checkin STORE WORK.db",
		Short: "Hand in what was judged without a connection",
		Long: `Hand in what was judged in a checkout: judgements, corrections, edits, comments, skips and
drafts. It may be done as often as one likes; what was handed in before is known. Items
whose lease lapsed and that somebody else has by now are named and kept out.`,
		Example: "  plumb label checkin labels.db work.db",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), args[0], func(to *store.Store) error {
				return checkIn(cmd.Context(), a, to, args[1], giveBack)
			})
		},
	}
	cmd.Flags().BoolVar(&giveBack, "return", false, "give what is not judged back to the others")
	return cmd
}

func checkIn(ctx context.Context, a *app, to *store.Store, path string, giveBack bool) error {
	return withStore(ctx, path, func(work *store.Store) error {
		done, err := offline.CheckIn(ctx, to, work, giveBack)
		if done.Annotator == "" { // it was refused as a whole
			return err
		}
		return errors.Join(print(a, []offline.Checkin{done}, printCheckins), err)
	})
}

func printCheckins(w io.Writer, cs []offline.Checkin) error {
	for _, c := range cs {
		text := fmt.Sprintf("%s: %d judged (%d of them corrections), %d skipped, %d drafts; %d were handed in before, %d are open\n",
			clean(c.Annotator), c.Judged, c.Corrected, c.Skipped, c.Drafts, c.Before, c.Open)
		if c.Guideline {
			text += "the guideline has changed since the checkout: these judgements count under its new version\n"
		}
		for _, k := range c.KeptOut {
			text += clean(fmt.Sprintf("kept out: item %s: %s", k.Item, k.Why)) + "\n"
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
