/* slice.c - parts of tensors, and tensors as parts: Slice, StridedSlice, StridedSliceGrad,
 * StridedSliceAssign, Pad, PadV2. */
#include "ops/strided.h"
#include "ops/variable.h"

#include <string.h>

/* ---- Slice ---- */

static struct status *slice_static_dim(int64_t dim, int64_t begin, int64_t size, int64_t *taken)
{
    *taken = size;
    if (size < 0)
        *taken = dim < 0 || begin < 0 ? -1 : dim - begin;
    ENSURE(dim < 0 || begin < 0 || begin <= dim, "Negative dimension size caused by subtracting "
           "%lld from %lld: slice begins outside", (long long)begin, (long long)dim);
    ENSURE(dim < 0 || begin < 0 || size < 0 || size <= dim - begin, "Expected size in [0, %lld], "
           "but got %lld", (long long)(dim - begin), (long long)size);
    return NULL;
}

/* A -1 among known sizes takes what is left; one that is merely unknown says nothing. */
static struct status *slice_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct tensor *sizes = shape_in_value(c, 2);
    struct shape begin, size, *out = shape_out(c, 0);
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 1));
    TRY(shape_in_shape(c, 1, &begin));
    TRY(shape_in_shape(c, 2, &size));
    int rank = in->rank >= 0 ? in->rank : begin.rank >= 0 ? begin.rank : size.rank;
    if (rank < 0)
        return NULL;
    ENSURE((begin.rank < 0 || begin.rank == rank) && (size.rank < 0 || size.rank == rank),
           "Expected begin and size arguments to be 1-D tensors of size %d, but got shapes %s and "
           "%s instead.", rank, SHAPE_STR(shape_in(c, 1)), SHAPE_STR(shape_in(c, 2)));
    *out = size.rank < 0 ? shape_of_rank(rank) : size;
    for (int i = 0; sizes && i < rank; i++)
        TRY(slice_static_dim(in->rank < 0 ? -1 : in->dim[i], begin.rank < 0 ? -1 : begin.dim[i],
                             size.dim[i], &out->dim[i]));
    return NULL;
}

static bool slice_partial(struct shape_ctx *c, struct shape *value)
{
    const struct tensor *begin = shape_in_value(c, 1), *size = shape_in_value(c, 2);
    struct shape v;
    if (!begin || !size || shape_in(c, 0)->rank != 1 || !partial_in(c, 0, &v) ||
        tensor_count(begin) != 1 || tensor_count(size) != 1)
        return false;
    int64_t at = index_at(begin, 0), n = index_at(size, 0);
    if (at < 0 || at > v.rank || n < -1 || n > v.rank - at)
        return false;
    value->rank = (int)(n < 0 ? v.rank - at : n);
    memcpy(value->dim, v.dim + at, (size_t)value->rank * sizeof *v.dim);
    return true;
}

static struct status *slice_dim(int i, int64_t dim, int64_t begin, int64_t *size)
{
    if (dim == 0) {
        ENSURE(begin == 0 && (*size == 0 || *size == -1), "Expected begin[%d] == 0 (got %lld) and "
               "size[%d] == 0 (got %lld) when input.dim_size(%d) == 0", i, (long long)begin, i,
               (long long)*size, i);
        *size = 0;
        return NULL;
    }
    ENSURE(begin >= 0 && begin <= dim, "Expected begin[%d] in [0, %lld], but got %lld", i,
           (long long)dim, (long long)begin);
    if (*size == -1)
        *size = dim - begin;
    ENSURE(*size >= 0 && *size <= dim - begin, "Expected size[%d] in [0, %lld], but got %lld", i,
           (long long)(dim - begin), (long long)*size);
    return NULL;
}

static struct status *slice_resolve(const struct tensor *x, const struct tensor *begin,
                                    const struct tensor *size, struct strided *s)
{
    int rank = x->shape.rank;
    ENSURE(begin->shape.rank == 1 && size->shape.rank == 1 && begin->shape.dim[0] == rank &&
           size->shape.dim[0] == rank, "Expected begin and size arguments to be 1-D tensors of "
           "size %d, but got shapes %s and %s instead.", rank, SHAPE_STR(&begin->shape),
           SHAPE_STR(&size->shape));
    s->rank = s->out.rank = rank;
    for (int i = 0; i < rank; i++) {
        s->begin[i] = index_at(begin, i);
        s->count[i] = index_at(size, i);
        s->stride[i] = 1;
        TRY(slice_dim(i, x->shape.dim[i], s->begin[i], &s->count[i]));
        s->out.dim[i] = s->count[i];
    }
    return NULL;
}

