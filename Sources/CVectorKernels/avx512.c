// 32 registers of 16 numbers in single precision.
#if defined(__x86_64__)
#define INSTRUCTIONS avx512
#define TARGET "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"
#define FUSED 1
#define SINGLE_TILE_ROWS 16
#define DOUBLE_TILE_ROWS 8
#include "kernels.h"
#endif
