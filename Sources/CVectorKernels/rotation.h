// Algorithm 1, a panel at a time. Whether the numbers for a neuron are those of its own row or of the whole layer is the
// caller's choice, so they go out and come in between the passes, as doubles.

#define doubles NAME(doubles_t)
typedef double doubles __attribute__((vector_size(vector_lanes * sizeof(double))));

#define from_doubles NAME(from_doubles)
INLINE lanes from_doubles(const double *numbers) {
  doubles row;
  __builtin_memcpy(&row, numbers, sizeof row);
  return __builtin_convertvector(row, lanes);
}

#define to_doubles NAME(to_doubles)
INLINE void to_doubles(double *numbers, lanes x) {
  doubles row = __builtin_convertvector(x, doubles);
  __builtin_memcpy(numbers, &row, sizeof row);
}

static void NAME(rotation_products)(const void *direction, const void *weight, size_t count, double *products) {
  const lanes *u = direction, *w = weight;
  lanes uw = {0}, ones = {0}, ww = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    uw = fused(u[i], w[i], uw);
    ones += u[i];
    ww = fused(w[i], w[i], ww);
  }
  to_doubles(products, uw);
  to_doubles(products + vector_lanes, ones);
  to_doubles(products + 2 * vector_lanes, ww);
}

static void NAME(rotation_project)(
  void *direction, const void *weight, size_t count, const double *radial, const double *mean, double *power
) {
  lanes *u = direction, along = -from_doubles(radial), shift = -from_doubles(mean), sum = {0};
  const lanes *w = weight;
  for (size_t i = 0; i < count / vector_lanes; i++) {
    u[i] = fused(along, w[i], u[i]) + shift;
    sum = fused(u[i], u[i], sum);
  }
  to_doubles(power, sum);
}

static void NAME(rotation_turn)(
  void *direction, const void *weight, size_t count, const double *size, double *power
) {
  lanes *u = direction, factor = -from_doubles(size);
  const lanes *w = weight;
  // In parts: this sum sets the norm, and a single one over thousands of coordinates would round more than 1e-6 of it away.
  doubles total = {0};
  for (size_t start = 0, rows = count / vector_lanes; start < rows; start += 64) {
    lanes sum = {0};
    for (size_t i = start; i < rows && i < start + 64; i++) {
      u[i] = fused(factor, u[i], w[i]);
      sum = fused(u[i], u[i], sum);
    }
    total += __builtin_convertvector(sum, doubles);
  }
  __builtin_memcpy(power, &total, sizeof total);
}

static void NAME(rotation_finish)(
  void *weight, const void *direction, size_t count, const double *factor, void *out
) {
  lanes *w = weight, *rows = out, scale = from_doubles(factor);
  const lanes *u = direction;
  lanes ww = {0}, wd = {0}, dd = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    lanes before = w[i], after = scale * u[i], step = after - before;
    w[i] = after;
    ww = fused(before, before, ww);
    wd = fused(before, step, wd);
    dd = fused(step, step, dd);
  }
  rows[sum_weight] = ww;
  rows[sum_along] = wd;
  rows[sum_step] = dd;
}
