#include "build/loop.h"
#include "base/mem.h"
#include "build/scope.h"
#include "build/thread.h"

#include <stdio.h>

/* ---- the beginning: Enter, Merge ---- */

static struct status *check_options(const struct loop_options *o, int n)
{
    struct out max = o->maximum;
    ENSURE(n > 0, "No loop variables provided");
    ENSURE(o->parallel_iterations > 0, "parallel_iterations must be a positive integer.");
    ENSURE(!max.node || out_shape(max)->rank <= 0, "maximum_iterations must be a scalar, saw "
           "shape: %s", SHAPE_STR(out_shape(max)));
    return NULL;
}

/* Room for a moment; NULL: an error sticks. */
static struct out *room_for(struct graph *g, int n)
{
    struct out *room = mem_array(struct out, n + 1);
    if (!room)
        build_fail(g, status_no_memory());
    return room;
}

static struct status *make_loop(struct graph *g, const struct loop_options *o, int n,
                                struct context **result)
{
    struct arena *a = &g->arena;
    struct context *c;
    const char *name = arena_printf(a, "%swhile_context", scope_prefix(g));
    NEED(name);
    TRY(context_new(g, CONTEXT_WHILE, current_context(g), name, &c));
    c->n_vars = n;
    c->maximum = o->maximum;
    c->parallel_iterations = o->parallel_iterations;
    c->back_prop = o->back_prop;
    c->swap_memory = o->swap_memory;
    NEED(c->enter = arena_array(a, struct out, n));
    NEED(c->merge = arena_array(a, struct out, n));
    NEED(c->way = arena_array(a, struct out, n));
    NEED(c->exit = arena_array(a, struct out, n));
    *result = c;
    return NULL;
}

static struct status *new_loop(struct graph *g, const struct loop_options *o, int n,
                               struct context **result)
{
    graph_lock(g);
    struct status *st = make_loop(g, o, n, result);
    graph_unlock(g);
    return st;
}

/* Not less specific, that is. TF: _ShapeLessThanOrEqual */
static bool is_within(const struct shape *s, const struct shape *wider)
{
    if (wider->rank < 0)
        return true;
    if (s->rank != wider->rank)
        return false;
    for (int i = 0; i < s->rank; i++)
        if (wider->dim[i] >= 0 && wider->dim[i] != s->dim[i])
            return false;
    return true;
}

struct words { char text[MAX_RANK * 24 + 8]; };

/* "(2, ?)", as Python has it. */
static const char *shape_words(struct words *w, const struct shape *s)
{
    int n = snprintf(w->text, sizeof w->text, "(");
    if (s->rank < 0)
        return "<unknown>";
    for (int i = 0; i < s->rank; i++) {
        n += snprintf(w->text + n, sizeof w->text - (size_t)n, "%s", i ? ", " : "");
        n += s->dim[i] < 0 ? snprintf(w->text + n, sizeof w->text - (size_t)n, "?")
                           : snprintf(w->text + n, sizeof w->text - (size_t)n, "%lld",
                                      (long long)s->dim[i]);
    }
    snprintf(w->text + n, sizeof w->text - (size_t)n, s->rank == 1 ? ",)" : ")");
    return w->text;
}

static struct status *set_invariant(struct graph *g, struct out value, struct out enter,
                                    const struct shape *stays)
{
    ENSURE(is_within(out_shape(value), stays), "The shape invariant specified for %s:%d is not "
           "compatible with the initial shape of the loop variable. It enters the loop with shape "
           "%s, but the specified shape invariant is %s.", value.node->name, value.index,
           shape_words(&(struct words){ 0 }, out_shape(value)),
           shape_words(&(struct words){ 0 }, stays));
    return graph_set_shape(g, enter, stays);
}

