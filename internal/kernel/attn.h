// Causal attention. The query heads that share a kv head are stacked: stacked row r is token r / group, head r % group,
// so that a tile is full even for one token. Keys come in tiles of 64, Kᵀ then V; GROUP tiles share one maximum and one
// rescaling. Both steps begin at the start of the sequence, and what a row does not see adds exactly nothing, so a row
// comes out the same in any tile, batch or cache. Sizes here are those of attention.go.
#define KEYS 64
#define QROWS 64
#define GROUP 4
#define SROW (GROUP * KEYS + 16)

// C[R][W·VL] (+)= A·B over k; A(i,p) = a[i·lda + p], or a[p·lda + i] where transposed.
INL void mm(const int R, const int W, const int transposed, long k, const float *restrict a, long lda, const float *restrict b, long ldb,
            float *restrict c, long ldc, int acc) {
  F t[AR][AV];
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) t[i][j] = (F){0};
  if (acc) UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) t[i][j] = LD(c + i * ldc + j * VL);
  _Pragma("GCC unroll 2") for (long p = 0; p < k; p++) {
    F bv[AV];
    UNROLL for (int j = 0; j < W; j++) bv[j] = LD(b + p * ldb + j * VL);
    UNROLL for (int i = 0; i < R; i++) {
      F x = all(transposed ? a[p * lda + i] : a[i * lda + p]);
      UNROLL for (int j = 0; j < W; j++) t[i][j] = FMA(x, bv[j], t[i][j]);
    }
  }
  UNROLL for (int i = 0; i < R; i++) UNROLL for (int j = 0; j < W; j++) ST(c + i * ldc + j * VL, t[i][j]);
}
typedef void mm_fn(long k, const float *a, long lda, const float *b, long ldb, float *c, long ldc, int acc);
#define MM(R, W, T) \
  static void mm_##R##_##W##_##T(long k, const float *a, long lda, const float *b, long ldb, float *c, long ldc, int acc) { \
    mm(MIN(R, AR), MIN(W, AV), T, k, a, lda, b, ldb, c, ldc, acc);                                                                   \
  }
#define MMS(R) MM(R, 1, 0) MM(R, 2, 0) MM(R, 1, 1) MM(R, 2, 1)
MMS(1) MMS(2) MMS(3) MMS(4) MMS(5) MMS(6) MMS(7) MMS(8)
#define ROW(R, T) {mm_##R##_1_##T, mm_##R##_2_##T}
#define TABLE(T) {ROW(1, T), ROW(2, T), ROW(3, T), ROW(4, T), ROW(5, T), ROW(6, T), ROW(7, T), ROW(8, T)}
static mm_fn *const mm_of[2][8][2] = {TABLE(0), TABLE(1)};
#undef TABLE
#undef ROW
#undef MMS
#undef MM

// The same for up to AR rows and any number of whole vectors.
INL void mm_rows(long rows, long cols, const int transposed, long k, const float *a, long lda, const float *b, long ldb, float *c, long ldc, int acc) {
  for (long j = 0; j < cols; j += AV * VL) mm_of[transposed][rows - 1][MIN(AV, (cols - j) / VL) - 1](k, a, lda, b + j, ldb, c + j, ldc, acc);
}

// First key that the token at pos sees.
INL long first_key(const kn_attn *a, long pos) { return a->window && pos >= a->window ? pos - a->window + 1 : 0; }
INL float *value_tile(const kn_attn *a, float *tile) { return tile + KEYS * a->head; }

