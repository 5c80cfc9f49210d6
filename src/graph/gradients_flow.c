/* gradients_flow.c - the gradients of the ops that conditions and loops are made of (F11).
 *
 * A condition goes back the way it came: its Merge becomes a Switch, its Switches Merges, and a
 * value that one branch alone used has zeros from the other. A loop does likewise with each of its
 * variables: Exit becomes Enter, Merge Switch, Switch Merge (whose back edge is set when the
 * gradient of the body is there), Enter Exit. What came into it unchanged has the sum over all
 * iterations. Rows (IndexedSlices) go all these ways, too, part by part.
 */
#include "graph/gradients.h"

/* A gradient: a tensor, or rows of one. */
struct given { struct out v; struct slices s; };

enum { PARTS = 3 };

static int parts_of(const struct given *x, struct out *part)
{
    part[0] = x->v;
    part[1] = x->s.indices;
    part[2] = x->s.dense_shape;
    return !x->s.indices.node ? 1 : x->s.dense_shape.node ? 3 : 2;
}

static struct given of_parts(const struct out *part, int n)
{
    return (struct given){ part[0], { n > 1 ? part[1] : (struct out){ 0 },
                                      n > 2 ? part[2] : (struct out){ 0 } } };
}

static struct given dy_of(const struct grad *g, int i)
{
    return (struct given){ g->dy[i], g->dy_slices[i] };
}

static void give(struct grad *g, int i, struct given x)
{
    g->dx[i] = x.v;
    g->dx_slices[i] = x.s;
}

static const char *part_name(const char *name, int i)
{
    return i == 0 ? name : i == 1 ? "indices" : "dense_shape";
}

struct out grad_capture(struct grad *g, struct out value)
{
    struct out inside = { 0 };
    const struct capture how = { .prefix = g->scope };
    if (!g->st)
        g->st = context_capture(g->context, value, &how, &inside);
    return inside;
}

/* ---- whether it is a loop's ---- */

bool is_loop_switch(const struct node *n)
{
    const struct context *c = n->context;
    return n->op->flags & OP_SWITCH && c && c->kind == CONTEXT_WHILE &&
           n->in[1].node == c->pivot.node;
}

bool is_loop_merge(const struct node *n)
{
    const struct context *c = n->context;
    return n->op->flags & OP_MERGE && c && c->kind == CONTEXT_WHILE &&
           n->in[0].node->op->flags & OP_ENTER;
}

/* ---- one way of two ---- */

/* Each part on both ways, by a Switch that is where the part is. */
static void switch_given(struct grad *g, struct given x, struct out pred, const char *name,
                         struct given way[2])
{
    struct out part[PARTS], at[2][PARTS];
    int n = parts_of(&x, part);
    const struct attr *groups = g->groups;
    const char *device = g->device;
    for (int i = 0; i < n; i++) {
        walk_place_with(walk_of(g), part[i].node);
        struct out s = grad_add_named(g, "Switch", part_name(name, i), OUTS(part[i], pred),
                                      NULL, 0);
        at[0][i] = s;
        at[1][i] = out_at(s, 1);
    }
    g->groups = groups;
    g->device = device;
    for (int i = 0; i < 2; i++)
        way[i] = of_parts(at[i], n);
}

/* A dense one among rows: all its rows. */
static struct given as_rows(struct grad *g, struct given x)
{
    if (!x.s.indices.node)
        x.s = grad_all_rows(g, zeros_shape(g, x.v, DT_INT32));
    return x;
}

static struct out dies_with(struct grad *g, struct out part, struct out values)
{
    struct node_def d = { .op = "Identity", .in = &part, .n_in = 1, .control = &values.node,
                          .n_control = 1 };
    return g->st || !part.node ? part : grad_place(g, &d, "Identity");
}

/* Rows whose values are dead are no rows: indices may be constants, which never are. */
static struct given rows_alive(struct grad *g, struct given x)
{
    x = as_rows(g, x);
    x.s.indices = dies_with(g, x.s.indices, x.v);
    x.s.dense_shape = dies_with(g, x.s.dense_shape, x.v);
    return x;
}

static struct given merge_given(struct grad *g, struct given a, struct given b, const char *name)
{
    struct out x[PARTS], y[PARTS], merged[PARTS];
    if (a.s.indices.node || b.s.indices.node) {
        a = rows_alive(g, a);
        b = rows_alive(g, b);
    }
    int n = parts_of(&a, x), m = parts_of(&b, y);
    n = n < m ? n : m;
    for (int i = 0; i < n; i++)
        merged[i] = grad_add_named(g, "Merge", part_name(name, i), OUTS(x[i], y[i]), NULL, 0);
    return of_parts(merged, n);
}

/* ---- Switch ---- */

