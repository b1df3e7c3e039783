package tokenizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// space stands for U+0020 in vocabularies that work on characters.
const (
	space     = "\u2581"
	spaceRune = '\u2581'
)

// normalizer is a list of rewritings, applied in order.
type normalizer []rewrite

// rewrite gets a section and where it stands.
type rewrite func(text string, at place) string

func (n normalizer) apply(text string, at place) string {
	for _, r := range n {
		text = r(text, at)
	}
	return text
}

func unicodeForm(f norm.Form) rewrite {
	return func(text string, _ place) string { return f.String(text) }
}

func replace(from, to string) rewrite {
	return func(text string, _ place) string { return strings.ReplaceAll(text, from, to) }
}

// prepend puts s before every section, or before the first only, and not where the
// section goes on with text encoded before.
func prepend(s string, firstOnly bool) rewrite {
	return func(text string, at place) string {
		if text == "" || at.follows || firstOnly && !at.start {
			return text
		}
		return s + text
	}
}

// collapse makes one space of several and drops those at both ends of the text:
// SentencePiece's remove_extra_whitespaces. Where text follows or precedes the spaces
// between are kept, for they separate words.
func collapse(text string, at place) string {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
	out := strings.Join(fields, " ")
	if at.follows && strings.HasPrefix(text, " ") {
		out = " " + out
	}
	if !at.end && len(fields) > 0 && strings.HasSuffix(text, " ") {
		out += " "
	}
	return out
}

// prefix is the space that pre-tokenizers put before a section's first word.
type prefix struct {
	with      string // "" for none
	metaspace bool   // spaces are replaced by with
	firstOnly bool   // only where the text begins
}

func (p prefix) apply(text string, at place) string {
	if p.metaspace {
		text = strings.ReplaceAll(text, " ", space)
	}
	if p.with == "" || at.follows || p.firstOnly && !at.start || strings.HasPrefix(text, p.with) {
		return text
	}
	return p.with + text
}
