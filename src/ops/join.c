/* join.c - joining tensors: Concat, ConcatV2, QuantizedConcat, ConcatOffset, ParallelConcat,
 * Pack. */
#include "base/mem.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/steps.h"

#include <math.h>

/* ---- Concat, ConcatV2 ---- */

struct concat { int axis, first, n; };          /* input that is the axis, inputs that are joined */

static struct concat concat_inputs(const struct node *n)
{
    bool axis_last = node_attr_find(n, "Tidx") != NULL;
    return (struct concat){ axis_last ? n->n_in - 1 : 0, !axis_last, (int)node_attr(n, "N") };
}

/* All inputs alike but for the dimension that is joined; -1 for `axis`: it is not known. */
static struct status *concat_merge(struct shape_ctx *c, const struct concat *q, int axis,
                                   struct shape *all)
{
    int64_t sum = 0;
    for (int i = 0; i < q->n; i++) {
        struct shape s = *shape_in(c, q->first + i);
        if (s.rank >= 0 && axis >= 0) {
            sum = sum < 0 || s.dim[axis] < 0 ? -1 : sum + s.dim[axis];
            s.dim[axis] = -1;
        } else {
            sum = -1;
        }
        TRY(shape_merge_named(&s, all, i));
    }
    if (all->rank >= 0 && axis >= 0)
        all->dim[axis] = sum;
    return NULL;
}

static int known_rank(const struct shape_ctx *c, int first, int n)
{
    for (int i = first; i < first + n; i++)
        if (shape_in(c, i)->rank >= 0)
            return shape_in(c, i)->rank;
    return -1;
}

static struct status *concat_shape(struct shape_ctx *c)
{
    struct concat q = concat_inputs(c->node);
    const struct tensor *dim = shape_in_value(c, q.axis);
    int rank = known_rank(c, q.first, q.n), axis;
    TRY(shape_want_rank(shape_in(c, q.axis), 0));
    if (rank < 0)
        return NULL;
    for (int i = 0; i < q.n; i++)
        TRY(shape_want_rank(shape_in(c, q.first + i), rank));
    ENSURE(rank > 0, "Can't concatenate scalars (use tf.stack instead): Shape must be at least "
           "rank 1 but is rank 0");
    *shape_out(c, 0) = shape_of_rank(rank);
    if (!dim)
        return NULL;
    TRY(axis_resolve(index_at(dim, 0), rank, &axis));
    *shape_out(c, 0) = SHAPE_UNKNOWN;
    return concat_merge(c, &q, axis, shape_out(c, 0));
}

/* Vectors of sizes, joined. */
static bool concat_partial(struct shape_ctx *c, struct shape *value)
{
    struct concat q = concat_inputs(c->node);
    *value = SHAPE_SCALAR;
    for (int i = 0; i < q.n; i++) {
        struct shape v;
        if (shape_in(c, q.first + i)->rank != 1 || !partial_in(c, q.first + i, &v) ||
            value->rank + v.rank > MAX_RANK)
            return false;
        for (int d = 0; d < v.rank; d++)
            value->dim[value->rank++] = v.dim[d];
    }
    return true;
}

/* The concatenated shape, once all inputs are found to fit. */
static struct status *concat_check(struct kernel *k, const struct concat *q, struct shape *all,
                                   int *axis)
{
    const struct tensor *dim = kernel_in(k, q->axis);
    ENSURE(dim->shape.rank == 0, "%s tensor should be a scalar integer, but got shape %s",
           q->axis ? "axis" : "concat_dim", SHAPE_STR(&dim->shape));
    const struct shape *first = &kernel_in(k, q->first)->shape;
    int64_t at = index_at(dim, 0);
    ENSURE(at >= -first->rank && at < first->rank, "ConcatOp : Expected concatenating dimensions "
           "in the range [%d, %d), but got %lld", -first->rank, first->rank, (long long)at);
    *axis = (int)(at < 0 ? at + first->rank : at);
    *all = *first;
    for (int i = 1; i < q->n; i++) {
        const struct shape *s = &kernel_in(k, q->first + i)->shape;
        ENSURE(s->rank == first->rank, "ConcatOp : Ranks of all input tensors should match: "
               "shape[0] = %s vs. shape[%d] = %s", SHAPE_STR(first), i, SHAPE_STR(s));
        for (int d = 0; d < s->rank; d++)
            ENSURE(d == *axis || s->dim[d] == first->dim[d], "ConcatOp : Dimensions of inputs "
                   "should match: shape[0] = %s vs. shape[%d] = %s", SHAPE_STR(first), i,
                   SHAPE_STR(s));
        ENSURE(!__builtin_add_overflow(all->dim[*axis], s->dim[*axis], &all->dim[*axis]),
               "ConcatOp : the joined dimension is too large");
    }
    return NULL;
}

