#include "ops/sparse_parts.h"

#include <string.h>

void sparse_part_release(struct sparse_part *p)
{
    tensor_unref(&p->indices);
    tensor_unref(&p->values);
    tensor_unref(&p->shape);
}

/* ---- rows ---- */

struct status *sparse_rows_read(const struct kernel *k, int i, struct sparse *s)
{
    TRY(sparse_read(k, i, s));
    ENSURE(s->shape.rank > 1, "Rank of input SparseTensor should be > 1, but saw rank: %d",
           s->shape.rank);
    return sparse_check(s, true);
}

/* Entries [from, to), which are those of one row, without their first index. */
static struct status *cut_row(const struct sparse *s, int64_t from, int64_t to,
                              struct sparse_part *p)
{
    int rank = s->shape.rank - 1;
    TRY(tensor_new(&p->indices, NULL, DT_INT64, &SHAPE(to - from, rank)));
    TRY(tensor_new(&p->values, NULL, s->values->dtype, &SHAPE(to - from)));
    TRY(tensor_new(&p->shape, NULL, DT_INT64, &SHAPE(rank)));
    int64_t *y = p->indices.data;
    for (int64_t i = from; i < to; i++, y += rank)
        memcpy(y, s->index + i * (rank + 1) + 1, (size_t)rank * sizeof *y);
    memcpy(p->shape.data, s->shape.dim + 1, (size_t)rank * sizeof *y);
    return tensor_copy_elements(&p->values, 0, s->values, from, to - from);
}

struct status *sparse_each_row(const struct sparse *s, bool empty, sparse_row_fn *fn, void *ctx)
{
    int64_t at = 0, end;
    for (int64_t row = 0; row < s->shape.dim[0]; row++, at = end) {
        struct sparse_part p = { 0 };
        for (end = at; end < s->n && s->index[end * s->shape.rank] == row;)
            end++;
        if ((end == at) != empty)
            continue;
        struct status *st = cut_row(s, at, end, &p);
        if (st)
            sparse_part_release(&p);
        TRY(st ? st : fn(ctx, row, p));
    }
    return NULL;
}

/* ---- stacks ---- */

static struct status *check_part(const struct sparse_part *p, int64_t i, enum dtype dtype)
{
    const struct shape *at = &p->indices.shape, *v = &p->values.shape, *size = &p->shape.shape;
    ENSURE(p->indices.dtype == DT_INT64 && at->rank == 2, "Expected SparseTensor[%lld] to have an "
           "index matrix but received shape %s", (long long)i, SHAPE_STR(at));
    ENSURE(v->rank == 1, "Expected SparseTensor[%lld] to have a values vector but received shape "
           "%s", (long long)i, SHAPE_STR(v));
    ENSURE(p->shape.dtype == DT_INT64 && size->rank == 1, "Expected SparseTensor[%lld] to have a "
           "shape vector but its shape is %s", (long long)i, SHAPE_STR(size));
    ENSURE(p->values.dtype == dtype, "Requested SparseTensor of type %s but "
           "SparseTensor[%lld].values.dtype() == %s", dtype_name(dtype), (long long)i,
           dtype_name(p->values.dtype));
    ENSURE(at->dim[0] == v->dim[0], "Expected row counts of SparseTensor[%lld].indices and "
           "SparseTensor[%lld].values to match but they do not: %lld vs. %lld", (long long)i,
           (long long)i, (long long)at->dim[0], (long long)v->dim[0]);
    ENSURE(at->dim[1] == size->dim[0], "Expected column counts of SparseTensor[%lld].indices to "
           "match size of SparseTensor[%lld].shape but they do not: %lld vs. %lld", (long long)i,
           (long long)i, (long long)at->dim[1], (long long)size->dim[0]);
    return NULL;
}

/* The largest sizes, behind those of `outer`; how many entries there are. */
static struct status *measure(const struct sparse_part *part, int64_t n, const struct shape *outer,
                              enum dtype dtype, struct shape *whole, int64_t *all)
{
    *all = 0;
    *whole = *outer;
    for (int64_t i = 0; i < n; i++) {
        TRY(check_part(&part[i], i, dtype));
        int64_t rank = part[i].shape.shape.dim[0];
        ENSURE(outer->rank + rank <= MAX_RANK, "A SparseTensor has more than %d dimensions",
               MAX_RANK);
        if (i == 0)
            memset(whole->dim + outer->rank, 0, (size_t)rank * sizeof *whole->dim);
        whole->rank = i ? whole->rank : outer->rank + (int)rank;
        ENSURE(whole->rank == outer->rank + rank, "Inconsistent rank across SparseTensors: rank "
               "prior to SparseTensor[%lld] was: %d but rank of SparseTensor[%lld] is: %lld",
               (long long)i, whole->rank - outer->rank, (long long)i, (long long)rank);
        for (int d = 0; d < rank; d++) {
            int64_t size = index_at(&part[i].shape, d), *most = &whole->dim[outer->rank + d];
            ENSURE(size >= 0, "SparseTensor[%lld] has the size %lld", (long long)i,
                   (long long)size);
            *most = size > *most ? size : *most;
        }
        *all += part[i].values.shape.dim[0];
    }
    return NULL;
}

/* One row of indices: where part i stands in `outer`, and an entry in it. */
static int64_t *put_index(int64_t *y, const struct shape *outer, int64_t i, const int64_t *entry,
                          int rank)
{
    for (int d = outer->rank - 1; d >= 0; i /= outer->dim[d], d--)
        y[d] = i % outer->dim[d];
    memcpy(y + outer->rank, entry, (size_t)rank * sizeof *y);
    return y + outer->rank + rank;
}

struct status *sparse_stack(struct kernel *k, struct sparse_part *part, int64_t n,
                            const struct shape *outer, enum dtype dtype)
{
    struct shape whole;
    int64_t all, *y, at = 0;
    TRY(measure(part, n, outer, dtype, &whole, &all));
    TRY(sparse_new(k, 0, &SHAPE(all, whole.rank), &y));
    TRY(kernel_new(k, 1, dtype, &SHAPE(all)));
    for (int64_t i = 0; i < n; i++) {
        const int64_t *entry = part[i].indices.data;
        int64_t entries = part[i].values.shape.dim[0];
        int rank = whole.rank - outer->rank;
        for (int64_t e = 0; e < entries; e++, entry += rank)
            y = put_index(y, outer, i, entry, rank);
        TRY(tensor_copy_elements(kernel_out(k, 1), at, &part[i].values, 0, entries));
        at += entries;
    }
    return sparse_put_shape(k, 2, &whole);
}
