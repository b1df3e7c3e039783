//go:build cgo

package kernel

/*
#cgo CFLAGS: -std=c11 -O3 -Wno-psabi
#cgo LDFLAGS: -lm
#cgo noescape k_packa
#cgo nocallback k_packa
#cgo noescape k_packb
#cgo nocallback k_packb
#cgo noescape k_tiles
#cgo nocallback k_tiles
#cgo noescape k_addbias
#cgo nocallback k_addbias
#cgo noescape k_colsums
#cgo nocallback k_colsums
#cgo noescape k_add
#cgo nocallback k_add
#cgo noescape k_axpy
#cgo nocallback k_axpy
#cgo noescape k_scale
#cgo nocallback k_scale
#cgo noescape k_gather
#cgo nocallback k_gather
#cgo noescape k_scatter
#cgo nocallback k_scatter
#cgo noescape k_norm
#cgo nocallback k_norm
#cgo noescape k_normdx
#cgo nocallback k_normdx
#cgo noescape k_normdw
#cgo nocallback k_normdw
#cgo noescape k_rope
#cgo nocallback k_rope
#cgo noescape k_gelu
#cgo nocallback k_gelu
#cgo noescape k_gelugrad
#cgo nocallback k_gelugrad
#cgo noescape k_swiglu
#cgo nocallback k_swiglu
#cgo noescape k_swiglugrad
#cgo nocallback k_swiglugrad
#cgo noescape k_attend
#cgo nocallback k_attend
#cgo noescape k_attendgrad
#cgo nocallback k_attendgrad
#cgo noescape k_logprob
#cgo nocallback k_logprob
#cgo noescape k_logprobgrad
#cgo nocallback k_logprobgrad
#cgo noescape k_argmax
#cgo nocallback k_argmax
#cgo noescape k_adamw
#cgo nocallback k_adamw
#cgo noescape k_sumsq
#cgo nocallback k_sumsq
#cgo noescape k_hasnan
#cgo nocallback k_hasnan
#cgo noescape k_bf16tof32
#cgo nocallback k_bf16tof32
#cgo noescape k_f16tof32
#cgo nocallback k_f16tof32
#cgo noescape k_f32tobf16
#cgo nocallback k_f32tobf16
#cgo noescape k_f32tof16
#cgo nocallback k_f32tof16
#cgo noescape k_fma
#cgo nocallback k_fma
#include "kernels.h"
static void k_packa(const kn_isa *isa, long i0, long i1, long m, long k, const float *a, long rs, long cs, float *pa) { isa->packa(i0, i1, m, k, a, rs, cs, pa); }
static void k_packb(const kn_isa *isa, long j0, long j1, long n, long k, const float *b, long rs, long cs, float *pb) { isa->packb(j0, j1, n, k, b, rs, cs, pb); }
static void k_tiles(const kn_isa *isa, long i0, long i1, long j0, long j1, long m, long n, long k, const float *pa, const float *b, long brs, long bcs, const float *pb, long depth, long from, float *c, long ldc, int acc, float *panel) { isa->tiles(i0, i1, j0, j1, m, n, k, pa, b, brs, bcs, pb, depth, from, c, ldc, acc, panel); }
static void k_addbias(const kn_isa *isa, float *y, const float *bias, long rows, long cols) { isa->addbias(y, bias, rows, cols); }
static void k_colsums(const kn_isa *isa, float *dst, const float *x, long rows, long cols, long ld) { isa->colsums(dst, x, rows, cols, ld); }
static void k_add(const kn_isa *isa, float *out, const float *x, const float *y, long n) { isa->add(out, x, y, n); }
static void k_axpy(const kn_isa *isa, float *y, float a, const float *x, long n) { isa->axpy(y, a, x, n); }
static void k_scale(const kn_isa *isa, float *x, float a, long n) { isa->scale(x, a, n); }
static void k_gather(const kn_isa *isa, float *out, const float *x, const int32_t *rows, long n, long d, int acc) { isa->gather(out, x, rows, n, d, acc); }
static void k_scatter(const kn_isa *isa, float *dx, const float *dout, const int32_t *rows, long n, long d, long c0, long c1) { isa->scatter(dx, dout, rows, n, d, c0, c1); }
static void k_norm(const kn_isa *isa, float *out, const float *x, const float *gain, const float *bias, float *mean, float *rstd, long rows, long d, float eps) { isa->norm(out, x, gain, bias, mean, rstd, rows, d, eps); }
static void k_normdx(const kn_isa *isa, float *dx, const float *dout, const float *x, const float *gain, const float *mean, const float *rstd, long rows, long d) { isa->normdx(dx, dout, x, gain, mean, rstd, rows, d); }
static void k_normdw(const kn_isa *isa, float *dgain, float *dbias, const float *dout, const float *x, const float *mean, const float *rstd, long rows, long d, long c0, long c1) { isa->normdw(dgain, dbias, dout, x, mean, rstd, rows, d, c0, c1); }
static void k_rope(const kn_isa *isa, float *out, const float *x, const int32_t *pos, long rows, kn_rope s, const float *cosine, const float *sine) { isa->rope(out, x, pos, rows, s, cosine, sine); }
static void k_gelu(const kn_isa *isa, float *out, const float *x, long n, int exact) { isa->gelu(out, x, n, exact); }
static void k_gelugrad(const kn_isa *isa, float *dx, const float *dout, const float *x, long n, int exact) { isa->gelugrad(dx, dout, x, n, exact); }
static void k_swiglu(const kn_isa *isa, float *out, const float *gateup, long rows, long f) { isa->swiglu(out, gateup, rows, f); }
static void k_swiglugrad(const kn_isa *isa, float *dgateup, const float *dout, const float *gateup, long rows, long f) { isa->swiglugrad(dgateup, dout, gateup, rows, f); }
static void k_attend(const kn_isa *isa, kn_attn a, const float *qkv, float *out, float *lse, float *tiles, long tstride, long hstride, long pos, long rows, long h0, long h1, int pack, long i0, long i1, float *work) { isa->attend(a, qkv, out, lse, tiles, tstride, hstride, pos, rows, h0, h1, pack, i0, i1, work); }
static void k_attendgrad(const kn_isa *isa, kn_attn a, float *dqkv, const float *qkv, const float *dout, const float *out, const float *lse, long rows, long h0, long h1, float *work) { isa->attendgrad(a, dqkv, qkv, dout, out, lse, rows, h0, h1, work); }
static void k_logprob(const kn_isa *isa, float *logprob, float *entropy, float *lse, float *logits, const int32_t *targets, long rows, long v, float invtemp) { isa->logprob(logprob, entropy, lse, logits, targets, rows, v, invtemp); }
static void k_logprobgrad(const kn_isa *isa, float *logits, const int32_t *targets, const float *lse, const float *entropy, const float *dlogprob, const float *dentropy, long rows, long v, float invtemp) { isa->logprobgrad(logits, targets, lse, entropy, dlogprob, dentropy, rows, v, invtemp); }
static void k_argmax(const kn_isa *isa, int32_t *out, const float *logits, long rows, long v) { isa->argmax(out, logits, rows, v); }
static void k_adamw(const kn_isa *isa, float *w, const float *g, float *m, float *v, long n, kn_adamw h) { isa->adamw(w, g, m, v, n, h); }
static double k_sumsq(const kn_isa *isa, const float *x, long n) { return isa->sumsq(x, n); }
static int k_hasnan(const kn_isa *isa, const float *x, long n) { return isa->hasnan(x, n); }
static void k_bf16tof32(const kn_isa *isa, float *dst, const uint16_t *src, long n) { isa->bf16tof32(dst, src, n); }
static void k_f16tof32(const kn_isa *isa, float *dst, const uint16_t *src, long n) { isa->f16tof32(dst, src, n); }
static void k_f32tobf16(const kn_isa *isa, uint16_t *dst, const float *src, long n) { isa->f32tobf16(dst, src, n); }
static void k_f32tof16(const kn_isa *isa, uint16_t *dst, const float *src, long n) { isa->f32tof16(dst, src, n); }
static double k_fma(const kn_isa *isa, long rounds) { return isa->fma(rounds); }
*/
import "C"

