/* tensor_list_many.c - many elements of a list of tensors at once, put together (TensorListStack,
 * TensorListGather, TensorListConcat, TensorListConcatV2) and taken apart (TensorListFromTensor,
 * TensorListScatter and its kin, TensorListSplit). What is put together is copied once, what is
 * taken apart is shared. */
#include "ops/tensor_list.h"

#include "ops/array.h"

/* ---- what is put together ---- */

static void give_back(struct tensor *value, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        tensor_unref(&value[i]);
}

/* Elements at these indices (NULL: all); references, n of them, or none on failure. */
static struct status *take(struct kernel *k, const struct tensor_list *l, const int32_t *index,
                           int64_t n, const struct shape *s, struct tensor **value)
{
    struct status *st = NULL;
    int64_t taken = 0;
    TRY(kernel_temp(k, sizeof **value * (size_t)(n + 1), value));
    for (; taken < n && !st; taken++)
        st = tensor_list_read(k, l, index ? index[taken] : taken, s, *value + taken);
    if (st)
        give_back(*value, taken - 1);
    return st;
}

/* One behind the other in output 0, which has shape s. */
static struct status *join(struct kernel *k, const struct tensor *value, int64_t n, enum dtype t,
                           const struct shape *s)
{
    int64_t at = 0;
    TRY(kernel_new(k, 0, t, s));
    for (int64_t i = 0; i < n; i++)
        TRY(array_append(k, kernel_out(k, 0), &at, &value[i]));
    return NULL;
}

/* One element says for all that were never set what they are zeros of. */
static struct status *settle_shape(const struct tensor_list *l, const int32_t *index, int64_t n,
                                   struct shape *s)
{
    TRY(shape_merge(s, &l->shape, s));
    for (int64_t i = 0; i < n && !shape_is_known(s); i++) {
        const struct tensor *e = &l->element[index ? index[i] : i];
        if (e->buf)
            TRY(shape_merge(s, &e->shape, s));
    }
    ENSURE(n || shape_is_known(s), "Tried to stack elements of an empty list with "
           "non-fully-defined element_shape: %s", SHAPE_STR(s));
    ENSURE(shape_is_known(s), "Tried to stack list which only contains uninitialized tensors and "
           "has a non-fully-defined element_shape: %s", SHAPE_STR(s));
    return NULL;
}

static struct status *stack(struct kernel *k, const struct tensor_list *l, const int32_t *index,
                            int64_t n, struct shape *s)
{
    struct tensor *value;
    struct shape all;
    TRY(settle_shape(l, index, n, s));
    TRY(shape_with_rows(n, s, 0, &all));
    TRY(take(k, l, index, n, s, &value));
    struct status *st = join(k, value, n, l->dtype, &all);
    give_back(value, n);
    return st;
}

/* ---- TensorListStack ---- */

struct stacking { enum dtype dtype; int64_t n; };

static struct status *stack_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(element_shape_of(c, 1, &s));
    return s.rank < 0 ? NULL : shape_with_rows(node_attr(c->node, "num_elements"), &s, 0,
                                               shape_out(c, 0));
}

static struct status *stack_prepare(struct prep *p)
{
    struct stacking *s;
    TRY(prep_state(p, sizeof *s, &s));
    *s = (struct stacking){ node_attr_type(p->node, "element_dtype"),
                            node_attr(p->node, "num_elements") };
    return NULL;
}

static struct status *stack_run(struct kernel *k)
{
    const struct stacking *q = k->state;
    const struct tensor_list *l;
    struct shape s;
    TRY(tensor_list_in(k, 0, q->dtype, &l));
    TRY(element_shape_in(k, 1, &s));
    ENSURE(q->n < 0 || l->n == q->n, "Operation expected a list with %lld elements but got a list "
           "with %lld elements.", (long long)q->n, (long long)l->n);
    return stack(k, l, NULL, l->n, &s);
}

/* ---- TensorListGather ---- */

