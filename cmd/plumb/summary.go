package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"plumbline/internal/eval"
	"plumbline/internal/run"
)

// summarise prints what a run ends with: the table of its models and where to look.
func summarise(a *app, dir, page string) error {
	r, err := run.ReadResult(dir)
	if err != nil {
		return err
	}
	if r == nil || a.json {
		return nil
	}
	if err := writeResult(a.Out, *r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Out, "\nReport: %s\n", page)
	return err
}

// writeResult is the table of the models, and what each gained over the one before.
func writeResult(w io.Writer, r eval.Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d unseen prompts\ttrue utility\treward\tKL to sft\tperplexity\ttokens\n", r.Prompts)
	for _, m := range r.Models {
		kl := (*eval.Interval)(nil)
		if m.KL != nil {
			kl = &m.KL.K1
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Model, cell(m.Utility), cell(m.Reward), cell(kl), cell(m.Perplexity), cell(m.Length))
	}
	for _, g := range r.Gains {
		fmt.Fprintf(t, "%s over %s, %s\t%+.2f [%+.2f, %+.2f]\twins %.0f %%\t\t\t\n", g.Model, g.Over, g.Figure, g.Gain.Estimate, g.Gain.Low, g.Gain.High, 100*g.WinRate.Rate.Estimate)
	}
	return t.Flush()
}

// cell is an interval in a table, or a dash.
func cell(i *eval.Interval) string {
	if i == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", i.Estimate, i.Low, i.High)
}
