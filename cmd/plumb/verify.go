package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"plumbline/internal/durable"
	"plumbline/internal/engine"
	"plumbline/models/verify"
)

type verifyOptions struct {
	Golden, Dump string
	Threads      int
}

func newVerify(a *app) *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify MODEL --golden FILE",
		Short: "Compare a model with recorded numbers of another framework",
		Long: `Compute what a golden file recorded, logits, loss, gradients, optimiser steps, greedy
tokens, and compare within its tolerances. FILE is NAME.safetensors with NAME.json
beside it, or a golden.json of prompts. The exit status is 1 where a row differs. With
--dump, what was computed is written under the file's names and shapes.`,
		Example: "  plumb verify models/gpt2 --golden gpt2/golden.safetensors --dump ours.safetensors",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return threaded(cmd, o.Threads, func(rt *engine.Runtime) error { return o.run(a, rt, args[0]) })
		},
	}
	cmd.Flags().StringVar(&o.Golden, "golden", "", "`FILE` of recorded numbers")
	cmd.Flags().StringVar(&o.Dump, "dump", "", "`FILE`.safetensors to write what was computed to")
	cmd.Flags().IntVar(&o.Threads, "threads", 0, "0 = all cores; changes no result")
	require(cmd, "golden")
	return cmd
}

func (o *verifyOptions) run(a *app, rt *engine.Runtime, model string) error {
	r, err := verify.Run(rt, model, o.Golden)
	if err != nil {
		return err
	}
	if o.Dump != "" {
		var dump bytes.Buffer
		if err := errors.Join(r.Dump(&dump), durable.WriteFile(o.Dump, dump.Bytes())); err != nil {
			return err
		}
	}
	if err := print(a, verified(r), func(w io.Writer, _ []verifiedRow) error { return r.Write(w) }); err != nil {
		return err
	}
	if r.OK() {
		return nil
	}
	return fmt.Errorf("verify: %s: %s", o.Golden, failure(r))
}

// verifiedRow is a line of --json. A difference without bound has no number.
type verifiedRow struct {
	Tensor    string   `json:"tensor"`
	Diff      *float64 `json:"diff"`
	Tolerance float64  `json:"tolerance"`
	OK        bool     `json:"ok"`
	Skipped   bool     `json:"skipped,omitempty"` // not computed here
}

func verified(r *verify.Report) []verifiedRow {
	var rows []verifiedRow
	for _, x := range r.Rows {
		row := verifiedRow{Tensor: x.Name, Tolerance: x.Tolerance, OK: x.OK}
		if !math.IsInf(x.Diff, 0) {
			row.Diff = &x.Diff
		}
		rows = append(rows, row)
	}
	for _, name := range r.Skipped {
		rows = append(rows, verifiedRow{Tensor: name, Skipped: true})
	}
	return rows
}

// failure says in one line why a report is not good.
func failure(r *verify.Report) string {
	if len(r.Rows) == 0 {
		return "nothing in it could be compared"
	}
	differ := 0
	for _, x := range r.Rows {
		if !x.OK {
			differ++
		}
	}
	w := r.Worst()
	return fmt.Sprintf("%d of %d tensors differ; the worst is %s: got |difference| %.3g, want at most %.3g", differ, len(r.Rows), w.Name, w.Diff, w.Tolerance)
}
