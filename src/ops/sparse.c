/* sparse.c - sparse tensors, moved about: SparseReorder, SparseReshape, SparseConcat, SparseSlice,
 * SparseSplit, SparseFillEmptyRows. Values of any type go along, unread. */
#include "ops/sparse.h"

#include <string.h>

/* ---- what sparse.h says ---- */

struct status *sparse_read_at(const struct kernel *k, int indices, int values, int shape,
                              struct sparse *s)
{
    const struct tensor *at = kernel_in(k, indices), *v = kernel_in(k, values);
    const struct tensor *size = kernel_in(k, shape);
    ENSURE(at->shape.rank == 2, "Input indices should be a matrix but received shape %s",
           SHAPE_STR(&at->shape));
    ENSURE(v->shape.rank == 1, "Input values should be a vector but received shape %s",
           SHAPE_STR(&v->shape));
    ENSURE(size->shape.rank == 1, "Input shape should be a vector but received shape %s",
           SHAPE_STR(&size->shape));
    ENSURE(v->shape.dim[0] == at->shape.dim[0], "Number of values must match first dimension of "
           "indices. Got %lld values, indices shape: %s", (long long)v->shape.dim[0],
           SHAPE_STR(&at->shape));
    ENSURE(size->shape.dim[0] == at->shape.dim[1], "Number of dimensions must match second "
           "dimension of indices. Got %lld dimensions, indices shape: %s",
           (long long)size->shape.dim[0], SHAPE_STR(&at->shape));
    *s = (struct sparse){ .indices = at, .values = v, .index = at->data, .n = at->shape.dim[0] };
    return array_read_shape(size, &s->shape);
}

struct status *sparse_read(const struct kernel *k, int i, struct sparse *s)
{
    return sparse_read_at(k, i, i + 1, i + 2, s);
}

/* Entry i as a shape, to be printed. */
static struct shape entry(const struct sparse *s, int64_t i)
{
    struct shape e = s->shape;
    for (int d = 0; d < e.rank; d++)
        e.dim[d] = index_at(s->indices, i * e.rank + d);
    return e;
}

struct status *sparse_check(const struct sparse *s, bool ordered)
{
    for (int64_t i = 0; i < s->n; i++) {
        struct shape at = entry(s, i), before = i ? entry(s, i - 1) : at;
        for (int d = 0; d < at.rank; d++)
            ENSURE(at.dim[d] >= 0 && at.dim[d] < s->shape.dim[d],
                   "indices[%lld] = %s is out of bounds: need 0 <= index < %s", (long long)i,
                   SHAPE_STR(&at), SHAPE_STR(&s->shape));
        int order = i ? sparse_compare(before.dim, at.dim, at.rank) : -1;
        ENSURE(!ordered || order != 0, "indices[%lld] = %s is repeated", (long long)i,
               SHAPE_STR(&at));
        ENSURE(!ordered || order < 0, "indices[%lld] = %s is out of order. Many sparse ops require "
               "sorted indices.\n    Use `tf.sparse_reorder` to create a correctly ordered copy.",
               (long long)i, SHAPE_STR(&at));
    }
    return NULL;
}

int sparse_compare(const int64_t *a, const int64_t *b, int rank)
{
    for (int d = 0; d < rank; d++)
        if (a[d] != b[d])
            return a[d] < b[d] ? -1 : 1;
    return 0;
}

/* Merge sort: stable, and it asks for no comparison with a context of its own. */
static void merge(const int64_t *index, int rank, int64_t *order, int64_t *spare, int64_t n)
{
    if (n < 2)
        return;
    int64_t half = n / 2, a = 0, b = half;
    merge(index, rank, order, spare, half);
    merge(index, rank, order + half, spare + half, n - half);
    memcpy(spare, order, (size_t)n * sizeof *order);
    for (int64_t i = 0; i < n; i++) {
        bool first = b == n || (a < half && sparse_compare(index + spare[a] * rank,
                                                           index + spare[b] * rank, rank) <= 0);
        order[i] = first ? spare[a++] : spare[b++];
    }
}

