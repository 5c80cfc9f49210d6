/* reduce_grad.c - gradients of the reductions.
 *
 * A gradient must be spread over what was folded. Where axes and dimensions are known while the
 * graph is built, the shapes this takes are constants; otherwise nodes compute them in the run. The
 * nodes of Sum, Mean, Max and Min are TensorFlow's, by name and order. */
#include "ops/reduce_grad.h"

#include "graph/graph.h"
#include "ops/array.h"

/* What is known of a reduction while its gradient is built. */
struct known {
    struct shape x;             /* rank -1: rank or axes are not known */
    unsigned mask;              /* bit i: dimension i was folded */
    int64_t count;              /* elements folded into one, or -1 */
    bool all;                   /* the axes are all there are, in order */
};

static void known_count(struct known *k)
{
    k->count = 1;
    for (int i = 0; i < k->x.rank; i++)
        if (k->mask >> i & 1)
            k->count = k->x.dim[i] < 0 || k->count < 0 ? -1 : k->count * k->x.dim[i];
}

static struct known known_of(struct grad *g)
{
    struct known k = { .x = *out_shape(g->x[0]) };
    struct tensor axes;
    int budget = VALUE_BUDGET;
    if (!graph_constant(g->x[1], &budget, &axes)) {
        k.x.rank = -1;
        return k;
    }
    k.all = tensor_count(&axes) == k.x.rank;
    for (int64_t i = 0; k.x.rank >= 0 && i < tensor_count(&axes); i++) {
        int64_t axis = tensor_int(&axes, i);
        k.all &= axis == i;
        k.mask |= 1u << (axis < 0 ? axis + k.x.rank : axis);
    }
    tensor_unref(&axes);
    known_count(&k);
    return k;
}

/* Axes in [0, rank), int32. */
static struct out axes_resolved(struct grad *g, struct out rank)
{
    struct out axes = grad_cast(g, g->x[1], DT_INT32);
    return grad2(g, "FloorMod", grad2(g, "Add", axes, rank), rank);
}

static struct out range(struct grad *g, struct out to)
{
    return grad_add(g, "Range", OUTS(grad_ints(g, 0), to, grad_ints(g, 1)), NULL, 0);
}

static struct out scalar(struct grad *g, const char *name, int v)
{
    return grad_named_scalar(g, name, DT_INT32, v);
}

static struct out add2(struct grad *g, const char *op, const char *name, struct out a,
                       struct out b)
{
    return grad_add_named(g, op, name, OUTS(a, b), NULL, 0);
}

/* The length of a vector: a constant where it is known. */
static struct out size_of(struct grad *g, struct out vector)
{
    const struct shape *s = out_shape(vector);
    return shape_is_known(s) ? scalar(g, "Size", (int)shape_count(s)) : grad1(g, "Size", vector);
}

/* `shape`, of x, with ones where dimensions were folded. TF: math_ops.reduced_shape(). */
static struct out reduced_shape(struct grad *g, struct out shape)
{
    struct out axes = grad_cast(g, g->x[1], DT_INT32), rank = size_of(g, shape);
    axes = add2(g, "FloorMod", "mod", add2(g, "AddV2", "add", axes, rank), rank);
    struct out n = grad_shape_of(g, axes, DT_INT32);
    struct out start = scalar(g, "range/start", 0), delta = scalar(g, "range/delta", 1);
    struct out dims = grad_add_named(g, "Range", "range", OUTS(start, rank, delta), NULL, 0);
    struct out ones = grad2(g, "Fill", n, scalar(g, "Fill/value", 1));
    return grad_add(g, "DynamicStitch", OUTS(dims, axes, shape, ones), NULL, 0);
}

/* x / max(y, 1). TF: _safe_shape_div(). */
static struct out safe_div(struct grad *g, struct out x, struct out y)
{
    struct out one = scalar(g, "Maximum/y", 1);
    return add2(g, "FloorDiv", "floordiv", x, grad2(g, "Maximum", y, one));
}

