/* gradients_loop.c - the loops that gradients go back through.
 *
 * For each there is another loop, which goes back: as many rounds as the first one made, counted
 * there (f_count) and counted down here (b_count). What its nodes read of the first loop was pushed
 * on a stack in each iteration and is popped in the one that goes back through it; what does not
 * change comes in as it came in there, and constants are made anew. Where loops are nested, the
 * rounds of the inner one are kept by the outer one like any other value.
 *
 * All pushes of an iteration wait for the count of it and are waited for by that of the next one;
 * so do pops: then each stack is in order however many iterations run at a time. What waits last, a
 * counter's NextIteration, is made when all the others are there. TF: GradLoopState.
 */
#include "graph/gradients.h"

#include <string.h>

struct nodes { struct node **at; int n, cap; };

struct counter {
    struct out merge, sum;              /* the count, and that of the next iteration */
    const char *next, *sync;            /* reserved names; sync NULL: nothing is for it */
    struct nodes waits;                 /* what the next iteration's count waits for */
    struct nodes any;                   /* ... alive or dead */
};

struct switched { const struct node *node; struct out merge; struct switched *next; };

struct loop_grad {
    struct loop_grad *next;
    struct loop_grad *outer;            /* of the loop around it; NULL: none is differentiated */
    struct walk *walk;
    struct context *forward, *back;
    struct counter pushes, pops;
    int exits_left;                     /* that may still come */
    struct nodes exits, unused;         /* that have come; without a gradient */
    struct switched *switched, **switched_end;
};

static void append(struct walk *w, struct nodes *list, struct node *n)
{
    if (list->n == list->cap) {
        int cap = 2 * list->cap + 8;
        struct node **grown = arena_array(&w->tmp, struct node *, cap);
        if (!grown) {
            w->g.st = w->g.st ? w->g.st : status_no_memory();
            return;
        }
        if (list->n)
            memcpy(grown, list->at, sizeof *grown * (size_t)list->n);
        list->at = grown;
        list->cap = cap;
    }
    if (n)
        list->at[list->n++] = n;
}

/* ---- which loop ---- */

static struct loop_grad *find(const struct walk *w, const struct context *forward)
{
    struct loop_grad *l = w->loops;
    while (l && l->forward != forward)
        l = l->next;
    return forward ? l : NULL;
}

struct loop_grad *loops_of(struct walk *w, const struct node *n, bool before)
{
    if (!w->loops)
        return NULL;
    return find(w, context_loop(before ? context_of_outputs(n) : n->context));
}

struct context *loop_context(const struct loop_grad *l)
{
    return l ? l->back : NULL;
}

struct loop_grad *loop_outer(const struct loop_grad *l)
{
    return l->outer;
}

struct loop_grad *loop_current(const struct grad *g)
{
    const struct context *loop = context_loop(g->context);
    return loop && loop->forward ? loop->gradient : NULL;
}

struct out *loop_switched(struct loop_grad *l, const struct node *n)
{
    for (struct switched *s = l->switched; s; s = s->next)
        if (s->node == n)
            return &s->merge;
    struct switched *s = arena_new(&l->walk->tmp, struct switched);
    if (!s)
        return NULL;
    s->node = n;
    *l->switched_end = s;
    l->switched_end = &s->next;
    return &s->merge;
}

/* ---- nodes of loops ---- */

/* A count that begins with `from`, which is outside: its Merge. */
static struct out count_from(struct grad *g, struct context *c, struct out from, const char *name)
{
    grad_within(g, c);
    struct out enter = grad_enter(g, from, name);
    return grad2(g, "Merge", enter, enter);
}

static struct out int_const(struct grad *g, const char *name, int value, const struct node *after)
{
    struct tensor v = { 0 };
    struct out o = { 0 };
    if (!g->st)
        g->st = tensor_new(&v, NULL, DT_INT32, &SHAPE_SCALAR);
    if (!g->st) {
        tensor_set_double(&v, 0, value);
        struct node_def d = { .op = "Const", .control = (struct node **)&after,
                              .n_control = after != NULL,
                              .attr = ATTRS(attr_tensor("value", &v),
                                            attr_type("dtype", DT_INT32)) };
        o = grad_place(g, &d, name);
    }
    tensor_unref(&v);
    return o;
}

