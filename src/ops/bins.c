/* bins.c - values counted into bins: Bincount, HistogramFixedWidth, Bucketize. */
#include "ops/array.h"

#include <math.h>

/* ---- Bincount ---- */

static struct status *bincount_shape(struct shape_ctx *c)
{
    const struct tensor *size = shape_in_value(c, 1);
    TRY(shape_want_rank(shape_in(c, 1), 0));
    if (size)
        ENSURE(index_at(size, 0) >= 0, "size (%lld) must be non-negative",
               (long long)index_at(size, 0));
    *shape_out(c, 0) = SHAPE(size ? index_at(size, 0) : -1);
    return NULL;
}

/* Allocates the bins. Values beyond the last bin are left out, negative ones refused. */
static struct status *bincount_begin(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *size = kernel_in(k, 1), *w = kernel_in(k, 2);
    ENSURE(tensor_count(size) == 1, "size should be a scalar, not shape %s",
           SHAPE_STR(&size->shape));
    ENSURE(index_at(size, 0) >= 0, "size (%lld) must be non-negative",
           (long long)index_at(size, 0));
    ENSURE(tensor_count(w) == 0 || tensor_count(w) == tensor_count(x),
           "weights should be as many as arr has elements, or none: %s vs. %s",
           SHAPE_STR(&w->shape), SHAPE_STR(&x->shape));
    for (int64_t i = 0; i < tensor_count(x); i++)
        ENSURE(((const int32_t *)x->data)[i] >= 0, "Input arr must be non-negative!");
    TRY(kernel_new(k, 0, w->dtype, &SHAPE(index_at(size, 0))));
    array_zero(kernel_out(k, 0));
    return NULL;
}

/* ---- HistogramFixedWidth ---- */

static struct status *histogram_shape(struct shape_ctx *c)
{
    const struct tensor *bins = shape_in_value(c, 2);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(shape_in(c, 1)->dim[0], 2, &(int64_t){ 0 }));
    if (bins)
        ENSURE(index_at(bins, 0) > 0, "Requires nbins to be a positive number, but got '%lld'",
               (long long)index_at(bins, 0));
    *shape_out(c, 0) = SHAPE(bins ? index_at(bins, 0) : -1);
    return NULL;
}

static struct status *histogram_begin(struct kernel *k)
{
    const struct tensor *range = kernel_in(k, 1), *bins = kernel_in(k, 2);
    ENSURE(range->shape.rank == 1, "value_range should be a vector.");
    ENSURE(range->shape.dim[0] == 2, "value_range should be a vector of 2 elements.");
    ENSURE(bins->shape.rank == 0, "nbins should be a scalar.");
    double low = tensor_double(range, 0), high = tensor_double(range, 1);
    ENSURE(low < high, "value_range should satisfy value_range[0] < value_range[1], but got "
           "'[%g, %g]'", low, high);
    ENSURE(index_at(bins, 0) > 0, "nbins should be a positive number, but got '%lld'",
           (long long)index_at(bins, 0));
    TRY(kernel_new(k, 0, *(const enum dtype *)k->state, &SHAPE(index_at(bins, 0))));
    array_zero(kernel_out(k, 0));
    return NULL;
}

static struct status *histogram_prepare(struct prep *p)
{
    return prep_type(p, "dtype");
}

static void count_one(struct tensor *bins, int64_t i)
{
    if (bins->dtype == DT_INT32)
        ((int32_t *)bins->data)[i]++;
    else
        ((int64_t *)bins->data)[i]++;
}

/* ---- Bucketize ---- */

struct buckets { int n; float edge[]; };

static struct status *buckets_prepare(struct prep *p)
{
    struct buckets *b;
    const struct attr *a = node_attr_find(p->node, "boundaries");
    TRY(prep_state(p, sizeof *b + (size_t)a->n * sizeof *b->edge, &b));
    b->n = a->n;
    for (int i = 0; i < a->n; i++) {
        b->edge[i] = (float)a->floats[i];
        ENSURE(i == 0 || b->edge[i - 1] <= b->edge[i], "Expected sorted boundaries");
    }
    return NULL;
}

#define EACH "ops/bins.inc"
#define EACH_SET (SET_I32 | SET_I64 | SET_F32 | SET_F64)
#include "op/each.h"

#define BINNED(x) KERNELS([DT_INT32] = x##_i32, [DT_INT64] = x##_i64, DOUBLES(x))

const struct op ops_bins[] = {
    { .name = "Bincount", .inputs = "arr: int32, size: int32, weights: T", .outputs = "bins: T",
      .attrs = "T: {int32, int64, float, double}",
      .doc = "How often each number below size comes in arr, or the sum of the weights that go "
             "with it.",
      .shape = bincount_shape, .grad = NO_GRADIENT, .kernel = BINNED(bincount) },
    { .name = "HistogramFixedWidth", .inputs = "values: T, value_range: T, nbins: int32",
      .outputs = "out: dtype", .attrs = "T: {int32, int64, float, double}; dtype: {int32, int64} = "
                                        "int32",
      .doc = "How many values there are in each of nbins equal parts of a range; what is outside "
             "counts in the first or the last.",
      .shape = histogram_shape, .grad = NO_GRADIENT, .prepare = histogram_prepare,
      .kernel = BINNED(histogram) },
    { .name = "Bucketize", .inputs = "input: T", .outputs = "output: int32",
      .attrs = "T: {int32, int64, float, double}; boundaries: list(float)",
      .doc = "For each element the number of boundaries that are not above it.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .prepare = buckets_prepare,
      .kernel = BINNED(bucketize) },
    { 0 }
};