static struct status *gather_shape(struct shape_ctx *c)
{
    const struct shape *indices = shape_in(c, 1);
    struct shape s;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(indices, 1));
    TRY(element_shape_of(c, 2, &s));
    return s.rank < 0 ? NULL : shape_with_rows(indices->rank < 0 ? -1 : indices->dim[0], &s, 0,
                                               shape_out(c, 0));
}

static struct status *want_indices(const struct tensor *indices)
{
    ENSURE(indices->shape.rank == 1, "Expected indices to be a vector, but received shape: %s",
           SHAPE_STR(&indices->shape));
    return NULL;
}

static struct status *gather_run(struct kernel *k)
{
    const struct tensor *indices = kernel_in(k, 1);
    const struct tensor_list *l;
    struct shape s;
    TRY(tensor_list_in(k, 0, tensor_list_dtype(k), &l));
    TRY(want_indices(indices));
    TRY(element_shape_in(k, 2, &s));
    const int32_t *index = indices->data;
    for (int64_t i = 0; i < tensor_count(indices); i++)
        ENSURE(index[i] >= 0 && index[i] < l->n, "Index %d out o range; list only has %lld "
               "elements.", index[i], (long long)l->n);
    return stack(k, l, index, tensor_count(indices), &s);
}

/* ---- TensorListConcat, TensorListConcatV2 ---- */

struct joining { enum dtype dtype; struct shape shape; bool told; };

static struct status *concat_shape(struct shape_ctx *c)
{
    struct shape s = SHAPE_UNKNOWN;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    if (c->n_in > 1)
        TRY(element_shape_of(c, 1, &s));
    else if (node_attr_shape(c->node, "element_shape"))
        s = *node_attr_shape(c->node, "element_shape");
    *shape_out(c, 1) = SHAPE(-1);
    return s.rank > 0 ? shape_with_rows(-1, &s, 1, shape_out(c, 0)) : NULL;
}

static struct status *concat_prepare(struct prep *p)
{
    struct joining *j;
    TRY(prep_state(p, sizeof *j, &j));
    *j = (struct joining){ node_attr_type(p->node, "element_dtype"), SHAPE_UNKNOWN,
                           p->node->n_in > 1 };
    if (!j->told && node_attr_shape(p->node, "element_shape"))
        j->shape = *node_attr_shape(p->node, "element_shape");
    return NULL;
}

/* What elements are behind their first dimension. */
static struct status *row_shape(const struct tensor_list *l, struct shape *s)
{
    TRY(shape_merge(s, &l->shape, s));
    for (int64_t i = 0; i < l->n; i++) {
        const struct tensor *e = &l->element[i];
        if (!e->buf)
            continue;
        ENSURE(e->shape.rank > 0, "Concat requires elements to be at least vectors, found scalar "
               "instead.");
        struct shape rest = e->shape;
        rest.dim[0] = s->rank > 0 ? s->dim[0] : -1;
        TRY(status_prefix(shape_merge(s, &rest, s), "Tried to concat tensors with unequal "
                          "shapes: "));
    }
    ENSURE(s->rank != 0, "Concat requires elements to be at least vectors, found scalar instead.");
    struct shape row = s->rank > 0 ? shape_of_row(s) : SHAPE_UNKNOWN;
    ENSURE(shape_is_known(&row), "All except the first dimension must be fully defined when "
           "concating an empty tensor list. element_shape: %s", SHAPE_STR(s));
    return NULL;
}

/* Elements that were never set are zeros of as many rows as the op says. */
static struct status *rows_of(const struct kernel *k, const struct tensor_list *l, int64_t i,
                              const struct shape *s, int64_t *rows)
{
    const struct joining *j = k->state;
    const struct tensor *leading = j->told ? kernel_in(k, 2) : NULL;
    *rows = l->element[i].buf ? l->element[i].shape.dim[0] : s->dim[0];
    if (!l->element[i].buf && leading && i < tensor_count(leading))
        *rows = ((const int64_t *)leading->data)[i];
    ENSURE(*rows >= 0, "Concating lists with uninitialized tensors is not supported when their "
           "first dimension is not known: element %lld", (long long)i);
    return NULL;
}

