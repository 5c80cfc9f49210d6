/* broadcast.c - NumPy's broadcasting as ops: BroadcastTo, BroadcastArgs, BroadcastGradientArgs; and
 * the walk and the gradient that all broadcasting ops share. */
#include "ops/broadcast.h"

#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

#include <string.h>

/* ---- the walk ---- */

static int64_t dim_from_end(const struct shape *s, int i)
{
    return i < s->rank ? s->dim[s->rank - 1 - i] : 1;
}

void broadcast_plan(struct broadcast *b, const struct shape *x, const struct shape *y)
{
    int rank = x->rank > y->rank ? x->rank : y->rank;
    int64_t x_step = 1, y_step = 1;
    *b = (struct broadcast){ .rank = 0 };
    for (int i = 0; i < rank; i++) {
        int64_t nx = dim_from_end(x, i), ny = dim_from_end(y, i), n = nx == 1 ? ny : nx;
        if (n == 1)
            continue;
        int64_t sx = nx == 1 ? 0 : x_step, sy = ny == 1 ? 0 : y_step;
        int last = b->rank - 1;
        if (last >= 0 && !sx == !b->x[last] && !sy == !b->y[last]) {
            b->dim[last] *= n;
        } else {
            b->dim[b->rank] = n;
            b->x[b->rank] = sx;
            b->y[b->rank++] = sy;
        }
        x_step *= nx;
        y_step *= ny;
    }
    if (!b->rank)
        *b = (struct broadcast){ 1, { 1 }, { 1 }, { 1 } };
}

int64_t broadcast_rows(const struct broadcast *b)
{
    int64_t rows = b->dim[0] > 0;
    for (int d = 1; d < b->rank; d++)
        rows *= b->dim[d];
    return rows;
}

struct broadcast_at broadcast_seek(const struct broadcast *b, int64_t row)
{
    struct broadcast_at at = { 0 };
    for (int d = 1; d < b->rank; d++) {
        at.index[d] = row % b->dim[d];
        row /= b->dim[d];
        at.x += at.index[d] * b->x[d];
        at.y += at.index[d] * b->y[d];
    }
    return at;
}

/* ---- gradients ---- */

bool grad_alike(struct out x, struct out y)
{
    return shape_is_known(out_shape(x)) && shape_equal(out_shape(x), out_shape(y));
}

struct repeats grad_repeats(struct grad *g, struct out x, struct out y)
{
    struct repeats r = { .shape[0] = grad_shape_of(g, x, DT_INT32) };
    r.shape[1] = grad_shape_of(g, y, DT_INT32);
    r.axes = grad2(g, "BroadcastGradientArgs", r.shape[0], r.shape[1]);
    return r;
}

struct out grad_sum_repeats(struct grad *g, const struct repeats *r, int i, struct out dz)
{
    return grad2(g, "Reshape", grad2(g, "Sum", dz, out_at(r->axes, i)), r->shape[i]);
}

void grad_unbroadcast(struct grad *g, struct out x, struct out y, struct out *dx, struct out *dy)
{
    if (g->st || grad_alike(x, y))
        return;
    struct repeats r = grad_repeats(g, x, y);
    if (dx && dx->node)
        *dx = grad_sum_repeats(g, &r, 0, *dx);
    if (dy && dy->node)
        *dy = grad_sum_repeats(g, &r, 1, *dy);
}

void grad_binary(struct grad *g, struct out dx, struct out dy)
{
    grad_unbroadcast(g, g->x[0], g->x[1], &dx, &dy);
    g->dx[0] = dx;
    g->dx[1] = dy;
}

struct out grad_conj(struct grad *g, struct out x)
{
    return x.node && dtype_is_complex(out_dtype(x)) ? grad1(g, "Conj", x) : x;
}

/* ---- BroadcastArgs, BroadcastGradientArgs ---- */

static struct status *two_vectors(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    return shape_want_rank(shape_in(c, 1), 1);
}

static struct status *broadcast_args_shape(struct shape_ctx *c)
{
    TRY(two_vectors(c));
    const struct shape *a = shape_in(c, 0), *b = shape_in(c, 1);
    int64_t n = a->rank < 0 || b->rank < 0 || a->dim[0] < 0 || b->dim[0] < 0 ? -1
              : a->dim[0] > b->dim[0] ? a->dim[0] : b->dim[0];
    *shape_out(c, 0) = SHAPE(n);
    return NULL;
}

