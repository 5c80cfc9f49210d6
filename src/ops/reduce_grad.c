/* reduce_grad.c - gradients of the reductions.
 *
 * A gradient must be spread over what was folded. Where axes and dimensions are known while the
 * graph is built, the shapes this takes are constants; otherwise nodes compute them in the run. */
#include "ops/reduce_grad.h"

#include "graph/graph.h"

static struct out add(struct grad *g, const char *op, struct out a, struct out b)
{
    return grad_add(g, op, OUTS(a, b), NULL, 0);
}

static struct out add1(struct grad *g, const char *op, struct out a)
{
    return grad_add(g, op, OUTS(a), NULL, 0);
}

static struct out cast(struct grad *g, struct out x, enum dtype t)
{
    return out_dtype(x) == t ? x : grad_add(g, "Cast", OUTS(x), ATTRS(attr_type("DstT", t)));
}

static struct out int_scalar(struct grad *g, int v) { return grad_scalar(g, DT_INT32, v); }

/* What is known of a reduction while its gradient is built. */
struct known {
    struct shape x;             /* rank -1: rank or axes are not known */
    unsigned mask;              /* bit i: dimension i was folded */
    int64_t count;              /* elements folded into one, or -1 */
    int holes;                  /* kept dimensions that are not known */
    bool empty;                 /* some kept dimension is 0 */
    bool keep_dims;
};

static void known_dims(struct known *k)
{
    k->count = 1;
    for (int i = 0; i < k->x.rank; i++) {
        int64_t d = k->x.dim[i];
        if (k->mask >> i & 1)
            k->count = d < 0 || k->count < 0 ? -1 : k->count * d;
        else
            k->holes += d < 0, k->empty |= d == 0;
    }
}

static struct known known_of(struct grad *g)
{
    struct known k = { .x = *out_shape(g->x[0]), .keep_dims = node_attr(g->node, "keep_dims") };
    struct tensor axes;
    int budget = VALUE_BUDGET;
    if (!graph_constant(g->x[1], &budget, &axes)) {
        k.x.rank = -1;
        return k;
    }
    for (int64_t i = 0; k.x.rank >= 0 && i < tensor_count(&axes); i++) {
        int64_t axis = tensor_int(&axes, i);
        k.mask |= 1u << (axis < 0 ? axis + k.x.rank : axis);
    }
    tensor_unref(&axes);
    known_dims(&k);
    return k;
}

/* Axes in [0, rank), int32. */
static struct out axes_resolved(struct grad *g, struct out rank)
{
    struct out axes = cast(g, g->x[1], DT_INT32);
    return add(g, "FloorMod", add(g, "Add", axes, rank), rank);
}

static struct out range(struct grad *g, struct out to)
{
    return grad_add(g, "Range", OUTS(int_scalar(g, 0), to, int_scalar(g, 1)), NULL, 0);
}

/* The shape of x with ones where dimensions were folded: a constant if it can be one (Reshape
 * fills in a single unknown dimension by itself). */
static struct out kept_shape(struct grad *g, const struct known *k)
{
    if (k->x.rank >= 0 && (k->holes == 0 || (k->holes == 1 && !k->empty))) {
        int64_t dim[MAX_RANK];
        for (int i = 0; i < k->x.rank; i++)
            dim[i] = k->mask >> i & 1 ? 1 : k->x.dim[i];
        return grad_vector(g, DT_INT32, dim, k->x.rank);
    }
    struct out shape = add1(g, "Shape", g->x[0]), rank = add1(g, "Rank", g->x[0]);
    struct out axes = axes_resolved(g, rank);
    struct out ones = add(g, "Fill", add1(g, "Shape", axes), int_scalar(g, 1));
    return grad_add(g, "DynamicStitch", OUTS(range(g, rank), axes, shape, ones), NULL, 0);
}

/* v, of the shape of y, with the folded dimensions put back as ones. */
static struct out unfold(struct grad *g, const struct known *k, struct out v)
{
    return k->keep_dims ? v : add(g, "Reshape", v, kept_shape(g, k));
}

