/* search.c - places: where values belong among sorted ones (LowerBound, UpperBound), and what
 * coordinates a flat index has (UnravelIndex). */
#include "ops/array.h"

#include "base/pool.h"
#include "op/each.h"

/* ---- LowerBound, UpperBound ---- */

enum { SEARCH_GRAIN = 1 << 12 };        /* values that are worth another thread */

struct bounds {
    const void *sorted, *values;
    void *to;                   /* of int32, or of int64 where `wide` */
    int64_t width, each;        /* of a row of sorted, and of values */
    bool upper, wide;
};

static void bounds_put(const struct bounds *b, int64_t i, int64_t place)
{
    if (b->wide)
        ((int64_t *)b->to)[i] = place;
    else
        ((int32_t *)b->to)[i] = (int32_t)place;
}

static struct status *bounds_prepare(struct prep *p)
{
    struct bounds *b;
    TRY(prep_state(p, sizeof *b, &b));
    b->upper = !strcmp(p->node->op->name, "UpperBound");
    b->wide = node_attr_type(p->node, "out_type") == DT_INT64;
    return NULL;
}

static struct status *bounds_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 2));
    TRY(shape_want_rank(shape_in(c, 1), 2));
    *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

static struct status *bounds_check(const struct shape *sorted, const struct shape *values)
{
    ENSURE(sorted->rank == 2, "sorted_inputs must be a matrix, got shape %s", SHAPE_STR(sorted));
    ENSURE(values->rank == 2, "values must be a matrix, got shape %s", SHAPE_STR(values));
    ENSURE(sorted->dim[0] == values->dim[0], "Leading dim_size of both tensors must match.");
    ENSURE(shape_count(values) < INT32_MAX, "values tensor size must less than INT_MAX");
    return NULL;
}

typedef void bounds_fn(void *ctx, int64_t begin, int64_t end);

static struct status *bounds(struct kernel *k, bounds_fn *fn)
{
    struct bounds b = *(const struct bounds *)k->state;
    const struct tensor *sorted = kernel_in(k, 0), *values = kernel_in(k, 1);
    TRY(bounds_check(&sorted->shape, &values->shape));
    b.width = sorted->shape.dim[1];
    b.each = values->shape.dim[1];
    ENSURE(b.wide || b.width < INT32_MAX, "trailing dim_size must less than INT_MAX for int32 "
           "output type, was %lld", (long long)b.width);
    TRY(kernel_new(k, 0, b.wide ? DT_INT64 : DT_INT32, &values->shape));
    b.sorted = sorted->data;
    b.values = values->data;
    b.to = kernel_out(k, 0)->data;
    pool_for(tensor_count(values), SEARCH_GRAIN, k->env->threads, fn, &b);
    return NULL;
}

#define EACH "ops/search.inc"
#include "op/each_real.h"

/* ---- UnravelIndex ---- */

static struct status *unravel_shape(struct shape_ctx *c)
{
    const struct shape *indices = shape_in(c, 0), *dims = shape_in(c, 1);
    TRY(shape_want_rank(dims, 1));
    ENSURE(indices->rank <= 1, "The indices can only be scalar or vector, got \"%s\"",
           SHAPE_STR(indices));
    int64_t n = dims->rank < 0 ? -1 : dims->dim[0];
    if (indices->rank >= 0)
        *shape_out(c, 0) = indices->rank ? SHAPE(n, indices->dim[0]) : SHAPE(n);
    return NULL;
}

/* How many elements a tensor of these dimensions has. */
static struct status *unravel_size(const struct tensor *dims, int64_t *size)
{
    *size = 1;
    for (int64_t i = 0; i < tensor_count(dims); i++) {
        int64_t d = index_at(dims, i);
        ENSURE(d != 0, "Input dims cannot contain a dim of zero, but dims contains zero at index "
               "%lld", (long long)i);
        ENSURE(d > 0 && !__builtin_mul_overflow(*size, d, size),
               "dims must be positive and their product an int64, but dims[%lld] is %lld",
               (long long)i, (long long)d);
    }
    return NULL;
}

static struct status *unravel(struct kernel *k)
{
    const struct tensor *indices = kernel_in(k, 0), *dims = kernel_in(k, 1);
    int64_t n = tensor_count(indices), rank = tensor_count(dims), size;
    ENSURE(indices->shape.rank <= 1, "The indices can only be scalar or vector, got \"%s\"",
           SHAPE_STR(&indices->shape));
    ENSURE(dims->shape.rank == 1, "The indices can only be 1-D, got \"%s\"",
           SHAPE_STR(&dims->shape));
    TRY(unravel_size(dims, &size));
    struct shape s = indices->shape.rank ? SHAPE(rank, n) : SHAPE(rank);
    TRY(kernel_new(k, 0, dims->dtype, &s));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = index_at(indices, i);
        ENSURE(at >= 0 && at < size, "index is out of bound as with dims");
        for (int64_t d = rank - 1; d >= 0; d--) {
            index_set(kernel_out(k, 0), d * n + i, at % index_at(dims, d));
            at /= index_at(dims, d);
        }
    }
    return NULL;
}

#define BOUNDS .inputs = "sorted_inputs: T, values: T", .outputs = "output: out_type",           \
               .attrs = "T: type; out_type: {int32, int64} = int32", .shape = bounds_shape,     \
               .grad = NO_GRADIENT, .prepare = bounds_prepare, .kernel = KERNELS(REALS(bounds))

const struct op ops_search[] = {
    { .name = "LowerBound", BOUNDS,
      .doc = "For each value, the first place in its row of sorted inputs where it may be put: "
             "before all that are not less." },
    { .name = "UpperBound", BOUNDS,
      .doc = "For each value, the last place in its row of sorted inputs where it may be put: "
             "before all that are greater." },
    { .name = "UnravelIndex", .inputs = "indices: Tidx, dims: Tidx", .outputs = "output: Tidx",
      .attrs = "Tidx: {int32, int64} = int32",
      .doc = "The coordinates, a row a dimension, of elements that are numbered row by row.",
      .note = "An index or a size out of range is refused.",
      .shape = unravel_shape, .grad = NO_GRADIENT, .kernel_any = unravel },
    { 0 }
};