struct status *sparse_order(struct kernel *k, const int64_t *index, int64_t n, int rank,
                            int64_t **order)
{
    TRY(kernel_temp(k, ((size_t)n * 2 + 1) * sizeof **order, order));
    for (int64_t i = 0; i < n; i++)
        (*order)[i] = i;
    merge(index, rank, *order, *order + n, n);
    return NULL;
}

struct status *sparse_new(struct kernel *k, int i, const struct shape *s, int64_t **y)
{
    TRY(kernel_new(k, i, DT_INT64, s));
    *y = kernel_out(k, i)->data;
    return NULL;
}

struct status *sparse_put_shape(struct kernel *k, int i, const struct shape *s)
{
    int64_t *y;
    TRY(sparse_new(k, i, &SHAPE(s->rank), &y));
    memcpy(y, s->dim, (size_t)s->rank * sizeof *y);
    return NULL;
}

struct status *sparse_shapes(struct shape_ctx *c, int i, int64_t *n, int64_t *rank)
{
    struct shape at = SHAPE(-1, -1);
    TRY(shape_want_rank(shape_in(c, i), 2));
    TRY(shape_merge(&at, shape_in(c, i), &at));
    for (int j = 0; j < 2; j++) {
        const struct shape *v = shape_in(c, i + 1 + j);
        TRY(shape_want_rank(v, 1));
        if (v->rank == 1)
            TRY(dim_merge(at.dim[j], v->dim[0], &at.dim[j]));
    }
    *n = at.dim[0];
    *rank = at.dim[1];
    return NULL;
}

struct status *sparse_values_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE(n);
    return NULL;
}

/* Entry `from` of the values of s to place `to` of output i. */
static struct status *value_put(struct kernel *k, int i, int64_t to, const struct tensor *values,
                                int64_t from)
{
    return tensor_copy_elements(kernel_out(k, i), to, values, from, 1);
}

/* Outputs `first` (indices) and first + 1 (values) become entries of s in this order. */
static struct status *put_in_order(struct kernel *k, int first, const int64_t *index,
                                   const struct tensor *values, const int64_t *order, int64_t n,
                                   int rank)
{
    int64_t *y;
    TRY(sparse_new(k, first, &SHAPE(n, rank), &y));
    TRY(kernel_new(k, first + 1, values->dtype, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++) {
        memcpy(y + i * rank, index + order[i] * rank, (size_t)rank * sizeof *y);
        TRY(value_put(k, first + 1, i, values, order[i]));
    }
    return NULL;
}

/* ---- SparseReorder ---- */

static struct status *reorder_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE(n, rank);
    *shape_out(c, 1) = SHAPE(n);
    return NULL;
}

static struct status *reorder(struct kernel *k)
{
    struct sparse s;
    int64_t *order;
    TRY(sparse_read(k, 0, &s));
    TRY(sparse_check(&s, false));
    TRY(sparse_order(k, s.index, s.n, s.shape.rank, &order));
    return put_in_order(k, 0, s.index, s.values, order, s.n, s.shape.rank);
}

/* Numbers put in order in the same way say where each value came from. */
static void reorder_grad(struct grad *g)
{
    struct out n = grad_part(g, grad_shape_of(g, g->x[1], DT_INT64), 0, 0);
    struct out zero = grad_scalar(g, DT_INT64, 0), one = grad_scalar(g, DT_INT64, 1);
    n = grad_reshape(g, n, grad_vector(g, DT_INT32, NULL, 0));
    struct out number = grad_add(g, "Range", OUTS(zero, n, one), NULL, 0);
    struct out moved = grad_add(g, "SparseReorder", OUTS(g->x[0], number, g->x[2]), NULL, 0);
    g->dx[1] = grad2(g, "Gather", g->dy[1], grad1(g, "InvertPermutation", out_at(moved, 1)));
}

