/* tensor_array_many.c - many elements of an array of tensors at once: those at indices as one
 * tensor (TensorArrayGatherV3) and back (TensorArrayScatterV3), all of them one behind the other
 * (TensorArrayConcatV3) and back (TensorArraySplitV3). What is put together is copied once; what is
 * taken apart is shared. */
#include "ops/tensor_array.h"

#include "ops/array.h"

/* ---- taking elements out ---- */

static void give_back(struct tensor_part *value, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        buffer_unref(value[i].buf);
}

/* Elements at these indices (NULL: the first n); references, n of them, or none on failure. */
static struct status *take(struct kernel *k, struct tensor_array *a, const int32_t *index,
                           int64_t n, struct tensor_part **value)
{
    struct status *st = NULL;
    int64_t taken = 0;
    TRY(kernel_temp(k, sizeof **value * (size_t)(n + 1), value));
    for (; taken < n && !st; taken++)
        st = tensor_array_get(a, index ? index[taken] : taken, k->env->buffers, *value + taken);
    if (st)
        give_back(*value, taken - 1);
    return st;
}

/* One behind the other in output 0, which has shape s. */
static struct status *join(struct kernel *k, const struct tensor_array *a,
                           const struct tensor_part *value, int64_t n, const struct shape *s)
{
    int64_t at = 0;
    TRY(kernel_new(k, 0, a->dtype, s));
    for (int64_t i = 0; i < n; i++) {
        struct tensor part = tensor_of(a, &value[i]);
        TRY(array_append(k, kernel_out(k, 0), &at, &part));
    }
    return NULL;
}

/* ---- TensorArrayGatherV3 ---- */

struct joining { enum dtype dtype; struct shape shape; };

static struct status *joining_prepare(struct prep *p, const char *attr)
{
    struct joining *j;
    const struct shape *s = node_attr_shape(p->node, attr);
    TRY(prep_state(p, sizeof *j, &j));
    *j = (struct joining){ node_attr_type(p->node, "dtype"), s ? *s : SHAPE_UNKNOWN };
    return NULL;
}

static struct status *gather_prepare(struct prep *p)
{
    return joining_prepare(p, "element_shape");
}

static struct status *gather_shape(struct shape_ctx *c)
{
    const struct shape *declared = node_attr_shape(c->node, "element_shape");
    struct shape s = tensor_array_shape_in(c->node);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (declared)
        TRY(shape_merge(&s, declared, &s));
    if (s.rank >= 0)
        return shape_with_rows(shape_in(c, 1)->rank == 1 ? shape_in(c, 1)->dim[0] : -1, &s, 0,
                               shape_out(c, 0));
    return NULL;
}

static struct status *check_alike(const struct tensor_part *value, int64_t n,
                                  const struct shape *want)
{
    ENSURE(shape_accepts(want, value->shape), "TensorArray was passed element_shape %s which does "
           "not match the Tensor at index 0: %s", SHAPE_STR(want), SHAPE_STR(value->shape));
    for (int64_t i = 1; i < n; i++)
        ENSURE(value[i].shape == value->shape || shape_equal(value[i].shape, value->shape),
               "TensorArray has inconsistent shapes.  Index 0 has shape: %s but index %lld has "
               "shape: %s", SHAPE_STR(value->shape), (long long)i, SHAPE_STR(value[i].shape));
    return NULL;
}

static struct status *stack(struct kernel *k, const struct tensor_array *a,
                            const struct tensor_part *value, int64_t n,
                            const struct shape *element)
{
    struct shape s;
    if (n)
        TRY(check_alike(value, n, element));
    else
        ENSURE(shape_is_known(element), "TensorArray has size zero, but element shape %s is not "
               "fully defined. Currently only static shapes are supported when packing zero-size "
               "TensorArrays.", SHAPE_STR(element));
    TRY(shape_with_rows(n, n ? value->shape : element, 0, &s));
    return join(k, a, value, n, &s);
}

