/* gradients.c - dy to dx: walk back from the ys, call each op's gradient, sum what meets.
 *
 * A node's turn comes when all its readers that lie between the xs and the ys have had theirs, by
 * a queue, as in TensorFlow: the nodes are TensorFlow's, as many, named and ordered as there, since
 * later random ops are seeded by their count (A57). Where they are not: the gradients of Prod,
 * Tile, Pad, of gathers along other axes than the first and of rarer ops have nodes of our own, and
 * what comes into a loop for a node's sake stands before it. What is added meanwhile, by gradients
 * or by other threads while the caller's function runs, is no part of the walk.
 */
#include "graph/gradients.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the walk ---- */

bool walk_differentiable(enum dtype t)
{
    return dtype_is_floating(t) || dtype_is_complex(t) || t == DT_RESOURCE || t == DT_VARIANT;
}

/* How many are by now. */
static int spread_reached(struct walk *w)
{
    int n = 0;
    for (int id = 0; id < w->n_nodes; id++) {
        const struct node *at = w->g.graph->node[id];
        for (int i = 0; i < at->n_in && !w->reached[id]; i++)
            w->reached[id] = w->reached[at->in[i].node->id] && !w->stop[id] &&
                             walk_differentiable(out_dtype(at->in[i]));
        n += w->reached[id];
    }
    return n;
}

/* Loops lead back to nodes that were passed: until there are no more. */
static void find_reached(struct walk *w)
{
    for (int i = 0; i < w->q->n_x; i++)
        if (walk_differentiable(out_dtype(w->q->x[i])))
            w->reached[w->q->x[i].node->id] = true;
    for (int i = 0; i < w->q->n_stop; i++)
        w->stop[w->q->stop[i].node->id] = true;
    for (int n = 0, before = -1; n != before;) {
        before = n;
        n = spread_reached(w);
    }
}

static void add_between(struct walk *w, struct node *n)
{
    if (n->id < w->n_nodes && w->reached[n->id] && !w->between[n->id]) {
        w->between[n->id] = true;
        w->order[w->n_order++] = n;
    }
}

/* From the ys back; then each knows how many will look for it. */
static void find_between(struct walk *w)
{
    for (int i = 0; i < w->q->n_y; i++)
        add_between(w, w->q->y[i].node);
    for (int i = 0; i < w->n_order; i++)
        for (int k = 0; k < w->order[i]->n_in; k++)
            add_between(w, w->order[i]->in[k].node);
    loops_find(w);
    for (int i = 0; i < w->n_order; i++)
        for (int k = 0; k < w->order[i]->n_in; k++)
            w->pending[w->order[i]->in[k].node->id] += w->between[w->order[i]->in[k].node->id];
}

/* Those xs stop gradients from which none other is reached. */
static void find_stops(struct walk *w)
{
    for (int i = 0; i < w->q->n_x; i++) {
        const struct node *n = w->q->x[i].node;
        bool leads_on = false;
        for (int k = 0; k < n->n_in; k++)
            leads_on |= w->pending[n->in[k].node->id] > 0;
        w->stop[n->id] |= !leads_on;
    }
}

/* What is added from now on is where `n` is, or (NULL) anywhere. */
void walk_place_with(struct walk *w, const struct node *n)
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
    walk_place_with(w, w->q->colocate ? n : NULL);
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
        walk_contribute(w, y, dy, (struct slices){ 0 });
    }
}

/* What is known of each output's gradient; missing ones are zeros (F10). */
static bool gather_dy(struct walk *w, const struct node *n, struct out *dy, struct slices *dys)
{
    bool any = false;
    for (int i = 0; w->sum[n->id] && i < n->n_out; i++) {
        struct sum *s = &w->sum[n->id][i];
        walk_sum_up(w, s);
        dy[i] = s->v;
        dys[i] = s->s;
        any |= dy[i].node != NULL;
    }
    return any && !w->g.st;
}

static void complete_dy(struct walk *w, const struct op *op, const struct node *n, struct out *dy,
                        struct slices *dys)
{
    for (int i = 0; i < n->n_out && !w->g.st; i++) {
        struct out y = { (struct node *)n, i };
        if (dys[i].indices.node && !(op->flags & OP_SLICES)) {
            dy[i] = grad_dense(&w->g, dy[i], &dys[i]);
            dys[i] = (struct slices){ 0 };
        } else if (!dy[i].node && walk_differentiable(out_dtype(y))) {
            dy[i] = zeros_for(w, y.node, i);
        }
    }
}

