package generate

import "plumbline/internal/random"

// sampler chooses the next token of a row. It is used by one goroutine.
type sampler struct {
	p []float64 // [V]
}

// next draws from the distribution of logits by inversion. The random number is a
// function of (seed, sequence, position) alone.
func (s *sampler) next(logits []float32, history []int32, o Options, sequence uint64, position int) int32 {
	if len(s.p) != len(logits) {
		s.p = make([]float64, len(logits))
	}
	Distribution(s.p, logits, history, o)
	if o.Temperature == 0 {
		return int32(argmax(s.p))
	}
	u := random.New(o.Seed, sequence, uint64(position)).Float64()
	last := 0
	for i, q := range s.p {
		if q == 0 {
			continue
		}
		if u < q {
			return int32(i)
		}
		u -= q
		last = i
	}
	return int32(last) // rounding left u just above the total
}
