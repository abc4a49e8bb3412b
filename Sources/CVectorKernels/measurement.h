// From the sums of a step to what is added up over a window.

// The angle whose tangent is opposite/adjacent, opposite >= 0. A least-squares fit of arctan(t)/t in t^2, to 3e-9, below
// single precision; in double precision the library's function.
#define angle NAME(angle)
INLINE lanes angle(lanes opposite, lanes adjacent) {
#if DOUBLE_PRECISION
  lanes result;
  for (int lane = 0; lane < vector_lanes; lane++) result[lane] = atan2(opposite[lane], adjacent[lane]);
  return result;
#else
  lanes size = __builtin_elementwise_abs(adjacent);
  bits steep = opposite > size;
  lanes smaller = __builtin_elementwise_min(opposite, size), larger = __builtin_elementwise_max(opposite, size);
  lanes t = smaller / larger;
  t = masked(t, larger > 0);
  lanes small = t * polynomial(
    t * t, 0.9999999976306125f, -0.33333283641450007f, 0.19998266034957746f, -0.14261933037976923f,
    0.10942030313211486f, -0.0837731441429614f, 0.05755208417664852f, -0.03080457924546276f, 0.01072693442473742f,
    -0.0017539279944331146f);
  lanes upright = (lanes)(((bits)(1.5707963267948966f - small) & steep) | ((bits)small & ~steep));
  bits behind = adjacent < 0;
  return (lanes)(((bits)(3.141592653589793f - upright) & behind) | ((bits)upright & ~behind));
#endif
}

#define add_total NAME(add_total)
INLINE void add_total(double *totals, int row, lanes x) {
  doubles sum;
  __builtin_memcpy(&sum, totals + row * vector_lanes, sizeof sum);
  sum += __builtin_convertvector(x, doubles);
  __builtin_memcpy(totals + row * vector_lanes, &sum, sizeof sum);
}

// x/y where y > 0, else 0: a cosine with a moment that is still zero.
#define quotient NAME(quotient)
INLINE lanes quotient(lanes x, lanes y) { return masked(x / y, y != 0); }

static void NAME(summarise)(double *totals, double *layer, const void *sums, size_t neurons) {
  const lanes *s = sums;
  bits mask = valid(0, neurons);
  layer[0] += lane_sum(masked(s[sum_weight], mask));
  layer[1] += lane_sum(masked(s[sum_along], mask));
  layer[2] += lane_sum(masked(s[sum_step], mask));
  layer[3] += lane_sum(masked(s[sum_gradient], mask));
  lanes ww = s[sum_weight], wd = s[sum_along], dd = s[sum_step], gg = s[sum_gradient];
  // In units of |w|, so that no product over- or underflows.
  lanes along = quotient(wd, ww), relative = quotient(dd, ww);
  // |w|^2 |d|^2 - <w, d>^2 is the squared area that w and w' span: small angles keep their digits.
  lanes area = __builtin_elementwise_sqrt(__builtin_elementwise_max(relative - along * along, (lanes){0}));
  // max() drops what is not a number; it comes back here.
  lanes turned = angle(area, 1 + along) + (dd - dd);
  add_total(totals, total_norm_power, ww + 2 * wd + dd);
  add_total(totals, total_rotation, turned);
  add_total(totals, total_rotation_power, turned * turned);
  add_total(totals, total_relative_power, relative);
  add_total(totals, total_update_power, s[sum_update]);
  add_total(totals, total_gradient_power, gg);
  add_total(totals, total_unit_power, gg * ww);
  lanes norm = __builtin_elementwise_sqrt(gg);
  add_total(totals, total_gradient_cosine, quotient(s[sum_radial], norm * __builtin_elementwise_sqrt(ww)));
  add_total(
    totals, total_momentum_cosine, quotient(s[sum_alignment], norm * __builtin_elementwise_sqrt(s[sum_momentum])));
  add_total(totals, total_scaled_power, s[sum_scaled]);
  add_total(totals, total_radial_decay, quotient(s[sum_scaled_radial], ww));
}

static void NAME(products)(const void *left, const void *right, size_t count, double *out) {
  const lanes *a = left, *b = right;
  doubles aa = {0}, ab = {0}, bb = {0};
  for (size_t i = 0; i < count / vector_lanes; i++) {
    doubles x = __builtin_convertvector(a[i], doubles), y = __builtin_convertvector(b[i], doubles);
    aa += x * x;
    ab += x * y;
    bb += y * y;
  }
  __builtin_memcpy(out, &aa, sizeof aa);
  __builtin_memcpy(out + vector_lanes, &ab, sizeof ab);
  __builtin_memcpy(out + 2 * vector_lanes, &bb, sizeof bb);
}

static void NAME(add_powers)(double *squares, double *fourths, const void *gradient, const void *sums, size_t rows) {
  const lanes *g = gradient;
  lanes power = ((const lanes *)sums)[sum_weight];
  for (size_t row = 0; row < rows; row++) {
    lanes square = power * g[row] * g[row];
    add_total(squares, row, square);
    add_total(fourths, row, square * square);
  }
}
