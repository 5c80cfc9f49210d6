/* unique.c - what is there, and where: Unique, UniqueWithCounts, ListDiff, Where. */
#include "ops/array.h"

#include "op/each.h"
#include "tensor/tstring.h"

#include <string.h>

/* ---- elements as keys ---- */

/* Two words that are the same if the elements are equal: -0 is 0, and a NaN is like nothing. */
struct key { uint64_t a, b; bool never; };

typedef struct key key_fn(const void *data, int64_t i);

static struct key key_number(double v)
{
    struct key k = { 0, 0, v != v };
    v = v == 0 ? 0 : v;
    memcpy(&k.a, &v, sizeof v);
    return k;
}

static struct key key_complex(double re, double im)
{
    struct key a = key_number(re), b = key_number(im);
    return (struct key){ a.a, b.a, a.never || b.never };
}

static struct key key_1(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint8_t *)x)[i] }; }
static struct key key_2(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint16_t *)x)[i] }; }
static struct key key_4(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint32_t *)x)[i] }; }
static struct key key_8(const void *x, int64_t i)
{ return (struct key){ .a = ((const uint64_t *)x)[i] }; }
static struct key key_f16(const void *x, int64_t i)
{ return key_number(half_load(((const struct half *)x)[i])); }
static struct key key_bf16(const void *x, int64_t i)
{ return key_number(bfloat16_load(((const struct bfloat16 *)x)[i])); }
static struct key key_f32(const void *x, int64_t i)
{ return key_number(((const float *)x)[i]); }
static struct key key_f64(const void *x, int64_t i)
{ return key_number(((const double *)x)[i]); }
static struct key key_c64(const void *x, int64_t i)
{ return key_complex(((const struct c64 *)x)[i].re, ((const struct c64 *)x)[i].im); }
static struct key key_c128(const void *x, int64_t i)
{ return key_complex(((const struct c128 *)x)[i].re, ((const struct c128 *)x)[i].im); }

/* A string's key is a hash; those that meet are compared. */
static struct key key_str(const void *x, int64_t i)
{
    const struct tstring *s = (const struct tstring *)x + i;
    const unsigned char *p = (const unsigned char *)tstring_data(s);
    uint64_t h = 14695981039346656037u;
    for (size_t n = tstring_len(s); n; n--)
        h = (h ^ *p++) * 1099511628211u;
    return (struct key){ .a = h, .b = tstring_len(s) };
}

static key_fn *const keys[DT_COUNT] = {
    FLOATS(key), COMPLEXES(key), [DT_STRING] = key_str, [DT_BOOL] = key_1,
    [DT_INT8] = key_1, [DT_UINT8] = key_1, [DT_INT16] = key_2, [DT_UINT16] = key_2,
    [DT_INT32] = key_4, [DT_UINT32] = key_4, [DT_INT64] = key_8, [DT_UINT64] = key_8,
    [DT_QINT8] = key_1, [DT_QUINT8] = key_1, [DT_QINT16] = key_2, [DT_QUINT16] = key_2,
    [DT_QINT32] = key_4, [DT_RESOURCE] = key_8, [DT_VARIANT] = key_8
};

/* ---- a set of elements ---- */

/* Members in the order they came; slot[] holds a member's number + 1, or 0. */
struct set {
    key_fn *key;
    bool strings;
    const void *data;           /* what members are elements of */
    int64_t *slot, *member, n;  /* member: which element */
    uint64_t mask;
};

static struct status *set_new(struct kernel *k, key_fn *key, const struct tensor *x, struct set *s)
{
    uint64_t size = 16;
    int64_t most = tensor_count(x);
    while (size < 2 * (uint64_t)most)
        size *= 2;
    *s = (struct set){ .key = key, .strings = x->dtype == DT_STRING, .data = x->data,
                       .mask = size - 1 };
    TRY(kernel_temp(k, size * sizeof *s->slot, &s->slot));
    TRY(kernel_temp(k, ((size_t)most + 1) * sizeof *s->member, &s->member));
    memset(s->slot, 0, size * sizeof *s->slot);
    return NULL;
}

static bool set_same(const struct set *s, int64_t member, const struct key *key, const void *data,
                     int64_t i)
{
    struct key k = s->key(s->data, s->member[member]);
    if (k.a != key->a || k.b != key->b)
        return false;
    return !s->strings || tstring_equal((const struct tstring *)s->data + s->member[member],
                                        (const struct tstring *)data + i);
}

enum { NO_SLOT = -1 };

/* The number of the member that equals element i of `data`, or -1; *at: the slot where it is or
 * would go: none for a NaN, which nobody will find. */
static int64_t set_find(const struct set *s, const void *data, int64_t i, int64_t *at)
{
    struct key key = s->key(data, i);
    *at = NO_SLOT;
    if (key.never)
        return -1;
    uint64_t h = (key.a ^ key.b * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    for (h ^= h >> 32; ; h++) {
        *at = (int64_t)(h & s->mask);
        if (!s->slot[*at])
            return -1;
        if (set_same(s, s->slot[*at] - 1, &key, data, i))
            return s->slot[*at] - 1;
    }
}

/* Element i of the set's own data becomes a member, if none is like it; its number. */
static int64_t set_add(struct set *s, int64_t i)
{
    int64_t at, found = set_find(s, s->data, i, &at);
    if (found >= 0)
        return found;
    s->member[s->n] = i;
    if (at != NO_SLOT)
        s->slot[at] = s->n + 1;
    return s->n++;
}

/* ---- Unique, UniqueWithCounts, ListDiff ---- */

struct unique { key_fn *key; enum dtype index; };

static struct status *unique_prepare(struct prep *p)
{
    struct unique *u;
    TRY(prep_state(p, sizeof *u, &u));
    u->key = keys[node_attr_type(p->node, "T")];
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

static void index_set(struct tensor *t, int64_t i, int64_t v)
{
    if (t->dtype == DT_INT32)
        ((int32_t *)t->data)[i] = (int32_t)v;
    else
        ((int64_t *)t->data)[i] = v;
}

/* Elements of x by their numbers. */
static struct status *take(struct kernel *k, const struct tensor *x, const int64_t *which,
                           int64_t n)
{
    TRY(kernel_new(k, 0, x->dtype, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++)
        TRY(tensor_copy_elements(kernel_out(k, 0), i, x, which[i], 1));
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

static struct status *unique_any(struct kernel *k)
{
    const struct unique *u = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct set s;
    ENSURE(x->shape.rank == 1, "unique expects a 1D vector.");
    ENSURE(x->shape.dim[0] <= INT32_MAX, "unique does not support input tensors larger than %d "
           "elements", INT32_MAX);
    TRY(set_new(k, u->key, x, &s));
    TRY(kernel_new(k, 1, u->index, &x->shape));
    for (int64_t i = 0; i < x->shape.dim[0]; i++)
        index_set(kernel_out(k, 1), i, set_add(&s, i));
    TRY(take(k, x, s.member, s.n));
    return k->node->n_out > 2 ? unique_counts(k, s.n) : NULL;
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
    TRY(set_new(k, u->key, y, &s));
    for (int64_t i = 0; i < y->shape.dim[0]; i++)
        set_add(&s, i);
    TRY(kernel_temp(k, ((size_t)x->shape.dim[0] + 1) * sizeof *left, &left));
    for (int64_t i = 0; i < x->shape.dim[0]; i++)
        if (set_find(&s, x->data, i, &at) < 0)
            left[n++] = i;
    TRY(kernel_new(k, 1, u->index, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++)
        index_set(kernel_out(k, 1), i, left[i]);
    return take(k, x, left, n);
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