/* ---- SparseReshape ---- */

static struct status *reshape_shape(struct shape_ctx *c)
{
    struct shape at = SHAPE(-1, -1), to = SHAPE(-1);
    TRY(shape_want_rank(shape_in(c, 0), 2));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    TRY(shape_merge(&at, shape_in(c, 0), &at));
    TRY(shape_merge(&to, shape_in(c, 2), &to));
    *shape_out(c, 0) = SHAPE(at.dim[0], to.dim[0]);
    *shape_out(c, 1) = to;
    return NULL;
}

static struct status *reshape_sizes(const struct kernel *k, struct shape *from, struct shape *to)
{
    const struct tensor *at = kernel_in(k, 0), *old = kernel_in(k, 1), *size = kernel_in(k, 2);
    ENSURE(at->shape.rank == 2, "Input indices should be a matrix but received shape %s",
           SHAPE_STR(&at->shape));
    ENSURE(old->shape.rank == 1, "Input shape should be a vector but received shape %s",
           SHAPE_STR(&old->shape));
    ENSURE(size->shape.rank == 1, "Target shape should be a vector but received shape %s",
           SHAPE_STR(&size->shape));
    ENSURE(old->shape.dim[0] == at->shape.dim[1], "Input tensor rank must match input shape "
           "length.%lld != %lld", (long long)at->shape.dim[1], (long long)old->shape.dim[0]);
    ENSURE(size->shape.dim[0] <= MAX_RANK, "Shape has %lld dimensions: at most %d are supported",
           (long long)size->shape.dim[0], MAX_RANK);
    TRY(array_read_shape(old, from));
    to->rank = (int)size->shape.dim[0];
    for (int i = 0; i < to->rank; i++)
        to->dim[i] = index_at(size, i);
    return NULL;
}

/* A size of -1 takes what is left. */
static struct status *reshape_resolve(const struct shape *from, struct shape *to)
{
    int64_t dense = shape_count(from), product = 1;
    int free = -1;
    for (int i = 0; i < to->rank; i++) {
        ENSURE(to->dim[i] >= -1, "size %d must be non-negative, not %lld", i,
               (long long)to->dim[i]);
        ENSURE(to->dim[i] >= 0 || free < 0, "only one output dimension may be -1, not both %d and "
               "%d", free, i);
        if (to->dim[i] < 0)
            free = i;
        else
            ENSURE(!__builtin_mul_overflow(product, to->dim[i], &product),
                   "the shape is too large");
    }
    if (free >= 0) {
        ENSURE(product > 0, "reshape cannot infer the missing input size for an empty tensor "
               "unless all specified input sizes are non-zero");
        ENSURE(dense % product == 0, "Input to reshape is a SparseTensor with %lld dense values, "
               "but the requested shape requires a multiple of %lld. input_shape=%s "
               "output_shape=%s", (long long)dense, (long long)product, SHAPE_STR(from),
               SHAPE_STR(to));
        to->dim[free] = dense / product;
    }
    TRY(shape_check(to));
    ENSURE(shape_count(to) == dense, "Input to reshape is a tensor with %lld dense values, but the "
           "requested shape has %lld. input_shape=%s output_shape=%s", (long long)dense,
           (long long)shape_count(to), SHAPE_STR(from), SHAPE_STR(to));
    return NULL;
}

static struct status *reshape(struct kernel *k)
{
    struct shape from, to;
    int64_t *y, a[MAX_RANK], b[MAX_RANK];
    TRY(reshape_sizes(k, &from, &to));
    TRY(reshape_resolve(&from, &to));
    const int64_t *x = kernel_in(k, 0)->data;
    int64_t n = kernel_in(k, 0)->shape.dim[0];
    TRY(sparse_new(k, 0, &SHAPE(n, to.rank), &y));
    TRY(sparse_put_shape(k, 1, &to));
    shape_strides(&from, a);
    shape_strides(&to, b);
    for (int64_t i = 0; i < n; i++, x += from.rank, y += to.rank) {
        int64_t at = 0;
        for (int d = 0; d < from.rank; d++) {
            ENSURE(x[d] >= 0 && x[d] < from.dim[d], "index %lld of entry %lld is out of bounds: %s",
                   (long long)x[d], (long long)i, SHAPE_STR(&from));
            at += x[d] * a[d];
        }
        for (int d = 0; d < to.rank; d++) {
            y[d] = at / b[d];
            at %= b[d];
        }
    }
    return NULL;
}

