/* inplace.c - memory as such: Empty, DeepCopy, and tensors with some of their rows changed where
 * they lie, if nobody else looks at them (InplaceUpdate, InplaceAdd, InplaceSub). */
#include "ops/array.h"

#include "ops/nd.h"

/* ---- Empty, DeepCopy ---- */

static struct status *empty(struct kernel *k)
{
    const struct tensor *size = kernel_in(k, 0);
    struct shape s;
    ENSURE(size->shape.rank == 1, "shape must be a vector of int32, got shape %s",
           SHAPE_STR(&size->shape));
    TRY(array_read_shape(size, &s));
    TRY(kernel_new(k, 0, node_attr_type(k->node, "dtype"), &s));
    if (node_attr(k->node, "init"))
        array_zero(kernel_out(k, 0));
    return NULL;
}

static struct status *deep_copy(struct kernel *k)
{
    return tensor_copy(kernel_out(k, 0), k->env->buffers, kernel_in(k, 0));
}

/* ---- rows changed ---- */

static struct status *rows_fit(const struct shape *x, const struct shape *i,
                               const struct shape *v)
{
    ENSURE(i->rank == 1, "i must be a vector. %s", SHAPE_STR(i));
    ENSURE(x->rank == v->rank, "x and v shape doesn't match (ranks differ): %s vs. %s",
           SHAPE_STR(x), SHAPE_STR(v));
    ENSURE(x->rank > 0, "x must be at least a vector. %s", SHAPE_STR(x));
    for (int d = 1; d < x->rank; d++)
        ENSURE(x->dim[d] == v->dim[d], "x and v shape doesn't match at index %d : %s vs. %s", d,
               SHAPE_STR(x), SHAPE_STR(v));
    ENSURE(i->dim[0] == v->dim[0], "i and x shape doesn't match at index 0: %s vs. %s",
           SHAPE_STR(i), SHAPE_STR(v));
    ENSURE(!shape_count(v) || x->dim[0] > 0, "x has no rows to be changed: %s", SHAPE_STR(x));
    return NULL;
}

/* Rows are counted round and round, in both directions. */
static struct status *rows_change(struct kernel *k, scatter_fn *fn)
{
    const struct tensor *i = kernel_in(k, 1), *v = kernel_in(k, 2);
    const struct shape x = kernel_in(k, 0)->shape;
    TRY(rows_fit(&x, &i->shape, &v->shape));
    TRY(array_own(k, 0, 0));
    if (!tensor_count(v))
        return NULL;
    int64_t width = shape_span(&x, 1, x.rank);
    for (int64_t row = 0; row < i->shape.dim[0]; row++) {
        int64_t to = index_at(i, row) % x.dim[0];
        to = to < 0 ? to + x.dim[0] : to;
        TRY(fn(kernel_out(k, 0), to * width, v, row * width, width));
    }
    return NULL;
}

static struct status *inplace_update(struct kernel *k)
{
    return rows_change(k, tensor_copy_elements);
}

static struct status *inplace_add_prepare(struct prep *p)
{
    p->state = &scatter_add[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *inplace_sub_prepare(struct prep *p)
{
    p->state = &scatter_sub[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *inplace_by(struct kernel *k)
{
    return rows_change(k, *(scatter_fn *const *)k->state);
}

#define CHANGED .inputs = "x: T, i: int32, v: T", .outputs = "y: T", .attrs = "T: type",        \
                .shape = shape_unchanged, .grad = NO_GRADIENT

const struct op ops_inplace[] = {
    { .name = "Empty", .inputs = "shape: int32", .outputs = "output: dtype",
      .attrs = "dtype: type; init: bool = false",
      .doc = "A tensor whose elements are whatever was in its memory, or 0 where init asks for it.",
      .shape = shape_from_input, .grad = NO_GRADIENT, .kernel_any = empty, .flags = OP_STATEFUL },
    { .name = "DeepCopy", .inputs = "x: T", .outputs = "y: T", .attrs = "T: type",
      .doc = "The input in memory of its own.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .kernel_any = deep_copy,
      .flags = OP_STATEFUL },
    { .name = "InplaceUpdate", CHANGED, .doc = "x with rows i replaced by those of v.",
      .note = "Whoever else reads x keeps what it was.",
      .kernel_any = inplace_update },
    { .name = "InplaceAdd", CHANGED, .doc = "x with the rows of v added to its rows i.",
      .note = "Whoever else reads x keeps what it was.",
      .prepare = inplace_add_prepare, .kernel_any = inplace_by },
    { .name = "InplaceSub", CHANGED, .doc = "x with the rows of v subtracted from its rows i.",
      .note = "Whoever else reads x keeps what it was.",
      .prepare = inplace_sub_prepare, .kernel_any = inplace_by },
    { 0 }
};
