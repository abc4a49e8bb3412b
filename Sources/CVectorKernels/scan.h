// Sums over stored numbers for one instruction set. A file that reads this has named the set in INSTRUCTIONS and said in HALF
// whether it converts numbers of half precision.
#include <stdint.h>
#include <string.h>

#include "CVectorKernels.h"

#define INLINE static inline __attribute__((always_inline))
#define JOIN2(a, b) a##_##b
#define JOIN(a, b) JOIN2(a, b)
#pragma clang diagnostic ignored "-Wpsabi"
#pragma STDC FP_CONTRACT OFF

#ifdef TARGET
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#endif

#if FUSED
#define fused(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define fused(a, b, c) ((a) * (b) + (c))
#endif

#define UNROLLED _Pragma("clang loop unroll(full)")

enum { lanes = vector_lanes, run = 8, ahead = 2048 };
#define VECTOR(type, count) __attribute__((vector_size((count) * sizeof(type)))) type
typedef VECTOR(float, lanes) floats;
typedef VECTOR(double, lanes) doubles;
typedef VECTOR(uint16_t, lanes) halves;
typedef VECTOR(uint32_t, lanes) words;
typedef VECTOR(int64_t, lanes) long_integers;

// MARK: Numbers

// Reads that may begin at any byte.
#define READ(type, name) \
  INLINE type name(const void *x) { \
    type value; \
    memcpy(&value, x, sizeof value); \
    return value; \
  }
READ(floats, read_floats)
READ(doubles, read_doubles)
READ(halves, read_halves)
READ(words, read_words)

// 16 numbers of 16 or 32 bits in single precision, exactly.
INLINE floats singles(stored_type type, const char *x) {
  if (type == stored_float32) return read_floats(x);
  words word = __builtin_convertvector(read_halves(x), words);
  if (type == stored_brain_float16) return (floats)(word << 16);
#if HALF
  typedef VECTOR(_Float16, lanes) float16s;
  float16s value;
  memcpy(&value, x, sizeof value);
  return __builtin_convertvector(value, floats);
#else
  // Exponent and fraction go where a float has them; its exponent counts from 127 instead of 15. What becomes 65536 and more
  // was infinite or no number.
  floats magnitude = (floats)((word & 0x7FFF) << 13) * 0x1p112f;
  words special = (words)(magnitude >= 0x1p16f) & 0x7F800000;
  return (floats)((words)magnitude | special | (word & 0x8000) << 16);
#endif
}

// 16 numbers in double precision, exactly.
INLINE doubles wide(stored_type type, const char *x) {
  return type == stored_float64 ? read_doubles(x) : __builtin_convertvector(singles(type, x), doubles);
}

INLINE size_t width(stored_type type) { return type == stored_float64 ? 8 : type == stored_float32 ? 4 : 2; }

// The last numbers of a row, fewer than 16, and zeros.
INLINE doubles rest_of(stored_type type, const char *x, size_t count) {
  char padded[lanes * sizeof(double)] = {0};
  memcpy(padded, x, count * width(type));
  return wide(type, padded);
}

// MARK: One tensor

INLINE doubles term_of(scan_term term, doubles x) {
  if (term == term_not_finite) return __builtin_convertvector((long_integers)(x - x != 0) & 1, doubles);
  if (term == term_large_square) x *= 0x1p-600;
  if (term == term_small_square) x *= 0x1p600;
  return x * x;
}

// Whether a run in single precision neither over- nor underflowed, nor met what is not finite.
INLINE int holds(floats sum) { return __builtin_reduce_and((sum >= 0x1p-120f) & (sum <= 0x1p127f)); }

// What a run of vectors, `stride` bytes apart, adds to 16 sums. Squares of 16-bit numbers are exact in single precision, and a
// run of 8 of them is rounded 7 times by at most 2^-24.
INLINE doubles run_of(scan_term term, stored_type type, const char *x, size_t stride) {
  if (term == term_square && (type == stored_brain_float16 || type == stored_float16)) {
    floats sum = {0};
    UNROLLED
    for (int k = 0; k < run; k++) {
      floats value = singles(type, x + k * stride);
      sum = fused(value, value, sum);
    }
    // Half precision has no numbers whose squares do not fit.
    if (type == stored_float16 || holds(sum)) return __builtin_convertvector(sum, doubles);
  }
  doubles sum = {0};
  UNROLLED
  for (int k = 0; k < run; k++) {
    doubles value = wide(type, x + k * stride);
    sum = term == term_square ? fused(value, value, sum) : sum + term_of(term, value);
  }
  return sum;
}

