package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType names how the elements of a tensor are stored, in the format's own words.
type DType string

// The types that are read and written. Weights are F32, BF16 or F16; the integers
// occur in golden files and optimiser states.
const (
	F32  DType = "F32"
	BF16 DType = "BF16"
	F16  DType = "F16"
	I64  DType = "I64"
	I32  DType = "I32"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// dtypes is every type, in the order in which the reference library lays tensors
// into a file, last first: the widest alignment comes first there.
var dtypes = []DType{Bool, U8, F16, BF16, I32, F32, I64}

// Size is the number of bytes of an element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16:
		return 2
	case U8, Bool:
		return 1
	}
	return 0
}

// Float reports whether elements are real numbers.
func (d DType) Float() bool { return d == F32 || d == BF16 || d == F16 }

// torch is the name that config.json gives to a type of weights.
func (d DType) torch() string {
	return map[DType]string{F32: "float32", BF16: "bfloat16", F16: "float16"}[d]
}

// ParseDType reads a type of weights as users and config.json write it: f32,
// float32, bf16, bfloat16, f16 or float16.
func ParseDType(s string) (DType, error) {
	switch s {
	case "f32", "float32":
		return F32, nil
	case "bf16", "bfloat16":
		return BF16, nil
	case "f16", "float16":
		return F16, nil
	}
	return "", fmt.Errorf("checkpoint: dtype: got %q, want f32, bf16 or f16", s)
}

func (d DType) rank() int { return slices.Index(dtypes, d) }

// decodeFloats fills dst from little-endian elements of a float type.
func decodeFloats(d DType, dst []float32, b []byte) {
	le := binary.LittleEndian
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(le.Uint16(b[2*i:])) << 16)
		}
	default: // F16
		for i := range dst {
			dst[i] = fromF16(le.Uint16(b[2*i:]))
		}
	}
}

// appendFloats appends v as little-endian elements of a float type, rounded to
// nearest, ties to even.
func appendFloats(d DType, b []byte, v []float32) []byte {
	le := binary.LittleEndian
	for _, x := range v {
		switch d {
		case F32:
			b = le.AppendUint32(b, math.Float32bits(x))
		case BF16:
			b = le.AppendUint16(b, toBF16(x))
		default: // F16
			b = le.AppendUint16(b, toF16(x))
		}
	}
	return b
}

// decodeInts fills dst from little-endian elements of an integer type.
func decodeInts(d DType, dst []int64, b []byte) {
	le := binary.LittleEndian
	for i := range dst {
		switch d {
		case I64:
			dst[i] = int64(le.Uint64(b[8*i:]))
		case I32:
			dst[i] = int64(int32(le.Uint32(b[4*i:])))
		default: // U8, Bool
			dst[i] = int64(b[i])
		}
	}
}

// appendInts appends v as little-endian elements of an integer type. The caller
// gives values that fit.
func appendInts(d DType, b []byte, v []int64) []byte {
	le := binary.LittleEndian
	for _, x := range v {
		switch d {
		case I64:
			b = le.AppendUint64(b, uint64(x))
		case I32:
			b = le.AppendUint32(b, uint32(x))
		default: // U8, Bool
			b = append(b, byte(x))
		}
	}
	return b
}

func toBF16(x float32) uint16 {
	u := math.Float32bits(x)
	if x != x {
		return uint16(u>>16) | 0x40 // keep a NaN a NaN when its payload is cut
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

func fromF16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero and subnormals: frac · 2^-24, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)/(1<<24)))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

func toF16(x float32) uint16 {
	u := math.Float32bits(x)
	sign, u := uint16(u>>16&0x8000), u&0x7fffffff
	switch {
	case u > 0xff<<23:
		return sign | 0x7e00 | uint16(u>>13&0x3ff)
	case u >= 143<<23: // 65536 and above
		return sign | 0x7c00
	case u < 113<<23: // below 2^-14: a multiple of 2^-24, rounded by the float unit
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(u))*(1<<24)))
	}
	u -= 112 << 23
	return sign | uint16((u+0xfff+u>>13&1)>>13) // a carry into the exponent is right, into infinity too
}