/* Are the elements taken neighbours? Then all dimensions inside the first of which more than one
 * is taken are taken whole. */
static bool slice_is_run(const struct strided *s, const struct shape *in)
{
    int i = 0;
    while (i < s->rank && s->count[i] == 1)
        i++;
    if (i < s->rank && s->stride[i] != 1)
        return false;
    for (i++; i < s->rank; i++)
        if (s->count[i] != in->dim[i] || (s->stride[i] != 1 && s->count[i] > 1))
            return false;
    return true;
}

static struct status *slice_take(struct kernel *k, const struct strided *s)
{
    const struct tensor *x = kernel_in(k, 0);
    struct layout l;
    int64_t at;
    if (shape_count(&s->out) == 0)
        return kernel_new(k, 0, x->dtype, &s->out);
    strided_layout(s, &x->shape, false, &l, &at);
    if (slice_is_run(s, &x->shape))
        return array_part(k, 0, 0, at, &s->out);
    TRY(kernel_new(k, 0, x->dtype, &s->out));
    return array_move(k, kernel_out(k, 0), 0, x, at, &l);
}

static struct status *slice_any(struct kernel *k)
{
    struct strided s;
    TRY(slice_resolve(kernel_in(k, 0), kernel_in(k, 1), kernel_in(k, 2), &s));
    return slice_take(k, &s);
}

static struct out grad_minus(struct grad *g, struct out x, struct out y)
{
    return grad_add_named(g, "Sub", "sub", OUTS(x, y), NULL, 0);
}

/* dy padded with zeros: begin before it, what is left after it. */
static void slice_grad(struct grad *g)
{
    enum dtype t = out_dtype(g->x[1]);
    struct out rank = grad_rank(g, g->x[0]), taken = grad_shape_of(g, g->y[0], t);
    struct out one = grad_named_scalar(g, "stack/1", DT_INT32, 1);
    struct out column = grad_add_named(g, "Pack", "stack", OUTS(rank, one), NULL, 0);
    struct out before = grad_reshape(g, g->x[1], column), whole = grad_shape_of(g, g->x[0], t);
    struct out after = grad_minus(g, grad_minus(g, whole, taken), g->x[1]);
    after = grad_reshape(g, after, column);
    struct out axis = grad_named_scalar(g, "concat/axis", DT_INT32, 1);
    struct out paddings = grad_concat(g, OUTS(before, after), axis);
    g->dx[0] = grad2(g, "Pad", g->dy[0], paddings);
}

/* ---- StridedSlice ---- */

static struct status *strided_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct tensor *strides = shape_in_value(c, 3);
    struct strided_masks m = strided_masks_of(c->node);
    struct strided s;
    struct shape spec = *shape_in(c, 1);
    for (int i = 1; i <= 3; i++) {
        TRY(shape_want_rank(shape_in(c, i), 1));
        TRY(shape_merge(shape_in(c, i), &spec, &spec));
    }
    if (in->rank < 0 || !strides)
        return NULL;
    TRY(strided_check_spec(&spec, &spec, &strides->shape));
    TRY(strided_resolve(&m, in, shape_in_value(c, 1), shape_in_value(c, 2), strides, &s));
    *shape_out(c, 0) = s.out;
    return NULL;
}

/* A piece of a vector of sizes, or one of them. */
static bool strided_partial(struct shape_ctx *c, struct shape *value)
{
    const struct tensor *begin = shape_in_value(c, 1), *end = shape_in_value(c, 2);
    const struct tensor *strides = shape_in_value(c, 3);
    struct strided_masks m = strided_masks_of(c->node);
    struct strided s;
    struct shape v;
    if (!begin || !end || !strides || tensor_count(strides) != 1 || m.new_axis ||
        shape_in(c, 0)->rank != 1 || !partial_in(c, 0, &v))
        return false;
    struct status *st = strided_resolve(&m, &SHAPE(v.rank), begin, end, strides, &s);
    if (st) {
        status_free(st);
        return false;
    }
    value->rank = s.out.rank ? (int)s.count[0] : 0;
    for (int i = 0; i < s.count[0]; i++)
        value->dim[i] = v.dim[s.begin[0] + i * s.stride[0]];
    return value->rank > 0 || value->dim[0] >= 0;
}

