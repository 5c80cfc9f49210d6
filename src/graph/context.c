/* context.c - how values come into branches and loops, and what a node made in one waits for. */
#include "graph/context.h"
#include "base/mem.h"
#include "graph/control.h"

/* ---- where things are ---- */

struct context *context_of_outputs(const struct node *n)
{
    return n->context && n->op->flags & OP_EXIT ? n->context->outer : n->context;
}

struct context *context_loop(struct context *c)
{
    while (c && c->kind != CONTEXT_WHILE)
        c = c->outer;
    return c;
}

bool context_lies_in(const struct context *c, const struct context *outer)
{
    while (c && c != outer)
        c = c->outer;
    return c == outer;
}

struct out context_control_pivot(const struct context *c)
{
    return c->pivot_for_body.node ? c->pivot_for_body : c->pivot_for_pred;
}

bool node_is_constant_enter(const struct node *n)
{
    return n->op->flags & OP_ENTER && node_attr(n, "is_constant");
}

/* ---- contexts ---- */

static struct context *append(struct graph *g)
{
    struct context *c = arena_new(&g->arena, struct context);
    if (g->n_contexts == g->contexts_cap) {
        int cap = g->contexts_cap ? 2 * g->contexts_cap : 16;
        struct context **grown = mem_grow(g->context, (size_t)cap * sizeof *grown);
        if (!grown)
            return NULL;
        g->context = grown;
        g->contexts_cap = cap;
    }
    if (!c)
        return NULL;
    c->id = g->n_contexts;
    return g->context[g->n_contexts++] = c;
}

struct status *context_new(struct graph *g, enum context_kind kind, struct context *outer,
                           const char *name, struct context **result)
{
    struct context *c;
    const char *unique;
    graph_lock(g);
    unique = name ? graph_unique_name(g, name, true) : "";
    c = unique ? append(g) : NULL;
    graph_unlock(g);
    NEED(c);
    c->kind = kind;
    c->graph = g;
    c->outer = outer;
    c->name = unique;
    c->parallel_iterations = 10;
    c->back_prop = true;
    *result = c;
    return NULL;
}

struct status *context_branch(struct graph *g, struct context *outer, const char *name,
                              struct out pred, struct out pivot, int branch,
                              struct context **result)
{
    struct context *c;
    TRY(context_new(g, CONTEXT_COND, outer, name, &c));
    c->pred = pred;
    c->pivot = pivot;
    c->branch = branch;
    pivot.node->context = c;
    *result = c;
    return context_know(c, pred, pred);
}

/* ---- what came in already ---- */

static unsigned hash(struct out o)
{
    return ((unsigned)o.node->id * 31u + (unsigned)o.index) * 2654435769u >> 7;
}

static bool same(struct out a, struct out b) { return a.node == b.node && a.index == b.index; }

/* Its place, or the free one where it would be. */
static struct captured *place_of(const struct captures *c, struct out value)
{
    unsigned mask = (unsigned)c->cap - 1, i = hash(value) & mask;
    while (c->at[i].value.node && !same(c->at[i].value, value))
        i = (i + 1) & mask;
    return &c->at[i];
}

static bool came_in(const struct context *c, struct out value, struct out *inside)
{
    const struct captured *at = c->captured.cap ? place_of(&c->captured, value) : NULL;
    if (!at || !at->inside.node)
        return false;
    *inside = at->inside;
    return true;
}

bool context_knows(const struct context *c, struct out value, struct out *inside)
{
    *inside = value;
    graph_lock(c->graph);               /* the table moves when it grows */
    bool known = came_in(c, value, inside) ||
                 context_lies_in(context_of_outputs(value.node), c);
    graph_unlock(c->graph);
    return known;
}

static struct status *grow(struct arena *a, struct captures *c)
{
    struct captures larger = { NULL, 0, c->cap ? 2 * c->cap : 8 };
    NEED(larger.at = arena_array(a, struct captured, larger.cap));
    for (int i = 0; i < c->cap; i++)
        if (c->at[i].value.node) {
            *place_of(&larger, c->at[i].value) = c->at[i];
            larger.n++;
        }
    *c = larger;
    return NULL;
}

struct status *context_know(struct context *c, struct out value, struct out inside)
{
    struct captures *known = &c->captured;
    graph_lock(c->graph);
    struct status *st = 2 * (known->n + 1) > known->cap ? grow(&c->graph->arena, known) : NULL;
    if (!st) {
        struct captured *at = place_of(known, value);
        known->n += !at->value.node;
        *at = (struct captured){ value, inside };
    }
    graph_unlock(c->graph);
    return st;
}

