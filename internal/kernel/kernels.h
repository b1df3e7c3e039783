// The C kernels' table, one per instruction set. Each isa_*.c defines the vector length and a few primitives,
// then includes the sources below, which are written once. Compiled as ISO C, so that the compiler fuses no
// multiply-add on its own: it would do so in one copy of a loop and not in another. FMA() fuses where asked.
#include <stdint.h>

typedef struct {
  long heads, kv, head, padded, window;
  float scale;
} kn_attn;

typedef struct {
  long width, heads, headdim, dim;
  int interleaved, inverse;
} kn_rope;

typedef struct {
  float lr, beta1, beta2, rest1, rest2, eps, decay, c1, c2, gradscale;
} kn_adamw;

typedef struct {
  const char *name;
  long mr, nr;
  void (*packa)(long i0, long i1, long m, long k, const float *a, long rs, long cs, float *pa);
  void (*packb)(long j0, long j1, long n, long k, const float *b, long rs, long cs, float *pb);
  void (*tiles)(long i0, long i1, long j0, long j1, long m, long n, long k, const float *pa, const float *b, long brs, long bcs,
                const float *pb, long depth, long from, float *c, long ldc, int acc, float *panel);
  void (*addbias)(float *y, const float *bias, long rows, long cols);
  void (*colsums)(float *dst, const float *x, long rows, long cols, long ld);
  void (*add)(float *out, const float *x, const float *y, long n);
  void (*axpy)(float *y, float a, const float *x, long n);
  void (*scale)(float *x, float a, long n);
  void (*gather)(float *out, const float *x, const int32_t *rows, long n, long d, int acc);
  void (*scatter)(float *dx, const float *dout, const int32_t *rows, long n, long d, long c0, long c1);
  void (*norm)(float *out, const float *x, const float *gain, const float *bias, float *mean, float *rstd, long rows, long d, float eps);
  void (*normdx)(float *dx, const float *dout, const float *x, const float *gain, const float *mean, const float *rstd, long rows, long d);
  void (*normdw)(float *dgain, float *dbias, const float *dout, const float *x, const float *mean, const float *rstd, long rows, long d, long c0, long c1);
  void (*rope)(float *out, const float *x, const int32_t *pos, long rows, kn_rope s, const float *cosine, const float *sine);
  void (*gelu)(float *out, const float *x, long n, int exact);
  void (*gelugrad)(float *dx, const float *dout, const float *x, long n, int exact);
  void (*swiglu)(float *out, const float *gateup, long rows, long f);
  void (*swiglugrad)(float *dgateup, const float *dout, const float *gateup, long rows, long f);
  void (*attend)(kn_attn a, const float *qkv, float *out, float *lse, float *tiles, long tstride, long hstride, long pos, long rows,
                 long h0, long h1, int pack, long i0, long i1, float *work);
  void (*attendgrad)(kn_attn a, float *dqkv, const float *qkv, const float *dout, const float *out, const float *lse, long rows, long h0, long h1, float *work);
  void (*logprob)(float *logprob, float *entropy, float *lse, float *logits, const int32_t *targets, long rows, long v, float invtemp);
  void (*logprobgrad)(float *logits, const int32_t *targets, const float *lse, const float *entropy, const float *dlogprob, const float *dentropy,
                      long rows, long v, float invtemp);
  void (*argmax)(int32_t *out, const float *logits, long rows, long v);
  void (*adamw)(float *w, const float *g, float *m, float *v, long n, kn_adamw h);
  double (*sumsq)(const float *x, long n);
  int (*hasnan)(const float *x, long n);
  void (*bf16tof32)(float *dst, const uint16_t *src, long n);
  void (*f16tof32)(float *dst, const uint16_t *src, long n);
  void (*f32tobf16)(uint16_t *dst, const float *src, long n);
  void (*f32tof16)(uint16_t *dst, const float *src, long n);
  double (*fma)(long rounds);
} kn_isa;

extern const kn_isa kn_avx512, kn_avx2, kn_base;
// Builds that this machine runs, best first; returns how many.
int kn_list(const kn_isa *list[3]);
