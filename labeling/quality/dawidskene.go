package quality

import (
	"fmt"
	"math"
	"slices"
)

// Vote is one annotator's answer to one item: the class they put it in. All are numbers
// from 0.
type Vote struct{ Item, Annotator, Class int }

// DawidSkene is the model of Dawid & Skene 1979 (Appl. Stat. 28:20): each item has one
// true class, each annotator their own chances to say l where k is true, and answers are
// independent given the truth. Who is often at odds with the others counts for less.
type DawidSkene struct {
	Classes int // K ≥ 2
	// Smoothing ≥ 0 is how many answers are added to each row of an annotator's confusion,
	// spread as those of the whole crowd, so that somebody with few answers is taken to be
	// like the others. 0 is maximum likelihood, as in the paper.
	Smoothing float64
	// Symmetric: classes 0 and 1 are sides, and which is which is an accident, so that the
	// chances are the same with both exchanged.
	Symmetric bool
	Known     []int // [items] the true class of an item, -1 if unknown; or nil
}

// Smoothing is the one that did best, or within .003 of it, in simulated crowds of 10 to
// 50 with 15 to 500 answers each, with and without spammers.
const Smoothing = 5

// Consensus is what the answers of a crowd say once it is taken into account who gave
// them.
type Consensus struct {
	Posterior     [][]float64   // [items][K] chance of each class, from 0 to 1; the prior for items without answers
	Prior         []float64     // [K] share of each class
	Confusion     [][][]float64 // [annotators][true][said]; rows add up to 1
	Insight       []float64     // [annotators] see insight; NaN where undefined
	LogLikelihood float64       // of the answers, in nats
	Iterations    int
	Converged     bool
}

const (
	maxIterations = 500
	tolerance     = 1e-8 // of the log-likelihood, relative
)

// Fit estimates by EM, from the shares of the votes:
//
//	M:  prior_k = mean_i T_ik,   π_a(l|k) = Σ_i T_ik·[a said l of i] / Σ_l same
//	E:  T_ik ∝ prior_k · Π_votes π_a(l|k)
//
// An item with one vote says nothing of its annotator: π leaves it out, unless its class
// is known, or EM would take long to forget that at first it agrees with itself. It stops once the log-likelihood changes
// by less than 1e-8 of itself, or after 500 iterations. Numbers out of range are an error.
func (m DawidSkene) Fit(votes []Vote, items, annotators int) (Consensus, error) {
	if err := m.check(votes, items, annotators); err != nil {
		return Consensus{}, err
	}
	e := newEM(m, votes, items, annotators)
	c := Consensus{LogLikelihood: math.Inf(-1)}
	for c.Iterations < maxIterations && !c.Converged {
		e.maximise()
		l := e.expect()
		c.Iterations++
		c.Converged = math.Abs(l-c.LogLikelihood) <= tolerance*math.Abs(l)
		c.LogLikelihood = l
	}
	c.Prior, c.Insight = e.prior, e.insight()
	c.Posterior = rows(e.posterior, m.Classes)
	for _, a := range rows(e.confusion, m.Classes*m.Classes) {
		c.Confusion = append(c.Confusion, rows(a, m.Classes))
	}
	return c, nil
}

func (m DawidSkene) check(votes []Vote, items, annotators int) error {
	if m.Classes < 2 || !(m.Smoothing >= 0 && m.Smoothing <= math.MaxFloat64) || items < 0 || annotators < 0 {
		return fmt.Errorf("quality: dawid-skene: got %d classes, smoothing %v, %d items, %d annotators, want ≥ 2, ≥ 0, ≥ 0, ≥ 0", m.Classes, m.Smoothing, items, annotators)
	}
	for i, v := range votes {
		if v.Item < 0 || v.Item >= items || v.Annotator < 0 || v.Annotator >= annotators || v.Class < 0 || v.Class >= m.Classes {
			return fmt.Errorf("quality: dawid-skene: vote %d: got %+v, want numbers below %d, %d and %d", i, v, items, annotators, m.Classes)
		}
	}
	if m.Known == nil {
		return nil
	}
	if len(m.Known) != items {
		return fmt.Errorf("quality: dawid-skene: got %d known classes, want one per item, %d", len(m.Known), items)
	}
	for i, k := range m.Known {
		if k < -1 || k >= m.Classes {
			return fmt.Errorf("quality: dawid-skene: known class of item %d: got %d, want -1 to %d", i, k, m.Classes-1)
		}
	}
	return nil
}

