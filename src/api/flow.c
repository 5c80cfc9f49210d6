/* flow.c - weft.h: conditions and loops. */
#include "api/api.h"
#include "base/arena.h"
#include "build/condition.h"
#include "build/loop.h"
#include "build/scope.h"
#include "model/meta.h"

SAME_OBJECT(context, weft_context, context)

static struct out *outs(struct weft_out *o) { return (struct out *)o; }
static const struct weft_out *outs_out(const struct out *o) { return (const struct weft_out *)o; }

/* ---- conditions ---- */

struct given_branch { weft_branch *fn; void *ctx; };

static void call_branch(void *ctx, struct graph *g, struct out *results, int n)
{
    const struct given_branch *b = ctx;
    b->fn(b->ctx, graph_out(g), (struct weft_out *)results, n);
}

void weft_cond(struct weft_graph *g, const char *name, struct weft_out pred,
               weft_branch *when_true, weft_branch *when_false, void *ctx,
               struct weft_out *results, int n)
{
    struct given_branch t = { when_true, ctx }, f = { when_false, ctx };
    build_cond(graph_in(g), name, out_in(pred), (struct branch){ call_branch, &t },
               (struct branch){ call_branch, &f }, outs(results), n);
}

void weft_case(struct weft_graph *g, const char *name, const struct weft_case *cases, int n_cases,
               weft_branch *otherwise, bool exclusive, void *ctx, struct weft_out *results, int n)
{
    struct arena tmp = { 0 };
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    struct build_case *c = arena_array(&tmp, struct build_case, n_cases + 1);
    struct given_branch *b = arena_array(&tmp, struct given_branch, n_cases + 1);
    if (!c || !b) {
        build_fail(graph, status_no_memory());
        n_cases = 0;
    }
    for (int i = 0; i < n_cases; i++) {
        b[i] = (struct given_branch){ cases[i].then, ctx };
        c[i] = (struct build_case){ out_in(cases[i].pred), { call_branch, &b[i] } };
    }
    struct given_branch last = { otherwise, ctx };
    build_case(graph, name, c, n_cases, (struct branch){ otherwise ? call_branch : NULL, &last },
               exclusive, outs(results), n);
    arena_free(&tmp);
}

/* ---- loops ---- */

struct given_loop { weft_loop_test *test; weft_loop_body *body; void *ctx; };

static struct out call_test(void *ctx, struct graph *g, const struct out *vars, int n)
{
    const struct given_loop *l = ctx;
    return out_in(l->test(l->ctx, graph_out(g), outs_out(vars), n));
}

static void call_body(void *ctx, struct graph *g, const struct out *vars, struct out *next, int n)
{
    const struct given_loop *l = ctx;
    l->body(l->ctx, graph_out(g), outs_out(vars), (struct weft_out *)next, n);
}

/* What was said, in the house's terms; shapes come from `tmp`. */
static struct status *options_in(const struct weft_loop_options *o, int n, struct arena *tmp,
                                 struct loop_options *to)
{
    static const struct weft_loop_options none;
    o = o ? o : &none;
    *to = (struct loop_options){
        .parallel_iterations = o->parallel_iterations ? o->parallel_iterations : 10,
        .back_prop = !o->no_gradient, .swap_memory = o->swap_memory, .maximum = out_in(o->maximum),
        .counter = out_in(o->counter)
    };
    struct shape *s = o->shapes ? arena_array(tmp, struct shape, n) : NULL;
    NEED(s || !o->shapes);
    to->shapes = s;
    for (int i = 0; s && i < n; i++)
        s[i] = known_shape(&o->shapes[i]);
    return NULL;
}

void weft_while(struct weft_graph *g, weft_loop_test *test, weft_loop_body *body, void *ctx,
                const struct weft_out *vars, int n, const struct weft_loop_options *options,
                struct weft_out *results)
{
    struct arena tmp = { 0 };
    struct loop_options o;
    struct graph *graph = build_graph(graph_in(g), outs_in(vars), n);
    struct status *st = options_in(options, n, &tmp, &o);
    if (graph)
        build_fail(graph, st);
    else
        status_free(st);
    build_while(graph, options ? options->name : NULL,
                &(struct loop_builder){ call_test, call_body,
                                        &(struct given_loop){ test, body, ctx } },
                outs_in(vars), n, &o, outs(results));
    arena_free(&tmp);
}

/* ---- their parts ---- */

void weft_context_enter(struct weft_graph *g, struct weft_context *c)
{
    scope_context(graph_in(g), context_in(c));
}

struct weft_context *weft_current_context(struct weft_graph *g)
{
    return context_out(current_context(graph_in(g)));
}

void weft_set_context(struct weft_graph *g, struct weft_context *c)
{
    set_current_context(graph_in(g), context_in(c));
}

struct weft_out weft_context_value(struct weft_context *c, struct weft_out value)
{
    struct context *in = context_in(c);
    struct out inside = { 0 };
    struct capture how;
    if (in && !build_failed(in->graph) && value.node) {
        build_capture(in->graph, &how);
        build_fail(in->graph, context_capture(in, out_in(value), &how, &inside));
    }
    return out_out(inside);
}

