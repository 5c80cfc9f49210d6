/* gather.c - slices along one dimension by their indices: Gather, GatherV2. Every index is checked
 * before anything is read. */
#include "ops/array.h"

#include "base/pool.h"

#include <string.h>

enum { GATHER_GRAIN = 64 * 1024 };      /* bytes that are worth another thread */

/* ---- Gather, GatherV2 ---- */

/* Output = params[:axis] + indices[batch:] + params[axis+1:]. */
static struct status *gather_out(const struct shape *params, const struct shape *indices, int axis,
                                 int batch, struct shape *out)
{
    int n = 0;
    ENSURE(params->rank - 1 + indices->rank - batch <= MAX_RANK, "Gathering gives %d dimensions: "
           "at most %d are supported", params->rank - 1 + indices->rank - batch, MAX_RANK);
    for (int i = 0; i < batch; i++)
        ENSURE(params->dim[i] < 0 || indices->dim[i] < 0 || params->dim[i] == indices->dim[i],
               "params.shape[%d]: %lld should be equal to indices.shape[%d]: %lld", i,
               (long long)params->dim[i], i, (long long)indices->dim[i]);
    for (int i = 0; i < axis; i++)
        out->dim[n++] = params->dim[i];
    for (int i = batch; i < indices->rank; i++)
        out->dim[n++] = indices->dim[i];
    for (int i = axis + 1; i < params->rank; i++)
        out->dim[n++] = params->dim[i];
    out->rank = n;
    return NULL;
}

static struct status *gather_axis(int64_t axis, int rank, int *at)
{
    ENSURE(rank > 0, "params must be at least 1 dimensional");
    ENSURE(axis >= -rank && axis < rank, "Expected axis in the range [%d, %d), but got %lld",
           -rank, rank, (long long)axis);
    *at = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

static struct status *gather_batch(int64_t dims, int axis, int rank, int *batch)
{
    int64_t n = dims < 0 ? dims + rank : dims;
    ENSURE(n >= 0 && n <= rank, "Expected batch_dims in the range [%d, %d], but got %lld", -rank,
           rank, (long long)dims);
    ENSURE(n <= axis, "batch_dims (%lld) must be less than or equal to axis (%d).", (long long)n,
           axis);
    *batch = (int)n;
    return NULL;
}

static struct status *gather_shape(struct shape_ctx *c)
{
    const struct shape *params = shape_in(c, 0), *indices = shape_in(c, 1);
    const struct tensor *dim = c->n_in > 2 ? shape_in_value(c, 2) : NULL;
    int axis = 0, batch = 0;
    TRY(shape_want_rank_at_least(params, 1));
    if (c->n_in > 2)
        TRY(shape_want_rank(shape_in(c, 2), 0));
    if (params->rank < 0 || indices->rank < 0)
        return NULL;
    if (c->n_in > 2 && !dim) {
        int rank = params->rank + indices->rank - 1;
        if (!node_attr(c->node, "batch_dims") && rank <= MAX_RANK)
            *shape_out(c, 0) = shape_of_rank(rank);
        return NULL;
    }
    if (dim)
        TRY(gather_axis(index_at(dim, 0), params->rank, &axis));
    TRY(gather_batch(node_attr(c->node, "batch_dims"), axis, indices->rank, &batch));
    return gather_out(params, indices, axis, batch, shape_out(c, 0));
}

/* Sizes picked out of a vector of sizes. */
static bool gather_partial(struct shape_ctx *c, struct shape *value)
{
    const struct tensor *indices = shape_in_value(c, 1);
    struct shape v;
    if (!indices || indices->shape.rank > 1 || tensor_count(indices) > MAX_RANK ||
        shape_in(c, 0)->rank != 1 || !partial_in(c, 0, &v))
        return false;
    value->rank = indices->shape.rank ? (int)indices->shape.dim[0] : 0;
    for (int i = 0; i < tensor_count(indices); i++) {
        int64_t at = index_at(indices, i);
        if (at < 0 || at >= v.rank)
            return false;
        value->dim[i] = v.dim[at];
    }
    return value->rank > 0 || (indices->shape.rank == 0 && value->dim[0] >= 0);
}

struct gather {
    const struct tensor *indices;
    int64_t n, dim, outer;      /* indices of a batch, what they may be, rows between */
    size_t bytes;               /* of what one index names */
    const char *params;
    char *out;
};

/* n rows of one block, by the indices from `first` on; `bytes` and `wide` are constants where this
 * lands. */
static inline __attribute__((always_inline)) void
gather_run(char *to, const char *from, const void *indices, int64_t first, int64_t n, size_t bytes,
           bool wide)
{
    const int32_t *i4 = (const int32_t *)indices + first;
    const int64_t *i8 = (const int64_t *)indices + first;
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * bytes, from + (size_t)(wide ? i8[i] : i4[i]) * bytes, bytes);
}

