package tokenizer

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// TrainOptions says what vocabulary to train.
type TrainOptions struct {
	VocabSize    int      // tokens in all, ≥ 256 + len(Specials)
	Specials     []string // take the first ids; the text is cut at them
	Pattern      string   // splits words; "" for GPT2Pattern
	MinFrequency int      // a pair seen less often is not merged; 0 for 1

	// Which of Specials begins, ends and pads a text. "" means none for BOS, the first
	// special for EOS, EOS for PAD.
	BOS, EOS, PAD string
}

// Validate reports every fault.
func (o TrainOptions) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("tokenizer: train: %s: got %v, want %s", key, got, want))
		}
	}
	rule(o.VocabSize >= 256+len(o.Specials), "VocabSize", o.VocabSize, fmt.Sprintf("≥ %d, all bytes and special tokens", 256+len(o.Specials)))
	rule(o.MinFrequency >= 0, "MinFrequency", o.MinFrequency, "≥ 0")
	for i, s := range o.Specials {
		rule(utf8.RuneCountInString(s) > 1 && utf8.ValidString(s), "Specials", fmt.Sprintf("%q", s), "more than one character of UTF-8")
		rule(!slices.Contains(o.Specials[:i], s), "Specials", fmt.Sprintf("%q twice", s), "each once")
	}
	for _, role := range [][2]string{{"BOS", o.BOS}, {"EOS", o.EOS}, {"PAD", o.PAD}} {
		rule(role[1] == "" || slices.Contains(o.Specials, role[1]), role[0], fmt.Sprintf("%q", role[1]), "one of Specials")
	}
	return errors.Join(errs...)
}

// Train makes a byte-level BPE of texts. Every round merges the pair of neighbouring
// tokens seen most often inside words; of equals the pair whose bytes sort last, the
// left token compared first. So the result depends on the texts only, not on their
// order. Where no pair is left, the vocabulary stays smaller than asked.
// Sennrich et al. 2016, arXiv:1508.07909, algorithm 1; bytes as in GPT-2.
func Train(texts iter.Seq[string], o TrainOptions) (Tokenizer, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	split, err := splitPattern(o.Pattern)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	tr := newTrainer(o.Specials)
	tr.count(texts, split, o.Specials)
	tr.run(o.VocabSize, int64(max(o.MinFrequency, 1)))
	return o.tokenizer(tr)
}

func (o TrainOptions) withDefaults() TrainOptions {
	if o.Pattern == "" {
		o.Pattern = GPT2Pattern
	}
	if o.EOS == "" && len(o.Specials) > 0 {
		o.EOS = o.Specials[0]
	}
	if o.PAD == "" {
		o.PAD = o.EOS
	}
	return o
}

// trainer holds the words of the corpus, each once, as the symbols it is at present.
type trainer struct {
	tokens []string         // id -> bytes, special tokens first
	ids    map[string]int32 // the inverse, without special tokens
	merges [][2]int32

	words []trainWord
	pairs map[[2]int32]*pairCount
	queue pairQueue
}

type trainWord struct {
	symbols []int32
	count   int64
}

// pairCount is how often a pair is seen and in which words, some of which it may have
// left since.
type pairCount struct {
	count int64
	words []int32
}

func newTrainer(specials []string) *trainer {
	tr := &trainer{tokens: slices.Clone(specials), ids: map[string]int32{}, pairs: map[[2]int32]*pairCount{}}
	for _, keep := range []bool{true, false} { // GPT-2's order: printable bytes first
		for b := range 256 {
			if printable(b) == keep {
				tr.token(string([]byte{byte(b)}))
			}
		}
	}
	return tr
}

// token is the id of a byte string, a new one if needed: "a"+"bc" and "ab"+"c" are the
// same token.
func (tr *trainer) token(s string) int32 {
	id, ok := tr.ids[s]
	if !ok {
		id = int32(len(tr.tokens))
		tr.ids[s] = id
		tr.tokens = append(tr.tokens, s)
	}
	return id
}

