package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"plumbline/internal/random"
)

// Split sets about the given fraction of the prompts aside, by a hash of (seed, key):
// a prompt is on one side with everything that belongs to it, and stays there when the
// data grow, shrink or are reordered. Order is kept. fraction is in [0, 1].
func Split[T interface{ Key() string }](items []T, fraction float64, seed uint64) (train, eval []T, err error) {
	return SplitBy(items, T.Key, fraction, seed)
}

// SplitBy is Split for things that key identifies, such as the documents of a corpus.
func SplitBy[T any](items []T, key func(T) string, fraction float64, seed uint64) (train, eval []T, err error) {
	if !(fraction >= 0 && fraction <= 1) {
		return nil, nil, fmt.Errorf("dataset: split: fraction: got %v, want 0 to 1", fraction)
	}
	for _, v := range items {
		if position(seed, key(v)) < fraction {
			eval = append(eval, v)
		} else {
			train = append(train, v)
		}
	}
	return train, eval, nil
}

// position is where a key falls in [0, 1), uniform over keys.
func position(seed uint64, key string) float64 {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), key...))
	return float64(binary.LittleEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// Permutation is the order in which n items are visited in an epoch. It is a function
// of its arguments alone, so an order can be made again without those before it.
func Permutation(n int, seed, epoch uint64) []int {
	return random.New(random.Key("dataset.order"), seed, epoch).Perm(n)
}

// Shuffle is items in the order of Permutation; items stays as it is.
func Shuffle[T any](items []T, seed, epoch uint64) []T {
	out := make([]T, len(items))
	for i, j := range Permutation(len(items), seed, epoch) {
		out[i] = items[j]
	}
	return out
}