/* ---- SparseConcat: inputs are N indices, N values, N shapes ---- */

static struct status *concat_shape(struct shape_ctx *c)
{
    int n = c->n_in / 3;
    int64_t rank = -1, all = 0;
    for (int i = 0; i < n; i++) {
        struct shape at = SHAPE(-1, rank);
        const struct shape *v = shape_in(c, n + i), *s = shape_in(c, 2 * n + i);
        TRY(shape_want_rank(shape_in(c, i), 2));
        TRY(shape_want_rank(v, 1));
        TRY(shape_want_rank(s, 1));
        TRY(shape_merge(&at, shape_in(c, i), &at));
        if (v->rank == 1)
            TRY(dim_merge(at.dim[0], v->dim[0], &at.dim[0]));
        if (s->rank == 1)
            TRY(dim_merge(at.dim[1], s->dim[0], &at.dim[1]));
        rank = at.dim[1];
        all = all < 0 || at.dim[0] < 0 ? -1 : all + at.dim[0];
    }
    *shape_out(c, 0) = SHAPE(all, rank);
    *shape_out(c, 1) = SHAPE(all);
    *shape_out(c, 2) = SHAPE(rank);
    return NULL;
}

/* The shape of the whole, and how many entries it has. */
static struct status *concat_sizes(const struct kernel *k, int64_t axis, int *dim,
                                   struct shape *whole, int64_t *all)
{
    int n = k->n_in / 3;
    *all = 0;
    for (int i = 0; i < n; i++) {
        struct sparse s;
        TRY(sparse_read_at(k, i, n + i, 2 * n + i, &s));
        TRY(sparse_check(&s, false));
        *all += s.n;
        if (i == 0) {
            *whole = s.shape;
            ENSURE(axis >= -s.shape.rank && axis < s.shape.rank, "Concat dimension must be in "
                   "range [%d, %d), got %lld", -s.shape.rank, s.shape.rank, (long long)axis);
            *dim = (int)(axis < 0 ? axis + s.shape.rank : axis);
            continue;
        }
        ENSURE(s.shape.rank == whole->rank, "Ranks of all input tensors must match: expected %d "
               "but got %d at position %d", whole->rank, s.shape.rank, i);
        for (int d = 0; d < whole->rank; d++)
            ENSURE(d == *dim || s.shape.dim[d] == whole->dim[d], "Input shapes must match: "
                   "expected %lld for dimension %d but got %lld at position %d",
                   (long long)whole->dim[d], d, (long long)s.shape.dim[d], i);
        whole->dim[*dim] += s.shape.dim[*dim];
    }
    return shape_check(whole);
}