/* What the op knows of the elements, the array knows from now on. */
static struct status *gather_locked(struct kernel *k, struct tensor_array *a,
                                    struct tensor_part **value, struct shape *element)
{
    const struct joining *j = k->state;
    const struct tensor *indices = kernel_in(k, 1);
    TRY(tensor_array_check_open(a));
    TRY(tensor_array_narrow(a, &j->shape));
    *element = a->shape;
    return take(k, a, indices->data, tensor_count(indices), value);
}

static struct status *gather_run(struct kernel *k)
{
    const struct joining *j = k->state;
    const struct tensor *indices = kernel_in(k, 1);
    struct tensor_array *a;
    struct tensor_part *value;
    struct shape element;
    TRY(tensor_array_in(k, &a));
    ENSURE(indices->shape.rank == 1, "Expected indices to be a vector, but received shape: %s",
           SHAPE_STR(&indices->shape));
    TRY(tensor_array_want_read(a, j->dtype));
    pthread_mutex_lock(&a->lock);
    struct status *st = gather_locked(k, a, &value, &element);
    pthread_mutex_unlock(&a->lock);
    TRY(st);
    int64_t n = tensor_count(indices);
    st = stack(k, a, value, n, &element);
    give_back(value, n);
    return st;
}

/* ---- TensorArrayConcatV3 ---- */

static struct status *concat_prepare(struct prep *p)
{
    return joining_prepare(p, "element_shape_except0");
}

static struct status *concat_shape(struct shape_ctx *c)
{
    const struct shape *rest = node_attr_shape(c->node, "element_shape_except0");
    TRY(shape_want_rank(shape_in(c, 1), 0));
    *shape_out(c, 1) = SHAPE(-1);
    return rest && rest->rank >= 0 ? shape_with_rows(-1, rest, 0, shape_out(c, 0)) : NULL;
}

static struct status *check_rows(const struct tensor_part *value, int64_t n,
                                 const struct shape *want)
{
    struct shape first = { 0 }, rest;
    for (int64_t i = 0; i < n; i++) {
        ENSURE(value[i].shape->rank > 0, "Concat saw a scalar shape at index %lld but requires at "
               "least vectors.  Did you mean to call pack?", (long long)i);
        rest = shape_of_row(value[i].shape);
        first = i ? first : rest;
        ENSURE(shape_accepts(want, &rest), "TensorArray was passed element_shape_except0 %s but "
               "index %lld has (excepting dimension 0) shape: %s which does not match.",
               SHAPE_STR(want), (long long)i, SHAPE_STR(&rest));
        ENSURE(shape_equal(&first, &rest), "TensorArray has inconsistent shapes.  Index 0 has "
               "(excepting dimension 0) shape: %s but index %lld has (excepting dimension 0) "
               "shape: %s", SHAPE_STR(&first), (long long)i, SHAPE_STR(&rest));
    }
    return NULL;
}

static struct status *concat(struct kernel *k, const struct tensor_array *a,
                             const struct tensor_part *value, int64_t n)
{
    const struct joining *j = k->state;
    struct shape rest = j->shape, all;
    int64_t rows = 0;
    TRY(check_rows(value, n, &j->shape));
    ENSURE(n || shape_is_known(&j->shape), "TensorArray has size zero, but element_shape_except0 "
           "%s is not fully defined. Currently only static shapes are supported when concatenating "
           "zero-size TensorArrays.", SHAPE_STR(&j->shape));
    TRY(kernel_new(k, 1, DT_INT64, &SHAPE(n)));
    for (int64_t i = 0; i < n; i++)
        rows += ((int64_t *)kernel_out(k, 1)->data)[i] = value[i].shape->dim[0];
    if (n)
        rest = shape_of_row(value->shape);
    TRY(shape_with_rows(rows, &rest, 0, &all));
    return join(k, a, value, n, &all);
}

static struct status *concat_run(struct kernel *k)
{
    const struct joining *j = k->state;
    struct tensor_array *a;
    struct tensor_part *value;
    TRY(tensor_array_in(k, &a));
    TRY(tensor_array_want_read(a, j->dtype));
    pthread_mutex_lock(&a->lock);
    int64_t n = a->n;
    struct status *st = tensor_array_check_open(a);
    if (!st)
        st = take(k, a, NULL, n, &value);
    pthread_mutex_unlock(&a->lock);
    TRY(st);
    st = concat(k, a, value, n);
    give_back(value, n);
    return st;
}

