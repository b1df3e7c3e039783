package train_test

import (
	"slices"
	"testing"

	"plumbline/internal/train"
)

func TestOrder_EachExampleOnceAnEpoch(t *testing.T) {
	o, err := train.NewOrder(1, "sft", 10)
	if err != nil {
		t.Fatal(err)
	}
	var dealt []int
	for step := 1; step <= 10; step++ {
		dealt = append(dealt, o.Batch(step, 3)...)
	}
	epochs := [][]int{}
	for e := range slices.Chunk(dealt, 10) {
		epochs = append(epochs, e)
		sorted := slices.Sorted(slices.Values(e))
		if !slices.Equal(sorted, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("an epoch deals %v", e)
		}
	}
	if slices.Equal(epochs[0], epochs[1]) {
		t.Errorf("two epochs in one order: %v", epochs[0])
	}
}

// A step asked for alone, as after a resume, deals what it does in a row of steps.
func TestOrder_AnyStepAlone(t *testing.T) {
	all, err := train.NewOrder(1, "sft", 7)
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 9; step++ {
		alone, err := train.NewOrder(1, "sft", 7)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := alone.Batch(step, 4), all.Batch(step, 4); !slices.Equal(got, want) {
			t.Errorf("step %d: got %v, want %v", step, got, want)
		}
	}
}

func TestNewOrder_Empty(t *testing.T) {
	if _, err := train.NewOrder(1, "sft", 0); err == nil || err.Error() != "train: order: got 0 examples, want ≥ 1" {
		t.Errorf("err = %v", err)
	}
}

func TestMicrobatches(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lengths []int
		max     int
		want    [][]int
	}{
		{"none", nil, 4, nil},
		{"exactly full", []int{2, 2, 4}, 4, [][]int{{0, 1}, {2}}},
		{"order is kept", []int{3, 3, 1, 1}, 4, [][]int{{0}, {1, 2}, {3}}},
	} {
		got, err := train.Microbatches(tt.lengths, tt.max)
		if err != nil || !slices.EqualFunc(got, tt.want, slices.Equal[[]int]) {
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	want := "train: micro-batches: sequence 1: got 5 tokens, want ≤ 4"
	if _, err := train.Microbatches([]int{1, 5}, 4); err == nil || err.Error() != want {
		t.Errorf("too long: err = %v, want %s", err, want)
	}
}
