// Rows and elements. Loops without FMA() are plain: each element is rounded operation by operation wherever it stands.
#define ELEMENTWISE _Pragma("GCC ivdep") // an output is an input or does not overlap one

static void add(float *out, const float *x, const float *y, long n) {
  ELEMENTWISE for (long i = 0; i < n; i++) out[i] = x[i] + y[i];
}
static void axpy(float *y, float a, const float *x, long n) {
  ELEMENTWISE for (long i = 0; i < n; i++) y[i] += a * x[i];
}
static void scale(float *x, float a, long n) {
  for (long i = 0; i < n; i++) x[i] *= a;
}
static void addbias(float *y, const float *bias, long rows, long cols) {
  for (long r = 0; r < rows; r++) add(y + r * cols, y + r * cols, bias, cols);
}
static void colsums(float *dst, const float *x, long rows, long cols, long ld) {
  for (long r = 0; r < rows; r++) add(dst, dst, x + r * ld, cols);
}
static void gather(float *out, const float *x, const int32_t *rows, long n, long d, int acc) {
  for (long i = 0; i < n; i++, out += d)
    if (acc) add(out, out, x + rows[i] * d, d);
    else memcpy(out, x + rows[i] * d, d * sizeof *x);
}
static void scatter(float *dx, const float *dout, const int32_t *rows, long n, long d, long c0, long c1) {
  for (long i = 0; i < n; i++) {
    float *o = dx + rows[i] * d + c0;
    add(o, o, dout + i * d + c0, c1 - c0);
  }
}

// Σ over [0,n) of TERM, an expression in i and left = n - i, by four accumulators and a fixed tree.
#define SUM_ROW(S, n, TERM)                                    \
  do {                                                         \
    F s_[4] = {{0}, {0}, {0}, {0}};                            \
    long i = 0;                                                \
    for (; i + 4 * VL <= (n); i += 4 * VL)                     \
      UNROLL for (int u_ = 0; u_ < 4; u_++) s_[u_] += TERM(i + u_ * VL, VL); \
    for (; i < (n); i += VL) s_[0] += TERM(i, (n)-i);          \
    S = hsum((s_[0] + s_[1]) + (s_[2] + s_[3]));               \
  } while (0)

static void norm(float *out, const float *x, const float *gain, const float *bias, float *mean, float *rstd, long rows, long d, float eps) {
  for (long r = 0; r < rows; r++, x += d, out += d) {
    float mu = 0, ss;
#define TERM(i, left) ldn(x + (i), left)
    if (mean) {
      SUM_ROW(mu, d, TERM);
      mean[r] = mu = mu / d;
    }
#undef TERM
#define TERM(i, left) ({ F v_ = ldf(x + (i), left, all(mu)) - mu; v_ * v_; })
    SUM_ROW(ss, d, TERM);
#undef TERM
    float rs = rstd[r] = 1 / sqrtf(ss / d + eps);
    if (bias) {
      ELEMENTWISE for (long i = 0; i < d; i++) out[i] = (x[i] - mu) * rs * gain[i] + bias[i];
    } else {
      ELEMENTWISE for (long i = 0; i < d; i++) out[i] = (x[i] - mu) * rs * gain[i];
    }
  }
}
static void normdx(float *dx, const float *dout, const float *x, const float *gain, const float *mean, const float *rstd, long rows, long d) {
  for (long r = 0; r < rows; r++, x += d, dx += d, dout += d) {
    float mu = mean ? mean[r] : 0, rs = rstd[r], sg = 0, sgx;
#define TERM(i, left) (ldn(dout + (i), left) * ldn(gain + (i), left))
    if (mean) SUM_ROW(sg, d, TERM);
#undef TERM
#define TERM(i, left) (ldn(dout + (i), left) * ldn(gain + (i), left) * ((ldn(x + (i), left) - mu) * rs))
    SUM_ROW(sgx, d, TERM);
#undef TERM
    sg /= d;
    sgx /= d;
    ELEMENTWISE for (long i = 0; i < d; i++) dx[i] = rs * (dout[i] * gain[i] - sg - (x[i] - mu) * rs * sgx);
  }
}
static void normdw(float *dgain, float *dbias, const float *dout, const float *x, const float *mean, const float *rstd, long rows, long d, long c0, long c1) {
  for (long r = 0; r < rows; r++, x += d, dout += d) {
    float mu = mean ? mean[r] : 0, rs = rstd[r];
    if (dgain) {
      ELEMENTWISE for (long c = c0; c < c1; c++) dgain[c] += dout[c] * ((x[c] - mu) * rs);
    }
    if (dbias) add(dbias + c0, dbias + c0, dout + c0, c1 - c0);
  }
}

