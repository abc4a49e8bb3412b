// 16 registers of 8 numbers in single precision.
#if defined(__x86_64__)
#define INSTRUCTIONS avx2
#define TARGET "avx2,fma"
#define FUSED 1
#define SINGLE_TILE_ROWS 4
#define DOUBLE_TILE_ROWS 2
#include "kernels.h"
#endif
