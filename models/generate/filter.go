package generate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Options say how tokens are chosen. The zero value of a filter turns it off.
type Options struct {
	MaxNew            int     // most new tokens per sequence, ≥ 1
	Temperature       float64 // logits are divided by it; 0 = greedy
	TopK              int     // keep the k most likely tokens (ties by value)
	TopP              float64 // keep the smallest set whose probability reaches p, in (0, 1]
	MinP              float64 // keep tokens of probability ≥ p · the largest, in [0, 1]
	TypicalP          float64 // keep the tokens closest to the entropy up to mass p, in (0, 1]
	RepetitionPenalty float64 // > 1 makes tokens of the history less likely; 0 or 1 = off
	NoRepeatNgram     int     // no n-gram occurs twice
	Stop              []int32 // tokens that end a sequence; the token is part of the response
	Seed              uint64

	// Sequence says which sequence of the seed each prompt's is: what is continued in
	// parts, or again, then draws the numbers it always draws. nil is 0, 1, 2 and so on.
	Sequence []uint64

	// Halt ends sequence i where it says so after a token; nil never does. Done, if not
	// nil, is told each rollout when it ends. Both are called in turn, not from several
	// goroutines.
	Halt func(i int, response []int32) bool
	Done func(i int, r Rollout)
}

// Validate reports every fault.
func (o Options) Validate() error {
	var errs []error
	rule := func(ok bool, key string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: got %v, want %s", key, got, want))
		}
	}
	rule(o.MaxNew >= 1, "max_tokens", o.MaxNew, "≥ 1")
	rule(o.Temperature >= 0 && !math.IsInf(o.Temperature, 1), "temperature", o.Temperature, "≥ 0 and finite")
	rule(o.TopK >= 0, "top_k", o.TopK, "≥ 0")
	rule(o.TopP >= 0 && o.TopP <= 1, "top_p", o.TopP, "in [0, 1]")
	rule(o.MinP >= 0 && o.MinP <= 1, "min_p", o.MinP, "in [0, 1]")
	rule(o.TypicalP >= 0 && o.TypicalP <= 1, "typical_p", o.TypicalP, "in [0, 1]")
	rule(o.RepetitionPenalty >= 0, "repetition_penalty", o.RepetitionPenalty, "≥ 0")
	rule(o.NoRepeatNgram >= 0, "no_repeat_ngram", o.NoRepeatNgram, "≥ 0")
	return errors.Join(errs...)
}

// Distribution fills p [V] with the probabilities of the next token: the filters in
// the order in which Hugging Face's generate applies them (repetition penalty, no
// repeated n-gram, temperature, top-k, top-p, min-p, typical-p). history is prompt
// and response so far. Temperature 0 puts all mass on the first largest logit.
func Distribution(p []float64, logits []float32, history []int32, o Options) {
	for i, x := range logits {
		p[i] = float64(x)
	}
	penalise(p, history, o)
	if o.Temperature == 0 {
		best := argmax(p)
		clear(p)
		p[best] = 1
		return
	}
	for i := range p {
		p[i] /= o.Temperature
	}
	if o.TopK > 0 && o.TopK < len(p) {
		keepTopK(p, o.TopK)
	}
	softmax(p)
	if o.TopP > 0 && o.TopP < 1 {
		keepTopP(p, o.TopP)
	}
	if o.MinP > 0 {
		keepMinP(p, o.MinP)
	}
	if o.TypicalP > 0 && o.TypicalP < 1 {
		keepTypical(p, o.TypicalP)
	}
}

func penalise(x []float64, history []int32, o Options) {
	if r := o.RepetitionPenalty; r != 0 && r != 1 {
		seen := map[int32]bool{}
		for _, id := range history {
			if seen[id] {
				continue
			}
			seen[id] = true
			if x[id] > 0 {
				x[id] /= r
			} else {
				x[id] *= r
			}
		}
	}
	if n := o.NoRepeatNgram; n > 0 && len(history) >= n-1 {
		tail := history[len(history)-n+1:]
		for i := 0; i+n <= len(history); i++ {
			if slices.Equal(history[i:i+n-1], tail) {
				x[history[i+n-1]] = math.Inf(-1)
			}
		}
	}
}

func keepTopK(x []float64, k int) {
	s := slices.Clone(x)
	slices.SortFunc(s, func(a, b float64) int { return cmp.Compare(b, a) })
	for i := range x {
		if x[i] < s[k-1] {
			x[i] = math.Inf(-1)
		}
	}
}

// keepTopP keeps the token that crosses p too.
func keepTopP(p []float64, mass float64) {
	keepUntil(p, mass, func(i int) float64 { return -p[i] })
}

func keepMinP(p []float64, share float64) {
	least := slices.Max(p) * share
	for i := range p {
		if p[i] < least {
			p[i] = 0
		}
	}
	normalise(p)
}

// keepTypical: Meister et al. 2022, arXiv:2202.00666.
func keepTypical(p []float64, mass float64) {
	entropy := 0.0
	for _, q := range p {
		if q > 0 {
			entropy -= q * math.Log(q)
		}
	}
	keepUntil(p, mass, func(i int) float64 { return math.Abs(-math.Log(p[i]) - entropy) })
}

// keepUntil keeps tokens by rising key until their mass reaches `mass`.
func keepUntil(p []float64, mass float64, key func(i int) float64) {
	order := make([]int, 0, len(p))
	for i := range p {
		if p[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(key(a), key(b)) })
	sum, kept := 0.0, len(order)
	for n, i := range order {
		if sum += p[i]; sum >= mass {
			kept = n + 1
			break
		}
	}
	for _, i := range order[kept:] {
		p[i] = 0
	}
	normalise(p)
}

func softmax(x []float64) {
	m := slices.Max(x)
	for i := range x {
		x[i] = math.Exp(x[i] - m)
	}
	normalise(x)
}

func normalise(p []float64) {
	sum := 0.0
	for _, q := range p {
		sum += q
	}
	for i := range p {
		p[i] /= sum
	}
}

func argmax(x []float64) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}