/* In no context: whichever way nothing came back, it is 0. */
static void raw_switch(struct grad *g)
{
    struct given way[2], back[2];
    for (int i = 0; i < 2; i++) {
        struct given dy = dy_of(g, i);
        if (!dy.v.node)
            dy.v = grad1(g, "ZerosLike", g->x[0]);
        switch_given(g, dy, g->x[1], "Switch", back);
        way[i] = back[i];
    }
    give(g, 0, merge_given(g, way[0], way[1], "Merge"));
}

static void close_loop_variable(struct grad *g, struct out merge)
{
    if (!g->dy[1].node)
        return;
    struct out dy = grad_dense(g, g->dy[1], &g->dy_slices[1]);
    struct out next = grad1(g, "NextIteration", dy);
    if (!g->st)
        g->st = graph_set_back_edge(g->graph, merge.node, 1, next);
}

static void loop_switch(struct grad *g)
{
    struct loop_grad *l = loop_current(g);
    struct out *merge = l ? loop_switched(l, g->node) : NULL;
    if (!merge) {
        grad_fail(g, INTERNAL, "The gradient of '%s' is asked for outside of its loop",
                  g->node->name);
        return;
    }
    if (merge->node) {
        close_loop_variable(g, *merge);
    } else if (g->dy[0].node) {
        struct out dy = grad_dense(g, g->dy[0], &g->dy_slices[0]);
        *merge = grad_add_named(g, "Merge", "b_switch", OUTS(dy, dy), NULL, 0);
        g->dx[0] = *merge;
    }
}

void grad_of_switch(struct grad *g)
{
    const struct context *c = g->node->context;
    if (is_loop_switch(g->node))
        loop_switch(g);
    else if (!c || c->kind != CONTEXT_COND)
        raw_switch(g);
    else if (g->dy[0].node && g->dy[1].node)
        give(g, 0, merge_given(g, dy_of(g, 0), dy_of(g, 1), "cond_grad"));
}

/* ---- Merge ---- */

static void raw_merge(struct grad *g)
{
    for (int i = 0; i < g->n_in; i++) {
        struct given way[2];
        struct out at = grad_scalar(g, DT_INT32, i);
        struct out taken = grad2(g, "Equal", out_at(g->y[0], 1), at);
        switch_given(g, dy_of(g, 0), taken, "Switch", way);
        give(g, i, way[1]);
    }
}

static void switch_back(struct grad *g, struct out pred, const char *name)
{
    struct given way[2];
    switch_given(g, dy_of(g, 0), pred, name, way);
    give(g, 0, way[0]);
    give(g, 1, way[1]);
}

void grad_of_merge(struct grad *g)
{
    const struct node *first = g->node->in[0].node;
    const struct context *c = context_of_outputs(first);
    if (!g->dy[0].node)
        return;
    if (is_loop_merge(g->node) && g->context)
        switch_back(g, g->context->pivot, "Switch");
    else if (c && c->kind == CONTEXT_COND && g->n_in == 2)
        switch_back(g, grad_capture(g, c->pred), "cond_grad");
    else
        raw_merge(g);
}

/* ---- Exit, Enter ---- */

struct out grad_enter(struct grad *g, struct out value, const char *name)
{
    struct context *c = g->context;
    if (!g->st)
        g->st = context_know(c, value, value);
    struct out enter = grad_add_named(g, "Enter", name, OUTS(value),
                                      ATTRS(attr_string("frame_name", c->name),
                                            attr_int("parallel_iterations",
                                                     c->parallel_iterations)));
    if (!g->st)
        g->st = graph_set_shape(g->graph, enter, out_shape(value));
    return enter;
}

/* Variables of a loop are dense: rows are added up before they come in. */
void grad_of_exit(struct grad *g)
{
    struct context *c = g->context;
    struct given dy = dy_of(g, 0);
    if (!c || !c->back_prop || !dy.v.node)
        return;
    grad_within(g, c->outer);
    struct out dense = grad_dense(g, dy.v, &dy.s);
    grad_within(g, c);
    g->dx[0] = grad_enter(g, dense, "b_exit");
}

/* A sum over the iterations that begins with `enter`: the Merge, and its Switch. */
static struct out sum_from(struct grad *g, struct out enter, struct out *merge)
{
    *merge = grad_add_named(g, "Merge", "b_acc", OUTS(enter, enter), NULL, 0);
    return grad2(g, "Switch", *merge, g->context->pivot);
}

static struct out sum_ends(struct grad *g, struct out way, struct out merge, struct out sum)
{
    struct out next = grad1(g, "NextIteration", sum);
    if (!g->st)
        g->st = graph_set_back_edge(g->graph, merge.node, 1, next);
    return grad_add_named(g, "Exit", "b_acc", OUTS(way), NULL, 0);
}

