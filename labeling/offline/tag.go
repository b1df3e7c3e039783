package offline

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"plumbline/labeling"
)

// prefix begins the id of every item in a checkout, which goes on with the slot that was
// leased and the lease's token:
//
//	checkout/17/5f0c2f0e-7f1d-4f52-8b8e-0d3c86a1f6c5
//
// The source of a candidate there is the id it has in the store it comes from. The item's
// own id and the models' names stay behind: they could tell what an annotator is not to
// know.
const prefix = "checkout/"

func itemTag(l labeling.Lease) string { return fmt.Sprintf("%s%d/%s", prefix, l.Slot, l.Token) }

// leaseOf reads an item's tag.
func leaseOf(it labeling.Item, annotator int64) (labeling.Lease, error) {
	slot, token, _ := strings.Cut(strings.TrimPrefix(it.Ref, prefix), "/")
	n, err := strconv.ParseInt(slot, 10, 64)
	l := labeling.Lease{Slot: n, Annotator: annotator, Token: token}
	if err != nil || n < 1 || token == "" || itemTag(l) != it.Ref {
		return labeling.Lease{}, fmt.Errorf("labeling/offline: item: got %.60q, want %sSLOT/TOKEN: this is no checkout", it.Ref, prefix)
	}
	return l, nil
}

func candidateTag(id labeling.CandidateID) string { return strconv.FormatInt(int64(id), 10) }

// ids maps the candidates of a store to those of another.
type ids map[labeling.CandidateID]labeling.CandidateID

// originals maps the candidates of a checkout to those they are copies of.
func originals(it labeling.Item) (ids, error) {
	m := ids{}
	for _, c := range it.Candidates {
		n, err := strconv.ParseInt(c.Source, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("labeling/offline: item %.60q: source: got %.40q, want the number of a candidate: this is no checkout", it.Ref, c.Source)
		}
		m[c.ID] = labeling.CandidateID(n)
	}
	return m, nil
}

func (m ids) inverse() ids {
	out := ids{}
	for from, to := range m {
		out[to] = from
	}
	return out
}

// answer is an answer about the other store's candidates. One that is not among them
// becomes 0, which no store takes.
func (m ids) answer(a labeling.Answer) labeling.Answer {
	return a.Renamed(func(id labeling.CandidateID) labeling.CandidateID { return m[id] })
}

// Annotator is whom a store was checked out by: the one to judge in it. ok is false for
// a store that is no checkout.
func Annotator(ctx context.Context, s labeling.Store) (handle string, ok bool, err error) {
	people, err := s.Annotators(ctx)
	if err != nil || len(people) == 0 {
		return "", false, err
	}
	p, err := s.Project(ctx, "")
	if err != nil {
		return "", false, nil // none or several: a checkout has one
	}
	for j, err := range s.Judged(ctx, p.Name) {
		if err != nil {
			return "", false, err
		}
		_, bad := leaseOf(j.Item, people[0].ID)
		return people[0].Handle, bad == nil, nil
	}
	return "", false, nil
}