static struct status *strided_prepare(struct prep *p)
{
    struct strided_masks *m;
    TRY(prep_state(p, sizeof *m, &m));
    *m = strided_masks_of(p->node);
    return NULL;
}

static struct status *strided_any(struct kernel *k)
{
    const struct tensor *begin = kernel_in(k, 1), *end = kernel_in(k, 2), *step = kernel_in(k, 3);
    struct strided s;
    TRY(strided_check_spec(&begin->shape, &end->shape, &step->shape));
    TRY(strided_resolve(k->state, &kernel_in(k, 0)->shape, begin, end, step, &s));
    return slice_take(k, &s);
}

/* Half of all slices are v[i] of a vector of sizes: no layout is needed for those. */
static struct status *strided_element(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *at = kernel_in(k, 1), *step = kernel_in(k, 3);
    size_t size = dtype_size(x->dtype);
    if (x->shape.rank != 1 || tensor_count(at) != 1 || !shape_equal(&at->shape, &step->shape) ||
        !shape_equal(&at->shape, &kernel_in(k, 2)->shape) || index_at(step, 0) <= 0 ||
        (size != 4 && size != 8))
        return strided_any(k);
    int64_t i = index_at(at, 0), n = x->shape.dim[0];
    i += i < 0 ? n : 0;
    ENSURE(i >= 0 && i < n, "slice index %lld of dimension 0 out of bounds.",
           (long long)i);
    TRY(kernel_new(k, 0, x->dtype, &SHAPE_SCALAR));
    if (size == 4)
        memcpy(kernel_out(k, 0)->data, (const char *)x->data + i * 4, 4);
    else
        memcpy(kernel_out(k, 0)->data, (const char *)x->data + i * 8, 8);
    return NULL;
}

static struct status *strided_choose(struct prep *p)
{
    TRY(strided_prepare(p));
    const struct strided_masks *m = p->state;
    if (m->shrink == 1 && !m->new_axis && !m->ellipsis)
        p->run = strided_element;
    return NULL;
}

/* The masks again, for the gradient's node. */
static struct out strided_like(struct grad *g, const char *op, const struct out *in, int n)
{
    struct strided_masks m = strided_masks_of(g->node);
    return grad_add(g, op, in, n,
                    ATTRS(attr_int("begin_mask", m.begin), attr_int("end_mask", m.end),
                          attr_int("ellipsis_mask", m.ellipsis),
                          attr_int("new_axis_mask", m.new_axis),
                          attr_int("shrink_axis_mask", m.shrink)));
}

static void strided_grad(struct grad *g)
{
    struct out shape = grad_shape_of(g, g->x[0], out_dtype(g->x[1]));
    g->dx[0] = strided_like(g, "StridedSliceGrad",
                            OUTS(shape, g->x[1], g->x[2], g->x[3], g->dy[0]));
}

/* ---- StridedSliceGrad ---- */

static struct status *strided_grad_any(struct kernel *k)
{
    const struct tensor *begin = kernel_in(k, 1), *end = kernel_in(k, 2), *step = kernel_in(k, 3);
    const struct tensor *dy = kernel_in(k, 4), *sizes = kernel_in(k, 0);
    struct strided s;
    struct shape whole;
    struct layout l;
    int64_t at;
    ENSURE(sizes->shape.rank == 1, "shape must be 1-D, got shape.shape = %s",
           SHAPE_STR(&sizes->shape));
    TRY(array_read_shape(sizes, &whole));
    TRY(strided_check_spec(&begin->shape, &end->shape, &step->shape));
    TRY(strided_resolve(k->state, &whole, begin, end, step, &s));
    ENSURE(shape_equal(&s.out, &dy->shape), "shape of dy was %s instead of %s",
           SHAPE_STR(&dy->shape), SHAPE_STR(&s.out));
    TRY(kernel_new(k, 0, dy->dtype, &whole));
    array_zero(kernel_out(k, 0));
    if (tensor_count(dy) == 0)
        return NULL;
    strided_layout(&s, &whole, true, &l, &at);
    return array_move(k, kernel_out(k, 0), at, dy, 0, &l);
}

static void strided_grad_grad(struct grad *g)
{
    g->dx[4] = strided_like(g, "StridedSlice", OUTS(g->dy[0], g->x[1], g->x[2], g->x[3]));
}

/* ---- StridedSliceAssign, ResourceStridedSliceAssign ---- */

