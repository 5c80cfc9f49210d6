/* waiting_test.c - steps that wait: they hold nobody up, and end when their run is to end. */
#include "base/mem.h"
#include "base/pool.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "test/probe.h"

enum { MANY = 40 };

struct job {
    struct graph *g;
    struct plan *plan;
    struct run *run;
    atomic_int cancel;
    volatile int interrupt;
};

static void begin(struct job *j, struct graph *g, const struct out *fetch, int n)
{
    struct plan_key key = { .fetch = fetch, .n_fetches = n };
    *j = (struct job){ .g = g };
    ok(plan_compile(g, &key, NULL, PLAN_NO_FOLD, &j->plan));
    assert_non_null(j->run = run_new(j->plan, NULL));
}

static void end(struct job *j)
{
    run_free(j->run);
    plan_free(j->plan);
    graph_unref(j->g);
    assert_int_equal(tokens.n, 0);
    assert_int_equal(atomic_load(&takers), 0);
}

static struct status *run_once(struct job *j, int inter)
{
    struct tensor out[MANY + 1];
    struct run_options o = { .inter = inter, .stop = { .cancelled = &j->cancel,
                                                       .interrupt = &j->interrupt } };
    TRY(plan_run(j->plan, j->run, NULL, out, &o));
    for (int i = 0; i < j->plan->n_fetches; i++)
        tensor_unref(&out[i]);
    return NULL;
}

/* Whoever comes first, and with however few threads. */
static void takers_and_a_giver(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++)
        for (int inter = 0; inter < 3; inter++) {
            struct graph *g = graph_new();
            struct out fetch[MANY + 1], n = test_const(g, MANY), one = test_const(g, 1);
            int at = 0;
            if (first)
                fetch[at++] = T1(g, "TestPut", T1(g, "TestSlow", n));
            for (int i = 0; i < MANY; i++)
                fetch[at++] = T1(g, "TestSlow", T1(g, "TestTake", one));
            if (!first)
                fetch[at++] = T1(g, "TestPut", n);
            struct job j;
            begin(&j, g, fetch, at);
            for (int i = 0; i < 5; i++) {
                ok(run_once(&j, inter));
                tokens.n = 0;       /* TestSlow has added to n */
            }
            end(&j);
        }
}

/* One after another, each waiting for the step before it to give. */
static void chain(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_const(g, 1), fetch[2];
    struct job j;
    fetch[1] = T1(g, "TestPut", x);
    for (int i = 0; i < MANY; i++)
        x = T1(g, "TestPut", T1(g, "TestTake", x));
    fetch[0] = T1(g, "TestTake", x);
    begin(&j, g, fetch, 2);
    for (int i = 0; i < 50; i++)
        ok(run_once(&j, 0));
    end(&j);
}

static void *stop_soon(void *ctx)
{
    struct job *j = ctx;
    while (!atomic_load(&takers))
        sched_yield();
    atomic_store(&j->cancel, 1);
    return NULL;
}

static void *interrupt_soon(void *ctx)
{
    struct job *j = ctx;
    while (!atomic_load(&takers))
        sched_yield();
    __atomic_store_n(&j->interrupt, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void ends(int n, void *(*how)(void *ctx))
{
    struct graph *g = graph_new();
    struct out fetch[MANY], one = test_const(g, 1);
    struct job j;
    pthread_t thread;
    for (int i = 0; i < n; i++)
        fetch[i] = T1(g, "TestTake", one);
    begin(&j, g, fetch, n);
    assert_int_equal(pthread_create(&thread, NULL, how, &j), 0);
    fails(run_once(&j, 0), CANCELLED, "cancelled");
    pthread_join(thread, NULL);
    end(&j);
}

/* B71 */
static void stopped(void **state)
{
    (void)state;
    ends(1, stop_soon);
    ends(MANY, stop_soon);
    ends(1, interrupt_soon);
    ends(MANY, interrupt_soon);
}

static void another_step_fails(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out one = test_const(g, 1);
    struct out fetch[] = { T1(g, "TestTake", one), T1(g, "TestFail", one),
                           T1(g, "TestTake", one) };
    struct job j;
    begin(&j, g, fetch, 3);
    for (int i = 0; i < 5; i++)
        fails(run_once(&j, 0), OUT_OF_RANGE, "failed at 1");
    end(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takers_and_a_giver), cmocka_unit_test(chain),
        cmocka_unit_test(stopped), cmocka_unit_test(another_step_fails),
    };
    pool_size_hint(3);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
