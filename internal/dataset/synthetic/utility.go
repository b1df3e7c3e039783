package synthetic

import (
	"strings"
	"unicode"

	"plumbline/internal/dataset"
)

// Parts is what the utility of a response is made of.
type Parts struct {
	Mood       float64 // -1 every sentence is bad … 1 every sentence is good
	Order      float64 // -1 … 1: share of sentences that open with their own marker
	Topic      float64 // 1 names the prompt's subject and no other, -1 does not, 0 names both
	Unfinished float64 // 1 where the text does not end a sentence
	Length     float64 // 0 inside the range, up to 1 outside of it
	Repetition float64 // share of token triples that were there before, 0 … 1
	Language   float64 // share of letters in the other script, 0 … 1
	Malformed  float64 // share of neighbouring tokens that the grammar never makes, 0 … 1
}

// Utility is how good a response to a prompt is, in [-3, 3], from the text alone:
//
//	U = 1.5·Mood + .75·Order + .75·Topic
//	    - Unfinished - 2·Length - 2·Repetition - 2·Language - 4·Malformed    clipped to ±3
//
// Only a text of three good sentences in order, about its subject, well made and ended,
// reaches 3. More good words do not help: a sentence has one mood, a word counts once
// in a text, and further sentences lower the share in order.
func (p Parts) Utility() float64 {
	u := 1.5*p.Mood + .75*p.Order + .75*p.Topic
	u -= p.Unfinished + 2*(p.Length+p.Repetition+p.Language) + 4*p.Malformed
	return max(-3, min(3, u))
}

// Utility is [Parts.Utility] of [Assess].
func Utility(prompt, response string) float64 { return Assess(prompt, response).Utility() }

// Assess measures a response against its prompt. Language, kind and subject are read
// from the prompt's words: a prompt with Chinese characters is Chinese, the known
// subject that it names tells the kind. A prompt without one has Topic 0.
func Assess(prompt, response string) Parts {
	a := parse(prompt)
	response = strings.TrimSpace(response)
	in := tokens(response)
	sentences := a.sentences(response)
	p := Parts{
		Mood:       a.mood(sentences),
		Order:      a.order(sentences),
		Topic:      a.topic(in),
		Length:     outside(len(in), shortest, longest),
		Repetition: dataset.Repetition(in),
		Language:   a.foreign(response),
		Malformed:  a.malformed(in),
	}
	if !strings.HasSuffix(response, a.lang.stop) {
		p.Unfinished = 1
	}
	return p
}

// The range of lengths in tokens of this package: words, Chinese characters and
// punctuation. The grammar makes 24 to 55.
const shortest, longest = 20, 60

// asked is what a prompt asks for.
type asked struct {
	lang    *language
	kind    int
	subject string // "" if it names none that is known
}

func parse(prompt string) asked {
	a := asked{lang: &english}
	if han(prompt) {
		a.lang = &chinese
	}
	in := tokens(prompt)
	for k, f := range a.lang.forms {
		for _, s := range f.subjects {
			if names(in, s) {
				a.kind, a.subject = k, s
			}
		}
	}
	return a
}

func (a asked) sentences(text string) []string {
	var out []string
	for s := range strings.SplitSeq(text, a.lang.stop) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// mood is the mean over sentences, at least three, of the sign of their words.
func (a asked) mood(sentences []string) float64 {
	x := lexicons()[a.lang]
	counted := map[string]bool{}
	sum := 0
	for _, s := range sentences {
		value := 0
		for _, w := range x.words(s) {
			if !counted[w] {
				value += x.mood[w] - neutral
			}
			counted[w] = true
		}
		sum += max(-1, min(1, value))
	}
	return float64(sum) / float64(max(parts, len(sentences)))
}

func (a asked) order(sentences []string) float64 {
	placed := 0
	for i, m := range a.lang.forms[a.kind].markers {
		if i < len(sentences) && strings.HasPrefix(sentences[i], m+strings.TrimSpace(a.lang.comma)) {
			placed++
		}
	}
	return 2*float64(placed)/float64(max(parts, len(sentences))) - 1
}

func (a asked) topic(in []string) float64 {
	if a.subject == "" {
		return 0
	}
	if !names(in, a.subject) {
		return -1
	}
	for _, f := range a.lang.forms {
		for _, s := range f.subjects {
			if s != a.subject && names(in, s) {
				return 0
			}
		}
	}
	return 1
}

// outside is how far n lies out of [lo, hi], as a share of the bound, at most 1.
func outside(n, lo, hi int) float64 {
	switch {
	case n < lo:
		return float64(lo-n) / float64(lo)
	case n > hi:
		return min(1, float64(n-hi)/float64(hi))
	default:
		return 0
	}
}

func (a asked) foreign(text string) float64 {
	letters, other := 0, 0
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if unicode.Is(unicode.Han, r) != (a.lang == &chinese) {
			other++
		}
	}
	return float64(other) / float64(max(1, letters))
}

func (a asked) malformed(in []string) float64 {
	known := lexicons()[a.lang].pairs
	wrong := 0
	for _, p := range pairs(in) {
		if !known[p] {
			wrong++
		}
	}
	return float64(wrong) / float64(max(1, len(in)))
}
