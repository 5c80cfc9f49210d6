/* clip.c - ClipByValue. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

static struct status *check_bounds(const struct kernel *k)
{
    const struct shape *t = &kernel_in(k, 0)->shape, *low = &kernel_in(k, 1)->shape;
    const struct shape *high = &kernel_in(k, 2)->shape;
    ENSURE((low->rank == 0 || shape_equal(low, t)) && (high->rank == 0 || shape_equal(high, t)),
           "clip_value_min and clip_value_max must be either of the same shape as input, or a "
           "scalar. input shape: %s, clip_value_min shape: %s, clip_value_max shape: %s",
           SHAPE_STR(t), SHAPE_STR(low), SHAPE_STR(high));
    return NULL;
}

/* A step is 0 where one bound serves all elements, else 1. */
struct clip_job {
    const void *x, *low, *high;
    int64_t low_step, high_step;
    void *y;
};

#define EACH "ops/clip.inc"
#include "op/each_real.h"

static struct status *clip_complex(struct kernel *k)
{
    return status_new(UNIMPLEMENTED, "ClipByValue of %s is not supported: it has no order",
                      dtype_name(kernel_in(k, 0)->dtype));
}

static struct out select_by(struct grad *g, struct out c, struct out t, struct out e)
{ return grad_add(g, "Select", OUTS(c, t, e), NULL, 0); }

/* What is below goes to the lower bound, what is above to the upper one. */
static void clip_grad(struct grad *g)
{
    struct out t = g->x[0], low = g->x[1], high = g->x[2], dy = g->dy[0];
    struct out below = grad2(g, "Less", t, low), above = grad2(g, "Greater", t, high);
    struct out zeros = grad1(g, "ZerosLike", dy);
    g->dx[0] = select_by(g, grad2(g, "LogicalOr", below, above), zeros, dy);
    g->dx[1] = select_by(g, below, dy, zeros);
    g->dx[2] = select_by(g, above, dy, zeros);
    grad_unbroadcast(g, t, low, NULL, &g->dx[1]);
    grad_unbroadcast(g, t, high, NULL, &g->dx[2]);
}

const struct op ops_clip[] = {
    { .name = "ClipByValue", .inputs = "t: T, clip_value_min: T, clip_value_max: T",
      .outputs = "output: T",
      .attrs = "T: numbertype",
      .doc = "t, but not below clip_value_min and not above clip_value_max.",
      .shape = shape_unchanged, .grad = clip_grad,
      .kernel = KERNELS(REALS(clip), [DT_QINT8] = clip_i8, [DT_QUINT8] = clip_u8,
                        [DT_QINT32] = clip_i32, [DT_COMPLEX64] = clip_complex,
                        [DT_COMPLEX128] = clip_complex) },
    { 0 }
};