static void wait_any(struct walk *w, struct counter *c, struct node *n)
{
    append(w, &c->any, n);
    if (!c->sync)
        c->sync = grad_reserve(&w->g, c->merge.node->context->forward ? "b_sync" : "f_sync");
}

/* How many rounds the loop made, outside. In an outer loop its next execution pushes after this
 * one has. */
static struct out count_forward(struct loop_grad *l)
{
    struct grad *g = &l->walk->g;
    struct context *was = grad_within(g, l->outer ? l->outer->forward : l->forward->outer);
    const struct node *after = l->outer ? l->outer->pushes.sum.node : NULL;
    struct out merge = count_from(g, l->forward, int_const(g, "f_count", 0, after), "f_count");
    struct out way = grad2(g, "Switch", merge, l->forward->pivot);
    l->pushes.merge = merge;
    struct out one = int_const(g, "Add/y", 1, NULL);
    l->pushes.sum = grad2(g, "Add", out_at(way, 1), one);
    l->pushes.next = grad_reserve(g, "NextIteration");
    struct out count = grad_add_named(g, "Exit", "f_count", OUTS(way), NULL, 0);
    grad_within(g, was);
    return count;
}

/* The loop that goes back: `count` rounds. */
static void count_back(struct loop_grad *l, struct out count)
{
    struct grad *g = &l->walk->g;
    struct context *c = l->back, *was = g->context;
    struct out one = int_const(g, "b_count", 1, NULL);
    struct out merge = c->pivot_for_pred = count_from(g, c, count, "b_count");
    struct out more = grad2(g, "GreaterEqual", merge, one);
    c->pivot = grad_add_named(g, "LoopCond", "b_count", OUTS(more), NULL, 0);
    struct out way = grad2(g, "Switch", merge, c->pivot);
    l->pops.merge = merge;
    l->pops.sum = c->pivot_for_body = grad2(g, "Sub", out_at(way, 1), one);
    l->pops.next = grad_reserve(g, "NextIteration");
    struct out zero = grad_add_named(g, "Exit", "b_count", OUTS(way), NULL, 0);
    grad_within(g, was);
    if (l->outer)
        wait_any(l->walk, &l->outer->pops, zero.node);
}

/* ---- stacks ---- */

/* A stack of what is like `value`, where gradients were asked for: not in the scopes of now, which
 * may be those of the caller's own gradient function. */
static struct out new_stack(struct loop_grad *l, struct out value)
{
    struct walk *w = l->walk;
    struct grad *g = &w->g, was = *g;
    grad_within(g, w->q->context);
    g->add = graph_add;
    walk_place_with(w, value.node);
    struct out most = grad_scalar(g, DT_INT32, -1);
    struct out stack = grad_add_named(g, "StackV2", "f_acc", OUTS(most),
                                      ATTRS(attr_type("elem_type", out_dtype(value))));
    grad_within(g, was.context);
    g->add = was.add;
    g->groups = was.groups;
    g->device = was.device;
    return stack;
}

/* In the branch that the value is in, but for one that is there where the branch is not taken. */
static struct out push(struct loop_grad *l, struct out value, bool dead)
{
    struct grad *g = &l->walk->g;
    struct context *of = context_of_outputs(value.node);
    struct out stack = new_stack(l, value);
    struct context *was = grad_within(g, l->forward);
    struct out inside = grad_capture(g, stack);
    grad_within(g, dead ? of->outer : of);
    struct node_def d = { .op = "StackPushV2", .in = (struct out[]){ inside, value }, .n_in = 2,
                          .attr = ATTRS(attr_bool("swap_memory", l->forward->swap_memory)),
                          .control = &l->pushes.sum.node, .n_control = 1 };
    struct out pushed = g->st ? (struct out){ 0 } : grad_place(g, &d, "StackPushV2");
    grad_within(g, was);
    if (g->st)
        return stack;
    if (dead)
        pushed.node->context = of;
    if (of == l->forward)
        append(l->walk, &l->pushes.waits, pushed.node);
    else
        wait_any(l->walk, &l->pushes, pushed.node);
    return stack;
}