static struct status *take_rows(struct kernel *k, const struct tensor_list *l,
                                const struct shape *s, struct tensor *value, int64_t *rows)
{
    int64_t *length = kernel_out(k, 1)->data;
    *rows = 0;
    for (int64_t i = 0; i < l->n; i++) {
        struct shape own = *s;
        TRY(rows_of(k, l, i, s, &own.dim[0]));
        TRY(tensor_list_read(k, l, i, &own, &value[i]));
        length[i] = own.dim[0];
        *rows += own.dim[0];
    }
    return NULL;
}

static struct status *concat_run(struct kernel *k)
{
    const struct joining *j = k->state;
    const struct tensor_list *l;
    struct tensor *value;
    struct shape s = j->shape, all;
    int64_t rows;
    TRY(tensor_list_in(k, 0, j->dtype, &l));
    if (j->told)
        TRY(element_shape_in(k, 1, &s));
    TRY(row_shape(l, &s));
    TRY(kernel_temp(k, sizeof *value * (size_t)(l->n + 1), &value));
    for (int64_t i = 0; i < l->n; i++)
        value[i].buf = NULL;
    TRY(kernel_new(k, 1, DT_INT64, &SHAPE(l->n)));
    struct status *st = take_rows(k, l, &s, value, &rows);
    if (!st)
        st = shape_with_rows(rows, &s, 1, &all);
    if (!st)
        st = join(k, value, l->n, j->dtype, &all);
    give_back(value, l->n);
    return st;
}

/* ---- what is taken apart ---- */

static struct status *apart_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    TRY(element_shape_of(c, c->n_in - 1, &s));
    return shape_scalar(c);
}

/* The tensor is a vector at least, whose rows are as the list wants them. */
static struct status *want_rows(const struct tensor *x, const struct shape *s)
{
    ENSURE(x->shape.rank > 0, "Tensor must be at least a vector, but saw shape: %s",
           SHAPE_STR(&x->shape));
    struct shape row = shape_of_row(&x->shape);
    ENSURE(shape_accepts(s, &row), "Specified a list with shape %s from a tensor with shape %s",
           SHAPE_STR(s), SHAPE_STR(&row));
    return NULL;
}

/* ---- TensorListFromTensor ---- */

static struct status *from_run(struct kernel *k)
{
    struct tensor_list *l;
    struct tensor whole;
    struct shape s;
    TRY(element_shape_in(k, 1, &s));
    TRY(want_rows(kernel_in(k, 0), &s));
    TRY(tensor_list_new(kernel_in(k, 0)->dtype, &s, kernel_in(k, 0)->shape.dim[0], &l));
    struct status *st = kernel_keep(k, 0, &whole);
    if (st) {
        variant_unref(&l->base);
        return st;
    }
    for (int64_t i = 0; i < l->n; i++)
        l->element[i] = array_rows(&whole, i, -1);
    tensor_unref(&whole);
    return tensor_list_give(k, 0, l);
}

/* ---- TensorListScatter, TensorListScatterV2, TensorListScatterIntoExistingList ---- */

static struct status *scatter_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    TRY(element_shape_of(c, 2, &s));
    return shape_scalar(c);
}

static struct status *into_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank_at_least(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    return shape_scalar(c);
}

/* How long a list these indices need; n < 0: any. */
static struct status *check_indices(const struct tensor *x, const struct tensor *indices,
                                    int64_t *n)
{
    const int32_t *index = indices->data;
    int64_t need = 0;
    TRY(want_indices(indices));
    ENSURE(indices->shape.dim[0] == x->shape.dim[0], "Invalid number of rows in input tensor. "
           "Expected: %lld Actual: %lld", (long long)indices->shape.dim[0],
           (long long)x->shape.dim[0]);
    for (int64_t i = 0; i < tensor_count(indices); i++) {
        ENSURE(index[i] >= 0, "Indices in TensorListScatter must all be non-negative.");
        need = index[i] >= need ? index[i] + (int64_t)1 : need;
    }
    ENSURE(*n < 0 || need <= *n, "TensorListScatter: Trying to scatter at index %lld in list with "
           "size %lld", (long long)need - 1, (long long)*n);
    *n = *n < 0 ? need : *n;
    return NULL;
}