static void gather_block(const struct gather *g, char *to, const char *from, int64_t first,
                         int64_t n)
{
    const void *indices = g->indices->data;
    bool wide = g->indices->dtype == DT_INT64;
    if (g->bytes == 4 && wide)
        gather_run(to, from, indices, first, n, 4, true);
    else if (g->bytes == 4)
        gather_run(to, from, indices, first, n, 4, false);
    else if (g->bytes == 8)
        gather_run(to, from, indices, first, n, 8, wide);
    else
        gather_run(to, from, indices, first, n, g->bytes, wide);
}

/* Row r of the output is row (r / n) * dim + index of params. */
static void gather_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct gather *g = ctx;
    for (int64_t r = begin, some; r < end; r += some) {
        int64_t block = r / g->n, i = r % g->n;
        some = g->n - i < end - r ? g->n - i : end - r;
        gather_block(g, g->out + r * (int64_t)g->bytes,
                     g->params + block * g->dim * (int64_t)g->bytes,
                     block / g->outer * g->n + i, some);
    }
}

static struct status *gather_owned(struct tensor *y, const struct tensor *params,
                                   const struct gather *g, int64_t rows, int64_t inner)
{
    for (int64_t r = 0; r < rows; r++) {
        int64_t block = r / g->n;
        int64_t at = index_at(g->indices, block / g->outer * g->n + r % g->n);
        TRY(tensor_copy_elements(y, r * inner, params, (block * g->dim + at) * inner, inner));
    }
    return NULL;
}

/* Are all in [0, dim)? Two plain loops, that they may be vectors. */
static bool indices_fit(const struct tensor *indices, int64_t dim)
{
    const int32_t *i4 = indices->data;
    const int64_t *i8 = indices->data;
    uint64_t last = (uint64_t)dim - 1, beyond = 0;
    int64_t n = tensor_count(indices);
    if (indices->dtype == DT_INT64)
        for (int64_t i = 0; i < n; i++)
            beyond |= (uint64_t)i8[i] | (last - (uint64_t)i8[i]);
    else
        for (int64_t i = 0; i < n; i++)
            beyond |= (uint64_t)(int64_t)i4[i] | (last - (uint64_t)(int64_t)i4[i]);
    return !(beyond >> 63);
}

static struct status *indices_check(const struct tensor *indices, int64_t dim)
{
    int64_t n = indices_fit(indices, dim) ? 0 : tensor_count(indices);
    for (int64_t i = 0; i < n; i++)
        ENSURE((uint64_t)index_at(indices, i) < (uint64_t)dim, "indices%s = %lld is not in "
               "[0, %lld)", INDEX_STR(&indices->shape, i), (long long)index_at(indices, i),
               (long long)dim);
    return NULL;
}

