package train_test

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"plumbline/internal/train"
)

// The stream is the documented one: ChaCha8 under seed | FNV-1a(stage) | step | index.
func TestRand_KeyLayout(t *testing.T) {
	h := fnv.New64a()
	h.Write([]byte("ppo/sample"))
	key := binary.LittleEndian.AppendUint64(nil, 7)
	key = binary.LittleEndian.AppendUint64(key, h.Sum64())
	key = append(key, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0)
	want, got := rand.NewChaCha8([32]byte(key)), train.Rand(7, "ppo/sample", 3, 5)
	for i := range 100 {
		if g, w := got.Uint64(), want.Uint64(); g != w {
			t.Fatalf("number %d: got %x, want %x", i, g, w)
		}
	}
}

func TestRand_EveryPartOfTheKeyCounts(t *testing.T) {
	first := map[uint64]string{}
	for _, r := range []struct {
		name        string
		seed        uint64
		stage       string
		step, index int
	}{{"base", 1, "a", 1, 1}, {"seed", 2, "a", 1, 1}, {"stage", 1, "b", 1, 1}, {"step", 1, "a", 2, 1}, {"index", 1, "a", 1, 2}} {
		v := train.Rand(r.seed, r.stage, r.step, r.index).Uint64()
		if other, taken := first[v]; taken {
			t.Errorf("%s gives the numbers of %s", r.name, other)
		}
		first[v] = r.name
	}
}

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
