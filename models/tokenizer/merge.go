package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// pairs says which two neighbouring symbols merge, into what, and how early: the lowest
// rank first, at equal rank the leftmost. A symbol is a token id, or -1-r for a byte or
// character r that no token stands for.
type pairs map[[2]int32]merge

type merge struct{ rank, id int32 }

// short is up to which length scanning for the best pair beats a heap.
const short = 64

// merge merges symbols in place until no pair is left.
func (p pairs) merge(symbols []int32) []int32 {
	if len(symbols) <= short {
		return p.mergeShort(symbols)
	}
	return p.mergeLong(symbols)
}

const never = 1<<31 - 1

// at is the merge of symbols i and i+1; its rank is never where there is none.
func (p pairs) at(symbols []int32, i int) merge {
	if i < 0 || i+1 >= len(symbols) {
		return merge{rank: never}
	}
	if m, ok := p[[2]int32{symbols[i], symbols[i+1]}]; ok {
		return m
	}
	return merge{rank: never}
}

func (p pairs) mergeShort(symbols []int32) []int32 {
	var buf [short]merge
	next := buf[:len(symbols)] // next[i] is the merge of symbols i and i+1
	for i := range next {
		next[i] = p.at(symbols, i)
	}
	for {
		best := -1
		for i, m := range next {
			if m.rank != never && (best < 0 || m.rank < next[best].rank) {
				best = i
			}
		}
		if best < 0 {
			return symbols
		}
		symbols[best] = next[best].id
		symbols = append(symbols[:best+1], symbols[best+2:]...)
		next = append(next[:best+1], next[best+2:]...)
		next[best] = p.at(symbols, best)
		if best > 0 {
			next[best-1] = p.at(symbols, best-1)
		}
	}
}

// mergeLong keeps the symbols in a linked list and the pairs in a heap: n log n for a
// text that is one word, as in vocabularies without a pre-tokenizer.
func (p pairs) mergeLong(symbols []int32) []int32 {
	n := int32(len(symbols))
	prev, next := make([]int32, n), make([]int32, n)
	var q queue[candidate]
	offer := func(left int32) {
		if left < 0 || next[left] >= n {
			return
		}
		pair := [2]int32{symbols[left], symbols[next[left]]}
		if m, ok := p[pair]; ok {
			q.push(candidate{m, left, pair})
		}
	}
	for i := range n {
		prev[i], next[i] = i-1, i+1
		offer(i)
	}
	for len(q) > 0 {
		c := q.pop()
		right := next[c.at]
		if right >= n || c.pair != [2]int32{symbols[c.at], symbols[right]} {
			continue // one of the two has merged with another since
		}
		symbols[c.at], symbols[right] = c.id, gone
		next[c.at] = next[right]
		if next[right] < n {
			prev[next[right]] = c.at
		}
		offer(prev[c.at])
		offer(c.at)
	}
	return slices.DeleteFunc(symbols, func(s int32) bool { return s == gone })
}

const gone = -1 << 31

// candidate is a merge that was possible when it was found: of the symbols pair, the
// left one at position at.
type candidate struct {
	merge
	at   int32
	pair [2]int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// alphabet turns a word into symbols and what is left of them into ids.
type alphabet struct {
	bytes   bool           // symbols are bytes, else characters
	ids     map[rune]int32 // of the byte or the character
	unk     int32          // -1: what has no id is dropped
	fuseUnk bool           // one unk for a run of unknown characters
	byteIDs []int32        // [256] of "<0xHH>", for characters without an id; nil for none
}

func (a *alphabet) symbols(word string) []int32 {
	out := make([]int32, 0, len(word))
	if a.bytes {
		for i := range len(word) {
			out = append(out, a.symbol(rune(word[i])))
		}
		return out
	}
	for _, r := range word {
		out = append(out, a.symbol(r))
	}
	return out
}

func (a *alphabet) symbol(r rune) int32 {
	if id, ok := a.ids[r]; ok {
		return id
	}
	return -1 - r
}

// append appends the ids of symbols.
func (a *alphabet) append(ids, symbols []int32) []int32 {
	fused := false
	for _, s := range symbols {
		switch {
		case s >= 0:
			ids = append(ids, s)
		case a.byteIDs != nil:
			var buf [utf8.UTFMax]byte
			for _, b := range buf[:utf8.EncodeRune(buf[:], -1-s)] {
				ids = append(ids, a.byteIDs[b])
			}
		case a.unk >= 0 && !(a.fuseUnk && fused):
			ids = append(ids, a.unk)
		}
		fused = s < 0
	}
	return ids
}

// spell is a word as the vocabulary spells it.
func (a *alphabet) spell(word string) string {
	if !a.bytes {
		return word
	}
	var b strings.Builder
	for i := range len(word) {
		b.WriteRune(byteRunes[word[i]])
	}
	return b.String()
}

// cache remembers the ids of words. Text repeats itself: a few ten thousand words
// are nearly all of it.
type cache struct {
	mu    sync.RWMutex
	words map[string][]int32
}

const (
	cacheWords    = 1 << 16
	cacheWordSize = 48 // bytes; longer ones hardly come again
)

func (c *cache) get(word string) ([]int32, bool) {
	if len(word) > cacheWordSize {
		return nil, false
	}
	c.mu.RLock()
	ids, ok := c.words[word]
	c.mu.RUnlock()
	return ids, ok
}

func (c *cache) put(word string, ids []int32) {
	if len(word) > cacheWordSize {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.words == nil || len(c.words) >= cacheWords {
		c.words = make(map[string][]int32, 1024)
	}
	c.words[strings.Clone(word)] = append([]int32(nil), ids...)
}
