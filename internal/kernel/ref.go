package kernel

import "math"

// float lets the references run in float64 too, where gradients are checked against
// differences.
type float interface{ ~float32 | ~float64 }

// goBuild is the reference: plain loops in the order of the formulas.
func goBuild() *build {
	return &build{
		name: "go", mr: refMR, nr: refNR,
		packA: refPackA, packB: refPackB, tiles: refTiles,
		addBias: refAddBias[float32], colSums: refColSums[float32],
		add: refAdd[float32], axpy: refAxpy[float32], scale: refScale[float32],
		gather: refGather[float32], scatter: refScatter[float32],
		norm: refNorm[float32], normDX: refNormDX[float32], normDW: refNormDW[float32],
		rope: refRope[float32],
		gelu: refGelu[float32], geluGrad: refGeluGrad[float32],
		swiglu: refSwiGLU[float32], swigluGrad: refSwiGLUGrad[float32],
		attend: refAttend[float32], attendGrad: refAttendGrad[float32],
		logProb: refLogProb[float32], logProbGrad: refLogProbGrad[float32], argmax: refArgmax[float32],
		adamw: refAdamW, sumSq: refSumSq, hasNaN: refHasNaN,
		bf16ToF32: refBF16ToF32, f16ToF32: refF16ToF32, f32ToBF16: refF32ToBF16, f32ToF16: refF32ToF16,
		fma: refFMA,
	}
}

// exp, log and the like are taken in float64 and rounded once.
func exp[T float](x T) T { return T(math.Exp(float64(x))) }

func sigmoid[T float](x T) T { return T(1 / (1 + math.Exp(-float64(x)))) }

// mac is a·b + c, rounded after each operation on every processor: the conversion
// keeps the compiler from fusing them on some.
func mac[T float](a, b, c T) T { return T(a*b) + c }
