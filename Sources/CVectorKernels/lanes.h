// Names for one precision: `real`, `lanes` (16 of them), `NAME(f)`. Read once for each precision and instruction set.
#define JOIN3(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN3(a, b, c)
#define NAME(function) JOIN(function, PRECISION, INSTRUCTIONS)

#define lanes NAME(lanes_t)
#define bits NAME(bits_t)
typedef real lanes __attribute__((vector_size(vector_lanes * sizeof(real))));
typedef real_bits bits __attribute__((vector_size(vector_lanes * sizeof(real))));

#define splat NAME(splat)
INLINE lanes splat(double x) { return (real)x - (lanes){0}; }
