#include "ops/pool_shape.h"

#include "ops/array.h"
#include "ops/slide.h"

#include <string.h>

int pool_rank(const struct node *n)
{
    return strstr(n->op->name, "Pool3D") ? 5 : 4;
}

const int *pool_layout(const struct node *n)
{
    static const int layout[2][2][POOL_DIMS] = { { { 0, -1, 1, 2, 3 }, { 0, -1, 2, 3, 1 } },
                                                 { { 0, 1, 2, 3, 4 }, { 0, 2, 3, 4, 1 } } };
    bool first = node_attr_find(n, "data_format") &&
                 !strncmp(node_attr_string(n, "data_format"), "NC", 2);
    return layout[pool_rank(n) == 5][first];
}

static bool is_packed(const struct node *n)
{
    return node_attr_find(n, "data_format") &&
           !strcmp(node_attr_string(n, "data_format"), "NCHW_VECT_C");
}

struct status *window_of_attrs(const struct node *n, struct window *w)
{
    const struct attr *k = node_attr_find(n, "ksize"), *s = node_attr_find(n, "strides");
    const int *at = pool_layout(n);
    int rank = pool_rank(n);
    ENSURE(k->n == rank, "%s requires the ksize attribute to contain %d values, but got: %d",
           n->op->name, rank, k->n);
    ENSURE(s->n == rank, "%s requires the stride attribute to contain %d values, but got: %d",
           n->op->name, rank, s->n);
    for (int i = 0; i < POOL_DIMS; i++) {
        w->k[i] = at[i] < 0 ? 1 : k->ints[at[i]];
        w->s[i] = at[i] < 0 ? 1 : s->ints[at[i]];
    }
    w->same = !strcmp(node_attr_string(n, "padding"), "SAME");
    return NULL;
}

static struct status *dim_pooled(int64_t in, int64_t k, int64_t s, bool same, int64_t *out)
{
    ENSURE(k > 0, "Window size must be > 0, but got %lld", (long long)k);
    return slide_shape(in, k, s, same, out);
}

static struct status *pooled(struct shape_ctx *c, const struct window *w, const struct shape *x,
                             bool depth_too, struct shape *y)
{
    const int *at = pool_layout(c->node);
    *y = shape_of_rank(pool_rank(c->node));
    if (is_packed(c->node)) {
        TRY(shape_want_rank(x, 5));
        *y = SHAPE_UNKNOWN;
        return NULL;
    }
    TRY(shape_want_rank(x, y->rank));
    if (x->rank >= 0)
        *y = *x;
    depth_too &= w->k[POOL_CHANNELS] != 1 || w->s[POOL_CHANNELS] != 1;
    /* A window across channels takes no other steps, whatever is said. */
    bool across = depth_too && w->k[POOL_CHANNELS] != 1;
    for (int i = POOL_PLANES; i < (depth_too ? POOL_DIMS : POOL_CHANNELS); i++) {
        int64_t d;
        if (at[i] < 0)
            continue;
        TRY(dim_pooled(y->dim[at[i]], w->k[i], w->s[i], w->same && i < POOL_CHANNELS, &d));
        if (across == (i == POOL_CHANNELS))
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
    for (int i = 0; *known && i < POOL_DIMS; i++) {
        w->k[i] = place[i] < 0 ? 1 : tensor_int(value[0], place[i]);
        w->s[i] = place[i] < 0 ? 1 : tensor_int(value[1], place[i]);
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
    int rank = pool_rank(c->node);
    TRY(shape_in_shape(c, 0, shape_out(c, 0)));
    TRY(shape_want_rank(shape_in(c, 1), rank));
    return shape_want_rank(shape_out(c, 0), rank);
}

struct status *image_unchanged(struct shape_ctx *c)
{
    struct shape any = shape_of_rank(pool_rank(c->node));
    TRY(shape_want_rank(shape_in(c, 0), any.rank));
    return shape_merge(shape_in(c, 0), &any, shape_out(c, 0));
}
