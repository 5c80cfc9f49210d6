/* tensor_list_store.c - lists of tensors themselves, and what all their ops do with them. */
#include "ops/tensor_list.h"

#include "base/mem.h"
#include "ops/array.h"
#include "ops/nd.h"

#include <string.h>

static void list_free(struct variant *v)
{
    struct tensor_list *l = (struct tensor_list *)v;
    for (int64_t i = 0; i < l->n; i++)
        if (l->element[i].buf)          /* the others may not even be memory yet */
            tensor_unref(&l->element[i]);
    mem_free(l->element);
    mem_free(l);
}

static const struct variant_kind LIST = { "list of tensors", list_free };

/* ---- one list ---- */

struct status *tensor_list_new(enum dtype dtype, const struct shape *s, int64_t n,
                               struct tensor_list **result)
{
    struct tensor_list *l = mem_new(struct tensor_list);
    NEED(l);
    *l = (struct tensor_list){ .dtype = dtype, .shape = *s, .most = -1 };
    variant_init(&l->base, &LIST);
    struct status *st = tensor_list_resize(l, n);
    if (st)
        variant_unref(&l->base);
    else
        *result = l;
    return st;
}

/* What is behind the elements is zeroed: empty ones need not touch it, however many there are. */
static struct status *make_room(struct tensor_list *l, int64_t n)
{
    int64_t room = n > 2 * l->room ? n : 2 * l->room;
    if (n <= l->room)
        return NULL;
    struct tensor *more = mem_array(struct tensor, room);
    NEED(more);
    if (l->n)
        memcpy(more, l->element, sizeof *more * (size_t)l->n);
    mem_free(l->element);
    l->element = more;
    l->room = room;
    return NULL;
}

struct status *tensor_list_resize(struct tensor_list *l, int64_t n)
{
    TRY(make_room(l, n));
    for (int64_t i = n; i < l->n; i++)
        tensor_unref(&l->element[i]);
    l->n = n;
    return NULL;
}

struct status *tensor_list_copy(const struct tensor_list *from, struct tensor_list **to)
{
    struct tensor_list *l;
    TRY(tensor_list_new(from->dtype, &from->shape, 0, &l));
    l->most = from->most;
    struct status *st = make_room(l, from->n + from->n / 2 + 4);
    if (st) {
        variant_unref(&l->base);
        return st;
    }
    for (; l->n < from->n; l->n++)
        l->element[l->n] = tensor_ref(&from->element[l->n]);
    *to = l;
    return NULL;
}

void tensor_list_put(struct tensor_list *l, int64_t i, struct tensor value)
{
    tensor_unref(&l->element[i]);
    l->element[i] = value;
}

/* ---- inputs and outputs ---- */

struct status *tensor_list_of(const struct variant *v, enum dtype dtype,
                              const struct tensor_list **l)
{
    ENSURE(v && v->kind == &LIST, "Input handle is not a list. Saw: '%s'",
           v ? v->kind->name : "<empty>");
    *l = (const struct tensor_list *)v;
    ENSURE(!dtype || (*l)->dtype == dtype, "Invalid data types; op elements %s but list elements "
           "%s", dtype_name(dtype), dtype_name((*l)->dtype));
    return NULL;
}

struct status *tensor_list_in(const struct kernel *k, int i, enum dtype dtype,
                              const struct tensor_list **l)
{
    const struct tensor *x = kernel_in(k, i);
    ENSURE(x->shape.rank == 0, "Input list must be a scalar. Saw: %s", SHAPE_STR(&x->shape));
    return tensor_list_of(*(struct variant **)x->data, dtype, l);
}

struct status *tensor_list_give(struct kernel *k, int i, struct tensor_list *l)
{
    struct status *st = kernel_new(k, i, DT_VARIANT, &SHAPE_SCALAR);
    if (st)
        variant_unref(&l->base);
    else
        *(struct variant **)kernel_out(k, i)->data = &l->base;
    return st;
}

struct status *tensor_list_own(struct kernel *k, int i, int j, struct tensor_list **result)
{
    const struct tensor_list *l;
    TRY(tensor_list_in(k, j, DT_INVALID, &l));
    if (kernel_can_reuse(k, j, DT_VARIANT, &SHAPE_SCALAR) && variant_unique(&l->base)) {
        *result = (struct tensor_list *)l;
        kernel_forward(k, i, j);
        return NULL;
    }
    TRY(tensor_list_copy(l, result));
    return tensor_list_give(k, i, *result);
}

static struct status *zeros_of(struct kernel *k, enum dtype t, const struct shape *s,
                               struct tensor *value)
{
    TRY(tensor_new(value, k->env->buffers, t, s));
    array_zero(value);
    return NULL;
}

struct status *tensor_list_read(struct kernel *k, const struct tensor_list *l, int64_t i,
                                const struct shape *s, struct tensor *value)
{
    struct shape known;
    if (l->element[i].buf) {
        ENSURE(shape_accepts(s, &l->element[i].shape), "Incompatible shapes: element %lld of the "
               "list has shape %s, but %s was asked for", (long long)i,
               SHAPE_STR(&l->element[i].shape), SHAPE_STR(s));
        *value = tensor_ref(&l->element[i]);
        return NULL;
    }
    TRY(shape_merge(&l->shape, s, &known));
    ENSURE(shape_is_known(&known), "Trying to read an uninitialized element but element_shape is "
           "not fully defined: %s", SHAPE_STR(&known));
    return zeros_of(k, l->dtype, &known, value);
}

