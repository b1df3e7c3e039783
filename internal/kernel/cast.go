package kernel

// BF16ToF32 widens len(dst) bfloat16 values, exactly.
func BF16ToF32(dst []float32, src []uint16) {
	need("bf16 to f32", "src", len(src), len(dst))
	active.Load().bf16ToF32(dst, src)
}

// F32ToBF16 rounds len(dst) values to the nearest bfloat16, ties to even; NaN stays NaN.
func F32ToBF16(dst []uint16, src []float32) {
	need("f32 to bf16", "src", len(src), len(dst))
	active.Load().f32ToBF16(dst, src)
}

// F16ToF32 widens len(dst) half-precision values, exactly.
func F16ToF32(dst []float32, src []uint16) {
	need("f16 to f32", "src", len(src), len(dst))
	active.Load().f16ToF32(dst, src)
}

// F32ToF16 rounds len(dst) values to the nearest half, ties to even: beyond 65504
// infinite, subnormals kept, NaN stays NaN.
func F32ToF16(dst []uint16, src []float32) {
	need("f32 to f16", "src", len(src), len(dst))
	active.Load().f32ToF16(dst, src)
}