/* `real`: the variables as they are in the context around the loop. */
static struct status *enter_all(struct context *c, const struct loop_options *o,
                                const struct out *vars, struct out *real)
{
    struct graph *g = c->graph;
    struct capture how;
    build_capture(g, &how);
    for (int i = 0; i < c->n_vars; i++)
        TRY(context_capture(c->outer, vars[i], &how, &real[i]));
    for (int i = 0; i < c->n_vars; i++) {
        TRY(context_enter(c, real[i], false, &how, &c->enter[i]));
        control_note((struct control_scope *)how.controls, c->enter[i].node->id);
    }
    int counter = c->maximum.node != NULL;
    for (int i = 0; i < c->n_vars; i++)
        TRY(set_invariant(g, real[i], c->enter[i], o->shapes && i >= counter ?
                          &o->shapes[i - counter] : out_shape(real[i])));
    return NULL;
}

static void merge_all(struct context *c)
{
    for (int i = 0; i < c->n_vars; i++) {
        struct out e = c->enter[i];
        c->merge[i] = build(c->graph, out_is_ref(e) ? "RefMerge" : "Merge", "Merge", OUTS(e, e),
                            NULL, 0);
    }
    c->pivot_for_pred = c->merge[0];
}

static void begin(struct context *c, const struct loop_options *o, const struct out *vars,
                  struct out *inside)
{
    struct graph *g = c->graph;
    int counter = c->maximum.node != NULL;
    struct out *real = room_for(g, c->n_vars);
    if (real)
        build_fail(g, enter_all(c, o, vars, real));
    mem_free(real);
    scope_context(g, c);
    if (!build_failed(g))
        merge_all(c);
    if (!build_failed(g) && counter)
        c->below_maximum = build(g, "Less", NULL, OUTS(c->merge[0], c->maximum), NULL, 0);
    if (build_failed(g))
        scope_end(g);
    else
        memcpy(inside, c->merge + counter, (size_t)(c->n_vars - counter) * sizeof *inside);
}

struct context *loop_begin(struct graph *g, const struct loop_options *o, const struct out *vars,
                           int n, struct out *inside)
{
    struct context *c = NULL;
    int counter = o->maximum.node != NULL;
    if (!build_failed(g))
        build_fail(g, check_options(o, n));
    struct out *all = build_failed(g) ? NULL : room_for(g, n + 1);
    if (!all)
        return NULL;
    all[0] = o->counter;
    if (counter && !o->counter.node)
        all[0] = build_scalar(g, "iteration_counter", out_dtype(o->maximum), 0);
    memcpy(all + counter, vars, (size_t)n * sizeof *vars);
    if (!build_failed(g))
        build_fail(g, new_loop(g, o, n + counter, &c));
    if (!build_failed(g))
        begin(c, o, all, inside);
    mem_free(all);
    return build_failed(g) ? NULL : c;
}

/* ---- the middle: LoopCond, Switch ---- */

static struct out switch_variable(struct context *c, struct out merge)
{
    return build_node(c->graph, &(struct build_args){
        .op = out_is_ref(merge) ? "RefSwitch" : "Switch", .name = "Switch",
        .in = (struct out[]){ merge, c->pivot }, .n_in = 2, .colocate = merge.node });
}

static struct out in_body(struct context *c, struct out way)
{
    struct out on = { way.node, 1 };
    bool ref = way.node && out_is_ref(on);
    return build(c->graph, ref ? "RefIdentity" : "Identity", ref ? "RefIdentity" : "Identity",
                 &on, 1, NULL, 0);
}

/* Its constant stands under its name, which is the next that is free. */
static struct out one_more(struct graph *g, struct out count)
{
    scope_name(g, "add");
    struct out one = build_scalar(g, "y", out_dtype(count), 1);
    struct out sum = build(g, "AddV2", scope_prefix(g), OUTS(count, one), NULL, 0);
    scope_end(g);
    return sum;
}

