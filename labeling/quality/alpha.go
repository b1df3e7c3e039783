package quality

import (
	"encoding/binary"
	"slices"

	"plumbline/internal/random"
)

// Level is the level of measurement of values: what a difference between two of them
// means.
type Level string

const (
	// Nominal values differ or they do not.
	Nominal Level = "nominal"
	// Ordinal values differ by how many given values lie between them.
	Ordinal Level = "ordinal"
	// Interval values differ by their distance.
	Interval Level = "interval"
)

// Ratings are the values that annotators gave: for each unit those given to it. Who gave
// which does not matter to alpha; a missing value is left out.
type Ratings struct {
	Units [][]float64
	// Cluster is how many units in a row belong together, as the pairs of one ranking do,
	// so that resamples keep them together; nil where each unit stands alone.
	Cluster []int
	// Symmetric: v and -v say the same of exchanged sides, and which side is which is an
	// accident. Then n_c is counted in the units and their mirror images together, or else
	// agreement would look like chance where the better one happens to come first.
	Symmetric bool
}

// Reliability is Krippendorff's alpha of ratings.
type Reliability struct {
	Level  Level   `json:"level"`
	Alpha  float64 `json:"alpha"` // 1 = all agree, 0 = as by chance, down to -1
	Low    float64 `json:"low"`   // ends of the bootstrap interval of 95 %
	High   float64 `json:"high"`
	Units  int     `json:"units"`  // with two values or more
	Values int     `json:"values"` // given to those
}

// Alpha is Krippendorff's alpha, in [-1, 1]:
//
//	α   = 1 - (n-1)·Σ_u D(u)/(m_u - 1) / D(all)
//	D   = Σ_{c<k} n_c·n_k·δ²(c, k)    over the values c, k given n_c, n_k times
//	δ²  = [c ≠ k]           nominal
//	      (r_c - r_k)²      ordinal, r = mid-ranks of the values among all n given
//	      (c - k)²          interval
//
// where unit u has m_u ≥ 2 values, n in all; others do not count. ok is false where alpha
// is undefined: fewer than two different values. Krippendorff 2011, "Computing
// Krippendorff's Alpha-Reliability".
func (r Ratings) Alpha(level Level) (alpha float64, ok bool) {
	return newSample(r).alpha(level)
}

// Reliability is alpha at each level at which it is defined, with percentile bootstrap
// intervals over clusters of units (Efron & Tibshirani 1993, ch. 13): 1,000 resamples, the
// same for all levels, or fewer, down to 200, beyond 20,000 units. Equal seeds give equal
// intervals. Resamples of one value alone, in which alpha is undefined, are left out.
func (r Ratings) Reliability(seed uint64, levels ...Level) []Reliability {
	s := newSample(r)
	var out []Reliability
	for _, l := range levels {
		if a, ok := s.alpha(l); ok {
			out = append(out, Reliability{Level: l, Alpha: a, Units: len(s.units), Values: s.total()})
		}
	}
	if len(out) == 0 {
		return nil
	}
	drawn := make([][]float64, len(out))
	rng := random.New(seed, random.Key("alpha"))
	for range min(1000, max(200, 20_000_000/len(s.units))) {
		s.resample(rng.Uint64)
		for i := range out {
			if a, ok := s.alpha(out[i].Level); ok {
				drawn[i] = append(drawn[i], a)
			}
		}
	}
	for i, a := range drawn {
		slices.Sort(a)
		out[i].Low, out[i].High = quantile(a, .025), quantile(a, .975)
	}
	return out
}

// sample is ratings by pattern: units with the same values are counted, not kept, so that
// a resample is only a draw of counts.
type sample struct {
	values   []float64 // the different ones, ascending
	patterns []pattern
	units    []int // [units] the pattern of each
	clusters []int // [clusters+1] where each begins in units
	count    []int // [patterns] how many units of the sample have it

	symmetric bool
	given     []int     // [values] how often each is given in the sample
	score     []float64 // [values] what distances are taken of
}

// pattern is the values of a unit: value c, an index, is given n times.
type pattern []struct{ c, n int }

func newSample(r Ratings) *sample {
	s := &sample{symmetric: r.Symmetric}
	for _, unit := range r.Units {
		if len(unit) >= 2 {
			s.values = append(s.values, unit...)
		}
	}
	if r.Symmetric {
		for _, v := range s.values {
			s.values = append(s.values, -v)
		}
	}
	slices.Sort(s.values)
	s.values = slices.Compact(s.values)
	s.given, s.score = make([]int, len(s.values)), make([]float64, len(s.values))
	known := map[string]int{}
	rest := r.Units
	for _, n := range r.clusters() {
		s.clusters = append(s.clusters, len(s.units))
		for _, unit := range rest[:n] {
			if len(unit) >= 2 {
				s.add(unit, known)
			}
		}
		rest = rest[n:]
	}
	s.clusters = append(s.clusters, len(s.units))
	s.clusters = slices.Compact(s.clusters) // those without a unit that counts
	return s
}