// Rows of a head are short and far apart, which no prefetcher follows: ask for the next head's, which lie behind.
INL void expect(const float *x, long n) {
  for (long c = 0; c < n; c += 16) __builtin_prefetch(x + n + c, 0, 3);
}
// d[p][i] = x[i·ld + p], i < n, rows of d KEYS apart.
static void transpose(const float *x, long ld, long n, long k, float *d) {
  long i = 0;
  for (long r = 0; r < n; r++) expect(x + r * ld, k);
  for (; i + 4 <= n; i += 4) {
    long p = 0;
    for (; p + 4 <= k; p += 4) transpose4(x + i * ld + p, ld, KEYS, d + p * KEYS + i);
    for (; p < k; p++)
      for (long q = i; q < i + 4; q++) d[p * KEYS + q] = x[q * ld + p];
  }
  for (; i < n; i++)
    for (long p = 0; p < k; p++) d[p * KEYS + i] = x[i * ld + p];
}
// n rows of `head` values times s, as rows of `padded` ended by zeros.
static void copy_rows(const kn_attn *a, const float *x, long ld, long n, float s, float *d) {
  for (long i = 0; i < n; i++, x += ld, d += a->padded) {
    expect(x, a->head);
    for (long c = 0; c < a->head; c += VL) ST(d + c, ldn(x + c, a->head - c) * s);
    for (long c = UP(a->head, VL); c < a->padded; c += VL) ST(d + c, (F){0});
  }
}
static void pack_keys(const kn_attn *a, const float *k, const float *v, long ld, long pos, long rows, float *tiles, long tstride) {
  for (long i = 0, n; i < rows; i += n) {
    long j = (pos + i) % KEYS;
    float *tile = tiles + (pos + i) / KEYS * tstride;
    n = MIN(KEYS - j, rows - i);
    transpose(k + i * ld, ld, n, a->head, tile + j);
    copy_rows(a, v + i * ld, ld, n, 1, value_tile(a, tile) + j * a->padded);
  }
}

// One tile of stacked query rows: its queries, scores, sums, maxima and outputs.
typedef struct {
  const kn_attn *a;
  long group, r0, rows, pos; // stacked rows r0.. of which there are `rows`; pos is the position of token 0
  float *q, *s, *o;
  float m[QROWS], l[QROWS];
} query_tile;

INL long token_pos(const query_tile *t, long r) { return t->pos + (t->r0 + r) / t->group; }

// Softmax weights of row r over columns [c0,c1) of the group of keys that begins at jc; those it does not see are 0.
INL void weigh(query_tile *t, long r, long jc, long c0, long c1) {
  long pos = token_pos(t, r), lo = first_key(t->a, pos) - jc, hi = pos + 1 - jc, c = c0, end = MIN(UP(hi, VL), c1);
  float *s = t->s + r * SROW;
  F mx = all(t->m[r]), sum = {0};
  for (; c < end; c += VL) {
    F x = LD(s + c);
    if (c < lo || c + VL > hi) ST(s + c, x = lanes(x, lo - c, hi - c, all(-INFINITY)));
    mx = MAXF(mx, x);
  }
  for (; c < c1; c += VL) ST(s + c, (F){0});
  float m = hmax(mx);
  for (c = c0; c < end; c += VL) {
    F e = expv(LD(s + c) - m);
    sum += e;
    ST(s + c, e);
  }
  float l = hsum(sum);
  if (m != t->m[r] && t->l[r] != 0) {
    F f = expv(all(t->m[r] - m));
    float *o = t->o + r * t->a->padded;
    for (c = 0; c < t->a->head; c += VL) ST(o + c, LD(o + c) * f);
    t->l[r] *= f[0];
  }
  t->m[r] = m;
  t->l[r] += l;
}
// Rows [r,r+n) of the tile over the group of keys at jc.
INL void attend_block(query_tile *t, long r, long n, long jc, float *tiles, long tstride) {
  const kn_attn *a = t->a;
  long lo = first_key(a, token_pos(t, r)) - jc, hi = token_pos(t, r + n - 1) + 1 - jc, d = a->padded;
  if (lo < 0) lo = 0;
  if (hi > GROUP * KEYS) hi = GROUP * KEYS;
  if (lo >= hi) return;
  long c0 = lo / VL * VL, c1 = UP(hi, VL);
  for (long c = c0 / KEYS * KEYS; c < c1; c += KEYS) {
    long b = c > c0 ? c : c0, e = MIN(c + KEYS, c1);
    float *kt = tiles + (jc + c) / KEYS * tstride;
    mm_rows(n, e - b, 0, a->head, t->q + r * d, d, kt + b - c, KEYS, t->s + r * SROW + b, SROW, 0);
  }
  for (long i = r; i < r + n; i++) weigh(t, i, jc, c0, c1);
  for (long c = lo / KEYS * KEYS; c < hi; c += KEYS) {
    long b = c > lo ? c : lo, e = MIN(c + KEYS, hi);
    float *v = value_tile(a, tiles + (jc + c) / KEYS * tstride);
    mm_rows(n, UP(a->head, VL), 0, e - b, t->s + r * SROW + b, SROW, v + (b - c) * d, d, t->o + r * d, d, 1);
  }
}
static void attend_tile(query_tile *t, const float *q, long ld, float *out, float *lse, long h, float *tiles, long tstride) {
  const kn_attn *a = t->a;
  long d = a->padded, last = token_pos(t, t->rows - 1);
  for (long r = 0; r < t->rows; r++) {
    long tok = (t->r0 + r) / t->group, g = (t->r0 + r) % t->group;
    copy_rows(a, q + tok * ld + g * a->head, ld, 1, a->scale, t->q + r * d);
    t->m[r] = -1e30f;
    t->l[r] = 0;
  }
  memset(t->o, 0, t->rows * d * sizeof *t->o);
  for (long jc = first_key(a, token_pos(t, 0)) / (GROUP * KEYS) * (GROUP * KEYS); jc <= last; jc += GROUP * KEYS)
    for (long r = 0; r < t->rows; r += AR) attend_block(t, r, MIN(AR, t->rows - r), jc, tiles, tstride);
  for (long r = 0; r < QROWS && r < t->rows; r += VL) {
    F l = ldf(t->l + r, t->rows - r, all(1)), m = ldn(t->m + r, t->rows - r);
    stn(t->m + r, t->rows - r, m + logv(l));
    stn(t->l + r, t->rows - r, 1.0f / l);
  }
  for (long r = 0; r < t->rows; r++) {
    long tok = (t->r0 + r) / t->group, head = h * t->group + (t->r0 + r) % t->group;
    float *o = out + (tok * a->heads + head) * a->head;
    for (long c = 0; c < a->head; c += VL) stn(o + c, a->head - c, LD(t->o + r * d + c) * t->l[r]);
    if (lse) lse[tok * a->heads + head] = t->m[r];
  }
}
static void attend(kn_attn a, const float *qkv, float *out, float *lse, float *tiles, long tstride, long hstride, long pos, long rows,
                   long h0, long h1, int pack, long i0, long i1, float *work) {
  long ld = (a.heads + 2 * a.kv) * a.head, group = a.heads / a.kv;
  query_tile t = {.a = &a, .group = group, .pos = pos, .q = work, .o = work + QROWS * a.padded, .s = work + 2 * QROWS * a.padded};
  for (long h = h0; h < h1; h++) {
    float *th = tiles + h * hstride;
    if (pack) pack_keys(&a, qkv + (a.heads + h) * a.head, qkv + (a.heads + a.kv + h) * a.head, ld, pos, rows, th, tstride);
    for (t.r0 = i0 * group; t.r0 < i1 * group; t.r0 += QROWS) {
      t.rows = MIN(QROWS, i1 * group - t.r0);
      attend_tile(&t, qkv + h * group * a.head, ld, out, lse, h, th, tstride);
    }
  }
}

