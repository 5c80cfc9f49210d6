/* unique.c - what is there, and where: Unique, UniqueWithCounts, along an axis too (V2), ListDiff,
 * Where. */
#include "ops/array.h"

#include "op/each.h"
#include "ops/key.h"

#include <string.h>

/* ---- a set of items ---- */

/* An item is an element of a vector, or a slice along a dimension of a tensor: what stands at one
 * place of [rows][dim][inner]. Members are in the order they came; slot[] holds a member's number
 * + 1, or 0. */
struct set {
    key_fn *key;
    enum dtype dtype;
    const void *data;           /* what members are items of */
    struct cut cut;
    int64_t *slot, *member, n;  /* member: which item */
    uint64_t mask;
};

static struct status *set_new(struct kernel *k, const struct tensor *x, struct cut cut,
                              struct set *s)
{
    uint64_t size = 16;
    bool empty = !cut.rows || !cut.inner;           /* items without elements are all alike */
    int64_t most = empty ? 1 : cut.dim;
    while (size < 2 * (uint64_t)most)
        size *= 2;
    *s = (struct set){ .key = key_of(x->dtype), .dtype = x->dtype, .data = x->data, .cut = cut,
                       .mask = size - 1 };
    TRY(kernel_temp(k, size * sizeof *s->slot, &s->slot));
    TRY(kernel_temp(k, ((size_t)most + 1) * sizeof *s->member, &s->member));
    memset(s->slot, 0, size * sizeof *s->slot);
    return NULL;
}

static bool set_same(const struct set *s, int64_t member, const void *data, int64_t item)
{
    const struct cut *c = &s->cut;
    for (int64_t r = 0; r < c->rows; r++)
        for (int64_t i = 0; i < c->inner; i++)
            if (!key_same(s->key, s->dtype, s->data,
                          (r * c->dim + s->member[member]) * c->inner + i, data,
                          (r * c->dim + item) * c->inner + i))
                return false;
    return true;
}

