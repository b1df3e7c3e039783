package oracle

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	vocab   = 4 // token 0 is EOS
	length  = 3
	prompts = 2
	states  = 1 + 3 + 9 // texts without EOS of 0, 1 and 2 tokens
	beta    = .5
)

// table is one number for each (prompt, state, token).
type table [prompts * states * vocab]float64

// row is the V numbers of one (prompt, state).
func (t *table) row(at int) []float64 { return t[at*vocab:][:vocab] }

// logProbs is the table as log-probabilities at a temperature.
func (t *table) logProbs(temperature float64) *table {
	var out table
	for at := range prompts * states {
		row := out.row(at)
		for a, x := range t.row(at) {
			row[a] = x / temperature
		}
		copy(row, logSoftmax(row))
	}
	return &out
}

func logSoftmax(x []float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - top - math.Log(sum)
	}
	return out
}

// text is one complete response: where each token was taken, and which.
type text struct {
	prompt     int
	at, tokens []int
}

func (x text) done() bool {
	n := len(x.tokens)
	return n == length || n > 0 && x.tokens[n-1] == 0
}

// next is where x takes its next token: a text without EOS is state 0 if empty, 1-3 if
// it has one token, 4-12 if two.
func (x text) next() int {
	state := 0
	switch len(x.tokens) {
	case 1:
		state = x.tokens[0]
	case 2:
		state = 3*x.tokens[0] + x.tokens[1]
	}
	return x.prompt*states + state
}

// with is x and one more token; x stays as it is.
func (x text) with(token int) text {
	return text{x.prompt, append(slices.Clip(x.at), x.next()), append(slices.Clip(x.tokens), token)}
}

// of is the number in t that belongs to the last token of x.
func (t *table) of(x text) float64 {
	last := len(x.tokens) - 1
	return t.row(x.at[last])[x.tokens[last]]
}

// along are the numbers in t that belong to the tokens of x.
func (t *table) along(x text) []float64 {
	out := make([]float64, len(x.tokens))
	for i, a := range x.tokens {
		out[i] = t.row(x.at[i])[a]
	}
	return out
}

// problem is the solvable problem.
type problem struct {
	ref   table  // logits of the reference
	score table  // of the response that ends with this token
	texts []text // every complete response to every prompt
}

func newProblem(seed uint64) *problem {
	rng := rand.New(rand.NewPCG(seed, seed))
	p := &problem{}
	for i := range p.ref {
		p.ref[i], p.score[i] = rng.NormFloat64(), rng.NormFloat64()
	}
	for i := range prompts {
		p.grow(text{prompt: i})
	}
	return p
}

// grow lists every completion of x.
func (p *problem) grow(x text) {
	if x.done() {
		p.texts = append(p.texts, x)
		return
	}
	for a := range vocab {
		p.grow(x.with(a))
	}
}

// objective is J of a policy, by summing over every text.
func (p *problem) objective(logits *table) (j float64) {
	policy, ref := logits.logProbs(1), p.ref.logProbs(1)
	for _, x := range p.texts {
		l, r := sum(policy.along(x)), sum(ref.along(x))
		j += math.Exp(l) * (p.score.of(x) - beta*(l-r)) / prompts
	}
	return j
}

// best is J*.
func (p *problem) best() (j float64) {
	ref := p.ref.logProbs(1)
	var z [prompts]float64
	for _, x := range p.texts {
		z[x.prompt] += math.Exp(sum(ref.along(x)) + p.score.of(x)/beta)
	}
	for _, s := range z {
		j += beta * math.Log(s) / prompts
	}
	return j
}

// share is how far a policy came from the reference, 0, to the optimum, 1.
func (p *problem) share(policy *table) float64 {
	start, best := p.objective(&p.ref), p.best()
	return (p.objective(policy) - start) / (best - start)
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}
