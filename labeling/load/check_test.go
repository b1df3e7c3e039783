package load

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"plumbline/labeling"
)

// forged is a store that holds what it is told to.
type forged struct {
	labeling.Store
	judgements []labeling.Judgement
	faults     []string
}

func (f forged) Project(context.Context, string) (labeling.Project, error) {
	p := labeling.DefaultProject("p")
	p.Overlap = 2
	return p, nil
}

func (f forged) Judged(context.Context, string) iter.Seq2[labeling.JudgedItem, error] {
	return func(yield func(labeling.JudgedItem, error) bool) {
		yield(labeling.JudgedItem{
			Item:       labeling.Item{Ref: "Q00001", Candidates: []labeling.Candidate{{ID: 7}, {ID: 8}}},
			Judgements: f.judgements,
		}, nil)
	}
}

func (f forged) Audit(context.Context, string) (labeling.Audit, error) {
	return labeling.Audit{Faults: f.faults}, nil
}

func by(id, who string, slot int, better labeling.CandidateID, strength int) labeling.Judgement {
	return labeling.Judgement{ID: id, Annotator: who, Slot: slot, Current: true, Answer: labeling.Prefer("preference", better, 15-better, strength)}
}

// Each fault is seen, and nothing else is taken for one. The overlap is 2.
func TestCheck(t *testing.T) {
	ann, bob, eve := by("a", "ann", 0, 7, 4), by("b", "bob", 1, 8, 1), by("e", "eve", 0, 7, 1)
	again, old := by("a2", "ann", 1, 7, 4), by("a0", "ann", 0, 8, 2)
	old.Current = false
	told := []Saved{{ID: "a", Handle: "ann", Item: "Q00001", Better: 0, Strength: 4}, {Handle: "bob", Item: "Q00001", Better: 1, Strength: 1}}
	for _, c := range []struct {
		name string
		in   []labeling.Judgement
		told []Saved
		bad  []string
		want Verdict
	}{
		{"all is well; what was corrected does not count", []labeling.Judgement{old, ann, bob}, told, nil, Verdict{Stored: 2, Acknowledged: 2}},
		{"nobody was told", []labeling.Judgement{ann, bob}, nil, nil, Verdict{Stored: 2}},
		{"bob's is gone", []labeling.Judgement{ann}, told, nil, Verdict{Stored: 1, Acknowledged: 2, Lost: 1}},
		{"bob's says something else", []labeling.Judgement{ann, by("b", "bob", 1, 8, 2)}, told, nil, Verdict{Stored: 2, Acknowledged: 2, Lost: 1}},
		{"ann's has another id", []labeling.Judgement{by("x", "ann", 0, 7, 4), bob}, told, nil, Verdict{Stored: 2, Acknowledged: 2, Lost: 1}},
		{"three judgements", []labeling.Judgement{ann, bob, by("e", "eve", 2, 7, 1)}, told, nil, Verdict{Stored: 3, Acknowledged: 2, OverAssigned: 1}},
		{"ann twice", []labeling.Judgement{ann, again}, nil, nil, Verdict{Stored: 2, OverAssigned: 1}},
		{"one slot twice", []labeling.Judgement{ann, eve}, nil, nil, Verdict{Stored: 2, Duplicate: 1}},
		{"the history does not hold", []labeling.Judgement{ann, bob}, told, []string{"x"}, Verdict{Stored: 2, Acknowledged: 2, AuditFaults: 1}},
	} {
		got, err := Check(t.Context(), forged{judgements: c.in, faults: c.bad}, "p", c.told)
		wrong := got.Lost+got.OverAssigned+got.Duplicate+got.AuditFaults > 0
		if wrong == got.Clean() || wrong != (len(got.Examples) > 0) {
			t.Errorf("%s: got %+v, want examples exactly where something is wrong", c.name, got)
		}
		got.Examples = nil
		if err != nil || !same(got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
}

func same(a, b Verdict) bool {
	counts := func(v Verdict) []int {
		return []int{v.Stored, v.Acknowledged, v.Lost, v.OverAssigned, v.Duplicate, v.AuditFaults}
	}
	return slices.Equal(counts(a), counts(b))
}

// By hand: of 1, 2 … 200 ms half are at most 100, and 99 of 100 at most 198.
func TestLatency(t *testing.T) {
	var all times
	for i := range 200 {
		all.add(time.Duration(200-i) * time.Millisecond)
	}
	if got, want := all.latency(), (Latency{N: 200, P50: 100, P90: 180, P99: 198, Max: 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var one times
	one.add(time.Second)
	if got, want := one.latency(), (Latency{N: 1, P50: 1000, P90: 1000, P99: 1000, Max: 1000}); got != want {
		t.Errorf("of one: got %+v, want %+v", got, want)
	}
	if got := new(times).latency(); got != (Latency{}) {
		t.Errorf("of none: got %+v", got)
	}
}
