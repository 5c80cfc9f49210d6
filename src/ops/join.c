/* join.c - joining tensors and taking them apart again: Concat, ConcatV2, ConcatOffset, Pack,
 * Unpack, Split, SplitV. All are one copy: a whole as [rows][width], a part has some columns. */
#include "ops/array.h"

#include "base/mem.h"

/* ---- the copy ---- */

/* Elements of a whole before, in and after dimension `axis`. An empty tensor may have dimensions
 * whose product is no number at all. */
struct cut { int64_t rows, dim, inner; };

static struct cut cut_at(const struct shape *s, int axis)
{
    if (shape_count(s) == 0)
        return (struct cut){ 0 };
    return (struct cut){ shape_span(s, 0, axis), s->dim[axis],
                         shape_span(s, axis + 1, s->rank) };
}

/* Columns [at, at + width) of the whole take or give a part; in elements. */
static struct status *part_in(const struct kernel *k, struct tensor *whole, int64_t row,
                              int64_t at, const struct tensor *part, struct cut c)
{
    int64_t width = c.dim * c.inner;
    struct layout l = { 2, { c.rows, width }, { row, 1 }, { width, 1 } };
    return array_move(k, whole, at, part, 0, &l);
}

static struct status *part_out(const struct kernel *k, const struct tensor *whole, int64_t row,
                               int64_t at, struct tensor *part, struct cut c)
{
    int64_t width = c.dim * c.inner;
    struct layout l = { 2, { c.rows, width }, { width, 1 }, { row, 1 } };
    return array_move(k, part, 0, whole, at, &l);
}

/* ---- Concat, ConcatV2 ---- */

struct concat { int axis, first, n; };          /* input that is the axis, inputs that are joined */

static struct concat concat_inputs(const struct node *n)
{
    bool axis_last = node_attr_find(n, "Tidx") != NULL;
    return (struct concat){ axis_last ? n->n_in - 1 : 0, !axis_last, n->n_in - 1 };
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
        TRY(part_in(k, kernel_out(k, 0), row, at, x, c));
        at += c.dim * c.inner;
    }
    return NULL;
}

/* Each input's slice of dy, found by ConcatOffset. */
static void concat_slices(struct grad *g, const struct concat *q, struct out axis,
                          struct out *in)
{
    in[0] = axis;
    for (int i = 0; i < q->n; i++)
        in[i + 1] = grad_shape(g, g->x[q->first + i], DT_INT32);
    struct out offset = grad_add(g, "ConcatOffset", in, q->n + 1, NULL, 0);
    for (int i = 0; i < q->n; i++)
        g->dx[q->first + i] = grad_add(g, "Slice", OUTS(g->dy[0], out_at(offset, i), in[i + 1]),
                                       NULL, 0);
}