static struct status *concat(struct kernel *k)
{
    struct shape whole;
    int64_t all, *index, *order, *source, *y, at = 0, offset = 0;
    int n = k->n_in / 3, dim = 0;
    TRY(concat_sizes(k, *(const int64_t *)k->state, &dim, &whole, &all));
    TRY(kernel_temp(k, (size_t)(all * whole.rank + 1) * sizeof *index, &index));
    TRY(kernel_temp(k, (size_t)(2 * all + 1) * sizeof *source, &source));
    for (int i = 0; i < n; i++) {
        struct sparse s;
        TRY(sparse_read_at(k, i, n + i, 2 * n + i, &s));
        memcpy(index + at * whole.rank, s.index, (size_t)(s.n * whole.rank) * sizeof *index);
        for (int64_t e = 0; e < s.n; e++, at++) {
            index[at * whole.rank + dim] += offset;
            source[2 * at] = i;
            source[2 * at + 1] = e;
        }
        offset += s.shape.dim[dim];
    }
    TRY(sparse_order(k, index, all, whole.rank, &order));
    TRY(sparse_new(k, 0, &SHAPE(all, whole.rank), &y));
    TRY(kernel_new(k, 1, kernel_in(k, n)->dtype, &SHAPE(all)));
    for (int64_t i = 0; i < all; i++) {
        const int64_t *from = source + 2 * order[i];
        memcpy(y + i * whole.rank, index + order[i] * whole.rank, (size_t)whole.rank * sizeof *y);
        TRY(value_put(k, 1, i, kernel_in(k, n + (int)from[0]), from[1]));
    }
    return sparse_put_shape(k, 2, &whole);
}

static struct status *concat_prepare(struct prep *p)
{
    int64_t *axis;
    TRY(prep_state(p, sizeof *axis, &axis));
    *axis = node_attr(p->node, "concat_dim");
    return NULL;
}

/* ---- parts: SparseSlice, SparseSplit ---- */

/* Entries within [begin, begin + size) to outputs `i` (indices), `v` (values) and `s` (shape). */
static struct status *take_part(struct kernel *k, const struct sparse *s, const int64_t *begin,
                                const struct shape *size, const int out[3])
{
    int rank = s->shape.rank;
    int64_t *which, *y, n = 0;
    TRY(kernel_temp(k, (size_t)(s->n + 1) * sizeof *which, &which));
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t *at = s->index + i * rank;
        bool inside = true;
        for (int d = 0; d < rank; d++)
            inside &= at[d] >= begin[d] && at[d] - begin[d] < size->dim[d];
        if (inside)
            which[n++] = i;
    }
    TRY(sparse_new(k, out[0], &SHAPE(n, rank), &y));
    TRY(kernel_new(k, out[1], s->values->dtype, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++) {
        for (int d = 0; d < rank; d++)
            y[i * rank + d] = s->index[which[i] * rank + d] - begin[d];
        TRY(value_put(k, out[1], i, s->values, which[i]));
    }
    return sparse_put_shape(k, out[2], size);
}

static struct status *slice_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    for (int i = 3; i < 5; i++) {
        TRY(shape_want_rank(shape_in(c, i), 1));
        if (shape_in(c, i)->rank == 1)
            TRY(dim_merge(rank, shape_in(c, i)->dim[0], &rank));
    }
    *shape_out(c, 0) = SHAPE(-1, rank);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(rank);
    return NULL;
}

static struct status *slice(struct kernel *k)
{
    static const char *const name[] = { "start", "size" };
    struct sparse s;
    TRY(sparse_read(k, 0, &s));
    for (int i = 0; i < 2; i++)
        ENSURE(kernel_in(k, 3 + i)->shape.rank == 1 &&
               kernel_in(k, 3 + i)->shape.dim[0] == s.shape.rank,
               "Expected %s to be a vector of length %d but got shape %s", name[i], s.shape.rank,
               SHAPE_STR(&kernel_in(k, 3 + i)->shape));
    const int64_t *begin = kernel_in(k, 3)->data, *size = kernel_in(k, 4)->data;
    struct shape taken = s.shape;
    for (int d = 0; d < s.shape.rank; d++) {
        ENSURE(begin[d] >= 0 && size[d] >= 0, "start and size must not be negative, got %lld and "
               "%lld for dimension %d", (long long)begin[d], (long long)size[d], d);
        int64_t left = begin[d] < s.shape.dim[d] ? s.shape.dim[d] - begin[d] : 0;
        taken.dim[d] = size[d] < left ? size[d] : left;
    }
    return take_part(k, &s, begin, &taken, (int[]){ 0, 1, 2 });
}

