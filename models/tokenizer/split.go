package tokenizer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/dlclark/regexp2/v2"
)

// Patterns that published tokenizers split words with.
const (
	GPT2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	Llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	Qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// splitter cuts a text into words, appended to dst. No word is empty.
type splitter func(dst []string, text string) []string

func splitAll(split splitter, texts []string) []string {
	var words []string
	for _, t := range texts {
		words = split(words, t)
	}
	return words
}

// splitPattern cuts around the matches of a regular expression, each match a word.
func splitPattern(pattern string) (splitter, error) {
	find, err := findPattern(pattern)
	if err != nil {
		return nil, err
	}
	return isolated(find), nil
}

// finder gives the [start, end) of all matches in order.
type finder func(text string) [][]int

// findPattern compiles a regular expression with look-ahead, which regexp lacks.
func findPattern(pattern string) (finder, error) {
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return func(text string) [][]int {
		found, _ := re.FindAllStringIndex(text, -1) // fails only where a time-out is set
		return found
	}, nil
}

func literal(s string) finder {
	return func(text string) [][]int {
		var found [][]int
		for at := 0; ; {
			i := strings.Index(text[at:], s)
			if i < 0 {
				return found
			}
			found = append(found, []int{at + i, at + i + len(s)})
			at += i + len(s)
		}
	}
}

func isDigit(text string) [][]int {
	var found [][]int
	for i, r := range text {
		if unicode.IsNumber(r) {
			found = append(found, []int{i, i + len(string(r))})
		}
	}
	return found
}

// digitRuns is isDigit with neighbours joined.
func digitRuns(text string) [][]int {
	var found [][]int
	for _, m := range isDigit(text) {
		if n := len(found); n > 0 && found[n-1][1] == m[0] {
			found[n-1][1] = m[1]
			continue
		}
		found = append(found, m)
	}
	return found
}

// isolated makes a word of each match and of each stretch between.
func isolated(find finder) splitter {
	return func(dst []string, text string) []string {
		at := 0
		for _, m := range find(text) {
			dst = appendWord(dst, text[at:m[0]])
			dst = appendWord(dst, text[m[0]:m[1]])
			at = m[1]
		}
		return appendWord(dst, text[at:])
	}
}

// removed drops the matches, or with invert all that does not match.
func removed(find finder, invert bool) splitter {
	return func(dst []string, text string) []string {
		at := 0
		for _, m := range find(text) {
			if invert {
				dst = appendWord(dst, text[m[0]:m[1]])
			} else {
				dst = appendWord(dst, text[at:m[0]])
			}
			at = m[1]
		}
		if invert {
			return dst
		}
		return appendWord(dst, text[at:])
	}
}

// withPrevious ends a word after each match; withNext begins one at each match.
func withPrevious(find finder) splitter {
	return func(dst []string, text string) []string {
		at := 0
		for _, m := range find(text) {
			dst = appendWord(dst, text[at:m[1]])
			at = m[1]
		}
		return appendWord(dst, text[at:])
	}
}

func withNext(find finder) splitter {
	return func(dst []string, text string) []string {
		at := 0
		for _, m := range find(text) {
			dst = appendWord(dst, text[at:m[0]])
			at = m[0]
		}
		return appendWord(dst, text[at:])
	}
}

// splitSpaced adds a cut before every U+2581 that follows another character, if no merge
// reaches over such a place: the ids stay the same, and words come from the cache.
func (t *BPE) splitSpaced() {
	if _, ok := t.alphabet.ids[spaceRune]; !ok || t.alphabet.bytes {
		return
	}
	for _, m := range t.pairs {
		if s := strings.TrimLeft(t.tokens[m.id], space); strings.Contains(s, space) {
			return
		}
	}
	t.splitters = append(t.splitters, beforeSpaces)
}

func beforeSpaces(dst []string, text string) []string {
	at := 0
	last := spaceRune
	for i, r := range text {
		if r == spaceRune && last != spaceRune {
			dst = append(dst, text[at:i])
			at = i
		}
		last = r
	}
	return appendWord(dst, text[at:])
}

func appendWord(dst []string, w string) []string {
	if w == "" {
		return dst
	}
	return append(dst, w)
}
