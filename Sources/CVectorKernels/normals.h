// Sixteen xoshiro128++ generators (Blackman, Vigna 2021) and the Box-Muller method. Always in single precision, so that a
// simulation meets the same random numbers in both.

#define word NAME(word_t)
#define single NAME(single_t)
#define signed_word NAME(signed_word_t)
typedef uint32_t word __attribute__((vector_size(vector_lanes * sizeof(uint32_t))));
typedef int32_t signed_word __attribute__((vector_size(vector_lanes * sizeof(int32_t))));
typedef float single __attribute__((vector_size(vector_lanes * sizeof(float))));

#define rotate_left(x, k) (((x) << (k)) | ((x) >> (32 - (k))))

#define random_word NAME(random_word)
INLINE word random_word(word s[4]) {
  word result = rotate_left(s[0] + s[3], 7) + s[0];
  word t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 11);
  return result;
}

#define polynomial(x, ...) NAME(horner)(x, (const float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))
INLINE single NAME(horner)(single x, const float *coefficients, size_t count) {
  single sum = coefficients[count - 1] - (single){0};
#pragma clang loop unroll(full)
  for (size_t k = count - 1; k > 0; k--) sum = fused(sum, x, coefficients[k - 1] - (single){0});
  return sum;
}

// sqrt(-2 ln u) for u uniform on (0, 1], in steps of 2^-24. The polynomials are least-squares fits of (ln(1 + x) - x + x^2/2)/x^3
// here, and below of sin and cos of a right angle's parts, with relative errors of 4e-7, 4e-9 and 6e-11.
#define radius NAME(radius)
INLINE single radius(word random) {
  single u = __builtin_convertvector((signed_word)((random >> 8) + 1), single);  // 2^24 u
  signed_word whole = (signed_word)u - 0x3f3504f3;                               // from sqrt(1/2) on
  signed_word exponent = whole >> 23;
  single x = (single)((whole & 0x7fffff) + 0x3f3504f3) - 1.0f;
  single p = polynomial(
    x, 0.333333299439775f, -0.25000303922195466f, 0.20001200957635867f, -0.1664158154609633f, 0.14209946083200167f,
    -0.12989277578823225f, 0.1265569459776151f, -0.07974208898888586f);
  single squared = x * x;
  single logarithm = fused(squared * x, p, fused(squared, -0.5f - (single){0}, x));
  single octaves = __builtin_convertvector(exponent - 24, single);
  logarithm = fused(octaves, 0.693147180559945f - (single){0}, logarithm);
  // Rounding may leave ln 1 a hair above zero.
  return __builtin_elementwise_sqrt(__builtin_elementwise_max(-2.0f * logarithm, (single){0}));
}

static void NAME(normals)(uint32_t *state, void *numbers, size_t count, double scale) {
  word s[4];
  for (int k = 0; k < 4; k++) s[k] = *(const word *)(state + vector_lanes * k);
  lanes *out = numbers;
  lanes factor = splat(scale);
  for (size_t i = 0; i < count / vector_lanes; i += 2) {
    single r = radius(random_word(s));
    // Two bits choose the quarter of the circle, the others the place in it, from -1/2 to 1/2.
    word random = random_word(s);
    single place = __builtin_convertvector((signed_word)(random << 2), single) * 0x1p-32f;
    single t = place * place;
    single sine = place * polynomial(
      t, 1.570796321708339f, -0.6459634602331663f, 0.07968003276823156f, -0.00460165788652684f);
    single cosine = polynomial(
      t, 0.9999999999439365f, -1.233700539564745f, 0.25366918259581295f, -0.020859936026376355f, 0.00090336297270548f);
    cosine = (single)((word)cosine ^ (random & 0x80000000u));
    signed_word swap = (signed_word)(random << 1) >> 31;
    single first = (single)(((signed_word)sine & swap) | ((signed_word)cosine & ~swap));
    single second = (single)(((signed_word)cosine & swap) | ((signed_word)sine & ~swap));
    out[i] = __builtin_convertvector(r * first, lanes) * factor;
    out[i + 1] = __builtin_convertvector(r * second, lanes) * factor;
  }
  for (int k = 0; k < 4; k++) *(word *)(state + vector_lanes * k) = s[k];
}
