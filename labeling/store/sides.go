package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"plumbline/labeling"
)

// Sides is the order, from left to right, in which slot n of an item shows its
// candidates. Where an item begins is random, and each further slot begins one later:
// over the slots of an item every candidate stands left equally often, but for the
// remainder. Being the slot's, the order is the same after a reconnect.
func Sides(seed uint64, ref string, n int, ids []labeling.CandidateID) []labeling.CandidateID {
	sum := sha256.Sum256(fmt.Appendf(nil, "sides\x00%d\x00%s", seed, ref))
	k := uint64(len(ids))
	start := (binary.BigEndian.Uint64(sum[:])%k + uint64(n)) % k
	return append(append([]labeling.CandidateID{}, ids[start:]...), ids[:start]...)
}
