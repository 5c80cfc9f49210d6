/* tensor_list.c - lists of tensors, an element at a time: made, pushed to and popped from, read and
 * set. Many elements at once: tensor_list_many.c. */
#include "ops/tensor_list.h"

#include "ops/array.h"

/* ---- scalars that say which, or how many ---- */

static struct status *scalar_in(const struct kernel *k, int i, const char *what, int64_t *v)
{
    const struct tensor *t = kernel_in(k, i);
    ENSURE(t->shape.rank == 0, "%s must be a scalar, but has shape %s", what, SHAPE_STR(&t->shape));
    *v = *(const int32_t *)t->data;
    return NULL;
}

static struct status *index_in(const struct kernel *k, const struct tensor_list *l, int64_t *at)
{
    TRY(scalar_in(k, 1, "index", at));
    ENSURE(*at >= 0 && *at < l->n, "Trying to access element %lld in a list with %lld elements.",
           (long long)*at, (long long)l->n);
    return NULL;
}

static struct status *list_shape(struct shape_ctx *c)           /* of one list comes one */
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return shape_scalar(c);
}

/* ---- EmptyTensorList, TensorListReserve ---- */

static struct status *made_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(element_shape_of(c, 0, &s));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_scalar(c);
}

static struct status *make(struct kernel *k, int64_t n, int64_t most)
{
    struct tensor_list *l;
    struct shape s;
    TRY(element_shape_in(k, 0, &s));
    TRY(tensor_list_new(tensor_list_dtype(k), &s, n, &l));
    l->most = most;
    return tensor_list_give(k, 0, l);
}

static struct status *empty_run(struct kernel *k)
{
    int64_t most;
    ENSURE(kernel_in(k, 1)->shape.rank == 0, "max_num_elements expected to be a scalar but got "
           "shape: %s", SHAPE_STR(&kernel_in(k, 1)->shape));
    TRY(scalar_in(k, 1, "max_num_elements", &most));
    return make(k, 0, most);
}

static struct status *reserve_run(struct kernel *k)
{
    int64_t n;
    TRY(scalar_in(k, 1, "num_elements", &n));
    ENSURE(n >= 0, "The num_elements to reserve must be a non negative number, but got %lld",
           (long long)n);
    return make(k, n, -1);
}

/* ---- TensorListLength, TensorListElementShape ---- */

static struct status *length_run(struct kernel *k)
{
    const struct tensor_list *l;
    TRY(tensor_list_in(k, 0, DT_INVALID, &l));
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)l->n;
    return NULL;
}

static struct status *told_shape(struct shape_ctx *c)
{
    return shape_want_rank(shape_in(c, 0), 0);
}

static struct status *told_prepare(struct prep *p)
{
    return prep_type(p, "shape_type");
}

static struct status *told_run(struct kernel *k)
{
    const struct tensor_list *l;
    enum dtype t = *(const enum dtype *)k->state;
    TRY(tensor_list_in(k, 0, DT_INVALID, &l));
    TRY(kernel_new(k, 0, t, l->shape.rank < 0 ? &SHAPE_SCALAR : &SHAPE(l->shape.rank)));
    if (l->shape.rank < 0)
        index_set(kernel_out(k, 0), 0, -1);
    for (int d = 0; d < l->shape.rank; d++)
        index_set(kernel_out(k, 0), d, l->shape.dim[d]);
    return NULL;
}

/* ---- TensorListPushBack, TensorListPushBackBatch ---- */

static struct status *check_push(const struct tensor_list *l, const struct shape *s)
{
    ENSURE(shape_accepts(&l->shape, s), "Tried to append a tensor with incompatible shape to a "
           "list. Op element shape: %s list shape: %s", SHAPE_STR(s), SHAPE_STR(&l->shape));
    ENSURE(l->most < 0 || l->n < l->most, "Tried to push item into a full list. list size: %lld "
           "max_num_elements: %lld", (long long)l->n, (long long)l->most);
    return NULL;
}

/* Takes the value over. */
static struct status *push(struct tensor_list *l, struct tensor value)
{
    struct status *st = tensor_list_resize(l, l->n + 1);
    if (st)
        tensor_unref(&value);
    else
        tensor_list_put(l, l->n - 1, value);
    return st;
}

