package models

import (
	"hash/fnv"
	"math"
)

// stream is a sequence of random numbers without state: number i is a function of
// (seed, name, i), so a parameter's initial values do not depend on which other
// parameters there are or who made them. SplitMix64, Steele et al. 2014.
type stream uint64

func newStream(seed uint64, name string) stream {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return stream(mix(seed ^ mix(h.Sum64())))
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is number i, in (0, 1).
func (s stream) uniform(i int) float64 {
	return (float64(mix(uint64(s)+uint64(i)*0x9e3779b97f4a7c15)>>11) + .5) / (1 << 53)
}

// normal is number i of mean 0 and variance 1, by Box and Muller 1958.
func (s stream) normal(i int) float64 {
	return math.Sqrt(-2*math.Log(s.uniform(2*i))) * math.Cos(2*math.Pi*s.uniform(2*i+1))
}