/* The rows of input x, one for each of the indices. */
static struct status *put_rows(struct kernel *k, int x, const struct tensor *indices,
                               struct tensor_list *l)
{
    const int32_t *index = indices->data;
    struct tensor whole;
    TRY(kernel_keep(k, x, &whole));
    for (int64_t i = 0; i < tensor_count(indices); i++)
        tensor_list_put(l, index[i], array_rows(&whole, i, -1));
    tensor_unref(&whole);
    return NULL;
}

static struct status *scatter(struct kernel *k, int64_t n)
{
    const struct tensor *x = kernel_in(k, 0), *indices = kernel_in(k, 1);
    struct tensor_list *l;
    struct shape s;
    TRY(element_shape_in(k, 2, &s));
    TRY(want_rows(x, &s));
    TRY(check_indices(x, indices, &n));
    TRY(tensor_list_new(x->dtype, &s, n, &l));
    struct status *st = put_rows(k, 0, indices, l);
    if (!st)
        return tensor_list_give(k, 0, l);
    variant_unref(&l->base);
    return st;
}

static struct status *scatter_run(struct kernel *k)
{
    return scatter(k, -1);
}

static struct status *scatter_v2_run(struct kernel *k)
{
    const struct tensor *n = kernel_in(k, 3);
    ENSURE(n->shape.rank == 0, "num_elements must be a scalar, but has shape %s",
           SHAPE_STR(&n->shape));
    int32_t size = *(const int32_t *)n->data;
    ENSURE(size >= -1, "TensorListScatter expects num_elements >= -1, found: %d", size);
    return scatter(k, size);
}

/* The list becomes as long as it must. */
static struct status *scatter_into_run(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 1), *indices = kernel_in(k, 2);
    const struct tensor_list *l;
    struct tensor_list *own;
    int64_t n = -1;
    TRY(tensor_list_in(k, 0, x->dtype, &l));
    TRY(want_rows(x, &l->shape));
    TRY(check_indices(x, indices, &n));
    TRY(tensor_list_own(k, 0, 0, &own));
    if (n > own->n)
        TRY(tensor_list_resize(own, n));
    return put_rows(k, 1, indices, own);
}

/* ---- TensorListSplit ---- */

static struct status *split_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    TRY(element_shape_of(c, 1, &s));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    return shape_scalar(c);
}

static struct status *split_check(const struct tensor *x, const struct tensor *lengths,
                                  const struct shape *s)
{
    const int64_t *length = lengths->data;
    int64_t rows = x->shape.rank > 0 ? x->shape.dim[0] : 0, used = 0;
    ENSURE(lengths->shape.rank == 1, "Expected lengths to be a vector, received shape: %s",
           SHAPE_STR(&lengths->shape));
    ENSURE(x->shape.rank > 0, "Tensor must be at least a vector, but saw shape: %s",
           SHAPE_STR(&x->shape));
    for (int64_t i = 0; i < tensor_count(lengths); i++) {
        struct shape part = x->shape;
        ENSURE(length[i] >= 0, "Invalid value in lengths: %lld", (long long)length[i]);
        ENSURE(length[i] <= rows - used, "Attempting to slice [%lld, %lld) of a tensor with %lld "
               "rows", (long long)used, (long long)(used + length[i]), (long long)rows);
        part.dim[0] = length[i];
        ENSURE(shape_accepts(s, &part), "tensor shape %s is not compatible with element_shape %s",
               SHAPE_STR(&part), SHAPE_STR(s));
        used += length[i];
    }
    ENSURE(used == rows, "Unused values in tensor. Length of tensor: %lld Values used: %lld",
           (long long)rows, (long long)used);
    return NULL;
}

