#include "ops/norm_grad.h"

#include "graph/graph.h"
#include "op/grad.h"
#include "ops/broadcast.h"

#include <string.h>

/* ---- first order: an op of its own ---- */

/* "FusedBatchNorm" to "FusedBatchNormGrad", "FusedBatchNormV2" to "FusedBatchNormGradV2". */
static const char *grad_op(const struct node *n)
{
    size_t last = strlen(n->op->name) - 1;
    return n->op->name[last] == '3' ? "FusedBatchNormGradV3"
           : n->op->name[last] == '2' ? "FusedBatchNormGradV2" : "FusedBatchNormGrad";
}

/* `in` is dy, x, scale, the mean, the variance, and for V3 what the forward op kept. */
static struct out add_norm_grad(struct grad *g, const char *op, const struct out *in)
{
    const struct node *n = g->node;
    return grad_add(g, op, in, strcmp(op, "FusedBatchNormGradV3") ? 5 : 6,
                    ATTRS(attr_float("epsilon", node_attr_float(n, "epsilon")),
                          attr_string("data_format", node_attr_string(n, "data_format")),
                          attr_bool("is_training", node_attr(n, "is_training"))));
}

/* In training the moments are the batch's, which the forward op kept; else those it was given. */
void fused_norm_grad(struct grad *g)
{
    bool training = node_attr(g->node, "is_training");
    struct out in[] = { g->dy[0], g->x[0], g->x[1], training ? g->y[3] : g->x[3],
                        training ? g->y[4] : g->x[4], g->n_out > 5 ? g->y[5] : g->y[0] };
    struct out d = add_norm_grad(g, grad_op(g->node), in);
    for (int i = 0; i < 3; i++)
        g->dx[i] = out_at(d, i);
}

/* ---- second order ----
 *
 * With r = 1/sqrt(var + epsilon), h = (x - mean) r and m() the mean over a channel, the op gave
 *     dx = scale r (dy - m(dy) - h m(dy h)),   dscale = sum(dy h),   doffset = sum(dy)
 * (not in training dx = scale r dy). G, S and O are the gradients of those. */

struct second {
    struct grad *g;
    struct out axes, shape;             /* all but the channels; one each of those */
    struct out dy, x, scale, mean, r, h;        /* in float, fit to be broadcast */
    struct out G, S, O;
};

static struct out add(struct grad *g, struct out a, struct out b) { return grad2(g, "Add", a, b); }
static struct out sub(struct grad *g, struct out a, struct out b) { return grad2(g, "Sub", a, b); }
static struct out mul(struct grad *g, struct out a, struct out b) { return grad2(g, "Mul", a, b); }

static struct out wide(struct second *s, struct out x)
{
    return out_dtype(x) == DT_FLOAT ? x
           : grad_add(s->g, "Cast", OUTS(x), ATTRS(attr_type("DstT", DT_FLOAT)));
}

static struct out narrow(struct second *s, struct out x)
{
    enum dtype t = out_dtype(s->g->x[0]);
    return t == DT_FLOAT ? x : grad_add(s->g, "Cast", OUTS(x), ATTRS(attr_type("DstT", t)));
}

static struct out channels(struct second *s, struct out x)
{
    return grad2(s->g, "Reshape", x, s->shape);
}

static struct out mean_of(struct second *s, struct out x)
{
    return grad_add(s->g, "Mean", OUTS(x, s->axes), ATTRS(attr_bool("keep_dims", true)));
}

/* A sum over all but the channels, as a vector. */
static struct out sum_of(struct second *s, struct out x)
{
    return grad2(s->g, "Sum", x, s->axes);
}

static struct second second_begin(struct grad *g)
{
    static const int64_t axes[2][3] = { { 0, 1, 2 }, { 0, 2, 3 } };
    static const int64_t shape[2][4] = { { 1, 1, 1, -1 }, { 1, -1, 1, 1 } };
    bool nchw = !strcmp(node_attr_string(g->node, "data_format"), "NCHW");
    struct second s = { .g = g, .axes = grad_vector(g, DT_INT32, axes[nchw], 3),
                        .shape = grad_vector(g, DT_INT32, shape[nchw], 4) };
    struct out epsilon = grad_scalar(g, DT_FLOAT, node_attr_float(g->node, "epsilon"));
    s.dy = wide(&s, g->x[0]);
    s.x = wide(&s, g->x[1]);
    s.scale = channels(&s, g->x[2]);
    s.mean = channels(&s, g->x[3]);
    s.r = grad1(g, "Rsqrt", add(g, channels(&s, g->x[4]), epsilon));
    s.h = mul(g, sub(g, s.x, s.mean), s.r);
    s.G = wide(&s, g->dy[0]);
    s.S = channels(&s, g->dy[1]);
    s.O = channels(&s, g->dy[2]);
    return s;
}

/* v - m(v) - h * share, where share is m(v h). */
static struct out project(struct second *s, struct out v, struct out share)
{
    struct grad *g = s->g;
    return sub(g, sub(g, v, mean_of(s, v)), mul(g, s->h, share));
}

static void second_training(struct second *s)
{
    struct grad *g = s->g;
    struct out b = mean_of(s, mul(g, s->G, s->h)), c = mean_of(s, mul(g, s->dy, s->h));
    struct out pG = project(s, s->G, b), pdy = project(s, s->dy, c);
    struct out sr = mul(g, s->scale, s->r), a = mean_of(s, mul(g, s->G, pdy));

    g->dx[0] = narrow(s, add(g, mul(g, sr, pG), add(g, mul(g, s->S, s->h), s->O)));
    g->dx[2] = sum_of(s, mul(g, s->G, mul(g, pdy, s->r)));
    /* m(G dx) falls as r grows, and h m(dy h) turns with h. */
    struct out turn = add(g, mul(g, s->h, a), add(g, mul(g, c, pG), mul(g, b, pdy)));
    struct out dx = sub(g, mul(g, mul(g, s->S, s->r), pdy), mul(g, mul(g, sr, s->r), turn));
    g->dx[1] = narrow(s, dx);
}

/* The moments are inputs then, but TensorFlow gives them no gradient here either. */
static void second_inference(struct second *s)
{
    struct grad *g = s->g;
    struct out sr = mul(g, s->scale, s->r);
    g->dx[0] = narrow(s, add(g, mul(g, sr, s->G), add(g, mul(g, s->S, s->h), s->O)));
    g->dx[1] = narrow(s, mul(g, s->dy, mul(g, s->S, s->r)));
    g->dx[2] = sum_of(s, mul(g, s->G, mul(g, s->dy, s->r)));
}

void fused_norm_grad_grad(struct grad *g)
{
    struct second s = second_begin(g);
    if (node_attr(g->node, "is_training"))
        second_training(&s);
    else
        second_inference(&s);
}

/* ---- the op before the fused ones ---- */

void global_norm_grad(struct grad *g)
{
    const struct node *n = g->node;
    struct out d = grad_add(g, "BatchNormWithGlobalNormalizationGrad",
                            OUTS(g->x[0], g->x[1], g->x[2], g->x[4], g->dy[0]),
                            ATTRS(attr_float("variance_epsilon",
                                             node_attr_float(n, "variance_epsilon")),
                                  attr_bool("scale_after_normalization",
                                            node_attr(n, "scale_after_normalization"))));
    for (int i = 0; i < 5; i++)
        g->dx[i] = out_at(d, i);
}
