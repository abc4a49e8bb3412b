// All loops in both precisions for one instruction set. A file that reads this has named the set in INSTRUCTIONS, said in
// FUSED whether it has a fused multiply-add, and chosen tiles that fit its registers.
#include <math.h>
#include <stdint.h>

#include "CVectorKernels.h"

#define INLINE static inline __attribute__((always_inline))
#pragma clang diagnostic ignored "-Wpsabi"
#pragma STDC FP_CONTRACT OFF

// a b + c for vectors, rounded once where the instruction set can.
#if FUSED
#define fused(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define fused(a, b, c) ((a) * (b) + (c))
#endif

#ifdef TARGET
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#endif

#define PRECISION single_precision
#define DOUBLE_PRECISION 0
#define TILE_ROWS SINGLE_TILE_ROWS
#define real float
#define real_bits int32_t
#include "loops.h"
#undef PRECISION
#undef DOUBLE_PRECISION
#undef TILE_ROWS
#undef real
#undef real_bits

#define PRECISION double_precision
#define DOUBLE_PRECISION 1
#define TILE_ROWS DOUBLE_TILE_ROWS
#define real double
#define real_bits int64_t
#include "loops.h"

#ifdef TARGET
#pragma clang attribute pop
#endif
