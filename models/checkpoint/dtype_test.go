package checkpoint

import (
	"math"
	"testing"
)

// Values by hand from the definition of binary16 (IEEE 754-2008) and bfloat16.
func TestHalfRounding(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		got  uint16
		want uint16
	}{
		{"f16 one", toF16(1), 0x3c00},
		{"f16 minus two", toF16(-2), 0xc000},
		{"f16 a third", toF16(1. / 3), 0x3555},
		{"f16 largest", toF16(65504), 0x7bff},
		{"f16 tie above the largest goes to infinity", toF16(65520), 0x7c00},
		{"f16 just below that tie", toF16(65519), 0x7bff},
		{"f16 infinity", toF16(inf), 0x7c00},
		{"f16 smallest normal", toF16(0x1p-14), 0x0400},
		{"f16 rounds up into the normals", toF16(0x1p-14 - 0x1p-26), 0x0400},
		{"f16 smallest subnormal", toF16(0x1p-24), 0x0001},
		{"f16 half of it ties to zero", toF16(0x1p-25), 0x0000},
		{"f16 three halves of it tie to two", toF16(0x3p-25), 0x0002},
		{"f16 tie to even, down", toF16(1 + 0x1p-11), 0x3c00},
		{"f16 tie to even, up", toF16(1 + 0x3p-11), 0x3c02},
		{"f16 minus zero", toF16(float32(math.Copysign(0, -1))), 0x8000},
		{"bf16 one", toBF16(1), 0x3f80},
		{"bf16 tie to even, down", toBF16(1 + 0x1p-8), 0x3f80},
		{"bf16 tie to even, up", toBF16(1 + 0x3p-8), 0x3f82},
		{"bf16 overflow", toBF16(math.MaxFloat32), 0x7f80},
		{"bf16 infinity", toBF16(-inf), 0xff80},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %#04x, want %#04x", c.name, c.got, c.want)
		}
	}
}

// Every half-precision value survives float32 and back.
func TestHalfExact(t *testing.T) {
	var b [2]byte
	var x [1]float32
	for u := range 1 << 16 {
		b[0], b[1] = byte(u), byte(u>>8)
		for _, d := range []DType{F16, BF16} {
			decodeFloats(d, x[:], b[:])
			back := appendFloats(d, nil, x[:])
			if x[0] != x[0] {
				decodeFloats(d, x[:], back)
				if x[0] == x[0] {
					t.Fatalf("%s %#04x: NaN became %v", d, u, x[0])
				}
				continue
			}
			if back[0] != b[0] || back[1] != b[1] {
				t.Fatalf("%s %#04x: got %#02x%02x back", d, u, back[1], back[0])
			}
		}
	}
}
