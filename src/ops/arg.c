/* arg.c - where the greatest and the least elements are: ArgMax, ArgMin. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/kernel.h"

#include <math.h>

enum { ARG_TILE = 64, ARG_ROWS = 256, TASK = 1 << 15 };

/* The input as [outer, n, inner], of which n goes. */
struct arg_job {
    const void *x;
    void *y;
    int64_t n, inner;
    bool wide;                          /* int64, not int32 */
};

static void arg_store(const struct arg_job *j, int64_t to, const int64_t *at, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (j->wide)
            ((int64_t *)j->y)[to + i] = at[i];
        else
            ((int32_t *)j->y)[to + i] = (int32_t)at[i];
}

#define EACH "ops/arg.inc"
#include "op/each_real.h"

typedef void arg_fn(void *ctx, int64_t begin, int64_t end);

struct arg_state { arg_fn *run; };

static struct status *arg_prepare(struct prep *p, arg_fn *const table[DT_COUNT])
{
    struct arg_state *a;
    TRY(prep_state(p, sizeof *a, &a));
    a->run = table[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *arg_max_prepare(struct prep *p)
{
    static arg_fn *const table[DT_COUNT] = { REALS(arg_max) };
    return arg_prepare(p, table);
}

static struct status *arg_min_prepare(struct prep *p)
{
    static arg_fn *const table[DT_COUNT] = { REALS(arg_min) };
    return arg_prepare(p, table);
}

static struct status *arg_axis(const struct shape *x, const struct tensor *dim, int *axis)
{
    ENSURE(dim->shape.rank == 0, "dim must be a scalar, but received tensor of shape: %s",
           SHAPE_STR(&dim->shape));
    int64_t a = tensor_int(dim, 0);
    ENSURE(a >= -x->rank && a < x->rank, "Expected dimension in the range [%d, %d), but got %lld",
           -x->rank, x->rank, (long long)a);
    *axis = (int)(a < 0 ? a + x->rank : a);
    ENSURE(x->dim[*axis] > 0, "Reduction axis %lld is empty in shape %s", (long long)a,
           SHAPE_STR(x));
    return NULL;
}

static struct shape without(const struct shape *x, int axis)
{
    struct shape y = { 0, { 0 } };
    for (int i = 0; i < x->rank; i++)
        if (i != axis)
            y.dim[y.rank++] = x->dim[i];
    return y;
}

static struct status *arg_run(struct kernel *k)
{
    const struct arg_state *a = k->state;
    const struct tensor *x = kernel_in(k, 0);
    enum dtype t = k->node->dtype[0];
    int axis;
    TRY(arg_axis(&x->shape, kernel_in(k, 1), &axis));
    struct shape y = without(&x->shape, axis);
    TRY(kernel_new(k, 0, t, &y));
    struct arg_job j = { x->data, kernel_out(k, 0)->data, x->shape.dim[axis],
                         shape_span(&x->shape, axis + 1, x->shape.rank), t == DT_INT64 };
    int64_t outer = shape_span(&x->shape, 0, axis), each = j.n * j.inner;
    if (outer * each <= TASK)
        a->run(&j, 0, outer);
    else
        pool_for(outer, TASK / each + 1, k->env->threads, a->run, &j);
    return NULL;
}

static struct status *arg_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank(shape_in(c, 1), 0));
    if (x->rank < 0)
        return NULL;
    *shape_out(c, 0) = (struct shape){ x->rank > 1 ? x->rank - 1 : 0,
                                       { -1, -1, -1, -1, -1, -1, -1, -1 } };
    const struct tensor *dim = shape_in_value(c, 1);
    if (!dim || x->rank < 2)            /* TF: a vector's axis is left to the kernel */
        return NULL;
    int64_t a = tensor_int(dim, 0);
    ENSURE(a >= -x->rank && a < x->rank, "Dimension (%lld) must be in the range [%d, %d), where "
           "%d is the number of dimensions in the input", (long long)a, -x->rank, x->rank, x->rank);
    *shape_out(c, 0) = without(x, (int)(a < 0 ? a + x->rank : a));
    return NULL;
}

#define REAL_KERNELS KERNELS(                                                                   \
    [DT_HALF] = arg_run, [DT_BFLOAT16] = arg_run, [DT_FLOAT] = arg_run, [DT_DOUBLE] = arg_run,  \
    [DT_INT8] = arg_run, [DT_INT16] = arg_run, [DT_INT32] = arg_run, [DT_INT64] = arg_run,      \
    [DT_UINT8] = arg_run, [DT_UINT16] = arg_run, [DT_UINT32] = arg_run, [DT_UINT64] = arg_run)

#define ROW .inputs = "input: T, dimension: Tidx", .outputs = "output: output_type",            \
            .attrs = "T: numbertype; " \
                     "Tidx: {int32, int64} = int32; output_type: {int32, int64} = int64",       \
            .shape = arg_shape, .grad = NOT_DIFFERENTIABLE, .kernel = REAL_KERNELS

const struct op ops_arg[] = {
    { .name = "ArgMax", ROW, .prepare = arg_max_prepare,
      .doc = "Where along a dimension the greatest element is, the first of equals." },
    { .name = "ArgMin", ROW, .prepare = arg_min_prepare,
      .doc = "Where along a dimension the least element is, the first of equals." },
    { 0 }
};
