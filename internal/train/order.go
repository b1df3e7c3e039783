package train

import (
	"fmt"

	"plumbline/internal/random"
)

// Order deals out n examples, each once an epoch, every epoch in an order of its own.
// Step s (from 1) of size b sees the examples (s-1)·b ... s·b-1 of that endless
// sequence, so no position has to be saved.
type Order struct {
	seed  uint64
	stage uint64 // key of its name
	n     int
	epoch int
	perm  []int // of epoch
}

// NewOrder needs n ≥ 1 examples. Orders of different stages are independent.
func NewOrder(seed uint64, stage string, n int) (*Order, error) {
	if n < 1 {
		return nil, fmt.Errorf("train: order: got %d examples, want ≥ 1", n)
	}
	return &Order{seed: seed, stage: random.Key(stage + "/order"), n: n, epoch: -1}, nil
}

// Batch lists the examples of a step.
func (o *Order) Batch(step, size int) []int {
	batch := make([]int, size)
	for i := range batch {
		batch[i] = o.at((step-1)*size + i)
	}
	return batch
}

// at is the example at a position of the endless sequence.
func (o *Order) at(pos int) int {
	if e := pos / o.n; e != o.epoch {
		o.epoch = e
		o.perm = random.New(o.seed, o.stage, uint64(e)).Perm(o.n)
	}
	return o.perm[pos%o.n]
}

// Microbatches groups sequences, in order, so that each group has at most maxTokens
// tokens: what one forward and backward pass holds in memory. It returns indexes into
// lengths; a sequence longer than maxTokens is an error.
func Microbatches(lengths []int, maxTokens int) ([][]int, error) {
	var groups [][]int
	room := 0
	for i, n := range lengths {
		if n > maxTokens {
			return nil, fmt.Errorf("train: micro-batches: sequence %d: got %d tokens, want ≤ %d", i, n, maxTokens)
		}
		if len(groups) == 0 || n > room {
			groups = append(groups, nil)
			room = maxTokens
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], i)
		room -= n
	}
	return groups, nil
}