/* An entry without an inside is as good as none. */
static void forget(struct captures *c, int n)
{
    for (int i = 0; i < c->cap; i++) {
        struct captured *at = &c->at[i];
        if (at->inside.node && (at->value.node->id >= n || at->inside.node->id >= n))
            at->inside = (struct out){ 0 };
    }
}

void context_forget(struct graph *g, int n)
{
    for (int i = 0; i < g->n_contexts; i++)
        forget(&g->context[i]->captured, n);
}

/* ---- bringing a value in ---- */

/* The nodes that bring a value in are made in its graph, under the lock of the context's. */
static struct status *check_graph(const struct context *c, struct out value)
{
    ENSURE(value.node->graph == c->graph, "Input '%s:%d' must be from the same graph as '%s'",
           value.node->name, value.index, c->name);
    return NULL;
}

/* A node that is made for another's sake, outside of all contexts. */
static struct status *bring(const struct capture *how, const char *name, struct node_def *d,
                            struct node **n)
{
    struct graph *g = d->in[0].node->graph;
    const char *wanted = arena_printf(&g->arena, "%s%s", how->prefix, name);
    NEED(wanted && (d->name = graph_unique_name(g, wanted, true)));
    return graph_add_plain(g, d, n);
}

/* TF: with the value that it switches, whatever scopes say. */
static struct status *bring_by_switch(struct context *c, struct out value,
                                      const struct capture *how, struct out *inside)
{
    struct arena tmp = { 0 };
    struct attr groups;
    struct node *n = NULL;
    struct status *st = node_groups(value.node, &tmp, &groups);
    struct node_def d = { .op = out_is_ref(value) ? "RefSwitch" : "Switch",
                          .device = value.node->device, .in = (struct out[]){ value, c->pred },
                          .n_in = 2, .attr = &groups, .n_attr = 1 };
    if (!st)
        st = bring(how, "Switch", &d, &n);
    arena_free(&tmp);
    if (st)
        return st;
    n->context = c;
    n->unfetched = true;
    *inside = (struct out){ n, c->branch };
    return NULL;
}

/* Does an Enter of `c` wait for it: is it around the loop, in the same loop as that? */
static bool is_around(const struct context *c, const struct node *control)
{
    const struct context *at = context_of_outputs(control), *loop = context_loop(c->outer);
    const struct context *outer = c->outer;
    while (outer != at && outer && outer != loop)
        outer = outer->outer;
    return outer == at;
}

static struct out outer_pivot(const struct context *c)
{
    struct out pivot = { 0 };
    for (const struct context *o = c->outer; o && !pivot.node; o = o->outer)
        pivot = context_control_pivot(o);
    return pivot;
}

static struct status *enter_controls(const struct context *c, struct out value, bool constant,
                                     const struct capture *how, struct controls *all)
{
    struct out pivot = outer_pivot(c);
    bool waits = !constant && pivot.node && node_is_constant_enter(value.node);
    struct controls kept = { 0 };
    TRY(controls_gather(how->controls, &value, 1, &pivot.node, waits, all));
    kept.at = all->at;
    for (int i = 0; i < all->n; i++)
        if ((waits && all->at[i] == pivot.node) || is_around(c, all->at[i]))
            kept.at[kept.n++] = all->at[i];
    *all = kept;
    return NULL;
}

static struct status *make_enter(struct context *c, struct out value, bool constant,
                                 const struct capture *how, struct out *enter)
{
    struct controls controls = { 0 };
    struct node *n = NULL;
    struct attr attr[4] = { attr_string("frame_name", c->name),
                            attr_bool("is_constant", constant),
                            attr_int("parallel_iterations", c->parallel_iterations) };
    bool ref = out_is_ref(value);               /* a reference stays where its variable is */
    const char *op = ref ? "RefEnter" : "Enter";
    if (ref)
        TRY(node_groups(value.node, &c->graph->arena, &attr[3]));
    else if (how->groups)
        attr[3] = *how->groups;
    TRY(enter_controls(c, value, constant, how, &controls));
    struct node_def d = { .op = op, .device = ref ? value.node->device : how->device,
                          .in = &value, .n_in = 1, .attr = attr,
                          .n_attr = ref || how->groups ? 4 : 3, .control = controls.at,
                          .n_control = controls.n };
    struct status *st = bring(how, op, &d, &n);
    mem_free(controls.at);
    if (st)
        return st;
    n->context = c;
    n->unfed = true;
    *enter = (struct out){ n, 0 };
    return NULL;
}

