/* gradients.c - dy to dx: walk back from the ys, call each op's gradient, sum what meets.
 *
 * Nodes are visited by falling id: every reader of a value has a higher id than its writer, so
 * when a node's turn comes all contributions to its outputs are there. What is added meanwhile, by
 * gradients or by other threads while the caller's function runs, has a higher id than all of them
 * and is no part of the walk.
 *
 * The nodes are TensorFlow's, as many and named as there, since later random ops are seeded by
 * their count (A57). Where they are not: TF visits by a queue, so that the order of nodes differs
 * where paths meet (and so does that of an AddN's inputs); the gradients of Prod, Tile, Pad, of
 * gathers along other axes than the first and of rarer ops have nodes of our own.
 */
#include "graph/gradients.h"

#include <stdio.h>
#include <stdlib.h>

struct term { struct out v; struct slices s; struct term *next; };
struct sum { struct term *first, **end; int n; struct out v; struct slices s; };

struct walk {
    struct grad g;              /* what gradient functions see; its `st` sticks for the walk too */
    struct arena tmp;
    const struct gradients *q;
    const char *scope;          /* "gradients/" */
    int n_nodes;
    bool *reached;              /* by id: depends on an x, differentiably */
    bool *stop;
    struct sum **sum;           /* by id: one for each output, once something is known */
};

/* ---- sums of what meets ---- */

/* A dense term among sparse ones: all its rows (F8). */
static struct slices all_rows(struct grad *g, struct out dense)
{
    struct out shape = grad_shape_of(g, dense, DT_INT32);
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out rows = grad_add(g, "StridedSlice", OUTS(shape, zero, one, one),
                               ATTRS(attr_int("shrink_axis_mask", 1)));
    struct out all = grad_add(g, "Range", OUTS(grad_scalar(g, DT_INT32, 0), rows,
                                               grad_scalar(g, DT_INT32, 1)), NULL, 0);
    return (struct slices){ all, shape };
}

static struct out concat(struct walk *w, const struct out *list, int n)
{
    struct out *in = arena_array(&w->tmp, struct out, n + 1);
    if (!in) {
        w->g.st = w->g.st ? w->g.st : status_no_memory();
        return (struct out){ 0 };
    }
    memcpy(in, list, (size_t)n * sizeof *in);
    in[n] = grad_scalar(&w->g, DT_INT32, 0);
    return grad_add(&w->g, "ConcatV2", in, n + 1, NULL, 0);
}

static struct out int32_of(struct grad *g, struct out x)
{
    if (out_dtype(x) == DT_INT32)
        return x;
    return grad_add(g, "Cast", OUTS(x), ATTRS(attr_type("DstT", DT_INT32)));
}

static void sum_slices(struct walk *w, struct sum *s, struct out *values, struct out *indices)
{
    int i = 0;
    bool alike = true;
    for (struct term *t = s->first; t; t = t->next, i++) {
        if (!t->s.indices.node)
            t->s = all_rows(&w->g, t->v);
        values[i] = t->v;
        indices[i] = t->s.indices;
        alike &= out_dtype(indices[i]) == out_dtype(indices[0]);
    }
    for (i = 0; i < s->n && !alike; i++)
        indices[i] = int32_of(&w->g, indices[i]);
    s->v = concat(w, values, s->n);
    s->s = (struct slices){ concat(w, indices, s->n), s->first->s.dense_shape };
}

static void sum_up(struct walk *w, struct sum *s)
{
    bool sparse = false;
    if (!s->n || s->v.node || w->g.st)
        return;
    s->v = s->first->v;
    s->s = s->first->s;
    if (s->n == 1)
        return;
    struct out *in = arena_array(&w->tmp, struct out, 2 * s->n);
    if (!in) {
        w->g.st = status_no_memory();
        return;
    }
    w->g.scope = w->scope;
    int i = 0;
    for (struct term *t = s->first; t; t = t->next) {
        in[i++] = t->v;
        sparse |= t->s.indices.node != NULL;
    }
    if (sparse)
        sum_slices(w, s, in, in + s->n);
    else
        s->v = grad_add(&w->g, "AddN", in, s->n, NULL, 0);
}

