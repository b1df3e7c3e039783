package screen

import "unicode"

// maxCompared bounds the table of a comparison, in words × words.
const maxCompared = 4 << 20

// differ finds the words of a and of b that are not common to both, by a longest common
// subsequence. Chinese and Japanese characters count as words. ok is false where the
// texts are too long to compare.
func differ(a, b string) (inA, inB []span, ok bool) {
	x, y := split(a), split(b)
	start, end := 0, 0
	same := func(i, j int) bool { return a[x[i].from:x[i].to] == b[y[j].from:y[j].to] }
	for start < len(x) && start < len(y) && same(start, start) {
		start++
	}
	for end < len(x)-start && end < len(y)-start && same(len(x)-1-end, len(y)-1-end) {
		end++
	}
	x, y = x[start:len(x)-end], y[start:len(y)-end]
	if len(x)*len(y) > maxCompared {
		return nil, nil, false
	}
	c := common(numbers(a, x, b, y))
	for i, j := 0, 0; i < len(x) || j < len(y); {
		switch row := len(y) + 1; {
		case j < len(y) && c[i*row+j] == c[i*row+j+1]:
			inB = append(inB, y[j])
			j++
		case i < len(x) && c[i*row+j] == c[(i+1)*row+j]:
			inA = append(inA, x[i])
			i++
		default:
			i, j = i+1, j+1
		}
	}
	return inA, inB, true
}

// numbers gives equal words of both texts equal numbers.
func numbers(a string, x []span, b string, y []span) (nx, ny []int32) {
	known := map[string]int32{}
	number := func(text string, words []span) []int32 {
		out := make([]int32, len(words))
		for i, w := range words {
			n, ok := known[text[w.from:w.to]]
			if !ok {
				n = int32(len(known))
				known[text[w.from:w.to]] = n
			}
			out[i] = n
		}
		return out
	}
	return number(a, x), number(b, y)
}

// common is the table c[i][j], laid out by rows of len(y)+1: the length of the longest
// common subsequence of x[i:] and y[j:]. That is at most √maxCompared, so 16 bits do.
func common(x, y []int32) []uint16 {
	row := len(y) + 1
	c := make([]uint16, (len(x)+1)*row)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			best := max(c[(i+1)*row+j], c[i*row+j+1])
			if x[i] == y[j] {
				best = c[(i+1)*row+j+1] + 1
			}
			c[i*row+j] = best
		}
	}
	return c
}

// split finds the words of a text, marked as what differs.
func split(text string) (words []span) {
	from := -1
	add := func(to int) {
		if from >= 0 {
			words = append(words, span{from, to, differs})
		}
		from = -1
	}
	for i, r := range text {
		alone := r >= 0x80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		switch {
		case unicode.IsSpace(r):
			add(i)
		case alone:
			add(i)
			from = i
			add(i + len(string(r)))
		case from < 0:
			from = i
		}
	}
	add(len(text))
	return words
}
