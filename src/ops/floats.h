/* floats.h - the numbers of float, half and bfloat16 tensors as floats, for kernels that compute in
 * float alone. Floats are read and written where they are; halves go by way of scratch memory. */
#ifndef OPS_FLOATS_H
#define OPS_FLOATS_H

#include "op/kernel.h"

/* The numbers of input i. */
MUST_CHECK struct status *floats_in(struct kernel *k, int i, const float **x);

/* Output i of type t and shape s, and where its numbers are to be written. */
MUST_CHECK struct status *floats_new(struct kernel *k, int i, enum dtype t, const struct shape *s,
                                     float **y);

/* Output i takes over input j, whose numbers floats_in() gave as x; those of y may be x. */
MUST_CHECK struct status *floats_reuse(struct kernel *k, int i, int j, const float *x, float **y);

/* What was written to y becomes output i. */
void floats_store(struct kernel *k, int i, const float *y);

#endif
