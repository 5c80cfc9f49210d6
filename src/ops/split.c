/* split.c - taking tensors apart: Unpack, Split, SplitV. */
#include "ops/array.h"

#include "base/mem.h"

/* ---- Unpack ---- */

static struct shape shape_without(const struct shape *s, int at)
{
    struct shape r = { s->rank - 1, { 0 } };
    for (int i = 0; i < r.rank; i++)
        r.dim[i] = s->dim[i < at ? i : i + 1];
    return r;
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
        TRY(cut_take(k, &whole, c.inner * n, i * c.inner, kernel_out(k, i), c));
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
        TRY(cut_take(k, x, c.dim * c.inner * n, i * c.dim * c.inner, kernel_out(k, i), c));
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
    joined = grad_add_named(g, "ConcatV2", "concat", in, g->n_out + 1, NULL, 0);
    mem_free(in);
    return joined;
}

static void split_grad(struct grad *g)
{
    g->dx[1] = split_join(g, g->x[0]);
}

/* Checks the sizes of the parts; that which is -1 is what `total` leaves (*open). */
static struct status *splitv_sizes(const struct tensor *sizes, int n, int64_t total,
                                   int64_t *open)
{
    int64_t sum = 0, unsaid = 0;
    for (int i = 0; i < n; i++) {
        int64_t size = index_at(sizes, i);
        ENSURE(size != -1 || !unsaid++, "There can only be one -1 in the input.");
        ENSURE(size == -1 || !__builtin_add_overflow(sum, size, &sum),
               "Split sizes are too large");
    }
    ENSURE(unsaid ? sum <= total : sum == total, "Determined shape must either match input shape "
           "along split_dim exactly if fully specified, or be less than the size of the input "
           "along split_dim if not fully specified.  Got: %lld", (long long)sum);
    for (int i = 0; i < n; i++)
        ENSURE(index_at(sizes, i) >= -1, "Split size at index %d must be >= 0. Got: %lld", i,
               (long long)index_at(sizes, i));
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
        TRY(cut_take(k, x, whole.dim * whole.inner, at, kernel_out(k, i), c));
        at += c.dim * c.inner;
    }
    return NULL;
}

static void splitv_grad(struct grad *g)
{
    g->dx[0] = split_join(g, g->x[2]);
}

const struct op ops_split[] = {
    { .name = "Unpack", .inputs = "value: T", .outputs = "output: num * T",
      .attrs = "num: int >= 0; T: type; axis: int = 0",
      .doc = "The slices of value along dimension axis, each without that dimension.",
      .shape = unpack_shape, .grad = unpack_grad,
      .prepare = pack_prepare, .kernel_any = unpack_any },
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