/* All the elements of an item as one number; false: one is a NaN. */
static bool set_hash(const struct set *s, const void *data, int64_t item, uint64_t *h)
{
    const struct cut *c = &s->cut;
    *h = 0;
    for (int64_t r = 0; r < c->rows; r++)
        for (int64_t i = 0; i < c->inner; i++) {
            struct key key = s->key(data, (r * c->dim + item) * c->inner + i);
            if (key.never)
                return false;
            *h = (*h * 31 + (key.a ^ key.b * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
            *h ^= *h >> 32;
        }
    return true;
}

enum { NO_SLOT = -1 };

/* The number of the member that equals an item of `data`, or -1; *at: the slot where it is or
 * would go: none for a NaN, which nobody will find. */
static int64_t set_find(const struct set *s, const void *data, int64_t item, int64_t *at)
{
    uint64_t h;
    *at = NO_SLOT;
    if (!set_hash(s, data, item, &h))
        return -1;
    for (; ; h++) {
        *at = (int64_t)(h & s->mask);
        if (!s->slot[*at])
            return -1;
        if (set_same(s, s->slot[*at] - 1, data, item))
            return s->slot[*at] - 1;
    }
}

/* An item of the set's own data becomes a member, if none is like it; its number. */
static int64_t set_add(struct set *s, int64_t item)
{
    int64_t at, found = set_find(s, s->data, item, &at);
    if (found >= 0)
        return found;
    s->member[s->n] = item;
    if (at != NO_SLOT)
        s->slot[at] = s->n + 1;
    return s->n++;
}

/* ---- Unique, UniqueWithCounts, ListDiff ---- */

struct unique { enum dtype index; };

static struct status *unique_prepare(struct prep *p)
{
    struct unique *u;
    TRY(prep_state(p, sizeof *u, &u));
    u->index = node_attr_type(p->node, "out_idx");
    return NULL;
}

static struct status *unique_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    *shape_out(c, 0) = SHAPE(-1);
    *shape_out(c, 1) = shape_in(c, 0)->rank < 0 ? SHAPE(-1) : *shape_in(c, 0);
    if (c->n_out > 2)
        *shape_out(c, 2) = SHAPE(-1);
    return NULL;
}

/* Items of x, cut so along `axis`, by their numbers. */
static struct status *take(struct kernel *k, const struct tensor *x, struct cut c, int axis,
                           const int64_t *which, int64_t n)
{
    struct shape s = x->shape;
    s.dim[axis] = n;
    TRY(kernel_new(k, 0, x->dtype, &s));
    for (int64_t r = 0; r < c.rows; r++)
        for (int64_t i = 0; i < n; i++)
            TRY(tensor_copy_elements(kernel_out(k, 0), (r * n + i) * c.inner, x,
                                     (r * c.dim + which[i]) * c.inner, c.inner));
    return NULL;
}

static struct status *unique_counts(struct kernel *k, int64_t n)
{
    TRY(kernel_new(k, 2, kernel_out(k, 1)->dtype, &SHAPE(n)));
    array_zero(kernel_out(k, 2));
    for (int64_t i = 0; i < tensor_count(kernel_out(k, 1)); i++) {
        int64_t member = index_at(kernel_out(k, 1), i);
        index_set(kernel_out(k, 2), member, index_at(kernel_out(k, 2), member) + 1);
    }
    return NULL;
}

/* As cut_at(), but the items of an empty tensor are counted, too. */
static struct cut items_along(const struct shape *s, int axis)
{
    struct cut c = cut_at(s, axis);
    c.dim = s->dim[axis];
    return c;
}

static struct status *unique_along(struct kernel *k, int axis)
{
    const struct unique *u = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct cut c = items_along(&x->shape, axis);
    struct set s;
    ENSURE(tensor_count(x) <= INT32_MAX && c.dim <= INT32_MAX,
           "unique does not support input tensors larger than %d elements", INT32_MAX);
    TRY(set_new(k, x, c, &s));
    TRY(kernel_new(k, 1, u->index, &SHAPE(c.dim)));
    for (int64_t i = 0; i < c.dim; i++)
        index_set(kernel_out(k, 1), i, set_add(&s, i));
    TRY(take(k, x, c, axis, s.member, s.n));
    return k->node->n_out > 2 ? unique_counts(k, s.n) : NULL;
}

static struct status *unique_any(struct kernel *k)
{
    ENSURE(kernel_in(k, 0)->shape.rank == 1, "unique expects a 1D vector.");
    return unique_along(k, 0);
}

/* ---- UniqueV2, UniqueWithCountsV2: along an axis, or none (an empty vector) ---- */

/* `axis`: where known. */
static struct status *unique_v2_index(const struct shape *x, const struct tensor *axis,
                                      struct shape *y, struct shape *index)
{
    int64_t n = tensor_count(axis);
    int at = 0;
    ENSURE(n <= 1, "axis does not support input tensors larger than 1 elements.");
    if (n)
        TRY(axis_resolve(tensor_int(axis, 0), x->rank, &at));
    else
        ENSURE(x->rank == 1, "x expects a 1D vector.");
    *index = SHAPE(x->dim[at]);
    *y = *x;
    y->dim[at] = -1;
    return NULL;
}

static struct status *unique_v2_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *axis = shape_in_value(c, 1);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    *shape_out(c, 0) = shape_of_rank(x->rank);
    *shape_out(c, 1) = SHAPE(-1);
    if (c->n_out > 2)
        *shape_out(c, 2) = SHAPE(-1);
    return axis && x->rank >= 0 ? unique_v2_index(x, axis, shape_out(c, 0), shape_out(c, 1))
                                : NULL;
}

static struct status *unique_v2_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *axis = kernel_in(k, 1);
    ENSURE(axis->shape.rank == 1, "axis expects a 1D vector.");
    ENSURE(axis->shape.dim[0] <= 1, "axis does not support input tensors larger than 1 elements");
    if (!axis->shape.dim[0])
        return unique_any(k);
    int64_t at = index_at(axis, 0);
    ENSURE(at >= -x->shape.rank && at < x->shape.rank, "axis has to be between [0, %d)",
           x->shape.rank);
    return unique_along(k, (int)(at < 0 ? at + x->shape.rank : at));
}

static struct status *diff_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    *shape_out(c, 0) = *shape_out(c, 1) = SHAPE(-1);
    return NULL;
}