/* Zeros like the value that came in: what remains if there is no iteration. */
static struct out first_sum(struct grad *g, struct context *c, struct out dy, struct out value)
{
    struct loop_grad *outer = loops_of(walk_of(g), c->forward->enter[0].node, false);
    outer = outer ? loop_outer(outer) : NULL;
    if (shape_is_known(out_shape(dy)))
        return grad_zeros(g, out_dtype(dy), out_shape(dy), "b_acc");
    if (!outer)
        return zeros_of(g, zeros_shape(g, value, DT_INT32), out_dtype(dy));
    struct context *was = grad_within(g, c->forward->outer);
    struct out shape = zeros_shape(g, value, DT_INT32);
    grad_within(g, was);
    return g->st ? shape : zeros_of(g, loop_recall(outer, shape, false), out_dtype(dy));
}

static struct out accumulate(struct grad *g, struct context *c, struct out dy, struct out value)
{
    struct out merge;
    grad_within(g, c->outer);
    struct out acc = first_sum(g, c, dy, value);
    grad_within(g, c);
    struct out way = sum_from(g, grad_enter(g, acc, "b_acc"), &merge);
    return sum_ends(g, way, merge, grad2(g, "Add", out_at(way, 1), dy));
}

/* ---- rows gather in a loop: one after another, from a row of zeros on ---- */

static struct out first_row(struct grad *g, struct out dy, struct out value)
{
    struct shape row = *out_shape(dy);
    if (row.rank > 0)
        row.dim[0] = 1;
    if (shape_is_known(&row))
        return grad_zeros(g, out_dtype(dy), &row, "b_acc");
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out none = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out rest = grad_add(g, "StridedSlice", OUTS(zeros_shape(g, value, DT_INT32), one, none,
                                                       one), ATTRS(attr_int("end_mask", 1)));
    struct out axis = grad_scalar(g, DT_INT32, 0);
    return zeros_of(g, grad_add(g, "ConcatV2", OUTS(one, rest, axis), NULL, 0), out_dtype(dy));
}

/* TF: a shape of zeros, so that a loop without iterations gives rows that are in no tensor. */
static struct given first_rows(struct grad *g, struct given dy, struct out value)
{
    struct given acc = { first_row(g, dy.v, value), { { 0 }, { 0 } } };
    struct out shape = dy.s.dense_shape;
    acc.s.indices = grad_vector(g, out_dtype(dy.s.indices), (int64_t[]){ 0 }, 1);
    if (shape.node)
        acc.s.dense_shape = grad1(g, "Identity", zeros_shape(g, value, out_dtype(shape)));
    return acc;
}

/* There will be more of them. */
static struct out enter_rows(struct grad *g, struct out first)
{
    struct context *c = g->context;
    if (!g->st)
        g->st = context_know(c, first, first);
    return grad_add_named(g, "Enter", "b_acc", OUTS(first),
                          ATTRS(attr_string("frame_name", c->name),
                                attr_int("parallel_iterations", c->parallel_iterations)));
}

static struct given accumulate_rows(struct grad *g, struct context *c, struct given dy,
                                    struct out value)
{
    struct out acc[PARTS], part[PARTS], merge;
    grad_within(g, c->outer);
    struct given first = first_rows(g, dy, value);
    grad_within(g, c);
    int n = parts_of(&first, acc);
    parts_of(&dy, part);
    for (int i = 0; i < n && !g->st; i++) {
        struct out enter = i == 2 ? grad_enter(g, acc[i], "b_acc") : enter_rows(g, acc[i]);
        struct out way = sum_from(g, enter, &merge);
        struct out sum = i == 2 ? grad2(g, "Maximum", part[i], out_at(way, 1))
            : grad_add(g, "ConcatV2", OUTS(out_at(way, 1), part[i],
                                           grad_scalar(g, DT_INT32, 0)), NULL, 0);
        acc[i] = sum_ends(g, way, merge, sum);
    }
    return of_parts(acc, n);
}

/* TF: a loop that is built around the gradient itself is no loop that goes back: what came in
 * unchanged gets the gradient as it is. */
void grad_of_enter(struct grad *g)
{
    struct context *c = g->context;
    struct given dy = dy_of(g, 0);
    if (!dy.v.node)
        return;
    if (!c || !c->forward || !c->back_prop)
        give(g, 0, dy);
    else if (!node_is_constant_enter(g->node))
        g->dx[0] = grad1(g, "Exit", grad_dense(g, dy.v, &dy.s));
    else if (dy.s.indices.node)
        give(g, 0, accumulate_rows(g, c, dy, g->x[0]));
    else
        g->dx[0] = accumulate(g, c, dy.v, g->x[0]);
    grad_within(g, c);
}
