package train

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
)

// Rand gives the random numbers of one place in a run. They depend on the key only,
// not on what was drawn elsewhere or before, so a step can be done again, in any order
// and by any number of threads. stage names a purpose ("sft/order", "ppo/sample"),
// step counts from 0, index is the sequence within the step.
//
// The stream is ChaCha8 (https://c2sp.org/chacha8rand) under the 32-byte key
//
//	seed | FNV-1a(stage) | step | index	each 64 bits, little endian
func Rand(seed uint64, stage string, step, index int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(stage)) // a hash never fails
	var key [32]byte
	for i, v := range []uint64{seed, h.Sum64(), uint64(step), uint64(index)} {
		binary.LittleEndian.PutUint64(key[8*i:], v)
	}
	return rand.New(rand.NewChaCha8(key))
}
