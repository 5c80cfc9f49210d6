/* gather.c - elements by their indices: Gather, GatherV2, GatherNd, and their opposite,
 * ScatterNd. Every index is checked before anything is read or written. */
#include "ops/array.h"

#include "base/mem.h"
#include "base/pool.h"
#include "op/each.h"
#include "tensor/tstring.h"

#include <stdio.h>
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
    return grad_two(g, "ExpandDims", scalar, grad_named_scalar(g, "ExpandDims/dim", DT_INT32, 0));
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
                                     vector_of(g, grad_two(g, "Sub", to, from))), NULL, 0);
}

/* Rows of IndexedSlices, one for each index. */
static void gather_grad_rows(struct grad *g, struct out dy)
{
    struct out shape = grad_cast(g, grad_shape(g, g->x[0], DT_INT64), DT_INT32);    /* as TF */
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
        struct out of_batch = grad_two(g, "Mul", range(g, grad_ints(g, 0), count), dim);
        struct out rows = grad_add(g, "Pack", OUTS(count, grad_ints(g, -1)), NULL, 0);
        struct out column = grad_two(g, "ExpandDims", of_batch, grad_ints(g, 1));
        ids = grad_two(g, "AddV2", grad_reshape(g, ids, rows), grad_cast(g, column, t));
    }
    return grad_reshape(g, ids, n);
}

/* Along another axis: bring the gathered dimension to the front (behind the batch), sum rows there,
 * and bring it back. Ranks may be unknown, so the permutations are computed, too. */
