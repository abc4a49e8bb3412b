/* The second moments of AdamW through a warmup and a cosine: what `Benchmarks/trajectory.py` compares roteq with. */
#include <math.h>

double trajectory(long steps, long warmup, double peak, double decay, double beta1, double beta2, double dimension,
                  double initial_norm) {
  double A = initial_norm * initial_norm, B = 0, D = 0, V = 0, c1 = 0, c2 = 0, turned = 0;
  for (long t = 0; t < steps; t++) {
    double factor = t < warmup ? (double)t / warmup
                               : 0.1 + 0.45 * (1 + cos(M_PI * (double)(t - warmup) / (double)(steps - warmup)));
    double eta = peak * factor, q = 1 - eta * decay, G = 1 / A;
    V = beta2 * V + (1 - beta2) * G / dimension;
    D = beta1 * beta1 * D + (1 - beta1) * (1 - beta1) * G;
    c1 = beta1 * c1 + (1 - beta1);
    c2 = beta2 * c2 + (1 - beta2);
    double P = beta1 * B, s = eta / (c1 * sqrt(V / c2)), W = q * A - s * P;
    turned += atan2(s * sqrt(fmax(0, A * D - P * P)), W);
    A = q * q * A - 2 * q * s * P + s * s * D;
    B = q * P - s * D;
  }
  /* The angles are part of the work: they must not be left out. */
  return turned < 0 ? -1 : sqrt(A);
}
