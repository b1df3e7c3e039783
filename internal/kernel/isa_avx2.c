#include "kernels.h"
#if defined(__x86_64__) && !defined(__clang__)
#include <immintrin.h>
#pragma GCC target("avx2,fma,f16c")
static inline float hsum8(__m256 v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline float hmax8(__m256 v) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
#define ISA kn_avx2
#define ISA_NAME "avx2"
#define VL 8
#define MR 4
#define NV 3
#define AR 6
#define AV 2
#define ALL(x) ((F)_mm256_set1_ps(x))
#define FMA(a, b, c) ((F)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MAXF(a, b) ((F)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define SQRT(v) ((F)_mm256_sqrt_ps((__m256)(v)))
#define HSUM(v) hsum8((__m256)(v))
#define HMAX(v) hmax8((__m256)(v))
#define ZERO_BELOW(x, lo, p) ((F)_mm256_and_ps(_mm256_cmp_ps((__m256)(x), (__m256)(lo), _CMP_NLT_UQ), (__m256)(p)))
#define FROM_F16(p) ((F)_mm256_cvtph_ps(_mm_loadu_si128((const void *)(p))))
#define TO_F16(p, v) _mm_storeu_si128((void *)(p), _mm256_cvtps_ph((__m256)(v), _MM_FROUND_TO_NEAREST_INT))
#include "all.h"
#endif