// Squares of two runs of brain floats side by side: a word has two of them, and a sum does not ask which comes first.
INLINE doubles pairs_of(const char *x) {
  floats upper = {0}, lower = {0};
  UNROLLED
  for (int k = 0; k < run; k++) {
    words pair = read_words(x + k * sizeof pair);
    __builtin_prefetch(x + k * sizeof pair + ahead);
    floats high = (floats)(pair & 0xFFFF0000), low = (floats)(pair << 16);
    upper = fused(high, high, upper);
    lower = fused(low, low, lower);
  }
  floats sum = upper + lower;
  if (holds(sum)) return __builtin_convertvector(sum, doubles);
  size_t vector = lanes * sizeof(uint16_t);
  return run_of(term_square, stored_brain_float16, x, vector)
    + run_of(term_square, stored_brain_float16, x + run * vector, vector);
}

INLINE double sum_of(doubles x) {
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; lane++) x[lane] += x[lane + half];
  return x[0];
}

INLINE void row_sums(double *sums, scan_term term, stored_type type, const char *x, size_t rows, size_t columns) {
  size_t vector = lanes * width(type), rest = columns % lanes;
  for (size_t row = 0; row < rows; row++) {
    doubles total = {0};
    size_t left = columns / lanes;
    if (type == stored_brain_float16 && term == term_square)
      for (; left >= 2 * run; left -= 2 * run, x += 2 * run * vector) total += pairs_of(x);
    for (; left >= run; left -= run, x += run * vector) total += run_of(term, type, x, vector);
    for (; left > 0; left--, x += vector) total += term_of(term, wide(type, x));
    if (rest > 0) total += term_of(term, rest_of(type, x, rest));
    x += rest * width(type);
    sums[row] += sum_of(total);
  }
}

INLINE void add(double *sums, doubles x) {
  x += read_doubles(sums);
  memcpy(sums, &x, sizeof x);
}

INLINE void add_first(double *sums, doubles x, size_t count) {
  double values[lanes];
  memcpy(values, &x, sizeof x);
  for (size_t lane = 0; lane < count; lane++) sums[lane] += values[lane];
}

INLINE void column_sums(double *sums, scan_term term, stored_type type, const char *x, size_t rows, size_t columns) {
  size_t stride = columns * width(type), whole = columns / lanes * lanes, rest = columns - whole;
  for (size_t row = 0; row < rows;) {
    size_t count = rows - row < run ? 1 : run;
    for (size_t column = 0; column < whole; column += lanes) {
      const char *from = x + column * width(type);
      add(sums + column, count == run ? run_of(term, type, from, stride) : term_of(term, wide(type, from)));
    }
    for (size_t k = 0; rest > 0 && k < count; k++)
      add_first(sums + whole, term_of(term, rest_of(type, x + k * stride + whole * width(type), rest)), rest);
    row += count;
    x += count * stride;
  }
}

// MARK: Two tensors

typedef struct {
  doubles sums[change_count];
} changes;

INLINE void add_change(changes *to, double scale, doubles now, doubles previous) {
  now *= scale;
  previous *= scale;
  doubles difference = now - previous;
  to->sums[change_square] = fused(now, now, to->sums[change_square]);
  to->sums[change_previous_square] = fused(previous, previous, to->sums[change_previous_square]);
  to->sums[change_product] = fused(previous, difference, to->sums[change_product]);
  to->sums[change_difference_square] = fused(difference, difference, to->sums[change_difference_square]);
}

INLINE void row_change_sums(
  double *sums, size_t stride, double scale, stored_type type, const char *now, stored_type previous_type,
  const char *previous, size_t rows, size_t columns) {
  size_t rest = columns % lanes;
  for (size_t row = 0; row < rows; row++) {
    changes total = {0};
    for (size_t left = columns / lanes; left > 0; left--) {
      add_change(&total, scale, wide(type, now), wide(previous_type, previous));
      now += lanes * width(type);
      previous += lanes * width(previous_type);
    }
    if (rest > 0) add_change(&total, scale, rest_of(type, now, rest), rest_of(previous_type, previous, rest));
    now += rest * width(type);
    previous += rest * width(previous_type);
    for (int kind = 0; kind < change_count; kind++) sums[kind * stride + row] += sum_of(total.sums[kind]);
  }
}

