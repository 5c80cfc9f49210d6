/* sparse_serial.c - sparse tensors as three elements each, strings (TensorProtos) or, where they
 * stay in the process, variants that hold a tensor: SerializeSparse, SerializeManySparse (each row
 * of one), DeserializeSparse and DeserializeManySparse. */
#include "ops/parse.h"
#include "ops/sparse_parts.h"
#include "base/mem.h"
#include "tensor/tstring.h"
#include "tensor/variant.h"

/* ---- a tensor as an element ---- */

struct held { struct variant base; struct tensor tensor; };

static void held_free(struct variant *v)
{
    tensor_unref(&((struct held *)v)->tensor);
    mem_free(v);
}

static const struct variant_kind HELD = { "tensor", held_free };

static struct status *hold(const struct tensor *t, struct variant **to)
{
    struct held *held = mem_new(struct held);
    NEED(held);
    variant_init(&held->base, &HELD);
    held->tensor = tensor_ref(t);
    variant_unref(*to);
    *to = &held->base;
    return NULL;
}

/* Element `at` of a tensor of strings or variants becomes, or is, a tensor. */
static struct status *put_tensor(struct tensor *to, int64_t at, const struct tensor *t)
{
    if (to->dtype == DT_STRING)
        return text_of_tensor(t, (struct tstring *)to->data + at);
    return hold(t, (struct variant **)to->data + at);
}

static struct status *take_tensor(const struct tensor *from, int64_t at, struct tensor *t)
{
    if (from->dtype == DT_STRING)
        return tensor_of_text((const struct tstring *)from->data + at, t);
    const struct variant *v = ((struct variant **)from->data)[at];
    ENSURE(v && v->kind == &HELD, "Serialized sparse should hold tensors, but element %lld holds "
           "%s", (long long)at, v ? v->kind->name : "nothing");
    *t = tensor_ref(&((const struct held *)v)->tensor);
    return NULL;
}

/* ---- there ---- */

struct status *sparse_part_put(const struct sparse_part *p, struct tensor *to, int64_t at)
{
    TRY(put_tensor(to, at, &p->indices));
    TRY(put_tensor(to, at + 1, &p->values));
    return put_tensor(to, at + 2, &p->shape);
}

static struct status *serialize_prepare(struct prep *p)
{
    return prep_type(p, "out_type");
}

static struct status *serialize(struct kernel *k)
{
    struct sparse s;
    TRY(sparse_read(k, 0, &s));
    TRY(kernel_new(k, 0, *(const enum dtype *)k->state, &SHAPE(3)));
    struct sparse_part part = { *kernel_in(k, 0), *kernel_in(k, 1), *kernel_in(k, 2) };
    return sparse_part_put(&part, kernel_out(k, 0), 0);
}

static struct status *put_row(void *to, int64_t row, struct sparse_part p)
{
    struct status *st = sparse_part_put(&p, to, 3 * row);
    sparse_part_release(&p);
    return st;
}

static struct status *serialize_many(struct kernel *k)
{
    struct sparse s;
    TRY(sparse_rows_read(k, 0, &s));
    TRY(kernel_new(k, 0, *(const enum dtype *)k->state, &SHAPE(s.shape.dim[0], 3)));
    TRY(sparse_each_row(&s, false, put_row, kernel_out(k, 0)));
    return sparse_each_row(&s, true, put_row, kernel_out(k, 0));
}

static struct status *serialize_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE(3);
    return NULL;
}

static struct status *serialize_many_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE(-1, 3);
    return NULL;
}

/* ---- and back ---- */

static struct status *type_prepare(struct prep *p)
{
    return prep_type(p, "dtype");
}

static struct status *take_parts(const struct tensor *x, int64_t n, struct sparse_part *part)
{
    for (int64_t i = 0; i < n; i++) {
        TRY(take_tensor(x, 3 * i, &part[i].indices));
        TRY(take_tensor(x, 3 * i + 1, &part[i].values));
        TRY(take_tensor(x, 3 * i + 2, &part[i].shape));
    }
    return NULL;
}

static struct status *deserialize(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape outer = x->shape;
    ENSURE(outer.rank > 0, "Serialized sparse should have non-zero rank %s", SHAPE_STR(&outer));
    ENSURE(outer.dim[outer.rank - 1] == 3, "Serialized sparse should have 3 as the last dimension "
           "%s", SHAPE_STR(&outer));
    outer.rank--;
    int64_t n = shape_count(&outer);
    ENSURE(n > 0, "Serialized sparse should have at least 1 serialized tensor, but has a zero "
           "dimension %s", SHAPE_STR(&x->shape));
    struct sparse_part *part = mem_array(struct sparse_part, n);
    NEED(part);
    struct status *st = take_parts(x, n, part);
    if (!st)
        st = sparse_stack(k, part, n, &outer, *(const enum dtype *)k->state);
    for (int64_t i = 0; i < n; i++)
        sparse_part_release(&part[i]);
    mem_free(part);
    return st;
}

static struct status *put_shapes(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(-1, -1);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(-1);
    return NULL;
}

static struct status *deserialize_shape(struct shape_ctx *c)
{
    const struct shape *s = shape_in(c, 0);
    int64_t three;
    TRY(shape_want_rank_at_least(s, 1));
    if (s->rank > 0)
        TRY(dim_merge(s->dim[s->rank - 1], 3, &three));
    return put_shapes(c);
}

static struct status *deserialize_many_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_merge(shape_in(c, 0), &SHAPE(-1, 3), &s));
    return put_shapes(c);
}

#define IN "sparse_indices: int64, sparse_values: T, sparse_shape: int64"
#define OUT "sparse_indices: int64, sparse_values: dtype, sparse_shape: int64"
#define EITHER "{string, variant} = string"

const struct op ops_sparse_serial[] = {
    { .name = "SerializeSparse", .inputs = IN, .outputs = "serialized_sparse: out_type",
      .attrs = "T: type; out_type: " EITHER,
      .doc = "A sparse tensor as three serialized tensors.",
      .shape = serialize_shape, .grad = NO_GRADIENT, .prepare = serialize_prepare,
      .kernel_any = serialize },
    { .name = "SerializeManySparse", .inputs = IN, .outputs = "serialized_sparse: out_type",
      .attrs = "T: type; out_type: " EITHER,
      .doc = "Each row of a sparse tensor as three serialized tensors.",
      .shape = serialize_many_shape, .grad = NO_GRADIENT, .prepare = serialize_prepare,
      .kernel_any = serialize_many },
    { .name = "DeserializeSparse", .inputs = "serialized_sparse: Tserialized", .outputs = OUT,
      .attrs = "dtype: type; Tserialized: " EITHER,
      .doc = "The sparse tensors that SerializeSparse wrote, stacked to one.",
      .shape = deserialize_shape, .grad = NO_GRADIENT, .prepare = type_prepare,
      .kernel_any = deserialize },
    { .name = "DeserializeManySparse", .inputs = "serialized_sparse: string", .outputs = OUT,
      .attrs = "dtype: type",
      .doc = "The rows that SerializeManySparse wrote, as one sparse tensor again.",
      .shape = deserialize_many_shape, .grad = NO_GRADIENT, .prepare = type_prepare,
      .kernel_any = deserialize },
    { 0 }
};
