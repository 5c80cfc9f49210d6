/* sparse_reduce.c - sums and greatest values of a sparse tensor over some of its dimensions:
 * SparseReduceSum and SparseReduceMax, whose results are dense, SparseReduceSumSparse and
 * SparseReduceMaxSparse, whose results have an entry wherever one went in. */
#include "ops/sparse.h"

#include <string.h>

static struct status *reduce_prepare(struct prep *p)
{
    bool *keep;
    TRY(prep_state(p, sizeof *keep, &keep));
    *keep = node_attr(p->node, "keep_dims");
    return NULL;
}

/* Bit d of *gone: dimension d is reduced. No axes: none is, as there. */
static struct status *axes_read(const struct kernel *k, int rank, unsigned *gone)
{
    const struct tensor *axes = kernel_in(k, 3);
    *gone = 0;
    for (int64_t i = 0; i < tensor_count(axes); i++) {
        int64_t axis = index_at(axes, i);
        ENSURE(axis >= -rank && axis < rank, "Invalid reduction dimension %lld, for input with %d "
               "dimensions.", (long long)axis, rank);
        *gone |= 1u << (axis < 0 ? axis + rank : axis);
    }
    return NULL;
}

/* The shape of the result: reduced dimensions are 1, or left out. */
static struct shape reduced(const struct kernel *k, const struct shape *s, unsigned gone)
{
    struct shape y = SHAPE_SCALAR;
    for (int d = 0; d < s->rank; d++)
        if (!(gone >> d & 1) || *(const bool *)k->state)
            y.dim[y.rank++] = gone >> d & 1 ? 1 : s->dim[d];
    return y;
}

/* ---- dense results ---- */

static struct status *dense_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    if (node_attr(c->node, "keep_dims") && rank >= 0 && rank <= MAX_RANK)
        *shape_out(c, 0) = shape_of_rank((int)rank);
    return NULL;
}

/* `step` of the output for each dimension, 0 for those that go. */
static struct status *reduce_begin(struct kernel *k, struct sparse *s, int64_t step[MAX_RANK])
{
    unsigned gone;
    TRY(sparse_read(k, 0, s));
    TRY(sparse_check(s, false));
    TRY(axes_read(k, s->shape.rank, &gone));
    struct shape ones = s->shape, y = reduced(k, &s->shape, gone);
    for (int d = 0; d < ones.rank; d++)
        ones.dim[d] = gone >> d & 1 ? 1 : ones.dim[d];
    shape_strides(&ones, step);
    for (int d = 0; d < ones.rank; d++)
        step[d] = gone >> d & 1 ? 0 : step[d];
    TRY(kernel_new(k, 0, s->values->dtype, &y));
    array_zero(kernel_out(k, 0));
    return NULL;
}

/* Each entry's share is the gradient of the sum that it went into. */
static void reduce_grad(struct grad *g)
{
    struct out size = grad_cast(g, g->x[2], DT_INT32), rank = grad1(g, "Size", g->x[2]);
    struct out axes = grad2(g, "FloorMod", grad2(g, "Add", g->x[3], rank), rank);
    struct out range = grad_add(g, "Range", OUTS(grad_ints(g, 0), rank, grad_ints(g, 1)), NULL, 0);
    struct out ones = grad1(g, "OnesLike", axes);
    struct out kept = grad_add(g, "DynamicStitch", OUTS(range, axes, size, ones), NULL, 0);
    struct out dy = grad_reshape(g, g->dy[0], kept);
    struct out scale = grad2(g, "FloorDiv", g->x[2], grad_cast(g, kept, DT_INT64));
    g->dx[1] = grad2(g, "GatherNd", dy, grad2(g, "FloorDiv", g->x[0], scale));
}

/* ---- sparse results ---- */

static struct status *groups_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    rank = node_attr(c->node, "keep_dims") ? rank : -1;
    *shape_out(c, 0) = SHAPE(-1, rank);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(rank);
    return NULL;
}