/* ---- putting parts of a tensor in ---- */

/* Input `i`, which the array may share parts of, is locked away in it by `put`. */
static struct status *share(struct kernel *k, struct tensor_array *a, int i,
                            struct status *put(struct kernel *k, struct tensor_array *a,
                                               const struct tensor *whole))
{
    struct tensor whole;
    TRY(kernel_keep(k, i, &whole));
    pthread_mutex_lock(&a->lock);
    struct status *st = put(k, a, &whole);
    pthread_mutex_unlock(&a->lock);
    tensor_unref(&whole);
    return st;
}

/* ---- TensorArrayScatterV3 ---- */

static struct status *scatter_shape(struct shape_ctx *c)
{
    struct shape s = tensor_array_shape_in(c->node), rest;
    const struct shape *value = shape_in(c, 2);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 3), 0));
    if (value->rank > 0) {
        rest = shape_of_row(value);
        TRY(shape_merge(&s, &rest, &s));
    }
    return shape_scalar(c);
}

static struct status *scatter_check(const struct tensor *indices, const struct tensor *value)
{
    ENSURE(indices->shape.rank == 1, "Expected indices to be a vector, but received shape: %s",
           SHAPE_STR(&indices->shape));
    ENSURE(value->shape.rank > 0, "Input value for unpack must be at least a vector but received "
           "shape: %s", SHAPE_STR(&value->shape));
    ENSURE(indices->shape.dim[0] == value->shape.dim[0], "Expected len(indices) == "
           "values.shape[0], but saw: %lld vs. %lld", (long long)indices->shape.dim[0],
           (long long)value->shape.dim[0]);
    return NULL;
}

static struct status *scatter(struct kernel *k, struct tensor_array *a, const struct tensor *whole)
{
    const int32_t *index = kernel_in(k, 1)->data;
    int64_t n = whole->shape.dim[0];
    int64_t most = -1;
    for (int64_t i = 0; i < n; i++)
        most = index[i] > most ? index[i] : most;
    ENSURE(a->dynamic || most < a->n, "Max scatter index must be < array size (%lld vs. %lld)",
           (long long)most, (long long)a->n);
    for (int64_t i = 0; i < n; i++)
        TRY(tensor_array_put(a, index[i], array_rows(whole, i, -1), k->env->buffers));
    return tensor_array_check_open(a);
}

static struct status *scatter_run(struct kernel *k)
{
    struct tensor_array *a;
    TRY(tensor_array_in(k, &a));
    TRY(scatter_check(kernel_in(k, 1), kernel_in(k, 2)));
    TRY(tensor_array_want_write(a, kernel_in(k, 2)->dtype));
    TRY(share(k, a, 2, scatter));
    kernel_forward(k, 0, 3);
    return NULL;
}

/* ---- TensorArraySplitV3 ---- */

static struct status *split_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 2), 1));
    TRY(shape_want_rank(shape_in(c, 3), 0));
    return shape_scalar(c);
}

static struct status *split_check(const struct tensor *value, const struct tensor *lengths)
{
    const int64_t *length = lengths->data;
    int64_t sum = 0;
    ENSURE(value->shape.rank > 0, "Expected value to be at least a vector, but received shape: %s",
           SHAPE_STR(&value->shape));
    ENSURE(lengths->shape.rank == 1, "Expected lengths to be a vector, received shape: %s",
           SHAPE_STR(&lengths->shape));
    ENSURE(lengths->shape.dim[0] <= INT32_MAX, "Expected lengths to have < max int32 entries");
    for (int64_t i = 0; i < lengths->shape.dim[0]; i++)
        ENSURE(length[i] >= 0 && !__builtin_add_overflow(sum, length[i], &sum),
               "Expected lengths that are not negative, but lengths[%lld] is %lld", (long long)i,
               (long long)length[i]);
    ENSURE(sum == value->shape.dim[0], "Expected sum of lengths to be equal to values.shape[0], "
           "but sum of lengths is %lld and value's shape is: %s ", (long long)sum,
           SHAPE_STR(&value->shape));
    return NULL;
}

