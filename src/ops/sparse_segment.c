/* sparse_segment.c - rows picked by index and summed by segment, which a bag of embeddings is:
 * SparseSegmentSum, Mean and SqrtN, with or without a number of segments, and their gradients. */
#include "ops/array.h"

#include "base/pool.h"

#include <math.h>

enum share { SHARE_SUM, SHARE_MEAN, SHARE_SQRT };

static double share_of(enum share how, int64_t rows)
{
    return how == SHARE_SUM || rows == 0 ? 1 : how == SHARE_MEAN ? 1.0 / (double)rows
           : 1.0 / sqrt((double)rows);
}

struct pick {
    const struct tensor *indices;
    const int32_t *ids;
    const void *x;
    void *y;
    int64_t n, width, segments;
    enum share how;
};

static enum share how_of(const struct node *n)
{
    const char *name = n->op->name + sizeof "SparseSegment" - 1;
    return name[0] == 'M' ? SHARE_MEAN : name[1] == 'u' ? SHARE_SUM : SHARE_SQRT;
}

/* ---- shapes ---- */

static struct status *pick_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    struct shape ids = SHAPE(-1);
    int64_t segments = -1;
    TRY(shape_want_rank_at_least(x, 1));
    for (int i = 1; i < 3; i++) {
        TRY(shape_want_rank(shape_in(c, i), 1));
        TRY(shape_merge(&ids, shape_in(c, i), &ids));
    }
    if (c->n_in > 3) {
        const struct tensor *n = shape_in_value(c, 3);
        TRY(shape_want_rank(shape_in(c, 3), 0));
        segments = n ? index_at(n, 0) : -1;
        ENSURE(!n || segments >= 0, "Cannot specify a negative value for num_segments");
    }
    if (x->rank < 0)
        return NULL;
    *shape_out(c, 0) = *x;
    shape_out(c, 0)->dim[0] = segments;
    return NULL;
}

/* ---- checks ---- */

static struct status *pick_vectors(const struct kernel *k)
{
    const struct shape *indices = &kernel_in(k, 1)->shape, *ids = &kernel_in(k, 2)->shape;
    ENSURE(indices->rank == 1, "indices should be a vector.");
    ENSURE(ids->rank == 1, "segment_ids should be a vector.");
    ENSURE(ids->dim[0] == indices->dim[0], "segment_ids and indices should have same size.");
    ENSURE(kernel_in(k, 0)->shape.rank >= 1, "data must be at least 1-dimensional");
    return NULL;
}

static struct status *pick_segments(const struct kernel *k, struct pick *p)
{
    p->segments = p->n ? (int64_t)p->ids[p->n - 1] + 1 : 0;
    if (k->n_in > 3) {
        const struct tensor *n = kernel_in(k, 3);
        ENSURE(n->shape.rank == 0, "num_segments should be a scalar, not shape %s",
               SHAPE_STR(&n->shape));
        ENSURE(index_at(n, 0) >= p->segments, "segment ids must be < num_segments");
        p->segments = index_at(n, 0);
    }
    for (int64_t i = 0; i < p->n; i++) {
        ENSURE(p->ids[i] >= 0, "segment ids must be >= 0");
        ENSURE(i == 0 || p->ids[i - 1] <= p->ids[i], "segment ids are not increasing");
    }
    return NULL;
}

static struct status *pick_indices(const struct pick *p, int64_t rows)
{
    for (int64_t i = 0; i < p->n; i++) {
        int64_t at = index_at(p->indices, i);
        ENSURE(at >= 0 && at < rows, "Bad: indices[%lld] == %lld out of range [0, %lld)",
               (long long)i, (long long)at, (long long)rows);
    }
    return NULL;
}

static struct status *pick_begin(struct kernel *k, struct pick *p)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(pick_vectors(k));
    *p = (struct pick){ .indices = kernel_in(k, 1), .ids = kernel_in(k, 2)->data, .x = x->data,
                        .n = tensor_count(kernel_in(k, 1)), .how = how_of(k->node) };
    TRY(pick_segments(k, p));
    TRY(pick_indices(p, x->shape.dim[0]));
    struct shape y = x->shape;
    y.dim[0] = p->segments;
    TRY(kernel_new(k, 0, x->dtype, &y));
    p->width = shape_count(&y) ? shape_span(&y, 1, y.rank) : 0;
    p->y = kernel_out(k, 0)->data;
    return NULL;
}

/* The gradient of `data`: rows of what came, back to where they were picked. */
static struct status *pick_grad_begin(struct kernel *k, struct pick *p)
{
    const struct tensor *dy = kernel_in(k, 0), *rows = kernel_in(k, 3);
    TRY(pick_vectors(k));
    ENSURE(rows->shape.rank == 0, "output_dim0 should be a scalar.");
    struct shape y = dy->shape;
    y.dim[0] = index_at(rows, 0);
    ENSURE(y.dim[0] >= 0, "output_dim0 must not be negative, got %lld", (long long)y.dim[0]);
    *p = (struct pick){ .indices = kernel_in(k, 1), .ids = kernel_in(k, 2)->data, .x = dy->data,
                        .n = tensor_count(kernel_in(k, 1)), .how = how_of(k->node),
                        .segments = dy->shape.dim[0] };
    for (int64_t i = 0; i < p->n; i++) {
        int64_t at = index_at(p->indices, i);
        ENSURE(p->ids[i] >= 0 && p->ids[i] < p->segments, "Segment id %d out of range [0, %lld).",
               p->ids[i], (long long)p->segments);
        ENSURE(at >= 0 && at < y.dim[0], "Index %lld out of range [0, %lld).", (long long)at,
               (long long)y.dim[0]);
    }
    TRY(kernel_new(k, 0, dy->dtype, &y));
    array_zero(kernel_out(k, 0));
    p->width = shape_count(&y) ? shape_span(&y, 1, y.rank) : 0;
    p->y = kernel_out(k, 0)->data;
    return NULL;
}

