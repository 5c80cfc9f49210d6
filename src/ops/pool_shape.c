#include "ops/pool_shape.h"

#include <string.h>

const int *pool_layout(const struct node *n)
{
    static const int nhwc[4] = { 0, 1, 2, 3 }, nchw[4] = { 0, 2, 3, 1 };
    return !strncmp(node_attr_string(n, "data_format"), "NCHW", 4) ? nchw : nhwc;
}

static bool is_packed(const struct node *n)
{
    return !strcmp(node_attr_string(n, "data_format"), "NCHW_VECT_C");
}

struct status *window_of_attrs(const struct node *n, struct window *w)
{
    const struct attr *k = node_attr_find(n, "ksize"), *s = node_attr_find(n, "strides");
    const int *at = pool_layout(n);
    ENSURE(k->n == 4, "%s requires the ksize attribute to contain 4 values, but got: %d",
           n->op->name, k->n);
    ENSURE(s->n == 4, "%s requires the stride attribute to contain 4 values, but got: %d",
           n->op->name, s->n);
    for (int i = 0; i < 4; i++) {
        w->k[i] = k->ints[at[i]];
        w->s[i] = s->ints[at[i]];
    }
    w->same = !strcmp(node_attr_string(n, "padding"), "SAME");
    return NULL;
}

static struct status *dim_pooled(int64_t in, int64_t k, int64_t s, bool same, int64_t *out)
{
    ENSURE(s > 0, "Stride must be > 0, but got %lld", (long long)s);
    ENSURE(k > 0, "Window size must be > 0, but got %lld", (long long)k);
    ENSURE(in < 0 || same || in >= k,
           "Negative dimension size caused by subtracting %lld from %lld", (long long)k,
           (long long)in);
    *out = in < 0 ? -1 : same ? in / s + (in % s != 0) : (in - k + s) / s;
    return NULL;
}

static struct status *pooled(struct shape_ctx *c, const struct window *w, const struct shape *x,
                             bool depth_too, struct shape *y)
{
    const int *at = pool_layout(c->node);
    *y = (struct shape){ 4, { -1, -1, -1, -1 } };
    if (is_packed(c->node)) {
        TRY(shape_want_rank(x, 5));
        *y = SHAPE_UNKNOWN;
        return NULL;
    }
    TRY(shape_want_rank(x, 4));
    if (x->rank == 4)
        *y = *x;
    depth_too &= w->k[3] != 1 || w->s[3] != 1;
    bool across = depth_too && w->k[3] != 1;    /* then the kernel takes no other steps */
    for (int i = 1; i < (depth_too ? 4 : 3); i++) {
        int64_t d;
        TRY(dim_pooled(y->dim[at[i]], w->k[i], w->s[i], w->same && i < 3, &d));
        if (across == (i == 3))
            y->dim[at[i]] = d;
    }
    return NULL;
}

struct status *max_pool_shape(struct shape_ctx *c)
{
    struct window w;
    TRY(window_of_attrs(c->node, &w));
    return pooled(c, &w, shape_in(c, 0), true, shape_out(c, 0));
}

struct status *mean_pool_shape(struct shape_ctx *c)
{
    struct window w;
    TRY(window_of_attrs(c->node, &w));
    return pooled(c, &w, shape_in(c, 0), false, shape_out(c, 0));
}

/* The window that inputs `at` and `at` + 1 give; `known` false where they are not constants. */
static struct status *window_of_inputs(struct shape_ctx *c, int at, struct window *w, bool *known)
{
    const int *place = pool_layout(c->node);
    const struct tensor *value[2];
    *known = true;
    for (int j = 0; j < 2; j++) {
        const struct shape *s = shape_in(c, at + j);
        TRY(shape_want_rank(s, 1));
        ENSURE(s->rank < 0 || s->dim[0] < 0 || s->dim[0] == 4,
               "Sliding window %s field must specify 4 dimensions, but got %lld",
               j ? "stride" : "ksize", (long long)s->dim[0]);
        value[j] = shape_in_value(c, at + j);
        *known &= value[j] != NULL;
    }
    for (int i = 0; *known && i < 4; i++) {
        w->k[i] = tensor_int(value[0], place[i]);
        w->s[i] = tensor_int(value[1], place[i]);
    }
    w->same = !strcmp(node_attr_string(c->node, "padding"), "SAME");
    return NULL;
}

static struct status *pooled_by_inputs(struct shape_ctx *c, int at)
{
    struct window w;
    bool known;
    TRY(window_of_inputs(c, at, &w, &known));
    if (known)
        return pooled(c, &w, shape_in(c, 0), true, shape_out(c, 0));
    return is_packed(c->node) ? NULL : shape_want_rank(shape_in(c, 0), 4);
}

struct status *max_pool_v2_shape(struct shape_ctx *c)
{
    return pooled_by_inputs(c, 1);
}

struct status *max_pool_argmax_shape(struct shape_ctx *c)
{
    TRY(max_pool_shape(c));
    *shape_out(c, 1) = *shape_out(c, 0);
    return NULL;
}

/* Inputs: what was pooled, what came of it (as here again), a gradient like the first. */
static struct status *like_pooling(struct shape_ctx *c)
{
    struct shape same;
    TRY(shape_merge(shape_in(c, 0), shape_in(c, 2), &same));
    return shape_merge(shape_in(c, 1), shape_out(c, 0), shape_out(c, 0));
}

struct status *max_pool_grad_grad_shape(struct shape_ctx *c)
{
    TRY(max_pool_shape(c));
    return like_pooling(c);
}

struct status *max_pool_grad_grad_v2_shape(struct shape_ctx *c)
{
    TRY(pooled_by_inputs(c, 3));
    return like_pooling(c);
}

struct status *max_pool_pick_shape(struct shape_ctx *c)
{
    struct shape same;
    TRY(max_pool_shape(c));
    TRY(shape_merge(shape_in(c, 0), shape_in(c, 1), &same));
    return shape_merge(shape_in(c, 2), shape_out(c, 0), shape_out(c, 0));
}

struct status *mean_pool_grad_shape(struct shape_ctx *c)
{
    TRY(shape_in_shape(c, 0, shape_out(c, 0)));
    TRY(shape_want_rank(shape_in(c, 1), 4));
    return shape_want_rank(shape_out(c, 0), 4);
}

struct status *image_unchanged(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 4));
    return shape_merge(shape_in(c, 0), &(struct shape){ 4, { -1, -1, -1, -1 } }, shape_out(c, 0));
}