/* v, of the shape of y, repeated over what was folded. */
static struct out spread(struct grad *g, const struct known *k, struct out v)
{
    struct out kept;
    if (k->x.rank >= 0 && k->count >= 0) {
        int64_t times[MAX_RANK];
        for (int i = 0; i < k->x.rank; i++)
            times[i] = k->mask >> i & 1 ? k->x.dim[i] : 1;
        v = unfold(g, k, v);
        return k->count == 1 ? v : add(g, "Tile", v, grad_vector(g, DT_INT32, times, k->x.rank));
    }
    struct out shape = add1(g, "Shape", g->x[0]);
    if (k->x.rank >= 0 && k->mask == (1u << k->x.rank) - 1)
        return add(g, "Tile", unfold(g, k, v), shape);
    if (k->keep_dims)
        kept = add1(g, "Shape", v);
    else
        v = add(g, "Reshape", v, kept = kept_shape(g, k)), kept = add1(g, "Shape", v);
    kept = add(g, "Maximum", kept, int_scalar(g, 1));
    return add(g, "Tile", v, add(g, "FloorDiv", shape, kept));
}

void sum_grad(struct grad *g)
{
    struct known k = known_of(g);
    g->dx[0] = spread(g, &k, g->dy[0]);
}

/* How many elements each mean is of, in the type of x. */
static struct out mean_count(struct grad *g, const struct known *k)
{
    enum dtype t = out_dtype(g->x[0]);
    if (k->x.rank >= 0 && k->count >= 0)
        return grad_scalar(g, t, (double)k->count);
    struct out of = add(g, "Maximum", add1(g, "Size", g->y[0]), int_scalar(g, 1));
    return cast(g, add(g, "FloorDiv", add1(g, "Size", g->x[0]), of), t);
}

void mean_grad(struct grad *g)
{
    struct known k = known_of(g);
    g->dx[0] = spread(g, &k, add(g, "RealDiv", g->dy[0], mean_count(g, &k)));
}

void extreme_grad(struct grad *g)
{
    struct known k = known_of(g);
    struct out y = unfold(g, &k, g->y[0]), dy = unfold(g, &k, g->dy[0]);
    struct out chosen = cast(g, add(g, "Equal", y, g->x[0]), out_dtype(dy));
    struct out n = grad_add(g, "Sum", OUTS(chosen, g->x[1]), ATTRS(attr_bool("keep_dims", true)));
    g->dx[0] = add(g, "Mul", add(g, "RealDiv", chosen, n), dy);
}

void euclidean_grad(struct grad *g)
{
    struct known k = known_of(g);
    struct out y = unfold(g, &k, g->y[0]), dy = unfold(g, &k, g->dy[0]);
    g->dx[0] = add(g, "Mul", g->x[0], add(g, "RealDiv", dy, y));
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
    struct out picked = grad_add(g, "GatherV2", OUTS(shape, dims, int_scalar(g, 0)), NULL, 0);
    return add(g, "Prod", picked, zero);
}

static struct turn turn_unknown(struct grad *g)
{
    struct out rank = add1(g, "Rank", g->x[0]), shape = add1(g, "Shape", g->x[0]);
    struct out one_row = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out folded = add(g, "Reshape", axes_resolved(g, rank), one_row);
    struct out others = add(g, "ListDiff", range(g, rank), folded);
    struct out perm = grad_add(g, "ConcatV2", OUTS(folded, others, int_scalar(g, 0)), NULL, 0);
    struct out flat = add(g, "Pack", elements(g, shape, folded), elements(g, shape, others));
    return (struct turn){ perm, add1(g, "InvertPermutation", perm), flat };
}

static struct out product_but_one(struct grad *g, struct out x, bool reverse)
{
    struct out p = grad_add(g, "Cumprod", OUTS(x, int_scalar(g, 0)),
                            ATTRS(attr_bool("exclusive", true), attr_bool("reverse", reverse)));
    return dtype_is_complex(out_dtype(x)) ? add1(g, "Conj", p) : p;
}

/* Each factor's gradient is the product of the others (which division could not give where
 * there are zeros): those before it times those after it. */
void prod_grad(struct grad *g)
{
    struct known k = known_of(g);
    struct turn t = k.x.rank >= 0 && k.count > 0 ? turn_known(g, &k) : turn_unknown(g);
    struct out turned = add(g, "Transpose", g->x[0], t.perm);
    struct out flat = add(g, "Reshape", turned, t.flat);
    struct out others = add(g, "Mul", product_but_one(g, flat, false),
                            product_but_one(g, flat, true));
    others = add(g, "Reshape", others, add1(g, "Shape", turned));
    g->dx[0] = add(g, "Mul", spread(g, &k, g->dy[0]), add(g, "Transpose", others, t.back));
}

void l2_loss_grad(struct grad *g)
{
    g->dx[0] = add(g, "Mul", g->x[0], g->dy[0]);
}
