#include "kernels.h"
#if defined(__x86_64__) && !defined(__clang__)
#include <immintrin.h>
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,fma,f16c,prefer-vector-width=512")
#define ISA kn_avx512
#define ISA_NAME "avx512"
#define VL 16
#define MR 8
#define NV 3
#define AR 8
#define AV 2
#define ALL(x) ((F)_mm512_set1_ps(x))
#define FMA(a, b, c) ((F)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MAXF(a, b) ((F)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define SQRT(v) ((F)_mm512_sqrt_ps((__m512)(v)))
#define HSUM(v) _mm512_reduce_add_ps((__m512)(v))
#define HMAX(v) _mm512_reduce_max_ps((__m512)(v))
#define ZERO_BELOW(x, lo, p) ((F)_mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)(x), (__m512)(lo), _CMP_NLT_UQ), (__m512)(p)))
#define HEAD_MASK(n) ((__mmask16)((1u << (n)) - 1))
#define LOAD_HEAD(p, n, fill) ((F)_mm512_mask_loadu_ps((__m512)(fill), HEAD_MASK(n), p))
#define STORE_HEAD(p, n, v) _mm512_mask_storeu_ps(p, HEAD_MASK(n), (__m512)(v))
#define FROM_F16(p) ((F)_mm512_cvtph_ps(_mm256_loadu_si256((const void *)(p))))
#define TO_F16(p, v) _mm256_storeu_si256((void *)(p), _mm512_cvtps_ph((__m512)(v), _MM_FROUND_TO_NEAREST_INT))
#include "all.h"
#endif