static bool broadcast_args_partial(struct shape_ctx *c, struct shape *value)
{
    struct shape a, b;
    struct status *st = shape_in_shape(c, 0, &a);
    if (!st)
        st = shape_in_shape(c, 1, &b);
    if (!st)
        st = shape_broadcast_of(&a, &b, value);
    bool known = !st && value->rank >= 0;
    status_free(st);
    return known;
}

static struct status *broadcast_gradient_args_shape(struct shape_ctx *c)
{
    TRY(two_vectors(c));
    *shape_out(c, 0) = *shape_out(c, 1) = SHAPE(-1);
    return NULL;
}

/* Input i, a vector, as the shape it denotes. */
static struct status *vector_shape(const struct kernel *k, int i, const char *name,
                                   struct shape *s)
{
    const struct tensor *v = kernel_in(k, i);
    ENSURE(v->shape.rank == 1, "%s must be a vector, but its shape is %s", name,
           SHAPE_STR(&v->shape));
    ENSURE(v->shape.dim[0] <= MAX_RANK, "%s has %lld dimensions, at most %d are supported", name,
           (long long)v->shape.dim[0], MAX_RANK);
    s->rank = (int)v->shape.dim[0];
    for (int d = 0; d < s->rank; d++)
        s->dim[d] = tensor_int(v, d);
    return NULL;
}

static struct status *vector_out(struct kernel *k, int i, const int64_t *v, int n)
{
    enum dtype t = kernel_in(k, 0)->dtype;
    TRY(kernel_new(k, i, t, &SHAPE(n)));
    for (int d = 0; d < n; d++)
        if (t == DT_INT32)
            ((int32_t *)kernel_out(k, i)->data)[d] = (int32_t)v[d];
        else
            ((int64_t *)kernel_out(k, i)->data)[d] = v[d];
    return NULL;
}

static struct status *broadcast_args(struct kernel *k)
{
    struct shape a, b, both;
    TRY(vector_shape(k, 0, "s0", &a));
    TRY(vector_shape(k, 1, "s1", &b));
    for (int i = 1; i <= a.rank && i <= b.rank; i++) {     /* negative sizes are not unknown here */
        int64_t m = a.dim[a.rank - i], n = b.dim[b.rank - i];
        ENSURE(m == n || m == 1 || n == 1, "Incompatible shapes: %s vs. %s", SHAPE_STR(&a),
               SHAPE_STR(&b));
    }
    TRY(shape_broadcast_of(&a, &b, &both));
    return vector_out(k, 0, both.dim, both.rank);
}

/* TF lists an axis for both where both are 1 there: summing over it changes nothing. */
static int gradient_axes(const struct shape *s, const struct shape *all, int64_t axis[MAX_RANK])
{
    int n = 0;
    for (int i = 0; i < all->rank; i++) {
        int at = i - (all->rank - s->rank);
        if (at < 0 || s->dim[at] == 1)
            axis[n++] = i;
    }
    return n;
}

static struct status *broadcast_gradient_args(struct kernel *k)
{
    struct shape a, b, both;
    int64_t axis[MAX_RANK] = { 0 };
    TRY(vector_shape(k, 0, "s0", &a));
    TRY(vector_shape(k, 1, "s1", &b));
    TRY(shape_broadcast_of(&a, &b, &both));
    bool alike = shape_equal(&a, &b);
    TRY(vector_out(k, 0, axis, alike ? 0 : gradient_axes(&a, &both, axis)));
    return vector_out(k, 1, axis, alike ? 0 : gradient_axes(&b, &both, axis));
}

/* ---- BroadcastTo ---- */

static struct status *broadcast_to_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    struct shape to, both;
    TRY(shape_in_shape(c, 1, &to));
    *shape_out(c, 0) = to;
    if (to.rank < 0 || in->rank < 0)
        return NULL;
    ENSURE(in->rank <= to.rank, "Unable to broadcast tensor of shape %s to tensor of shape %s",
           SHAPE_STR(in), SHAPE_STR(&to));
    TRY(shape_broadcast_of(in, &to, &both));
    for (int d = 0; d < to.rank; d++)
        ENSURE(to.dim[d] < 0 || both.dim[d] == to.dim[d] || both.dim[d] < 0,
               "Unable to broadcast tensor of shape %s to tensor of shape %s", SHAPE_STR(in),
               SHAPE_STR(&to));
    return NULL;
}

