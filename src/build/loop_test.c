/* loop_test.c - loops and conditions where memory ends, where an import fails, and where what is
 * captured has many neighbours. */
#include "build/loop.h"
#include "base/mem.h"
#include "build/condition.h"
#include "build/scope.h"
#include "ops/ops.h"
#include "test/expect.h"

#include <pthread.h>

static struct out number(struct graph *g, double x)
{
    return build_scalar(g, NULL, DT_FLOAT, x);
}

static void add(void *ctx, struct graph *g, struct out *results, int n)
{
    (void)n;
    results[0] = build(g, "AddV2", NULL, OUTS(*(struct out *)ctx, number(g, 1)), NULL, 0);
}

static void same(void *ctx, struct graph *g, struct out *results, int n)
{
    (void)g, (void)n;
    results[0] = *(struct out *)ctx;
}

static struct out below(void *ctx, struct graph *g, const struct out *vars, int n)
{
    (void)n;
    return build(g, "Less", NULL, OUTS(vars[0], *(struct out *)ctx), NULL, 0);
}

static void body(void *ctx, struct graph *g, const struct out *vars, struct out *next, int n)
{
    struct out x = vars[0], pred = build(g, "Less", NULL, OUTS(x, *(struct out *)ctx), NULL, 0);
    (void)n;
    build_cond(g, NULL, pred, (struct branch){ add, &x }, (struct branch){ same, ctx }, next, 1);
}

static struct out loop_in(struct graph *g, struct out limit)
{
    struct out zero = number(g, 0), result;
    struct loop_options o = { .parallel_iterations = 10, .back_prop = true,
                              .maximum = build_scalar(g, NULL, DT_INT32, 9) };
    build_while(g, NULL, &(struct loop_builder){ below, body, &limit }, &zero, 1, &o, &result);
    return result;
}

/* The nth allocation fails, for every n: an error sticks, and nothing is left. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct graph *first = graph_new();          /* what a thread keeps is there from now on */
    assert_non_null(loop_in(first, number(first, 3)).node);
    graph_unref(first);
    size_t before = mem_live();
    bool built = false;
    for (int n = 0; !built; n++) {
        struct graph *g = graph_new();
        mem_fail_after(n, 0);
        built = loop_in(g, number(g, 3)).node != NULL;
        mem_fail_after(-1, 0);
        assert_null(current_context(g));
        struct status *st = build_take_error(g);
        assert_true(built ? !st : !st || status_code(st) == RESOURCE_EXHAUSTED);
        status_free(st);
        build_forget(g);
        graph_unref(g);
        assert_int_equal(mem_live(), before);
        assert_true(n < 10000);
    }
}

/* What an import brought in is forgotten with it when it fails. */
static void imports_that_fail_leave_nothing(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = number(g, 1), limit = number(g, 3), inside;
    struct loop_options o = { .parallel_iterations = 10 };
    struct context *c = loop_begin(g, &o, &x, 1, &inside);
    struct capture how;
    assert_non_null(c);
    int nodes = g->n;
    graph_lock(g);
    build_capture(g, &how);
    ok(context_capture(c, limit, &how, &inside));
    assert_string_equal(inside.node->op->name, "Enter");
    graph_truncate(g, nodes);
    graph_unlock(g);
    assert_false(context_knows(c, limit, &inside));
    ok(context_capture(c, limit, &how, &inside));
    assert_true(context_knows(c, limit, &inside));
    assert_int_equal(inside.node->id, nodes);
    scope_end(g);
    graph_unref(g);
}

/* Neither graph gets a node of it. */
static void values_of_another_graph(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new();
    struct out x[] = { number(g, 1), number(h, 2) }, inside[2];
    struct loop_options o = { .parallel_iterations = 10 };
    struct context *c = loop_begin(g, &o, x, 1, inside);
    struct capture how;
    assert_non_null(c);
    int before = h->n;
    build_capture(g, &how);
    fails(context_capture(c, x[1], &how, inside), INVALID_ARGUMENT,
          "must be from the same graph as");
    assert_int_equal(h->n, before);
    scope_end(g);
    assert_null(loop_begin(g, &o, x, 2, inside));
    fails(build_take_error(g), INVALID_ARGUMENT, "must be from the same graph as");
    assert_int_equal(h->n, before);
    graph_unref(g);
    graph_unref(h);
}

/* Each of many values comes in once. */
static void many_values_come_in(void **state)
{
    enum { MANY = 500 };
    (void)state;
    struct graph *g = graph_new();
    struct out x = number(g, 1), all[MANY], inside, again;
    struct loop_options o = { .parallel_iterations = 10 };
    for (int i = 0; i < MANY; i++)
        all[i] = number(g, i);
    struct context *c = loop_begin(g, &o, &x, 1, &inside);
    struct capture how;
    build_capture(g, &how);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < MANY; i++) {
            int before = g->n;
            ok(context_capture(c, all[i], &how, &inside));
            assert_int_equal(g->n, before + !round);
            assert_true(context_knows(c, all[i], &again));
            assert_ptr_equal(again.node, inside.node);
            assert_ptr_equal(inside.node->in[0].node, all[i].node);
        }
    scope_end(g);
    graph_unref(g);
}

struct shared { struct graph *g; struct out limit; };

static void *build_some(void *p)
{
    const struct shared *s = p;
    for (int i = 0; i < 20; i++)
        if (!loop_in(s->g, s->limit).node)
            return p;
    return NULL;
}

/* Each thread is in a loop of its own. */
static void threads_build_side_by_side(void **state)
{
    (void)state;
    pthread_t thread[4];
    struct shared s = { .g = graph_new() };
    s.limit = number(s.g, 3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, build_some, &s), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    for (int i = 0; i < s.g->n; i++)
        for (int k = 0; k < s.g->node[i]->n_in; k++) {
            const struct node *n = s.g->node[i], *from = n->in[k].node;
            assert_true(from->id < i || n->op->flags & OP_MERGE);
            assert_true(!from->context || !n->context || context_lies_in(n->context,
                        context_loop(context_of_outputs(from))));
        }
    graph_unref(s.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(imports_that_fail_leave_nothing),
        cmocka_unit_test(values_of_another_graph),
        cmocka_unit_test(many_values_come_in),
        cmocka_unit_test(threads_build_side_by_side),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