static void concat_grad(struct grad *g)
{
    struct concat q = concat_inputs(g->node);
    struct out axis = grad_two(g, "FloorMod", grad_cast(g, g->x[q.axis], DT_INT32),
                               grad_one(g, "Rank", g->x[q.first]));
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

/* ---- Pack, Unpack ---- */

/* An axis of the packed tensor, which has rank dimensions. */
static struct status *pack_axis(int64_t axis, int rank, int *at)
{
    ENSURE(axis >= -rank && axis < rank, "axis = %lld not in [%d, %d)", (long long)axis, -rank,
           rank);
    *at = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

static struct shape shape_insert(const struct shape *s, int at, int64_t dim)
{
    struct shape r = { s->rank + 1, { 0 } };
    for (int i = 0; i < r.rank; i++)
        r.dim[i] = i < at ? s->dim[i] : i == at ? dim : s->dim[i - 1];
    return r;
}

static struct shape shape_without(const struct shape *s, int at)
{
    struct shape r = { s->rank - 1, { 0 } };
    for (int i = 0; i < r.rank; i++)
        r.dim[i] = s->dim[i < at ? i : i + 1];
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

static struct status *axis_prepare(struct prep *p)
{
    int64_t *axis;
    TRY(prep_state(p, sizeof *axis, &axis));
    *axis = node_attr(p->node, "axis");
    return NULL;
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
        TRY(part_in(k, kernel_out(k, 0), c.inner * k->n_in, i * c.inner, kernel_in(k, i), c));
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

static struct status *unpack_shape(struct shape_ctx *c)
{
    struct shape s = *shape_in(c, 0);
    int axis = 0;
    if (s.rank < 0)
        return NULL;
    TRY(shape_want_rank_at_least(&s, 1));
    TRY(pack_axis(node_attr(c->node, "axis"), s.rank, &axis));
    ENSURE(s.dim[axis] < 0 || s.dim[axis] == node_attr(c->node, "num"),
           "Dimension must be %lld but is %lld", (long long)node_attr(c->node, "num"),
           (long long)s.dim[axis]);
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = shape_without(&s, axis);
    return NULL;
}

static struct status *unpack_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct tensor whole = *x;             /* stays valid if output 0 takes it over */
    int axis = 0, n = k->node->n_out;
    TRY(pack_axis(*(const int64_t *)k->state, whole.shape.rank, &axis));
    ENSURE(whole.shape.dim[axis] == n, "Input shape axis %d must equal %d, got shape %s", axis, n,
           SHAPE_STR(&whole.shape));
    struct shape s = shape_without(&whole.shape, axis);
    if (n == 1) {
        kernel_view(k, 0, 0, &s);
        return NULL;
    }
    struct cut c = cut_at(&whole.shape, axis);
    c.dim = 1;
    for (int i = 0; i < n; i++) {
        TRY(kernel_new(k, i, whole.dtype, &s));
        TRY(part_out(k, &whole, c.inner * n, i * c.inner, kernel_out(k, i), c));
    }
    return NULL;
}

static void unpack_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "Pack", g->dy, g->n_out,
                        ATTRS(attr_int("axis", node_attr(g->node, "axis"))));
}

/* ---- Split, SplitV ---- */

static struct status *split_axis(int64_t axis, int rank, int *at)
{
    ENSURE(axis >= -rank && axis < rank,
           "-input rank(-%d) <= split_dim < input rank (%d), but got %lld", rank, rank,
           (long long)axis);
    *at = (int)(axis < 0 ? axis + rank : axis);
    return NULL;
}

static struct status *split_shape(struct shape_ctx *c)
{
    struct shape s = *shape_in(c, 1);
    const struct tensor *dim = shape_in_value(c, 0);
    int axis = 0;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    if (s.rank < 0)
        return NULL;
    if (!dim) {
        for (int i = 0; i < c->n_out; i++)
            *shape_out(c, i) = shape_of_rank(s.rank);
        return NULL;
    }
    TRY(split_axis(index_at(dim, 0), s.rank, &axis));
    ENSURE(s.dim[axis] < 0 || s.dim[axis] % c->n_out == 0, "Dimension size must be evenly "
           "divisible by %d but is %lld: Number of ways to split should evenly divide the split "
           "dimension", c->n_out, (long long)s.dim[axis]);
    s.dim[axis] = s.dim[axis] < 0 ? -1 : s.dim[axis] / c->n_out;
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = s;
    return NULL;
}

static struct status *split_any(struct kernel *k)
{
    const struct tensor *dim = kernel_in(k, 0), *x = kernel_in(k, 1);
    int axis = 0, n = k->node->n_out;
    ENSURE(dim->shape.rank == 0, "split_dim must be a scalar but has rank %d", dim->shape.rank);
    TRY(split_axis(index_at(dim, 0), x->shape.rank, &axis));
    struct shape s = x->shape;
    ENSURE(s.dim[axis] % n == 0, "Number of ways to split should evenly divide the split "
           "dimension, but got split_dim %d (size = %lld) and num_split %d", axis,
           (long long)s.dim[axis], n);
    s.dim[axis] /= n;
    if (n == 1) {
        kernel_forward(k, 0, 1);
        return NULL;
    }
    struct cut c = cut_at(&s, axis);
    for (int i = 0; i < n; i++) {
        TRY(kernel_new(k, i, x->dtype, &s));
        TRY(part_out(k, x, c.dim * c.inner * n, i * c.dim * c.inner, kernel_out(k, i), c));
    }
    return NULL;
}

/* dy of all parts, joined along `axis`. */
static struct out split_join(struct grad *g, struct out axis)
{
    if (g->n_out == 1)
        return g->dy[0];
    struct out joined = { 0 }, *in = mem_array(struct out, g->n_out + 1);
    if (!in) {
        grad_fail(g, RESOURCE_EXHAUSTED, "no memory for the gradient of %s", g->node->name);
        return joined;
    }
    for (int i = 0; i < g->n_out; i++)
        in[i] = g->dy[i];
    in[g->n_out] = axis;
    joined = grad_add(g, "ConcatV2", in, g->n_out + 1, NULL, 0);
    mem_free(in);
    return joined;
}

static void split_grad(struct grad *g)
{
    g->dx[1] = split_join(g, g->x[0]);
}

/* Size i of the parts; that which is -1 is what `total` leaves (*open). */
static struct status *splitv_sizes(const struct tensor *sizes, int n, int64_t total,
                                   int64_t *open)
{
    int64_t sum = 0, unsaid = 0;
    for (int i = 0; i < n; i++) {
        int64_t size = index_at(sizes, i);
        ENSURE(size >= -1, "Split size at index %d must be >= 0. Got: %lld", i, (long long)size);
        ENSURE(size >= 0 || !unsaid++, "There can only be one -1 in the input.");
        ENSURE(size < 0 || !__builtin_add_overflow(sum, size, &sum), "Split sizes are too large");
    }
    ENSURE(unsaid ? sum <= total : sum == total, "Determined shape must either match input shape "
           "along split_dim exactly if fully specified, or be less than the size of the input "
           "along split_dim if not fully specified.  Got: %lld", (long long)sum);
    *open = total - sum;
    return NULL;
}

static struct status *splitv_known(struct shape_ctx *c, int axis, const struct tensor *sizes)
{
    struct shape s = *shape_in(c, 0);
    int64_t open = -1;
    if (s.dim[axis] >= 0)
        TRY(splitv_sizes(sizes, c->n_out, s.dim[axis], &open));
    for (int i = 0; i < c->n_out; i++) {
        int64_t size = index_at(sizes, i);
        s.dim[axis] = size < 0 ? open : size;
        *shape_out(c, i) = s;
    }
    return NULL;
}

static struct status *splitv_shape(struct shape_ctx *c)
{
    struct shape s = *shape_in(c, 0);
    const struct tensor *sizes = shape_in_value(c, 1), *dim = shape_in_value(c, 2);
    int64_t length;
    int axis = 0;
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (shape_in(c, 1)->rank == 1)
        TRY(dim_merge(shape_in(c, 1)->dim[0], c->n_out, &length));
    if (s.rank < 0)
        return NULL;
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = shape_of_rank(s.rank);
    if (!dim)
        return NULL;
    TRY(split_axis(index_at(dim, 0), s.rank, &axis));
    if (sizes)
        return splitv_known(c, axis, sizes);
    s.dim[axis] = c->n_out == 1 ? s.dim[axis] : -1;
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = s;
    return NULL;
}

static struct status *splitv_check(struct kernel *k, int *axis, int64_t *open)
{
    const struct tensor *x = kernel_in(k, 0), *sizes = kernel_in(k, 1), *dim = kernel_in(k, 2);
    int n = k->node->n_out;
    ENSURE(tensor_count(dim) == 1, "split_dim must have exactly one element.");
    ENSURE(sizes->shape.rank == 1 && sizes->shape.dim[0] == n, "size of the split_tensor must be "
           "1-D and have the same elements as outputs got %d -D and %lld elements",
           sizes->shape.rank, (long long)tensor_count(sizes));
    TRY(split_axis(index_at(dim, 0), x->shape.rank, axis));
    return splitv_sizes(sizes, n, x->shape.dim[*axis], open);
}

static struct status *splitv_any(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *sizes = kernel_in(k, 1);
    int axis = 0;
    int64_t open = 0, at = 0;
    TRY(splitv_check(k, &axis, &open));
    if (k->node->n_out == 1) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    struct shape s = x->shape;
    struct cut whole = cut_at(&s, axis);
    for (int i = 0; i < k->node->n_out; i++) {
        int64_t size = index_at(sizes, i);
        s.dim[axis] = size < 0 ? open : size;
        struct cut c = cut_at(&s, axis);
        TRY(kernel_new(k, i, x->dtype, &s));
        TRY(part_out(k, x, whole.dim * whole.inner, at, kernel_out(k, i), c));
        at += c.dim * c.inner;
    }
    return NULL;
}

static void splitv_grad(struct grad *g)
{
    g->dx[0] = split_join(g, g->x[2]);
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
    { .name = "ConcatOffset", .inputs = "concat_dim: int32, shape: N * int32",
      .outputs = "offset: N * int32", .attrs = "N: int >= 2",
      .doc = "Where each of the tensors of these shapes begins in what they are joined to.",
      .shape = offset_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = offset_any },
    { .name = "Pack", .inputs = "values: N * T", .outputs = "output: T",
      .attrs = "N: int >= 1; T: type; axis: int = 0",
      .doc = "Tensors of one shape laid side by side along a new dimension, axis.",
      .shape = pack_shape, .partial = pack_partial, .grad = pack_grad,
      .prepare = axis_prepare, .kernel_any = pack_any },
    { .name = "Unpack", .inputs = "value: T", .outputs = "output: num * T",
      .attrs = "num: int >= 0; T: type; axis: int = 0",
      .doc = "The slices of value along dimension axis, each without that dimension.",
      .shape = unpack_shape, .grad = unpack_grad,
      .prepare = axis_prepare, .kernel_any = unpack_any },
    { .name = "Split", .inputs = "split_dim: int32, value: T", .outputs = "output: num_split * T",
      .attrs = "num_split: int >= 1; T: type",
      .doc = "Value cut along dimension split_dim into num_split equal parts.",
      .shape = split_shape, .grad = split_grad, .kernel_any = split_any },
    { .name = "SplitV", .inputs = "value: T, size_splits: Tlen, split_dim: int32",
      .outputs = "output: num_split * T",
      .attrs = "num_split: int >= 1; T: type; Tlen: {int32, int64} = int64",
      .doc = "Value cut along dimension split_dim into parts of these sizes, one of which may be "
             "-1: what is left.",
      .shape = splitv_shape, .grad = splitv_grad, .kernel_any = splitv_any },
    { 0 }
};
