// Package random gives random numbers by address instead of by history: a source is
// a function of its keys (seed, stage, step, sequence ...), so results do not depend
// on the order of work, the number of threads or where a run was resumed.
package random

import (
	"hash/fnv"
	"math/rand/v2"
)

// New is a generator for the given keys: equal keys give equal numbers, and keys that
// differ in any place give unrelated ones. Cheap to make; not for secrets.
func New(keys ...uint64) *rand.Rand {
	a, b := uint64(0x9e3779b97f4a7c15), uint64(0xd1b54a32d192ed03)
	for _, k := range keys {
		a = mix(a ^ mix(k+0x9e3779b97f4a7c15))
		b = mix(b + a)
	}
	return rand.New(rand.NewPCG(a, b))
}

// Key makes a key of a name.
func Key(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64()
}

// mix is the finaliser of SplitMix64 (Steele et al. 2014, "Fast splittable
// pseudorandom number generators").
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
