/* stage.h - for the tests of ops that keep something from run to run: a graph, what its session
 * would hold, and short ways to add to the one and run on the other. Each test has them fresh. */
#ifndef TEST_STAGE_H
#define TEST_STAGE_H

#include "plan/plan.h"
#include "test/expect.h"
#include "test/value.h"

#include <stdio.h>

static struct graph *graph;
static struct resources *state;         /* a session's */
static struct buffer_pool *buffers;

static int set_up(void **unused)
{
    (void)unused;
    graph = graph_new();
    state = resources_new();
    buffers = buffer_pool_new();
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    resources_unref(state);
    graph_unref(graph);
    buffer_pool_free(buffers);
    return 0;
}

/* By a name of its own. */
static inline struct out add(const char *op, const struct out *in, int n_in,
                             const struct attr *attr, int n_attr)
{
    struct node *n = NULL;
    char name[16];
    snprintf(name, sizeof name, "n%d", graph->n);
    ok(graph_add(graph, &(struct node_def){ .op = op, .name = name, .in = in, .n_in = n_in,
                                            .attr = attr, .n_attr = n_attr }, &n));
    return (struct out){ n, 0 };
}

/* "float[2]{1 2}" */
static inline struct tensor value(const char *text)
{
    struct tensor t = { 0 };
    struct shape s;
    enum dtype dtype;
    ok(value_parse(&text, &dtype, &s, &t));
    return t;
}

static inline struct out constant(const char *text)
{
    struct tensor t = value(text);
    struct out o = add("Const", NULL, 0, ATTRS(attr_type("dtype", t.dtype),
                                               attr_tensor("value", &t)));
    tensor_unref(&t);
    return o;
}

static inline struct status *stage_run_by(const struct plan_key *key, unsigned flags,
                                          struct run_options o, struct tensor *result)
{
    struct plan *plan;
    TRY(plan_compile(graph, key, state, flags, &plan));
    struct run *r = run_new(plan, buffers);
    struct status *st = plan_run(plan, r, NULL, result, &o);
    run_free(r);
    plan_free(plan);
    return st;
}

/* Fetches, or runs the nodes that have no outputs: what `key` says. */
static inline struct status *stage_run(const struct plan_key *key, struct tensor *result)
{
    return stage_run_by(key, 0, (struct run_options){ .inter = 1, .intra = 1 }, result);
}

#endif
