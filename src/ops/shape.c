/* shape.c - what a tensor's shape is, and the same values in another shape: Shape, ShapeN, Size,
 * Rank, Reshape, ExpandDims, Squeeze, EnsureShape. Nothing here copies a value. */
#include "ops/array.h"
#include "ops/steps.h"

#include "op/each.h"

/* ---- Shape, ShapeN, Size, Rank ---- */

static struct status *shape_shape(struct shape_ctx *c)
{
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE(shape_in(c, i)->rank);
    return NULL;
}

static bool shape_partial(struct shape_ctx *c, struct shape *value)
{
    *value = *shape_in(c, c->asked);
    return value->rank >= 0;
}

static struct status *shape_write_int32(struct kernel *k, int i, const struct shape *s)
{
    TRY(kernel_new(k, i, DT_INT32, &SHAPE(s->rank)));
    int32_t *y = kernel_out(k, i)->data;
    for (int d = 0; d < s->rank; d++) {
        ENSURE(s->dim[d] <= INT32_MAX, "Shape output type is 32-bit but dim %d is %lld", d,
               (long long)s->dim[d]);
        y[d] = (int32_t)s->dim[d];
    }
    return NULL;
}

static struct status *shape_i32(struct kernel *k)
{
    for (int i = 0; i < k->n_in; i++)
        TRY(shape_write_int32(k, i, &kernel_in(k, i)->shape));
    return NULL;
}

static struct status *shape_i64(struct kernel *k)
{
    for (int i = 0; i < k->n_in; i++) {
        const struct shape s = kernel_in(k, i)->shape;
        TRY(kernel_new(k, i, DT_INT64, &SHAPE(s.rank)));
        int64_t *y = kernel_out(k, i)->data;
        for (int d = 0; d < s.rank; d++)
            y[d] = s.dim[d];
    }
    return NULL;
}

static bool size_partial(struct shape_ctx *c, struct shape *value)
{
    const struct shape *s = shape_in(c, 0);
    *value = SHAPE_SCALAR;
    value->dim[0] = 1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 0 || __builtin_mul_overflow(value->dim[0], s->dim[i], &value->dim[0]))
            return false;
    }
    return s->rank >= 0;
}

static struct status *size_i32(struct kernel *k)
{
    int64_t n = tensor_count(kernel_in(k, 0));
    ENSURE(n <= INT32_MAX, "Number of elements was larger than representable by 32-bit output "
           "type: %lld", (long long)n);
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = (int32_t)n;
    return NULL;
}

static struct status *size_i64(struct kernel *k)
{
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)kernel_out(k, 0)->data = tensor_count(kernel_in(k, 0));
    return NULL;
}

static bool rank_partial(struct shape_ctx *c, struct shape *value)
{
    *value = SHAPE_SCALAR;
    value->dim[0] = shape_in(c, 0)->rank;
    return value->dim[0] >= 0;
}

static struct status *rank_any(struct kernel *k)
{
    TRY(kernel_new(k, 0, DT_INT32, &SHAPE_SCALAR));
    *(int32_t *)kernel_out(k, 0)->data = kernel_in(k, 0)->shape.rank;
    return NULL;
}

/* ---- Reshape ---- */

/* The product of the known dimensions, and where the unknown ones are. */
struct elements { int64_t known; int unknown, at; };

static struct elements elements_of(const struct shape *s)
{
    struct elements e = { 1, 0, -1 };
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[i] < 0) {
            e.unknown++;
            e.at = i;
        } else if (__builtin_mul_overflow(e.known, s->dim[i], &e.known)) {
            e.unknown = 2;              /* too many to say anything */
            return e;
        }
    }
    return e;
}