INLINE void column_change_sums(
  double *sums, size_t stride, double scale, stored_type type, const char *now, stored_type previous_type,
  const char *previous, size_t rows, size_t columns) {
  size_t whole = columns / lanes * lanes, rest = columns - whole;
  for (size_t row = 0; row < rows;) {
    size_t count = rows - row < run ? 1 : run;
    for (size_t column = 0; column < whole; column += lanes) {
      changes total = {0};
      for (size_t k = 0; k < count; k++) {
        size_t place = k * columns + column;
        add_change(
          &total, scale, wide(type, now + place * width(type)),
          wide(previous_type, previous + place * width(previous_type)));
      }
      for (int kind = 0; kind < change_count; kind++) add(sums + kind * stride + column, total.sums[kind]);
    }
    for (size_t k = 0; rest > 0 && k < count; k++) {
      changes total = {0};
      size_t place = k * columns + whole;
      add_change(
        &total, scale, rest_of(type, now + place * width(type), rest),
        rest_of(previous_type, previous + place * width(previous_type), rest));
      for (int kind = 0; kind < change_count; kind++) add_first(sums + kind * stride + whole, total.sums[kind], rest);
    }
    row += count;
    now += count * columns * width(type);
    previous += count * columns * width(previous_type);
  }
}

// MARK: The table

// A loop for each type, so that the type is known where the numbers are read.
#define FOR(type, loop) \
  switch (type) { \
  case stored_brain_float16: loop(stored_brain_float16) break; \
  case stored_float16: loop(stored_float16) break; \
  case stored_float32: loop(stored_float32) break; \
  case stored_float64: loop(stored_float64) break; \
  }


static void rows_of(double *sums, scan_term term, stored_type type, const void *x, size_t rows, size_t columns) {
#define SQUARES(known) row_sums(sums, term_square, known, x, rows, columns);
#define STRAYS(known) row_sums(sums, term_not_finite, known, x, rows, columns);
  if (term == term_square) FOR(type, SQUARES)
  else if (term == term_not_finite) FOR(type, STRAYS)
  else if (term == term_large_square) row_sums(sums, term_large_square, stored_float64, x, rows, columns);
  else row_sums(sums, term_small_square, stored_float64, x, rows, columns);
#undef SQUARES
#undef STRAYS
}

static void columns_of(double *sums, scan_term term, stored_type type, const void *x, size_t rows, size_t columns) {
#define SQUARES(known) column_sums(sums, term_square, known, x, rows, columns);
#define STRAYS(known) column_sums(sums, term_not_finite, known, x, rows, columns);
  if (term == term_square) FOR(type, SQUARES)
  else if (term == term_not_finite) FOR(type, STRAYS)
  else if (term == term_large_square) column_sums(sums, term_large_square, stored_float64, x, rows, columns);
  else column_sums(sums, term_small_square, stored_float64, x, rows, columns);
}

// The two types make sixteen loops. Another scale is rare: one loop that asks for the types at every step will do.
#define CHANGES(known, previous_known) \
  case 4 * known + previous_known: \
    LOOP(sums, stride, 1, known, now, previous_known, previous, rows, columns); \
    break;
#define CHANGES_FROM(known) \
  CHANGES(known, stored_brain_float16) \
  CHANGES(known, stored_float16) \
  CHANGES(known, stored_float32) \
  CHANGES(known, stored_float64)
#define ALL_CHANGES \
  if (scale != 1) { \
    LOOP(sums, stride, scale, type, now, previous_type, previous, rows, columns); \
    return; \
  } \
  switch (4 * type + previous_type) { \
    CHANGES_FROM(stored_brain_float16) \
    CHANGES_FROM(stored_float16) \
    CHANGES_FROM(stored_float32) \
    CHANGES_FROM(stored_float64) \
  }

static void row_changes_of(
  double *sums, size_t stride, double scale, stored_type type, const void *now, stored_type previous_type,
  const void *previous, size_t rows, size_t columns) {
#define LOOP row_change_sums
  ALL_CHANGES
#undef LOOP
}

static void column_changes_of(
  double *sums, size_t stride, double scale, stored_type type, const void *now, stored_type previous_type,
  const void *previous, size_t rows, size_t columns) {
#define LOOP column_change_sums
  ALL_CHANGES
#undef LOOP
}

const scan_kernels JOIN(scan_kernels, INSTRUCTIONS) = {
  .rows = rows_of,
  .columns = columns_of,
  .row_changes = row_changes_of,
  .column_changes = column_changes_of,
};

#ifdef TARGET
#pragma clang attribute pop
#endif
