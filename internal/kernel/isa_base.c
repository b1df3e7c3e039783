// What every processor of the architecture has: SSE2 or NEON; elsewhere the compiler lowers the vectors.
#include "kernels.h"
#define ISA kn_base
#define VL 4
#if defined(__x86_64__)
#include <immintrin.h>
#define ISA_NAME "base"
#define MR 4
#define NV 2
#define AR 4
#define AV 2
#define ALL(x) ((F)_mm_set1_ps(x))
#define FMA(a, b, c) ((a) * (b) + (c)) // two roundings: SSE2 has no fused form
#define MAXF(a, b) ((F)_mm_max_ps((__m128)(a), (__m128)(b)))
#define SQRT(v) ((F)_mm_sqrt_ps((__m128)(v)))
#define ZERO_BELOW(x, lo, p) ((F)_mm_and_ps(_mm_cmpnlt_ps((__m128)(x), (__m128)(lo)), (__m128)(p)))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define ISA_NAME "neon"
#define MR 8
#define NV 3
#define AR 8
#define AV 2
#define ALL(x) ((F)vdupq_n_f32(x))
#define FMA(a, b, c) ((F)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define MAXF(a, b) ((F)vmaxq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define SQRT(v) ((F)vsqrtq_f32((float32x4_t)(v)))
#define ZERO_BELOW(x, lo, p) ((F)vbicq_u32((uint32x4_t)(p), vcltq_f32((float32x4_t)(x), (float32x4_t)(lo))))
#define FROM_F16(p) ((F)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))))
#define TO_F16(p, v) vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)(v))))
#else
#define ISA_NAME "base"
#define MR 4
#define NV 2
#define AR 4
#define AV 2
#define ALL(x) ((F){x, x, x, x})
#define FMA(a, b, c) ((a) * (b) + (c))
#define SQRT(v) ((F){__builtin_sqrtf((v)[0]), __builtin_sqrtf((v)[1]), __builtin_sqrtf((v)[2]), __builtin_sqrtf((v)[3])})
#define MAXF(a, b) max_lanes(a, b)
#define ZERO_BELOW(x, lo, p) ((F)((I)(p) & ~((x) < (lo))))
#endif
#include "all.h"

int kn_list(const kn_isa *list[3]) {
  int n = 0;
#if defined(__x86_64__) && !defined(__clang__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    list[n++] = &kn_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) list[n++] = &kn_avx2;
#endif
  list[n++] = &kn_base;
  return n;
}