static struct status *reshape_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    struct shape *out = shape_out(c, 0);
    TRY(shape_in_shape(c, 1, out));
    if (in->rank < 0 || out->rank < 0)
        return NULL;

    struct elements have = elements_of(in), want = elements_of(out);
    if (have.unknown || want.unknown > 1)
        return NULL;
    if (!want.unknown) {
        ENSURE(have.known == want.known, "Cannot reshape a tensor with %lld elements to shape %s "
               "(%lld elements)", (long long)have.known, SHAPE_STR(out), (long long)want.known);
    } else if (want.known > 0) {
        ENSURE(have.known % want.known == 0, "Dimension size must be evenly divisible by %lld but "
               "is %lld", (long long)want.known, (long long)have.known);
        out->dim[want.at] = have.known / want.known;
    }
    return NULL;
}

/* A reshaped or sliced vector of sizes that stays a vector. */
static bool reshape_partial(struct shape_ctx *c, struct shape *value)
{
    const struct shape *to = c->node->shape[0];
    struct shape v;
    if (to->rank < 0 || to->rank > 1 || !partial_in(c, 0, &v))
        return false;
    *value = v;
    if (v.rank == 0 && to->rank == 1)
        value->rank = 1;
    if (v.rank == 1 && to->rank == 0)
        value->rank = 0;
    return true;
}

static void reshape_grad(struct grad *g)
{
    g->dx[0] = grad_reshape_like(g, g->dy[0], g->x[0]);
}

/* The sizes asked for, where at most one, *open, is to be computed. */
static struct status *reshape_sizes(const struct tensor *sizes, struct shape *s, int *open,
                                    int64_t *product)
{
    ENSURE(sizes->shape.rank == 1, "sizes input must be 1-D, not %s", SHAPE_STR(&sizes->shape));
    ENSURE(sizes->shape.dim[0] <= MAX_RANK, "Shape has %lld dimensions: at most %d are supported",
           (long long)sizes->shape.dim[0], MAX_RANK);
    *open = -1;
    *product = 1;
    s->rank = (int)sizes->shape.dim[0];
    for (int i = 0; i < s->rank; i++) {
        s->dim[i] = index_at(sizes, i);
        if (s->dim[i] == -1) {
            ENSURE(*open < 0, "Only one input size may be -1, not both %d and %d", *open, i);
            *open = i;
        } else {
            ENSURE(s->dim[i] >= 0, "Size %d must be non-negative, not %lld", i,
                   (long long)s->dim[i]);
            ENSURE(!__builtin_mul_overflow(*product, s->dim[i], product),
                   "Reshape: the requested shape has too many elements");
        }
    }
    return NULL;
}

static struct status *reshape_any(struct kernel *k)
{
    struct shape s;
    int open;
    int64_t product, n = tensor_count(kernel_in(k, 0));
    TRY(reshape_sizes(kernel_in(k, 1), &s, &open, &product));
    if (open >= 0) {
        ENSURE(product > 0, "Reshape cannot infer the missing input size for an empty tensor "
               "unless all specified input sizes are non-zero");
        s.dim[open] = n / product;
        ENSURE(s.dim[open] * product == n, "Input to reshape is a tensor with %lld values, but "
               "the requested shape requires a multiple of %lld", (long long)n,
               (long long)product);
        product = n;
    }
    ENSURE(product == n, "Input to reshape is a tensor with %lld values, but the requested shape "
           "has %lld", (long long)n, (long long)product);
    TRY(shape_check(&s));
    kernel_view(k, 0, 0, &s);
    return NULL;
}

static struct status *quantized_reshape_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return reshape_shape(c);
}

static struct status *quantized_reshape(struct kernel *k)
{
    struct range r;
    TRY(range_in(k, 2, &r));
    TRY(reshape_any(k));
    return range_out(k, 1, r);
}

/* ---- ExpandDims ---- */

static struct status *expand_at(int64_t dim, const struct shape *in, struct shape *out)
{
    ENSURE(dim >= -1 - in->rank && dim <= in->rank,
           "Tried to expand dim index %lld for tensor with %d dimensions.", (long long)dim,
           in->rank);
    ENSURE(in->rank < MAX_RANK, "Cannot expand a tensor of %d dimensions: at most %d are "
           "supported", in->rank, MAX_RANK);
    int at = (int)(dim < 0 ? dim + in->rank + 1 : dim);
    *out = (struct shape){ in->rank + 1, { 0 } };
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i < at ? in->dim[i] : i == at ? 1 : in->dim[i - 1];
    return NULL;
}