static void slice_grad(struct grad *g)
{
    g->dx[1] = grad_add(g, "SparseSliceGrad", OUTS(g->dy[1], g->x[0], g->x[3], g->y[0]), NULL, 0);
}

static struct status *split_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(sparse_shapes(c, 1, &n, &rank));
    int parts = c->n_out / 3;
    for (int i = 0; i < parts; i++) {
        *shape_out(c, i) = SHAPE(-1, rank);
        *shape_out(c, parts + i) = SHAPE(-1);
        *shape_out(c, 2 * parts + i) = SHAPE(rank);
    }
    return NULL;
}

/* Where the size is no multiple of their number the first parts are larger by one. */
static struct status *split(struct kernel *k)
{
    struct sparse s;
    int64_t begin[MAX_RANK] = { 0 }, n = k->node->n_out / 3;
    ENSURE(kernel_in(k, 0)->shape.rank == 0, "Input split_dim should be a scalar but received "
           "shape %s", SHAPE_STR(&kernel_in(k, 0)->shape));
    TRY(sparse_read(k, 1, &s));
    int64_t dim = index_at(kernel_in(k, 0), 0), rank = s.shape.rank;
    dim += dim < 0 ? rank : 0;
    ENSURE(dim >= 0 && dim < rank, "Input split_dim should be between 0 and rank (%lld), got %lld",
           (long long)rank, (long long)dim);
    ENSURE(n <= s.shape.dim[dim], "Input num_split should be between 1 and the splitting dimension "
           "size (%lld), got %lld", (long long)s.shape.dim[dim], (long long)n);
    for (int i = 0; i < n; i++) {
        struct shape size = s.shape;
        size.dim[dim] = s.shape.dim[dim] / n + (i < s.shape.dim[dim] % n);
        TRY(take_part(k, &s, begin, &size, (int[]){ i, (int)n + i, 2 * (int)n + i }));
        begin[dim] += size.dim[dim];
    }
    return NULL;
}

/* ---- SparseFillEmptyRows ---- */

static struct status *fill_shape(struct shape_ctx *c)
{
    const struct tensor *size = shape_in_value(c, 2);
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    TRY(shape_want_rank(shape_in(c, 3), 0));
    *shape_out(c, 0) = SHAPE(-1, rank);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(size && tensor_count(size) ? index_at(size, 0) : -1);
    *shape_out(c, 3) = SHAPE(n);
    return NULL;
}

/* place[r] becomes where row r begins; the flags of empty rows; how many entries there will be. */
static struct status *fill_rows(struct kernel *k, const struct sparse *s, int64_t *place,
                                int64_t *all)
{
    int64_t rows = s->shape.dim[0];
    bool *empty = kernel_out(k, 2)->data;
    memset(place, 0, (size_t)(rows + 1) * sizeof *place);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t row = s->index[i * s->shape.rank];
        ENSURE(row >= 0 && row < rows, "indices(%lld, 0) is invalid: %lld >= %lld", (long long)i,
               (long long)row, (long long)rows);
        place[row]++;
    }
    *all = 0;
    for (int64_t r = 0; r < rows; r++) {
        int64_t count = place[r];
        empty[r] = count == 0;
        place[r] = *all;
        *all += count ? count : 1;
    }
    return NULL;
}

