/* pool_grad.c - gradients of the pooling ops. Which pixel was the greatest does not change with
 * a small step, so the second gradient of max pooling is only that of its gradient. */
#include "ops/pool_grad.h"

#include "graph/graph.h"

/* A node over the windows that this one has. */
static struct out pool(struct grad *g, const char *op, const struct out *in, int n_in)
{
    static const char *const name[] = { "ksize", "strides", "padding", "data_format" };
    struct attr attr[4];
    int n = 0;
    for (int i = 0; i < 4; i++) {
        const struct attr *a = node_attr_find(g->node, name[i]);
        if (a)
            attr[n++] = *a;
    }
    return grad_add(g, op, in, n_in, attr, n);
}

static struct out zeros_like(struct grad *g, struct out x)
{
    return grad_add(g, "ZerosLike", OUTS(x), NULL, 0);
}

void max_pool_gradient(struct grad *g)
{
    g->dx[0] = pool(g, "MaxPoolGrad", OUTS(g->x[0], g->y[0], g->dy[0]));
}

void max_pool_v2_gradient(struct grad *g)
{
    g->dx[0] = pool(g, "MaxPoolGradV2",
                    OUTS(g->x[0], g->y[0], g->dy[0], g->x[1], g->x[2]));
}

void max_pool_grad_gradient(struct grad *g)
{
    g->dx[0] = zeros_like(g, g->x[0]);
    g->dx[1] = zeros_like(g, g->x[1]);
    g->dx[2] = pool(g, "MaxPoolGradGrad", OUTS(g->x[0], g->x[1], g->dy[0]));
}

void max_pool_grad_v2_gradient(struct grad *g)
{
    g->dx[0] = zeros_like(g, g->x[0]);
    g->dx[1] = zeros_like(g, g->x[1]);
    g->dx[2] = pool(g, "MaxPoolGradGradV2",
                    OUTS(g->x[0], g->x[1], g->dy[0], g->x[3], g->x[4]));
}

void max_pool_grad_grad_gradient(struct grad *g)
{
    g->dx[0] = zeros_like(g, g->x[0]);
    g->dx[1] = zeros_like(g, g->x[1]);
    g->dx[2] = pool(g, "MaxPoolGrad", OUTS(g->x[0], g->x[1], g->dy[0]));
}

void max_pool_grad_grad_v2_gradient(struct grad *g)
{
    g->dx[0] = zeros_like(g, g->x[0]);
    g->dx[1] = zeros_like(g, g->x[1]);
    g->dx[2] = pool(g, "MaxPoolGradV2",
                    OUTS(g->x[0], g->x[1], g->dy[0], g->x[3], g->x[4]));
}

void max_pool_argmax_gradient(struct grad *g)
{
    g->dx[0] = pool(g, "MaxPoolGradWithArgmax", OUTS(g->x[0], g->dy[0], out_at(g->y[0], 1)));
}

void mean_pool_gradient(struct grad *g)
{
    struct out shape = grad_shape_of(g, g->x[0], DT_INT32);
    g->dx[0] = pool(g, "AvgPoolGrad", OUTS(shape, g->dy[0]));
}

void mean_pool_grad_gradient(struct grad *g)
{
    g->dx[1] = pool(g, "AvgPool", OUTS(g->dy[0]));
}
