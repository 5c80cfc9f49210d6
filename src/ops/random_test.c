/* random_test.c - the generator of a node: shared by the plans of a session, the same in every
 * session, never changed by threads (E13-E16). */
#include "base/pool.h"
#include "ops/ops.h"
#include "test/probe.h"
#include "plan/plan.h"

static struct out size(struct graph *g, int32_t n)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_INT32, &SHAPE(1)));
    *(int32_t *)t.data = n;
    struct node *c = test_node(g, &(struct node_def){
        .op = "Const", .n_attr = 2,
        .attr = (struct attr[]){ attr_tensor("value", &t), attr_type("dtype", DT_INT32) } });
    tensor_unref(&t);
    return (struct out){ c, 0 };
}

static struct out draw(struct graph *g, const char *op, int32_t n, int64_t seed)
{
    return (struct out){ test_node(g, &(struct node_def){
        .op = op, .in = (struct out[]){ size(g, n) }, .n_in = 1, .n_attr = 3,
        .attr = (struct attr[]){ attr_int("seed", seed), attr_int("seed2", seed),
                                 attr_type("dtype", DT_FLOAT) } }), 0 };
}

/* Fetches n outputs once, by a plan of its own. */
static void fetch(struct resources *r, const struct out *o, int n, struct tensor *got, int threads)
{
    struct graph *g = o->node->graph;
    struct plan *p;
    ok(plan_compile(g, &(struct plan_key){ .fetch = o, .n_fetches = n }, r, 0, &p));
    struct run *run = run_new(p, NULL);
    assert_non_null(run);
    ok(plan_run(p, run, NULL, got, &(struct run_options){ .intra = threads }));
    run_free(run);
    plan_free(p);
}

static bool same(const struct tensor *a, const struct tensor *b)
{
    return tensor_bytes(a) == tensor_bytes(b) && !memcmp(a->data, b->data, tensor_bytes(a));
}

static void release(struct tensor *t, int n)
{
    for (int i = 0; i < n; i++)
        tensor_unref(&t[i]);
}

static void plans_of_a_session_share_a_stream(void **unused)
{
    (void)unused;
    struct graph *g = graph_new();
    struct resources *one = resources_new(), *other = resources_new();
    struct out o = draw(g, "RandomUniform", 5, 1), both[2] = { o, draw(g, "RandomUniform", 5, 1) };
    struct tensor a, b[2], again[2];

    fetch(one, &o, 1, &a, 1);
    fetch(one, both, 2, b, 1);              /* another plan: the stream goes on */
    fetch(other, &o, 1, &again[0], 1);      /* another session: it begins anew */
    fetch(other, &o, 1, &again[1], 1);
    assert_true(same(&b[1], &a));           /* a node like it has a stream of its own */
    assert_false(same(&b[0], &a));
    assert_true(same(&a, &again[0]));
    assert_true(same(&b[0], &again[1]));
    release(&a, 1);
    release(b, 2);
    release(again, 2);
    resources_unref(one);
    resources_unref(other);
    graph_unref(g);
}

static void threads_never_change_the_numbers(void **unused)
{
    (void)unused;
    const char *const ops[] = { "RandomUniform", "RandomStandardNormal", "TruncatedNormal" };
    for (int i = 0; i < 3; i++) {
        struct graph *g = graph_new();
        struct resources *one = resources_new(), *many = resources_new();
        struct out o = draw(g, ops[i], 200003, 7);
        struct tensor a, b;
        fetch(one, &o, 1, &a, 1);
        fetch(many, &o, 1, &b, 8);
        assert_true(same(&a, &b));
        release(&a, 1);
        release(&b, 1);
        resources_unref(one);
        resources_unref(many);
        graph_unref(g);
    }
}

static void no_seed_is_never_the_same(void **unused)
{
    (void)unused;
    struct graph *g = graph_new();
    struct resources *one = resources_new(), *other = resources_new();
    struct out o = draw(g, "RandomUniform", 8, 0);
    struct tensor a, b;
    fetch(one, &o, 1, &a, 1);
    fetch(other, &o, 1, &b, 1);
    assert_false(same(&a, &b));
    release(&a, 1);
    release(&b, 1);
    resources_unref(one);
    resources_unref(other);
    graph_unref(g);
}

/* Mean 0, deviation 1, a third beyond 1: a mistake in the mathematics would show. */
static void normal_numbers_are_normal(void **unused)
{
    (void)unused;
    enum { N = 100000 };
    struct graph *g = graph_new();
    struct resources *r = resources_new();
    struct out o = draw(g, "RandomStandardNormal", N, 3);
    struct tensor t;
    double sum = 0, squares = 0;
    int beyond = 0;
    fetch(r, &o, 1, &t, 0);
    for (int i = 0; i < N; i++) {
        double x = ((float *)t.data)[i];
        sum += x;
        squares += x * x;
        beyond += x > 1 || x < -1;
    }
    assert_true(sum / N < 0.01 && sum / N > -0.01);
    assert_true(squares / N < 1.02 && squares / N > 0.98);
    assert_true(beyond > 0.31 * N && beyond < 0.325 * N);
    tensor_unref(&t);
    resources_unref(r);
    graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_of_a_session_share_a_stream),
        cmocka_unit_test(threads_never_change_the_numbers),
        cmocka_unit_test(no_seed_is_never_the_same),
        cmocka_unit_test(normal_numbers_are_normal),
    };
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
