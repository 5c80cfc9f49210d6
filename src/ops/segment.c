/* segment.c - rows summed (or multiplied...) by segment: SegmentSum and its kin, whose ids ascend,
 * and UnsortedSegmentSum and its kin, whose ids are free. */
#include "ops/array.h"

#include "base/pool.h"

#include <float.h>
#include <math.h>

enum fold { FOLD_SUM, FOLD_MEAN, FOLD_PROD, FOLD_MIN, FOLD_MAX };

struct fold_job {
    const struct tensor *ids;
    const void *x;
    void *y;
    int64_t rows, width, segments;
};

typedef void fold_fn(void *job, int64_t begin, int64_t end);

/* Columns are shared out, so many at least that a thread is worth it. */
static void fold_run(const struct kernel *k, struct fold_job *j, fold_fn *fold)
{
    enum { GRAIN = 32 * 1024 };
    int64_t grain = GRAIN / (j->rows + j->segments + 1);
    if (j->width && (j->rows || j->segments))
        pool_for(j->width, grain < 16 ? 16 : grain, k->env->threads, fold, j);
}

/* ---- unsorted ---- */

static struct status *unsorted_fits(const struct shape *data, const struct shape *ids)
{
    bool ok = data->rank >= ids->rank;
    for (int i = 0; i < ids->rank && ok; i++)
        ok = data->dim[i] < 0 || ids->dim[i] < 0 || data->dim[i] == ids->dim[i];
    ENSURE(ok, "data.shape = %s does not start with segment_ids.shape = %s", SHAPE_STR(data),
           SHAPE_STR(ids));
    return NULL;
}

static struct status *unsorted_shape(struct shape_ctx *c)
{
    const struct shape *data = shape_in(c, 0), *ids = shape_in(c, 1);
    const struct tensor *n = shape_in_value(c, 2);
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (n)
        ENSURE(index_at(n, 0) >= 0, "Input num_segments == %lld must not be negative.",
               (long long)index_at(n, 0));
    if (data->rank < 0 || ids->rank < 0)
        return NULL;
    TRY(unsorted_fits(data, ids));
    return shape_with_rows(n ? index_at(n, 0) : -1, data, ids->rank, shape_out(c, 0));
}

static struct status *unsorted_check(struct kernel *k, struct shape *out)
{
    const struct tensor *data = kernel_in(k, 0), *ids = kernel_in(k, 1), *n = kernel_in(k, 2);
    ENSURE(n->shape.rank == 0, "num_segments should be a scalar, not shape %s",
           SHAPE_STR(&n->shape));
    TRY(unsorted_fits(&data->shape, &ids->shape));
    int64_t segments = index_at(n, 0);
    ENSURE(segments >= 0, "Input num_segments == %lld must not be negative.", (long long)segments);
    for (int64_t i = 0; i < tensor_count(ids); i++)     /* negative ones are left out */
        ENSURE(index_at(ids, i) < segments, "segment_ids%s = %lld is out of range [0, %lld)",
               INDEX_STR(&ids->shape, i), (long long)index_at(ids, i), (long long)segments);
    return shape_with_rows(segments, &data->shape, ids->shape.rank, out);
}

static struct status *unsorted_run(struct kernel *k, fold_fn *fold)
{
    const struct tensor *data = kernel_in(k, 0), *ids = kernel_in(k, 1);
    struct shape out;
    TRY(unsorted_check(k, &out));
    TRY(kernel_new(k, 0, data->dtype, &out));
    if (shape_count(&out) == 0)
        return NULL;
    struct fold_job j = { ids, data->data, kernel_out(k, 0)->data, tensor_count(ids),
                          shape_span(&out, 1, out.rank), out.dim[0] };
    fold_run(k, &j, fold);
    return NULL;
}

/* ---- sorted ---- */

static struct status *sorted_shape(struct shape_ctx *c)
{
    const struct shape *data = shape_in(c, 0), *ids = shape_in(c, 1);
    TRY(shape_want_rank(ids, 1));
    TRY(shape_want_rank_at_least(data, 1));
    if (data->rank < 0)
        return NULL;
    if (ids->rank == 1)
        TRY(dim_merge(data->dim[0], ids->dim[0], &(int64_t){ 0 }));
    *shape_out(c, 0) = *data;
    shape_out(c, 0)->dim[0] = -1;
    return NULL;
}

/* Ids ascend from segment to segment, and the last one says how many there are. */
static struct status *sorted_ids(const struct tensor *ids, int64_t rows, int64_t segments)
{
    for (int64_t r = 0; r < rows; r++) {
        int64_t id = index_at(ids, r), next = r + 1 < rows ? index_at(ids, r + 1) : id;
        if (next == id && r + 1 < rows)
            continue;
        ENSURE(r + 1 == rows || id < next, "segment ids are not increasing");
        ENSURE(id >= 0 && id < segments, "Segment id %lld out of range [0, %lld), possibly because "
               "'segment_ids' input is not sorted.", (long long)id, (long long)segments);
    }
    return NULL;
}