/* The branch within which the value is, and the stack is not. */
static const struct context *branch_of(struct out value, struct out stack)
{
    const struct context *c = value.node->context;
    while (c && c != stack.node->context && c->kind != CONTEXT_COND)
        c = c->outer;
    return c && c != stack.node->context ? c : NULL;
}

static struct out pop(struct loop_grad *l, struct out stack, struct out value, bool dead)
{
    struct walk *w = l->walk;
    struct grad *g = &w->g;
    const struct context *branch = g->st ? NULL : branch_of(value, stack);
    struct context *was = grad_within(g, l->back);
    if (branch)
        stack = out_at(grad2(g, "Switch", stack, branch->pred), dead != branch->branch);
    struct out popped = grad_add(g, "StackPopV2", OUTS(stack),
                                 ATTRS(attr_type("elem_type", out_dtype(value))));
    if (!g->st)
        g->st = graph_set_shape(g->graph, popped, out_shape(value));
    grad_within(g, was);
    if (!g->st && l->back->parallel_iterations > 1)
        wait_any(w, &l->pops, popped.node);
    return popped;
}

struct out loop_recall(struct loop_grad *l, struct out value, bool dead)
{
    struct out stack = push(l, value, dead);
    return pop(l, stack, value, dead);
}

/* ---- values of the loop, as the loop that goes back finds them ---- */

/* The Enter by which it came in unchanged, or NULL. */
static const struct node *constant_enter(struct out value)
{
    const struct node *n = value.node;
    while (n->op->flags & OP_SWITCH || !strcmp(n->op->name, "Identity") ||
           !strcmp(n->op->name, "RefIdentity"))
        n = n->in[0].node;
    return node_is_constant_enter(n) ? n : NULL;
}

static struct out find_again(struct loop_grad *l, struct out value)
{
    struct grad *g = &l->walk->g;
    const struct node *enter;
    struct loop_grad *at = l;
    while ((enter = constant_enter(value))) {
        value = enter->in[0];
        at = at->outer;
        if (!at)
            return grad_capture(g, value);
    }
    if (value.node->op->flags & OP_CONSTANT)
        return grad_add(g, "Const", NULL, 0,
                        ATTRS(attr_tensor("value", node_attr_tensor(value.node, "value")),
                              attr_type("dtype", out_dtype(value))));
    struct out popped = loop_recall(at, value, false);
    return at == l ? popped : grad_capture(g, popped);
}

static struct status *recall(struct context *c, struct out value, const struct capture *how,
                             struct out *inside)
{
    struct loop_grad *l = c->gradient;
    if (!l)
        return status_new(FAILED_PRECONDITION, "The gradient of the loop '%s' is made: its nodes "
                          "can recall nothing more", c->forward->name);
    struct grad *g = &l->walk->g;
    const char *scope = g->scope;
    struct context *was = grad_within(g, c);
    g->scope = how->prefix;
    *inside = find_again(l, value);
    g->scope = scope;
    grad_within(g, was);
    struct status *st = g->st;
    g->st = NULL;
    return st;
}

/* ---- a loop is met ---- */

static struct context *back_context(struct loop_grad *l)
{
    struct walk *w = l->walk;
    const struct context *f = l->forward;
    struct context *c = NULL;
    const char *name = arena_printf(&w->tmp, "%s%s", w->scope, f->name);
    struct context *outer = l->outer ? l->outer->back : f->outer ? f->outer : w->q->context;
    if (!w->g.st)
        w->g.st = name ? context_new(w->g.graph, CONTEXT_WHILE, outer, name, &c)
                       : status_no_memory();
    if (!c)
        return NULL;
    c->parallel_iterations = f->parallel_iterations;
    c->back_prop = f->back_prop;
    c->swap_memory = f->swap_memory;
    c->maximum = f->maximum;
    c->forward = l->forward;
    c->recall = recall;
    c->gradient = l;
    return c;
}