struct weft_condition weft_condition_new(struct weft_graph *g, struct weft_out pred)
{
    struct condition c = build_condition(graph_in(g), out_in(pred));
    return (struct weft_condition){ out_out(c.pred), { out_out(c.pivot[0]),
                                                       out_out(c.pivot[1]) } };
}

struct weft_context *weft_branch_new(struct weft_graph *g, const char *name, struct weft_out pred,
                                     struct weft_out pivot, int branch)
{
    return context_out(build_branch_context(graph_in(g), name ? name : "cond_text", out_in(pred),
                                            out_in(pivot), branch));
}

struct weft_out weft_branch_result(struct weft_context *c, struct weft_out value)
{
    return c ? out_out(branch_result(context_in(c), out_in(value))) : (struct weft_out){ 0 };
}

struct weft_out weft_branch_merge(struct weft_graph *g, struct weft_out when_false,
                                  struct weft_out when_true)
{
    return out_out(build_merge(graph_in(g), out_in(when_false), out_in(when_true)));
}

struct weft_context *weft_loop_begin(struct weft_graph *g, const struct weft_loop_options *options,
                                     const struct weft_out *vars, int n, struct weft_out *inside)
{
    struct arena tmp = { 0 };
    struct loop_options o;
    struct context *c = NULL;
    struct status *st = options_in(options, n, &tmp, &o);
    if (st)
        build_fail(graph_in(g), st);
    else
        c = loop_begin(graph_in(g), &o, outs_in(vars), n, outs(inside));
    for (int i = 0; i < n && !c; i++)
        inside[i] = (struct weft_out){ 0 };
    arena_free(&tmp);
    return context_out(c);
}

void weft_loop_test_is(struct weft_context *c, struct weft_out test, struct weft_out *inside)
{
    if (c)
        loop_test(context_in(c), out_in(test), outs(inside));
}

void weft_loop_end(struct weft_context *c, const struct weft_out *next, struct weft_out *results)
{
    if (c)
        loop_end(context_in(c), outs_in(next), outs(results));
}

/* ---- what there is ---- */

int weft_graph_contexts(struct weft_graph *g)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    int n = graph->n_contexts;
    graph_unlock(graph);
    return n;
}

struct weft_context *weft_graph_context(struct weft_graph *g, int i)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    struct context *c = i >= 0 && i < graph->n_contexts ? graph->context[i] : NULL;
    graph_unlock(graph);
    return context_out(c);
}

struct weft_context *weft_node_context(const struct weft_node *n)
{
    return context_out(node_in(n)->context);
}

struct weft_context *weft_context_outer(const struct weft_context *c)
{
    return context_out(context_in(c)->outer);
}

void weft_node_set_context(struct weft_node *n, struct weft_context *c)
{
    struct graph *g = node_in(n)->graph;
    graph_lock(g);
    node_in(n)->context = context_in(c);
    graph_unlock(g);
}

bool weft_node_may_be_fed(const struct weft_node *n) { return !node_in(n)->unfed; }
bool weft_node_may_be_fetched(const struct weft_node *n) { return !node_in(n)->unfetched; }

struct weft_context_info weft_context_info(const struct weft_context *c)
{
    const struct context *in = context_in(c);
    return (struct weft_context_info){
        .name = in->name, .id = in->id, .is_loop = in->kind == CONTEXT_WHILE, .is_done = in->done,
        .pivot = out_out(in->pivot), .pred = out_out(in->pred), .branch = in->branch,
        .pivot_for_pred = out_out(in->pivot_for_pred),
        .pivot_for_body = out_out(in->pivot_for_body), .maximum = out_out(in->maximum),
        .n_vars = in->n_vars, .enters = outs_out(in->enter), .exits = outs_out(in->exit),
        .parallel_iterations = in->parallel_iterations, .back_prop = in->back_prop,
        .swap_memory = in->swap_memory };
}

struct weft_status *weft_context_export(const struct weft_context *c, struct weft_bytes *def)
{
    return status_out(context_encode(context_in(c), &def->data, &def->size));
}

struct weft_status *weft_context_import(struct weft_graph *g, const char *prefix, bool is_loop,
                                        const void *def, size_t n, struct weft_context **result)
{
    struct context *c = NULL;
    struct status *st = context_decode(graph_in(g), prefix, is_loop, def, n, &c);
    *result = context_out(c);
    return status_out(st);
}

static int captures_out(const struct captures *all, struct weft_out *outside,
                        struct weft_out *inside, int most)
{
    int n = 0;
    for (int i = 0; i < all->cap; i++)
        if (all->at[i].inside.node) {
            if (n < most) {
                outside[n] = out_out(all->at[i].value);
                inside[n] = out_out(all->at[i].inside);
            }
            n++;
        }
    return n;
}

int weft_context_captures(const struct weft_context *c, struct weft_out *outside,
                          struct weft_out *inside, int most)
{
    const struct context *in = context_in(c);
    graph_lock(in->graph);
    int n = captures_out(&in->captured, outside, inside, most);
    graph_unlock(in->graph);
    return n;
}