/* v, of the shape of y, repeated over what was folded, as the run finds it. */
static struct out spread_unknown(struct grad *g, struct out v)
{
    struct attr groups;
    struct grad was = *g;
    struct out shape = grad_shape_of(g, g->x[0], DT_INT32);
    if (!g->groups && !g->st) {                 /* TF: with colocate_with(input_shape) */
        g->st = node_groups(shape.node, &g->graph->arena, &groups);
        g->groups = &groups;
        g->device = shape.node->device;
    }
    struct out kept = reduced_shape(g, shape), times = safe_div(g, shape, kept);
    g->groups = was.groups;
    g->device = was.device;
    return grad2(g, "Tile", grad2(g, "Reshape", v, kept), times);
}

/* ... where every dimension was folded into one number. */
static struct out spread_all(struct grad *g, const struct known *k, struct out v)
{
    const struct shape *s = &k->x;
    int64_t ones[MAX_RANK];
    for (int i = 0; i < s->rank; i++)
        ones[i] = 1;
    v = grad2(g, "Reshape", v, grad_named_vector(g, "Reshape/shape", DT_INT32, ones, s->rank));
    return grad2(g, "Tile", v, shape_is_known(s) ? grad_vector(g, DT_INT32, s->dim, s->rank)
                                               : grad1(g, "Shape", g->x[0]));
}

/* ... where x's shape and the axes are known. TF computes the two vectors by nodes, once for each
 * shape and axes of a graph; here they are just known. */
static struct out spread_known(struct grad *g, const struct known *k, struct out v)
{
    int64_t kept[MAX_RANK], times[MAX_RANK];
    for (int i = 0; i < k->x.rank; i++) {
        bool folded = k->mask >> i & 1;
        kept[i] = folded ? 1 : k->x.dim[i];
        times[i] = folded ? k->x.dim[i] : 1;
    }
    v = grad2(g, "Reshape", v, grad_named_vector(g, "Reshape/shape", DT_INT32, kept, k->x.rank));
    return grad2(g, "Tile", v, grad_named_vector(g, "Tile/multiples", DT_INT32, times, k->x.rank));
}

static struct out spread(struct grad *g, const struct known *k, struct out v)
{
    return k->x.rank >= 0 && k->all ? spread_all(g, k, v)
         : shape_is_known(&k->x) ? spread_known(g, k, v) : spread_unknown(g, v);
}

void sum_grad(struct grad *g)
{
    struct known k = known_of(g);
    g->dx[0] = spread(g, &k, g->dy[0]);
}

static struct out elements_of(struct grad *g, struct out shape)
{
    const struct shape *s = out_shape(shape);
    struct out axes = s->rank == 1 ? grad_vector(g, DT_INT32, &(int64_t){ 0 }, 1)
                                   : grad_vector(g, DT_INT32, NULL, 0);
    return grad2(g, "Prod", shape, axes);
}

/* How many elements each mean is of, in the type of x. */
static struct out mean_count(struct grad *g)
{
    const struct shape *x = out_shape(g->x[0]), *y = out_shape(g->y[0]);
    enum dtype t = out_dtype(g->x[0]);
    if (shape_is_known(x) && shape_is_known(y)) {
        int64_t n = shape_count(y);
        return grad_scalar(g, t, (double)(shape_count(x) / (n > 1 ? n : 1)));
    }
    struct out sx = grad_shape_of(g, g->x[0], DT_INT32), sy = grad_shape_of(g, g->y[0], DT_INT32);
    struct out nx = elements_of(g, sx), ny = elements_of(g, sy);
    return grad_cast(g, safe_div(g, nx, ny), t);
}

void mean_grad(struct grad *g)
{
    struct known k = known_of(g);
    struct out sum = spread(g, &k, g->dy[0]);
    g->dx[0] = add2(g, "RealDiv", "truediv", sum, mean_count(g));
}

