/* lstm.h - what the forward ops of LSTM (lstm.c) and their gradients (lstm_grad.c) share: the
 * inputs that they have in common, checked, as floats, and sequences cut into steps. */
#ifndef OPS_LSTM_H
#define OPS_LSTM_H

#include "num/cell.h"
#include "num/gemm.h"
#include "op/grad.h"
#include "op/kernel.h"

struct lstm_attrs { float forget_bias, clip; bool peephole; struct lstm_order at; };

/* For ops that lack one of the first two it is 0. */
MUST_CHECK struct status *lstm_prepare(struct prep *p);

/* A cell's op is a block's of one step, without seq_len_max before x. */
struct lstm {
    const struct lstm_attrs *how;
    bool block;
    int64_t time, steps, batch, inputs, cells;          /* steps: those that are taken, of time */
    int base;                                           /* which input x is */
    const float *x, *cs_prev, *h_prev, *w, *b;
    struct peepholes wc;
};

/* x, cs_prev, h_prev, w, wci, wcf, wco and b are read. */
MUST_CHECK struct status *lstm_read(struct kernel *k, bool block, struct lstm *l);

/* The numbers of input i as floats; room for those of output i, whose shape is set, and what was
 * written there brought home. */
MUST_CHECK struct status *floats_in(struct kernel *k, int i, const float **to);
MUST_CHECK struct status *floats_new(struct kernel *k, int i, const struct shape *s, float **to);
void floats_store(struct kernel *k, int i, const float *from);

/* One product, on as many threads as the run has. */
MUST_CHECK struct status *lstm_product(const struct kernel *k, struct gemm g, const float *a,
                                       const float *b, float *c);

/* Rows of a step that are worth another thread. */
static inline int64_t lstm_grain(int64_t cells) { return 1 + 8192 / (cells + 1); }

void lstm_cell_grad(struct grad *g);
void lstm_block_grad(struct grad *g);

#endif