static void gather_grad_axis(struct grad *g, struct out dy, int64_t batch)
{
    struct out shape = grad_shape(g, g->x[0], DT_INT32), rank = grad_one(g, "Rank", g->x[0]);
    struct out zero = grad_ints(g, 0), one = grad_ints(g, 1), b = grad_ints(g, batch);
    struct out a = grad_two(g, "FloorMod", grad_cast(g, g->x[2], DT_INT32), rank);
    struct out ids = grad_two(g, "Sub", grad_one(g, "Rank", g->x[1]), b);
    struct out a_ids = grad_two(g, "AddV2", a, ids), after = grad_two(g, "AddV2", a, one);
    struct out all = grad_two(g, "Sub", grad_two(g, "AddV2", rank, ids), one);
    struct out front = JOIN(g, range(g, zero, b), range(g, a, a_ids), range(g, b, a),
                            range(g, a_ids, all));
    struct out back = JOIN(g, range(g, zero, b), range(g, grad_ints(g, batch + 1), after),
                           vector_of(g, b), range(g, after, rank));

    struct out outer = piece(g, shape, zero, b);
    struct out rest = JOIN(g, piece(g, shape, b, a), piece(g, shape, after, rank));
    struct out count = grad_two(g, "Prod", outer, vector_of(g, zero));
    struct out dim = grad_add(g, "GatherV2", OUTS(shape, a, zero), NULL, 0);
    struct out n = vector_of(g, grad_one(g, "Size", g->x[1]));
    struct out rows = grad_reshape(g, grad_two(g, "Transpose", dy, front), JOIN(g, n, rest));
    struct out sum = grad_add(g, "UnsortedSegmentSum",
                              OUTS(rows, flat_indices(g, batch, count, dim, n),
                                   grad_two(g, "Mul", count, dim)), NULL, 0);
    struct out whole = grad_reshape(g, sum, JOIN(g, outer, vector_of(g, dim), rest));
    g->dx[0] = grad_two(g, "Transpose", whole, back);
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

/* ---- GatherNd ---- */

static struct status *gather_nd_out(const struct shape *params, const struct shape *indices,
                                    struct shape *out)
{
    int64_t depth = indices->dim[indices->rank - 1];
    ENSURE(depth <= params->rank, "index innermost dimension length must be <= params rank; saw: "
           "%lld vs. %d", (long long)depth, params->rank);
    int outer = indices->rank - 1, inner = params->rank - (int)depth;
    ENSURE(outer + inner <= MAX_RANK, "Gathering gives %d dimensions: at most %d are supported",
           outer + inner, MAX_RANK);
    out->rank = outer + inner;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i < outer ? indices->dim[i] : params->dim[i - outer + depth];
    return NULL;
}

static struct status *gather_nd_shape(struct shape_ctx *c)
{
    const struct shape *params = shape_in(c, 0), *indices = shape_in(c, 1);
    TRY(shape_want_rank_at_least(indices, 1));
    if (params->rank < 0 || indices->rank < 0 || indices->dim[indices->rank - 1] < 0)
        return NULL;
    return gather_nd_out(params, indices, shape_out(c, 0));
}

/* Where index i, `depth` numbers, points to, in slices of `s`; -1: outside. */
static int64_t nd_at(const struct tensor *indices, int64_t i, int depth, const struct shape *s)
{
    int64_t at = 0;
    for (int d = 0; d < depth; d++) {
        int64_t j = index_at(indices, i * depth + d);
        if (j < 0 || j >= s->dim[d])
            return -1;
        at = at * s->dim[d] + j;
    }
    return at;
}

/* "indices[1] = [2, -1] does not index into `into` [10,7]". */
static struct status *nd_refuse(const struct tensor *indices, int64_t i, int depth,
                                const char *into, const struct shape *s)
{
    struct shape outer = indices->shape;
    char text[MAX_RANK * 24 + 1] = "";
    size_t n = 0;
    outer.rank--;
    for (int d = 0; d < depth; d++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld", d ? ", " : "",
                              (long long)index_at(indices, i * depth + d));
    return status_new(INVALID_ARGUMENT, "indices%s = [%s] does not index into %s %s",
                      INDEX_STR(&outer, i), text, into, SHAPE_STR(s));
}

static struct status *nd_check(const struct tensor *indices, int64_t n, int depth,
                               const char *into, const struct shape *s)
{
    for (int64_t i = 0; i < n; i++)
        if (nd_at(indices, i, depth, s) < 0)
            return nd_refuse(indices, i, depth, into, s);
    return NULL;
}

static struct status *gather_nd_take(struct kernel *k, int64_t n, int depth)
{
    const struct tensor *params = kernel_in(k, 0), *indices = kernel_in(k, 1);
    struct tensor *y = kernel_out(k, 0);
    int64_t inner = shape_span(&params->shape, depth, params->shape.rank);
    size_t bytes = (size_t)inner * dtype_size(params->dtype);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = nd_at(indices, i, depth, &params->shape);
        if (dtype_owns(params->dtype))
            TRY(tensor_copy_elements(y, i * inner, params, at * inner, inner));
        else
            memcpy((char *)y->data + (size_t)i * bytes,
                   (const char *)params->data + (size_t)at * bytes, bytes);
    }
    return NULL;
}

static struct status *gather_nd_any(struct kernel *k)
{
    const struct tensor *params = kernel_in(k, 0), *indices = kernel_in(k, 1);
    struct shape out, outer = indices->shape;
    ENSURE(params->shape.rank > 0, "params must be at least a vector");
    ENSURE(outer.rank > 0, "indices must be at least a vector");
    TRY(gather_nd_out(&params->shape, &indices->shape, &out));
    TRY(shape_check_size(&out));
    int depth = (int)outer.dim[--outer.rank];
    int64_t n = shape_count(&outer);
    ENSURE(n == 0 || shape_count(&out) == 0 || tensor_count(params) > 0, "Requested more than 0 "
           "entries, but params is empty.  Params shape: %s", SHAPE_STR(&params->shape));
    TRY(nd_check(indices, depth ? n : 0, depth, "param shape", &params->shape));
    TRY(kernel_new(k, 0, params->dtype, &out));
    return shape_count(&out) ? gather_nd_take(k, n, depth) : NULL;
}

