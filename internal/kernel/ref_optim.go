package kernel

import "math"

func refAdamW(w, g, m, v []float32, h AdamW) {
	for i := range w {
		gi := g[i] * h.GradScale
		m[i] = h.Beta1*m[i] + h.Rest1*gi
		v[i] = h.Beta2*v[i] + h.Rest2*gi*gi
		w[i] -= h.LR * h.WeightDecay * w[i]
		w[i] -= h.LR * (m[i] * h.C1) / (float32(math.Sqrt(float64(v[i]*h.C2))) + h.Eps)
	}
}

func refSumSq(x []float32) (s float64) {
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// An exponent of all ones is NaN or infinite.
const expMask = 0x7f800000

func refHasNaN(x []float32) bool {
	for _, v := range x {
		if math.Float32bits(v)&expMask == expMask {
			return true
		}
	}
	return false
}

func refBF16ToF32(dst []float32, src []uint16) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

func refF32ToBF16(dst []uint16, src []float32) {
	for i := range dst {
		u := math.Float32bits(src[i])
		if src[i] != src[i] {
			dst[i] = uint16(u>>16) | 0x40
			continue
		}
		dst[i] = uint16((u + 0x7fff + u>>16&1) >> 16)
	}
}

func refF16ToF32(dst []float32, src []uint16) {
	for i := range dst {
		dst[i] = f16ToF32(src[i])
	}
}

func refF32ToF16(dst []uint16, src []float32) {
	for i := range dst {
		dst[i] = f32ToF16(src[i])
	}
}

// f16ToF32 moves exponent and fraction into place and corrects the bias by a
// product, which handles subnormals too.
func f16ToF32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	u := uint32(h&0x7fff) << 13
	if h&0x7c00 == 0x7c00 {
		u |= expMask
		if h&0x3ff != 0 {
			u |= 0x400000 // NaN becomes quiet, as the processor has it
		}
		return math.Float32frombits(sign | u)
	}
	f := math.Float32frombits(u) * 0x1p112
	return math.Float32frombits(sign | math.Float32bits(f))
}

func f32ToF16(f float32) uint16 {
	u := math.Float32bits(f)
	sign, u := uint16(u>>16&0x8000), u&0x7fffffff
	switch {
	case u > expMask: // NaN, its payload cut
		return sign | 0x7e00 | uint16(u>>13&0x3ff)
	case u >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case u < 0x38800000: // below 2^-14: adding 0.5 leaves the fraction in the low bits, rounded
		return sign | uint16(math.Float32bits(math.Float32frombits(u)+0.5)-0x3f000000)
	}
	return sign | uint16((u-0x38000000+0xfff+u>>13&1)>>13)
}