static struct status *gather_along(struct kernel *k, int axis, int batch)
{
    const struct tensor *params = kernel_in(k, 0), *indices = kernel_in(k, 1);
    const struct shape *p = &params->shape;
    struct shape out;
    TRY(gather_out(p, &indices->shape, axis, batch, &out));
    TRY(indices_check(indices, p->dim[axis]));
    TRY(kernel_new(k, 0, params->dtype, &out));
    if (shape_count(&out) == 0)
        return NULL;
    int64_t inner = shape_span(p, axis + 1, p->rank), blocks = shape_span(p, 0, axis);
    struct gather g = { indices, shape_span(&indices->shape, batch, indices->shape.rank),
                        p->dim[axis], shape_span(p, batch, axis),
                        (size_t)inner * dtype_size(params->dtype), params->data,
                        kernel_out(k, 0)->data };
    if (dtype_owns(params->dtype))
        return gather_owned(kernel_out(k, 0), params, &g, blocks * g.n, inner);
    pool_for(blocks * g.n, 1 + GATHER_GRAIN / (int64_t)g.bytes, k->env->threads, gather_rows, &g);
    return NULL;
}

static struct status *gather_any(struct kernel *k)
{
    ENSURE(kernel_in(k, 0)->shape.rank > 0, "params must be at least 1 dimensional");
    return gather_along(k, 0, 0);
}

static struct status *gather_v2_prepare(struct prep *p)
{
    int64_t *batch;
    TRY(prep_state(p, sizeof *batch, &batch));
    *batch = node_attr(p->node, "batch_dims");
    return NULL;
}

static struct status *gather_v2_any(struct kernel *k)
{
    const struct tensor *dim = kernel_in(k, 2);
    int axis = 0, batch = 0;
    ENSURE(dim->shape.rank == 0, "axis must be scalar");
    TRY(gather_axis(index_at(dim, 0), kernel_in(k, 0)->shape.rank, &axis));
    TRY(gather_batch(*(const int64_t *)k->state, axis, kernel_in(k, 1)->shape.rank, &batch));
    return gather_along(k, axis, batch);
}

/* ---- gradient of a gather ---- */

static struct out vector_of(struct grad *g, struct out scalar)
{
    return grad2(g, "ExpandDims", scalar, grad_named_scalar(g, "ExpandDims/dim", DT_INT32, 0));
}

static struct out join(struct grad *g, const struct out *part, int n)
{
    return grad_concat(g, part, n, grad_named_scalar(g, "concat/axis", DT_INT32, 0));
}
#define JOIN(g, ...) join(g, OUTS(__VA_ARGS__))

static struct out range(struct grad *g, struct out from, struct out to)
{
    return grad_add(g, "Range", OUTS(from, to, grad_ints(g, 1)), NULL, 0);
}

/* vector[from:to], the bounds being int32 scalars. */
static struct out piece(struct grad *g, struct out vector, struct out from, struct out to)
{
    return grad_add(g, "Slice", OUTS(vector, vector_of(g, from),
                                     vector_of(g, grad2(g, "Sub", to, from))), NULL, 0);
}

/* Rows of IndexedSlices, one for each index. */
static void gather_grad_rows(struct grad *g, struct out dy)
{
    struct out shape = grad_cast(g, grad_shape_of(g, g->x[0], DT_INT64), DT_INT32);    /* as TF */
    struct out n = vector_of(g, grad_size(g, g->x[1])), rest = grad_part(g, shape, 1, 0);
    g->dx[0] = grad_reshape(g, dy, JOIN(g, n, rest));
    g->dx_slices[0].indices = grad_reshape(g, g->x[1], n);
    g->dx_slices[0].dense_shape = shape;
}

static void gather_grad(struct grad *g)
{
    gather_grad_rows(g, grad_dense(g, g->dy[0], &g->dy_slices[0]));
}

/* Indices made different for each element of the batch, and flat. */
static struct out flat_indices(struct grad *g, int64_t batch, struct out count, struct out dim,
                               struct out n)
{
    struct out ids = g->x[1];
    if (batch) {
        enum dtype t = out_dtype(ids);
        struct out of_batch = grad2(g, "Mul", range(g, grad_ints(g, 0), count), dim);
        struct out rows = grad2(g, "Pack", count, grad_ints(g, -1));
        struct out column = grad2(g, "ExpandDims", of_batch, grad_ints(g, 1));
        ids = grad2(g, "AddV2", grad_reshape(g, ids, rows), grad_cast(g, column, t));
    }
    return grad_reshape(g, ids, n);
}