struct status *context_enter(struct context *c, struct out value, bool constant,
                             const struct capture *how, struct out *enter)
{
    TRY(check_graph(c, value));
    graph_lock(c->graph);
    struct status *st = make_enter(c, value, constant, how, enter);
    graph_unlock(c->graph);
    return st;
}

/* Is it a value of the loop that `c` goes back through? */
static bool is_recalled(const struct context *c, struct out value)
{
    return c->forward && context_loop(context_of_outputs(value.node)) == c->forward;
}

static struct status *bring_in(struct context *c, struct out value, const struct capture *how,
                               struct out *inside)
{
    struct out outside = value;
    if (is_recalled(c, value))
        return c->recall(c, value, how, inside);
    TRY(context_capture(c->outer, value, how, &outside));
    if (c->kind == CONTEXT_WHILE)
        return context_enter(c, outside, true, how, inside);
    return bring_by_switch(c, outside, how, inside);
}

static struct status *bring_in_once(struct context *c, struct out value,
                                    const struct capture *how, struct out *inside)
{
    if (context_knows(c, value, inside))
        return NULL;
    TRY(bring_in(c, value, how, inside));
    return context_know(c, value, *inside);
}

struct status *context_capture(struct context *c, struct out value, const struct capture *how,
                               struct out *inside)
{
    *inside = value;
    if (!c)
        return NULL;
    TRY(check_graph(c, value));
    graph_lock(c->graph);
    struct status *st = bring_in_once(c, value, how, inside);
    graph_unlock(c->graph);
    return st;
}

/* ---- a node made in a context ---- */

struct inner {                          /* what becomes of the node */
    struct context *context;
    const struct node_def *def;
    const struct op *op;
    struct capture how;
    struct out *in;                     /* as they are inside */
    struct controls control;            /* likewise */
    struct controls external;           /* what it would wait for outside of the loop */
};

/* TF: CheckInputFromValidContext */
static bool may_read(const struct inner *b, const struct node *from)
{
    const struct context *at = context_of_outputs(from);
    const struct context *loop = context_loop(b->context);
    const struct context *input_loop = context_loop((struct context *)at);
    if (!input_loop || (!loop && b->op->flags & (OP_ENTER | OP_SWITCH)))
        return true;
    if (!loop)
        return false;
    return context_lies_in(loop, input_loop) ||
           (loop->forward && context_lies_in(loop->forward, input_loop));
}

static struct status *check_input(const struct inner *b, const struct node *from)
{
    if (may_read(b, from))
        return NULL;
    if (context_loop(b->context))
        return status_new(INVALID_ARGUMENT, "Cannot use '%s' as input to '%s' because they are in "
                          "different while loops.", from->name, b->def->name);
    return status_new(INVALID_ARGUMENT, "Cannot use '%s' as input to '%s' because '%s' is in a "
                      "while loop.", from->name, b->def->name, from->name);
}

static struct status *check_inputs(const struct inner *b)
{
    for (int i = 0; i < b->def->n_in; i++)
        if (b->def->in[i].node)
            TRY(check_input(b, b->def->in[i].node));
    return NULL;
}

/* An edge that a loop which a file brings goes back by is set later, and lies inside. */
static struct status *capture_inputs(struct inner *b)
{
    for (int i = 0; i < b->def->n_in; i++) {
        b->in[i] = b->def->in[i];
        if (b->in[i].node)
            TRY(context_capture(b->context, b->def->in[i], &b->how, &b->in[i]));
    }
    return NULL;
}

static void add_control(struct controls *c, struct node *n)
{
    for (int i = 0; i < c->n; i++)
        if (c->at[i] == n)
            return;
    c->at[c->n++] = n;
}

/* In a loop a node waits for others of the same loop only. */
static void sort_controls(struct inner *b)
{
    const struct context *loop = context_loop(b->context);
    for (int i = 0; i < b->def->n_control; i++) {
        struct node *n = b->def->control[i];
        struct context *at = context_of_outputs(n);
        add_control(!loop || context_loop(at) == loop ? &b->control : &b->external, n);
    }
}

static bool calls(const struct op *op)
{
    return op->flags & OP_CALL || !strcmp(op->name, "SymbolicGradient");
}

static bool waits_in_branch(const struct inner *b)
{
    bool any = false;
    if (b->def->n_in)
        return calls(b->op);
    for (int i = 0; i < b->control.n; i++)
        any |= context_lies_in(b->control.at[i]->context, b->context);
    return !any;
}