// count splits the texts into words.
func (tr *trainer) count(texts iter.Seq[string], split splitter, specials []string) {
	var m matcher
	for _, s := range specials {
		m.add(s, &addedToken{Content: s})
	}
	seen := map[string]int{}
	for text := range texts {
		if !utf8.ValidString(text) {
			text = validUTF8([]byte(text))
		}
		for _, s := range m.cut(text, nil) {
			if s.token != nil {
				continue
			}
			for _, w := range split(nil, text[s.start:s.end]) {
				tr.countWord(w, seen)
			}
		}
	}
	for i, w := range tr.words {
		for k := 0; k+1 < len(w.symbols); k++ {
			tr.pair([2]int32(w.symbols[k:])).add(w.count, int32(i))
		}
	}
	for pair, c := range tr.pairs {
		tr.queue.push(tr.ranked(pair, c.count))
	}
}

func (tr *trainer) countWord(w string, seen map[string]int) {
	i, ok := seen[w]
	if !ok {
		i = len(tr.words)
		symbols := make([]int32, len(w))
		for k := range symbols {
			symbols[k] = tr.ids[w[k:k+1]]
		}
		seen[strings.Clone(w)] = i
		tr.words = append(tr.words, trainWord{symbols: symbols})
	}
	tr.words[i].count++
}

func (tr *trainer) pair(p [2]int32) *pairCount {
	c, ok := tr.pairs[p]
	if !ok {
		c = &pairCount{}
		tr.pairs[p] = c
	}
	return c
}

func (c *pairCount) add(n int64, word int32) {
	c.count += n
	if k := len(c.words); k == 0 || c.words[k-1] != word {
		c.words = append(c.words, word)
	}
}

// run merges until the vocabulary has size tokens.
func (tr *trainer) run(size int, minCount int64) {
	for len(tr.tokens) < size && len(tr.queue) > 0 {
		best := tr.queue.pop()
		if c := tr.pairs[best.pair]; c == nil || c.count != best.count {
			continue // counted anew since; that count is in the queue as well
		}
		if best.count < minCount {
			return
		}
		tr.merges = append(tr.merges, best.pair)
		tr.apply(best.pair, tr.token(best.left+best.right))
	}
}

// apply replaces a pair by its token in every word and recounts the pairs around.
func (tr *trainer) apply(pair [2]int32, id int32) {
	words := tr.pairs[pair].words
	delta := map[[2]int32]int64{}
	for _, i := range words {
		w := &tr.words[i]
		merged := replacePair(w.symbols, pair, id)
		if len(merged) == len(w.symbols) {
			continue
		}
		for k := 0; k+1 < len(w.symbols); k++ {
			delta[[2]int32(w.symbols[k:])] -= w.count
		}
		for k := 0; k+1 < len(merged); k++ {
			p := [2]int32(merged[k:])
			delta[p] += w.count
			if p[0] == id || p[1] == id {
				tr.pair(p).add(0, i)
			}
		}
		w.symbols = merged
	}
	for p, d := range delta {
		if d != 0 {
			tr.recount(p, d)
		}
	}
}

func (tr *trainer) recount(p [2]int32, d int64) {
	c := tr.pairs[p]
	c.count += d
	if c.count == 0 {
		delete(tr.pairs, p)
		return
	}
	tr.queue.push(tr.ranked(p, c.count))
}

// replacePair is symbols with every pair merged, leftmost first, in a new slice if
// there is one.
func replacePair(symbols []int32, pair [2]int32, id int32) []int32 {
	var out []int32
	from := 0
	for k := 0; k+1 < len(symbols); k++ {
		if symbols[k] == pair[0] && symbols[k+1] == pair[1] {
			out = append(append(out, symbols[from:k]...), id)
			from = k + 2
			k++
		}
	}
	if from == 0 {
		return symbols
	}
	return append(out, symbols[from:]...)
}

// ranked is a pair with what decides its turn.
func (tr *trainer) ranked(p [2]int32, count int64) rankedPair {
	return rankedPair{p, count, tr.tokens[p[0]], tr.tokens[p[1]]}
}

type rankedPair struct {
	pair        [2]int32
	count       int64
	left, right string
}

func (p rankedPair) before(q rankedPair) bool {
	switch {
	case p.count != q.count:
		return p.count > q.count
	case p.left != q.left:
		return p.left > q.left
	}
	return p.right > q.right
}

type pairQueue = queue[rankedPair]
