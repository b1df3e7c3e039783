package quality

import "math"

// Share is k of n, as a number and with an interval.
type Share struct {
	K    int     `json:"k"`
	N    int     `json:"n"`
	P    float64 `json:"p"`              // k/n, 0 where n is 0
	Low  float64 `json:"low,omitempty"`  // ends of the interval, where there is one
	High float64 `json:"high,omitempty"` //
}

// count adds a case.
func (s *Share) count(hit bool) {
	s.N++
	if hit {
		s.K++
	}
}

func (s Share) point() Share {
	if s.N > 0 {
		s.P = float64(s.K) / float64(s.N)
	}
	return s
}

// z is the normal quantile of a two-sided interval of 95 %.
const z = 1.959963984540054

// WithInterval adds Wilson's score interval of 95 %, for n independent cases:
//
//	(p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// Wilson 1927, J. Am. Stat. Assoc. 22:209. Without cases it is 0 to 1.
func (s Share) WithInterval() Share {
	s = s.point()
	if s.N == 0 {
		s.High = 1
		return s
	}
	n := float64(s.N)
	mid := s.P + z*z/(2*n)
	half := z * math.Sqrt(s.P*(1-s.P)/n+z*z/(4*n*n))
	s.Low, s.High = max(0, (mid-half)/(1+z*z/n)), min(1, (mid+half)/(1+z*z/n)) // rounding would leave [0, 1]
	return s
}
