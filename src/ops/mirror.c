/* mirror.c - MirrorPad, whose padding is the tensor itself seen in a mirror, and MirrorPadGrad. */
#include "ops/mirror.h"

#include "ops/array.h"

#include <string.h>

/* In REFLECT the mirror stands on the outermost elements, which are not repeated (edge 1). */
struct mirror { int64_t edge; };

static struct status *mirror_prepare(struct prep *p)
{
    struct mirror *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->edge = !strcmp(node_attr_string(p->node, "mode"), "REFLECT");
    return NULL;
}

struct status *mirror_dim(int64_t before, int64_t after, int64_t dim, int64_t edge)
{
    ENSURE(before >= 0 && after >= 0, "paddings must be non-negative: %lld %lld",
           (long long)before, (long long)after);
    if (edge)
        ENSURE(before < dim && after < dim,
               "paddings must be less than the dimension size: %lld, %lld not less than %lld",
               (long long)before, (long long)after, (long long)dim);
    ENSURE(before <= dim && after <= dim,
           "paddings must be no greater than the dimension size: %lld, %lld greater than %lld",
           (long long)before, (long long)after, (long long)dim);
    return NULL;
}

/* ---- shapes ---- */

static struct status *mirror_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *paddings = shape_in_value(c, 1);
    bool back = !strcmp(c->node->op->name, "MirrorPadGrad");
    struct shape p = SHAPE(-1, 2), y;
    TRY(shape_want_rank(shape_in(c, 1), 2));
    TRY(shape_merge(&p, shape_in(c, 1), &p));
    if (x->rank >= 0)
        TRY(dim_merge(x->rank, p.dim[0], &p.dim[0]));
    if (p.dim[0] < 0)
        return NULL;
    ENSURE(p.dim[0] <= MAX_RANK, "Cannot pad %lld dimensions: at most %d are supported",
           (long long)p.dim[0], MAX_RANK);
    y = shape_of_rank((int)p.dim[0]);
    for (int i = 0; paddings && i < y.rank && x->rank >= 0; i++) {
        int64_t before = index_at(paddings, 2 * i), after = index_at(paddings, 2 * i + 1), pads;
        ENSURE(before >= 0 && after >= 0, "paddings must be non-negative: %lld %lld",
               (long long)before, (long long)after);
        ENSURE(!__builtin_add_overflow(before, after, &pads), "paddings are too large");
        if (x->dim[i] >= 0)
            ENSURE(!__builtin_add_overflow(x->dim[i], back ? -pads : pads, &y.dim[i]),
                   "paddings are too large");
        ENSURE(x->dim[i] < 0 || y.dim[i] >= 0, "Negative dimension size caused by subtracting "
               "%lld from %lld", (long long)pads, (long long)x->dim[i]);
    }
    *shape_out(c, 0) = y;
    return NULL;
}

/* The shape of the output, all paddings having been checked. */
static struct status *mirror_check(const struct kernel *k, bool back, struct shape *y)
{
    const struct mirror *m = k->state;
    const struct tensor *x = kernel_in(k, 0), *p = kernel_in(k, 1);
    ENSURE(p->shape.rank == 2 && p->shape.dim[1] == 2,
           "paddings must be a matrix with 2 columns: %s", SHAPE_STR(&p->shape));
    ENSURE(p->shape.dim[0] == x->shape.rank, "The first dimension of paddings must be the rank of "
           "inputs%s, %s", SHAPE_STR(&p->shape), SHAPE_STR(&x->shape));
    *y = x->shape;
    for (int i = 0; i < y->rank; i++) {
        int64_t before = index_at(p, 2 * i), after = index_at(p, 2 * i + 1), pads;
        ENSURE(!__builtin_add_overflow(before, after, &pads), "paddings are too large");
        if (back) {
            y->dim[i] -= pads;
            ENSURE(before < 0 || after < 0 || y->dim[i] >= 0, "Total paddings must be less than "
                   "the input dimension size: %lld, %lld not less than %lld", (long long)before,
                   (long long)after, (long long)x->shape.dim[i]);
        }
        TRY(mirror_dim(before, after, y->dim[i], m->edge));
        if (!back)
            y->dim[i] += pads;
    }
    return NULL;
}

/* ---- MirrorPad: each dimension is a part before, the middle, and a part after ---- */

struct part { int64_t at, from, count, step; };