/* The elements of x that are not in y, in their order, duplicates kept. */
static struct status *diff_any(struct kernel *k)
{
    const struct unique *u = k->state;
    const struct tensor *x = kernel_in(k, 0), *y = kernel_in(k, 1);
    struct set s;
    int64_t *left, n = 0, at;
    ENSURE(x->shape.rank == 1, "x should be a 1D vector.");
    ENSURE(y->shape.rank == 1, "y should be a 1D vector.");
    TRY(set_new(k, y, cut_at(&y->shape, 0), &s));
    for (int64_t i = 0; i < y->shape.dim[0]; i++)
        set_add(&s, i);
    TRY(kernel_temp(k, ((size_t)x->shape.dim[0] + 1) * sizeof *left, &left));
    for (int64_t i = 0; i < x->shape.dim[0]; i++)
        if (set_find(&s, x->data, i, &at) < 0)
            left[n++] = i;
    TRY(kernel_new(k, 1, u->index, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++)
        index_set(kernel_out(k, 1), i, left[i]);
    return take(k, x, cut_at(&x->shape, 0), 0, left, n);
}

/* ---- Where ---- */

static struct status *where_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(-1, shape_in(c, 0)->rank);
    return NULL;
}

/* The coordinates of element i; where the next ones go. */
static int64_t *where_write(int64_t *to, int64_t i, const struct shape *s)
{
    for (int d = s->rank - 1; d >= 0; d--) {
        to[d] = i % s->dim[d];
        i /= s->dim[d];
    }
    return to + s->rank;
}

#define EACH "ops/where.inc"
#define EACH_SET (SET_FLOATS | SET_INTS | SET_COMPLEX | SET_BOOL)
#include "op/each.h"

#define UNIQUE_V2 "T: type; Taxis: {int32, int64} = int64; out_idx: {int32, int64} = int32"

const struct op ops_unique[] = {
    { .name = "Unique", .inputs = "x: T", .outputs = "y: T, idx: out_idx",
      .attrs = "T: type; out_idx: {int32, int64} = int32",
      .doc = "The different elements of x, in the order they first come, and for each element of x "
             "which of them it is.",
      .shape = unique_shape, .grad = NO_GRADIENT, .prepare = unique_prepare,
      .kernel_any = unique_any },
    { .name = "UniqueWithCounts", .inputs = "x: T",
      .outputs = "y: T, idx: out_idx, count: out_idx",
      .attrs = "T: type; out_idx: {int32, int64} = int32",
      .doc = "As Unique, and how often each element comes.",
      .shape = unique_shape, .grad = NO_GRADIENT, .prepare = unique_prepare,
      .kernel_any = unique_any },
    { .name = "UniqueV2", .inputs = "x: T, axis: Taxis", .outputs = "y: T, idx: out_idx",
      .attrs = UNIQUE_V2,
      .doc = "The different slices of x along an axis (of a vector: elements, where none is "
             "given), in the order they first come, and for each slice of x which it is.",
      .shape = unique_v2_shape, .grad = NO_GRADIENT, .prepare = unique_prepare,
      .kernel_any = unique_v2_any },
    { .name = "UniqueWithCountsV2", .inputs = "x: T, axis: Taxis",
      .outputs = "y: T, idx: out_idx, count: out_idx", .attrs = UNIQUE_V2,
      .doc = "As UniqueV2, and how often each slice comes.",
      .shape = unique_v2_shape, .grad = NO_GRADIENT, .prepare = unique_prepare,
      .kernel_any = unique_v2_any },
    { .name = "ListDiff", .inputs = "x: T, y: T", .outputs = "out: T, idx: out_idx",
      .attrs = "T: type; out_idx: {int32, int64} = int32",
      .doc = "The elements of x that are not in y, and where in x they stand.",
      .shape = diff_shape, .grad = NO_GRADIENT, .prepare = unique_prepare,
      .kernel_any = diff_any },
    { .name = "Where", .inputs = "input: T", .outputs = "index: int64",
      .attrs = "T: {float, double, int32, uint8, int16, int8, complex64, int64, qint8, quint8, "
               "qint32, bfloat16, uint16, complex128, half, uint32, uint64, bool} = bool",
      .doc = "The coordinates of all elements that are not zero or false, in order.",
      .shape = where_shape, .grad = NO_GRADIENT,
      .kernel = KERNELS(NUMBERS(where), [DT_BOOL] = where_b8, [DT_QINT8] = where_i8,
                        [DT_QUINT8] = where_u8, [DT_QINT32] = where_i32) },
    { 0 }
};
