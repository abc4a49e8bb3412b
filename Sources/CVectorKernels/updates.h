// The update rules, as their papers have them, coordinate by coordinate. Each reads as its equations; around them stand the
// sums of the gradient that a measurement needs.

#define gradient_sums NAME(gradient_sums)
#define gradient_sums_t NAME(gradient_sums_t)
typedef struct { lanes gradient, radial, alignment, momentum, scaled, scaled_radial; } gradient_sums_t;

#define count_gradient NAME(count_gradient)
INLINE void count_gradient(gradient_sums_t *sums, lanes g, lanes w, lanes m) {
  sums->gradient = fused(g, g, sums->gradient);
  sums->radial = fused(g, w, sums->radial);
  sums->alignment = fused(g, m, sums->alignment);
  sums->momentum = fused(m, m, sums->momentum);
}

#define count_scaled NAME(count_scaled)
INLINE void count_scaled(gradient_sums_t *sums, lanes s, lanes w) {
  sums->scaled = fused(s, s, sums->scaled);
  sums->scaled_radial = fused(s, w, sums->scaled_radial);
}

#define store_gradient NAME(store_gradient)
INLINE void store_gradient(void *out, gradient_sums_t sums, int scaled) {
  lanes *rows = out;
  rows[sum_gradient] = sums.gradient;
  rows[sum_radial] = sums.radial;
  rows[sum_alignment] = sums.alignment;
  rows[sum_momentum] = sums.momentum;
  rows[sum_scaled] = scaled ? sums.scaled : sums.gradient;
  rows[sum_scaled_radial] = scaled ? sums.scaled_radial : sums.radial;
}

// (44), (45): m = alpha m + g + lambda p, p -= eta m; Nesterov: p -= eta (g + lambda p + alpha m). `intake` is 1 less the
// dampening. m is linear, so the gradients' part and the decay's are kept apart.
static void NAME(sgdm)(
  void *direction, void *decayDirection, void *momentum, void *decayMomentum, const void *gradient, const void *weight,
  size_t count, double alpha, double intake, int nesterov, double weight_decay, void *out
) {
  lanes *restrict u = direction, *restrict d = decayDirection, *restrict m = momentum, *restrict n = decayMomentum;
  const lanes *restrict g = gradient, *restrict w = weight;
  lanes a = splat(alpha), in = splat(intake), lambda = splat(weight_decay);
  gradient_sums_t sums = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    count_gradient(&sums, g[i], w[i], m[i]);
    lanes decay = lambda * w[i];
    m[i] = fused(a, m[i], in * g[i]);
    n[i] = fused(a, n[i], in * decay);
    u[i] = nesterov ? fused(a, m[i], g[i]) : m[i];
    d[i] = nesterov ? fused(a, n[i], decay) : n[i];
  }
  store_gradient(out, sums, 0);
}

// (9)-(11): m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, u = (m/c1)/(sqrt(v/c2) + epsilon), with c = 1 - beta^t.
static void NAME(adamw)(
  void *direction, void *first, void *second, const void *gradient, const void *weight, size_t count, double beta1,
  double beta2, double epsilon, double correction1, double correction2, void *out
) {
  lanes *restrict u = direction, *restrict m = first, *restrict v = second;
  const lanes *restrict g = gradient, *restrict w = weight;
  lanes b1 = splat(beta1), b2 = splat(beta2), n1 = splat(1 - beta1), n2 = splat(1 - beta2);
  lanes c1 = splat(1 / correction1), c2 = splat(1 / correction2), e = splat(epsilon);
  gradient_sums_t sums = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    count_gradient(&sums, g[i], w[i], m[i]);
    m[i] = fused(b1, m[i], n1 * g[i]);
    v[i] = fused(b2, v[i], n2 * g[i] * g[i]);
    lanes inverse = 1 / (__builtin_elementwise_sqrt(v[i] * c2) + e);
    u[i] = m[i] * c1 * inverse;
    count_scaled(&sums, g[i] * inverse, w[i]);
  }
  store_gradient(out, sums, 1);
}

// (76)-(78): as Adam with g + lambda p for g. Given v the update is linear in m, so m is kept in two parts.
static void NAME(adam_l2)(
  void *direction, void *decayDirection, void *first, void *firstDecay, void *second, const void *gradient,
  const void *weight, size_t count, double beta1, double beta2, double epsilon, double correction1, double correction2,
  double weight_decay, void *out
) {
  lanes *restrict u = direction, *restrict d = decayDirection, *restrict m = first, *restrict n = firstDecay;
  lanes *restrict v = second;
  const lanes *restrict g = gradient, *restrict w = weight;
  lanes b1 = splat(beta1), b2 = splat(beta2), n1 = splat(1 - beta1), n2 = splat(1 - beta2);
  lanes c1 = splat(1 / correction1), c2 = splat(1 / correction2), e = splat(epsilon), lambda = splat(weight_decay);
  gradient_sums_t sums = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    count_gradient(&sums, g[i], w[i], m[i]);
    lanes decay = lambda * w[i], both = g[i] + decay;
    m[i] = fused(b1, m[i], n1 * g[i]);
    n[i] = fused(b1, n[i], n1 * decay);
    v[i] = fused(b2, v[i], n2 * both * both);
    lanes inverse = 1 / (__builtin_elementwise_sqrt(v[i] * c2) + e);
    u[i] = m[i] * c1 * inverse;
    d[i] = n[i] * c1 * inverse;
    count_scaled(&sums, g[i] * inverse, w[i]);
  }
  store_gradient(out, sums, 1);
}

// (55)-(57): u = sign(beta1 m + (1 - beta1) g), m = beta2 m + (1 - beta2) g. The sign of zero is zero.
static void NAME(lion)(
  void *direction, void *first, const void *gradient, const void *weight, size_t count, double beta1, double beta2,
  void *out
) {
  lanes *restrict u = direction, *restrict m = first;
  const lanes *restrict g = gradient, *restrict w = weight;
  lanes b1 = splat(beta1), b2 = splat(beta2), n1 = splat(1 - beta1), n2 = splat(1 - beta2);
  gradient_sums_t sums = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    count_gradient(&sums, g[i], w[i], m[i]);
    lanes mixed = fused(b1, m[i], n1 * g[i]);
    // A comparison is all ones, -1, where it holds. What is not a number stays one.
    u[i] = __builtin_convertvector((mixed < 0) - (mixed > 0), lanes) + (mixed - mixed);
    m[i] = fused(b2, m[i], n2 * g[i]);
  }
  store_gradient(out, sums, 0);
}

// (7): w' - w = -rate u - rate d - shrink w.
static void NAME(apply)(
  void *weight, const void *direction, const void *decayDirection, size_t count, double rate, double shrink, void *out
) {
  lanes *restrict w = weight, *rows = out;
  const lanes *restrict u = direction, *restrict d = decayDirection;
  lanes eta = splat(-rate), s = splat(-shrink);
  lanes ww = {0}, wd = {0}, dd = {0}, uu = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    lanes before = w[i], after = fused(s, before, before);
    after = fused(eta, u[i], after);
    if (d) after = fused(eta, d[i], after);
    lanes step = after - before;
    w[i] = after;
    ww = fused(before, before, ww);
    wd = fused(before, step, wd);
    dd = fused(step, step, dd);
    uu = fused(u[i], u[i], uu);
  }
  rows[sum_weight] = ww;
  rows[sum_along] = wd;
  rows[sum_step] = dd;
  rows[sum_update] = uu * (eta * eta);
}
