/* pool_grad.c - gradients of the pooling ops. Which pixel was the greatest does not change with
 * a small step, so the second gradient of max pooling is only that of its gradient. */
#include "ops/pool_grad.h"

#include "graph/graph.h"

/* A node over the windows that this one has. */
static struct out pool(struct grad *g, const char *op, const struct out *in, int n_in)
{
    static const char *const name[] = { "ksize", "strides", "padding", "data_format",
                                        "include_batch_in_index" };
    enum { NAMES = sizeof name / sizeof *name };
    struct attr attr[NAMES];
    int n = 0;
    for (int i = 0; i < NAMES; i++) {
        const struct attr *a = node_attr_find(g->node, name[i]);
        if (a)
            attr[n++] = *a;
    }
    return grad_add(g, op, in, n_in, attr, n);
}

/* ---- the greatest: of (x), of (x, y, dy), and of (x, y, g); where inputs give the windows they
 * come after those ---- */

static void max_back(struct grad *g, const char *op)
{
    g->dx[0] = pool(g, op, OUTS(g->x[0], g->y[0], g->dy[0]));
}

static void max_again(struct grad *g, const char *op)
{
    struct out in[5] = { g->x[0], g->x[1], g->dy[0] };
    for (int i = 3; i < g->n_in; i++)
        in[i] = g->x[i];
    g->dx[0] = grad1(g, "ZerosLike", g->x[0]);
    g->dx[1] = grad1(g, "ZerosLike", g->x[1]);
    g->dx[2] = pool(g, op, in, g->n_in);
}

void max_pool_gradient(struct grad *g) { max_back(g, "MaxPoolGrad"); }
void max_pool_grad_gradient(struct grad *g) { max_again(g, "MaxPoolGradGrad"); }
void max_pool_grad_grad_gradient(struct grad *g) { max_again(g, "MaxPoolGrad"); }
void max_pool3d_gradient(struct grad *g) { max_back(g, "MaxPool3DGrad"); }
void max_pool3d_grad_gradient(struct grad *g) { max_again(g, "MaxPool3DGradGrad"); }
void max_pool3d_grad_grad_gradient(struct grad *g) { max_again(g, "MaxPool3DGrad"); }

void max_pool_v2_gradient(struct grad *g)
{
    g->dx[0] = pool(g, "MaxPoolGradV2",
                    OUTS(g->x[0], g->y[0], g->dy[0], g->x[1], g->x[2]));
}

void max_pool_grad_v2_gradient(struct grad *g) { max_again(g, "MaxPoolGradGradV2"); }
void max_pool_grad_grad_v2_gradient(struct grad *g) { max_again(g, "MaxPoolGradV2"); }

void max_pool_argmax_gradient(struct grad *g)
{
    g->dx[0] = pool(g, "MaxPoolGradWithArgmax", OUTS(g->x[0], g->dy[0], out_at(g->y[0], 1)));
}

/* ---- means ---- */

static void mean_back(struct grad *g, const char *op)
{
    struct out shape = grad_shape_of(g, g->x[0], DT_INT32);
    g->dx[0] = pool(g, op, OUTS(shape, g->dy[0]));
}

static void mean_again(struct grad *g, const char *op)
{
    g->dx[1] = pool(g, op, OUTS(g->dy[0]));
}

void mean_pool_gradient(struct grad *g) { mean_back(g, "AvgPoolGrad"); }
void mean_pool_grad_gradient(struct grad *g) { mean_again(g, "AvgPool"); }
void mean_pool3d_gradient(struct grad *g) { mean_back(g, "AvgPool3DGrad"); }
void mean_pool3d_grad_gradient(struct grad *g) { mean_again(g, "AvgPool3D"); }
