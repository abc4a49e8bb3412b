#if defined(__x86_64__)
#define INSTRUCTIONS avx2
#define TARGET "avx2,fma,f16c"
#define FUSED 1
#define HALF 1
#include "scan.h"
#endif
