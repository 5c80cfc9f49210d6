/* partition.c - rows dealt out to several tensors and brought together again: DynamicPartition,
 * DynamicStitch, ParallelDynamicStitch. */
#include "ops/array.h"

#include "base/mem.h"

#include <string.h>

/* Does `s` begin with the dimensions of `prefix`, as far as they are known? */
static bool begins_with(const struct shape *s, const struct shape *prefix)
{
    bool ok = s->rank >= prefix->rank;
    for (int i = 0; i < prefix->rank && ok; i++)
        ok = s->dim[i] < 0 || prefix->dim[i] < 0 || s->dim[i] == prefix->dim[i];
    return ok;
}

/* ---- DynamicPartition ---- */

static struct status *partition_fits(const struct shape *data, const struct shape *partitions)
{
    ENSURE(begins_with(data, partitions), "data.shape must start with partitions.shape, got "
           "data.shape = %s, partitions.shape = %s", SHAPE_STR(data), SHAPE_STR(partitions));
    return NULL;
}

static struct status *partition_shape(struct shape_ctx *c)
{
    const struct shape *data = shape_in(c, 0), *partitions = shape_in(c, 1);
    struct shape out;
    if (data->rank < 0 || partitions->rank < 0)
        return NULL;
    TRY(partition_fits(data, partitions));
    TRY(shape_with_rows(-1, data, partitions->rank, &out));
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = out;
    return NULL;
}

/* How many rows each part gets, and then where its next row goes. */
static struct status *partition_count(struct kernel *k, int64_t **count)
{
    const struct tensor *partitions = kernel_in(k, 1);
    const int32_t *part = partitions->data;
    int n = k->node->n_out;
    TRY(kernel_temp(k, (size_t)n * sizeof **count, count));
    memset(*count, 0, (size_t)n * sizeof **count);
    for (int64_t i = 0; i < tensor_count(partitions); i++) {
        ENSURE(part[i] >= 0 && part[i] < n, "partitions%s = %d is not in [0, %d)",
               INDEX_STR(&partitions->shape, i), part[i], n);
        (*count)[part[i]]++;
    }
    return NULL;
}

static struct status *partition_any(struct kernel *k)
{
    const struct tensor *data = kernel_in(k, 0), *partitions = kernel_in(k, 1);
    int64_t *next;
    TRY(partition_fits(&data->shape, &partitions->shape));
    TRY(partition_count(k, &next));
    struct shape row;
    for (int i = 0; i < k->node->n_out; i++) {
        TRY(shape_with_rows(next[i], &data->shape, partitions->shape.rank, &row));
        TRY(kernel_new(k, i, data->dtype, &row));
        next[i] = 0;
    }
    if (tensor_count(data) == 0)
        return NULL;
    int64_t width = shape_span(&data->shape, partitions->shape.rank, data->shape.rank);
    const int32_t *part = partitions->data;
    for (int64_t i = 0; i < tensor_count(partitions); i++)
        TRY(tensor_copy_elements(kernel_out(k, part[i]), next[part[i]]++ * width, data,
                                 i * width, width));
    return NULL;
}

/* Partition the row numbers likewise: that tells where each row of dy came from. */
static void partition_grad(struct grad *g)
{
    struct out shape = grad_shape_of(g, g->x[1], DT_INT32);
    struct out n = grad1(g, "Size", g->x[1]);
    struct out rows = grad_add(g, "Range", OUTS(grad_ints(g, 0), n, grad_ints(g, 1)), NULL, 0);
    struct out from = grad_add(g, "DynamicPartition", OUTS(grad_reshape(g, rows, shape), g->x[1]),
                               ATTRS(attr_int("num_partitions", g->n_out)));
    struct out *in = mem_array(struct out, 2 * g->n_out);
    if (!in) {
        grad_fail(g, RESOURCE_EXHAUSTED, "no memory for the gradient of %s", g->node->name);
        return;
    }
    for (int i = 0; i < g->n_out; i++) {
        in[i] = out_at(from, i);
        in[g->n_out + i] = g->dy[i];
    }
    struct out all = grad_add(g, "ParallelDynamicStitch", in, 2 * g->n_out, NULL, 0);
    mem_free(in);
    g->dx[0] = grad_reshape_like(g, all, g->x[0]);
}

/* ---- DynamicStitch ---- */