// Gradient, for one kv head of one sequence. Outer loop over tiles of keys, inner over tiles of stacked queries:
// dK and dV of the tile gather over queries ascending, dQ over tiles of keys ascending.
typedef struct {
  const kn_attn *a;
  long group, rows;                           // stacked rows
  float *q, *dout, *dq, *delta, *lse;         // of all stacked rows; delta = Σ dout·out
  float *kt, *vt, *k, *dk, *dv, *p, *ds;      // of the tile of keys; P and dS [QROWS][KEYS]
} grad_head;

// P and dS of row r, whose columns [0,n) are in use; those it does not see are 0.
INL void grad_row(const grad_head *g, long r, long j, float *p, float *ds, long n) {
  long tok = r / g->group, lo = first_key(g->a, tok) - j, hi = tok + 1 - j;
  F l = all(g->lse[r]), delta = all(g->delta[r]);
  for (long c = 0; c < n; c += VL) {
    if (c >= hi || c + VL <= lo) {
      ST(p + c, (F){0});
      ST(ds + c, (F){0});
      continue;
    }
    F x = LD(p + c) - l;
    if (c < lo || c + VL > hi) x = lanes(x, lo - c, hi - c, all(-INFINITY));
    F e = expv(x), d = LD(ds + c) - delta;
    if (c + VL > n) d = lanes(d, 0, n - c, (F){0}); // no keys there: whatever the memory held
    ST(p + c, e);
    ST(ds + c, e * d);
  }
}
// Queries [r0,r0+rows) against the n keys from j.
static void grad_tile(grad_head *g, long r0, long rows, long j, long n) {
  long d = g->a->padded, hv = UP(g->a->head, VL), ahead = r0 - j * g->group;
  for (long r = 0; r < rows; r += AR) {
    long h = MIN(AR, rows - r), seen = MIN(n, (r0 + r + h - 1) / g->group + 1 - j);
    float *p = g->p + r * KEYS, *ds = g->ds + r * KEYS;
    mm_rows(h, UP(seen, VL), 0, g->a->head, g->q + (r0 + r) * d, d, g->kt, KEYS, p, KEYS, 0);
    mm_rows(h, UP(seen, VL), 0, g->a->head, g->dout + (r0 + r) * d, d, g->vt, KEYS, ds, KEYS, 0);
    for (long i = 0; i < h; i++) grad_row(g, r0 + r + i, j, p + i * KEYS, ds + i * KEYS, n);
    mm_rows(h, hv, 0, seen, ds, KEYS, g->k, d, g->dq + (r0 + r) * d, d, 1);
  }
  for (long i = 0; i < n; i += AR) {
    long h = MIN(AR, n - i), skip = i * g->group - ahead; // queries before key i do not see it
    if (skip < 0) skip = 0;
    if (skip >= rows) break;
    mm_rows(h, hv, 1, rows - skip, g->p + skip * KEYS + i, KEYS, g->dout + (r0 + skip) * d, d, g->dv + i * d, d, 1);
    mm_rows(h, hv, 1, rows - skip, g->ds + skip * KEYS + i, KEYS, g->q + (r0 + skip) * d, d, g->dk + i * d, d, 1);
  }
}
static void unpad(const kn_attn *a, const float *x, float s, float *y) {
  for (long c = 0; c < a->head; c += VL) stn(y + c, a->head - c, LD(x + c) * s);
}
static void attendgrad(kn_attn a, float *dqkv, const float *qkv, const float *dout, const float *out, const float *lse, long tokens, long h0, long h1, float *work) {
  long ld = (a.heads + 2 * a.kv) * a.head, ldo = a.heads * a.head, d = a.padded;
  grad_head g = {.a = &a, .group = a.heads / a.kv, .rows = tokens * (a.heads / a.kv)};
  long room = UP(g.rows, QROWS);
  g.q = work, g.dout = g.q + room * d, g.dq = g.dout + room * d, g.delta = g.dq + room * d;
  g.kt = g.delta + room, g.vt = g.kt + KEYS * a.head, g.k = g.vt + KEYS * a.head, g.dk = g.k + KEYS * d, g.dv = g.dk + KEYS * d;
  g.p = g.dv + KEYS * d, g.ds = g.p + QROWS * KEYS, g.lse = g.ds + QROWS * KEYS;
  for (long h = h0; h < h1; h++) {
    for (long r = 0; r < g.rows; r++) {
      long head = h * g.group + r % g.group, tok = r / g.group;
      const float *o = out + tok * ldo + head * a.head, *go = dout + tok * ldo + head * a.head;
      copy_rows(&a, qkv + tok * ld + head * a.head, ld, 1, a.scale, g.q + r * d);
      copy_rows(&a, go, ldo, 1, 1, g.dout + r * d);
      F s = {0};
      for (long c = 0; c < a.head; c += VL) s = FMA(ldn(o + c, a.head - c), ldn(go + c, a.head - c), s);
      g.delta[r] = hsum(s);
      g.lse[r] = lse[tok * a.heads + head];
    }
    memset(g.dq, 0, g.rows * d * sizeof *g.dq);
    const float *k = qkv + (a.heads + h) * a.head, *v = k + a.kv * a.head;
    float *dk = dqkv + (a.heads + h) * a.head, *dv = dk + a.kv * a.head;
    for (long j = 0; j < tokens; j += KEYS) {
      long n = MIN(KEYS, tokens - j), end = a.window ? MIN(g.rows, (j + n - 1 + a.window) * g.group) : g.rows;
      transpose(k + j * ld, ld, n, a.head, g.kt);
      transpose(v + j * ld, ld, n, a.head, g.vt);
      copy_rows(&a, k + j * ld, ld, n, 1, g.k);
      memset(g.dk, 0, 2 * KEYS * d * sizeof *g.dk); // and dv, which follows
      for (long r = j * g.group; r < end; r += QROWS) grad_tile(&g, r, MIN(QROWS, end - r), j, n);
      for (long i = 0; i < n; i++) {
        unpad(&a, g.dk + i * d, 1, dk + (j + i) * ld);
        unpad(&a, g.dv + i * d, 1, dv + (j + i) * ld);
      }
    }
    for (long r = 0; r < g.rows; r++) unpad(&a, g.dq + r * d, a.scale, dqkv + r / g.group * ld + (h * g.group + r % g.group) * a.head);
  }
}