// em is the state of EM, in flat arrays: N items, A annotators, K classes.
type em struct {
	DawidSkene
	votes     []Vote    // by item
	posterior []float64 // [N, K]
	prior     []float64 // [K]
	confusion []float64 // [A, K true, K said]
	logs      []float64 // [A, K said, K true], of confusion
	crowd     []float64 // [K true, K said], of all annotators together
	weight    []int     // [N] votes, or 2 where the class is known: from 2 on it tells of annotators
}

func newEM(m DawidSkene, votes []Vote, items, annotators int) *em {
	K := m.Classes
	e := &em{
		DawidSkene: m,
		votes:      slices.Clone(votes),
		posterior:  make([]float64, items*K),
		prior:      make([]float64, K),
		confusion:  make([]float64, annotators*K*K),
		logs:       make([]float64, annotators*K*K),
		crowd:      make([]float64, K*K),
		weight:     make([]int, items),
	}
	slices.SortStableFunc(e.votes, func(a, b Vote) int { return a.Item - b.Item })
	for _, v := range e.votes {
		e.posterior[v.Item*K+v.Class]++
		e.weight[v.Item]++
	}
	for i, p := range rows(e.posterior, K) {
		if k := e.known(i); k >= 0 {
			e.weight[i] = 2
			clear(p)
			p[k] = 1
		}
		normalise(p)
	}
	return e
}

// known is the known class of an item, or -1.
func (e *em) known(item int) int {
	if e.Known == nil {
		return -1
	}
	return e.Known[item]
}

// maximise is the M-step.
func (e *em) maximise() {
	K := e.Classes
	clear(e.prior)
	for i, n := range e.weight {
		if n > 0 {
			for k := range K {
				e.prior[k] += e.posterior[i*K+k]
			}
		}
	}
	if e.Symmetric {
		e.prior[0] = (e.prior[0] + e.prior[1]) / 2
		e.prior[1] = e.prior[0]
	}
	normalise(e.prior)
	clear(e.confusion)
	for _, v := range e.votes {
		if e.weight[v.Item] < 2 {
			continue
		}
		for k := range K {
			e.confusion[(v.Annotator*K+k)*K+v.Class] += e.posterior[v.Item*K+k]
		}
	}
	e.mirror(e.confusion)
	e.smooth()
	for i := range len(e.confusion) / K {
		a, k := i/K, i%K
		row := e.confusion[i*K : (i+1)*K]
		normalise(row)
		for l, p := range row {
			e.logs[(a*K+l)*K+k] = log(p)
		}
	}
}

// mirror takes the mean of each annotator's counts, [A, K, K], with those of exchanged sides.
func (e *em) mirror(counts []float64) {
	if !e.Symmetric {
		return
	}
	K := e.Classes
	was := make([]float64, K*K)
	for a := range slices.Chunk(counts, K*K) {
		copy(was, a)
		for i := range a {
			a[i] = (a[i] + was[otherSide(i/K)*K+otherSide(i%K)]) / 2
		}
	}
}

// otherSide exchanges classes 0 and 1; others, as "equally good", have no side.
func otherSide(k int) int {
	if k < 2 {
		return 1 - k
	}
	return k
}

// smooth adds Smoothing answers to each row of counts, spread as those of the crowd: right
// ones for a class of which the crowd shows nothing.
func (e *em) smooth() {
	K := e.Classes
	clear(e.crowd)
	for i, n := range e.confusion {
		e.crowd[i%(K*K)] += n
	}
	for k, row := range rows(e.crowd, K) {
		if sum(row) == 0 {
			row[k] = 1
		}
		normalise(row)
	}
	for i := range e.confusion {
		e.confusion[i] += e.Smoothing * e.crowd[i%(K*K)]
	}
}