static void begin_loop(struct loop_grad *l)
{
    struct grad *g = &l->walk->g;
    struct out count = count_forward(l), stack = { 0 };
    if (l->outer && !g->st)
        stack = push(l->outer, count, false);
    if (!(l->back = back_context(l)))
        return;
    struct context *was = grad_within(g, l->outer ? l->outer->back : l->forward->outer);
    count_back(l, l->outer && !g->st ? pop(l->outer, stack, count, false) : count);
    grad_within(g, was);
}

/* Exit i, or NULL: it leaves another loop, as files say where gradients had been made before. */
static struct node *exit_of(const struct context *f, int i)
{
    struct node *n = f->exit ? f->exit[i].node : NULL;
    return n && n->context == f ? n : NULL;
}

static struct loop_grad *loop_new(struct walk *w, struct context *forward)
{
    struct loop_grad *l = arena_new(&w->tmp, struct loop_grad), **end = &w->loops;
    if (!l) {
        w->g.st = status_no_memory();
        return NULL;
    }
    while (*end)
        end = &(*end)->next;
    *l = (struct loop_grad){ .walk = w, .forward = forward,
                             .outer = find(w, context_loop(forward->outer)) };
    for (int i = 0; i < forward->n_vars; i++)
        l->exits_left += exit_of(forward, i) != NULL;
    l->switched_end = &l->switched;
    begin_loop(l);
    *end = l;
    return l;
}

static bool may_go_back(struct walk *w, const struct node *exit)
{
    if (!exit->context)
        grad_fail(&w->g, INVALID_ARGUMENT, "Cannot compute gradients through '%s': nothing says "
                  "which loop it leaves. A GraphDef does not; import the MetaGraphDef, with its "
                  "while_context", exit->name);
    else if (exit->context->forward)
        grad_fail(&w->g, INVALID_ARGUMENT, "Second-order gradient for while loops not "
                  "supported.");
    return !w->g.st;
}

static void add_between(struct walk *w, struct node *exit)
{
    if (!exit || exit->id >= w->n_nodes || w->between[exit->id])
        return;
    w->between[exit->id] = true;
    w->order[w->n_order++] = exit;
}

void loops_find(struct walk *w)
{
    const char *scope = w->g.scope;
    w->g.scope = w->scope;
    for (int i = 0; i < w->n_order && !w->g.st; i++) {
        struct node *n = w->order[i];
        if (!(n->op->flags & OP_EXIT) || !may_go_back(w, n) || find(w, n->context))
            continue;
        struct loop_grad *l = loop_new(w, n->context);
        for (int k = 0; l && k < l->forward->n_vars; k++)
            add_between(w, exit_of(l->forward, k));
    }
    w->g.scope = scope;
}

/* ---- the turn of exits ---- */

static bool has_gradient(const struct walk *w, const struct node *exit)
{
    return w->sum[exit->id] && w->sum[exit->id]->n;
}

static void use_zeros(struct walk *w, struct node *exit)
{
    struct out y = { exit, 0 };
    if (walk_differentiable(out_dtype(y)))
        walk_contribute(w, y, zeros_for_exit(w, y), (struct slices){ 0 });
    walk_enqueue(w, exit);
}

/* All exits are there: those that have a gradient, then the others, with zeros if any has one. */
static void all_exits(struct walk *w, struct loop_grad *l)
{
    bool any = false;
    for (int i = 0; i < l->exits.n; i++) {
        any |= has_gradient(w, l->exits.at[i]);
        if (has_gradient(w, l->exits.at[i]))
            walk_enqueue(w, l->exits.at[i]);
        else
            append(w, &l->unused, l->exits.at[i]);
    }
    w->g.scope = w->scope;
    for (int i = 0; i < l->unused.n; i++)
        if (any)
            use_zeros(w, l->unused.at[i]);
        else
            walk_enqueue(w, l->unused.at[i]);
}