static struct status *push_run(struct kernel *k)
{
    const struct tensor_list *l;
    struct tensor_list *own;
    struct tensor value;
    TRY(tensor_list_in(k, 0, tensor_list_dtype(k), &l));
    TRY(check_push(l, &kernel_in(k, 1)->shape));
    TRY(tensor_list_own(k, 0, 0, &own));
    TRY(kernel_keep(k, 1, &value));
    return push(own, value);
}

static struct status *batch_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = *shape_in(c, 0);
    return shape_want_rank_at_least(shape_in(c, 1), 1);
}

/* List i of a batch with row i of the tensor behind it. */
static struct status *push_row(struct kernel *k, int64_t i, const struct tensor *whole)
{
    struct variant *const *lists = kernel_in(k, 0)->data;
    struct tensor row = array_rows(whole, i, -1);
    const struct tensor_list *l;
    struct tensor_list *own;
    struct status *st = tensor_list_of(lists[i], tensor_list_dtype(k), &l);
    if (!st)
        st = check_push(l, &row.shape);
    if (!st)
        st = tensor_list_copy(l, &own);
    if (st) {
        tensor_unref(&row);
        return st;
    }
    ((struct variant **)kernel_out(k, 0)->data)[i] = &own->base;
    return push(own, row);
}

static struct status *push_batch_run(struct kernel *k)
{
    const struct tensor *lists = kernel_in(k, 0);
    struct tensor whole;
    ENSURE(kernel_in(k, 1)->shape.rank > 0, "Input tensor must be at least a vector, but has shape "
           "%s", SHAPE_STR(&kernel_in(k, 1)->shape));
    ENSURE(lists->shape.rank == 1 && lists->shape.dim[0] == kernel_in(k, 1)->shape.dim[0],
           "Batch dimensions of input_handles and tensor must match: %s and %s",
           SHAPE_STR(&lists->shape), SHAPE_STR(&kernel_in(k, 1)->shape));
    TRY(kernel_new(k, 0, DT_VARIANT, &lists->shape));
    TRY(kernel_keep(k, 1, &whole));
    struct status *st = NULL;
    for (int64_t i = 0; i < lists->shape.dim[0] && !st; i++)
        st = push_row(k, i, &whole);
    tensor_unref(&whole);
    return st;
}

/* ---- TensorListPopBack ---- */

static struct status *pop_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    *shape_out(c, 0) = SHAPE_SCALAR;
    return element_shape_of(c, 1, shape_out(c, 1));
}

static struct status *pop_run(struct kernel *k)
{
    const struct tensor_list *l;
    struct tensor_list *own;
    struct shape s;
    TRY(tensor_list_in(k, 0, tensor_list_dtype(k), &l));
    ENSURE(l->n > 0, "Trying to pop from an empty list.");
    TRY(element_shape_in(k, 1, &s));
    TRY(tensor_list_read(k, l, l->n - 1, &s, kernel_out(k, 1)));
    TRY(tensor_list_own(k, 0, 0, &own));
    return tensor_list_resize(own, own->n - 1);
}

/* ---- TensorListGetItem, TensorListSetItem ---- */

static struct status *get_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return element_shape_of(c, 2, shape_out(c, 0));
}

static struct status *get_run(struct kernel *k)
{
    const struct tensor_list *l;
    struct shape s;
    int64_t at;
    TRY(tensor_list_in(k, 0, tensor_list_dtype(k), &l));
    TRY(index_in(k, l, &at));
    TRY(element_shape_in(k, 2, &s));
    return tensor_list_read(k, l, at, &s, kernel_out(k, 0));
}

static struct status *set_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return list_shape(c);
}

struct setting { enum dtype dtype; bool resizes; };

static struct status *set_prepare(struct prep *p)
{
    struct setting *s;
    TRY(prep_state(p, sizeof *s, &s));
    *s = (struct setting){ node_attr_type(p->node, "element_dtype"),
                           node_attr(p->node, "resize_if_index_out_of_bounds") };
    return NULL;
}

