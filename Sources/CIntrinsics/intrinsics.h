#ifndef ROTEQ_CINTRINSICS_H
#define ROTEQ_CINTRINSICS_H

// On Linux, Double.squareRoot() is C's sqrt, which sets errno: a branch and a call that keep loops from being
// vectorised. This one is the instruction alone.
static inline double roteq_square_root(double x) {
#if __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#else
  return __builtin_sqrt(x);
#endif
}

#endif