static void rope_halves(float *o, const float *cs, const float *sn, float sign, long half) {
  ELEMENTWISE for (long i = 0; i < half; i++) {
    float a = o[i], b = o[i + half], s = sign * sn[i];
    o[i] = a * cs[i] - b * s;
    o[i + half] = b * cs[i] + a * s;
  }
}
static void rope_pairs(float *o, const float *cs, const float *sn, float sign, long half) {
  ELEMENTWISE for (long i = 0; i < half; i++) {
    float a = o[2 * i], b = o[2 * i + 1], s = sign * sn[i];
    o[2 * i] = a * cs[i] - b * s;
    o[2 * i + 1] = b * cs[i] + a * s;
  }
}
static void rope(float *out, const float *x, const int32_t *pos, long rows, kn_rope s, const float *cosine, const float *sine) {
  long half = s.dim / 2;
  float sign = s.inverse ? -1 : 1;
  for (long r = 0; r < rows; r++, x += s.width, out += s.width) {
    if (out != x) memcpy(out, x, s.width * sizeof *x);
    for (long h = 0; h < s.heads; h++)
      (s.interleaved ? rope_pairs : rope_halves)(out + h * s.headdim, cosine + pos[r] * half, sine + pos[r] * half, sign, half);
  }
}

// 2u and its derivative in the tanh form.
INL F gelu_arg(F x) { return x * FMA(x * x, all(0.0713548162726f), all(1.59576912160573f)); }
INL F gelu_slope(F x) { return FMA(x * x, all(0.2140644488178f), all(1.59576912160573f)); }
// Φ(x) by erfc, whose fraction is within 1.2e-7: Press et al., Numerical Recipes, sec. 6.2.
INL F normal_cdf(F x) {
  F z = MAXF(x, -x) * 0.70710678118654752f, t = 1.0f / FMA(z, all(0.5f), all(1));
  F p = all(0.17087277f);
  p = FMA(p, t, all(-0.82215223f));
  p = FMA(p, t, all(1.48851587f));
  p = FMA(p, t, all(-1.13520398f));
  p = FMA(p, t, all(0.27886807f));
  p = FMA(p, t, all(-0.18628806f));
  p = FMA(p, t, all(0.09678418f));
  p = FMA(p, t, all(0.37409196f));
  p = FMA(p, t, all(1.00002368f));
  p = FMA(p, t, all(-1.26551223f));
  F tail = 0.5f * t * expv(FMA(-z, z, p)); // Φ(-|x|)
  I neg = x < 0;
  return (F)(((I)tail & neg) | ((I)(1.0f - tail) & ~neg));
}
static void gelu(float *out, const float *x, long n, int exact) {
  if (exact)
    for (long i = 0; i < n; i += VL) {
      F v = ldn(x + i, n - i);
      stn(out + i, n - i, v * normal_cdf(v));
    }
  else
    for (long i = 0; i < n; i += VL) {
      F v = ldn(x + i, n - i);
      stn(out + i, n - i, v * sigmoidv(gelu_arg(v)));
    }
}
static void gelugrad(float *dx, const float *dout, const float *x, long n, int exact) {
  if (exact)
    for (long i = 0; i < n; i += VL) {
      F v = ldn(x + i, n - i), density = 0.3989422804014327f * expv(-0.5f * v * v);
      stn(dx + i, n - i, ldn(dout + i, n - i) * FMA(v, density, normal_cdf(v)));
    }
  else
    for (long i = 0; i < n; i += VL) {
      F v = ldn(x + i, n - i), e = expv(-gelu_arg(v)), s = 1.0f / (1.0f + e); // 1 - s = e·s, without cancellation
      stn(dx + i, n - i, ldn(dout + i, n - i) * FMA(v * s * (e * s), gelu_slope(v), s));
    }
}
static void swiglu(float *out, const float *gateup, long rows, long f) {
  for (long r = 0; r < rows; r++, gateup += 2 * f, out += f)
    for (long i = 0; i < f; i += VL) {
      F g = ldn(gateup + i, f - i);
      stn(out + i, f - i, g * sigmoidv(g) * ldn(gateup + f + i, f - i));
    }
}
static void swiglugrad(float *dgateup, const float *dout, const float *gateup, long rows, long f) {
  for (long r = 0; r < rows; r++, gateup += 2 * f, dgateup += 2 * f, dout += f)
    for (long i = 0; i < f; i += VL) {
      F g = ldn(gateup + i, f - i), u = ldn(gateup + f + i, f - i), d = ldn(dout + i, f - i), e = expv(-g), s = 1.0f / (1.0f + e);
      stn(dgateup + i, f - i, d * u * s * FMA(g, e * s, all(1)));
      stn(dgateup + f + i, f - i, d * g * s);
    }
}
