package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// BPE is a byte-pair encoding, over bytes (GPT-2 and most models since) or over
// characters (SentencePiece, Llama-2). Sennrich et al. 2016, arXiv:1508.07909.
type BPE struct {
	tokens   []string         // [VocabSize] as the file spells them; "" where an id is unused
	ids      map[string]int32 // the inverse
	pieces   []string         // [VocabSize] the bytes each token decodes to
	special  []bool           // [VocabSize]
	specials Specials

	added       []*addedToken
	raw, normal matcher // added tokens to find in the text as it is, and once it is normalised
	normalizer  normalizer
	prefix      prefix // the space before a section's first word
	splitters   []splitter

	pairs        pairs
	alphabet     alphabet
	ignoreMerges bool // a word that is a token is that token, whatever the merges say
	cache        cache

	strip int               // leading spaces that decoding drops
	files map[string][]byte // what Save writes
}

// Encode implements Tokenizer.
func (t *BPE) Encode(text string) []int32 {
	return t.encode(false, true, []Part{{Text: text}})
}

// EncodePlain implements Tokenizer.
func (t *BPE) EncodePlain(text string) []int32 {
	return t.encode(false, true, []Part{{Text: text, Plain: true}})
}

// EncodeParts implements Tokenizer.
func (t *BPE) EncodeParts(follows bool, parts ...Part) []int32 {
	return t.encode(follows, false, parts)
}

func (t *BPE) encode(follows, ends bool, parts []Part) []int32 {
	text, trusted := join(parts)
	var ids []int32
	for _, s := range t.raw.cut(text, trusted) {
		if s.token != nil {
			ids = append(ids, s.token.id)
			continue
		}
		ids = t.encodeSection(ids, text[s.start:s.end], place{
			start:   s.start == 0 && !follows,
			follows: s.start == 0 && follows,
			end:     s.end == len(text) && ends,
		})
	}
	return ids
}

// place says where in its text a section stands.
type place struct {
	start   bool // the text begins with it
	follows bool // it goes on with text that was encoded before
	end     bool // the text ends with it
}

// encodeSection appends the ids of text between two added tokens.
func (t *BPE) encodeSection(ids []int32, text string, at place) []int32 {
	text = t.normalizer.apply(text, at)
	for _, s := range t.normal.cut(text, nil) {
		if s.token != nil {
			ids = append(ids, s.token.id)
			continue
		}
		first := s.start == 0
		words := []string{t.prefix.apply(text[s.start:s.end], place{at.start && first, at.follows && first, false})}
		for _, split := range t.splitters {
			words = splitAll(split, words)
		}
		for _, w := range words {
			ids = t.encodeWord(ids, w)
		}
	}
	return ids
}

// encodeWord appends the ids of one word.
func (t *BPE) encodeWord(ids []int32, word string) []int32 {
	if known, ok := t.cache.get(word); ok {
		return append(ids, known...)
	}
	from := len(ids)
	if id, ok := t.wholeWord(word); ok {
		ids = append(ids, id)
	} else {
		symbols := t.pairs.merge(t.alphabet.symbols(word))
		ids = t.alphabet.append(ids, symbols)
	}
	t.cache.put(word, ids[from:])
	return ids
}

func (t *BPE) wholeWord(word string) (int32, bool) {
	if !t.ignoreMerges {
		return 0, false
	}
	id, ok := t.ids[t.alphabet.spell(word)]
	return id, ok
}

// VocabSize implements Tokenizer.
func (t *BPE) VocabSize() int { return len(t.tokens) }

// ID implements Tokenizer.
func (t *BPE) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token implements Tokenizer.
func (t *BPE) Token(id int32) string {
	if !t.known(id) {
		return ""
	}
	return t.tokens[id]
}

// Specials implements Tokenizer.
func (t *BPE) Specials() Specials { return t.specials }

func (t *BPE) known(id int32) bool { return id >= 0 && int(id) < len(t.tokens) }

// span is text[start:end).
type span struct{ start, end int }

// join lays parts end to end as valid UTF-8 and says where special tokens may stand.
func join(parts []Part) (text string, trusted []span) {
	var b strings.Builder
	for _, p := range parts {
		s := p.Text
		if !utf8.ValidString(s) {
			s = validUTF8([]byte(s))
		}
		start := b.Len()
		b.WriteString(s)
		switch n := len(trusted); {
		case p.Plain || s == "":
		case n > 0 && trusted[n-1].end == start:
			trusted[n-1].end = b.Len() // a token may run over two trusted parts
		default:
			trusted = append(trusted, span{start, b.Len()})
		}
	}
	return b.String(), trusted
}
