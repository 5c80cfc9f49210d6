/* cross.c - Cross: products of vectors in space. */
#include "op/each.h"
#include "op/kernel.h"
#include "op/grad.h"
#include "op/shape_fn.h"

static struct status *cross_shape(struct shape_ctx *c)
{
    struct shape s;
    int64_t three = 3;
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    TRY(shape_want_rank_at_least(shape_in(c, 1), 1));
    TRY(shape_merge(shape_in(c, 0), shape_in(c, 1), &s));
    if (s.rank > 0)
        TRY(dim_merge(s.dim[s.rank - 1], three, &s.dim[s.rank - 1]));
    *shape_out(c, 0) = s;
    return NULL;
}

static struct status *cross_check(const struct kernel *k)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    ENSURE(shape_equal(a, b), "Both inputs must be of same shape: %s vs. %s", SHAPE_STR(a),
           SHAPE_STR(b));
    ENSURE(a->rank >= 1, "Input must be at least 1D%s", SHAPE_STR(a));
    ENSURE(a->dim[a->rank - 1] == 3, "Cross-products are only defined for 3-element vectors.%s",
           SHAPE_STR(a));
    return NULL;
}

#define EACH "ops/cross.inc"
#include "op/each_real.h"

static void cross_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "Cross", g->x[1], g->dy[0]);
    g->dx[1] = grad2(g, "Cross", g->dy[0], g->x[0]);
}

const struct op ops_cross[] = {
    { .name = "Cross", .inputs = "a: T, b: T", .outputs = "product: T",
      .attrs = "T: realnumbertype",
      .doc = "The cross products of the 3-vectors in the last dimension.",
      .shape = cross_shape, .grad = cross_grad, .kernel = KERNELS(REALS(cross)) },
    { 0 }
};