static struct status *strided_put(struct kernel *k, struct tensor *whole)
{
    const struct tensor *begin = kernel_in(k, 1), *end = kernel_in(k, 2), *step = kernel_in(k, 3);
    const struct tensor *value = kernel_in(k, 4);
    struct strided s;
    struct layout l;
    int64_t at;
    TRY(strided_check_spec(&begin->shape, &end->shape, &step->shape));
    TRY(strided_resolve(k->state, &whole->shape, begin, end, step, &s));
    if (shape_count(&s.out) == 0)
        return NULL;
    if (!shape_equal(&s.out, &value->shape))
        return status_new(UNIMPLEMENTED, "sliced l-value shape %s does not match r-value shape "
                          "%s. Automatic broadcasting not yet implemented.", SHAPE_STR(&s.out),
                          SHAPE_STR(&value->shape));
    strided_layout(&s, &whole->shape, true, &l, &at);
    return array_move(k, whole, at, value, 0, &l);
}

static struct status *strided_assign(struct kernel *k)
{
    struct variable *v;
    struct status *st = variable_begin(k, kernel_in(k, 4)->dtype, true, &v);
    return variable_end(k, v, st ? st : strided_put(k, &v->value));
}

/* ---- Pad, PadV2 ---- */

static struct status *pad_dim(int64_t before, int64_t after, int64_t dim, int64_t *padded)
{
    ENSURE(before >= 0 && after >= 0, "Paddings must be non-negative: %lld %lld",
           (long long)before, (long long)after);
    *padded = -1;
    if (dim >= 0)
        ENSURE(!__builtin_add_overflow(dim, before, padded) &&
               !__builtin_add_overflow(*padded, after, padded),
               "Paddings are too large: %lld %lld", (long long)before, (long long)after);
    return NULL;
}

static struct status *pad_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct tensor *paddings = shape_in_value(c, 1);
    struct shape p = SHAPE(-1, 2), *out = shape_out(c, 0);
    TRY(shape_want_rank(shape_in(c, 1), 2));
    TRY(shape_merge(&p, shape_in(c, 1), &p));
    if (in->rank >= 0)
        TRY(dim_merge(in->rank, p.dim[0], &p.dim[0]));
    if (c->n_in > 2)
        TRY(shape_want_rank(shape_in(c, 2), 0));
    if (p.dim[0] < 0)
        return NULL;
    ENSURE(p.dim[0] <= MAX_RANK, "Cannot pad %lld dimensions: at most %d are supported",
           (long long)p.dim[0], MAX_RANK);
    *out = shape_of_rank((int)p.dim[0]);
    for (int i = 0; paddings && i < out->rank; i++)
        TRY(pad_dim(index_at(paddings, 2 * i), index_at(paddings, 2 * i + 1),
                    in->rank < 0 ? -1 : in->dim[i], &out->dim[i]));
    return NULL;
}

static struct status *pad_check(const struct kernel *k, struct shape *out)
{
    const struct shape *in = &kernel_in(k, 0)->shape, *p = &kernel_in(k, 1)->shape;
    ENSURE(p->rank == 2 && p->dim[1] == 2, "paddings must be a matrix with 2 columns: %s",
           SHAPE_STR(p));
    ENSURE(p->dim[0] == in->rank, "The first dimension of paddings must be the rank of inputs%s "
           "%s", SHAPE_STR(p), SHAPE_STR(in));
    if (k->n_in > 2)
        ENSURE(kernel_in(k, 2)->shape.rank == 0, "constant_values must be a scalar. Found: %s",
               SHAPE_STR(&kernel_in(k, 2)->shape));
    out->rank = in->rank;
    for (int i = 0; i < in->rank; i++)
        TRY(pad_dim(index_at(kernel_in(k, 1), 2 * i), index_at(kernel_in(k, 1), 2 * i + 1),
                    in->dim[i], &out->dim[i]));
    return NULL;
}

static struct status *pad_fill(struct kernel *k)
{
    struct tensor *y = kernel_out(k, 0);
    if (k->n_in > 2)
        return array_fill(k, y, 0, tensor_count(y), kernel_in(k, 2), 0);
    array_zero(y);
    return NULL;
}

static struct status *pad_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape out;
    TRY(pad_check(k, &out));
    if (shape_equal(&out, &x->shape)) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    TRY(kernel_new(k, 0, x->dtype, &out));
    TRY(pad_fill(k));
    if (tensor_count(x) == 0)
        return NULL;

    int64_t to[MAX_RANK], from[MAX_RANK], at = 0;
    struct layout l;
    shape_strides(&out, to);
    shape_strides(&x->shape, from);
    l.rank = 0;
    for (int i = 0; i < out.rank; i++) {
        at += to[i] * index_at(kernel_in(k, 1), 2 * i);
        layout_add(&l, x->shape.dim[i], to[i], from[i]);
    }
    return array_move(k, kernel_out(k, 0), at, x, 0, &l);
}

