/* nth.c - NthElement: the n-th smallest of the last dimension. */
#include "ops/array.h"

static struct status *nth_n(struct shape_ctx *c, int64_t *n)
{
    const struct tensor *v = shape_in_value(c, 1);
    TRY(shape_want_rank(shape_in(c, 1), 0));
    *n = v ? index_at(v, 0) : -1;
    ENSURE(!v || *n >= 0, "Input n must be non-negative but is %lld", (long long)*n);
    return NULL;
}

static struct status *nth_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t n;
    TRY(shape_want_rank_at_least(x, 1));
    TRY(nth_n(c, &n));
    if (x->rank < 0)
        return NULL;
    int64_t last = x->dim[x->rank - 1];
    ENSURE(last < 0 || n < last, "Input must have last dimension > n = %lld but is %lld",
           (long long)n, (long long)last);
    *shape_out(c, 0) = *x;
    shape_out(c, 0)->rank--;
    return NULL;
}

struct nth { bool reverse; };

static struct status *nth_prepare(struct prep *p)
{
    struct nth *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->reverse = node_attr(p->node, "reverse");
    return NULL;
}

/* Which element of each row, once it is sorted, and the shape of the output. */
static struct status *nth_check(const struct kernel *k, int64_t *n, struct shape *y)
{
    const struct tensor *at = kernel_in(k, 1);
    *y = kernel_in(k, 0)->shape;
    ENSURE(at->shape.rank == 0, "N must be scalar, got shape %s", SHAPE_STR(&at->shape));
    *n = index_at(at, 0);
    ENSURE(*n >= 0, "Need n >= 0, got %lld", (long long)*n);
    ENSURE(y->rank >= 1, "Input must be >= 1-D, got shape %s", SHAPE_STR(y));
    int64_t last = y->dim[--y->rank];
    ENSURE(*n < last, "Input must have at least n+1 columns");
    if (((const struct nth *)k->state)->reverse)
        *n = last - 1 - *n;
    return NULL;
}

#define EACH "ops/nth.inc"
#include "op/each_real.h"

/* Equal elements share the gradient. */
static void nth_grad(struct grad *g)
{
    struct out last = grad_ints(g, -1);
    struct out same = grad2(g, "Equal", grad2(g, "ExpandDims", g->y[0], last), g->x[0]);
    struct out share = grad_cast(g, same, out_dtype(g->dy[0]));
    struct out count = grad2(g, "ExpandDims", grad2(g, "Sum", share, last), last);
    g->dx[0] = grad2(g, "Mul", grad2(g, "Div", share, count),
                     grad2(g, "ExpandDims", g->dy[0], last));
}

const struct op ops_nth[] = {
    { .name = "NthElement", .inputs = "input: T, n: int32", .outputs = "values: T",
      .attrs = "reverse: bool = false; T: realnumbertype",
      .doc = "The n-th smallest element of each row of the last dimension, or the n-th largest.",
      .shape = nth_shape, .grad = nth_grad, .prepare = nth_prepare,
      .kernel = KERNELS(REALS(nth)) },
    { 0 }
};