// expect is the E-step; it returns the log-likelihood of the votes.
func (e *em) expect() (logLikelihood float64) {
	K := e.Classes
	logPrior, row := make([]float64, K), make([]float64, K)
	for k, p := range e.prior {
		logPrior[k] = log(p)
	}
	rest := e.votes
	for i, n := range e.weight {
		if n == 0 {
			copy(e.posterior[i*K:], e.prior)
			continue
		}
		copy(row, logPrior)
		for ; len(rest) > 0 && rest[0].Item == i; rest = rest[1:] {
			for k, l := range e.logs[(rest[0].Annotator*K+rest[0].Class)*K:][:K] {
				row[k] += l
			}
		}
		if k := e.known(i); k >= 0 {
			logLikelihood += row[k]
			continue
		}
		logLikelihood += softmax(e.posterior[i*K:(i+1)*K], row)
	}
	return logLikelihood
}

// log is the logarithm of a chance, finite for 0 too.
func log(p float64) float64 { return math.Log(max(p, math.SmallestNonzeroFloat64)) }

// softmax writes exp(x) divided by their sum to p, and returns the logarithm of the sum.
func softmax(p, x []float64) float64 {
	top := slices.Max(x)
	for k, v := range x {
		p[k] = math.Exp(v - top)
	}
	total := sum(p)
	for k := range p {
		p[k] /= total
	}
	return top + math.Log(total)
}

// normalise makes numbers ≥ 0 add up to 1; all of them equal where they are 0.
func normalise(p []float64) {
	total := sum(p)
	for k := range p {
		if total > 0 {
			p[k] /= total
		} else {
			p[k] = 1 / float64(len(p))
		}
	}
}

// rows cuts a flat array into rows of n.
func rows(flat []float64, n int) (out [][]float64) {
	for r := range slices.Chunk(flat, n) {
		out = append(out, r)
	}
	return out
}

// Skill is an annotator's chance to say the true class of an item like those judged:
//
//	Σ_k prior_k · π_a(k|k)
//
// in [0, 1]. Guessing scores no more than the largest prior.
func (c Consensus) Skill(annotator int) (skill float64) {
	for k, p := range c.Prior {
		skill += p * c.Confusion[annotator][k][k]
	}
	return skill
}

// insight is what each annotator knows of the truth beyond chance, in the eyes of the
// others:
//
//	κ(Σ_i O_ik·[a said l of i]) / κ(Σ_i O_ik·O_il),   O_ik ∝ T_ik / π_a(said|k)
//
// Cohen's kappa of the answers with O, the posterior without a's own vote, against that
// of somebody who always says the truth, which O only knows in part. 1 is always right, 0
// guesses, whatever they favour; the noise of few answers can lead outside. Skill, which
// is fitted to an annotator's own votes too, flatters who has few.
func (e *em) insight() []float64 {
	K := e.Classes
	annotators := len(e.confusion) / (K * K)
	said, truth := make([]float64, len(e.confusion)), make([]float64, len(e.confusion))
	others := make([]float64, K)
	for _, v := range e.votes {
		if e.weight[v.Item] < 2 {
			continue
		}
		e.without(v, others)
		for k, p := range others {
			row := (v.Annotator*K + k) * K
			said[row+v.Class] += p
			for l, q := range others {
				truth[row+l] += p * q
			}
		}
	}
	e.mirror(said)
	e.mirror(truth)
	out := make([]float64, annotators)
	for a := range out {
		got, ok := Cohen(rows(said[a*K*K:(a+1)*K*K], K))
		best, known := Cohen(rows(truth[a*K*K:(a+1)*K*K], K))
		out[a] = math.NaN()
		if ok && known && best > 0 {
			out[a] = got / best
		}
	}
	return out
}

// without writes the posterior of a vote's item as it would be without that vote.
func (e *em) without(v Vote, others []float64) {
	K := e.Classes
	copy(others, e.posterior[v.Item*K:])
	if e.known(v.Item) >= 0 {
		return
	}
	for k := range others {
		others[k] /= max(e.confusion[(v.Annotator*K+k)*K+v.Class], 1e-12)
	}
	normalise(others)
}
