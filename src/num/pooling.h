/* pooling.h - pooling over windows of images of two or three dimensions, whose channels lie
 * innermost (NHWC, NDHWC). What is said of three holds for two with one plane.
 *
 * pooling_run() walks the windows and calls a loop with runs of windows that look alike; the
 * loops go through channels side by side. Padding is never read: windows are clipped to the
 * image. Gradients of max pooling go to the first maximum of a window, in row order, but for
 * max_share, TensorFlow's for three dimensions, to all that are within 1e-5 of it.
 */
#ifndef NUM_POOLING_H
#define NUM_POOLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pooling {
    int64_t batch, depth;
    /* Along planes, rows and columns: */
    int64_t in[3], out[3], k[3], s[3];  /* k, s: window and stride */
    int64_t pad[3];                     /* planes before, rows above, columns left of the image */
};

/* What a loop reads and writes; which of them depends on the loop. Sizes are those of the input
 * (in) or of the output of pooling (out). */
struct pool_job {
    const struct pooling *p;
    const void *x, *g;
    void *y;
    int64_t *argmax;
    bool add;                           /* windows overlap: gradients add up */
};

/* n windows of planes x rows x cols side by side: the first begins at element x of the input, the
 * next `step` further; their outputs begin at y. */
struct pool_run { int64_t x, y, planes, rows, cols, n, step; };

typedef void pool_fn(const struct pool_job *j, const struct pool_run *r);

/* The loops for one type. */
struct pool_loops {
    pool_fn *max;                       /* x in -> y out */
    pool_fn *max_at;                    /* x in -> y out, argmax out (of the whole batch) */
    pool_fn *max_grad;                  /* x in, g out -> y in */
    pool_fn *max_share;                 /* the same, to all that are as great */
    pool_fn *max_pick;                  /* x in, g in -> y out: g where x has its maximum */
    pool_fn *mean;                      /* x in -> y out */
    pool_fn *mean_grad;                 /* g out -> y in */
};

/* For float and double, in the best form for this machine (or as WEFT_ISA names it). */
const struct pool_loops *pool_loops_f32(void);
const struct pool_loops *pool_loops_f64(void);

/* All windows, rows of them shared out to threads (0: all, 1: here). A gradient (y is `in`, its
 * elements of `size` bytes) is given to pooling_scatter(), which sees to pixels that are in no
 * window or in several. */
void pooling_run(const struct pool_job *j, pool_fn *fn, int threads);
void pooling_scatter(struct pool_job *j, pool_fn *fn, size_t size, int threads);

#endif