static struct status *broadcast_to_check(const struct kernel *k, struct shape *to)
{
    const struct shape *from = &kernel_in(k, 0)->shape, *v = &kernel_in(k, 1)->shape;
    struct shape both;
    bool empty = false;
    ENSURE(v->rank == 1, "shape must be a vector of {int32,int64}, got shape %s", SHAPE_STR(v));
    TRY(vector_shape(k, 1, "shape", to));
    for (int d = 0; d < to->rank; d++) {
        ENSURE(to->dim[d] >= 0, "Dimension %lld must be >= 0", (long long)to->dim[d]);
        empty |= to->dim[d] == 0;
    }
    struct status *st = shape_broadcast_of(from, to, &both);
    bool fits = !st && shape_equal(&both, to);
    if (empty && from->rank <= to->rank)
        fits = true;            /* TF: nothing is compared where nothing will be written */
    status_free(st);
    ENSURE(fits, "invalid shape to broadcast from %s to %s", SHAPE_STR(from), SHAPE_STR(to));
    return NULL;
}

/* The result is walked with itself as y: its runs are where x is copied to. */
static struct status *broadcast_to(struct kernel *k)
{
    struct shape to;
    TRY(broadcast_to_check(k, &to));
    const struct tensor *from = kernel_in(k, 0);
    if (shape_equal(&from->shape, &to)) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    TRY(kernel_new(k, 0, from->dtype, &to));
    struct tensor *out = kernel_out(k, 0);
    struct broadcast b;
    if (!tensor_count(out))
        return NULL;
    broadcast_plan(&b, &from->shape, &to);
    struct broadcast_at at = { 0 };
    int64_t rows = broadcast_rows(&b);
    for (int64_t row = 0, z = 0; row < rows; row++, z += b.dim[0]) {
        int64_t once = b.x[0] ? b.dim[0] : 1;
        for (int64_t i = 0; i < b.dim[0]; i += once)
            TRY(tensor_copy_elements(out, z + i, from, at.x, once));
        broadcast_next(&b, &at);
    }
    return NULL;
}

static void broadcast_to_grad(struct grad *g)
{
    struct out dx = g->dy[0], x_shape = grad1(g, "Shape", g->x[0]);
    struct out to = g->x[1];
    if (!g->st && out_dtype(to) != DT_INT32)
        to = grad_add(g, "Cast", OUTS(to), ATTRS(attr_type("DstT", DT_INT32)));
    struct out r = grad2(g, "BroadcastGradientArgs", x_shape, to);
    g->dx[0] = grad2(g, "Reshape", grad2(g, "Sum", dx, r), x_shape);
}

#define SIZES "T: {int32, int64} = int32"

const struct op ops_broadcast[] = {
    { .name = "BroadcastArgs", .inputs = "s0: T, s1: T", .outputs = "r0: T", .attrs = SIZES,
      .doc = "The shape that tensors of shapes s0 and s1 broadcast to.",
      .shape = broadcast_args_shape, .partial = broadcast_args_partial,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = broadcast_args },
    { .name = "BroadcastGradientArgs", .inputs = "s0: T, s1: T", .outputs = "r0: T, r1: T",
      .attrs = SIZES,
      .doc = "The axes over which a gradient is summed for tensors of shapes s0 and s1 that were "
             "broadcast together.",
      .shape = broadcast_gradient_args_shape, .grad = NOT_DIFFERENTIABLE,
      .kernel_any = broadcast_gradient_args },
    { .name = "BroadcastTo", .inputs = "input: T, shape: Tidx", .outputs = "output: T",
      .attrs = "T: type; Tidx: {int32, int64} = int32",
      .doc = "The input repeated along its dimensions of size 1 until it has the given shape.",
      .shape = broadcast_to_shape, .grad = broadcast_to_grad, .kernel_any = broadcast_to },
    { 0 }
};
