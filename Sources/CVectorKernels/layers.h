// Forward and backward of one linear layer with its normalisation, a panel of 16 neurons at a time.
//   x [B x C]   w, g [C x 16]   y, dy [B x 16]

// A tile of TILE_ROWS rows is summed in registers; a sum always runs over its terms in order.
#define tile NAME(tile)
INLINE void tile(
  int rows, lanes *out, const real *a, size_t row_stride, size_t term_stride, const lanes *b, size_t terms
) {
  lanes sum[TILE_ROWS];
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++) sum[row] = (lanes){0};
  for (size_t term = 0; term < terms; term++) {
    lanes right = b[term];
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++)
      sum[row] = fused(a[row * row_stride + term * term_stride] - (lanes){0}, right, sum[row]);
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++) out[row] = sum[row];
}

#define product NAME(product)
INLINE void product(
  lanes *out, size_t rows, const real *a, size_t row_stride, size_t term_stride, const lanes *b, size_t terms
) {
  size_t row = 0;
  for (; row + TILE_ROWS <= rows; row += TILE_ROWS)
    tile(TILE_ROWS, out + row, a + row * row_stride, row_stride, term_stride, b, terms);
  for (; row + 2 <= rows; row += 2)
    tile(2, out + row, a + row * row_stride, row_stride, term_stride, b, terms);
  if (row < rows) tile(1, out + row, a + row * row_stride, row_stride, term_stride, b, terms);
}

static void NAME(forward)(void *y, const void *x, const void *w, size_t batch, size_t fan_in) {
  product(y, batch, x, fan_in, 1, w, fan_in);
}

static void NAME(gradient)(void *g, const void *x, const void *dy, size_t batch, size_t fan_in) {
  product(g, fan_in, x, 1, fan_in, dy, batch);
}

static void NAME(scale_columns)(void *x, const void *gain, size_t rows, size_t columns) {
  real *restrict values = x;
  const real *restrict gains = gain;
  for (size_t row = 0; row < rows; row++)
    for (size_t column = 0; column < columns; column++) values[row * columns + column] *= gains[column];
}

static void NAME(batch_norm)(
  const void *outputs, void *gradients, const void *gain, void *bias, size_t batch, double epsilon
) {
  const lanes *y = outputs;
  lanes *dy = gradients;
  lanes share = splat(1.0 / (double)batch);
  lanes mean = {0}, variance = {0}, total = {0}, along = {0};
  for (size_t b = 0; b < batch; b++) mean += y[b];
  mean *= share;
  for (size_t b = 0; b < batch; b++) {
    lanes centred = y[b] - mean;
    variance = fused(centred, centred, variance);
    total += dy[b];
    along = fused(centred, dy[b], along);
  }
  variance = fused(variance, share, splat(epsilon));
  lanes inverse = 1 / __builtin_elementwise_sqrt(variance);
  lanes scale = *(const lanes *)gain * inverse;
  // <x^, dy> x^/B with x^ = centred * inverse.
  lanes slope = along * share * inverse * inverse;
  lanes average = total * share;
  for (size_t b = 0; b < batch; b++) dy[b] = scale * (dy[b] - average - slope * (y[b] - mean));
  *(lanes *)bias = total;
}

#define lane_sum NAME(lane_sum)
INLINE real lane_sum(lanes x) {
  real sum = 0;
  for (int lane = 0; lane < vector_lanes; lane++) sum += x[lane];
  return sum;
}

// Which lanes of a panel are neurons that were asked for: all bits set.
#define valid NAME(valid)
INLINE bits valid(size_t panel, size_t neurons) {
  bits index;
  for (int lane = 0; lane < vector_lanes; lane++) index[lane] = (real_bits)(panel * vector_lanes) + lane;
  return index < (real_bits)neurons;
}

#define masked NAME(masked)
INLINE lanes masked(lanes x, bits mask) { return (lanes)((bits)x & mask); }

static void NAME(layer_norm)(
  const void *outputs, void *gradients, const void *gain, void *bias, size_t batch, size_t neurons, double epsilon
) {
  size_t panels = (neurons + vector_lanes - 1) / vector_lanes;
  const lanes *y = outputs, *gains = gain;
  lanes *dy = gradients, *biases = bias;
  for (size_t panel = 0; panel < panels; panel++) biases[panel] = (lanes){0};
  for (size_t b = 0; b < batch; b++) {
    lanes sums = {0}, squares = {0}, totals = {0}, products = {0};
    for (size_t panel = 0; panel < panels; panel++) sums += masked(y[panel * batch + b], valid(panel, neurons));
    lanes mean = splat(lane_sum(sums) / neurons);
    for (size_t panel = 0; panel < panels; panel++) {
      bits mask = valid(panel, neurons);
      lanes centred = masked(y[panel * batch + b] - mean, mask);
      lanes scaled = masked(dy[panel * batch + b] * gains[panel], mask);
      squares = fused(centred, centred, squares);
      totals += scaled;
      products = fused(centred, scaled, products);
    }
    real variance = lane_sum(squares) / neurons + (real)epsilon;
    lanes inverse = 1 / __builtin_elementwise_sqrt(splat(variance));
    lanes slope = splat(lane_sum(products) / neurons / variance);
    lanes average = splat(lane_sum(totals) / neurons);
    for (size_t panel = 0; panel < panels; panel++) {
      size_t at = panel * batch + b;
      biases[panel] += dy[at];
      dy[at] = inverse * (dy[at] * gains[panel] - average - slope * (y[at] - mean));
    }
  }
}

static void NAME(no_norm)(void *gradients, const void *gain, void *bias, size_t batch) {
  lanes *dy = gradients, scale = *(const lanes *)gain, total = {0};
  for (size_t b = 0; b < batch; b++) {
    total += dy[b];
    dy[b] *= scale;
  }
  *(lanes *)bias = total;
}

static void NAME(add_radial)(void *gradient, const void *weight, size_t count, double decay) {
  lanes *g = gradient;
  const lanes *w = weight;
  for (size_t i = 0; i < count / vector_lanes; i++) g[i] = fused(w[i], splat(decay), g[i]);
}
