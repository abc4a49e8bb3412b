#if defined(__x86_64__)
#define INSTRUCTIONS avx512
#define TARGET "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,f16c"
#define FUSED 1
#define HALF 1
#include "scan.h"
#endif
