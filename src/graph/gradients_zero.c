/* gradients_zero.c - zeros where no gradient came: of an output that nobody used, of a branch that
 * was not taken, of a loop's variable (F10, F11).
 *
 * Where the shape is known they are a constant. Else the value's shape is looked at; in a loop it
 * is kept for the iteration that goes back. What stands for the branch that is not taken must be
 * there just then, so it comes through a Switch the other way.
 */
#include "graph/gradients.h"

struct out grad_zeros(struct grad *g, enum dtype t, const struct shape *s, const char *name)
{
    struct tensor v = { 0 };
    struct out o = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, t, s);
    if (!g->st) {
        memset(v.data, 0, tensor_bytes(&v));
        o = grad_add_named(g, "Const", name, NULL, 0, ATTRS(attr_tensor("value", &v),
                                                            attr_type("dtype", t)));
    }
    tensor_unref(&v);
    return o;
}

/* TF: get_zeros_dtype(): a gradient that is kept in a handle's place is of the variable's type. */
static enum dtype dtype_of_zeros(struct out x)
{
    enum dtype t = out_dtype(x);
    const struct node *n = x.node;
    while (n->n_in && !node_attr_find(n, "dtype") && out_dtype(n->in[0]) == DT_RESOURCE)
        n = n->in[0].node;
    return t == DT_RESOURCE && node_attr_find(n, "dtype") ? node_attr_type(n, "dtype")
         : t == DT_RESOURCE ? DT_FLOAT : t;
}

struct out zeros_shape(struct grad *g, struct out x, enum dtype t)
{
    bool handle = out_dtype(x) == DT_RESOURCE;
    return grad_add(g, handle ? "VariableShape" : "Shape", OUTS(x),
                    ATTRS(attr_type("out_type", t)));
}

/* The constant may have to wait until it is known that the branch is taken. */
static struct out fill(struct grad *g, struct out shape, enum dtype t, struct node *after)
{
    struct tensor v = { 0 };
    struct out zero = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, t, &SHAPE_SCALAR);
    if (!g->st) {
        memset(v.data, 0, tensor_bytes(&v));
        struct node_def d = { .op = "Const", .control = &after, .n_control = after != NULL,
                              .attr = ATTRS(attr_tensor("value", &v), attr_type("dtype", t)) };
        zero = grad_place(g, &d, "zeros/Const");
    }
    tensor_unref(&v);
    return grad_add_named(g, "Fill", "zeros", OUTS(shape, zero), NULL, 0);
}

struct out zeros_of(struct grad *g, struct out shape, enum dtype t)
{
    return fill(g, shape, t, NULL);
}

static struct out zeros_like(struct grad *g, struct out x)
{
    if (out_dtype(x) == DT_RESOURCE)
        return zeros_of(g, zeros_shape(g, x, DT_INT32), dtype_of_zeros(x));
    return grad_add_named(g, "ZerosLike", "zeros_like", OUTS(x), NULL, 0);
}

/* ---- in no loop ---- */

/* There when the branch of the Switch is not taken. */
static struct out zeros_of_other_branch(struct grad *g, const struct node *n, struct out y)
{
    struct out data = out_at(grad2(g, "Switch", n->in[0], n->context->pred), !n->context->branch);
    if (out_dtype(y) == DT_VARIANT)
        return zeros_like(g, data);
    struct out pivot = grad1(g, "Identity", data);
    return fill(g, zeros_shape(g, data, DT_INT32), dtype_of_zeros(y), pivot.node);
}

/* ---- in a loop ---- */

/* Zeros of a list are made of the list. */
static struct out variant_zeros(struct grad *g, const struct node *n, struct out y, bool dead)
{
    if (dead)
        y = out_at(grad2(g, "Switch", n->in[0], grad_capture(g, n->context->pred)),
                   !n->context->branch);
    return zeros_like(g, y);
}

static struct out known_zeros(struct grad *g, struct node *n, struct out y)
{
    const struct context *c = n->context;
    struct out zeros = out_dtype(y) == DT_RESOURCE ? zeros_like(g, y)
                     : grad_zeros(g, out_dtype(y), out_shape(y), "Const");
    if (!(n->op->flags & OP_SWITCH) || c->kind != CONTEXT_COND)
        return zeros;
    return out_at(grad2(g, "Switch", zeros, grad_capture(g, c->pred)), !c->branch);
}

/* The shape of what comes where the branch of this Switch is not taken. */
static struct out shape_of_other_branch(struct grad *g, struct node *n)
{
    struct context *c = n->context, *was = grad_within(g, c->outer);
    struct out data = out_at(grad2(g, "Switch", n->in[0], c->pred), !c->branch);
    struct out shape = zeros_shape(g, data, DT_INT32);
    grad_within(g, was);
    if (!g->st)
        data.node->context = shape.node->context = c;
    return shape;
}

static struct out shape_within(struct grad *g, struct context *c, struct out x)
{
    struct context *was = grad_within(g, c);
    struct out shape = zeros_shape(g, x, DT_INT32);
    grad_within(g, was);
    return shape;
}

static struct out zeros_in_loop(struct grad *g, struct loop_grad *l, struct node *n, struct out y)
{
    bool dead = n->op->flags & OP_SWITCH && n->context->kind == CONTEXT_COND;
    if (out_dtype(y) == DT_VARIANT)
        return variant_zeros(g, n, y, dead);
    if (shape_is_known(out_shape(y)))
        return known_zeros(g, n, y);
    struct out shape = dead ? shape_of_other_branch(g, n) : shape_within(g, n->context, y);
    if (g->st)
        return shape;
    return zeros_of(g, loop_recall(l, shape, dead), dtype_of_zeros(y));
}

struct out zeros_for(struct walk *w, struct node *n, int index)
{
    struct grad *g = &w->g;
    struct out y = { n, index }, zeros = { 0 };
    const char *scope = g->scope;
    struct loop_grad *l = loops_of(w, n, false);
    g->scope = w->scope;                /* beside the gradients of nodes, not within one */
    if (g->st || is_loop_switch(n))
        zeros = (struct out){ 0 };
    else if (l)
        zeros = zeros_in_loop(g, l, n, y);
    else if (n->op->flags & OP_SWITCH && n->context && n->context->kind == CONTEXT_COND)
        zeros = zeros_of_other_branch(g, n, y);
    else
        zeros = zeros_like(g, y);
    g->scope = scope;
    return zeros;
}

/* ---- what leaves a loop unused ---- */

struct out zeros_for_exit(struct walk *w, struct out exit)
{
    struct grad *g = &w->g;
    struct context *around = exit.node->context->outer, *was = g->context;
    struct loop_grad *outer = loops_of(w, exit.node, true);
    struct out zeros;
    grad_within(g, loop_context(outer));
    if (out_dtype(exit) == DT_VARIANT)
        zeros = zeros_like(g, exit);
    else if (shape_is_known(out_shape(exit)) && out_dtype(exit) != DT_RESOURCE)
        zeros = grad_zeros(g, out_dtype(exit), out_shape(exit), "zeros");
    else if (outer)
        zeros = zeros_of(g, loop_recall(outer, shape_within(g, around, exit), false),
                         dtype_of_zeros(exit));
    else
        zeros = zeros_like(g, exit);
    grad_within(g, was);
    return zeros;
}