static struct status *concat_prepare(struct prep *p)
{
    struct concat *q;
    TRY(prep_state(p, sizeof *q, &q));
    *q = concat_inputs(p->node);
    return NULL;
}

static struct status *concat_any(struct kernel *k)
{
    const struct concat *q = k->state;
    struct shape all = SHAPE_SCALAR;
    int axis = 0;
    TRY(concat_check(k, q, &all, &axis));
    TRY(kernel_new(k, 0, kernel_in(k, q->first)->dtype, &all));
    struct cut whole = cut_at(&all, axis);
    int64_t at = 0, row = whole.dim * whole.inner;
    for (int i = 0; i < q->n; i++) {
        const struct tensor *x = kernel_in(k, q->first + i);
        struct cut c = cut_at(&x->shape, axis);
        TRY(cut_put(k, kernel_out(k, 0), row, at, x, c));
        at += c.dim * c.inner;
    }
    return NULL;
}

/* ---- QuantizedConcat: an axis, n values, n minima, n maxima ---- */

static struct status *quantized_concat_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 1 + (int)node_attr(c->node, "N")));
    return concat_shape(c);
}

static struct status *concat_range(const struct kernel *k, const struct concat *q, int i,
                                   struct range *r)
{
    for (int end = 0; end < 2; end++) {
        const struct tensor *t = kernel_in(k, 1 + (1 + end) * q->n + i);
        ENSURE(tensor_count(t) == 1, "%s[%d] must be a scalar, but got shape %s",
               end ? "input_maxes" : "input_mins", i, SHAPE_STR(&t->shape));
        *(end ? &r->max : &r->min) = *(const float *)t->data;
    }
    return NULL;
}

/* The range that holds those of all values; TF: of signed numbers it is as wide on either side. */
static struct status *joined_range(const struct kernel *k, const struct concat *q, enum dtype t,
                                   struct range *all)
{
    TRY(concat_range(k, q, 0, all));
    for (int i = 1; i < q->n; i++) {
        struct range r;
        TRY(concat_range(k, q, i, &r));
        all->min = r.min < all->min ? r.min : all->min;
        all->max = r.max > all->max ? r.max : all->max;
    }
    if (t == DT_QINT32) {
        all->max = fmaxf(fabsf(all->min), fabsf(all->max));
        all->min = -all->max;
    }
    return NULL;
}

/* Value i with steps of range `all`. */
static struct status *concat_value(struct kernel *k, const struct concat *q, int i,
                                   struct range all, struct tensor *x)
{
    struct range r;
    void *y;
    *x = *kernel_in(k, q->first + i);
    TRY(concat_range(k, q, i, &r));
    if (r.min == all.min && r.max == all.max)
        return NULL;
    enum dtype t = x->dtype;
    struct conversion c = { t, t, reading_of(r, t), writing_of(all, t) };
    TRY(kernel_temp(k, (size_t)tensor_count(x) * dtype_size(x->dtype), &y));
    steps_convert(k, &c, x->data, y, tensor_count(x));
    x->data = y;
    return NULL;
}

static struct status *quantized_concat(struct kernel *k)
{
    const struct concat *q = k->state;
    enum dtype t = kernel_in(k, q->first)->dtype;
    struct shape all = SHAPE_SCALAR;
    struct range range;
    int axis = 0;
    TRY(concat_check(k, q, &all, &axis));
    TRY(joined_range(k, q, t, &range));
    TRY(kernel_new(k, 0, t, &all));
    struct cut whole = cut_at(&all, axis);
    int64_t at = 0, row = whole.dim * whole.inner;
    for (int i = 0; i < q->n; i++) {
        struct tensor x;
        TRY(concat_value(k, q, i, range, &x));
        struct cut c = cut_at(&x.shape, axis);
        TRY(cut_put(k, kernel_out(k, 0), row, at, &x, c));
        at += c.dim * c.inner;
    }
    return range_out(k, 1, range);
}

