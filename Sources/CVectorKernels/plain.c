// Whatever the compiler takes for granted: SSE2 on x86-64, NEON with its fused multiply-add on arm64.
#define INSTRUCTIONS plain
#if defined(__aarch64__)
#define FUSED 1
#define SINGLE_TILE_ROWS 6
#define DOUBLE_TILE_ROWS 2
#else
#define FUSED 0
#define SINGLE_TILE_ROWS 2
#define DOUBLE_TILE_ROWS 1
#endif
#include "kernels.h"