import "unsafe"

// native lists the C builds that this machine runs, best first.
func native() []*build {
	var list [3]*C.kn_isa
	n := int(C.kn_list(&list[0]))
	builds := make([]*build, n)
	for i := range builds {
		builds[i] = isa{list[i]}.build()
	}
	return builds
}

// isa is one C table; its methods have the signatures of build.
type isa struct{ c *C.kn_isa }

func (s isa) build() *build {
	return &build{
		name: C.GoString(s.c.name), mr: int(s.c.mr), nr: int(s.c.nr),
		packA: s.packA, packB: s.packB, tiles: s.tiles,
		addBias: s.addBias, colSums: s.colSums, add: s.add, axpy: s.axpy, scale: s.scale,
		gather: s.gather, scatter: s.scatter,
		norm: s.norm, normDX: s.normDX, normDW: s.normDW, rope: s.rope,
		gelu: s.gelu, geluGrad: s.geluGrad, swiglu: s.swiglu, swigluGrad: s.swigluGrad,
		attend: s.attend, attendGrad: s.attendGrad,
		logProb: s.logProb, logProbGrad: s.logProbGrad, argmax: s.argmax,
		adamw: s.adamw, sumSq: s.sumSq, hasNaN: s.hasNaN,
		bf16ToF32: s.bf16ToF32, f16ToF32: s.f16ToF32, f32ToBF16: s.f32ToBF16, f32ToF16: s.f32ToF16,
		fma: s.fma,
	}
}

