/* conv_inner.h - what conv.c, conv_columns.c and conv_dnnl.c share. */
#ifndef NUM_CONV_INNER_H
#define NUM_CONV_INNER_H

#include "num/conv.h"

/* Pixels of an image and of its output, and elements of the filter. */
static inline int64_t conv_pixels(const struct conv *g) { return g->d * g->h * g->w; }
static inline int64_t conv_outputs(const struct conv *g) { return g->od * g->oh * g->ow; }
static inline int64_t conv_filter_count(const struct conv *g)
{ return g->kd * g->kh * g->kw * (g->c / g->groups) * g->o; }

/* Multiplications and additions that one needs. */
static inline double conv_work(const struct conv *g)
{
    return (double)(g->n * conv_outputs(g)) * (double)conv_filter_count(g);
}

/* conv_columns.c */
#define X(s, T)                                                                             \
    MUST_CHECK struct status *columns_plan_##s(struct conv_plan *p, int threads);           \
    void columns_run_##s(const struct conv_plan *p, const T *a, const T *b, T *to, void *scratch);
CONV_TYPES(X)
#undef X

/* conv_dnnl.c: one convolution on one thread. `able` false: oneDNN has none for this. */
MUST_CHECK struct status *dnnl_conv_size(const struct conv *g, enum conv_kind kind, bool *able,
                                         size_t *scratch);
/* Returns false if oneDNN failed (out of memory). */
bool dnnl_conv_run(const struct conv *g, enum conv_kind kind, const float *a, const float *b,
                   float *to, void *scratch);

#endif
