/* matrix.h - what the families share whose matrices lie in the last two dimensions, one for each
 * index of the others. */
#ifndef OPS_MATRIX_H
#define OPS_MATRIX_H

#include "op/grad.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

/* The shape of square matrices, what is known of one side known of the other. */
MUST_CHECK struct status *matrix_square_shape(const struct shape *x, struct shape *y);
struct status *matrix_same_shape(struct shape_ctx *c);      /* output 0's as input 0's */

/* Are they matrices, not too large for LAPACK, which counts in 32 bits? `message` where they are to
 * be square and are not. */
enum { MATRIX_MOST = 1 << 20 };                             /* rows, columns */
MUST_CHECK struct status *matrix_check(const struct tensor *x);
MUST_CHECK struct status *matrix_square_check(const struct tensor *x, const char *message);

/* Inputs 0 and 1 have as many matrices, in the same places. */
MUST_CHECK struct status *matrix_pair_check(const struct kernel *k);

/* How many matrices there are; none where one of the sizes is 0. */
static inline int64_t matrix_count(const struct shape *s)
{ return shape_count(s) ? shape_span(s, 0, s->rank - 2) : 0; }

/* Nodes for gradients: products, either side adjoint first; adjoints; the diagonals from `lower`
 * below the main one to `upper` above it (-1: all); the x of l x = b, or of l's adjoint, for lower
 * triangles l. */
struct out grad_product(struct grad *g, struct out a, struct out b, bool adj_a, bool adj_b);
struct out grad_adjoint(struct grad *g, struct out x);
struct out grad_band(struct grad *g, struct out x, int64_t lower, int64_t upper);
struct out grad_lower_solve(struct grad *g, struct out l, struct out b, bool adjoint);

/* matmul.c: the shape of a product of two matrices, either one stored transposed or not. */
struct status *matmul_shape(struct shape_ctx *c);

#endif
