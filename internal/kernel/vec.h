// Vectors of VL floats and the functions of them that the kernels share.
#include <math.h>
#include <string.h>

typedef float F __attribute__((vector_size(VL * 4)));
typedef float FU __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(VL * 4)));
typedef int32_t IU __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef float F4 __attribute__((vector_size(16)));
typedef float F4U __attribute__((vector_size(16), aligned(4), may_alias));

#define INL static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")
#define LD(p) ((F)(*(const FU *)(p)))
#define ST(p, v) (*(FU *)(p) = (v))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define UP(n, q) (((n) + (q) - 1) / (q) * (q)) // n rounded up to a multiple of q

INL F all(float x) { return ALL(x); }

#ifndef LOAD_HEAD
INL F load_head(const float *p, long n, F fill) {
  memcpy(&fill, p, n * sizeof *p);
  return fill;
}
INL void store_head(float *p, long n, F v) { memcpy(p, &v, n * sizeof *p); }
#define LOAD_HEAD load_head
#define STORE_HEAD store_head
#endif
// The first min(n, VL) of p, the other lanes from fill. Tails go through the same arithmetic as the rest.
INL F ldf(const float *p, long n, F fill) { return n >= VL ? LD(p) : LOAD_HEAD(p, n, fill); }
INL F ldn(const float *p, long n) { return ldf(p, n, (F){0}); }
INL void stn(float *p, long n, F v) {
  if (n >= VL) ST(p, v);
  else STORE_HEAD(p, n, v);
}

#if !defined(__x86_64__) && !defined(__aarch64__)
INL F max_lanes(F a, F b) { // b where either is NaN, as on x86
  I m = a > b;
  return (F)(((I)a & m) | ((I)b & ~m));
}
#endif
// Lanes [lo,hi) of v, the others from w; bounds may lie outside the vector.
static const int32_t iota[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
INL F lanes(F v, int lo, int hi, F w) {
  I at = *(const IU *)iota, m = (at >= lo) & (at < hi);
  return (F)(((I)v & m) | ((I)w & ~m));
}
// Sum and maximum of the lanes, always by the same tree: halves onto each other.
#ifndef HSUM
#define HSUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))
#define HMAX(v) max2(max2((v)[0], (v)[2]), max2((v)[1], (v)[3]))
INL float max2(float a, float b) { return a > b ? a : b; }
#endif
INL float hsum(F v) { return HSUM(v); }
INL float hmax(F v) { return HMAX(v); }

// e^x = 2^n·p(r), Cephes' polynomial, error below 2 ulp; exactly 0 below -87.33 and at most 3.4e38; NaN stays NaN.
INL F expv(F x) {
  const F lo = all(-87.3365f), hi = all(88.72f), magic = all(12582912.0f); // 1.5·2^23: adding it rounds to an integer
  F c = -MAXF(-hi, -MAXF(lo, x));
  F z = FMA(c, all(1.44269504088896341f), magic), n = z - magic;
  F r = FMA(n, all(2.12194440e-4f), FMA(n, all(-0.693359375f), c));
  F p = all(1.9875691500e-4f);
  p = FMA(p, r, all(1.3981999507e-3f));
  p = FMA(p, r, all(8.3334519073e-3f));
  p = FMA(p, r, all(4.1665795894e-2f));
  p = FMA(p, r, all(1.6666665459e-1f));
  p = FMA(p, r, all(5.0000001201e-1f));
  p = FMA(p * r, r, r) + 1.0f;
  return ZERO_BELOW(x, lo, (F)((I)p + ((I)z << 23)));
}
// log x for normal x > 0, Cephes' polynomial on [√½, √2), error below 2 ulp.
INL F logv(F x) {
  I u = (I)x, e = (u - 0x3f3504f3) >> 23; // √½ goes to e = 0
  F f = (F)(u - (e << 23)) - 1.0f, n = __builtin_convertvector(e, F);
  F z = f * f, p = all(7.0376836292e-2f);
  p = FMA(p, f, all(-1.1514610310e-1f));
  p = FMA(p, f, all(1.1676998740e-1f));
  p = FMA(p, f, all(-1.2420140846e-1f));
  p = FMA(p, f, all(1.4249322787e-1f));
  p = FMA(p, f, all(-1.6668057665e-1f));
  p = FMA(p, f, all(2.0000714765e-1f));
  p = FMA(p, f, all(-2.4999993993e-1f));
  p = FMA(p, f, all(3.3333331174e-1f));
  F y = FMA(n, all(-2.12194440e-4f), p * f * z);
  y = FMA(all(-0.5f), z, y);
  return FMA(n, all(0.693359375f), f + y);
}
INL F sigmoidv(F x) { return 1.0f / (1.0f + expv(-x)); }

// Rows [0,r) × [0,k) of x, element (i,p) at x[i·rs + p·cs], as d[k][w] with zeros from r to w. Four rows are transposed a
// cache line at a time, prefetching four lines ahead: row strides often share one L1 set.
INL void transpose4(const float *s, long rs, long w, float *o) {
  F4 a0 = *(const F4U *)s, a1 = *(const F4U *)(s + rs), a2 = *(const F4U *)(s + 2 * rs), a3 = *(const F4U *)(s + 3 * rs);
  F4 t0 = __builtin_shufflevector(a0, a1, 0, 4, 1, 5), t1 = __builtin_shufflevector(a2, a3, 0, 4, 1, 5);
  F4 t2 = __builtin_shufflevector(a0, a1, 2, 6, 3, 7), t3 = __builtin_shufflevector(a2, a3, 2, 6, 3, 7);
  *(F4U *)o = __builtin_shufflevector(t0, t1, 0, 1, 4, 5);
  *(F4U *)(o + w) = __builtin_shufflevector(t0, t1, 2, 3, 6, 7);
  *(F4U *)(o + 2 * w) = __builtin_shufflevector(t2, t3, 0, 1, 4, 5);
  *(F4U *)(o + 3 * w) = __builtin_shufflevector(t2, t3, 2, 3, 6, 7);
}
INL void pack_rows(long w, const float *restrict x, long rs, long r, long k, float *restrict d) {
  long p = 0;
  if (r >= 4)
    for (; p + 16 <= k; p += 16)
      for (long j = 0; j < r; j += 4) {
        long i = j + 4 <= r ? j : r - 4; // the last group may overlap the one before
        const float *s = x + i * rs + p;
        UNROLL for (int q = 0; q < 4; q++) __builtin_prefetch(s + q * rs + 64, 0, 3);
        UNROLL for (int q = 0; q < 16; q += 4) transpose4(s + q, rs, w, d + (p + q) * w + i);
      }
  for (long q = p; q < k; q++)
    for (long i = 0; i < r; i++) d[q * w + i] = x[i * rs + q];
  if (r >= 4)
    for (long q = 0; q < p && r < w; q++)
      for (long i = r; i < w; i++) d[q * w + i] = 0;
  else
    p = 0;
  for (long q = p; q < k; q++)
    for (long i = r; i < w; i++) d[q * w + i] = 0;
}
INL void pack_copy(long w, const float *restrict x, long cs, long r, long k, float *restrict d) {
  for (long p = 0; p < k; p++, x += cs, d += w) {
    __builtin_prefetch(x + 8 * cs, 0, 3);
    for (long i = 0; i < r; i++) d[i] = x[i];
    for (long i = r; i < w; i++) d[i] = 0;
  }
}
