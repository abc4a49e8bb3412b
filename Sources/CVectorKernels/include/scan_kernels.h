// The loops that read stored weights: sums over rows and down columns of a matrix, for each instruction set.
//
// Numbers may begin at any byte. Every sum is taken in double precision, or in short runs of single precision whose error
// stays below 10^-6 of the sum whatever the numbers are; what a run cannot hold is taken again in double precision.
#ifndef SCAN_KERNELS_H
#define SCAN_KERNELS_H

#include <stddef.h>

typedef enum { stored_brain_float16, stored_float16, stored_float32, stored_float64 } stored_type;

// What is added up, of each number x.
typedef enum {
  term_square,       // x^2
  term_not_finite,   // 1 where x is infinite or no number
  term_large_square, // (2^-600 x)^2, of numbers in double precision whose own squares are too large
  term_small_square, // (2^600 x)^2, of numbers in double precision whose own squares are too small
} scan_term;

// What is added up of two numbers, w now and p before, with d = w - p: as many sums for each row or column.
enum { change_square, change_previous_square, change_product, change_difference_square, change_count };

typedef struct {
  // sums[row] += the sum of the terms of each row.
  void (*rows)(double *sums, scan_term term, stored_type type, const void *x, size_t rows, size_t columns);
  // sums[column] += the sum of the terms of each column.
  void (*columns)(double *sums, scan_term term, stored_type type, const void *x, size_t rows, size_t columns);
  // sums[change_count][row] and sums[change_count][column], which are `stride` numbers apart, of w^2, p^2, p d and d^2, all
  // numbers times a scale first.
  void (*row_changes)(
    double *sums, size_t stride, double scale, stored_type type, const void *now, stored_type previous_type,
    const void *previous, size_t rows, size_t columns);
  void (*column_changes)(
    double *sums, size_t stride, double scale, stored_type type, const void *now, stored_type previous_type,
    const void *previous, size_t rows, size_t columns);
} scan_kernels;

#endif