/* The part of dy that x was put to: paddings[:,0] is where it begins. */
static void pad_grad(struct grad *g)
{
    struct out rank = grad_rank(g, g->x[0]), one = grad_named_scalar(g, "stack/1", DT_INT32, 1);
    struct out size = grad_add_named(g, "Pack", "stack", OUTS(rank, one), NULL, 0);
    struct out zeros = grad_named_vector(g, "Slice/begin", DT_INT32, (int64_t[]){ 0, 0 }, 2);
    struct out before = grad_add(g, "Slice", OUTS(g->x[1], zeros, size), NULL, 0);
    struct out begin = grad_reshape(
        g, before, grad_named_vector(g, "Reshape/shape", DT_INT32, (int64_t[]){ -1 }, 1));
    struct out shape = grad_shape_of(g, g->x[0], out_dtype(g->x[1]));
    g->dx[0] = grad_add(g, "Slice", OUTS(g->dy[0], begin, shape), NULL, 0);
}

#define STRIDED_MASKS "begin_mask: int = 0; end_mask: int = 0; ellipsis_mask: int = 0; " \
                      "new_axis_mask: int = 0; shrink_axis_mask: int = 0"

const struct op ops_slice[] = {
    { .name = "Slice", .inputs = "input: T, begin: Index, size: Index", .outputs = "output: T",
      .attrs = "T: type; Index: {int32, int64}",
      .doc = "The part of input that begins at begin and has this size, where -1 is all the rest.",
      .shape = slice_shape, .partial = slice_partial, .grad = slice_grad,
      .kernel_any = slice_any },
    { .name = "StridedSlice",
      .inputs = "input: T, begin: Index, end: Index, strides: Index", .outputs = "output: T",
      .attrs = "T: type; Index: {int32, int64}; " STRIDED_MASKS,
      .doc = "Every strides-th element of input from begin to end, in each dimension, as Python "
             "slices do.",
      .shape = strided_shape, .partial = strided_partial, .grad = strided_grad,
      .prepare = strided_choose, .kernel_any = strided_any },
    { .name = "StridedSliceGrad",
      .inputs = "shape: Index, begin: Index, end: Index, strides: Index, dy: T",
      .outputs = "output: T", .attrs = "T: type; Index: {int32, int64}; " STRIDED_MASKS,
      .doc = "Zeros of this shape with dy put where StridedSlice would have taken it from.",
      .shape = shape_from_input, .grad = strided_grad_grad,
      .prepare = strided_prepare, .kernel_any = strided_grad_any },
    { .name = "StridedSliceAssign",
      .inputs = "ref: Ref(T), begin: Index, end: Index, strides: Index, value: T",
      .outputs = "output_ref: Ref(T)", .attrs = "T: type; Index: {int32, int64}; " STRIDED_MASKS,
      .doc = "Puts value into the variable, where StridedSlice would have taken it from.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .prepare = strided_prepare,
      .kernel_any = strided_assign },
    { .name = "ResourceStridedSliceAssign",
      .inputs = "ref: resource, begin: Index, end: Index, strides: Index, value: T",
      .attrs = "T: type; Index: {int32, int64}; " STRIDED_MASKS,
      .doc = "Puts value into the variable, where StridedSlice would have taken it from.",
      .shape = shape_none, .grad = NO_GRADIENT, .prepare = strided_prepare,
      .kernel_any = strided_assign, .flags = OP_STATEFUL },
    { .name = "Pad", .inputs = "input: T, paddings: Tpaddings", .outputs = "output: T",
      .attrs = "T: type; Tpaddings: {int32, int64} = int32",
      .doc = "Input with zeros around it: paddings[i] says how many before and after, in "
             "dimension i.",
      .shape = pad_shape, .grad = pad_grad, .kernel_any = pad_any },
    { .name = "PadV2", .inputs = "input: T, paddings: Tpaddings, constant_values: T",
      .outputs = "output: T", .attrs = "T: type; Tpaddings: {int32, int64} = int32",
      .doc = "Input with constant_values around it: paddings[i] says how many before and after, "
             "in dimension i.",
      .shape = pad_shape, .grad = pad_grad, .kernel_any = pad_any },
    { 0 }
};
