/* lstm.h - what the forward ops of LSTM (lstm.c) and their gradients (lstm_grad.c) share: the
 * inputs that they have in common, checked, as floats. */
#ifndef OPS_LSTM_H
#define OPS_LSTM_H

#include "num/cell.h"
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
    enum dtype type;                                    /* of all of them */
    const float *x, *cs_prev, *h_prev, *w, *b;
    struct peepholes wc;
};

/* x, cs_prev, h_prev, w, wci, wcf, wco and b are read. */
MUST_CHECK struct status *lstm_read(struct kernel *k, bool block, struct lstm *l);

void lstm_cell_grad(struct grad *g);
void lstm_block_grad(struct grad *g);

#endif