/* TF: an Exit that is a y does not wait for the others; so a gradient may come too late there. */
void loops_exit_ready(struct walk *w, struct node *exit)
{
    struct loop_grad *l = loops_of(w, exit, false);
    append(w, &l->exits, exit);
    if (!--l->exits_left)
        all_exits(w, l);
}

/* TF: the Enters of variables have their turn, whoever is behind them. */
static void want_enters(struct walk *w, const struct context *f)
{
    for (int i = 0; i < f->n_vars; i++) {
        int id = f->enter[i].node->id;
        if (id < w->n_nodes && !w->pending[id])
            w->pending[id] = 1;
    }
}

void loops_unused_exits(struct walk *w)
{
    for (struct loop_grad *l = w->loops; l; l = l->next) {
        const struct context *f = l->forward;
        for (int i = 0; i < f->n_vars; i++) {
            struct node *exit = exit_of(f, i);
            if (exit && exit->id < w->n_nodes && !w->pending[exit->id] && !w->met[exit->id])
                loops_exit_ready(w, exit);
        }
        want_enters(w, f);
    }
}

/* ---- the end ---- */

/* What a variable was in the iteration before did not count for it: from then on it is zeros. */
static void close_switch(struct loop_grad *l, struct out merge)
{
    struct grad *g = &l->walk->g;
    struct out enter = merge.node->in[0], zeros;
    struct context *was = grad_within(g, l->back);
    if (shape_is_known(out_shape(merge))) {
        zeros = grad_zeros(g, out_dtype(merge), out_shape(merge), "Const");
    } else {
        grad_within(g, l->back->outer);
        zeros = zeros_of(g, zeros_shape(g, enter.node->in[0], DT_INT32), out_dtype(merge));
        grad_within(g, l->back);
    }
    struct out next = grad1(g, "NextIteration", zeros);
    grad_within(g, was);
    if (!g->st)
        g->st = graph_set_back_edge(g->graph, merge.node, 1, next);
}

static void close_counter(struct loop_grad *l, struct counter *c, struct context *in)
{
    struct grad *g = &l->walk->g;
    struct context *was = grad_within(g, in);
    if (c->any.n) {
        struct node_def d = { .op = "ControlTrigger", .name = c->sync, .control = c->any.at,
                              .n_control = c->any.n, .context = in };
        struct node *sync = NULL;
        if (!g->st)
            g->st = g->add(g->graph, &d, &sync);
        append(l->walk, &c->waits, sync);
    }
    struct node_def d = { .op = "NextIteration", .name = c->next, .in = &c->sum, .n_in = 1,
                          .control = c->waits.at, .n_control = c->waits.n, .context = in };
    struct node *next = NULL;
    if (!g->st)
        g->st = g->add(g->graph, &d, &next);
    if (!g->st)
        g->st = graph_set_back_edge(g->graph, c->merge.node, 1, (struct out){ next, 0 });
    grad_within(g, was);
}

void loops_finish(struct walk *w)
{
    struct grad *g = &w->g;
    g->scope = w->scope;
    for (struct loop_grad *l = w->loops; l && !g->st; l = l->next)
        for (struct switched *s = l->switched; s && !g->st; s = s->next)
            if (s->merge.node && s->merge.node->in[0].node == s->merge.node->in[1].node)
                close_switch(l, s->merge);
    for (struct loop_grad *l = w->loops; l && !g->st; l = l->next) {
        close_counter(l, &l->pushes, l->forward);
        close_counter(l, &l->pops, l->back);
    }
    for (struct loop_grad *l = w->loops; l; l = l->next)
        if (l->back)
            l->back->gradient = NULL;
}
