package run

import (
	"math"

	"plumbline/internal/kernel"
	"plumbline/internal/random"
)

// How a text becomes a vector.
const (
	gramLeast, gramMost = 2, 4 // characters of an n-gram
	spreadWidth         = 256
)

// spread makes vectors of length 1 of texts, [len(texts)][spreadWidth]: counts of their
// n-grams of 2 to 4 characters, hashed with signs (Weinberger et al. 2009,
// arXiv:0902.2206). A hidden state would see more than letters, but would cost a forward
// pass, depend on the model at hand and, in its last bits, on the machine; n-grams of
// characters need neither a vocabulary nor spaces between words.
func spread(team *kernel.Team, texts []string) [][]float32 {
	all := make([][]float32, len(texts))
	team.For(len(texts), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			all[i] = gramVector(texts[i])
		}
	})
	return all
}

func gramVector(text string) []float32 {
	v := make([]float32, spreadWidth)
	var starts []int // of characters
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	for n := gramLeast; n <= gramMost; n++ {
		for i := 0; i+n < len(starts); i++ {
			h := random.Key(text[starts[i]:starts[i+n]])
			v[h%spreadWidth] += 1 - 2*float32(h>>63)
		}
	}
	return scaled(v)
}

// scaled is v at length 1, or as it is where it has none.
func scaled(v []float32) []float32 {
	if length := float32(math.Sqrt(float64(dot(v, v)))); length > 0 {
		for i := range v {
			v[i] /= length
		}
	}
	return v
}

// dot adds in four chains, or each sum would wait for the one before.
func dot(a, b []float32) float32 {
	var s [4]float32
	for len(a) >= 4 && len(b) >= 4 {
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s[0] += x * b[i]
	}
	return s[0] + s[1] + (s[2] + s[3])
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
// label. It takes N² / 2 products of vectors: 10,000 items some seconds.
func farthest(team *kernel.Team, vectors [][]float32) []float64 {
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
				far[i] = min(far[i], 1-float64(dot(from, vectors[i])))
			}
		})
	}
	return far
}