static struct status *set_index(const struct kernel *k, const struct tensor_list *l, int64_t *at)
{
    const struct setting *s = k->state;
    TRY(scalar_in(k, 1, "index", at));
    ENSURE(*at >= 0 && (*at < l->n || s->resizes),
           "Trying to modify element %lld in a list with %lld elements.", (long long)*at,
           (long long)l->n);
    return NULL;
}

static struct status *set_run(struct kernel *k)
{
    const struct tensor_list *l;
    struct tensor_list *own;
    struct tensor value;
    const struct shape *s = &kernel_in(k, 2)->shape;
    int64_t at;
    TRY(tensor_list_in(k, 0, ((const struct setting *)k->state)->dtype, &l));
    TRY(set_index(k, l, &at));
    ENSURE(shape_accepts(&l->shape, s), "Tried to set a tensor with incompatible shape at a list "
           "index. Item element shape: %s list shape: %s", SHAPE_STR(s), SHAPE_STR(&l->shape));
    TRY(tensor_list_own(k, 0, 0, &own));
    if (at >= own->n)
        TRY(tensor_list_resize(own, at + 1));
    TRY(kernel_keep(k, 2, &value));
    tensor_list_put(own, at, value);
    return NULL;
}

/* ---- TensorListResize, TensorListConcatLists ---- */

static struct status *resize_run(struct kernel *k)
{
    struct tensor_list *own;
    int64_t n;
    TRY(scalar_in(k, 1, "size", &n));
    ENSURE(n >= 0, "TensorListSlice expects size to be non-negative. Got: %lld", (long long)n);
    TRY(tensor_list_own(k, 0, 0, &own));
    return tensor_list_resize(own, n);
}

static struct status *two_lists_shape(struct shape_ctx *c)
{
    return shape_merge(shape_in(c, 0), shape_in(c, 1), shape_out(c, 0));
}

static struct status *join_run(struct kernel *k)
{
    const struct tensor_list *a, *b;
    struct tensor_list *own;
    struct shape both;
    TRY(tensor_list_in(k, 0, tensor_list_dtype(k), &a));
    TRY(tensor_list_in(k, 1, tensor_list_dtype(k), &b));
    TRY(status_prefix(shape_merge(&a->shape, &b->shape, &both), "input_list_a and input_list_b "
                      "have incompatible element shapes: "));
    TRY(tensor_list_own(k, 0, 0, &own));
    int64_t at = own->n, n = b->n;
    TRY(tensor_list_resize(own, at + n));
    for (int64_t i = 0; i < n; i++)
        own->element[at + i] = tensor_ref(&b->element[i]);
    own->shape = both;
    return NULL;
}

/* ---- gradients ---- */

static struct out element_shape_like(struct grad *g, struct out x)
{
    return grad_shape_of(g, x, DT_INT32);
}

static void push_grad(struct grad *g)
{
    struct out popped = grad_add(g, "TensorListPopBack",
                                 OUTS(g->dy[0], element_shape_like(g, g->x[1])),
                                 ATTRS(attr_type("element_dtype", out_dtype(g->x[1]))));
    g->dx[0] = popped;
    g->dx[1] = popped.node ? out_at(popped, 1) : popped;
}

static void pop_grad(struct grad *g)
{
    struct attr t = attr_type("element_dtype", out_dtype(g->y[1]));
    g->dx[0] = grad_add(g, "TensorListPushBack", OUTS(g->dy[0], g->dy[1]), &t, 1);
}

/* A list that holds what came back for the element and nothing else. */
static void get_grad(struct grad *g)
{
    struct attr t = attr_type("element_dtype", out_dtype(g->y[0]));
    struct out n = grad_list_length(g, g->x[0]);
    struct out list = grad_add(g, "TensorListReserve", OUTS(grad_element_shape(g, g->x[0]), n),
                               &t, 1);
    g->dx[0] = grad_add(g, "TensorListSetItem", OUTS(list, g->x[1], g->dy[0]), &t, 1);
}

static void set_grad(struct grad *g)
{
    struct attr t = attr_type("element_dtype", out_dtype(g->x[2]));
    g->dx[0] = grad_add(g, "TensorListSetItem",
                        OUTS(g->dy[0], g->x[1], grad1(g, "ZerosLike", g->x[2])), &t, 1);
    g->dx[2] = grad_add(g, "TensorListGetItem",
                        OUTS(g->dy[0], g->x[1], element_shape_like(g, g->x[2])), &t, 1);
}

