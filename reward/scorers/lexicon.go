package scorers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lexicon is words with weights.
type Lexicon struct {
	words   map[string]float64 // in lower case, found as whole words
	phrases map[string]float64 // with Chinese characters, found anywhere
	longest int                // of a phrase, in characters
}

// NewLexicon scores by a file of words: see [ReadLexicon] and [Lexicon.Score].
func NewLexicon(path string) (Func, error) {
	f, err := os.Open(path)
	if err != nil {
		return Func{}, fmt.Errorf("scorers: lexicon: %w", err)
	}
	x, err := ReadLexicon(path, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return Func{}, err
	}
	return Func{"lexicon", func(_, response string) float64 { return x.Score(response) }}, nil
}

// ReadLexicon reads lines "word<TAB>weight"; further columns, blank lines and lines
// that begin with "#" and a space do not count. A weight is finite. A word without one,
// given twice, or of several words is an error that names file and line; so is a file
// without words.
func ReadLexicon(name string, r io.Reader) (*Lexicon, error) {
	x := &Lexicon{words: map[string]float64{}, phrases: map[string]float64{}}
	in := bufio.NewScanner(r)
	line := 0
	for in.Scan() {
		line++
		if err := x.add(in.Text()); err != nil {
			return nil, fmt.Errorf("scorers: lexicon: %s:%d: %w", name, line, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("scorers: lexicon: %s:%d: %w", name, line+1, err)
	}
	if len(x.words)+len(x.phrases) == 0 {
		return nil, fmt.Errorf("scorers: lexicon: %s: got no words, want ≥ 1", name)
	}
	return x, nil
}

func (x *Lexicon) add(line string) error {
	if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# ") {
		return nil
	}
	if !utf8.ValidString(line) {
		return errors.New("got bytes that are not UTF-8")
	}
	columns := strings.Split(line, "\t")
	if len(columns) < 2 {
		return fmt.Errorf("got %q, want word<TAB>weight", line)
	}
	word := strings.ToLower(strings.TrimSpace(columns[0]))
	weight, err := strconv.ParseFloat(strings.TrimSpace(columns[1]), 64)
	if err != nil || math.IsNaN(weight) || math.IsInf(weight, 0) {
		return fmt.Errorf("weight: got %q, want a finite number", columns[1])
	}
	into := x.words
	if strings.ContainsFunc(word, isHan) {
		into = x.phrases
		x.longest = max(x.longest, utf8.RuneCountInString(word))
	} else if all := words(word); len(all) != 1 || all[0] != word {
		return fmt.Errorf("word: got %q, want a single word", columns[0])
	}
	if _, twice := into[word]; twice {
		return fmt.Errorf("word: got %q again, want every word once", columns[0])
	}
	into[word] = weight
	return nil
}

// Score is VADER's squashing of the sum of the weights of the words found:
//
//	s / √(s² + 15), in (-1, 1)
//
// A word counts as often as it stands there, whole and in any case. An entry with
// Chinese characters counts wherever it stands, the longest first and no character
// twice. Hutto & Gilbert 2014.
func (x *Lexicon) Score(text string) float64 {
	text = strings.ToLower(text)
	sum := x.inHan([]rune(text))
	for _, w := range words(text) {
		sum += x.words[w]
	}
	if math.Abs(sum) > 1e100 { // its square would overflow
		return math.Copysign(1, sum)
	}
	return sum / math.Sqrt(sum*sum+15)
}

func (x *Lexicon) inHan(text []rune) float64 {
	sum := 0.0
	for at := 0; at < len(text); {
		n := min(x.longest, len(text)-at)
		for ; n > 0; n-- {
			if weight, ok := x.phrases[string(text[at:at+n])]; ok {
				sum += weight
				break
			}
		}
		at += max(1, n)
	}
	return sum
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// words cuts a text into runs of letters, digits, apostrophes and hyphens, and single
// Chinese characters.
func words(text string) []string {
	var out []string
	begin := -1
	for i, r := range text {
		inside := !isHan(r) && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '\'' || r == '’' || r == '-')
		if !inside && begin >= 0 {
			out = append(out, text[begin:i])
			begin = -1
		}
		if inside && begin < 0 {
			begin = i
		}
		if isHan(r) {
			out = append(out, string(r))
		}
	}
	if begin >= 0 {
		out = append(out, text[begin:])
	}
	return out
}
