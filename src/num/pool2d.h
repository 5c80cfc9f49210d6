/* pool2d.h - pooling over windows of images whose channels lie innermost (NHWC).
 *
 * pool2d_run() walks the windows and calls a loop with runs of windows that look alike; the
 * loops go through channels side by side. Padding is never read: windows are clipped to the
 * image. Gradients of max pooling go to the first maximum of a window, in row order.
 */
#ifndef NUM_POOL2D_H
#define NUM_POOL2D_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool2d {
    int64_t batch, in_h, in_w, depth, out_h, out_w;
    int64_t k_h, k_w, s_h, s_w;         /* window and stride */
    int64_t pad_h, pad_w;               /* rows above, columns left of the image */
};

/* What a loop reads and writes; which of them depends on the loop. Sizes are those of the input
 * (in) or of the output of pooling (out). */
struct pool_job {
    const struct pool2d *p;
    const void *x, *g;
    void *y;
    int64_t *argmax;
    bool add;                           /* windows overlap: gradients add up */
};

/* n windows of rows x cols side by side: the first begins at element x of the input, the next
 * `step` further; their outputs begin at y. */
struct pool_run { int64_t x, y, rows, cols, n, step; };

typedef void pool_fn(const struct pool_job *j, const struct pool_run *r);

/* The loops for one type. */
struct pool_loops {
    pool_fn *max;                       /* x in -> y out */
    pool_fn *max_at;                    /* x in -> y out, argmax out (of the whole batch) */
    pool_fn *max_grad;                  /* x in, g out -> y in */
    pool_fn *max_pick;                  /* x in, g in -> y out: g where x has its maximum */
    pool_fn *mean;                      /* x in -> y out */
    pool_fn *mean_grad;                 /* g out -> y in */
};

/* For float and double, in the best form for this machine (or as WEFT_ISA names it). */
const struct pool_loops *pool_loops_f32(void);
const struct pool_loops *pool_loops_f64(void);

/* All windows, images shared out to threads (0: all, 1: here). A gradient (y is `in`, elements
 * of `size` bytes) is given to pool2d_scatter(), which sees to pixels in no window or several. */
void pool2d_run(const struct pool_job *j, pool_fn *fn, int threads);
void pool2d_scatter(struct pool_job *j, pool_fn *fn, size_t size, int threads);

#endif