/* A gradient has the shape of what it is for (A90), as far as that is known. */
static void check_dx(struct walk *w, const struct node *n)
{
    for (int i = 0; i < n->n_in && !w->g.st; i++) {
        struct out dx = w->g.dx[i], x = n->in[i];
        if (!dx.node || w->g.dx_slices[i].indices.node || out_dtype(x) == DT_RESOURCE)
            continue;
        if (!shape_accepts(out_shape(x), out_shape(dx)))
            grad_fail(&w->g, INVALID_ARGUMENT, "Incompatible shapes between op input and "
                      "calculated input gradient. Forward operation: %s. Input index: %d. "
                      "Original input shape: %s. Calculated input gradient shape: %s", n->name, i,
                      SHAPE_STR(out_shape(x)), SHAPE_STR(out_shape(dx)));
        else
            w->g.st = graph_set_shape(w->g.graph, dx, out_shape(x));
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
    walk_place_with(w, NULL);
    struct out all = add_waiting(w, "NoOp", "tuple/group_deps", (struct out){ 0 }, after, n);
    for (int i = 0; i < g->n_in; i++)
        if (g->dx[i].node) {
            walk_place_with(w, g->dx[i].node);
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
        walk_contribute(w, n->in[i], g->dx[i], g->dx_slices[i]);
}

static const struct node *nearest_x(struct walk *w, const struct node *from)
{
    bool *seen = arena_array(&w->tmp, bool, w->n_nodes);
    const struct node **queue = arena_array(&w->tmp, const struct node *, w->n_nodes);
    int n = 0;
    for (int at = -1; seen && queue && at < n; at++) {
        const struct node *here = at < 0 ? from : queue[at];
        for (int i = 0; i < w->q->n_x; i++)
            if (w->q->x[i].node == here)
                return here;
        for (int i = 0; i < here->n_in; i++)
            if (here->in[i].node->id < w->n_nodes && !seen[here->in[i].node->id]) {
                seen[here->in[i].node->id] = true;
                queue[n++] = here->in[i].node;
            }
    }
    return from;
}

/* F12: what a loop's variable was before is out of sight in its body. */
static void check_not_through_variable(struct walk *w, const struct node *n)
{
    const struct context *here = w->g.context ? w->g.context : w->q->context;
    if (n->op->flags & OP_SWITCH && n->context && n->context->kind == CONTEXT_WHILE &&
        n->context == here)
        grad_fail(&w->g, INVALID_ARGUMENT, "Cannot compute gradient inside while loop with respect "
                  "to op '%s'. We do not support taking the gradient wrt or through the initial "
                  "value of a loop variable. Gradients can be computed through loop invariants or "
                  "wrt the input parameters to the loop body.", nearest_x(w, n)->name);
}

static void visit_with(struct walk *w, struct node *n, struct out *dy, struct slices *dys)
{
    const struct op *op = gradient_op(n);
    grad_within(&w->g, loop_context(loops_of(w, n, true)));
    colocate(w, n);
    bool any = gather_dy(w, n, dy, dys);
    grad_within(&w->g, loop_context(loops_of(w, n, false)));
    check_not_through_variable(w, n);
    if (any && !w->g.st && !w->stop[n->id] &&
        (w->q->function || !op || op->grad != NOT_DIFFERENTIABLE))
        call_grad(w, n, dy, dys);
    grad_within(&w->g, NULL);
}

static void visit(struct walk *w, struct node *n)
{
    struct out *dy = arena_array(&w->tmp, struct out, n->n_out);
    struct slices *dys = arena_array(&w->tmp, struct slices, n->n_out);
    if (dy && dys)
        visit_with(w, n, dy, dys);
    else
        w->g.st = status_no_memory();
}

/* ---- whose turn it is ---- */

void walk_enqueue(struct walk *w, struct node *n)
{
    struct visit *v = arena_new(&w->tmp, struct visit);
    if (!v) {
        w->g.st = w->g.st ? w->g.st : status_no_memory();
        return;
    }
    v->node = n;
    *w->end = v;
    w->end = &v->next;
}

static void have_turn(struct walk *w, struct node *n)
{
    w->met[n->id] = true;
    if (n->op->flags & OP_EXIT)
        loops_exit_ready(w, n);
    else
        walk_enqueue(w, n);
}

/* One reader fewer. A loop's Switch has its turn when what leaves the loop has come, too. */
static void count_down(struct walk *w, struct node *n)
{
    if (n->id >= w->n_nodes)
        return;
    int left = --w->pending[n->id];
    if (left && !(left > 0 && is_loop_switch(n) && !w->met[n->id]))
        return;
    have_turn(w, n);
}

static void first_in_queue(struct walk *w)
{
    w->end = &w->first;
    for (int i = 0; i < w->q->n_y; i++) {
        struct node *n = w->q->y[i].node;
        if (!w->pending[n->id] && w->reached[n->id] && !w->met[n->id])
            have_turn(w, n);
    }
    loops_unused_exits(w);
}

static void walk_back(struct walk *w)
{
    for (; w->first && !w->g.st; w->first = w->first->next) {
        struct node *n = w->first->node;
        visit(w, n);
        for (int i = 0; i < n->n_in && !w->g.st; i++)
            count_down(w, n->in[i].node);
    }
}

static void results(struct walk *w, struct out *dx, struct slices *dx_slices)
{
    colocate(w, NULL);
    for (int i = 0; i < w->q->n_x; i++) {
        struct out x = w->q->x[i];
        struct sum *s = w->sum[x.node->id] ? &w->sum[x.node->id][x.index] : NULL;
        struct slices none = { 0 }, *slices = s ? &s->s : &none;
        bool known = s && s->v.node && walk_differentiable(out_dtype(x));
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
    NEED(w->between = arena_array(&w->tmp, bool, g->n));
    NEED(w->pending = arena_array(&w->tmp, int, g->n));
    NEED(w->met = arena_array(&w->tmp, bool, g->n));
    NEED(w->order = arena_array(&w->tmp, struct node *, g->n));
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
        find_between(&w);
    }
    if (!w.g.st)
        first_in_queue(&w);
    if (!w.g.st) {
        find_stops(&w);
        walk_back(&w);
    }
    loops_finish(&w);
    if (!w.g.st)
        results(&w, dx, dx_slices);
    graph_unlock(g);
    arena_free(&w.tmp);
    return w.g.st;
}