static void contribute(struct walk *w, struct out to, struct out v, struct slices s)
{
    int id = to.node->id;
    if (w->g.st || !v.node || id >= w->n_nodes)
        return;
    if (!w->sum[id])
        w->sum[id] = arena_array(&w->tmp, struct sum, to.node->n_out);
    struct term *t = arena_new(&w->tmp, struct term);
    if (!w->sum[id] || !t) {
        w->g.st = status_no_memory();
        return;
    }
    struct sum *sum = &w->sum[id][to.index];
    *t = (struct term){ v, s, NULL };
    if (!sum->end)
        sum->end = &sum->first;
    *sum->end = t;
    sum->end = &t->next;
    sum->n++;
}

/* ---- the walk ---- */

static bool differentiable(enum dtype t)
{
    return dtype_is_floating(t) || dtype_is_complex(t) || t == DT_RESOURCE || t == DT_VARIANT;
}

static void find_reached(struct walk *w)
{
    for (int i = 0; i < w->q->n_x; i++)
        if (differentiable(out_dtype(w->q->x[i])))
            w->reached[w->q->x[i].node->id] = true;
    for (int i = 0; i < w->q->n_stop; i++)
        w->stop[w->q->stop[i].node->id] = true;
    for (int id = 0; id < w->n_nodes; id++) {
        const struct node *n = w->g.graph->node[id];
        for (int i = 0; i < n->n_in && !w->reached[id]; i++)
            w->reached[id] = w->reached[n->in[i].node->id] && !w->stop[id] &&
                             differentiable(out_dtype(n->in[i]));
    }
}

static bool any_input_reached(const struct walk *w, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (w->reached[n->in[i].node->id] && differentiable(out_dtype(n->in[i])))
            return true;
    return false;
}

/* What is added from now on is where `n` is, or (NULL) anywhere. */
static void place_with(struct walk *w, const struct node *n)
{
    struct attr *groups = n ? arena_new(&w->tmp, struct attr) : NULL;
    if (n && !w->g.st)
        w->g.st = groups ? node_groups(n, &w->tmp, groups) : status_no_memory();
    w->g.groups = groups;
    w->g.device = n ? n->device : NULL;
}

/* F14: what is added for `n` is where it is, if that was asked for. */
static void colocate(struct walk *w, const struct node *n)
{
    place_with(w, w->q->colocate ? n : NULL);
}

static struct out default_grad_y(struct walk *w, struct out y, int i)
{
    char name[32];
    if (dtype_is_complex(out_dtype(y)))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradients of complex tensors must set grad_ys "
                  "(y.dtype = %s)", dtype_py_name(out_dtype(y)));
    snprintf(name, sizeof name, "grad_ys_%d", i);
    struct out shape = grad_shape_of(&w->g, y, DT_INT32);
    return grad_add(&w->g, "Fill", OUTS(shape, grad_named_scalar(&w->g, name, out_dtype(y), 1)),
                    NULL, 0);
}

static void check_grad_y(struct walk *w, struct out y, struct out dy)
{
    if (out_dtype(dy) != out_dtype(y))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradient type %s generated for tensor %s:%d with type "
                  "%s must match", dtype_py_name(out_dtype(dy)), y.node->name, y.index,
                  dtype_py_name(out_dtype(y)));
    else if (!shape_accepts(out_shape(y), out_shape(dy)))
        grad_fail(&w->g, INVALID_ARGUMENT, "Gradient of shape %s given for tensor %s:%d of shape "
                  "%s", SHAPE_STR(out_shape(dy)), y.node->name, y.index, SHAPE_STR(out_shape(y)));
}

static void begin(struct walk *w)
{
    w->g.scope = w->scope;
    for (int i = 0; i < w->q->n_y && !w->g.st; i++) {
        struct out y = w->q->y[i], dy = { 0 };
        if (w->q->grad_y)
            dy = w->q->grad_y[i];
        colocate(w, y.node);
        if (dy.node)
            check_grad_y(w, y, dy);
        else if (w->reached[y.node->id])
            dy = default_grad_y(w, y, i);
        contribute(w, y, dy, (struct slices){ 0 });
    }
}

