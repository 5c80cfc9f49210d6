/* accumulator_sparse.c - gradients of some rows, added up: SparseConditionalAccumulator,
 * SparseAccumulatorApplyGradient and SparseAccumulatorTakeGradient. A row's mean is that of the
 * gradients that had it. */
#include "ops/accumulator.h"

#include "base/mem.h"
#include "op/shape_fn.h"
#include "ops/array.h"

/* ---- is it a gradient? ---- */

/* Shape `s`, which the caller says the whole gradient has. */
static struct status *check_known(const struct accumulator *a, const struct tensor *s,
                                  const struct tensor *values)
{
    ENSURE(s->shape.rank == 1, "Input shape should be a vector but received shape: %s",
           SHAPE_STR(&s->shape));
    ENSURE(s->shape.dim[0] == 0 || s->shape.dim[0] == values->shape.rank,
           "Shape mismatch: expected shape rank %d, got %lld", values->shape.rank,
           (long long)s->shape.dim[0]);
    for (int i = 0; i < s->shape.dim[0]; i++) {
        int64_t is = ((const int64_t *)s->data)[i];
        int64_t want = a->shape.rank > i ? a->shape.dim[i] : -1;
        ENSURE(want < 0 || is == want, "Shape mismatch: expected shape dim %d to be %lld, got "
               "%lld", i, (long long)want, (long long)is);
    }
    return NULL;
}

/* TF: an accumulator of scalars is one whose shape nobody said. */
static struct status *check_values(const struct accumulator *a, const struct tensor *index,
                                   const struct tensor *values)
{
    const struct shape *v = &values->shape, *want = a->sum.buf ? &a->sum.shape : &a->shape;
    ENSURE(index->shape.rank == 1, "Input indices should be vector but received shape: %s",
           SHAPE_STR(&index->shape));
    ENSURE(v->rank > 0, "Values cannot be 0-dimensional.");
    ENSURE(v->dim[0] == index->shape.dim[0], "Expected %lld non-empty input values, got %lld",
           (long long)index->shape.dim[0], (long long)v->dim[0]);
    ENSURE(want->rank <= 0 || want->rank == v->rank, "Shape mismatch: expected values rank %d, got "
           "%d", want->rank, v->rank);
    for (int i = 1; i < want->rank; i++)
        ENSURE(want->dim[i] < 0 || want->dim[i] == v->dim[i], "Shape mismatch: expected values "
               "dim %d to be %lld, got %lld", i, (long long)want->dim[i], (long long)v->dim[i]);
    return NULL;
}

static struct status *check_indices(const struct accumulator *a, const struct tensor *index)
{
    int64_t rows = a->shape.rank > 0 ? a->shape.dim[0] : -1;
    for (int64_t i = 0; i < tensor_count(index); i++) {
        int64_t at = ((const int64_t *)index->data)[i];
        ENSURE(at >= 0 && (rows < 0 || at < rows), "Index %lld of gradient is out of bounds",
               (long long)at);
    }
    return NULL;
}

/* ---- rows ---- */

static size_t row_bytes(const struct tensor *values)
{
    return (size_t)shape_span(&values->shape, 1, values->shape.rank) * dtype_size(values->dtype);
}

/* Also for no rows: the sum has the shape of what has come. */
static struct status *make_room(struct accumulator *a, const struct tensor *values, int64_t more)
{
    struct shape s = values->shape;
    struct tensor grown;
    int64_t *index, *times;
    if (a->sum.buf && a->n + more <= a->room)
        return NULL;
    s.dim[0] = 2 * a->n + more;
    NEED(index = mem_grow(a->index, sizeof *index * (size_t)(s.dim[0] + 1)));
    a->index = index;
    NEED(times = mem_grow(a->times, sizeof *times * (size_t)(s.dim[0] + 1)));
    a->times = times;
    TRY(tensor_new(&grown, NULL, values->dtype, &s));
    if (a->n)
        memcpy(grown.data, a->sum.data, row_bytes(values) * (size_t)a->n);
    tensor_unref(&a->sum);
    a->sum = grown;
    a->room = s.dim[0];
    return NULL;
}