static struct status *expand_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    const struct tensor *dim = shape_in_value(c, 1);
    *shape_out(c, 0) = in->rank < 0 ? SHAPE_UNKNOWN : shape_of_rank(in->rank + 1);
    if (!dim || in->rank < 0)
        return NULL;
    ENSURE(tensor_count(dim) == 1, "'dim' input must be a tensor with a single value");
    return expand_at(index_at(dim, 0), in, shape_out(c, 0));
}

static struct status *expand_any(struct kernel *k)
{
    const struct tensor *dim = kernel_in(k, 1);
    struct shape s;
    ENSURE(tensor_count(dim) == 1, "'dim' must be a tensor with a single value, not of shape %s",
           SHAPE_STR(&dim->shape));
    TRY(expand_at(index_at(dim, 0), &kernel_in(k, 0)->shape, &s));
    kernel_view(k, 0, 0, &s);
    return NULL;
}

/* ---- Squeeze ---- */

struct squeeze { int n; int64_t dim[MAX_RANK]; };

static struct status *squeeze_read(const struct node *n, struct squeeze *q)
{
    const struct attr *a = node_attr_find(n, "squeeze_dims");
    q->n = a ? a->n : 0;
    ENSURE(q->n <= MAX_RANK, "Squeeze: %d dimensions named, at most %d are supported", q->n,
           MAX_RANK);
    for (int i = 0; i < q->n; i++)
        q->dim[i] = a->ints[i];
    return NULL;
}

/* Which dimensions go, as bits. */
static struct status *squeeze_named(const struct squeeze *q, const struct shape *s, unsigned *set)
{
    *set = 0;
    for (int i = 0; i < q->n; i++) {
        int64_t d = q->dim[i];
        ENSURE(d >= -s->rank && d < s->rank,
               "Tried to squeeze dim index %lld for tensor with %d dimensions.", (long long)d,
               s->rank);
        *set |= 1u << (d < 0 ? d + s->rank : d);
    }
    return NULL;
}

/* Unknown dimensions: those named are taken to be 1; where none is named nothing can be said. */
static struct status *squeeze_apply(const struct squeeze *q, const struct shape *s,
                                    struct shape *out)
{
    unsigned set;
    TRY(squeeze_named(q, s, &set));
    *out = SHAPE_SCALAR;
    for (int i = 0; i < s->rank; i++) {
        bool named = set >> i & 1;
        ENSURE(!named || s->dim[i] == 1 || s->dim[i] < 0,
               "Can not squeeze dim[%d], expected a dimension of 1, got %lld", i,
               (long long)s->dim[i]);
        if (!q->n && s->dim[i] < 0) {
            *out = SHAPE_UNKNOWN;
            return NULL;
        }
        if (!named && (q->n || s->dim[i] != 1))
            out->dim[out->rank++] = s->dim[i];
    }
    return NULL;
}

static struct status *squeeze_shape(struct shape_ctx *c)
{
    struct squeeze q;
    TRY(squeeze_read(c->node, &q));
    if (shape_in(c, 0)->rank < 0)
        return NULL;
    return squeeze_apply(&q, shape_in(c, 0), shape_out(c, 0));
}

static struct status *squeeze_prepare(struct prep *p)
{
    struct squeeze *q;
    TRY(prep_state(p, sizeof *q, &q));
    return squeeze_read(p->node, q);
}

static struct status *squeeze_any(struct kernel *k)
{
    struct shape s;
    TRY(squeeze_apply(k->state, &kernel_in(k, 0)->shape, &s));
    kernel_view(k, 0, 0, &s);
    return NULL;
}

/* ---- EnsureShape ---- */

static struct status *ensure_shape(struct shape_ctx *c)
{
    return shape_merge(shape_in(c, 0), node_attr_shape(c->node, "shape"), shape_out(c, 0));
}

static struct status *ensure_prepare(struct prep *p)
{
    p->state = node_attr_shape(p->node, "shape");
    return NULL;
}

