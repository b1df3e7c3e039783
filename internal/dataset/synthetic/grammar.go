package synthetic

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Kinds of text.
const (
	review = iota
	story
	kinds
)

var kindNames = [kinds]string{"review", "story"}

// Moods of a sentence; mood-1 is its value.
const (
	bad = iota
	neutral
	good
	moods
)

// parts is the number of sentences of a text.
const parts = 3

// sentence is the pattern of one part of a text. "{s}" is the subject, "{w}" the word
// that carries the mood, any other "{name}" one of slots[name].
type sentence struct {
	pattern string
	words   [moods][]string
}

// form is how one kind of text is asked for and made.
type form struct {
	subjects  []string // the same things in both languages, in the same order
	asks      []string // wordings of the prompt
	markers   [parts]string
	sentences [parts]sentence
}

// language is everything that is particular to one.
type language struct {
	name  string
	comma string // after a marker
	stop  string // ends a sentence
	space string // between sentences
	slots map[string][]string
	forms [kinds]form
}

var languages = []*language{&english, &chinese}

// mark puts the marker of a part before a body; without one the body is a sentence too.
func (l *language) mark(marker, body string) string {
	if marker == "" {
		return capital(body) + l.stop
	}
	return marker + l.comma + body + l.stop
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// columns are what a pattern is made of, left to right: the options of each slot, and
// the text between slots as a single option.
func (l *language) columns(pattern string, subjects, words []string) [][]string {
	var out [][]string
	for {
		before, rest, found := strings.Cut(pattern, "{")
		if before != "" {
			out = append(out, []string{before})
		}
		if !found {
			return out
		}
		name, after, _ := strings.Cut(rest, "}")
		switch name {
		case "s":
			out = append(out, subjects)
		case "w":
			out = append(out, words)
		default:
			out = append(out, l.slots[name])
		}
		pattern = after
	}
}

// tokens cuts a text into words in lower case, single Han characters and punctuation.
func tokens(text string) []string {
	var out []string
	word := func(r rune) bool {
		return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) || unicode.IsDigit(r) || r == '\''
	}
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if word(r) {
			n = len(text)
			if i := strings.IndexFunc(text, func(r rune) bool { return !word(r) }); i >= 0 {
				n = i
			}
		}
		if !unicode.IsSpace(r) {
			out = append(out, strings.ToLower(text[:n]))
		}
		text = text[n:]
	}
	return out
}

// pair is two tokens side by side; the first of a text stands after "".
type pair [2]string

func pairs(tokens []string) []pair {
	var out []pair
	last := ""
	for _, t := range tokens {
		out = append(out, pair{last, t})
		last = t
	}
	return out
}

// lexicon is what utility looks up in a language; made from its tables.
type lexicon struct {
	mood  map[string]int // by word: good, neutral, bad
	pairs map[pair]bool  // every pair of tokens that the grammar can make
}

var lexicons = sync.OnceValue(func() map[*language]lexicon {
	all := map[*language]lexicon{}
	for _, l := range languages {
		x := lexicon{map[string]int{}, map[pair]bool{}}
		for k := range l.forms {
			l.forms[k].addTo(&x, l)
		}
		all[l] = x
	}
	return all
})

func (f form) addTo(x *lexicon, l *language) {
	for part, s := range f.sentences {
		for mood, words := range s.words {
			for _, w := range words {
				x.mood[w] = mood
			}
			body := append(l.columns(s.pattern, f.subjects, words), []string{l.stop})
			x.add(l, body)
			x.add(l, append([][]string{{f.markers[part]}, {l.comma}}, body...))
		}
	}
}

// add notes the pairs of a sentence, which begins a text or follows another.
func (x lexicon) add(l *language, sentence [][]string) {
	before := []string{"", l.stop}
	for _, options := range sentence {
		var ends []string
		for _, o := range options {
			in := tokens(o)
			if len(in) == 0 { // a space between slots
				ends = before
				continue
			}
			for _, b := range before {
				x.pairs[pair{b, in[0]}] = true
			}
			for _, p := range pairs(in)[1:] {
				x.pairs[p] = true
			}
			ends = append(ends, in[len(in)-1])
		}
		before = ends
	}
}

// words finds the mood words of a sentence: by token in English, by substring in
// Chinese, where words are not set apart.
func (x lexicon) words(sentence string) []string {
	var found []string
	in := tokens(sentence)
	for w := range x.mood {
		if names(in, w) {
			found = append(found, w)
		}
	}
	return found
}

// names says whether tokens hold a word, or the characters of a Chinese one in a row.
func names(in []string, word string) bool {
	if !han(word) {
		return slices.Contains(in, word)
	}
	return strings.Contains(strings.Join(in, ""), word)
}

// han says whether a text has a Chinese character.
func han(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
