#define INSTRUCTIONS plain
#if defined(__aarch64__)
#define FUSED 1
#define HALF 1
#else
#define FUSED 0
#define HALF 0
#endif
#include "scan.h"
