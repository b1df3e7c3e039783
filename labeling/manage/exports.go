package manage

import (
	"context"
	"time"

	"plumbline/labeling"
)

// Export is an export that was made, and how far it still holds.
type Export struct {
	labeling.ExportRun
	// Withdrawn counts the judgements in it that were withdrawn since: a stale export has
	// some. An export of comparisons has in it what counted then, of the items to judge; one
	// of judgements has everything.
	Withdrawn int `json:"withdrawn"`
}

// Exports lists the exports of a project, the oldest first. What was in one is found by
// the times of judgements: one made offline before an export but handed in after it is
// taken for being in it, so that too much is called stale rather than too little.
func Exports(ctx context.Context, s labeling.Store, project string) ([]Export, error) {
	runs, err := s.Exports(ctx, project)
	if err != nil {
		return nil, err
	}
	out := make([]Export, len(runs))
	for i, r := range runs {
		out[i].ExportRun = r
	}
	at, err := withdrawnAt(ctx, s)
	if err != nil {
		return nil, err
	}
	for j, err := range s.Judged(ctx, project) {
		if err != nil {
			return nil, err
		}
		for i := range out {
			out[i].Withdrawn += contained(j, out[i].ExportRun, at)
		}
	}
	return out, nil
}

// withdrawnAt lists by annotator when judgements of theirs were withdrawn, the earliest
// first.
func withdrawnAt(ctx context.Context, c labeling.Court) (map[string][]time.Time, error) {
	all, err := c.Withdrawals(ctx)
	at := map[string][]time.Time{}
	for _, w := range all {
		at[w.Annotator] = append(at[w.Annotator], w.At)
	}
	return at, err
}

// contained counts the judgements of an item that an export has in it and that were
// withdrawn after it.
func contained(j labeling.JudgedItem, r labeling.ExportRun, at map[string][]time.Time) (n int) {
	raw := r.Format == labeling.FormatJudgements
	if !raw && j.Item.Kind != labeling.KindTask {
		return 0
	}
	corrected := map[string]bool{} // before the export
	for _, g := range j.Judgements {
		if !g.At.After(r.At) {
			corrected[g.Supersedes] = true
		}
	}
	for _, g := range j.Judgements {
		made := !g.At.After(r.At)
		if g.Withdrawn && made && r.At.Before(after(at[g.Annotator], g.At)) && (raw || !corrected[g.ID]) {
			n++
		}
	}
	return n
}

// after is the first of some times that is not before t, or the last of them.
func after(times []time.Time, t time.Time) (out time.Time) {
	for _, out = range times {
		if !out.Before(t) {
			return out
		}
	}
	return out
}
