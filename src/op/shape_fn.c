#include "op/shape_fn.h"

struct status *shape_want_rank(const struct shape *s, int rank)
{
    ENSURE(s->rank == rank || s->rank < 0, "Shape must be rank %d but is rank %d", rank, s->rank);
    return NULL;
}

struct status *shape_want_rank_at_least(const struct shape *s, int rank)
{
    ENSURE(s->rank >= rank || s->rank < 0, "Shape must be at least rank %d but is rank %d", rank,
           s->rank);
    return NULL;
}

struct status *axis_resolve(int64_t axis, int rank, int *resolved)
{
    ENSURE(axis >= -rank && axis < rank, "axis %lld is out of range [%d, %d)", (long long)axis,
           -rank, rank);
    *resolved = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

struct status *shape_none(struct shape_ctx *c)
{
    (void)c;
    return NULL;
}

struct status *shape_scalar(struct shape_ctx *c)
{
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE_SCALAR;
    return NULL;
}

struct status *shape_unknown(struct shape_ctx *c)
{
    (void)c;                    /* unknown is what an output is until it is set */
    return NULL;
}

struct status *shape_unchanged(struct shape_ctx *c)
{
    *shape_out(c, 0) = *shape_in(c, 0);
    return NULL;
}

struct status *shape_from_input(struct shape_ctx *c)
{
    return shape_in_shape(c, 0, shape_out(c, 0));
}

struct status *shape_merged(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE_UNKNOWN;
    for (int i = 0; i < c->n_in; i++)
        TRY(shape_merge(shape_out(c, 0), shape_in(c, i), shape_out(c, 0)));
    return NULL;
}

struct status *shape_broadcast(struct shape_ctx *c)
{
    const struct shape *a = shape_in(c, 0), *b = shape_in(c, 1);
    int both = a->rank < b->rank ? a->rank : b->rank;
    for (int i = both; i >= 1; i--) {           /* TF: the outermost mismatch is the one named */
        int64_t x = a->dim[a->rank - i], y = b->dim[b->rank - i];
        if (x != 1 && y != 1)
            TRY(dim_merge(x, y, &(int64_t){ 0 }));
    }
    return shape_broadcast_of(a, b, shape_out(c, 0));
}