func f32(x []float32) *C.float   { return (*C.float)(unsafe.Pointer(unsafe.SliceData(x))) }
func i32(x []int32) *C.int32_t   { return (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(x))) }
func u16(x []uint16) *C.uint16_t { return (*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(x))) }
func long(n int) C.long          { return C.long(n) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func (s isa) packA(i0, i1, m, k int, a []float32, rs, cs int, pa []float32) {
	C.k_packa(s.c, long(i0), long(i1), long(m), long(k), f32(a), long(rs), long(cs), f32(pa))
}

func (s isa) packB(j0, j1, n, k int, b []float32, rs, cs int, pb []float32) {
	C.k_packb(s.c, long(j0), long(j1), long(n), long(k), f32(b), long(rs), long(cs), f32(pb))
}

func (s isa) tiles(g *tileJob, i0, i1, j0, j1 int, panel []float32) {
	C.k_tiles(s.c, long(i0), long(i1), long(j0), long(j1), long(g.m), long(g.n), long(g.k), f32(g.pa), f32(g.b), long(g.brs), long(g.bcs),
		f32(g.pb), long(g.depth), long(g.from), f32(g.c), long(g.ldc), flag(g.accumulate), f32(panel))
}

func (s isa) addBias(y, bias []float32, rows, cols int) {
	C.k_addbias(s.c, f32(y), f32(bias), long(rows), long(cols))
}

func (s isa) colSums(dst, x []float32, rows, cols, ld int) {
	C.k_colsums(s.c, f32(dst), f32(x), long(rows), long(cols), long(ld))
}

func (s isa) add(out, x, y []float32) { C.k_add(s.c, f32(out), f32(x), f32(y), long(len(out))) }

func (s isa) axpy(y []float32, a float32, x []float32) {
	C.k_axpy(s.c, f32(y), C.float(a), f32(x), long(len(y)))
}

func (s isa) scale(x []float32, a float32) { C.k_scale(s.c, f32(x), C.float(a), long(len(x))) }

func (s isa) gather(out, x []float32, rows []int32, d int, accumulate bool) {
	C.k_gather(s.c, f32(out), f32(x), i32(rows), long(len(rows)), long(d), flag(accumulate))
}

func (s isa) scatter(dx, dout []float32, rows []int32, d, c0, c1 int) {
	C.k_scatter(s.c, f32(dx), f32(dout), i32(rows), long(len(rows)), long(d), long(c0), long(c1))
}

func (s isa) norm(out, x, gain, bias, mean, rstd []float32, rows, d int, eps float32) {
	C.k_norm(s.c, f32(out), f32(x), f32(gain), f32(bias), f32(mean), f32(rstd), long(rows), long(d), C.float(eps))
}

func (s isa) normDX(dx, dout, x, gain, mean, rstd []float32, rows, d int) {
	C.k_normdx(s.c, f32(dx), f32(dout), f32(x), f32(gain), f32(mean), f32(rstd), long(rows), long(d))
}

func (s isa) normDW(dgain, dbias, dout, x, mean, rstd []float32, rows, d, c0, c1 int) {
	C.k_normdw(s.c, f32(dgain), f32(dbias), f32(dout), f32(x), f32(mean), f32(rstd), long(rows), long(d), long(c0), long(c1))
}

func (s isa) rope(out, x []float32, pos []int32, rows int, r *ropeShape, cos, sin []float32) {
	shape := C.kn_rope{long(r.width), long(r.heads), long(r.headDim), long(r.dim), flag(r.interleaved), flag(r.inverse)}
	C.k_rope(s.c, f32(out), f32(x), i32(pos), long(rows), shape, f32(cos), f32(sin))
}

func (s isa) gelu(out, x []float32, exact bool) {
	C.k_gelu(s.c, f32(out), f32(x), long(len(out)), flag(exact))
}

func (s isa) geluGrad(dx, dout, x []float32, exact bool) {
	C.k_gelugrad(s.c, f32(dx), f32(dout), f32(x), long(len(dx)), flag(exact))
}

func (s isa) swiglu(out, gateUp []float32, rows, f int) {
	C.k_swiglu(s.c, f32(out), f32(gateUp), long(rows), long(f))
}

func (s isa) swigluGrad(dgateUp, dout, gateUp []float32, rows, f int) {
	C.k_swiglugrad(s.c, f32(dgateUp), f32(dout), f32(gateUp), long(rows), long(f))
}

func attn(a Attn) C.kn_attn {
	return C.kn_attn{
		heads: long(a.Heads), kv: long(a.KV), head: long(a.Head), padded: long(a.padded()), window: long(a.Window),
		scale: C.float(a.Scale),
	}
}

func (s isa) attend(q *attnSeq[float32], h0, h1 int, pack bool, i0, i1 int) {
	C.k_attend(s.c, attn(q.Attn), f32(q.qkv), f32(q.out), f32(q.lse), f32(q.tiles), long(q.tileStride), long(q.headStride), long(q.pos), long(q.rows),
		long(h0), long(h1), flag(pack), long(i0), long(i1), f32(q.work))
}

func (s isa) attendGrad(g *attnGrad[float32], h0, h1 int) {
	C.k_attendgrad(s.c, attn(g.Attn), f32(g.dqkv), f32(g.qkv), f32(g.dout), f32(g.out), f32(g.lse), long(g.rows), long(h0), long(h1), f32(g.work))
}

func (s isa) logProb(logprob, entropy, lse, logits []float32, targets []int32, rows, v int, invTemp float32) {
	C.k_logprob(s.c, f32(logprob), f32(entropy), f32(lse), f32(logits), i32(targets), long(rows), long(v), C.float(invTemp))
}

func (s isa) logProbGrad(logits []float32, targets []int32, lse, entropy, dlogprob, dentropy []float32, rows, v int, invTemp float32) {
	C.k_logprobgrad(s.c, f32(logits), i32(targets), f32(lse), f32(entropy), f32(dlogprob), f32(dentropy), long(rows), long(v), C.float(invTemp))
}

func (s isa) argmax(out []int32, logits []float32, rows, v int) {
	C.k_argmax(s.c, i32(out), f32(logits), long(rows), long(v))
}

func (s isa) adamw(w, g, m, v []float32, h AdamW) {
	step := C.kn_adamw{
		lr: C.float(h.LR), beta1: C.float(h.Beta1), beta2: C.float(h.Beta2), rest1: C.float(h.Rest1), rest2: C.float(h.Rest2), eps: C.float(h.Eps), decay: C.float(h.WeightDecay),
		c1: C.float(h.C1), c2: C.float(h.C2), gradscale: C.float(h.GradScale),
	}
	C.k_adamw(s.c, f32(w), f32(g), f32(m), f32(v), long(len(w)), step)
}

func (s isa) sumSq(x []float32) float64 { return float64(C.k_sumsq(s.c, f32(x), long(len(x)))) }

func (s isa) hasNaN(x []float32) bool { return C.k_hasnan(s.c, f32(x), long(len(x))) != 0 }

func (s isa) bf16ToF32(dst []float32, src []uint16) {
	C.k_bf16tof32(s.c, f32(dst), u16(src), long(len(dst)))
}

func (s isa) f16ToF32(dst []float32, src []uint16) {
	C.k_f16tof32(s.c, f32(dst), u16(src), long(len(dst)))
}

func (s isa) f32ToBF16(dst []uint16, src []float32) {
	C.k_f32tobf16(s.c, u16(dst), f32(src), long(len(dst)))
}

func (s isa) f32ToF16(dst []uint16, src []float32) {
	C.k_f32tof16(s.c, u16(dst), f32(src), long(len(dst)))
}

func (s isa) fma(rounds int) float64 { return float64(C.k_fma(s.c, long(rounds))) }
