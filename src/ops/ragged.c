/* ragged.c - ragged tensors, rows of different lengths: RaggedRange, RaggedTensorToSparse,
 * RaggedGather.
 *
 * One is its elements in order (`values`) and, a level of nesting each, `splits`: row i is
 * [splits[i], splits[i+1]) of what is one level further in. */
#include "ops/array.h"

#include "op/each.h"

#include <math.h>

static int64_t splits_most(enum dtype t)
{
    return t == DT_INT32 ? INT32_MAX : INT64_MAX;
}

/* ---- RaggedRange ---- */

/* Vectors are of one length; scalars go with all their elements. */
static struct status *range_shape(struct shape_ctx *c)
{
    int64_t rows = 1;
    bool vector = false, sure = true;
    for (int i = 0; i < 3; i++) {
        const struct shape *s = shape_in(c, i);
        ENSURE(s->rank <= 1, "Shape must be at most rank 1 but is rank %d", s->rank);
        if (s->rank == 1)
            TRY(dim_merge(vector ? rows : -1, s->dim[0], &rows));
        vector |= s->rank == 1;
        sure &= s->rank >= 0;
    }
    *shape_out(c, 0) = SHAPE(rows < 0 || (!vector && !sure) ? -1 : rows + 1);
    *shape_out(c, 1) = SHAPE(-1);
    return NULL;
}

static struct status *range_rows(const struct kernel *k, int64_t *rows)
{
    static const char *const name[] = { "starts", "limits", "deltas" };
    *rows = -1;
    for (int i = 0; i < 3; i++) {
        const struct shape *s = &kernel_in(k, i)->shape;
        ENSURE(s->rank <= 1, "%s must be a scalar or vector", name[i]);
        ENSURE(!s->rank || *rows < 0 || s->dim[0] == *rows,
               "starts, limits, and deltas must have the same shape");
        if (s->rank)
            *rows = s->dim[0];
    }
    if (*rows < 0)
        *rows = 1;
    return NULL;
}

#define EACH "ops/ragged.inc"
#define EACH_SET (SET_BF16 | SET_F32 | SET_F64 | SET_I32 | SET_I64)
#include "op/each.h"

/* ---- splits ---- */

/* Input i, in order from 0 to the number of items that are one level further in. */
static struct status *splits_check(const struct kernel *k, int i, int64_t items)
{
    const struct tensor *t = kernel_in(k, i);
    int64_t n = tensor_count(t);
    ENSURE(t->shape.rank == 1, "Ragged splits must be a vector, got shape %s",
           SHAPE_STR(&t->shape));
    ENSURE(n > 0, "Ragged splits may not be empty.");
    ENSURE(index_at(t, 0) == 0, "First value of ragged splits must be 0.");
    for (int64_t j = 1; j < n; j++)
        ENSURE(index_at(t, j - 1) <= index_at(t, j), "Ragged splits must be sorted, but "
               "splits[%lld] = %lld and splits[%lld] = %lld", (long long)j - 1,
               (long long)index_at(t, j - 1), (long long)j, (long long)index_at(t, j));
    ENSURE(index_at(t, n - 1) == items, "Final value of ragged splits must match the length the "
           "corresponding ragged values.");
    return NULL;
}

/* Inputs 0..levels-1 are the splits of the next one, values. */
static struct status *ragged_check(const struct kernel *k, int levels)
{
    const struct tensor *values = kernel_in(k, levels);
    ENSURE(values->shape.rank > 0, "Ragged values must be at least a vector, got shape []");
    for (int l = levels - 1; l >= 0; l--) {
        const struct tensor *inner = kernel_in(k, l + 1);
        ENSURE(inner->shape.rank > 0, "Ragged splits must be a vector, got shape []");
        TRY(splits_check(k, l, inner->shape.dim[0] - (l < levels - 1)));
    }
    return NULL;
}

/* ---- RaggedTensorToSparse ---- */