/* ---- their gradients ---- */

/* The inputs' shapes. TF: constants up to the first that is not known, and then all of them again
 * by one node. */
static void concat_shapes(struct grad *g, const struct concat *q, struct out *shape)
{
    bool known = true;
    for (int i = 0; i < q->n && known; i++) {
        known = shape_is_known(out_shape(g->x[q->first + i]));
        shape[i] = grad_shape_of(g, g->x[q->first + i], DT_INT32);
    }
    if (known)
        return;
    struct out all = grad_add(g, "ShapeN", g->x + q->first, q->n, NULL, 0);
    for (int i = 0; i < q->n; i++)
        shape[i] = out_at(all, i);
}

/* Each input's slice of dy, found by ConcatOffset. */
static void concat_slices(struct grad *g, const struct concat *q, struct out axis,
                          struct out *in)
{
    in[0] = axis;
    concat_shapes(g, q, in + 1);
    struct out offset = grad_add(g, "ConcatOffset", in, q->n + 1, NULL, 0);
    for (int i = 0; i < q->n; i++)
        g->dx[q->first + i] = grad_add(g, "Slice", OUTS(g->dy[0], out_at(offset, i), in[i + 1]),
                                       NULL, 0);
}

/* TF: a constant of the loop is made anew rather than brought in. */
static struct out concat_axis(struct grad *g, struct out axis)
{
    if (!g->context || !(axis.node->op->flags & OP_CONSTANT))
        return axis;
    return grad_add(g, "Const", NULL, 0,
                    ATTRS(attr_tensor("value", node_attr_tensor(axis.node, "value")),
                          attr_type("dtype", out_dtype(axis))));
}

static void concat_grad(struct grad *g)
{
    struct concat q = concat_inputs(g->node);
    struct out rank = grad_rank(g, g->x[q.first]);
    struct out axis = grad_cast(g, concat_axis(g, g->x[q.axis]), DT_INT32);
    axis = grad_add_named(g, "FloorMod", "mod", OUTS(axis, rank), NULL, 0);
    struct out *in = mem_array(struct out, q.n + 1);
    if (in)
        concat_slices(g, &q, axis, in);
    else
        grad_fail(g, RESOURCE_EXHAUSTED, "no memory for the gradient of %s", g->node->name);
    mem_free(in);
}

/* ---- ConcatOffset ---- */

static struct status *offset_shape(struct shape_ctx *c)
{
    struct shape all = SHAPE(-1);
    TRY(shape_want_rank(shape_in(c, 0), 0));
    for (int i = 1; i < c->n_in; i++)
        TRY(shape_merge_named(shape_in(c, i), &all, i - 1));
    for (int i = 1; i < c->n_in; i++)
        *shape_out(c, i - 1) = all;
    return NULL;
}

static struct status *offset_check(struct kernel *k, int *axis)
{
    const struct tensor *dim = kernel_in(k, 0), *first = kernel_in(k, 1);
    ENSURE(dim->shape.rank == 0, "Concat dim tensor should be a scalar integer, but got shape %s",
           SHAPE_STR(&dim->shape));
    ENSURE(first->shape.rank == 1, "input 0 should be a vector, but got shape %s",
           SHAPE_STR(&first->shape));
    int64_t at = index_at(dim, 0), n = first->shape.dim[0];
    ENSURE(at >= -n && at < n, "Concat dim is out of range: %lld vs. %lld", (long long)at,
           (long long)n);
    *axis = (int)(at < 0 ? at + n : at);
    for (int i = 2; i < k->n_in; i++) {
        const struct tensor *s = kernel_in(k, i);
        ENSURE(shape_equal(&s->shape, &first->shape), "input %d should contain %lld elements, but "
               "got %lld", i - 1, (long long)n, (long long)tensor_count(s));
        for (int d = 0; d < n; d++)
            ENSURE(d == *axis || index_at(s, d) == index_at(first, d), "All dimensions except %d "
                   "must match. Input %d has shape %s and doesn't match input 0.", *axis, i - 1,
                   SHAPE_STR(&s->shape));
    }
    return NULL;
}

