package verify

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"plumbline/models/checkpoint"
)

// Row is one compared tensor.
type Row struct {
	Name      string
	Diff      float64 // |got - want| where it is largest in tolerances; of token ids, how many differ
	Tolerance float64 // there
	OK        bool
}

// Report is what was compared and what was computed for it.
type Report struct {
	Rows     []Row
	Skipped  []string            // results in the file that this program does not compute
	Computed []checkpoint.Tensor // under the names and shapes of the file
}

// OK reports whether something was compared and every row is within its tolerance.
func (r *Report) OK() bool {
	return len(r.Rows) > 0 && !slices.ContainsFunc(r.Rows, func(x Row) bool { return !x.OK })
}

// Write prints the report as a table.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "tensor\tmax |diff|\ttolerance\t") // a tabwriter keeps the error for Flush
	for _, x := range r.Rows {
		mark := "ok"
		if !x.OK {
			mark = "DIFFERS"
		}
		_, _ = fmt.Fprintf(t, "%s\t%.3g\t%.3g\t%s\n", x.Name, x.Diff, x.Tolerance, mark)
	}
	for _, name := range r.Skipped {
		_, _ = fmt.Fprintf(t, "%s\t\t\tnot computed here\n", name)
	}
	return t.Flush()
}

// Dump writes what was computed as a safetensors file.
func (r *Report) Dump(w io.Writer) error { return checkpoint.WriteTensors(w, nil, r.Computed) }

// compare adds a row for got against want; tolerance gives that of element i. Unequal
// lengths and NaN are infinitely far apart.
func (r *Report) compare(name string, got, want []float32, tolerance func(i int) float64) {
	x := Row{Name: name, OK: true, Tolerance: math.Inf(1)}
	if len(got) != len(want) || len(got) == 0 {
		r.Rows = append(r.Rows, Row{Name: name, Diff: math.Inf(1)})
		return
	}
	worst := math.Inf(-1)
	for i := range got {
		d, tol := math.Abs(float64(got[i])-float64(want[i])), tolerance(i)
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		if d/tol > worst {
			worst, x.Diff, x.Tolerance = d/tol, d, tol
		}
	}
	x.OK = x.Diff <= x.Tolerance
	r.Rows = append(r.Rows, x)
}

// compareIDs adds a row for token ids, which must be equal.
func (r *Report) compareIDs(name string, got []int32, want []int64) {
	x := Row{Name: name, Diff: math.Abs(float64(len(got) - len(want)))}
	for i := range min(len(got), len(want)) {
		if int64(got[i]) != want[i] {
			x.Diff++
		}
	}
	x.OK = x.Diff == 0 && len(want) > 0
	r.Rows = append(r.Rows, x)
}

func flat(tolerance float64) func(int) float64 { return func(int) float64 { return tolerance } }

// Worst is the row that is furthest out, in tolerances.
func (r *Report) Worst() Row {
	return slices.MaxFunc(r.Rows, func(a, b Row) int {
		x, y := a.Diff/max(a.Tolerance, 1e-300), b.Diff/max(b.Tolerance, 1e-300)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}
