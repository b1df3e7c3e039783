// The optimiser step, reductions of whole tensors, and casts.
static void adamw(float *w, const float *g, float *m, float *v, long n, kn_adamw h) {
  for (long i = 0; i < n; i += VL) {
    F gi = ldn(g + i, n - i) * h.gradscale, wi = ldn(w + i, n - i);
    F mi = h.beta1 * ldn(m + i, n - i) + h.rest1 * gi, vi = h.beta2 * ldn(v + i, n - i) + h.rest2 * gi * gi;
    stn(m + i, n - i, mi);
    stn(v + i, n - i, vi);
    wi -= h.lr * h.decay * wi;
    stn(w + i, n - i, wi - h.lr * (mi * h.c1) / (SQRT(vi * h.c2) + h.eps));
  }
}

typedef double D __attribute__((vector_size(VL * 4)));
typedef float HALF __attribute__((vector_size(VL * 2), aligned(4), may_alias));
INL D squares(F v, int half) {
  HALF h;
  memcpy(&h, (const char *)&v + half * sizeof h, sizeof h);
  D d = __builtin_convertvector(h, D);
  return d * d;
}
static double sumsq(const float *x, long n) {
  D s[4] = {{0}, {0}, {0}, {0}};
  long i = 0;
  for (; i + 2 * VL <= n; i += 2 * VL)
    UNROLL for (int u = 0; u < 4; u++) s[u] += squares(LD(x + i + u / 2 * VL), u & 1);
  for (; i < n; i += VL)
    UNROLL for (int u = 0; u < 2; u++) s[u] += squares(ldn(x + i, n - i), u);
  D t = (s[0] + s[1]) + (s[2] + s[3]);
  double sum = 0;
  for (int l = 0; l < VL / 2; l++) sum += t[l];
  return sum;
}

INL uint32_t bits(float f) {
  uint32_t u;
  memcpy(&u, &f, sizeof u);
  return u;
}
INL float from_bits(uint32_t u) {
  float f;
  memcpy(&f, &u, sizeof f);
  return f;
}
static int hasnan(const float *x, long n) {
  uint32_t found = 0;
  for (long i = 0; i < n; i++) found |= (bits(x[i]) & 0x7f800000) == 0x7f800000;
  return found;
}
static void bf16tof32(float *dst, const uint16_t *src, long n) {
  for (long i = 0; i < n; i++) dst[i] = from_bits((uint32_t)src[i] << 16);
}
static void f32tobf16(uint16_t *dst, const float *src, long n) {
  for (long i = 0; i < n; i++) {
    uint32_t u = bits(src[i]);
    dst[i] = (u & 0x7fffffff) > 0x7f800000 ? u >> 16 | 0x40 : (u + 0x7fff + (u >> 16 & 1)) >> 16;
  }
}
#ifdef FROM_F16
static void f16tof32(float *dst, const uint16_t *src, long n) {
  for (long i = 0; i < n; i += VL) {
    uint16_t t[VL] = {0};
    if (n - i < VL) memcpy(t, src + i, (n - i) * sizeof *src);
    stn(dst + i, n - i, FROM_F16(n - i < VL ? t : src + i));
  }
}
static void f32tof16(uint16_t *dst, const float *src, long n) {
  for (long i = 0; i < n; i += VL) {
    uint16_t t[VL];
    F v = ldn(src + i, n - i);
    TO_F16(n - i < VL ? t : dst + i, v);
    if (n - i < VL) memcpy(dst + i, t, (n - i) * sizeof *dst);
  }
}
#else
// By integer arithmetic, as in ref_optim.go.
static void f16tof32(float *dst, const uint16_t *src, long n) {
  for (long i = 0; i < n; i++) {
    uint32_t sign = (uint32_t)(src[i] & 0x8000) << 16, u = (uint32_t)(src[i] & 0x7fff) << 13;
    if (u >= 0x0f800000) u |= u > 0x0f800000 ? 0x7fc00000 : 0x7f800000;
    else u = bits(from_bits(u) * 0x1p112f);
    dst[i] = from_bits(sign | u);
  }
}
static void f32tof16(uint16_t *dst, const float *src, long n) {
  for (long i = 0; i < n; i++) {
    uint32_t u = bits(src[i]), sign = u >> 16 & 0x8000;
    u &= 0x7fffffff;
    if (u > 0x7f800000) u = 0x7e00 | (u >> 13 & 0x3ff);
    else if (u >= 0x477ff000) u = 0x7c00;
    else if (u < 0x38800000) u = bits(from_bits(u) + 0.5f) - 0x3f000000;
    else u = (u - 0x38000000 + 0xfff + (u >> 13 & 1)) >> 13;
    dst[i] = sign | u;
  }
}
#endif
