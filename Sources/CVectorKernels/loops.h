// One precision of one instruction set, as a table.
#include "lanes.h"
#include "normals.h"
#include "layers.h"
#include "updates.h"
#include "rotation.h"
#include "measurement.h"

const vector_kernels NAME(vector_kernels) = {
  .normals = NAME(normals),
  .scale_columns = NAME(scale_columns),
  .forward = NAME(forward),
  .gradient = NAME(gradient),
  .batch_norm = NAME(batch_norm),
  .layer_norm = NAME(layer_norm),
  .no_norm = NAME(no_norm),
  .add_radial = NAME(add_radial),
  .add_powers = NAME(add_powers),
  .sgdm = NAME(sgdm),
  .adamw = NAME(adamw),
  .adam_l2 = NAME(adam_l2),
  .lion = NAME(lion),
  .apply = NAME(apply),
  .rotation_products = NAME(rotation_products),
  .rotation_project = NAME(rotation_project),
  .rotation_turn = NAME(rotation_turn),
  .rotation_finish = NAME(rotation_finish),
  .summarise = NAME(summarise),
  .products = NAME(products),
};
