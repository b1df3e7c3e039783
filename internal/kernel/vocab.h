// Rows of logits. Sums run in float over blocks of SPAN values, and in double over the blocks.
#define SPAN 4096

INL float scaled_max(float *x, long n, float a) {
  F m = all(-INFINITY);
  for (long i = 0; i < n; i += VL) {
    F v = ldf(x + i, n - i, all(-INFINITY)) * a;
    stn(x + i, n - i, v);
    m = MAXF(m, v);
  }
  return hmax(m);
}
// Σ exp(x-m) and, where wanted, Σ exp(x-m)·(x-m). A logit of -Inf adds 0.
INL void exp_sums(const float *x, long n, float m, double *sum, double *weighted, const int want) {
  const F low = all(-200);
  *sum = *weighted = 0;
  for (long b = 0; b < n; b += SPAN) {
    F s[2] = {{0}, {0}}, w[2] = {{0}, {0}};
    long end = MIN(n, b + SPAN);
    for (long i = b; i < end; i += 2 * VL)
      UNROLL for (int u = 0; u < 2; u++) {
        long left = end - i - u * VL;
        if (left <= 0) break;
        F d = MAXF(low, ldf(x + i + u * VL, left, all(-INFINITY)) - m), e = expv(d);
        s[u] += e;
        if (want) w[u] = FMA(e, d, w[u]);
      }
    *sum += hsum(s[0] + s[1]);
    if (want) *weighted += hsum(w[0] + w[1]);
  }
}
static void logprob(float *logprob, float *entropy, float *lse, float *logits, const int32_t *targets, long rows, long v, float invtemp) {
  for (long r = 0; r < rows; r++) {
    float *x = logits + r * v, m = scaled_max(x, v, invtemp);
    double sum, weighted;
    if (entropy) exp_sums(x, v, m, &sum, &weighted, 1);
    else exp_sums(x, v, m, &sum, &weighted, 0);
    double l = log(sum);
    lse[r] = m + l;
    logprob[r] = (double)(x[targets[r]] - m) - l;
    if (entropy) entropy[r] = l - weighted / sum;
  }
}
static void logprobgrad(float *logits, const int32_t *targets, const float *lse, const float *entropy, const float *dlogprob, const float *dentropy,
                        long rows, long v, float invtemp) {
  for (long r = 0; r < rows; r++) {
    float *x = logits + r * v, dl = dlogprob[r], dh = dentropy ? dentropy[r] : 0, h = dentropy ? entropy[r] : 0;
    for (long i = 0; i < v; i += VL) {
      F l = MAXF(all(-200), ldn(x + i, v - i) - lse[r]);
      stn(x + i, v - i, -invtemp * expv(l) * FMA(all(dh), l + h, all(dl)));
    }
    x[targets[r]] += invtemp * dl;
  }
}
static void argmax(int32_t *out, const float *logits, long rows, long v) {
  for (long r = 0; r < rows; r++, logits += v) {
    F m = all(-INFINITY);
    for (long i = 0; i < v; i += VL) m = MAXF(m, ldf(logits + i, v - i, all(-INFINITY)));
    float best = hmax(m);
    long i = 0;
    while (i < v && logits[i] != best) i++;
    out[r] = i < v ? i : 0;
  }
}