static struct status *ensure_any(struct kernel *k)
{
    const struct shape *s = &kernel_in(k, 0)->shape;
    ENSURE(shape_accepts(k->state, s), "Shape of tensor %s %s is not compatible with expected "
           "shape %s.", k->node->in[0].node->name, SHAPE_STR(s),
           SHAPE_STR((const struct shape *)k->state));
    kernel_forward(k, 0, 0);
    return NULL;
}

static void ensure_grad(struct grad *g)
{
    g->dx[0] = g->dy[0];
}

#define OF_SIZES(x) KERNELS([DT_INT32] = x##_i32, [DT_INT64] = x##_i64)

const struct op ops_shape[] = {
    { .name = "Shape", .inputs = "input: T", .outputs = "output: out_type",
      .attrs = "T: type; out_type: {int32, int64} = int32",
      .doc = "The shape of input, as a vector of its dimensions.",
      .shape = shape_shape, .partial = shape_partial, .grad = NOT_DIFFERENTIABLE,
      .kernel = OF_SIZES(shape), .by = "out_type" },
    { .name = "ShapeN", .inputs = "input: N * T", .outputs = "output: N * out_type",
      .attrs = "N: int >= 1; T: type; out_type: {int32, int64} = int32",
      .doc = "The shape of each input, as a vector of its dimensions.",
      .shape = shape_shape, .partial = shape_partial, .grad = NOT_DIFFERENTIABLE,
      .kernel = OF_SIZES(shape), .by = "out_type" },
    { .name = "Size", .inputs = "input: T", .outputs = "output: out_type",
      .attrs = "T: type; out_type: {int32, int64} = int32",
      .doc = "How many elements input has.",
      .shape = shape_scalar, .partial = size_partial, .grad = NOT_DIFFERENTIABLE,
      .kernel = OF_SIZES(size), .by = "out_type" },
    { .name = "Rank", .inputs = "input: T", .outputs = "output: int32", .attrs = "T: type",
      .doc = "How many dimensions input has.",
      .shape = shape_scalar, .partial = rank_partial, .grad = NOT_DIFFERENTIABLE,
      .kernel_any = rank_any },
    { .name = "Reshape", .inputs = "tensor: T, shape: Tshape", .outputs = "output: T",
      .attrs = "T: type; Tshape: {int32, int64} = int32",
      .doc = "The same elements in another shape, of which one dimension may be -1: what is left.",
      .shape = reshape_shape, .partial = reshape_partial, .grad = reshape_grad,
      .kernel_any = reshape_any },
    { .name = "QuantizedReshape",
      .inputs = "tensor: T, shape: Tshape, input_min: float, input_max: float",
      .outputs = "output: T, output_min: float, output_max: float",
      .attrs = "T: type; Tshape: {int32, int64} = int32",
      .doc = "Reshape of quantized numbers, whose range stays.",
      .shape = quantized_reshape_shape, .grad = NO_GRADIENT, .kernel_any = quantized_reshape },
    { .name = "ExpandDims", .inputs = "input: T, dim: Tdim", .outputs = "output: T",
      .attrs = "T: type; Tdim: {int32, int64} = int32",
      .doc = "Input with a dimension of size 1 put in at position dim.",
      .shape = expand_shape, .partial = reshape_partial, .grad = reshape_grad,
      .kernel_any = expand_any },
    { .name = "Squeeze", .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: type; squeeze_dims: list(int) >= 0 = []",
      .doc = "Input without its dimensions of size 1: all of them, or those that are named.",
      .shape = squeeze_shape, .partial = reshape_partial, .grad = reshape_grad,
      .prepare = squeeze_prepare, .kernel_any = squeeze_any },
    { .name = "EnsureShape", .inputs = "input: T", .outputs = "output: T",
      .attrs = "shape: shape; T: type",
      .doc = "Input itself, once it is sure that it has the shape that is said.",
      .shape = ensure_shape, .grad = ensure_grad, .prepare = ensure_prepare,
      .kernel_any = ensure_any },
    { 0 }
};
