/* cell.h - what a step of a recurrent cell does to its gates, once a product of matrices has given
 * them: one pass over the rows of a batch, forward and back. Matrices lie without gaps, a row a
 * sequence; `cells` numbers are a row of a state, and a row of gates is several such side by side.
 * Outputs must not overlap inputs, but for d_cs_prev, which may lie on more_cs. Any thread; the
 * caller splits the rows.
 */
#ifndef NUM_CELL_H
#define NUM_CELL_H

#include <stdint.h>

/* Where in a row of gates those of an LSTM stand, counted in states: i, c, f, o or i, f, c, o. */
struct lstm_order { int i, c, f, o; };

/* The weights with which gates see the state itself ("peepholes"); NULL: they do not. */
struct peepholes { const float *i, *f, *o; };

struct lstm_rows {
    int64_t cells;
    struct lstm_order at;
    struct peepholes wc;
    float forget_bias, clip;            /* added to f; the state's bound, 0 or less: none */
    const float *gates, *bias, *cs_prev;
    float *i, *cs, *f, *o, *ci, *co, *h;        /* ci: what is new, co: what is seen of cs */
};

/* Gates are sums still: cs = tanh(c) sigmoid(i) + cs_prev sigmoid(f), h = tanh(cs) sigmoid(o). */
void lstm_rows(const struct lstm_rows *s, int64_t begin, int64_t end);

/* Gradients of the sums, in the order of the gates, and of cs_prev. */
struct lstm_rows_grad {
    int64_t cells;
    struct lstm_order at;
    struct peepholes wc;
    const float *cs_prev, *i, *cs, *f, *o, *ci, *co;
    const float *d_cs, *d_h;
    const float *more_cs, *more_h;      /* NULL, or what the step after this one adds to those */
    float *d_gates, *d_cs_prev;
};

void lstm_rows_grad(const struct lstm_rows_grad *s, int64_t begin, int64_t end);

/* GRU: r and u from their sums side by side, and what the second product takes, h_prev r. */
struct gru_gates {
    int64_t cells;
    const float *gates, *bias, *h_prev;
    float *r, *u, *h_r;
};

void gru_gates(const struct gru_gates *s, int64_t begin, int64_t end);

/* c = tanh(sums + bias), h = u h_prev + (1 - u) c. The sums are in c. */
struct gru_rows { int64_t cells; const float *bias, *h_prev, *u; float *c, *h; };

void gru_rows(const struct gru_rows *s, int64_t begin, int64_t end);

/* Gradients of both kinds of sums: that of r needs what came back through h_prev r. */
struct gru_rows_grad {
    int64_t cells;
    const float *h_prev, *r, *u, *c, *d_h;
    float *d_c, *d_ru;
    const float *d_h_r;
};

void gru_rows_grad_c(const struct gru_rows_grad *s, int64_t begin, int64_t end);    /* d_c */
void gru_rows_grad_ru(const struct gru_rows_grad *s, int64_t begin, int64_t end);   /* d_ru */

#endif