/* Columns are shared out, so that no two threads meet in a row. */
static void pick_run(const struct kernel *k, struct pick *p, void (*fn)(void *, int64_t, int64_t))
{
    enum { GRAIN = 32 * 1024 };
    if (p->width)
        pool_for(p->width, 16 + GRAIN / (p->n + p->segments + 1), k->env->threads, fn, p);
}

#define EACH "ops/sparse_segment.inc"
#include "op/each_real.h"

static struct status *pick_grad_shape(struct shape_ctx *c)
{
    const struct shape *dy = shape_in(c, 0);
    const struct tensor *rows = shape_in_value(c, 3);
    struct shape ids = SHAPE(-1);
    TRY(shape_want_rank_at_least(dy, 1));
    for (int i = 1; i < 3; i++) {
        TRY(shape_want_rank(shape_in(c, i), 1));
        TRY(shape_merge(&ids, shape_in(c, i), &ids));
    }
    TRY(shape_want_rank(shape_in(c, 3), 0));
    ENSURE(!rows || index_at(rows, 0) >= 0, "Cannot specify a negative value for output_dim0");
    if (dy->rank < 0)
        return NULL;
    *shape_out(c, 0) = *dy;
    shape_out(c, 0)->dim[0] = rows ? index_at(rows, 0) : -1;
    return NULL;
}

/* ---- gradients ---- */

static struct out rows_of(struct grad *g, struct out x)
{
    return grad_add(g, "StridedSlice",
                    OUTS(grad_shape_of(g, x, DT_INT32),
                         grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1),
                         grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1),
                         grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1)),
                    ATTRS(attr_int("shrink_axis_mask", 1)));
}

static void pick_sum_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "UnsortedSegmentSum",
                        OUTS(grad2(g, "Gather", g->dy[0], g->x[2]), g->x[1],
                             rows_of(g, g->x[0])), NULL, 0);
}

static void pick_share_grad(struct grad *g)
{
    const char *op = how_of(g->node) == SHARE_MEAN ? "SparseSegmentMeanGrad"
                                                   : "SparseSegmentSqrtNGrad";
    g->dx[0] = grad_add(g, op, OUTS(g->dy[0], g->x[1], g->x[2], rows_of(g, g->x[0])), NULL, 0);
}

#define PICK(types) .inputs = "data: T, indices: Tidx, segment_ids: int32", \
    .outputs = "output: T", .attrs = "T: " types "; Tidx: {int32, int64} = int32", \
    .shape = pick_shape
#define PICK_N(types) \
    .inputs = "data: T, indices: Tidx, segment_ids: int32, num_segments: Tnumsegments", \
    .outputs = "output: T", .attrs = "T: " types "; Tidx: {int32, int64} = int32; " \
                                     "Tnumsegments: {int32, int64} = int32", \
    .shape = pick_shape
#define PICK_GRAD .inputs = "grad: T, indices: Tidx, segment_ids: int32, output_dim0: int32", \
    .outputs = "output: T", .attrs = "T: {float, double}; Tidx: {int32, int64} = int32", \
    .shape = pick_grad_shape, .grad = NO_GRADIENT, .kernel = KERNELS(DOUBLES(pick_back))
#define SHARED .grad = pick_share_grad, .kernel = KERNELS(DOUBLES(pick))

const struct op ops_sparse_segment[] = {
    { .name = "SparseSegmentSum", PICK("realnumbertype"),
      .doc = "Output[j] is the sum of the rows of data whose index goes with id j; ids ascend.",
      .grad = pick_sum_grad, .kernel = KERNELS(REALS(pick)) },
    { .name = "SparseSegmentSumWithNumSegments", PICK_N("realnumbertype"),
      .doc = "As SparseSegmentSum, with as many rows of output as num_segments says.",
      .grad = pick_sum_grad, .kernel = KERNELS(REALS(pick)) },
    { .name = "SparseSegmentMean", PICK("{float, double}"), SHARED,
      .doc = "Output[j] is the mean of the rows of data whose index goes with id j; ids ascend." },
    { .name = "SparseSegmentMeanWithNumSegments", PICK_N("{float, double}"), SHARED,
      .doc = "As SparseSegmentMean, with as many rows of output as num_segments says." },
    { .name = "SparseSegmentMeanGrad", PICK_GRAD,
      .doc = "The gradient of SparseSegmentMean, of output_dim0 rows." },
    { .name = "SparseSegmentSqrtN", PICK("{float, double}"), SHARED,
      .doc = "Output[j] is the sum of the rows of data whose index goes with id j, divided by the "
             "root of their number; ids ascend." },
    { .name = "SparseSegmentSqrtNWithNumSegments", PICK_N("{float, double}"), SHARED,
      .doc = "As SparseSegmentSqrtN, with as many rows of output as num_segments says." },
    { .name = "SparseSegmentSqrtNGrad", PICK_GRAD,
      .doc = "The gradient of SparseSegmentSqrtN, of output_dim0 rows." },
    { 0 }
};