static struct status *offset_any(struct kernel *k)
{
    int axis = 0;
    TRY(offset_check(k, &axis));
    uint32_t at = 0;
    for (int i = 1; i < k->n_in; i++) {
        const struct tensor *s = kernel_in(k, i);
        TRY(kernel_new(k, i - 1, DT_INT32, &s->shape));
        array_zero(kernel_out(k, i - 1));
        ((int32_t *)kernel_out(k, i - 1)->data)[axis] = (int32_t)at;
        at += (uint32_t)index_at(s, axis);
    }
    return NULL;
}

/* ---- ParallelConcat: rows of dimension 0, one from each input; attr "shape" says all ---- */

/* TF: a graph rewrite puts ops that write a row each in its place, which is why it refuses inputs
 * of unknown shape; here the kernel looks at those. */
static struct status *parallel_shape(struct shape_ctx *c)
{
    const struct shape *all = node_attr_shape(c->node, "shape");
    struct shape row = *all;
    ENSURE(shape_is_known(all) && all->rank > 0, "shape attr must be fully defined.");
    row.dim[0] = 1;
    for (int i = 0; i < c->n_in; i++) {
        const struct shape *s = shape_in(c, i);
        ENSURE(s->rank < 0 || (s->rank > 0 && (s->dim[0] < 0 || s->dim[0] == 1)),
               "Size of first dimension must be 1.");
        TRY(shape_merge_named(s, &row, i));
    }
    *shape_out(c, 0) = *all;
    return NULL;
}

static struct status *parallel_prepare(struct prep *p)
{
    struct shape *all;
    TRY(prep_state(p, sizeof *all, &all));
    *all = *node_attr_shape(p->node, "shape");
    return NULL;
}

static struct status *parallel_check(const struct shape *all, const struct shape *s)
{
    ENSURE(s->rank == all->rank, "value and update shape doesn't match: %s vs. %s", SHAPE_STR(all),
           SHAPE_STR(s));
    for (int i = 1; i < s->rank; i++)
        ENSURE(s->dim[i] == all->dim[i], "value and update shape doesn't match %s vs. %s",
               SHAPE_STR(all), SHAPE_STR(s));
    ENSURE(s->dim[0] == 1, "update shape doesn't match: %s", SHAPE_STR(s));
    return NULL;
}

/* TF leaves rows that no input gives as they are in memory. */
static struct status *parallel_any(struct kernel *k)
{
    const struct shape *all = k->state;
    ENSURE(k->n_in == all->dim[0], "%d inputs cannot be the rows of shape %s", k->n_in,
           SHAPE_STR(all));
    for (int i = 0; i < k->n_in; i++)
        TRY(parallel_check(all, &kernel_in(k, i)->shape));
    TRY(kernel_new(k, 0, kernel_in(k, 0)->dtype, all));
    struct cut whole = cut_at(all, 0);
    for (int i = 0; i < k->n_in; i++)
        TRY(cut_put(k, kernel_out(k, 0), whole.dim * whole.inner, i * whole.inner,
                    kernel_in(k, i), cut_at(&kernel_in(k, i)->shape, 0)));
    return NULL;
}

/* ---- Pack ---- */

static struct shape shape_insert(const struct shape *s, int at, int64_t dim)
{
    struct shape r = { s->rank + 1, { 0 } };
    for (int i = 0; i < r.rank; i++)
        r.dim[i] = i < at ? s->dim[i] : i == at ? dim : s->dim[i - 1];
    return r;
}

static struct status *pack_room(int rank)
{
    ENSURE(rank < MAX_RANK, "Cannot pack tensors of %d dimensions: at most %d are supported", rank,
           MAX_RANK - 1);
    return NULL;
}

static struct status *pack_shape(struct shape_ctx *c)
{
    struct shape all = SHAPE_UNKNOWN;
    int axis = 0;
    for (int i = 0; i < c->n_in; i++)
        TRY(shape_merge_named(shape_in(c, i), &all, i));
    if (all.rank < 0)
        return NULL;
    TRY(pack_room(all.rank));
    TRY(pack_axis(node_attr(c->node, "axis"), all.rank + 1, &axis));
    *shape_out(c, 0) = shape_insert(&all, axis, c->n_in);
    return NULL;
}

