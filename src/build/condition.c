#include "build/condition.h"
#include "base/mem.h"
#include "base/str.h"
#include "build/scope.h"

struct condition build_condition(struct graph *g, struct out pred)
{
    struct condition c = { 0 };
    struct out way = build(g, "Switch", NULL, OUTS(pred, pred), NULL, 0);
    struct out when[2] = { way, { way.node, 1 } };
    c.pivot[1] = build(g, "Identity", "switch_t", &when[1], 1, NULL, 0);
    c.pivot[0] = build(g, "Identity", "switch_f", &when[0], 1, NULL, 0);
    c.pred = build(g, "Identity", "pred_id", &pred, 1, NULL, 0);
    if (!c.pred.node)
        return (struct condition){ 0 };
    way.node->unfetched = c.pred.node->unfetched = true;
    c.pivot[0].node->unfetched = c.pivot[1].node->unfetched = true;
    return c;
}

/* `name` under the current name scope; NULL: an error sticks. */
static const char *scoped(struct graph *g, const char *name)
{
    graph_lock(g);
    const char *full = arena_printf(&g->arena, "%s%s", scope_prefix(g), name);
    graph_unlock(g);
    if (!full)
        build_fail(g, status_no_memory());
    return full;
}

struct context *build_branch_context(struct graph *g, const char *name, struct out pred,
                                     struct out pivot, int branch)
{
    struct context *c = NULL;
    const char *full = build_failed(g) || !pivot.node ? NULL : scoped(g, name);
    if (full)
        build_fail(g, context_branch(g, current_context(g), full, pred, pivot, branch, &c));
    return c;
}

static struct out pivot_after(struct context *c, struct node *n)
{
    return build_node(c->graph, &(struct build_args){ .op = "Identity", .name =
                      "control_dependency", .in = &c->pivot, .n_in = 1, .after = &n, .n_after = 1,
                      .colocate = c->pivot.node });
}

/* TF: a value from outside that nothing in the branch uses is switched by a node of the branch,
 * named in its scope. */
static struct status *result_from_outside(struct context *c, struct out value, struct out *result)
{
    struct out real;
    struct capture how;
    build_capture(c->graph, &how);
    TRY(context_capture(c->outer, value, &how, &real));
    TRY(context_know(c, real, real));
    *result = build_node(c->graph, &(struct build_args){
        .op = out_is_ref(real) ? "RefSwitch" : "Switch", .name = "Switch",
        .in = (struct out[]){ real, c->pred }, .n_in = 2, .colocate = real.node, .context = c });
    result->index = c->branch;
    return result->node ? context_know(c, value, *result) : NULL;
}

struct out branch_result(struct context *c, struct out value)
{
    struct out result = { 0 };
    if (build_failed(c->graph) || !value.node)
        return result;
    if (value.index < 0)
        return pivot_after(c, value.node);
    if (context_knows(c, value, &result))
        return result;
    build_fail(c->graph, result_from_outside(c, value, &result));
    return result;
}

struct out build_merge(struct graph *g, struct out when_false, struct out when_true)
{
    bool refs = when_false.node && when_true.node && out_is_ref(when_false) &&
                out_is_ref(when_true);
    return build(g, refs ? "RefMerge" : "Merge", "Merge", OUTS(when_false, when_true), NULL, 0);
}

/* ---- the whole of it ---- */

static const char *const branch_name[] = { "false_fn", "true_fn" };

/* The branch's results, as they are merged. */
static void build_branch(struct graph *g, const struct condition *c, int branch,
                         struct branch b, struct out *results, int n)
{
    struct context *in = build_branch_context(g, "cond_text", c->pred, c->pivot[branch], branch);
    if (!in)
        return;
    scope_context(g, in);
    memset(results, 0, (size_t)n * sizeof *results);
    b.build(b.ctx, g, results, n);
    for (int i = 0; i < n && !build_failed(g); i++) {
        if (!results[i].node)
            build_fail(g, status_new(INVALID_ARGUMENT, "%s must have a return value.",
                                     branch_name[branch]));
        results[i] = branch_result(in, results[i]);
    }
    in->done = !build_failed(g);
    scope_end(g);
}

static struct status *check_pair(struct out a, struct out b)
{
    ENSURE(out_dtype(a) == out_dtype(b), "Outputs of true_fn and false_fn must have the same "
           "type: %s, %s", dtype_py_name(out_dtype(a)), dtype_py_name(out_dtype(b)));
    return NULL;
}

static void build_branches(struct graph *g, struct out pred, struct branch when_true,
                           struct branch when_false, struct out *results, int n)
{
    struct condition c = build_condition(g, pred);
    struct out *other = mem_array(struct out, n + 1);
    if (!other) {
        build_fail(g, status_no_memory());
        return;
    }
    if (c.pred.node)
        build_branch(g, &c, 1, when_true, results, n);
    if (!build_failed(g))
        build_branch(g, &c, 0, when_false, other, n);
    for (int i = 0; i < n && !build_failed(g); i++)
        build_fail(g, check_pair(results[i], other[i]));
    for (int i = 0; i < n && !build_failed(g); i++)
        results[i] = build_merge(g, other[i], results[i]);
    mem_free(other);
}

void build_cond(struct graph *g, const char *name, struct out pred, struct branch when_true,
                struct branch when_false, struct out *results, int n)
{
    g = build_graph(g, &pred, 1);
    if (g && !build_failed(g) && pred.node) {
        scope_name(g, name ? name : "cond");
        build_branches(g, pred, when_true, when_false, results, n);
        scope_end(g);
    }
    if (!g || build_failed(g) || !pred.node)
        memset(results, 0, (size_t)n * sizeof *results);
}