/* What is known of each output's gradient; missing ones are zeros (F10). */
static bool gather_dy(struct walk *w, const struct node *n, struct out *dy, struct slices *dys)
{
    bool any = false;
    for (int i = 0; i < n->n_out; i++) {
        struct sum *s = &w->sum[n->id][i];
        sum_up(w, s);
        dy[i] = s->v;
        dys[i] = s->s;
        any |= dy[i].node != NULL;
    }
    return any && !w->g.st;
}

/* Beside the gradients of nodes, not within one. */
static struct out zeros_like(struct walk *w, struct out y)
{
    const char *scope = w->g.scope;
    w->g.scope = w->scope;
    struct out zeros = grad_add_named(&w->g, "ZerosLike", "zeros_like", OUTS(y), NULL, 0);
    w->g.scope = scope;
    return zeros;
}

static void complete_dy(struct walk *w, const struct op *op, const struct node *n, struct out *dy,
                        struct slices *dys)
{
    for (int i = 0; i < n->n_out && !w->g.st; i++) {
        struct out y = { (struct node *)n, i };
        if (dys[i].indices.node && !(op->flags & OP_SLICES)) {
            dy[i] = grad_dense(&w->g, dy[i], &dys[i]);
            dys[i] = (struct slices){ 0 };
        } else if (!dy[i].node && (dtype_is_floating(out_dtype(y)) ||
                                   dtype_is_complex(out_dtype(y)) ||
                                   out_dtype(y) == DT_VARIANT)) {
            dy[i] = zeros_like(w, y);
        }
    }
}

static void check_dx(struct walk *w, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        struct out dx = w->g.dx[i], x = n->in[i];
        if (!dx.node || w->g.dx_slices[i].indices.node || out_dtype(x) == DT_RESOURCE)
            continue;
        if (!shape_accepts(out_shape(x), out_shape(dx)))
            grad_fail(&w->g, INVALID_ARGUMENT, "Incompatible shapes between op input and "
                      "calculated input gradient. Forward operation: %s. Input index: %d. "
                      "Original input shape: %s. Calculated input gradient shape: %s", n->name, i,
                      SHAPE_STR(out_shape(x)), SHAPE_STR(out_shape(dx)));
    }
}

static struct status *check_outs(const struct graph *g, const char *what, const struct out *o,
                                 int n)
{
    for (int i = 0; i < n; i++)
        ENSURE(out_is_valid(o[i]) && o[i].node->graph == g,
               "%s %d is not an element of this graph.", what, i);
    return NULL;
}

/* What the caller's function gave: outputs of this graph. */
static struct status *check_given(const struct grad *g)
{
    for (int i = 0; i < g->n_in; i++) {
        const struct slices *s = &g->dx_slices[i];
        if (g->dx[i].node)
            TRY(check_outs(g->graph, "The gradient of input", &g->dx[i], 1));
        if (s->indices.node)
            TRY(check_outs(g->graph, "The indices of a gradient, input", &s->indices, 1));
        if (s->dense_shape.node)
            TRY(check_outs(g->graph, "The shape of a gradient, input", &s->dense_shape, 1));
    }
    return NULL;
}

/* ---- gates: no gradient of a node is used before all of them are there (F14) ---- */

static struct out add_waiting(struct walk *w, const char *op, const char *name, struct out in,
                              struct node *const *after, int n_after)
{
    struct node_def d = { .op = op, .in = &in, .n_in = in.node != NULL, .control = after,
                          .n_control = n_after };
    return w->g.st ? (struct out){ 0 } : grad_place(&w->g, &d, name);
}

static int by_id(const void *a, const void *b)
{
    int p = (*(struct node *const *)a)->id, q = (*(struct node *const *)b)->id;
    return (p > q) - (p < q);
}