static struct status *split_run(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *lengths = kernel_in(k, 2);
    struct tensor_list *l;
    struct tensor whole;
    struct shape s;
    TRY(element_shape_in(k, 1, &s));
    TRY(split_check(x, lengths, &s));
    TRY(tensor_list_new(x->dtype, &s, tensor_count(lengths), &l));
    struct status *st = kernel_keep(k, 0, &whole);
    if (st) {
        variant_unref(&l->base);
        return st;
    }
    for (int64_t i = 0, at = 0; i < l->n; at += ((const int64_t *)lengths->data)[i++])
        l->element[i] = array_rows(&whole, at, ((const int64_t *)lengths->data)[i]);
    tensor_unref(&whole);
    return tensor_list_give(k, 0, l);
}

/* ---- gradients: each is another one, the other way ---- */

static struct attr element_dtype(struct out o)
{
    return attr_type("element_dtype", out_dtype(o));
}

/* The shape of a row of x, as a vector. */
static struct out row_shape_of(struct grad *g, struct out x)
{
    struct out shape = grad_shape_of(g, x, DT_INT32);
    struct out begin = grad_named_vector(g, "Slice/begin", DT_INT32, (int64_t[]){ 1 }, 1);
    struct out size = grad_named_vector(g, "Slice/size", DT_INT32, (int64_t[]){ -1 }, 1);
    return grad_add(g, "Slice", OUTS(shape, begin, size), NULL, 0);
}

static void stack_grad(struct grad *g)
{
    const struct shape *s = out_shape(g->dy[0]);
    struct attr t = element_dtype(g->y[0]);
    struct shape row = s->rank > 0 ? shape_of_row(s) : SHAPE_UNKNOWN;
    struct out shape = row.rank < 0 ? grad_scalar(g, DT_INT32, -1)
                                    : grad_vector(g, DT_INT32, row.dim, row.rank);
    g->dx[0] = grad_add(g, "TensorListFromTensor", OUTS(g->dy[0], shape), &t, 1);
}

static void from_grad(struct grad *g)
{
    const struct shape *s = out_shape(g->x[0]);
    struct attr t = element_dtype(g->x[0]);
    struct attr n = attr_int("num_elements", s->rank > 0 ? s->dim[0] : -1);
    g->dx[0] = grad_add(g, "TensorListStack", OUTS(g->dy[0], row_shape_of(g, g->x[0])),
                        ATTRS(t, n));
}

static void gather_grad(struct grad *g)
{
    struct attr t = element_dtype(g->y[0]);
    struct out shape = grad_element_shape(g, g->x[0]), n = grad_list_length(g, g->x[0]);
    g->dx[0] = grad_add(g, "TensorListScatterV2", OUTS(g->dy[0], g->x[1], shape, n), &t, 1);
}

static void scatter_grad(struct grad *g)
{
    struct attr t = element_dtype(g->x[0]);
    g->dx[0] = grad_add(g, "TensorListGather",
                        OUTS(g->dy[0], g->x[1], row_shape_of(g, g->x[0])), &t, 1);
}

static void scatter_into_grad(struct grad *g)
{
    struct attr t = element_dtype(g->x[1]);
    struct out zeros = grad1(g, "ZerosLike", g->x[1]);
    g->dx[0] = grad_add(g, "TensorListScatterIntoExistingList", OUTS(g->dy[0], zeros, g->x[2]),
                        &t, 1);
    g->dx[1] = grad_add(g, "TensorListGather",
                        OUTS(g->dy[0], g->x[2], row_shape_of(g, g->x[1])), &t, 1);
}

static void concat_grad(struct grad *g)
{
    struct attr t = element_dtype(g->y[0]);
    g->dx[0] = grad_add(g, "TensorListSplit", OUTS(g->dy[0], grad_element_shape(g, g->x[0]),
                                                   out_at(g->y[0], 1)), &t, 1);
}