static struct status *to_sparse_shape(struct shape_ctx *c)
{
    const struct shape *values = shape_in(c, c->n_in - 1);
    for (int i = 0; i < c->n_in - 1; i++)
        TRY(shape_want_rank(shape_in(c, i), 1));
    TRY(shape_want_rank_at_least(values, 1));
    int64_t columns = values->rank < 0 ? -1 : c->n_in - 1 + values->rank;
    *shape_out(c, 0) = SHAPE(-1, columns);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(columns);
    return NULL;
}

/* The coordinates of value `v` in all levels: of each, its place in its row. `row` has the rows
 * where the value before was found. */
static void ragged_index(const struct kernel *k, int levels, int64_t v, int64_t *row, int64_t *to)
{
    for (int l = levels - 1; l >= 0; l--) {
        const struct tensor *splits = kernel_in(k, l);
        while (index_at(splits, row[l] + 1) <= v)
            row[l]++;
        to[l + 1] = v - index_at(splits, row[l]);
        v = row[l];
    }
    to[0] = v;
}

static struct status *to_sparse_indices(struct kernel *k, int levels, int64_t columns)
{
    const struct shape *s = &kernel_in(k, levels)->shape;
    int64_t n = shape_count(s), inner = n ? shape_span(s, 1, s->rank) : 0, *row, *to;
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(n, columns)));
    TRY(kernel_temp(k, (size_t)levels * sizeof *row, &row));
    memset(row, 0, (size_t)levels * sizeof *row);
    to = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < n; i++, to += columns) {
        int64_t left = i % inner;
        ragged_index(k, levels, i / inner, row, to);
        for (int d = s->rank - 1; d > 0; d--) {
            to[levels + d] = left % s->dim[d];
            left /= s->dim[d];
        }
    }
    return NULL;
}

/* As many rows as there are, then the longest of each level, then the values' own dimensions. */
static struct status *to_sparse_dense(struct kernel *k, int levels, int64_t columns)
{
    const struct shape *s = &kernel_in(k, levels)->shape;
    TRY(kernel_new(k, 2, DT_INT64, &SHAPE(columns)));
    int64_t *to = kernel_out(k, 2)->data;
    to[0] = kernel_in(k, 0)->shape.dim[0] - 1;
    for (int l = 0; l < levels; l++) {
        const struct tensor *splits = kernel_in(k, l);
        to[l + 1] = 0;
        for (int64_t i = 1; i < splits->shape.dim[0]; i++) {
            int64_t n = index_at(splits, i) - index_at(splits, i - 1);
            to[l + 1] = n > to[l + 1] ? n : to[l + 1];
        }
    }
    for (int d = 1; d < s->rank; d++)
        to[levels + d] = s->dim[d];
    return NULL;
}

static struct status *to_sparse(struct kernel *k)
{
    int levels = k->n_in - 1;
    TRY(ragged_check(k, levels));
    int64_t columns = levels + kernel_in(k, levels)->shape.rank;
    TRY(to_sparse_indices(k, levels, columns));
    TRY(to_sparse_dense(k, levels, columns));
    kernel_view(k, 1, levels, &SHAPE(tensor_count(kernel_in(k, levels))));
    return NULL;
}

static void to_sparse_grad(struct grad *g)
{
    struct out values = g->x[g->n_in - 1];
    if (g->dy[1].node)
        g->dx[g->n_in - 1] = grad_reshape(g, g->dy[1], grad_shape_of(g, values, DT_INT32));
}

/* ---- RaggedGather: rows of params, with all that is in them ---- */

static struct status *gather_shape(struct shape_ctx *c)
{
    const struct shape *values = shape_in(c, c->n_in - 2), *indices = shape_in(c, c->n_in - 1);
    int levels = c->n_in - 2, splits = c->n_out - 1;
    for (int i = 0; i < levels; i++)
        TRY(shape_want_rank(shape_in(c, i), 1));
    TRY(shape_want_rank_at_least(values, 1));
    ENSURE(indices->rank < 0 || splits == indices->rank - 1 + levels, "OUTPUT_RAGGED_RANK must be "
           "%d, the rank of indices - 1 + PARAMS_RAGGED_RANK, got %d", indices->rank - 1 + levels,
           splits);
    for (int i = 0; i < splits; i++)
        *shape_out(c, i) = SHAPE(-1);
    *shape_out(c, splits) = *values;
    if (values->rank > 0)
        shape_out(c, splits)->dim[0] = -1;
    return NULL;
}