/* The nodes that compute dx, by id, each once; *n_dx: how many inputs have one. */
static int givers(const struct grad *g, struct node **node, int *n_dx)
{
    int n = 0;
    *n_dx = 0;
    for (int i = 0; i < g->n_in; i++)
        if (g->dx[i].node)
            node[(*n_dx)++] = g->dx[i].node;
    qsort(node, (size_t)*n_dx, sizeof *node, by_id);
    for (int i = 0; i < *n_dx; i++)
        if (!i || node[i] != node[i - 1])
            node[n++] = node[i];
    return n;
}

/* TF: tf.tuple(). */
static void gate(struct walk *w)
{
    struct grad *g = &w->g;
    struct node **after = arena_array(&w->tmp, struct node *, g->n_in + 1);
    int n_dx = 0;
    if (!after && !g->st)
        g->st = status_no_memory();
    int n = g->st ? 0 : givers(g, after, &n_dx);
    if (n_dx < 2)
        return;
    place_with(w, NULL);
    struct out all = add_waiting(w, "NoOp", "tuple/group_deps", (struct out){ 0 }, after, n);
    for (int i = 0; i < g->n_in; i++)
        if (g->dx[i].node) {
            place_with(w, g->dx[i].node);
            g->dx[i] = add_waiting(w, "Identity", "tuple/control_dependency", g->dx[i],
                                   &all.node, 1);
        }
}

/* What a gradient function sees of `n`, dy apart; room for dx. */
static struct status *set_turn(struct walk *w, struct node *n)
{
    struct grad *g = &w->g;
    struct out *y = arena_array(&w->tmp, struct out, n->n_out + n->n_in);
    const char *wanted = arena_printf(&w->tmp, "%s%s_grad", w->scope, n->name);
    const char *unique = wanted ? graph_unique_name(g->graph, wanted, true) : NULL;
    NEED(y && unique);
    NEED(g->scope = arena_printf(&w->tmp, "%s/", unique));
    NEED(g->dx_slices = arena_array(&w->tmp, struct slices, n->n_in));
    for (int i = 0; i < n->n_out; i++)
        y[i] = (struct out){ n, i };
    g->node = n;
    g->n_in = n->n_in;
    g->n_out = n->n_out;
    g->x = n->in;
    g->y = y;
    g->dx = y + n->n_out;
    return NULL;
}

/* The caller's function is asked; the lock is not held, since it may wait for another thread that
 * wants it. */
static bool ask_function(struct walk *w)
{
    struct grad *g = &w->g;
    bool done = false;
    if (!w->q->function || g->st)
        return false;
    graph_unlock(g->graph);
    struct status *st = w->q->function(w->q->ctx, g, &done);
    graph_lock(g->graph);
    if (!st && done)
        st = check_given(g);
    g->st = st;
    return done;
}

/* Does `n` have all that the gradient of `op` looks at? */
static bool is_like(const struct node *n, const struct op *op)
{
    const struct sig *s = op_sig(op);
    for (int i = 0; i < s->n_attr; i++)
        if (s->attr[i].kind != ATTR_TYPE && !node_attr_find(n, s->attr[i].name))
            return false;
    return s->n_in == n->n_in && s->n_out == n->n_out;
}

/* The op whose gradient is `n`'s: its own or, under gradient_override_map({"Sign": "Identity"}),
 * the one that is named (A62); NULL where there is no such gradient. */
static const struct op *gradient_op(const struct node *n)
{
    const char *name = node_attr_string(n, "_gradient_op_type");
    if (!*name)
        return n->op;
    const struct op *op = op_find(name);
    return op && is_like(n, op) ? op : NULL;
}

static void ask_op(struct walk *w, struct node *n, struct out *dy, struct slices *dys)
{
    const struct op *op = gradient_op(n);
    if (w->g.st || (op && op->grad == NOT_DIFFERENTIABLE))
        return;
    if (!op || op->grad == NO_GRADIENT) {
        grad_fail(&w->g, NOT_FOUND, "No gradient defined for operation '%s' (op type: %s)",
                  n->name, n->op->name);
        return;
    }
    complete_dy(w, op, n, dy, dys);
    if (!w->g.st)
        op->grad(&w->g);
}

