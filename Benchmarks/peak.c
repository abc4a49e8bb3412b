/* The single-precision peak of one core, in floating-point operations a second: fused multiply-adds on registers
   alone, enough of them in flight to hide their latency. `Benchmarks/simulation.py` builds and runs it. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>

#define ROUNDS 1000000L
#define REPETITIONS 30

/* Twelve chains: two units with a latency of four or five cycles need eight to ten in flight, and AVX2 has sixteen
   registers. The empty assembly keeps the compiler from working out what the loop computes. */
#define DEFINE_LOOP(NAME, TARGET, VECTOR, LANES, MULTIPLY_ADD, KEEP)                                          \
  TARGET static double NAME(void) {                                                                           \
    VECTOR x = {0}, a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;       \
    for (long round = 0; round < ROUNDS; round++) {                                                           \
      a = MULTIPLY_ADD(x, x, a), b = MULTIPLY_ADD(x, x, b), c = MULTIPLY_ADD(x, x, c);                        \
      d = MULTIPLY_ADD(x, x, d), e = MULTIPLY_ADD(x, x, e), f = MULTIPLY_ADD(x, x, f);                        \
      g = MULTIPLY_ADD(x, x, g), h = MULTIPLY_ADD(x, x, h), i = MULTIPLY_ADD(x, x, i);                        \
      j = MULTIPLY_ADD(x, x, j), k = MULTIPLY_ADD(x, x, k), l = MULTIPLY_ADD(x, x, l);                        \
      __asm__ volatile("" : KEEP(a), KEEP(b), KEEP(c), KEEP(d), KEEP(e), KEEP(f));                            \
      __asm__ volatile("" : KEEP(g), KEEP(h), KEEP(i), KEEP(j), KEEP(k), KEEP(l));                            \
    }                                                                                                         \
    return 2.0 * 12 * LANES * ROUNDS;                                                                         \
  }

#if defined(__x86_64__)
#include <immintrin.h>
DEFINE_LOOP(avx512, __attribute__((target("avx512f"))), __m512, 16, _mm512_fmadd_ps, "+v")
DEFINE_LOOP(avx2, __attribute__((target("avx2,fma"))), __m256, 8, _mm256_fmadd_ps, "+x")
#define SEPARATE(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
DEFINE_LOOP(plain, , __m128, 4, SEPARATE, "+x")
#elif defined(__aarch64__)
#include <arm_neon.h>
#define FUSED(a, b, c) vfmaq_f32(c, a, b)
DEFINE_LOOP(plain, , float32x4_t, 4, FUSED, "+w")
#else
#define SCALAR(a, b, c) ((a) * (b) + (c))
DEFINE_LOOP(plain, , float, 1, SCALAR, "+m")
#endif

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void) {
  double (*loop)(void) = plain, best = 0;
  const char *name = "plain";
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    loop = avx512, name = "avx512";
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    loop = avx2, name = "avx2";
  }
#endif
  for (int repetition = 0; repetition < REPETITIONS; repetition++) {
    double start = seconds(), operations = loop(), rate = operations / (seconds() - start);
    if (rate > best) best = rate;
  }
  printf("%s %.4e\n", name, best);
  return 0;
}