/* What of a level is gathered: n runs of neighbours, which come one after the other. */
struct runs { int64_t n, *begin, *end; };

static struct status *gather_begin(struct kernel *k, const struct tensor *indices, int64_t rows,
                                   struct runs *r)
{
    r->n = tensor_count(indices);
    TRY(kernel_temp(k, ((size_t)r->n + 1) * sizeof *r->begin, &r->begin));
    TRY(kernel_temp(k, ((size_t)r->n + 1) * sizeof *r->end, &r->end));
    for (int64_t i = 0; i < r->n; i++) {
        int64_t at = index_at(indices, i);
        ENSURE(at >= 0 && at < rows, "indices%s = %lld is not in [0, %lld)",
               INDEX_STR(&indices->shape, i), (long long)at, (long long)rows);
        r->begin[i] = at;
        r->end[i] = at + 1;
    }
    return NULL;
}

static struct status *runs_length(const struct runs *r, enum dtype splits, int64_t *n)
{
    *n = 0;
    for (int64_t i = 0; i < r->n; i++)
        ENSURE(!__builtin_add_overflow(*n, r->end[i] - r->begin[i], n) &&
               *n < splits_most(splits), "The result has more elements than its splits can count");
    return NULL;
}

/* Output `out` gets the splits of what is gathered of level `l`. */
static struct status *gather_splits(struct kernel *k, const struct runs *r, int l, int out)
{
    const struct tensor *splits = kernel_in(k, l);
    int64_t n, to = 0, at = 0;
    TRY(runs_length(r, splits->dtype, &n));
    TRY(kernel_new(k, out, splits->dtype, &SHAPE(n + 1)));
    index_set(kernel_out(k, out), 0, 0);
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t row = r->begin[i]; row < r->end[i]; row++) {
            ENSURE(!__builtin_add_overflow(at, index_at(splits, row + 1) - index_at(splits, row),
                                           &at) && at <= splits_most(splits->dtype),
                   "The result has more elements than its splits can count");
            index_set(kernel_out(k, out), ++to, at);
        }
    return NULL;
}

/* One level further in. */
static void gather_enter(const struct tensor *splits, struct runs *r)
{
    for (int64_t i = 0; i < r->n; i++) {
        r->begin[i] = index_at(splits, r->begin[i]);
        r->end[i] = index_at(splits, r->end[i]);
    }
}

static struct status *gather_values(struct kernel *k, const struct runs *r,
                                    const struct tensor *values, int out)
{
    struct shape s = values->shape;
    int64_t width = shape_count(&s) ? shape_span(&s, 1, s.rank) : 0, to = 0;
    TRY(runs_length(r, DT_INT64, &s.dim[0]));
    TRY(shape_check(&s));
    TRY(kernel_new(k, out, values->dtype, &s));
    for (int64_t i = 0; i < r->n; i++) {
        int64_t rows = r->end[i] - r->begin[i];
        TRY(tensor_copy_elements(kernel_out(k, out), to * width, values, r->begin[i] * width,
                                 rows * width));
        to += rows;
    }
    return NULL;
}

/* The outer dimensions of indices are levels of rows that are all alike. */
static struct status *gather_even(struct kernel *k, const struct shape *indices)
{
    int64_t rows = 1, next;
    for (int d = 0; d < indices->rank - 1; d++) {
        ENSURE(!__builtin_mul_overflow(rows, indices->dim[d], &rows) &&
               !__builtin_mul_overflow(rows, indices->dim[d + 1], &next) &&
               rows < splits_most(kernel_in(k, 0)->dtype), "There are more rows than splits can "
               "count");
        TRY(kernel_new(k, d, kernel_in(k, 0)->dtype, &SHAPE(rows + 1)));
        for (int64_t i = 0; i <= rows; i++)
            index_set(kernel_out(k, d), i, i * indices->dim[d + 1]);
    }
    return NULL;
}