void extreme_grad(struct grad *g)
{
    struct out kept = reduced_shape(g, grad_shape_of(g, g->x[0], DT_INT32));
    struct out y = grad2(g, "Reshape", g->y[0], kept), dy = grad2(g, "Reshape", g->dy[0], kept);
    struct out chosen = grad_cast(g, grad2(g, "Equal", y, g->x[0]), out_dtype(dy));
    struct out n = grad2(g, "Reshape", grad2(g, "Sum", chosen, g->x[1]), kept);
    g->dx[0] = add2(g, "Mul", "mul", add2(g, "RealDiv", "truediv", chosen, n), dy);
}

void euclidean_grad(struct grad *g)
{
    struct out kept = reduced_shape(g, grad_shape_of(g, g->x[0], DT_INT32));
    struct out y = grad2(g, "Reshape", g->y[0], kept), dy = grad2(g, "Reshape", g->dy[0], kept);
    g->dx[0] = grad2(g, "Mul", g->x[0], grad2(g, "RealDiv", dy, y));
}

/* How x is turned so that folded dimensions come first: perm, its inverse, and the shape
 * [folded elements, the others]. */
struct turn { struct out perm, back, flat; };

static struct turn turn_known(struct grad *g, const struct known *k)
{
    int64_t perm[MAX_RANK], back[MAX_RANK], flat[2] = { k->count, -1 };
    int n = 0, rank = k->x.rank;
    for (int folded = 1; folded >= 0; folded--)
        for (int i = 0; i < rank; i++)
            if ((int)(k->mask >> i & 1) == folded)
                perm[n++] = i;
    for (int i = 0; i < rank; i++)
        back[perm[i]] = i;
    return (struct turn){ grad_vector(g, DT_INT32, perm, rank),
                          grad_vector(g, DT_INT32, back, rank),
                          grad_vector(g, DT_INT32, flat, 2) };
}

static struct out elements(struct grad *g, struct out shape, struct out dims)
{
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out picked = grad_add(g, "GatherV2", OUTS(shape, dims, grad_ints(g, 0)), NULL, 0);
    return grad2(g, "Prod", picked, zero);
}

static struct turn turn_unknown(struct grad *g)
{
    struct out rank = grad1(g, "Rank", g->x[0]), shape = grad1(g, "Shape", g->x[0]);
    struct out one_row = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out folded = grad2(g, "Reshape", axes_resolved(g, rank), one_row);
    struct out others = grad2(g, "ListDiff", range(g, rank), folded);
    struct out perm = grad_add(g, "ConcatV2", OUTS(folded, others, grad_ints(g, 0)), NULL, 0);
    struct out flat = grad2(g, "Pack", elements(g, shape, folded), elements(g, shape, others));
    return (struct turn){ perm, grad1(g, "InvertPermutation", perm), flat };
}

static struct out product_but_one(struct grad *g, struct out x, bool reverse)
{
    struct out p = grad_add(g, "Cumprod", OUTS(x, grad_ints(g, 0)),
                            ATTRS(attr_bool("exclusive", true), attr_bool("reverse", reverse)));
    return dtype_is_complex(out_dtype(x)) ? grad1(g, "Conj", p) : p;
}

/* Each factor's gradient is the product of the others (which division could not give where
 * there are zeros): those before it times those after it. */
void prod_grad(struct grad *g)
{
    struct known k = known_of(g);
    struct turn t = k.x.rank >= 0 && k.count > 0 ? turn_known(g, &k) : turn_unknown(g);
    struct out turned = grad2(g, "Transpose", g->x[0], t.perm);
    struct out flat = grad2(g, "Reshape", turned, t.flat);
    struct out others = grad2(g, "Mul", product_but_one(g, flat, false),
                              product_but_one(g, flat, true));
    others = grad2(g, "Reshape", others, grad1(g, "Shape", turned));
    g->dx[0] = grad2(g, "Mul", spread(g, &k, g->dy[0]), grad2(g, "Transpose", others, t.back));
}

void l2_loss_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "Mul", g->x[0], g->dy[0]);
}