/* What depends on nothing but the loop's constants would run before there is an iteration. */
static bool waits_in_loop(const struct inner *b)
{
    bool free = true;
    if (b->control.n)
        return false;
    for (int i = 0; i < b->def->n_in; i++)
        free &= b->in[i].node && node_is_constant_enter(b->in[i].node);
    return free || calls(b->op);
}

static struct status *wait_for_external(struct inner *b)
{
    for (int i = 0; i < b->external.n; i++) {
        struct node *x = b->external.at[i], *n = NULL;
        struct node_def d = { .op = "Identity", .in = &(struct out){ x, 0 }, .n_in = 1,
                              .device = b->how.device, .attr = b->how.groups,
                              .n_attr = b->how.groups != NULL, .context = b->context };
        if (!x->n_out)
            continue;
        const char *wanted = arena_printf(&x->graph->arena, "%sIdentity", b->how.prefix);
        NEED(wanted && (d.name = graph_unique_name(x->graph, wanted, true)));
        TRY(context_add(x->graph, &d, &n));
        add_control(&b->control, n);
    }
    return NULL;
}

static struct status *settle_controls(struct inner *b)
{
    sort_controls(b);
    if (b->context->kind == CONTEXT_COND) {
        if (waits_in_branch(b))
            add_control(&b->control, b->context->pivot.node);
        return NULL;
    }
    struct out pivot = context_control_pivot(b->context);
    if (pivot.node && waits_in_loop(b))
        add_control(&b->control, pivot.node);
    return wait_for_external(b);
}

static const struct attr *groups_in(const struct node_def *d)
{
    for (int i = 0; i < d->n_attr; i++)
        if (!strcmp(d->attr[i].name, "_class"))
            return &d->attr[i];
    return NULL;
}

/* TF makes the node of its inputs as they are outside, and then exchanges them: what was inferred
 * of its outputs stays. */
static struct status *add_inner(struct inner *b, struct graph *g, struct node **result)
{
    struct node_def d = *b->def;
    struct node *n;
    d.context = NULL;
    d.control = b->control.at;
    d.n_control = b->control.n;
    TRY(graph_add_plain(g, &d, &n));
    for (int i = 0; i < n->n_in; i++)
        n->in[i] = b->in[i];
    n->context = b->context;
    n->unfetched = b->context->outer || !(b->op->flags & OP_EXIT);
    n->unfed = n->unfetched && b->context->kind == CONTEXT_WHILE;
    if (result)
        *result = n;
    return NULL;
}

static struct status *take_in(struct inner *b, struct graph *g, struct node **n)
{
    TRY(check_inputs(b));
    if (!b->context)
        return graph_add_plain(g, b->def, n);
    TRY(capture_inputs(b));
    TRY(settle_controls(b));
    return add_inner(b, g, n);
}

static struct status *make_room(struct inner *b, struct arena *tmp)
{
    const struct node_def *d = b->def;
    int n = 2 * d->n_control + 1;
    NEED(b->how.prefix = arena_printf(tmp, "%s/", d->name));
    NEED(b->in = arena_array(tmp, struct out, d->n_in + 1));
    NEED(b->control.at = arena_array(tmp, struct node *, n));
    NEED(b->external.at = arena_array(tmp, struct node *, n));
    return NULL;
}

/* TF: what looks at the shape alone of a value of the loop that gradients go back through is made
 * there, so that the shape is kept and not the value. */
static struct context *context_for(const struct node_def *d)
{
    static const char *const looks[] = { "Shape", "Size", "Rank" };
    const struct context *loop = context_loop(d->context);
    for (int i = 0; i < 3 && loop && loop->forward; i++)
        if (!strcmp(d->op, looks[i])) {
            struct context *at = context_of_outputs(d->in[0].node);
            return context_loop(at) == loop->forward ? at : d->context;
        }
    return d->context;
}

struct status *context_add(struct graph *g, const struct node_def *d, struct node **n)
{
    struct arena tmp = { 0 };
    struct inner b = { .context = context_for(d), .def = d,
                       .op = d->row ? d->row : graph_op(g, d->op),
                       .how = { .device = d->device, .groups = groups_in(d),
                                .controls = d->controls } };
    if (!b.op)
        return op_not_registered(d->op);
    graph_lock(g);
    struct status *st = make_room(&b, &tmp);
    if (!st)
        st = take_in(&b, g, n);
    graph_unlock(g);
    arena_free(&tmp);
    return st;
}