/* Of any number of rows. */
static void split_grad(struct grad *g)
{
    struct attr t = element_dtype(g->x[0]);
    struct out any = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out shape = grad_concat(g, (struct out[]){ any, row_shape_of(g, g->x[0]) }, 2,
                                   grad_scalar(g, DT_INT32, 0));
    g->dx[0] = grad_add(g, "TensorListConcatV2", OUTS(g->dy[0], shape, g->x[2]), &t, 1);
}

#define OF_DTYPE "element_dtype: type"
#define SHAPE_TYPE "shape_type: {int32, int64}"
#define LIST_OUT .outputs = "output_handle: variant"

const struct op ops_tensor_list_many[] = {
    { .name = "TensorListStack", .inputs = "input_handle: variant, element_shape: int32",
      .outputs = "tensor: element_dtype", .attrs = OF_DTYPE "; num_elements: int = -1",
      .doc = "All tensors of a list, stacked along a new first dimension.", .shape = stack_shape,
      .grad = stack_grad, .prepare = stack_prepare, .kernel_any = stack_run },
    { .name = "TensorListGather",
      .inputs = "input_handle: variant, indices: int32, element_shape: int32",
      .outputs = "values: element_dtype", .attrs = OF_DTYPE,
      .doc = "The tensors at these indices of a list, stacked along a new first dimension.",
      .shape = gather_shape, .grad = gather_grad, .prepare = tensor_list_prepare,
      .kernel_any = gather_run },
    { .name = "TensorListConcat", .inputs = "input_handle: variant",
      .outputs = "tensor: element_dtype, lengths: int64",
      .attrs = OF_DTYPE "; element_shape: shape = ?",
      .doc = "All tensors of a list, joined along their first dimension, and how long each is "
             "there.",
      .shape = concat_shape, .grad = concat_grad, .prepare = concat_prepare,
      .kernel_any = concat_run },
    { .name = "TensorListConcatV2",
      .inputs = "input_handle: variant, element_shape: shape_type, leading_dims: int64",
      .outputs = "tensor: element_dtype, lengths: int64", .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "TensorListConcat, where it is said how long those are that were never set.",
      .shape = concat_shape, .grad = concat_grad, .prepare = concat_prepare,
      .kernel_any = concat_run },
    { .name = "TensorListFromTensor", .inputs = "tensor: element_dtype, element_shape: shape_type",
      LIST_OUT, .attrs = OF_DTYPE "; " SHAPE_TYPE, .doc = "A list of the rows of a tensor.",
      .shape = apart_shape, .grad = from_grad, .kernel_any = from_run },
    { .name = "TensorListScatter",
      .inputs = "tensor: element_dtype, indices: int32, element_shape: shape_type", LIST_OUT,
      .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "A list that has the rows of a tensor at these indices.", .shape = scatter_shape,
      .grad = scatter_grad, .kernel_any = scatter_run },
    { .name = "TensorListScatterV2",
      .inputs = "tensor: element_dtype, indices: int32, element_shape: shape_type, "
                "num_elements: int32",
      LIST_OUT, .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "A list of so many elements that has the rows of a tensor at these indices.",
      .shape = scatter_shape, .grad = scatter_grad, .kernel_any = scatter_v2_run },
    { .name = "TensorListScatterIntoExistingList",
      .inputs = "input_handle: variant, tensor: element_dtype, indices: int32", LIST_OUT,
      .attrs = OF_DTYPE, .doc = "A list with the rows of a tensor at these indices.",
      .shape = into_shape, .grad = scatter_into_grad, .kernel_any = scatter_into_run },
    { .name = "TensorListSplit",
      .inputs = "tensor: element_dtype, element_shape: shape_type, lengths: int64", LIST_OUT,
      .attrs = OF_DTYPE "; " SHAPE_TYPE,
      .doc = "A list of the parts of a tensor, cut along its first dimension.",
      .shape = split_shape, .grad = split_grad, .kernel_any = split_run },
    { 0 }
};
