// Matrix product. Panels of A are [KC][MR] and of B [KC][NR]; the register tile is MR rows × NV vectors. A panel of A
// stays in L1, one of B in L2; the last group of rows and the last panel are as high and wide as needed, in bodies of
// their own. Cf. Goto and van de Geijn 2008, doi:10.1145/1356052.1356053; the chain over k continues through C.
#define NR (NV * VL)
#define KC 256

INL void pack(long w, const float *x, long rs, long cs, long r, long k, float *d) {
  if (cs == 1) pack_rows(w, x, rs, r, k, d);
  else if (rs == 1) pack_copy(w, x, cs, r, k, d);
  else
    for (long p = 0; p < k; p++)
      for (long i = 0; i < w; i++) d[p * w + i] = i < r ? x[i * rs + p * cs] : 0;
}
// Columns that a panel with n left holds, in whole vectors.
INL long panel_width(long n) { return n >= NR ? NR : UP(n, VL); }

static void packa(long i0, long i1, long m, long k, const float *a, long rs, long cs, float *pa) {
  for (long p = 0; p < k; p += KC) {
    long kc = MIN(KC, k - p);
    for (long i = i0; i < i1; i += MR) {
      const float *s = a + i * rs + p * cs;
      float *d = pa + p * m + i * kc;
      if (m - i >= MR) pack(MR, s, rs, cs, MR, kc, d);
      else pack(m - i, s, rs, cs, m - i, kc, d);
    }
  }
}
static void pack_panel(long n, long k, const float *b, long rs, long cs, float *d) {
  if (n >= NR) pack(NR, b, cs, rs, NR, k, d);
  else pack(panel_width(n), b, cs, rs, n, k, d);
}
static void packb(long j0, long j1, long n, long k, const float *b, long rs, long cs, float *pb) {
  for (long j = j0; j < j1; j += NR) pack_panel(n - j, k, b + j * cs, rs, cs, pb + j * k);
}

// C[R][W·VL] = (C or 0) + panel of A · panel of B.
INL void tile(const int R, const int W, long kc, const float *restrict a, const float *restrict b, float *restrict c, long ldc, int acc) {
  F t[MR][NV];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) t[i][j] = (F){0};
  if (acc) UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) t[i][j] = LD(c + i * ldc + j * VL);
  else UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W * VL; j += 16) __builtin_prefetch(c + i * ldc + j, 1, 3);
  _Pragma("GCC unroll 4") for (long p = 0; p < kc; p++) {
    F bv[NV];
    UNROLL for (int j = 0; j < W; j++) bv[j] = LD(b + j * VL);
    UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) t[i][j] = FMA(all(a[i]), bv[j], t[i][j]);
    a += R;
    b += W * VL;
  }
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) ST(c + i * ldc + j * VL, t[i][j]);
}
#define TILE(R, W) \
  static void tile_##R##_##W(long kc, const float *a, const float *b, float *c, long ldc, int acc) { tile(MIN(R, MR), MIN(W, NV), kc, a, b, c, ldc, acc); }
#define TILES(R) TILE(R, 1) TILE(R, 2) TILE(R, 3)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6) TILES(7) TILES(8)
#define ROW(R) {tile_##R##_1, tile_##R##_2, tile_##R##_3}
typedef void tile_fn(long kc, const float *a, const float *b, float *c, long ldc, int acc);
static tile_fn *const tile_of[8][3] = {ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7), ROW(8)};
#undef ROW
#undef TILES
#undef TILE

// A tile with n < w columns of C, by way of a buffer.
static void narrow_tile(tile_fn *f, long r, long n, long kc, const float *a, const float *b, float *c, long ldc, int acc) {
  float t[MR * NR] __attribute__((aligned(64)));
  if (acc)
    for (long i = 0; i < r; i++) {
      memcpy(t + i * NR, c + i * ldc, n * sizeof *c);
      memset(t + i * NR + n, 0, (NR - n) * sizeof *c);
    }
  f(kc, a, b, t, NR, acc);
  for (long i = 0; i < r; i++) memcpy(c + i * ldc, t + i * NR, n * sizeof *c);
}

// Lines of the panel that is packed next, asked for a few per tile while this one is used.
typedef struct {
  const float *x;
  long rs, cs, lines, per, at;
} ahead;
INL ahead look_ahead(const float *b, long rs, long cs, int more, long tiles) {
  long lines = !more ? 0 : rs == 1 ? NR * (KC / 16) : KC * UP(NR, 16) / 16;
  return (ahead){b, rs, cs, lines, (lines + tiles - 1) / tiles, 0};
}
INL void look(ahead *h) {
  const long across = UP(NR, 16) / 16;
  for (long e = MIN(h->at + h->per, h->lines); h->at < e; h->at++) {
    long l = h->at;
    __builtin_prefetch(h->rs == 1 ? h->x + l / (KC / 16) * h->cs + l % (KC / 16) * 16 : h->x + l / across * h->rs + l % across * 16, 0, 2);
  }
}

static void tiles(long i0, long i1, long j0, long j1, long m, long n, long k, const float *pa, const float *b, long brs, long bcs,
                  const float *pb, long depth, long from, float *c, long ldc, int acc, float *panel) {
  long count = (i1 - i0 + MR - 1) / MR;
  for (long j = j0; j < j1; j += NR) {
    long cols = MIN(NR, n - j), w = panel_width(n - j);
    for (long p = 0; p < k; p += KC) {
      long kc = MIN(KC, k - p), pn = p + KC < k ? p + KC : 0, jn = pn ? j : j + NR;
      ahead next = {0};
      const float *bp = pb + j * depth + (from + p) * w;
      if (b) {
        pack_panel(n - j, kc, b + p * brs + j * bcs, brs, bcs, panel);
        bp = panel;
        next = look_ahead(b + pn * brs + jn * bcs, brs, bcs, jn + NR <= j1 && pn + KC <= k, count);
      }
      for (long i = i0; i < i1; i += MR) {
        look(&next);
        long r = MIN(MR, m - i);
        tile_fn *f = tile_of[r - 1][w / VL - 1];
        const float *ap = pa + p * m + i * kc;
        float *cc = c + i * ldc + j;
        if (cols == w) f(kc, ap, bp, cc, ldc, acc || p);
        else narrow_tile(f, r, cols, kc, ap, bp, cc, ldc, acc || p);
      }
    }
  }
}

// Independent chains in registers: the ceiling of everything else. Returns the operations done.
static double fma_chains(long rounds) {
  F t[12], x = all(0.999f), y = all(1e-3f);
  UNROLL for (int i = 0; i < 12; i++) t[i] = all(1 + i); // unlike each other, or the compiler keeps one
  for (long r = 0; r < rounds; r++) {
    UNROLL for (int i = 0; i < 12; i++) t[i] = FMA(x, t[i], y);
    __asm__ volatile("" : : : "memory");
  }
  F s = t[0];
  UNROLL for (int i = 1; i < 12; i++) s += t[i];
  volatile float sink = hsum(s);
  (void)sink;
  return 24.0 * VL * rounds;
}