static struct status *sorted_check(struct kernel *k, struct shape *out)
{
    const struct tensor *data = kernel_in(k, 0), *ids = kernel_in(k, 1);
    ENSURE(ids->shape.rank == 1, "segment_ids should be a vector.");
    int64_t rows = ids->shape.dim[0], segments = 0;
    ENSURE(data->shape.rank > 0 && data->shape.dim[0] == rows,
           "segment_ids should be the same size as dimension 0 of input.");
    if (rows) {
        int64_t last = index_at(ids, rows - 1);
        ENSURE(last >= 0, "segment ids must be >= 0");
        ENSURE(last < INT64_MAX, "Segment id %lld is too large", (long long)last);
        segments = last + 1;
    }
    TRY(sorted_ids(ids, rows, segments));
    *out = data->shape;
    out->dim[0] = segments;
    return NULL;
}

static struct status *sorted_run(struct kernel *k, fold_fn *fold)
{
    const struct tensor *data = kernel_in(k, 0), *ids = kernel_in(k, 1);
    struct shape out;
    TRY(sorted_check(k, &out));
    TRY(kernel_new(k, 0, data->dtype, &out));
    if (shape_count(&out) == 0)
        return NULL;
    struct fold_job j = { ids, data->data, kernel_out(k, 0)->data, ids->shape.dim[0],
                          shape_span(&out, 1, out.rank), out.dim[0] };
    fold_run(k, &j, fold);
    return NULL;
}

#define EACH "ops/segment.inc"
#include "op/each_number.h"

/* ---- gradients ---- */

static struct out zeros_like(struct grad *g, struct out x)
{
    return grad1(g, "ZerosLike", x);
}

static struct out choose(struct grad *g, struct out condition, struct out yes, struct out no)
{
    return grad_add(g, "Select", OUTS(condition, yes, no), NULL, 0);
}

/* Rows of `params` by id, and zeros where the id is negative. */
struct kept { struct out clipped, positive; };

static struct kept kept_ids(struct grad *g, struct out like)
{
    struct out ids = g->x[1], zero = grad_scalar(g, out_dtype(ids), 0);
    struct kept k = { grad2(g, "Maximum", ids, zero), grad2(g, "GreaterEqual", ids, zero) };
    struct out extra = grad2(g, "Sub", grad1(g, "Rank", like), grad1(g, "Rank", ids));
    struct out ones = grad2(g, "Fill", grad2(g, "ExpandDims", extra, grad_ints(g, 0)),
                            grad_ints(g, 1));
    struct out shape = grad_concat(g, OUTS(grad_shape_of(g, ids, DT_INT32), ones), grad_ints(g, 0));
    struct out flags = grad_reshape(g, k.positive, shape);
    struct out all = grad2(g, "Fill", grad_shape_of(g, like, DT_INT32),
                           grad_scalar(g, DT_BOOL, 1));
    k.positive = grad2(g, "LogicalAnd", flags, all);
    return k;
}

static struct out gather_kept(struct grad *g, struct out params, struct kept k)
{
    struct out rows = grad2(g, "Gather", params, k.clipped);
    return choose(g, k.positive, rows, zeros_like(g, rows));
}

static void unsorted_sum_grad(struct grad *g)
{
    g->dx[0] = gather_kept(g, g->dy[0], kept_ids(g, g->x[0]));
}

/* Those elements that are the extreme of their segment share its gradient. */
static void unsorted_extreme_grad(struct grad *g)
{
    struct kept k = kept_ids(g, g->x[0]);
    enum dtype t = out_dtype(g->dy[0]);
    struct out extreme = gather_kept(g, g->y[0], k);
    struct out chosen = grad2(g, "LogicalAnd", grad2(g, "Equal", g->x[0], extreme),
                              k.positive);
    struct out count = grad_add(g, "UnsortedSegmentSum",
                                OUTS(grad_cast(g, chosen, t), g->x[1], g->x[2]), NULL, 0);
    struct out share = gather_kept(g, grad2(g, "RealDiv", g->dy[0], count), k);
    g->dx[0] = choose(g, chosen, share, zeros_like(g, share));
}

/* The product of the others: the whole divided by the element, but where that is zero. */
static void unsorted_prod_grad(struct grad *g)
{
    struct out x = g->x[0], ids = g->x[1], n = g->x[2];
    struct out is_zero = grad2(g, "Equal", x, zeros_like(g, x));
    struct out zeros = grad_add(g, "UnsortedSegmentSum",
                                OUTS(grad_cast(g, is_zero, DT_INT32), ids, n), NULL, 0);
    struct out dy = choose(g, grad2(g, "Greater", zeros, grad_ints(g, 1)),
                           zeros_like(g, g->dy[0]), g->dy[0]);
    struct out one = grad_scalar(g, out_dtype(x), 1);
    struct out ones = grad2(g, "Fill", grad_shape_of(g, x, DT_INT32), one);
    struct out others = grad_add(g, "UnsortedSegmentProd",
                                 OUTS(choose(g, is_zero, ones, x), ids, n), NULL, 0);
    struct kept k = kept_ids(g, x);
    struct out rest = choose(g, is_zero, grad2(g, "Gather", others, k.clipped),
                             grad2(g, "RealDiv", grad2(g, "Gather", g->y[0], k.clipped), x));
    g->dx[0] = grad2(g, "Mul", gather_kept(g, dy, k), rest);
}

