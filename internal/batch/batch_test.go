package batch

import (
	"slices"
	"strings"
	"testing"
)

func TestPredictedAndLast(t *testing.T) {
	r := &Ragged{}
	for _, s := range []struct {
		tokens []int32
		mask   []float32
	}{{[]int32{7, 8, 9}, []float32{1, 0, 1}}, {[]int32{5}, []float32{1}}, {[]int32{3, 4}, []float32{0, 1}}} {
		if err := r.Add(s.tokens, s.mask); err != nil {
			t.Fatal(err)
		}
	}
	// By hand: 9 is predicted from row 1, 4 from row 4; the first token of a sequence by nothing.
	rows, targets := r.Predicted()
	if !slices.Equal(rows, []int32{1, 4}) || !slices.Equal(targets, []int32{9, 4}) {
		t.Errorf("predicted: got rows %v, targets %v, want [1 4], [9 4]", rows, targets)
	}
	if got := r.Last(); !slices.Equal(got, []int32{2, 3, 5}) {
		t.Errorf("last: got %v, want [2 3 5]", got)
	}
	if !slices.Equal(r.Positions, []int32{0, 1, 2, 0, 0, 1}) || !slices.Equal(r.Offsets, []int32{0, 3, 4, 6}) {
		t.Errorf("got positions %v, offsets %v", r.Positions, r.Offsets)
	}
	if r.Len() != 6 || r.Seqs() != 3 || !slices.Equal(r.Seq(2), []int32{3, 4}) {
		t.Errorf("got %d tokens of %d sequences, the last %v", r.Len(), r.Seqs(), r.Seq(2))
	}
}

func TestAddRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		tokens []int32
		mask   []float32
	}{"empty": {nil, nil}, "short mask": {[]int32{1, 2}, []float32{1}}} {
		r := &Ragged{}
		if err := r.Add(c.tokens, c.mask); err == nil || !strings.Contains(err.Error(), "batch: add: got") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if new(Ragged).Seqs() != 0 {
		t.Error("an empty batch has sequences")
	}
}