static struct status *split(struct kernel *k, struct tensor_array *a, const struct tensor *whole)
{
    const struct tensor *lengths = kernel_in(k, 2);
    const int64_t *length = lengths->data;
    int64_t n = lengths->shape.dim[0], at = 0;
    TRY(tensor_array_check_open(a));
    ENSURE(a->dynamic || a->n == n, "TensorArray's size is not equal to the size of lengths (%lld "
           "vs. %lld), and the TensorArray is not marked as dynamically resizeable",
           (long long)a->n, (long long)n);
    for (int64_t i = 0; i < n; at += length[i++])
        TRY(tensor_array_put(a, i, array_rows(whole, at, length[i]), k->env->buffers));
    return NULL;
}

static struct status *split_run(struct kernel *k)
{
    struct tensor_array *a;
    TRY(tensor_array_in(k, &a));
    TRY(tensor_array_want_write(a, kernel_in(k, 1)->dtype));
    TRY(split_check(kernel_in(k, 1), kernel_in(k, 2)));
    TRY(share(k, a, 1, split));
    kernel_forward(k, 0, 3);
    return NULL;
}

/* ---- gradients: each is the other one on the array of the gradients ---- */

static void gather_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->x[2]);
    g->dx[2] = grad_add_named(g, "TensorArrayScatterV3",
                              "TensorArrayScatter/TensorArrayScatterV3",
                              OUTS(a.handle, g->x[1], g->dy[0], a.flow), NULL, 0);
}

static void scatter_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->dy[0]);
    g->dx[2] = grad_add(g, "TensorArrayGatherV3", OUTS(a.handle, g->x[1], a.flow),
                        ATTRS(attr_type("dtype", out_dtype(g->x[2]))));
    g->dx[3] = g->dy[0];
}

static void concat_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->x[1]);
    g->dx[1] = grad_add_named(g, "TensorArraySplitV3", "TensorArraySplit/TensorArraySplitV3",
                              OUTS(a.handle, g->dy[0], out_at(g->y[0], 1), a.flow), NULL, 0);
}

static void split_grad(struct grad *g)
{
    struct tensor_array_node a = grad_tensor_array(g, g->dy[0], g->dy[0]);
    g->dx[1] = grad_add(g, "TensorArrayConcatV3", OUTS(a.handle, a.flow),
                        ATTRS(attr_type("dtype", out_dtype(g->x[1]))));
    g->dx[3] = g->dy[0];
}

#define HANDLE "handle: resource"

const struct op ops_tensor_array_many[] = {
    { .name = "TensorArrayGatherV3", .inputs = HANDLE ", indices: int32, flow_in: float",
      .outputs = "value: dtype", .attrs = "dtype: type; element_shape: shape = ?",
      .doc = "The tensors at these indices of an array, stacked along a new first dimension.",
      .shape = gather_shape, .grad = gather_grad, .prepare = gather_prepare,
      .kernel_any = gather_run, .flags = OP_STATEFUL },
    { .name = "TensorArrayScatterV3",
      .inputs = HANDLE ", indices: int32, value: T, flow_in: float", .outputs = "flow_out: float",
      .attrs = "T: type", .doc = "Puts the rows of a tensor at these indices of an array.",
      .shape = scatter_shape, .grad = scatter_grad, .kernel_any = scatter_run,
      .flags = OP_STATEFUL },
    { .name = "TensorArrayConcatV3", .inputs = HANDLE ", flow_in: float",
      .outputs = "value: dtype, lengths: int64",
      .attrs = "dtype: type; element_shape_except0: shape = ?",
      .doc = "All tensors of an array, joined along their first dimension, and how long each is "
             "there.",
      .shape = concat_shape, .grad = concat_grad, .prepare = concat_prepare,
      .kernel_any = concat_run, .flags = OP_STATEFUL },
    { .name = "TensorArraySplitV3",
      .inputs = HANDLE ", value: T, lengths: int64, flow_in: float", .outputs = "flow_out: float",
      .attrs = "T: type",
      .doc = "Cuts a tensor along its first dimension and puts the parts into an array.",
      .shape = split_shape, .grad = split_grad, .kernel_any = split_run, .flags = OP_STATEFUL },
    { 0 }
};