static void sorted_sum_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "Gather", g->dy[0], g->x[1]);
}

static void sorted_mean_grad(struct grad *g)
{
    struct out one = grad_ints(g, 1), rank = grad1(g, "Rank", g->x[0]);
    struct out inner = grad2(g, "ExpandDims", grad2(g, "Sub", rank, one), grad_ints(g, 0));
    struct out shape = grad_concat(g, OUTS(grad_shape_of(g, g->x[1], DT_INT32),
                                           grad2(g, "Fill", inner, one)), grad_ints(g, 0));
    struct out ones = grad2(g, "Fill", shape, grad_scalar(g, out_dtype(g->dy[0]), 1));
    struct out count = grad2(g, "SegmentSum", ones, g->x[1]);
    g->dx[0] = grad2(g, "Gather", grad2(g, "RealDiv", g->dy[0], count), g->x[1]);
}

static void sorted_extreme_grad(struct grad *g)
{
    struct out ids = g->x[1];
    struct out chosen = grad2(g, "Equal", g->x[0], grad2(g, "Gather", g->y[0], ids));
    struct out count = grad2(g, "SegmentSum", grad_cast(g, chosen, out_dtype(g->dy[0])), ids);
    struct out share = grad2(g, "Gather", grad2(g, "RealDiv", g->dy[0], count), ids);
    g->dx[0] = choose(g, chosen, share, zeros_like(g, share));
}

#define QUANTIZED(x) [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT32] = x##_i32
#define UNSORTED(types) .inputs = "data: T, segment_ids: Tindices, num_segments: Tnumsegments", \
    .outputs = "output: T", \
    .attrs = "T: " types "; Tindices: {int32, int64}; Tnumsegments: {int32, int64} = int32", \
    .shape = unsorted_shape
#define SORTED(types) .inputs = "data: T, segment_ids: Tindices", .outputs = "output: T", \
    .attrs = "T: " types "; Tindices: {int32, int64}", .shape = sorted_shape

const struct op ops_segment[] = {
    { .name = "UnsortedSegmentSum", UNSORTED("numbertype"),
      .doc = "Output[j] is the sum of the rows of data whose id is j; negative ids are left out.",
      .grad = unsorted_sum_grad,
      .kernel = KERNELS(NUMBERS(unsorted_sum), QUANTIZED(unsorted_sum)) },
    { .name = "UnsortedSegmentProd", UNSORTED("numbertype"),
      .doc = "Output[j] is the product of the rows of data whose id is j.",
      .grad = unsorted_prod_grad,
      .kernel = KERNELS(NUMBERS(unsorted_prod), QUANTIZED(unsorted_prod)) },
    { .name = "UnsortedSegmentMin", UNSORTED("realnumbertype"),
      .doc = "Output[j] is the least of the rows of data whose id is j.",
      .grad = unsorted_extreme_grad, .kernel = KERNELS(REALS(unsorted_min)) },
    { .name = "UnsortedSegmentMax", UNSORTED("realnumbertype"),
      .doc = "Output[j] is the greatest of the rows of data whose id is j.",
      .grad = unsorted_extreme_grad, .kernel = KERNELS(REALS(unsorted_max)) },
    { .name = "SegmentSum", SORTED("numbertype"),
      .doc = "Output[j] is the sum of the rows of data whose id is j; ids ascend.",
      .grad = sorted_sum_grad, .kernel = KERNELS(NUMBERS(sorted_sum), QUANTIZED(sorted_sum)) },
    { .name = "SegmentMean", SORTED("numbertype"),
      .doc = "Output[j] is the mean of the rows of data whose id is j; ids ascend.",
      .grad = sorted_mean_grad, .kernel = KERNELS(NUMBERS(sorted_mean), QUANTIZED(sorted_mean)) },
    { .name = "SegmentProd", SORTED("numbertype"),
      .doc = "Output[j] is the product of the rows of data whose id is j; ids ascend.",
      .grad = NO_GRADIENT, .kernel = KERNELS(NUMBERS(sorted_prod), QUANTIZED(sorted_prod)) },
    { .name = "SegmentMin", SORTED("realnumbertype"),
      .doc = "Output[j] is the least of the rows of data whose id is j; ids ascend.",
      .grad = sorted_extreme_grad, .kernel = KERNELS(REALS(sorted_min)) },
    { .name = "SegmentMax", SORTED("realnumbertype"),
      .doc = "Output[j] is the greatest of the rows of data whose id is j; ids ascend.",
      .grad = sorted_extreme_grad, .kernel = KERNELS(REALS(sorted_max)) },
    { 0 }
};