static void gather_nd_grad(struct grad *g)
{
    struct out ids = g->x[1], dy = grad_dense(g, g->dy[0], &g->dy_slices[0]);
    const struct shape *s = out_shape(ids);
    struct out shape = grad_shape(g, g->x[0], out_dtype(ids));
    if (s->rank == 2 && s->dim[1] == 1) {
        int64_t last = -1;
        g->dx[0] = dy;
        g->dx_slices[0].indices = grad_add(g, "Squeeze", OUTS(ids),
                                           ATTRS(attr_ints("squeeze_dims", &last, 1)));
        g->dx_slices[0].dense_shape = shape;
    } else {
        g->dx[0] = grad_add(g, "ScatterNd", OUTS(ids, dy, shape), NULL, 0);
    }
}

/* ---- ScatterNd ---- */

static struct status *scatter_nd_fits(const struct shape *indices, const struct shape *updates,
                                      const struct shape *out)
{
    ENSURE(indices->rank > 0, "Indices shape must have rank at least one. Found:%s",
           SHAPE_STR(indices));
    ENSURE(updates->rank > 0, "Updates shape must have rank at least one. Found:%s",
           SHAPE_STR(updates));
    int outer = indices->rank - 1;
    for (int i = 0; i < outer; i++)
        ENSURE(i < updates->rank && (indices->dim[i] < 0 || updates->dim[i] < 0 ||
                                     indices->dim[i] == updates->dim[i]),
               "Outer dimensions of indices and update must match. Indices shape: %s, updates "
               "shape:%s", SHAPE_STR(indices), SHAPE_STR(updates));
    int64_t depth = indices->dim[outer];
    if (depth < 0)
        return NULL;
    ENSURE(updates->rank - outer == out->rank - depth, "Inner dimensions of output shape must "
           "match inner dimensions of updates shape. Output: %s updates: %s", SHAPE_STR(out),
           SHAPE_STR(updates));
    int inner = updates->rank - outer;
    for (int i = 0; i < inner; i++)
        ENSURE(updates->dim[outer + i] < 0 || out->dim[depth + i] < 0 ||
               updates->dim[outer + i] == out->dim[depth + i], "The inner %d dimensions of "
               "output.shape=%s must match the inner %d dimensions of updates.shape=%s", inner,
               SHAPE_STR(out), inner, SHAPE_STR(updates));
    return NULL;
}

static struct status *scatter_nd_shape(struct shape_ctx *c)
{
    const struct shape *indices = shape_in(c, 0), *updates = shape_in(c, 1);
    struct shape *out = shape_out(c, 0);
    TRY(shape_want_rank_at_least(indices, 1));
    TRY(shape_want_rank_at_least(updates, 1));
    TRY(shape_in_shape(c, 2, out));
    if (indices->rank < 0 || updates->rank < 0 || out->rank < 0)
        return NULL;
    if (shape_is_known(out) && shape_is_known(indices) && shape_is_known(updates))
        ENSURE(shape_count(out) || !shape_count(indices) || !shape_count(updates),
               "Indices and updates specified for empty output shape");
    return scatter_nd_fits(indices, updates, out);
}

#define EACH "ops/gather.inc"
#include "op/each_number.h"

static struct status *scatter_add_b8(struct tensor *y, int64_t at, const struct tensor *x,
                                     int64_t from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((bool *)y->data)[at + i] |= ((const bool *)x->data)[from + i];
    return NULL;
}

static bool string_append(struct tstring *y, const struct tstring *x)
{
    size_t a = tstring_len(y), b = tstring_len(x);
    char *both = mem_alloc(a + b + 1);
    if (!both)
        return false;
    memcpy(both, tstring_data(y), a);
    memcpy(both + a, tstring_data(x), b);
    bool done = tstring_set(y, both, a + b);
    mem_free(both);
    return done;
}

/* TF adds strings by joining them. */
static struct status *scatter_add_str(struct tensor *y, int64_t at, const struct tensor *x,
                                      int64_t from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!string_append((struct tstring *)y->data + at + i,
                           (const struct tstring *)x->data + from + i))
            return status_no_memory();
    return NULL;
}

