package tokenizer

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is found in the text as a whole, never built by merges.
// The JSON is an entry of tokenizer.json's added_tokens.
type addedToken struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // not inside a word
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`      // takes the white space after it
	Normalized bool   `json:"normalized"`  // stands in normalised text
	Special    bool   `json:"special"`

	id int32 // ID, checked
}

// index prepares encoding, once it is known which tokens are special.
func (t *BPE) index() {
	t.splitSpaced()
	for _, a := range t.added {
		if a.Normalized && !a.Special {
			t.normal.add(t.normalizer.apply(a.Content, place{follows: true}), a)
		} else {
			t.raw.add(a.Content, a)
		}
	}
}

// matcher finds added tokens in text: leftmost first, at one place the longest.
//
// Special tokens are always looked for in raw text. The reference looks for a special
// token with "normalized": true in normalised text, and where the normalizer prepends
// U+2581 it then misses most of them ("x<|end|>" becomes letters); a template that ends
// a turn with such a token would teach the model its letters.
type matcher struct {
	byFirst [256][]*pattern // longest first
	any     bool
}

type pattern struct {
	text  string
	token *addedToken
}

func (m *matcher) add(text string, token *addedToken) {
	if text == "" {
		return
	}
	m.any = true
	list := append(m.byFirst[text[0]], &pattern{text, token})
	slices.SortStableFunc(list, func(x, y *pattern) int { return len(y.text) - len(x.text) })
	m.byFirst[text[0]] = list
}

// cut divides text into sections, none of them empty, in order. Special tokens are
// seen only inside the trusted spans.
func (m *matcher) cut(text string, trusted []span) []section {
	var out []section
	at := 0
	for {
		s, ok := m.find(text, at, trusted)
		if !ok {
			break
		}
		if s.start > at {
			out = append(out, section{span{at, s.start}, nil})
		}
		out = append(out, s)
		at = s.end
	}
	if at < len(text) {
		out = append(out, section{span{at, len(text)}, nil})
	}
	return out
}

// section is a stretch of text: an added token with the white space it takes, or what
// stands between two.
type section struct {
	span
	token *addedToken // nil between tokens
}

// find is the first added token at or after from.
func (m *matcher) find(text string, from int, trusted []span) (section, bool) {
	if !m.any {
		return section{}, false
	}
	for i := from; i < len(text); i++ {
		for _, p := range m.byFirst[text[i]] {
			at := span{i, i + len(p.text)}
			if !strings.HasPrefix(text[i:], p.text) || !p.token.fits(text, at) || p.token.Special && !within(at, trusted) {
				continue
			}
			return section{p.token.stretch(text, at, from), p.token}, true
		}
	}
	return section{}, false
}

func within(s span, trusted []span) bool {
	i := sort.Search(len(trusted), func(i int) bool { return trusted[i].end >= s.end })
	return i < len(trusted) && trusted[i].start <= s.start
}

func (a *addedToken) fits(text string, at span) bool {
	return !a.SingleWord || !endsInWord(text[:at.start]) && !startsInWord(text[at.end:])
}

func (a *addedToken) stretch(text string, at span, from int) span {
	if a.LStrip {
		at.start = from + len(strings.TrimRightFunc(text[from:at.start], unicode.IsSpace))
	}
	if a.RStrip {
		at.end = len(text) - len(strings.TrimLeftFunc(text[at.end:], unicode.IsSpace))
	}
	return at
}

func endsInWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && isWord(r)
}

func startsInWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && isWord(r)
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r)
}
