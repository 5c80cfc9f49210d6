/* matrix.h - what the families share whose matrices lie in the last two dimensions, one for each
 * index of the others. */
#ifndef OPS_MATRIX_H
#define OPS_MATRIX_H

#include "op/kernel.h"
#include "op/shape_fn.h"

/* The shape of square matrices, what is known of one side known of the other. */
MUST_CHECK struct status *matrix_square_shape(const struct shape *x, struct shape *y);
struct status *matrix_same_shape(struct shape_ctx *c);      /* output 0's as input 0's */

/* `message` where they are not square; not too large for LAPACK. */
MUST_CHECK struct status *matrix_square_check(const struct tensor *x, const char *message);

/* How many matrices there are; none where one of the sizes is 0. */
static inline int64_t matrix_count(const struct shape *s)
{ return shape_count(s) ? shape_span(s, 0, s->rank - 2) : 0; }

#endif