void loop_test(struct context *c, struct out test, struct out *inside)
{
    struct graph *g = c->graph;
    int counter = c->maximum.node != NULL;
    struct out *body = room_for(g, c->n_vars);
    if (counter)
        test = build(g, "LogicalAnd", NULL, OUTS(c->below_maximum, test), NULL, 0);
    c->pivot = build(g, "LoopCond", NULL, &test, 1, NULL, 0);
    for (int i = 0; i < c->n_vars && !build_failed(g); i++)
        c->way[i] = switch_variable(c, c->merge[i]);
    for (int i = 0; i < c->n_vars && !build_failed(g); i++)
        body[i] = in_body(c, c->way[i]);
    if (!build_failed(g)) {
        c->pivot_for_body = body[0];
        memcpy(inside, body + counter, (size_t)(c->n_vars - counter) * sizeof *inside);
    }
    if (!build_failed(g) && counter)
        c->next_count = one_more(g, body[0]);
    mem_free(body);
}

/* ---- the end: NextIteration, Exit ---- */

static struct status *check_next(struct context *c, int i, struct out next)
{
    struct out enters = c->enter[i].node->in[0];
    ENSURE(is_within(out_shape(next), out_shape(c->merge[i])), "Input tensor '%s:%d' enters the "
           "loop with shape %s, but has shape %s after one iteration. To allow the shape to vary "
           "across iterations, use the `shape_invariants` argument of tf.while_loop to specify a "
           "less-specific shape.", enters.node->name, enters.index,
           shape_words(&(struct words){ 0 }, out_shape(enters)),
           shape_words(&(struct words){ 0 }, out_shape(next)));
    return graph_set_back_edge(c->graph, c->merge[i].node, 1, next);
}

static void go_round(struct context *c, const struct out *next)
{
    struct graph *g = c->graph;
    for (int i = 0; i < c->n_vars && !build_failed(g); i++) {
        bool ref = next[i].node && out_is_ref(next[i]) && out_is_ref(c->merge[i]);
        struct out n = build(g, ref ? "RefNextIteration" : "NextIteration", NULL, &next[i], 1,
                             NULL, 0);
        if (n.node)
            build_fail(g, check_next(c, i, n));
    }
}

static void leave(struct context *c)
{
    struct graph *g = c->graph;
    for (int i = 0; i < c->n_vars && !build_failed(g); i++) {
        bool ref = out_is_ref(c->way[i]);
        c->exit[i] = build(g, ref ? "RefExit" : "Exit", NULL, &c->way[i], 1, NULL, 0);
    }
}

void loop_end(struct context *c, const struct out *next, struct out *results)
{
    struct graph *g = c->graph;
    int counter = c->maximum.node != NULL;
    struct out *all = room_for(g, c->n_vars);
    if (all) {
        all[0] = c->next_count;
        memcpy(all + counter, next, (size_t)(c->n_vars - counter) * sizeof *next);
        go_round(c, all);
        leave(c);
    }
    mem_free(all);
    c->done = !build_failed(g);
    scope_end(g);
    memcpy(results, c->exit + counter, (size_t)(c->n_vars - counter) * sizeof *results);
}

/* ---- the whole of it ---- */

static void build_loop(struct graph *g, const struct loop_builder *b, const struct out *vars,
                       int n, const struct loop_options *o, struct out *results)
{
    struct out *inside = room_for(g, 2 * n), *next = inside ? inside + n : NULL, test = { 0 };
    struct context *c = inside ? loop_begin(g, o, vars, n, inside) : NULL;
    if (c) {
        test = b->test(b->ctx, g, inside, n);
        if (!build_failed(g))
            loop_test(c, test, inside);
        if (!build_failed(g))
            b->body(b->ctx, g, inside, next, n);
        loop_end(c, next, results);
    }
    mem_free(inside);
}

void build_while(struct graph *g, const char *name, const struct loop_builder *b,
                 const struct out *vars, int n, const struct loop_options *o,
                 struct out *results)
{
    g = build_graph(g, vars, n);
    if (g && !build_failed(g)) {
        scope_name(g, name ? name : "while");
        build_loop(g, b, vars, n, o, results);
        scope_end(g);
    }
    if (!g || build_failed(g))
        memset(results, 0, (size_t)n * sizeof *results);
}