/* Along another axis: bring the gathered dimension to the front (behind the batch), sum rows there,
 * and bring it back. Ranks may be unknown, so the permutations are computed, too. */
static void gather_grad_axis(struct grad *g, struct out dy, int64_t batch)
{
    struct out shape = grad_shape_of(g, g->x[0], DT_INT32), rank = grad1(g, "Rank", g->x[0]);
    struct out zero = grad_ints(g, 0), one = grad_ints(g, 1), b = grad_ints(g, batch);
    struct out a = grad2(g, "FloorMod", grad_cast(g, g->x[2], DT_INT32), rank);
    struct out ids = grad2(g, "Sub", grad1(g, "Rank", g->x[1]), b);
    struct out a_ids = grad2(g, "AddV2", a, ids), after = grad2(g, "AddV2", a, one);
    struct out all = grad2(g, "Sub", grad2(g, "AddV2", rank, ids), one);
    struct out front = JOIN(g, range(g, zero, b), range(g, a, a_ids), range(g, b, a),
                            range(g, a_ids, all));
    struct out back = JOIN(g, range(g, zero, b), range(g, grad_ints(g, batch + 1), after),
                           vector_of(g, b), range(g, after, rank));

    struct out outer = piece(g, shape, zero, b);
    struct out rest = JOIN(g, piece(g, shape, b, a), piece(g, shape, after, rank));
    struct out count = grad2(g, "Prod", outer, vector_of(g, zero));
    struct out dim = grad_add(g, "GatherV2", OUTS(shape, a, zero), NULL, 0);
    struct out n = vector_of(g, grad1(g, "Size", g->x[1]));
    struct out rows = grad_reshape(g, grad2(g, "Transpose", dy, front), JOIN(g, n, rest));
    struct out sum = grad_add(g, "UnsortedSegmentSum",
                              OUTS(rows, flat_indices(g, batch, count, dim, n),
                                   grad2(g, "Mul", count, dim)), NULL, 0);
    struct out whole = grad_reshape(g, sum, JOIN(g, outer, vector_of(g, dim), rest));
    g->dx[0] = grad2(g, "Transpose", whole, back);
}

static bool is_constant_zero(struct out o)
{
    const struct tensor *v = o.node->op->flags & OP_CONSTANT ? node_attr_tensor(o.node, "value")
                                                             : NULL;
    return v && tensor_count(v) == 1 && tensor_int(v, 0) == 0;
}

static void gather_v2_grad(struct grad *g)
{
    struct out dy = grad_dense(g, g->dy[0], &g->dy_slices[0]);
    int64_t batch = node_attr(g->node, "batch_dims");
    if (batch < 0)
        batch += out_shape(g->x[1])->rank;
    if (batch < 0)
        grad_fail(g, UNIMPLEMENTED, "Gradient of a gather with negative batch_dims needs indices "
                  "of known rank");
    else if (!batch && is_constant_zero(g->x[2]))
        gather_grad_rows(g, dy);
    else
        gather_grad_axis(g, dy, batch);
}

const struct op ops_gather[] = {
    { .name = "Gather", .inputs = "params: Tparams, indices: Tindices",
      .outputs = "output: Tparams",
      .attrs = "validate_indices: bool = true; Tparams: type; Tindices: {int32, int64}",
      .doc = "The slices of params, along its first dimension, that indices name.",
      .shape = gather_shape, .partial = gather_partial, .grad = gather_grad,
      .kernel_any = gather_any, .flags = OP_SLICES },
    { .name = "GatherV2", .inputs = "params: Tparams, indices: Tindices, axis: Taxis",
      .outputs = "output: Tparams",
      .attrs = "batch_dims: int = 0; Tparams: type; Tindices: {int32, int64}; "
               "Taxis: {int32, int64}",
      .doc = "The slices of params, along dimension axis, that indices name; the first batch_dims "
             "dimensions of both are the same and walked together.",
      .shape = gather_shape, .partial = gather_partial, .grad = gather_v2_grad,
      .prepare = gather_v2_prepare, .kernel_any = gather_v2_any, .flags = OP_SLICES },
    { 0 }
};