static struct status *gather(struct kernel *k)
{
    int levels = k->n_in - 2, out = k->node->n_out - 1 - levels;
    const struct tensor *indices = kernel_in(k, levels + 1);
    struct runs r;
    TRY(ragged_check(k, levels));
    ENSURE(indices->shape.rank == out + 1, "OUTPUT_RAGGED_RANK must be %d, the rank of indices - 1 "
           "+ PARAMS_RAGGED_RANK, got %d", indices->shape.rank - 1 + levels, out + levels);
    ENSURE(tensor_count(indices) < splits_most(kernel_in(k, 0)->dtype),
           "There are more indices than splits can count");
    TRY(gather_begin(k, indices, kernel_in(k, 0)->shape.dim[0] - 1, &r));
    TRY(gather_even(k, &indices->shape));
    for (int l = 0; l < levels; l++) {
        if (out + l >= 0)               /* one index alone gives what is in its row */
            TRY(gather_splits(k, &r, l, out + l));
        gather_enter(kernel_in(k, l), &r);
    }
    return gather_values(k, &r, kernel_in(k, levels), out + levels);
}

static struct out gathered(struct grad *g, struct out x, struct out indices)
{
    return grad_add(g, "GatherV2", OUTS(x, indices, grad_ints(g, 0)), NULL, 0);
}

/* Rows of the values, which are those that the gathered rows hold. */
static void gather_grad(struct grad *g)
{
    int levels = g->n_in - 2;
    struct out all = g->x[0], one, n = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    for (int l = 1; l < levels; l++)
        all = gathered(g, g->x[l], all);
    struct out flat = grad_reshape(g, g->x[levels + 1], n);
    struct out begin = gathered(g, all, flat), end = gathered(g, grad_part(g, all, 1, 0), flat);
    one = grad_scalar(g, out_dtype(begin), 1);
    struct out range = grad_add(g, "RaggedRange", OUTS(begin, end, one), NULL, 0);
    g->dx[levels] = grad_dense(g, g->dy[g->n_out - 1], &g->dy_slices[g->n_out - 1]);
    g->dx_slices[levels].indices = out_at(range, 1);
    g->dx_slices[levels].dense_shape = grad_shape_of(g, g->x[levels], DT_INT32);
}

#define SPLITS "Tsplits: {int32, int64} = int64"

const struct op ops_ragged[] = {
    { .name = "RaggedRange", .inputs = "starts: T, limits: T, deltas: T",
      .outputs = "rt_nested_splits: Tsplits, rt_dense_values: T",
      .attrs = "T: {bfloat16, float, double, int32, int64} = int32; " SPLITS,
      .doc = "Rows of numbers, each from a start to a limit by a delta.", .shape = range_shape,
      .grad = NO_GRADIENT,
      .kernel = KERNELS([DT_BFLOAT16] = ragged_range_bf16, DOUBLES(ragged_range),
                        [DT_INT32] = ragged_range_i32, [DT_INT64] = ragged_range_i64) },
    { .name = "RaggedTensorToSparse",
      .inputs = "rt_nested_splits: RAGGED_RANK * Tsplits, rt_dense_values: T",
      .outputs = "sparse_indices: int64, sparse_values: T, sparse_dense_shape: int64",
      .attrs = "RAGGED_RANK: int >= 1; T: type; " SPLITS,
      .doc = "The sparse tensor that has the elements of a ragged one.", .shape = to_sparse_shape,
      .grad = to_sparse_grad, .kernel_any = to_sparse },
    { .name = "RaggedGather",
      .inputs = "params_nested_splits: PARAMS_RAGGED_RANK * Tsplits, "
                "params_dense_values: Tvalues, indices: Tindices",
      .outputs = "output_nested_splits: OUTPUT_RAGGED_RANK * Tsplits, "
                 "output_dense_values: Tvalues",
      .attrs = "Tvalues: type; Tindices: {int32, int64}; " SPLITS "; "
               "PARAMS_RAGGED_RANK: int >= 1; OUTPUT_RAGGED_RANK: int >= 0",
      .doc = "Rows of a ragged tensor, those that indices name.", .shape = gather_shape,
      .grad = gather_grad, .kernel_any = gather, .flags = OP_SLICES },
    { 0 }
};
