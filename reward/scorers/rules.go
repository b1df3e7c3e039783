package scorers

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"plumbline/internal/dataset"
)

// Rules are what a response has to keep; each one that is set counts once.
type Rules struct {
	MinWords     int      `mapstructure:"min_words"`     // ≥ 0; a word or a Chinese character; 0 is no rule
	MaxWords     int      `mapstructure:"max_words"`     // ≥ MinWords; 0 is no rule
	Must         []string `mapstructure:"must"`          // regular expressions (RE2), each to be found
	MustNot      []string `mapstructure:"must_not"`      // regular expressions (RE2), none to be found
	EndsSentence bool     `mapstructure:"ends_sentence"` // the last character ends a sentence
	NoRepetition bool     `mapstructure:"no_repetition"` // kept by the share of word triples that are new
}

func (r Rules) count() int {
	n := len(r.Must) + len(r.MustNot)
	for _, set := range []bool{r.MinWords != 0, r.MaxWords != 0, r.EndsSentence, r.NoRepetition} {
		if set {
			n++
		}
	}
	return n
}

// Validate reports every fault, each by its key: lengths below 0 or crossed, expressions that are none.
func (r Rules) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(r.MinWords >= 0, "min_words", r.MinWords, "≥ 0")
	rule(r.MaxWords >= 0, "max_words", r.MaxWords, "≥ 0")
	rule(r.MaxWords <= 0 || r.MaxWords >= r.MinWords, "max_words", r.MaxWords, fmt.Sprintf("≥ min_words %d", r.MinWords))
	_, must := compiled("must", r.Must)
	_, mustNot := compiled("must_not", r.MustNot)
	return errors.Join(append(errs, must, mustNot)...)
}

func compiled(key string, patterns []string) ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	var errs []error
	for i, p := range patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%d]: %w", key, i, err))
		}
		all = append(all, re)
	}
	return all, errors.Join(errs...)
}

// NewRules scores by the share of the rules that a response keeps, in [0, 1].
func NewRules(r Rules) (Func, error) {
	if err := r.Validate(); err != nil {
		return Func{}, fmt.Errorf("scorers: rules: %w", err)
	}
	must, _ := compiled("must", r.Must) // valid
	mustNot, _ := compiled("must_not", r.MustNot)
	if r.count() == 0 {
		return Func{}, errors.New("scorers: rules: got none, want ≥ 1")
	}
	return Func{"rules", func(_, response string) float64 {
		return r.kept(response, must, mustNot) / float64(r.count())
	}}, nil
}

// kept is how many rules a text keeps.
func (r Rules) kept(text string, must, mustNot []*regexp.Regexp) float64 {
	sum := 0.0
	keep := func(ok bool) {
		if ok {
			sum++
		}
	}
	all := words(strings.ToLower(text))
	keep(r.MinWords != 0 && len(all) >= r.MinWords)
	keep(r.MaxWords != 0 && len(all) <= r.MaxWords)
	keep(r.EndsSentence && endsSentence(text))
	for _, re := range must {
		keep(re.MatchString(text))
	}
	for _, re := range mustNot {
		keep(!re.MatchString(text))
	}
	if r.NoRepetition {
		sum += 1 - dataset.Repetition(all)
	}
	return sum
}

// endsSentence says whether the last character is one of .!?… or 。！？, perhaps before
// quotes and brackets that close.
func endsSentence(text string) bool {
	text = strings.TrimRight(text, " \t\r\n\"')]}”’」』）】")
	for _, end := range []string{".", "!", "?", "…", "。", "！", "？"} {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}