static void call_grad(struct walk *w, struct node *n, struct out *dy, struct slices *dys)
{
    struct grad *g = &w->g;
    g->st = set_turn(w, n);
    g->dy = dy;
    g->dy_slices = dys;
    if (!ask_function(w))
        ask_op(w, n, dy, dys);
    if (!g->st)
        check_dx(w, n);
    if (w->q->gate)
        gate(w);
    for (int i = 0; i < n->n_in && !g->st; i++)
        contribute(w, n->in[i], g->dx[i], g->dx_slices[i]);
}

static void visit(struct walk *w, int id)
{
    struct node *n = w->g.graph->node[id];
    struct out *dy = arena_array(&w->tmp, struct out, n->n_out);
    struct slices *dys = arena_array(&w->tmp, struct slices, n->n_out);
    if (!dy || !dys) {
        w->g.st = status_no_memory();
        return;
    }
    colocate(w, n);
    if (!gather_dy(w, n, dy, dys) || w->stop[id] || !any_input_reached(w, n))
        return;
    const struct op *op = gradient_op(n);
    if (w->q->function || !op || op->grad != NOT_DIFFERENTIABLE)
        call_grad(w, n, dy, dys);
}

static void results(struct walk *w, struct out *dx, struct slices *dx_slices)
{
    colocate(w, NULL);
    for (int i = 0; i < w->q->n_x; i++) {
        struct out x = w->q->x[i];
        struct sum *s = w->sum[x.node->id] ? &w->sum[x.node->id][x.index] : NULL;
        struct slices none = { 0 }, *slices = s ? &s->s : &none;
        bool known = s && s->v.node && differentiable(out_dtype(x));
        dx[i] = known ? s->v : (struct out){ 0 };
        w->g.scope = w->scope;
        if (known && slices->indices.node && !dx_slices)
            dx[i] = grad_dense(&w->g, s->v, slices);
        if (dx_slices)
            dx_slices[i] = known ? *slices : none;
    }
}

static struct status *check(const struct graph *g, const struct gradients *q)
{
    TRY(check_outs(g, "y", q->y, q->n_y));
    TRY(check_outs(g, "x", q->x, q->n_x));
    for (int i = 0; q->grad_y && i < q->n_y; i++)
        if (q->grad_y[i].node)
            TRY(check_outs(g, "grad_ys", &q->grad_y[i], 1));
    return check_outs(g, "stop_gradients", q->stop, q->n_stop);
}

static struct status *name_scope(struct walk *w)
{
    const char *wanted = w->q->scope ? w->q->scope : "gradients";
    size_t n = strlen(wanted);
    bool exact = n && wanted[n - 1] == '/';
    const char *scope = exact ? wanted : graph_unique_name(w->g.graph, wanted, true);
    NEED(scope);
    NEED(w->scope = arena_printf(&w->tmp, exact ? "%s" : "%s/", scope));
    return NULL;
}

static struct status *start(struct walk *w)
{
    struct graph *g = w->g.graph;
    w->n_nodes = g->n;
    TRY(name_scope(w));
    NEED(w->reached = arena_array(&w->tmp, bool, g->n));
    NEED(w->stop = arena_array(&w->tmp, bool, g->n));
    NEED(w->sum = arena_array(&w->tmp, struct sum *, g->n));
    return NULL;
}

struct status *graph_gradients(struct graph *g, const struct gradients *q, struct out *dx,
                               struct slices *dx_slices)
{
    struct walk w = { .g = { .graph = g, .add = q->add ? q->add : graph_add }, .q = q };
    TRY(check(g, q));
    graph_lock(g);
    w.g.st = start(&w);
    if (!w.g.st) {
        find_reached(&w);
        begin(&w);
    }
    for (int id = w.n_nodes - 1; id >= 0 && !w.g.st; id--)
        if (w.sum[id])
            visit(&w, id);
    if (!w.g.st)
        results(&w, dx, dx_slices);
    graph_unlock(g);
    arena_free(&w.tmp);
    return w.g.st;
}
