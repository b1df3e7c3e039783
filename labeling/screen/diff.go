package screen

import (
	"slices"
	"unicode"
)

// maxCompared bounds the table of a comparison, in words × words.
const maxCompared = 4 << 20

// differ marks the runes of the words of a and of b that are not common to both, by
// a longest common subsequence. Chinese and Japanese characters count as words. ok is
// false where the texts are too long to compare.
func differ(a, b []rune) (inA, inB []bool, ok bool) {
	x, y := split(a), split(b)
	start := 0
	for start < len(x) && start < len(y) && same(a, x[start], b, y[start]) {
		start++
	}
	end := 0
	for end < len(x)-start && end < len(y)-start && same(a, x[len(x)-1-end], b, y[len(y)-1-end]) {
		end++
	}
	x, y = x[start:len(x)-end], y[start:len(y)-end]
	if len(x)*len(y) > maxCompared {
		return nil, nil, false
	}
	inA, inB = make([]bool, len(a)), make([]bool, len(b))
	walk(common(a, x, b, y), len(x), len(y), func(i int) { markAll(inA, x[i]) }, func(j int) { markAll(inB, y[j]) })
	return inA, inB, true
}

// common is the table c[i][j], laid out by rows of len(y)+1: the length of the longest
// common subsequence of x[i:] and y[j:], with ties broken towards a match.
func common(a []rune, x []line, b []rune, y []line) []int32 {
	row := len(y) + 1
	c := make([]int32, (len(x)+1)*row)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			best := max(c[(i+1)*row+j], c[i*row+j+1])
			if same(a, x[i], b, y[j]) {
				best = c[(i+1)*row+j+1] + 1
			}
			c[i*row+j] = best
		}
	}
	return c
}

// walk calls onlyA and onlyB for the words off the common path.
func walk(c []int32, n, m int, onlyA, onlyB func(int)) {
	row := m + 1
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case j < m && c[i*row+j] == c[i*row+j+1]:
			onlyB(j)
			j++
		case i < n && c[i*row+j] == c[(i+1)*row+j]:
			onlyA(i)
			i++
		default:
			i, j = i+1, j+1
		}
	}
}

func markAll(marks []bool, w line) {
	for k := w.from; k < w.to; k++ {
		marks[k] = true
	}
}

func same(a []rune, x line, b []rune, y line) bool {
	return slices.Equal(a[x.from:x.to], b[y.from:y.to])
}

// split finds the words of a text.
func split(text []rune) (words []line) {
	from := -1
	for i, r := range text {
		alone := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		if from >= 0 && (alone || unicode.IsSpace(r)) {
			words = append(words, line{from, i})
			from = -1
		}
		switch {
		case alone:
			words = append(words, line{i, i + 1})
		case from < 0 && !unicode.IsSpace(r):
			from = i
		}
	}
	if from >= 0 {
		words = append(words, line{from, len(text)})
	}
	return words
}
