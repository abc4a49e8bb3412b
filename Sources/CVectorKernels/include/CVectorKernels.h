// The loops of the training core that need the processor's vector registers.
//
// A layer of K neurons with C inputs is kept in panels of 16 neurons side by side: [C x 16] numbers, so that whatever is done
// to a neuron is done to 16 at once, without sums across a register. The last panel is filled up with neurons that nobody
// asked for. Batches are [B x C] (inputs) and, a panel, [B x 16] (outputs). All panels are aligned to 128 bytes.
//
// Every loop exists for each instruction set and in single and double precision, compiled from one text. Sums run in the same
// order everywhere and every multiply-add is fused, so instruction sets with a fused multiply-add give the same bits;
// `plain` on x86-64 rounds twice and differs in the last place.
#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "guarded_map.h"
#include "scan_kernels.h"

enum { vector_lanes = 16 };

// What a step is measured by, a sum over the coordinates of each neuron of a panel: rows of 16 numbers.
enum {
  sum_weight,            // |w|^2 before the step
  sum_along,             // <w, d>, d = w' - w
  sum_step,              // |d|^2
  sum_update,            // |the part of d that comes from the gradients|^2
  sum_gradient,          // |g|^2
  sum_radial,            // <g, w>
  sum_alignment,         // <g, m>, m the first moment before the step
  sum_momentum,          // |m|^2
  sum_scaled,            // |s|^2, s = g/(sqrt(v) + epsilon), or g where there is no v
  sum_scaled_radial,     // <s, w>
  sum_count
};

// What is added up over the steps of a window, for each neuron: rows of 16 doubles.
enum {
  total_norm_power,      // |w'|^2
  total_rotation,        // the angle between w and w'
  total_rotation_power,  // its square
  total_relative_power,  // |d|^2/|w|^2
  total_update_power,    // sum_update
  total_gradient_power,  // |g|^2
  total_unit_power,      // |g|^2 |w|^2
  total_gradient_cosine, // cos(g, w)
  total_momentum_cosine, // cos(g, m)
  total_scaled_power,    // |s|^2
  total_radial_decay,    // <s, w>/|w|^2
  total_count
};

// One instruction set in one precision. Pointers are to that precision unless their type says otherwise.
typedef struct {
  // Standard normal numbers times `scale` by Box and Muller's method from 16 xoshiro128++ generators side by side, state[4][16].
  // `count` is a multiple of 32.
  void (*normals)(uint32_t *state, void *numbers, size_t count, double scale);
  // x[row][column] *= gain[column].
  void (*scale_columns)(void *x, const void *gain, size_t rows, size_t columns);
  // y = x w for a panel: [B x C][C x 16].
  void (*forward)(void *y, const void *x, const void *w, size_t batch, size_t fan_in);
  // g = x^T dy for a panel: [C x B][B x 16].
  void (*gradient)(void *g, const void *x, const void *dy, size_t batch, size_t fan_in);
  // The backward pass (32) of batch normalisation for a panel: from the outputs y and the gradient dy of gain * N(y) to the
  // gradient of y, in dy. `bias` receives the sum of dy over the batch.
  void (*batch_norm)(const void *y, void *dy, const void *gain, void *bias, size_t batch, double epsilon);
  // The same for layer normalisation: over the `neurons` outputs of an example, panels[P] of [B x 16] one after another.
  void (*layer_norm)(
    const void *y, void *dy, const void *gain, void *bias, size_t batch, size_t neurons, double epsilon);
  // The same without normalisation.
  void (*no_norm)(void *dy, const void *gain, void *bias, size_t batch);
  // g += decay * w: a radial part.
  void (*add_radial)(void *g, const void *w, size_t count, double decay);
  // squares += |w|^2 g^2 and fourths += its square, coordinate by coordinate, with the sums of the step.
  void (*add_powers)(double *squares, double *fourths, const void *g, const void *sums, size_t rows);

  // Update rules, on `count` numbers of a panel. They write the direction u of the update of the gradients, -eta u, and, where
  // the decay goes through the moments, the direction of its own update; they sum what is measured of the gradient.
  void (*sgdm)(
    void *u, void *decay, void *m, void *mDecay, const void *g, const void *w, size_t count, double momentum,
    double intake, int nesterov, double weight_decay, void *sums);
  void (*adamw)(
    void *u, void *m, void *v, const void *g, const void *w, size_t count, double beta1, double beta2, double epsilon,
    double correction1, double correction2, void *sums);
  void (*adam_l2)(
    void *u, void *decay, void *m, void *mDecay, void *v, const void *g, const void *w, size_t count, double beta1,
    double beta2, double epsilon, double correction1, double correction2, double weight_decay, void *sums);
  void (*lion)(
    void *u, void *m, const void *g, const void *w, size_t count, double beta1, double beta2, void *sums);

  // w += -rate u - rate decay - shrink w; `decay` may be null.
  void (*apply)(
    void *w, const void *u, const void *decay, size_t count, double rate, double shrink, void *sums);

  // Algorithm 1 in four passes over a panel; the numbers for a neuron in between are the caller's.
  // products[3][16] = <u, w>, <u, 1>, |w|^2.
  void (*rotation_products)(const void *u, const void *w, size_t count, double *products);
  // u -= radial * w + mean; power[16] = |u|^2.
  void (*rotation_project)(
    void *u, const void *w, size_t count, const double *radial, const double *mean, double *power);
  // u = w - size * u; power[16] = |u|^2.
  void (*rotation_turn)(void *u, const void *w, size_t count, const double *size, double *power);
  // w = factor * u, with sum_weight, sum_along and sum_step.
  void (*rotation_finish)(void *w, const void *u, size_t count, const double *factor, void *sums);

  // Adds a step's sums to the totals[total_count][16] of a window, and what the first `neurons` of the panel give to the sums
  // of the whole layer: layer[4] = |w|^2, <w, d>, |d|^2, |g|^2.
  void (*summarise)(double *totals, double *layer, const void *sums, size_t neurons);
  // |a|^2, <a, b>, |b|^2 for each neuron of a panel: products[3][16].
  void (*products)(const void *a, const void *b, size_t count, double *products);
} vector_kernels;

typedef enum { instructions_plain, instructions_avx2, instructions_avx512 } instruction_set;

// The loops for an instruction set, or null where the processor or the architecture does not have it.
const vector_kernels *vector_kernels_for(instruction_set set, int double_precision);

// The same for the loops that read stored weights.
const scan_kernels *scan_kernels_for(instruction_set set);

#endif