/* Where the row is or would be. */
static int64_t place(const struct accumulator *a, int64_t index)
{
    int64_t low = 0, high = a->n;
    while (low < high) {
        int64_t mid = low + (high - low) / 2;
        if (a->index[mid] < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void insert(struct accumulator *a, int64_t at, int64_t index, const char *row, size_t bytes)
{
    char *to = (char *)a->sum.data + bytes * (size_t)at;
    size_t behind = (size_t)(a->n - at);
    memmove(a->index + at + 1, a->index + at, sizeof *a->index * behind);
    memmove(a->times + at + 1, a->times + at, sizeof *a->times * behind);
    memmove(to + bytes, to, bytes * behind);
    memcpy(to, row, bytes);
    a->index[at] = index;
    a->times[at] = 1;
    a->n++;
}

static struct status *add_rows(struct accumulator *a, const struct tensor *index,
                               const struct tensor *values)
{
    size_t bytes = row_bytes(values);
    int64_t n = tensor_count(index), size = shape_span(&values->shape, 1, values->shape.rank);
    TRY(make_room(a, values, n));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = ((const int64_t *)index->data)[i], at = place(a, row);
        const char *from = (const char *)values->data + bytes * (size_t)i;
        if (at == a->n || a->index[at] != row) {
            insert(a, at, row, from, bytes);
            continue;
        }
        accumulator_add(a->dtype, (char *)a->sum.data + bytes * (size_t)at, from, size);
        a->times[at]++;
    }
    return NULL;
}

static struct status *apply(struct kernel *k, struct accumulator *a)
{
    const struct tensor *index = kernel_in(k, 2), *values = kernel_in(k, 3);
    bool stale;
    TRY(accumulator_is_stale(k, a, &stale));
    TRY(check_values(a, index, values));
    if (node_attr(k->node, "has_known_shape"))
        TRY(check_known(a, kernel_in(k, 4), values));
    TRY(check_indices(a, index));
    if (stale)
        return NULL;
    TRY(add_rows(a, index, values));
    a->count++;
    return NULL;
}

/* ---- taking them ---- */

static struct status *put_rows(struct kernel *k, const struct accumulator *a)
{
    struct shape s = a->sum.shape;
    s.dim[0] = a->n;
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(a->n)));
    TRY(kernel_new(k, 1, a->dtype, &s));
    if (a->n)
        memcpy(kernel_out(k, 0)->data, a->index, sizeof *a->index * (size_t)a->n);
    if (!shape_count(&s))
        return NULL;
    memcpy(kernel_out(k, 1)->data, a->sum.data, tensor_bytes(kernel_out(k, 1)));
    for (int64_t i = 0, n = shape_span(&s, 1, s.rank); i < a->n && a->mean; i++)
        accumulator_divide(a->dtype, (char *)kernel_out(k, 1)->data +
                                     (size_t)(i * n) * dtype_size(a->dtype), n, a->times[i]);
    return NULL;
}

/* TF: how many rows the whole gradient has is -1 where the accumulator does not know it. */
static struct status *put_shape(struct kernel *k, const struct accumulator *a)
{
    TRY(kernel_new(k, 2, DT_INT64, &SHAPE(a->sum.shape.rank)));
    int64_t *dim = kernel_out(k, 2)->data;
    memcpy(dim, a->sum.shape.dim, sizeof *dim * (size_t)a->sum.shape.rank);
    dim[0] = a->shape.rank > 0 ? a->shape.dim[0] : -1;
    return NULL;
}

static struct status *take(struct kernel *k, struct accumulator *a)
{
    TRY(accumulator_wait(k, a));
    TRY(put_rows(k, a));
    TRY(put_shape(k, a));
    accumulator_next(a);
    return NULL;
}

static struct status *apply_run(struct kernel *k) { return accumulator_locked(k, apply); }
static struct status *take_run(struct kernel *k) { return accumulator_locked(k, take); }

static struct status *check_shape(struct shape_ctx *c)
{
    TRY(shared_check(c, 0));
    return shape_want_rank(shape_in(c, 1), 0);
}

const struct op ops_accumulator_sparse[] = {
    { .name = "SparseConditionalAccumulator", .outputs = "handle: Ref(string)",
      .attrs = "dtype: numbertype; shape: shape; container: string = \"\"; "
               "shared_name: string = \"\"; reduction_type: {\"MEAN\", \"SUM\"} = \"MEAN\"",
      .doc = "Adds up gradients of some rows.", .shape = shared_ref_shape,
      .grad = NOT_DIFFERENTIABLE, .prepare = accumulator_prepare, .kernel_any = shared_ref,
      .flags = OP_STATEFUL },
    { .name = "SparseAccumulatorApplyGradient",
      .inputs = "handle: Ref(string), local_step: int64, gradient_indices: int64, "
                "gradient_values: dtype, gradient_shape: int64",
      .attrs = "dtype: numbertype; has_known_shape: bool",
      .doc = "Adds a gradient of some rows, if it is not of an earlier step.",
      .shape = check_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = apply_run,
      .flags = OP_HOST },
    { .name = "SparseAccumulatorTakeGradient",
      .inputs = "handle: Ref(string), num_required: int32",
      .outputs = "indices: int64, values: dtype, shape: int64", .attrs = "dtype: numbertype",
      .doc = "Takes the mean or the sum of the gradients of rows, when there are so many; the "
             "next step begins.",
      .shape = check_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = take_run,
      .flags = OP_HOST | OP_BLOCKING },
    { 0 }
};
