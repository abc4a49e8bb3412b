#include "CVectorKernels.h"

extern const vector_kernels vector_kernels_single_precision_plain, vector_kernels_double_precision_plain;
#if defined(__x86_64__)
extern const vector_kernels vector_kernels_single_precision_avx2, vector_kernels_double_precision_avx2;
extern const vector_kernels vector_kernels_single_precision_avx512, vector_kernels_double_precision_avx512;
#endif

extern const scan_kernels scan_kernels_plain;
#if defined(__x86_64__)
extern const scan_kernels scan_kernels_avx2, scan_kernels_avx512;
#endif

const vector_kernels *vector_kernels_for(instruction_set set, int double_precision) {
  switch (set) {
  case instructions_plain:
    return double_precision ? &vector_kernels_double_precision_plain : &vector_kernels_single_precision_plain;
#if defined(__x86_64__)
  case instructions_avx2:
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    return double_precision ? &vector_kernels_double_precision_avx2 : &vector_kernels_single_precision_avx2;
  case instructions_avx512:
    if (
      !__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")
      || !__builtin_cpu_supports("avx512bw"))
      return 0;
    return double_precision ? &vector_kernels_double_precision_avx512 : &vector_kernels_single_precision_avx512;
#endif
  default: return 0;
  }
}

const scan_kernels *scan_kernels_for(instruction_set set) {
  if (!vector_kernels_for(set, 0)) return 0;
  switch (set) {
  case instructions_plain: return &scan_kernels_plain;
#if defined(__x86_64__)
  case instructions_avx2: return __builtin_cpu_supports("f16c") ? &scan_kernels_avx2 : 0;
  case instructions_avx512: return __builtin_cpu_supports("f16c") ? &scan_kernels_avx512 : 0;
#endif
  default: return 0;
  }
}
