/* cell.h - what the recurrent cells share that are one op each: LSTM (lstm.c, lstm_grad.c) and the
 * gated recurrent unit (gru.c). */
#ifndef OPS_CELL_H
#define OPS_CELL_H

#include "num/gemm.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

/* One product of floats, on as many threads as the run has. */
MUST_CHECK struct status *cell_product(const struct kernel *k, struct gemm g, const float *a,
                                       const float *b, float *c);

/* Rows of a step that are worth another thread. */
static inline int64_t cell_grain(int64_t cells) { return 1 + 8192 / (cells + 1); }

/* All outputs are [batch, cells]: x, input 0, has as many rows, and the state, input 1, as many
 * columns. */
struct status *cell_shape(struct shape_ctx *c);

#endif
