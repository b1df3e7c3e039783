package run

import (
	"math"

	"plumbline/internal/kernel"
	"plumbline/internal/random"
)

// How a text becomes a vector.
const (
	gramLeast, gramMost = 2, 4 // characters of an n-gram
	spreadWidth         = 512
)

// spread makes vectors of length 1 of texts, [len(texts)][spreadWidth]: counts of their
// n-grams of 2 to 4 characters, hashed with signs (Weinberger et al. 2009,
// arXiv:0902.2206). A hidden state would see more than letters, but would cost a forward
// pass, depend on the model at hand and, in its last bits, on the machine; n-grams of
// characters need neither a vocabulary nor spaces between words.
func spread(team *kernel.Team, texts []string) [][]float64 {
	all := make([][]float64, len(texts))
	team.For(len(texts), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			all[i] = gramVector(texts[i])
		}
	})
	return all
}

func gramVector(text string) []float64 {
	v := make([]float64, spreadWidth)
	var starts []int // of characters
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	for n := gramLeast; n <= gramMost; n++ {
		for i := 0; i+n < len(starts); i++ {
			h := random.Key(text[starts[i]:starts[i+n]])
			v[h%spreadWidth] += 1 - 2*float64(h>>63)
		}
	}
	return scaled(v)
}

// scaled is v at length 1, or as it is where it has none.
func scaled(v []float64) []float64 {
	if length := math.Sqrt(dot(v, v)); length > 0 {
		for i := range v {
			v[i] /= length
		}
	}
	return v
}

func dot(a, b []float64) (s float64) {
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// farthest visits vectors of length 1, the first first, then always the one that is
// farthest from the nearest of those before it (the earlier of equals), and returns how
// far that was, by vector:
//
//	1 - cos,   from 0 for the same direction to 2 for the opposite
//
// The first has 2. The numbers fall in the order of the visit, so those above any bound
// lie so far apart and leave nothing farther from all of them: the greedy k-centre of
// Gonzalez 1985, with which Sener and Savarese 2018, arXiv:1708.00489, choose what to
// label. It takes N² / 2 products of vectors.
func farthest(team *kernel.Team, vectors [][]float64) []float64 {
	far := make([]float64, len(vectors))
	left := make([]int, len(vectors))
	for i := range left {
		far[i], left[i] = 2, i
	}
	for len(left) > 1 {
		next := 0
		for at, i := range left {
			if far[i] > far[left[next]] {
				next = at
			}
		}
		from := vectors[left[next]]
		left = append(left[:next], left[next+1:]...)
		team.For(len(left), 64, func(lo, hi int) {
			for _, i := range left[lo:hi] {
				far[i] = min(far[i], 1-dot(from, vectors[i]))
			}
		})
	}
	return far
}