/* Pair i: indices i and data n + i. */
static struct status *stitch_fits(int i, const struct shape *indices, const struct shape *data,
                                  const struct shape *indices0, const struct shape *data0)
{
    ENSURE(begins_with(data, indices), "data[%d].shape = %s does not start with indices[%d].shape "
           "= %s", i, SHAPE_STR(data), i, SHAPE_STR(indices));
    bool same = data->rank - indices->rank == data0->rank - indices0->rank;
    for (int d = 0; same && d < data->rank - indices->rank; d++) {
        int64_t a = data->dim[indices->rank + d], b = data0->dim[indices0->rank + d];
        same = a < 0 || b < 0 || a == b;
    }
    ENSURE(same, "Need data[0].shape[%d:] = data[%d].shape[%d:], got data[0].shape = %s, "
           "data[%d].shape = %s, indices[0].shape = %s, indices[%d].shape = %s", indices0->rank,
           i, indices->rank, SHAPE_STR(data0), i, SHAPE_STR(data), SHAPE_STR(indices0), i,
           SHAPE_STR(indices));
    return NULL;
}

static int64_t largest_index(const struct tensor *indices)
{
    const int32_t *x = indices->data;
    int64_t most = -1;
    for (int64_t i = 0; i < tensor_count(indices); i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

static struct status *stitch_shape(struct shape_ctx *c)
{
    int n = c->n_in / 2, first = -1;
    int64_t rows = 0;
    for (int i = 0; i < n; i++) {
        const struct shape *indices = shape_in(c, i), *data = shape_in(c, n + i);
        const struct tensor *v = rows < 0 ? NULL : shape_in_value(c, i); /* one unknown: all are */
        rows = !v ? -1 : largest_index(v) + 1 > rows ? largest_index(v) + 1 : rows;
        if (indices->rank < 0 || data->rank < 0)
            continue;
        first = first < 0 ? i : first;
        TRY(stitch_fits(i, indices, data, shape_in(c, first), shape_in(c, n + first)));
    }
    if (first < 0)
        return NULL;
    return shape_with_rows(rows, shape_in(c, n + first), shape_in(c, first)->rank, shape_out(c, 0));
}

static struct status *stitch_check(struct kernel *k, int64_t *rows)
{
    int n = k->n_in / 2;
    *rows = 0;
    for (int i = 0; i < n; i++) {
        const struct tensor *indices = kernel_in(k, i);
        int64_t most = largest_index(indices) + 1;
        TRY(stitch_fits(i, &indices->shape, &kernel_in(k, n + i)->shape, &kernel_in(k, 0)->shape,
                        &kernel_in(k, n)->shape));
        *rows = most > *rows ? most : *rows;
    }
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < tensor_count(kernel_in(k, i)); j++)
            ENSURE(index_at(kernel_in(k, i), j) >= 0, "indices[%lld] is out of range",
                   (long long)j);
    return NULL;
}

static struct status *stitch_any(struct kernel *k)
{
    int n = k->n_in / 2, skip = kernel_in(k, 0)->shape.rank;
    int64_t rows;
    struct shape out;
    TRY(stitch_check(k, &rows));
    TRY(shape_with_rows(rows, &kernel_in(k, n)->shape, skip, &out));
    TRY(kernel_new(k, 0, kernel_in(k, n)->dtype, &out));
    array_zero(kernel_out(k, 0));       /* rows that no index names: TF leaves what was there */
    if (shape_count(&out) == 0)
        return NULL;
    int64_t width = shape_span(&out, 1, out.rank);
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < tensor_count(kernel_in(k, i)); j++)
            TRY(tensor_copy_elements(kernel_out(k, 0), index_at(kernel_in(k, i), j) * width,
                                     kernel_in(k, n + i), j * width, width));
    return NULL;
}

static void stitch_grad(struct grad *g)
{
    int n = g->n_in / 2;
    for (int i = 0; i < n; i++)
        g->dx[n + i] = grad2(g, "Gather", g->dy[0], g->x[i]);
}

#define STITCH .inputs = "indices: N * int32, data: N * T", .outputs = "merged: T", \
               .attrs = "N: int >= 1; T: type", .shape = stitch_shape, .grad = stitch_grad, \
               .kernel_any = stitch_any

const struct op ops_partition[] = {
    { .name = "DynamicPartition", .inputs = "data: T, partitions: int32",
      .outputs = "outputs: num_partitions * T", .attrs = "num_partitions: int >= 1; T: type",
      .doc = "The rows of data dealt out: row i goes to output partitions[i].",
      .shape = partition_shape, .grad = partition_grad, .kernel_any = partition_any },
    { .name = "DynamicStitch", STITCH,
      .doc = "One tensor of the rows of all data: merged[indices[m][i]] is data[m][i], the last "
             "one where several meet." },
    { .name = "ParallelDynamicStitch", STITCH,
      .doc = "As DynamicStitch, but any one where several meet." },
    { 0 }
};