func (r Ratings) clusters() []int {
	if r.Cluster != nil {
		return r.Cluster
	}
	return slices.Repeat([]int{1}, len(r.Units))
}

func (s *sample) add(unit []float64, known map[string]int) {
	p := s.pattern(unit)
	var key []byte
	for _, v := range p {
		key = binary.AppendUvarint(binary.AppendUvarint(key, uint64(v.c)), uint64(v.n))
	}
	at, ok := known[string(key)]
	if !ok {
		at = len(s.patterns)
		known[string(key)] = at
		s.patterns, s.count = append(s.patterns, p), append(s.count, 0)
	}
	s.units = append(s.units, at)
	s.count[at]++
}

func (s *sample) pattern(unit []float64) (p pattern) {
	for _, v := range unit {
		c, _ := slices.BinarySearch(s.values, v)
		s.given[c]++
	}
	for _, v := range unit {
		c, _ := slices.BinarySearch(s.values, v)
		if s.given[c] > 0 {
			p = append(p, struct{ c, n int }{c, s.given[c]})
			s.given[c] = 0
		}
	}
	slices.SortFunc(p, func(a, b struct{ c, n int }) int { return a.c - b.c })
	return p
}

// resample draws as many clusters as there are, with replacement. The upper half of a
// random number times n picks one of n; its bias of n/2³² is far below the noise.
func (s *sample) resample(draw func() uint64) {
	clear(s.count)
	n := len(s.clusters) - 1
	for range n {
		c := (draw() >> 32) * uint64(n) >> 32
		for _, at := range s.units[s.clusters[c]:s.clusters[c+1]] {
			s.count[at]++
		}
	}
}

// total counts the values of the ratings.
func (s *sample) total() (n int) {
	for _, at := range s.units {
		n += s.patterns[at].total()
	}
	return n
}

func (p pattern) total() (n int) {
	for _, v := range p {
		n += v.n
	}
	return n
}

// alpha of the sample as counted. The mirror image of a unit disagrees as much as the unit.
func (s *sample) alpha(level Level) (alpha float64, ok bool) {
	all := s.margin()
	if len(all) < 2 {
		return 0, false
	}
	s.scale(level)
	var observed float64
	for i, p := range s.patterns {
		if s.count[i] > 0 && len(p) > 1 {
			observed += float64(s.count[i]) * s.disagreement(p, level) / float64(p.total()-1)
		}
	}
	if s.symmetric {
		observed *= 2
	}
	return 1 - float64(all.total()-1)*observed/s.disagreement(all, level), true
}

// margin is how often each value is given in the sample, as if in one unit.
func (s *sample) margin() pattern {
	clear(s.given)
	for i, p := range s.patterns {
		for _, v := range p {
			s.given[v.c] += s.count[i] * v.n
			if s.symmetric {
				s.given[len(s.given)-1-v.c] += s.count[i] * v.n
			}
		}
	}
	all := make(pattern, 0, len(s.given))
	for c, n := range s.given {
		if n > 0 {
			all = append(all, struct{ c, n int }{c, n})
		}
	}
	return all
}

// scale sets the scores: the values, or their mid-ranks in the sample.
func (s *sample) scale(level Level) {
	copy(s.score, s.values)
	if level != Ordinal {
		return
	}
	before := 0
	for c, n := range s.given {
		s.score[c] = float64(before) + float64(n)/2
		before += n
	}
}

// disagreement is D: n·Σ n_c·s_c² - (Σ n_c·s_c)² with scores s, taken from the first one
// of p to keep digits, or (n² - Σ n_c²)/2 without.
func (s *sample) disagreement(p pattern, level Level) float64 {
	var n, sum, squares float64
	origin := s.score[p[0].c]
	for _, v := range p {
		k := float64(v.n)
		n += k
		if level == Nominal {
			squares += k * k
			continue
		}
		d := s.score[v.c] - origin
		sum += k * d
		squares += k * d * d
	}
	if level == Nominal {
		return (n*n - squares) / 2
	}
	return n*squares - sum*sum
}

// quantile of sorted values, between the two nearest (R's type 7).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