/* Entries that fall together: order[begin[g]], ... before order[begin[g + 1]]. */
struct groups {
    struct sparse s;
    int rank;                           /* of the result */
    int64_t n, *begin, *order;
    int64_t *index;                     /* of each entry in the result */
};

/* Indices in the result: a reduced dimension that is kept is 0. */
static void groups_index(struct groups *g, unsigned gone, bool keep)
{
    const int64_t *x = g->s.index;
    int64_t *y = g->index;
    for (int64_t i = 0; i < g->s.n; i++, x += g->s.shape.rank)
        for (int d = 0; d < g->s.shape.rank; d++)
            if (!(gone >> d & 1) || keep)
                *y++ = gone >> d & 1 ? 0 : x[d];
}

static void groups_split(struct groups *g)
{
    for (int64_t i = 0; i < g->s.n; i++)
        if (!i || sparse_compare(g->index + g->order[i - 1] * g->rank,
                                 g->index + g->order[i] * g->rank, g->rank))
            g->begin[g->n++] = i;
    g->begin[g->n] = g->s.n;
}

static struct status *groups_begin(struct kernel *k, struct groups *g)
{
    unsigned gone;
    *g = (struct groups){ 0 };
    TRY(sparse_read(k, 0, &g->s));
    TRY(sparse_check(&g->s, false));
    TRY(axes_read(k, g->s.shape.rank, &gone));
    struct shape y = reduced(k, &g->s.shape, gone);
    g->rank = y.rank;
    TRY(kernel_temp(k, (size_t)(g->s.n * g->rank + 1) * sizeof *g->index, &g->index));
    TRY(kernel_temp(k, (size_t)(g->s.n + 1) * sizeof *g->begin, &g->begin));
    groups_index(g, gone, *(const bool *)k->state);
    TRY(sparse_order(k, g->index, g->s.n, g->rank, &g->order));
    groups_split(g);
    return sparse_put_shape(k, 2, &y);
}

/* The entries of the result, but for what their values are. */
static struct status *groups_put(struct kernel *k, const struct groups *g)
{
    int64_t *y;
    TRY(sparse_new(k, 0, &SHAPE(g->n, g->rank), &y));
    for (int64_t i = 0; i < g->n; i++)
        memcpy(y + i * g->rank, g->index + g->order[g->begin[i]] * g->rank,
               (size_t)g->rank * sizeof *y);
    return kernel_new(k, 1, g->s.values->dtype, &SHAPE(g->n));
}

#define EACH "ops/sparse_reduce.inc"
#include "op/each_number.h"

#define IN .inputs = "input_indices: int64, input_values: T, input_shape: int64, " \
                     "reduction_axes: int32", .prepare = reduce_prepare
#define DENSE IN, .outputs = "output: T", .shape = dense_shape
#define SPARSE IN, .shape = groups_shape, .grad = NO_GRADIENT, \
    .outputs = "output_indices: int64, output_values: T, output_shape: int64"

const struct op ops_sparse_reduce[] = {
    { .name = "SparseReduceSum", DENSE, .attrs = "keep_dims: bool = false; T: numbertype",
      .doc = "The sums of a sparse tensor over some dimensions, dense.",
      .grad = reduce_grad, .kernel = KERNELS(NUMBERS(reduce_sum)) },
    { .name = "SparseReduceMax", DENSE, .attrs = "keep_dims: bool = false; T: realnumbertype",
      .doc = "The greatest values of a sparse tensor over some dimensions, dense; 0 where there is "
             "none.",
      .grad = NO_GRADIENT, .kernel = KERNELS(REALS(reduce_max)) },
    { .name = "SparseReduceSumSparse", SPARSE, .attrs = "keep_dims: bool = false; T: numbertype",
      .doc = "The sums of a sparse tensor over some dimensions, sparse.",
      .kernel = KERNELS(NUMBERS(groups_sum)) },
    { .name = "SparseReduceMaxSparse", SPARSE,
      .attrs = "keep_dims: bool = false; T: realnumbertype",
      .doc = "The greatest values of a sparse tensor over some dimensions, sparse.",
      .kernel = KERNELS(REALS(groups_max)) },
    { 0 }
};