/* A vector made of sizes. */
static bool pack_partial(struct shape_ctx *c, struct shape *value)
{
    if (c->n_in > MAX_RANK)
        return false;
    value->rank = c->n_in;
    for (int i = 0; i < c->n_in; i++) {
        if (shape_in(c, i)->rank != 0)
            return false;
        struct status *st = shape_in_size(c, i, &value->dim[i]);
        if (st)
            value->dim[i] = -1;
        status_free(st);
    }
    return true;
}

static struct status *pack_check(struct kernel *k, const struct shape *first)
{
    for (int i = 1; i < k->n_in; i++)
        ENSURE(shape_equal(&kernel_in(k, i)->shape, first), "Shapes of all inputs must match: "
               "values[0].shape = %s != values[%d].shape = %s", SHAPE_STR(first), i,
               SHAPE_STR(&kernel_in(k, i)->shape));
    return pack_room(first->rank);
}

static struct status *pack_any(struct kernel *k)
{
    const struct shape first = kernel_in(k, 0)->shape;
    int axis = 0;
    TRY(pack_check(k, &first));
    TRY(pack_axis(*(const int64_t *)k->state, first.rank + 1, &axis));
    struct shape all = shape_insert(&first, axis, k->n_in);
    if (k->n_in == 1) {
        kernel_view(k, 0, 0, &all);
        return NULL;
    }
    TRY(kernel_new(k, 0, kernel_in(k, 0)->dtype, &all));
    struct cut c = cut_at(&all, axis);
    c.dim = 1;
    for (int i = 0; i < k->n_in; i++)
        TRY(cut_put(k, kernel_out(k, 0), c.inner * k->n_in, i * c.inner, kernel_in(k, i), c));
    return NULL;
}

static void pack_grad(struct grad *g)
{
    struct out part = grad_add(g, "Unpack", OUTS(g->dy[0]),
                               ATTRS(attr_int("num", g->n_in),
                                     attr_int("axis", node_attr(g->node, "axis"))));
    for (int i = 0; i < g->n_in; i++)
        g->dx[i] = out_at(part, i);
}

const struct op ops_join[] = {
    { .name = "ConcatV2", .inputs = "values: N * T, axis: Tidx", .outputs = "output: T",
      .attrs = "N: int >= 2; T: type; Tidx: {int32, int64} = int32",
      .doc = "The values joined along dimension axis.",
      .shape = concat_shape, .partial = concat_partial, .grad = concat_grad,
      .prepare = concat_prepare, .kernel_any = concat_any },
    { .name = "Concat", .inputs = "concat_dim: int32, values: N * T", .outputs = "output: T",
      .attrs = "N: int >= 2; T: type",
      .doc = "The values joined along dimension concat_dim.",
      .shape = concat_shape, .partial = concat_partial, .grad = concat_grad,
      .prepare = concat_prepare, .kernel_any = concat_any },
    { .name = "QuantizedConcat",
      .inputs = "concat_dim: int32, values: N * T, input_mins: N * float, input_maxes: N * float",
      .outputs = "output: T, output_min: float, output_max: float",
      .attrs = "N: int >= 2; T: type",
      .doc = "Concat of quantized numbers, to a range that holds those of all.",
      .shape = quantized_concat_shape, .grad = NO_GRADIENT, .prepare = concat_prepare,
      .kernel = KERNELS([DT_QUINT8] = quantized_concat, [DT_QINT32] = quantized_concat) },
    { .name = "ConcatOffset", .inputs = "concat_dim: int32, shape: N * int32",
      .outputs = "offset: N * int32", .attrs = "N: int >= 2",
      .doc = "Where each of the tensors of these shapes begins in what they are joined to.",
      .shape = offset_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = offset_any },
    { .name = "ParallelConcat", .inputs = "values: N * T", .outputs = "output: T",
      .attrs = "N: int >= 1; T: type; shape: shape",
      .doc = "The values, each a single row, as the rows of a tensor of this shape.",
      .shape = parallel_shape, .grad = NO_GRADIENT, .prepare = parallel_prepare,
      .kernel_any = parallel_any },
    { .name = "Pack", .inputs = "values: N * T", .outputs = "output: T",
      .attrs = "N: int >= 1; T: type; axis: int = 0",
      .doc = "Tensors of one shape laid side by side along a new dimension, axis.",
      .shape = pack_shape, .partial = pack_partial, .grad = pack_grad,
      .prepare = pack_prepare, .kernel_any = pack_any },
    { 0 }
};