struct status *element_shape_in(const struct kernel *k, int i, struct shape *s)
{
    const struct tensor *t = kernel_in(k, i);
    *s = SHAPE_UNKNOWN;
    if (t->shape.rank == 0) {
        ENSURE(index_at(t, 0) == -1, "The only valid scalar shape tensor is the fully unknown "
               "shape specified as -1.");
        return NULL;
    }
    ENSURE(t->shape.rank == 1, "shape must be at most rank 1 but is rank %d", t->shape.rank);
    ENSURE(t->shape.dim[0] <= MAX_RANK, "An element of %lld dimensions: at most %d are supported",
           (long long)t->shape.dim[0], MAX_RANK);
    s->rank = (int)t->shape.dim[0];
    for (int d = 0; d < s->rank; d++) {
        s->dim[d] = index_at(t, d);
        ENSURE(s->dim[d] >= -1, "Dimension %d of an element shape is %lld", d,
               (long long)s->dim[d]);
    }
    return shape_check_size(s);
}

struct status *element_shape_of(struct shape_ctx *c, int i, struct shape *s)
{
    *s = SHAPE_UNKNOWN;
    return shape_in(c, i)->rank == 1 ? shape_in_shape(c, i, s) : NULL;
}

struct status *tensor_list_prepare(struct prep *p)
{
    return prep_type(p, "element_dtype");
}

/* ---- arithmetic of lists ---- */

/* An element that nobody put stays none. */
struct status *tensor_list_zeros(struct kernel *k)
{
    const struct tensor_list *x;
    struct tensor_list *z;
    TRY(tensor_list_in(k, 0, DT_INVALID, &x));
    TRY(tensor_list_new(x->dtype, &x->shape, x->n, &z));
    z->most = x->most;
    struct status *st = NULL;
    for (int64_t i = 0; i < x->n && !st; i++)
        if (x->element[i].buf)
            st = zeros_of(k, x->dtype, &x->element[i].shape, &z->element[i]);
    if (!st)
        return tensor_list_give(k, 0, z);
    variant_unref(&z->base);
    return st;
}

static struct status *check_summands(const struct tensor_list *a, const struct tensor_list *b)
{
    struct shape both;
    ENSURE(a->dtype == b->dtype, "Trying to add two lists of tensors of different dtypes. One is "
           "%s and the other is %s", dtype_name(a->dtype), dtype_name(b->dtype));
    ENSURE(a->n == b->n, "Trying to add two lists of tensors with different lengths. One is %lld "
           "and the other is %lld", (long long)a->n, (long long)b->n);
    struct status *st = shape_merge(&a->shape, &b->shape, &both);
    if (!st)
        return NULL;
    status_free(st);
    return status_new(INVALID_ARGUMENT, "Trying to add two lists of tensors with incompatible "
                      "element shapes. One is %s and the other is %s", SHAPE_STR(&a->shape),
                      SHAPE_STR(&b->shape));
}

/* Nobody but `sum` sees what is written. */
static struct status *add_element(struct kernel *k, struct tensor *sum, const struct tensor *x)
{
    struct tensor own;
    if (!x->buf)
        return NULL;
    if (!sum->buf) {
        *sum = tensor_ref(x);
        return NULL;
    }
    ENSURE(shape_equal(&sum->shape, &x->shape), "Trying to add elements of different shapes: %s "
           "and %s", SHAPE_STR(&sum->shape), SHAPE_STR(&x->shape));
    if (!tensor_unique(sum)) {
        TRY(tensor_copy(&own, k->env->buffers, sum));
        tensor_unref(sum);
        *sum = own;
    }
    return scatter_add[x->dtype](sum, 0, x, 0, tensor_count(x));
}

struct status *tensor_list_sum(struct kernel *k)
{
    const struct tensor_list *first, *x;
    struct tensor_list *sum;
    TRY(tensor_list_in(k, 0, DT_INVALID, &first));
    for (int i = 1; i < k->n_in; i++) {
        TRY(tensor_list_in(k, i, DT_INVALID, &x));
        TRY(check_summands(first, x));
    }
    TRY(tensor_list_own(k, 0, 0, &sum));
    for (int i = 1; i < k->n_in; i++) {
        TRY(tensor_list_in(k, i, DT_INVALID, &x));
        for (int64_t e = 0; e < sum->n; e++)
            TRY(add_element(k, &sum->element[e], &x->element[e]));
    }
    return NULL;
}

/* ---- gradients ---- */

struct out grad_element_shape(struct grad *g, struct out x)
{
    return grad_add(g, "TensorListElementShape", OUTS(x),
                    ATTRS(attr_type("shape_type", DT_INT32)));
}

struct out grad_list_length(struct grad *g, struct out x)
{
    return grad1(g, "TensorListLength", x);
}
