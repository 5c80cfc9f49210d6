#include "ops/cell.h"

struct status *cell_product(const struct kernel *k, struct gemm g, const float *a, const float *b,
                            float *c)
{
    g.threads = k->env->threads;
    TRY(gemm_ready_f32(&g));
    gemm_f32(&g, a, b, c, NULL);        /* float products want no scratch memory */
    return NULL;
}

struct status *cell_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *state = shape_in(c, 1);
    TRY(shape_want_rank(x, 2));
    TRY(shape_want_rank(state, 2));
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE(x->rank < 0 ? -1 : x->dim[0],
                                 state->rank < 0 ? -1 : state->dim[1]);
    return NULL;
}