static struct part part_of(int which, int64_t before, int64_t after, int64_t dim, int64_t edge)
{
    if (which == 0)
        return (struct part){ 0, before - 1 + edge, before, -1 };
    if (which == 1)
        return (struct part){ before, 0, dim, 1 };
    return (struct part){ before + dim, dim - 1 - edge, after, -1 };
}

static struct status *mirror_parts(struct kernel *k, int d, int64_t to, int64_t from,
                                   struct layout *l)
{
    const struct mirror *m = k->state;
    const struct tensor *x = kernel_in(k, 0), *p = kernel_in(k, 1);
    const struct shape *y = &kernel_out(k, 0)->shape;
    if (d == y->rank) {
        struct layout one = *l;
        return array_move(k, kernel_out(k, 0), to, x, from, &one);
    }
    int64_t to_step = shape_span(y, d + 1, y->rank);
    int64_t from_step = shape_span(&x->shape, d + 1, y->rank);
    for (int which = 0; which < 3; which++) {
        struct part part = part_of(which, index_at(p, 2 * d), index_at(p, 2 * d + 1),
                                   x->shape.dim[d], m->edge);
        if (!part.count)
            continue;
        layout_add(l, part.count, to_step, part.step * from_step);
        TRY(mirror_parts(k, d + 1, to + part.at * to_step, from + part.from * from_step, l));
        l->rank--;
    }
    return NULL;
}

static struct status *mirror_pad(struct kernel *k)
{
    struct shape y;
    struct layout l = { 0 };
    TRY(mirror_check(k, false, &y));
    TRY(kernel_new(k, 0, kernel_in(k, 0)->dtype, &y));
    if (tensor_count(kernel_out(k, 0)) == 0)
        return NULL;
    return mirror_parts(k, 0, 0, 0, &l);
}

/* ---- MirrorPadGrad: what a mirror shows is added to what stands before it ---- */

/* For each dimension, where in the output each place of the input is added, in elements. */
static struct status *mirror_targets(struct kernel *k, const struct shape *y,
                                     int64_t *target[MAX_RANK])
{
    const struct mirror *m = k->state;
    const struct tensor *x = kernel_in(k, 0), *p = kernel_in(k, 1);
    int64_t stride[MAX_RANK];
    shape_strides(y, stride);
    for (int d = 0; d < y->rank; d++) {
        TRY(kernel_temp(k, (size_t)(x->shape.dim[d] + 1) * sizeof **target, &target[d]));
        for (int which = 0; which < 3; which++) {
            struct part part = part_of(which, index_at(p, 2 * d), index_at(p, 2 * d + 1),
                                       y->dim[d], m->edge);
            for (int64_t i = 0; i < part.count; i++)
                target[d][part.at + i] = (part.from + i * part.step) * stride[d];
        }
    }
    return NULL;
}

#define EACH "ops/mirror.inc"
#include "op/each_number.h"

static struct out mirrored(struct grad *g, const char *op)
{
    return grad_add(g, op, OUTS(g->dy[0], g->x[1]),
                    ATTRS(attr_string("mode", node_attr_string(g->node, "mode"))));
}

static void mirror_grad(struct grad *g) { g->dx[0] = mirrored(g, "MirrorPadGrad"); }
static void mirror_grad_grad(struct grad *g) { g->dx[0] = mirrored(g, "MirrorPad"); }

#define MIRROR .inputs = "input: T, paddings: Tpaddings", .outputs = "output: T", \
    .attrs = "T: type; Tpaddings: {int32, int64} = int32; mode: {\"REFLECT\", \"SYMMETRIC\"}", \
    .shape = mirror_shape, .prepare = mirror_prepare

const struct op ops_mirror[] = {
    { .name = "MirrorPad", MIRROR,
      .doc = "The tensor, padded in each dimension by its own elements in reverse order.",
      .grad = mirror_grad, .kernel_any = mirror_pad },
    { .name = "MirrorPadGrad", MIRROR,
      .doc = "The gradient of MirrorPad: the padding folded back and added.",
      .grad = mirror_grad_grad,
      .kernel = KERNELS(NUMBERS(mirror_fold), [DT_QINT8] = mirror_fold_i8,
                        [DT_QUINT8] = mirror_fold_u8, [DT_QINT32] = mirror_fold_i32) },
    { 0 }
};
