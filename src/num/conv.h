/* conv.h - convolutions over two or three dimensions and their gradients, the door to oneDNN.
 *
 * Images are [n,d,h,w,c] (or [n,c,d,h,w]), filters always [kd,kh,kw,c/groups,o], outputs
 * [n,od,oh,ow,o] (or [n,o,od,oh,ow]); in two dimensions there is one plane: d, kd, od, sd and dd
 * are 1. Floats go to oneDNN, which is given the filter in the layout it likes best:
 * rearranging it in every run costs little, plain layout up to twice the time. The other types,
 * and what oneDNN cannot or is slow at (the gradient of a one-channel image), are gathered into
 * columns and multiplied (gemm.h), halves as floats. No size may be 0. Any thread.
 *
 *     TRY(conv_plan_f32(&p, &geometry, CONV_FORWARD, threads));
 *     scratch = p.scratch bytes, 64-aligned
 *     TRY(conv_f32(&p, x, filter, y, scratch));
 */
#ifndef NUM_CONV_H
#define NUM_CONV_H

#include "base/half.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct conv {                           /* nothing but int64_t: it is hashed and compared */
    int64_t n, d, h, w, c;
    int64_t kd, kh, kw, o;
    int64_t od, oh, ow;
    int64_t sd, sh, sw;                 /* strides */
    int64_t dd, dh, dw;                 /* dilations, 1: none */
    int64_t front, back, top, bottom, left, right;      /* padding */
    int64_t groups;                     /* c for a depthwise one, else 1 */
    int64_t nchw;                       /* 0 or 1 */
};

enum conv_kind {
    CONV_FORWARD,                       /* (image, filter) -> output */
    CONV_INPUT,                         /* (gradient of output, filter) -> gradient of image */
    CONV_FILTER                         /* (image, gradient of output) -> gradient of filter */
};

struct conv_plan {
    struct conv g;
    enum conv_kind kind;
    size_t scratch;                     /* bytes the run needs */

    /* The rest is conv's own. */
    bool columns;
    int parts;                          /* pieces of work that may run at the same time */
    int slabs;                          /* oneDNN: pieces an image is cut into, 0: by images */
    int64_t tile;                       /* columns: pixels of output that are gathered at once */
    size_t part, common;                /* bytes for each part, and for all together */
};

#define CONV_TYPES(X) X(f32, float) X(f64, double) X(f16, struct half) X(bf16, struct bfloat16)

#define X(s, T)                                                                           \
    MUST_CHECK struct status *conv_plan_##s(struct conv_plan *p, const struct conv *g,    \
                                            enum conv_kind kind, int threads);            \
    MUST_CHECK struct status *conv_##s(const struct conv_plan *p, const T *a, const T *b, \
                                       T *to, void *scratch);
CONV_TYPES(X)
#undef X

/* The same by columns whatever the type, for tests: the twin of oneDNN's. */
MUST_CHECK struct status *conv_plan_columns_f32(struct conv_plan *p, const struct conv *g,
                                                enum conv_kind kind, int threads);

#endif