static void resize_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "TensorListResize", g->dy[0], grad_list_length(g, g->x[0]));
}

#define OF_DTYPE "element_dtype: type"
#define SHAPE_TYPE "shape_type: {int32, int64}"
#define LIST_IN "input_handle: variant"
#define LIST_OUT .outputs = "output_handle: variant"

const struct op ops_tensor_list[] = {
    { .name = "EmptyTensorList", .inputs = "element_shape: shape_type, max_num_elements: int32",
      .outputs = "handle: variant", .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "A list of tensors without any.", .shape = made_shape, .grad = NOT_DIFFERENTIABLE,
      .prepare = tensor_list_prepare, .kernel_any = empty_run },
    { .name = "TensorListReserve", .inputs = "element_shape: shape_type, num_elements: int32",
      .outputs = "handle: variant", .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "A list of tensors whose elements are still to be set.", .shape = made_shape,
      .grad = NOT_DIFFERENTIABLE, .prepare = tensor_list_prepare, .kernel_any = reserve_run },
    { .name = "TensorListLength", .inputs = LIST_IN, .outputs = "length: int32",
      .doc = "How many elements a list has.", .shape = list_shape, .grad = NOT_DIFFERENTIABLE,
      .kernel_any = length_run },
    { .name = "TensorListElementShape", .inputs = LIST_IN, .outputs = "element_shape: shape_type",
      .attrs = SHAPE_TYPE, .doc = "What is known of the shape of a list's elements, -1 for what is "
                                  "not.",
      .shape = told_shape, .grad = NOT_DIFFERENTIABLE, .prepare = told_prepare,
      .kernel_any = told_run },
    { .name = "TensorListPushBack", .inputs = LIST_IN ", tensor: element_dtype", LIST_OUT,
      .attrs = OF_DTYPE, .doc = "A list with one more tensor at its end.", .shape = list_shape,
      .grad = push_grad, .prepare = tensor_list_prepare, .kernel_any = push_run },
    { .name = "TensorListPushBackBatch",
      .inputs = "input_handles: variant, tensor: element_dtype",
      .outputs = "output_handles: variant", .attrs = OF_DTYPE,
      .doc = "Lists with one more tensor each, the rows of one.", .shape = batch_shape,
      .grad = NOT_DIFFERENTIABLE, .prepare = tensor_list_prepare, .kernel_any = push_batch_run },
    { .name = "TensorListPopBack", .inputs = LIST_IN ", element_shape: int32",
      .outputs = "output_handle: variant, tensor: element_dtype", .attrs = OF_DTYPE,
      .doc = "A list without its last tensor, and that.", .shape = pop_shape, .grad = pop_grad,
      .prepare = tensor_list_prepare, .kernel_any = pop_run },
    { .name = "TensorListGetItem", .inputs = LIST_IN ", index: int32, element_shape: int32",
      .outputs = "item: element_dtype", .attrs = OF_DTYPE, .doc = "The tensor at an index.",
      .shape = get_shape, .grad = get_grad, .prepare = tensor_list_prepare,
      .kernel_any = get_run },
    { .name = "TensorListSetItem", .inputs = LIST_IN ", index: int32, item: element_dtype",
      LIST_OUT, .attrs = OF_DTYPE "; resize_if_index_out_of_bounds: bool = false",
      .doc = "A list with another tensor at an index.", .shape = set_shape, .grad = set_grad,
      .prepare = set_prepare, .kernel_any = set_run },
    { .name = "TensorListResize", .inputs = LIST_IN ", size: int32", LIST_OUT,
      .doc = "A list cut off, or made longer by elements that are still to be set.",
      .shape = set_shape, .grad = resize_grad, .kernel_any = resize_run },
    { .name = "TensorListConcatLists", .inputs = "input_a: variant, input_b: variant",
      .outputs = "output: variant", .attrs = OF_DTYPE,
      .doc = "The elements of one list, and then those of another.", .shape = two_lists_shape,
      .grad = NOT_DIFFERENTIABLE, .prepare = tensor_list_prepare, .kernel_any = join_run },
    { 0 }
};