static struct status *scatter_add_none(struct tensor *y, int64_t at, const struct tensor *x,
                                       int64_t from, int64_t n)
{
    (void)y, (void)at, (void)from, (void)n;
    return status_new(UNIMPLEMENTED, "ScatterNd of elements of type %s", dtype_name(x->dtype));
}

typedef struct status *scatter_fn(struct tensor *y, int64_t at, const struct tensor *x,
                                  int64_t from, int64_t n);

static scatter_fn *const scatter_add[DT_COUNT] = {
    NUMBERS(scatter_add), [DT_BOOL] = scatter_add_b8, [DT_STRING] = scatter_add_str,
    [DT_QINT8] = scatter_add_i8, [DT_QUINT8] = scatter_add_u8, [DT_QINT16] = scatter_add_i16,
    [DT_QUINT16] = scatter_add_u16, [DT_QINT32] = scatter_add_i32,
    [DT_RESOURCE] = scatter_add_none, [DT_VARIANT] = scatter_add_none
};

static struct status *scatter_nd_prepare(struct prep *p)
{
    p->state = &scatter_add[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *scatter_nd_check(struct kernel *k, struct shape *out)
{
    const struct tensor *indices = kernel_in(k, 0), *updates = kernel_in(k, 1);
    TRY(array_read_shape(kernel_in(k, 2), out));
    ENSURE(indices->shape.rank > 0, "Indices shape must have rank at least one. Found:[]");
    ENSURE(updates->shape.rank > 0, "Updates shape must have rank at least one. Found:[]");
    ENSURE(shape_count(out) || (!tensor_count(indices) && !tensor_count(updates)),
           "Indices and updates specified for empty output shape");
    TRY(scatter_nd_fits(&indices->shape, &updates->shape, out));
    ENSURE(kernel_in(k, 2)->shape.rank == 1, "Shape must be a vector");
    return NULL;
}

static struct status *scatter_nd_any(struct kernel *k)
{
    const struct tensor *indices = kernel_in(k, 0), *updates = kernel_in(k, 1);
    scatter_fn *add = *(scatter_fn *const *)k->state;
    struct shape out, outer = indices->shape;
    TRY(scatter_nd_check(k, &out));
    int depth = (int)outer.dim[--outer.rank];
    int64_t n = shape_count(&outer);
    TRY(nd_check(indices, n, depth, "shape", &out));
    TRY(kernel_new(k, 0, updates->dtype, &out));
    array_zero(kernel_out(k, 0));
    if (tensor_count(updates) == 0)
        return NULL;
    int64_t inner = shape_span(&out, depth, out.rank);
    for (int64_t i = 0; i < n; i++)
        TRY(add(kernel_out(k, 0), nd_at(indices, i, depth, &out) * inner, updates, i * inner,
                inner));
    return NULL;
}

static void scatter_nd_grad(struct grad *g)
{
    g->dx[1] = grad_two(g, "GatherNd", g->dy[0], g->x[0]);
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
    { .name = "GatherNd", .inputs = "params: Tparams, indices: Tindices",
      .outputs = "output: Tparams", .attrs = "Tparams: type; Tindices: {int32, int64}",
      .doc = "The slices of params that the innermost vectors of indices name.",
      .shape = gather_nd_shape, .grad = gather_nd_grad, .kernel_any = gather_nd_any,
      .flags = OP_SLICES },
    { .name = "ScatterNd", .inputs = "indices: Tindices, updates: T, shape: Tindices",
      .outputs = "output: T", .attrs = "T: type; Tindices: {int32, int64}",
      .doc = "Zeros of this shape, to which updates are added where the innermost vectors of "
             "indices say.",
      .shape = scatter_nd_shape, .grad = scatter_nd_grad,
      .prepare = scatter_nd_prepare, .kernel_any = scatter_nd_any },
    { 0 }
};