static struct status *fill_empty_rows(struct kernel *k)
{
    struct sparse s;
    int64_t *place, *y, *map, all;
    TRY(sparse_read(k, 0, &s));
    ENSURE(kernel_in(k, 3)->shape.rank == 0, "default_value must be a scalar, saw: %s",
           SHAPE_STR(&kernel_in(k, 3)->shape));
    ENSURE(s.shape.rank > 0, "Dense shape cannot be empty.");
    ENSURE(s.shape.dim[0] > 0 || s.n == 0, "Received SparseTensor with dense_shape[0] = 0 but "
           "indices.shape[0] = %lld", (long long)s.n);
    int rank = s.shape.rank;
    /* Flags for so many rows are had, or the size of `place` would not be. */
    TRY(kernel_new(k, 2, DT_BOOL, &SHAPE(s.shape.dim[0])));
    TRY(kernel_temp(k, (size_t)(s.shape.dim[0] + 1) * sizeof *place, &place));
    TRY(fill_rows(k, &s, place, &all));
    TRY(sparse_new(k, 0, &SHAPE(all, rank), &y));
    TRY(kernel_new(k, 1, s.values->dtype, &SHAPE(all)));
    TRY(sparse_new(k, 3, &SHAPE(s.n), &map));
    const bool *empty = kernel_out(k, 2)->data;
    for (int64_t r = 0; r < s.shape.dim[0]; r++)
        if (empty[r]) {
            memset(y + place[r] * rank, 0, (size_t)rank * sizeof *y);
            y[place[r] * rank] = r;
            TRY(value_put(k, 1, place[r], kernel_in(k, 3), 0));
        }
    for (int64_t i = 0; i < s.n; i++) {
        map[i] = place[s.index[i * rank]]++;
        memcpy(y + map[i] * rank, s.index + i * rank, (size_t)rank * sizeof *y);
        TRY(value_put(k, 1, map[i], s.values, i));
    }
    return NULL;
}

static void fill_grad(struct grad *g)
{
    struct out d = grad2(g, "SparseFillEmptyRowsGrad", g->y[3], g->dy[1]);
    g->dx[1] = d;
    g->dx[3] = out_at(d, 1);
}

const struct op ops_sparse[] = {
    { .name = "SparseReorder",
      .inputs = "input_indices: int64, input_values: T, input_shape: int64",
      .outputs = "output_indices: int64, output_values: T", .attrs = "T: type",
      .doc = "The sparse tensor with its entries in row order.",
      .shape = reorder_shape, .grad = reorder_grad, .kernel_any = reorder },
    { .name = "SparseReshape",
      .inputs = "input_indices: int64, input_shape: int64, new_shape: int64",
      .outputs = "output_indices: int64, output_shape: int64",
      .doc = "The indices of a sparse tensor seen in another shape, one of whose sizes may be -1.",
      .shape = reshape_shape, .grad = NO_GRADIENT, .kernel_any = reshape },
    { .name = "SparseConcat", .inputs = "indices: N * int64, values: N * T, shapes: N * int64",
      .outputs = "output_indices: int64, output_values: T, output_shape: int64",
      .attrs = "concat_dim: int; N: int >= 2; T: type",
      .doc = "Sparse tensors joined along a dimension, entries in row order.",
      .shape = concat_shape, .grad = NOT_DIFFERENTIABLE, .prepare = concat_prepare,
      .kernel_any = concat },
    { .name = "SparseSlice",
      .inputs = "indices: int64, values: T, shape: int64, start: int64, size: int64",
      .outputs = "output_indices: int64, output_values: T, output_shape: int64",
      .attrs = "T: type", .doc = "The part of a sparse tensor that begins at start.",
      .shape = slice_shape, .grad = slice_grad, .kernel_any = slice },
    { .name = "SparseSplit", .inputs = "split_dim: int64, indices: int64, values: T, shape: int64",
      .outputs = "output_indices: num_split * int64, output_values: num_split * T, "
                 "output_shape: num_split * int64",
      .attrs = "num_split: int >= 1; T: type",
      .doc = "A sparse tensor in num_split parts along a dimension.",
      .shape = split_shape, .grad = NO_GRADIENT, .kernel_any = split },
    { .name = "SparseFillEmptyRows",
      .inputs = "indices: int64, values: T, dense_shape: int64, default_value: T",
      .outputs = "output_indices: int64, output_values: T, empty_row_indicator: bool, "
                 "reverse_index_map: int64",
      .attrs = "T: type",
      .doc = "A sparse tensor in which every row without an entry has got one, of default_value.",
      .shape = fill_shape, .grad = fill_grad, .kernel_any = fill_empty_rows },
    { 0 }
};
