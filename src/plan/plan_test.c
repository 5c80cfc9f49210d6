/* plan_test.c - what a plan runs, in which executor, and what it refuses. */
#include "plan/plan.h"
#include "base/pool.h"
#include "ops/ops.h"
#include "test/probe.h"

#include <stdlib.h>

/* Each executor, with one thread and with many. */
static const struct { unsigned flags; int inter; } ways[] = {
    { PLAN_SERIAL, 1 }, { PLAN_FLOW, 1 }, { PLAN_FLOW, 8 }, { PLAN_FLOW | PLAN_NO_FOLD, 0 },
    { PLAN_SERIAL | PLAN_NO_FOLD, 1 }, { 0, 0 }
};
enum { WAYS = sizeof ways / sizeof *ways };

struct setting { struct resources *resources; struct buffer_pool *buffers; };

static struct status *run_key(const struct setting *s, struct graph *g, const struct plan_key *key,
                              const float *feed, float *fetch, unsigned flags, int inter)
{
    struct plan *p;
    struct tensor in[16], out[64];
    TRY(plan_compile(g, key, s->resources, flags, &p));
    struct run *r = run_new(p, s->buffers);
    assert_non_null(r);
    for (int i = 0; i < key->n_feeds; i++)
        in[i] = test_scalar(feed[i]);
    struct status *st = NULL;
    for (int round = 0; round < 3 && !st; round++) {
        st = plan_run(p, r, in, out, &(struct run_options){ .inter = inter });
        for (int i = 0; i < key->n_fetches; i++) {
            assert_true(!st == !!out[i].buf);
            if (!st)
                fetch[i] = *(float *)out[i].data;
            tensor_unref(&out[i]);
        }
    }
    for (int i = 0; i < key->n_feeds; i++)
        tensor_unref(&in[i]);
    run_free(r);
    plan_free(p);
    return st;
}

static struct setting setting_new(void)
{
    return (struct setting){ resources_new(), buffer_pool_new() };
}

static void setting_free(struct setting *s)
{
    resources_unref(s->resources);
    buffer_pool_free(s->buffers);
}

#define KEY(feeds, nf, fetches, n) \
    (&(struct plan_key){ .feed = feeds, .n_feeds = nf, .fetch = fetches, .n_fetches = n })

/* A feed a part, the last one first; the last part takes all. */
static void gives_in_parts(struct graph *g, const struct plan_key *key, const float *feed,
                           const float *want, int inter)
{
    struct setting s = setting_new();
    struct tensor out[64];
    struct plan *p;
    int all[64];
    ok(plan_compile(g, key, s.resources, PLAN_PARTS, &p));
    struct run *r = run_new(p, s.buffers);
    for (int i = 0; i < key->n_fetches; i++)
        all[i] = i;
    for (int at = key->n_feeds - 1; at >= 0; at--) {
        struct tensor in = test_scalar(feed[at]);
        struct plan_part part = { &at, all, &in, 1, at ? 0 : key->n_fetches };
        ok(plan_run_part(p, r, &part, out, &(struct run_options){ .inter = inter }));
        tensor_unref(&in);
    }
    for (int i = 0; i < key->n_fetches; i++) {
        assert_true(*(float *)out[i].data == want[i]);
        tensor_unref(&out[i]);
    }
    run_free(r);
    plan_free(p);
    setting_free(&s);
}

/* Every way must give `want`. */
static void gives(struct graph *g, const struct plan_key *key, const float *feed, const float *want)
{
    for (int w = 0; w < WAYS; w++) {
        struct setting s = setting_new();
        float got[64];
        ok(run_key(&s, g, key, feed, got, ways[w].flags, ways[w].inter));
        for (int i = 0; i < key->n_fetches; i++)
            if (got[i] != want[i])
                fail_msg("way %d, fetch %d: %g instead of %g", w, i, got[i], want[i]);
        setting_free(&s);
    }
    for (int inter = 0; inter < 2 && key->n_feeds; inter++)
        gives_in_parts(g, key, feed, want, inter);
}

static void refuses(struct graph *g, const struct plan_key *key, const float *feed,
                    enum code code, const char *text)
{
    for (int w = 0; w < WAYS; w++) {
        struct setting s = setting_new();
        float got[64];
        fails(run_key(&s, g, key, feed, got, ways[w].flags, ways[w].inter), code, text);
        setting_free(&s);
    }
}

/* ---- what runs ---- */

static void feed_add_fetch(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = test_feed(g, "y"), c = test_const(g, 10);
    struct out z = T2(g, "TestAdd", T2(g, "TestAdd", x, y), c), twice = T2(g, "TestAdd", z, z);
    struct out fetch[] = { z, twice, z, c };
    gives(g, KEY(((struct out[]){ x, y }), 2, fetch, 4), (float[]){ 3, 4 },
          (float[]){ 17, 34, 17, 10 });
    gives(g, KEY(((struct out[]){ z }), 1, &twice, 1), (float[]){ 5 }, (float[]){ 10 });
    gives(g, KEY(((struct out[]){ c, x, y }), 3, &z, 1), (float[]){ 1, 2, 3 }, (float[]){ 6 });
    graph_unref(g);
}

/* One value that many read stays whole for all of them. */
static void values_are_shared(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), a = T1(g, "Identity", T1(g, "TestSlow", x));
    struct out b = T2(g, "TestAdd", a, x), c = T2(g, "TestAdd", a, b), d = T2(g, "TestAdd", a, c);
    struct out both = T2(g, "TestBoth", a, a), other = out_at(both, 1);
    struct out e = T2(g, "TestAdd", both, other), fetch[] = { d, a, e, other };
    gives(g, KEY(&x, 1, fetch, 4), (float[]){ 1 }, (float[]){ 7, 2, 4, 2 });
    graph_unref(g);
}

static int ticks_of(struct graph *g, const struct plan_key *key, unsigned flags)
{
    struct setting s = setting_new();
    float got[64], zero[16] = { 0 };
    atomic_store(&ticks, 0);
    ok(run_key(&s, g, key, zero, got, flags, 0));
    setting_free(&s);
    return atomic_load(&ticks) / 3;             /* run_key() runs three times */
}

/* E1, E2, E4: ancestors, each once, control edges too. */
static void only_what_is_needed_runs(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), t = test_out(g, "TestTick", NULL, NULL, 0);
    struct out u = T2(g, "TestAdd", t, t), v = T1(g, "TestTwo", x);
    struct node *after = test_node(g, &(struct node_def){ .op = "NoOp",
        .control = (struct node *[]){ t.node, v.node }, .n_control = 2 });
    struct out late = { test_node(g, &(struct node_def){ .op = "Identity", .in = &x, .n_in = 1,
        .control = &after, .n_control = 1 }), 0 };
    for (unsigned flags = 0; flags <= PLAN_FLOW; flags += PLAN_FLOW) {
        assert_int_equal(ticks_of(g, KEY(&x, 1, &u, 1), flags), 1);
        assert_int_equal(ticks_of(g, KEY(&x, 1, &late, 1), flags), 2);
        assert_int_equal(ticks_of(g, &(struct plan_key){ .feed = &x, .n_feeds = 1,
                                  .target = &after, .n_targets = 1 }, flags), 2);
        assert_int_equal(ticks_of(g, KEY(((struct out[]){ x, t }), 2, &u, 1), flags), 0);
        /* B54: what is fed still runs for those that wait for it by a control edge */
        assert_int_equal(ticks_of(g, KEY(((struct out[]){ x, t }), 2, &late, 1), flags), 2);
        /* ... and for its other outputs */
        struct out two[] = { x, v }, other = out_at(v, 1);
        assert_int_equal(ticks_of(g, KEY(two, 2, &other, 1), flags), 1);
    }
    graph_unref(g);
}

/* B54: control edges that leave a placeholder move to the feed. */
static void fed_placeholder_is_enough(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), c = test_const(g, 4);
    struct out y = { test_node(g, &(struct node_def){ .op = "Identity", .in = &c, .n_in = 1,
        .control = &x.node, .n_control = 1 }), 0 };
    gives(g, KEY(&x, 1, &y, 1), (float[]){ 1 }, (float[]){ 4 });
    refuses(g, KEY(NULL, 0, &y, 1), NULL, INVALID_ARGUMENT,
            "You must feed a value for placeholder tensor 'x' with dtype float");
    graph_unref(g);
}

/* ---- what is refused ---- */

static void bad_keys(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new();
    struct out x = test_feed(g, "x"), y = T2(g, "TestAdd", x, x), other = test_feed(h, "x");
    struct out none = T1(g, "TestNone", x);
    float one[] = { 1, 1 };
    refuses(g, KEY(&x, 1, NULL, 0), one, INVALID_ARGUMENT,
            "Must specify at least one target to fetch or execute.");
    refuses(g, KEY(&x, 1, &x, 1), one, INVALID_ARGUMENT, "x:0 is both fed and fetched.");
    refuses(g, KEY(((struct out[]){ x, x }), 2, &y, 1), one, INVALID_ARGUMENT,
            "fed more than once.");
    refuses(g, KEY(&other, 1, &y, 1), one, NOT_FOUND, "FeedInputs: unable to find feed output");
    refuses(g, KEY(((struct out[]){ { y.node, 1 } }), 1, &y, 1), one, NOT_FOUND,
            "FeedInputs: unable to find feed output");
    refuses(g, KEY(NULL, 0, &other, 1), one, NOT_FOUND, "FetchOutputs node x:0: not found");
    refuses(g, &(struct plan_key){ .target = &other.node, .n_targets = 1 }, one, NOT_FOUND,
            "PruneForTargets: Some target nodes not found: x");
    refuses(g, KEY(&x, 1, &none, 1), one, INVALID_ARGUMENT,
            "No OpKernel was registered to support Op 'TestNone' with these attrs.");
    graph_unref(g);
    graph_unref(h);
}

/* B66: the error carries its node, once, and the rest of the step is given back. */
static void errors_name_their_node(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), a = T1(g, "TestSlow", x), b = T1(g, "TestSlow", x);
    struct out bad = test_out(g, "TestFail", "bad", &a, 1);
    struct out fetch[] = { T2(g, "TestAdd", bad, b), T1(g, "TestSlow", b), a };
    refuses(g, KEY(&x, 1, fetch, 3), (float[]){ 6 }, OUT_OF_RANGE,
            "failed at 7\n\t [[{{node bad}}]]");
    graph_unref(g);
}

/* E11: a constant that cannot be computed fails only if it is needed. */
static void folding_leaves_errors(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out c = test_const(g, 1), d = test_const(g, 2), sum = T2(g, "TestAdd", c, d);
    struct out no = test_feed(g, "no"), late = T2(g, "TestAdd", no, c);
    gives(g, KEY(NULL, 0, &sum, 1), NULL, (float[]){ 3 });
    gives(g, KEY(&d, 1, &sum, 1), (float[]){ 7 }, (float[]){ 8 });         /* E9 */
    refuses(g, KEY(NULL, 0, &late, 1), NULL, INVALID_ARGUMENT, "You must feed a value");
    graph_unref(g);
}

static void constants_are_no_steps(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out c = test_const(g, 1), id = T1(g, "Identity", c), x = test_feed(g, "x");
    struct out y = T2(g, "TestAdd", id, x);
    struct plan *p;
    ok(plan_compile(g, KEY(&x, 1, &y, 1), NULL, 0, &p));
    assert_int_equal(p->n_steps, 1);
    assert_int_equal(p->n_constants, 1);        /* only the one that is read */
    plan_free(p);
    graph_unref(g);
}

/* ---- variables ---- */

static void variables(void **state)
{
    (void)state;
    for (int w = 0; w < WAYS; w++) {
        struct setting s = setting_new();
        struct graph *g = graph_new();
        struct out v = test_out(g, "TestVar", "v", NULL, 0), x = test_feed(g, "x");
        struct out read = test_out(g, "Identity", "v/read", &v, 1);
        struct out set = T2(g, "TestAssign", v, x), more = T2(g, "TestAssignAdd", v, x);
        struct out sum = T2(g, "TestAdd", read, read), fetch[] = { sum, v };
        float got[2], in[] = { 5 };
        unsigned f = ways[w].flags;
        int n = ways[w].inter;
        fails(run_key(&s, g, KEY(&x, 1, &read, 1), in, got, f, n), FAILED_PRECONDITION,
                   "Attempting to use uninitialized value v\n\t [[{{node v/read}}]]");
        fails(run_key(&s, g, KEY(&x, 1, &more, 1), in, got, f, n), FAILED_PRECONDITION,
                   "Attempting to use uninitialized value v\n");
        fails(run_key(&s, g, KEY(&x, 1, &v, 1), in, got, f, n), FAILED_PRECONDITION,
                   "Attempting to use uninitialized value v\n\t [[{{node _retval_v_0_0}}]]");
        ok(run_key(&s, g, KEY(&x, 1, &set, 1), in, got, f, n));
        assert_true(got[0] == 5);
        ok(run_key(&s, g, KEY(&x, 1, &more, 1), in, got, f, n));
        assert_true(got[0] == 20);              /* three runs */
        ok(run_key(&s, g, KEY(NULL, 0, fetch, 2), NULL, got, f, n));
        assert_true(got[0] == 40 && got[1] == 20);
        ok(run_key(&s, g, KEY(&v, 1, &sum, 1), in, got, f, n));    /* B58 */
        assert_true(got[0] == 10);
        struct out both[] = { v, x };
        fails(run_key(&s, g, KEY(both, 2, &set, 1), (float[]){ 1, 2 }, got, f, n),
                   INVALID_ARGUMENT, "incompatible with expected float_ref");
        graph_unref(g);
        setting_free(&s);
    }
}

/* ---- conditionals (E21, E22) ---- */

static void dead_values(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), p = test_feed(g, "p"), s = T2(g, "TestSwitch", x, p);
    struct out no = T2(g, "TestAdd", s, s), yes = T1(g, "TestSlow", out_at(s, 1));
    struct out bad = T1(g, "TestFail", yes), feed[] = { x, p };
    struct out m = T2(g, "TestMerge", no, yes), never = T2(g, "TestMerge", yes, bad);
    struct out c = test_const(g, 9), gated = { test_node(g, &(struct node_def){
        .op = "Identity", .in = &c, .n_in = 1, .control = &yes.node, .n_control = 1 }), 0 };
    gives(g, KEY(feed, 2, &m, 1), (float[]){ 5, 0 }, (float[]){ 10 });
    gives(g, KEY(feed, 2, &m, 1), (float[]){ 5, 1 }, (float[]){ 6 });
    gives(g, KEY(feed, 2, &gated, 1), (float[]){ 5, 1 }, (float[]){ 9 });
    refuses(g, KEY(feed, 2, &gated, 1), (float[]){ 5, 0 }, INVALID_ARGUMENT,
            "Retval[0] does not have value");
    refuses(g, KEY(feed, 2, &never, 1), (float[]){ 5, 0 }, INVALID_ARGUMENT,
            "Retval[0] does not have value");
    graph_unref(g);
}

/* ---- random graphs: every way the same ---- */

static unsigned dice(unsigned *seed, unsigned n)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % n;
}

static struct out random_node(struct graph *g, const struct out *o, int n, unsigned *seed)
{
    struct out a = o[dice(seed, (unsigned)n)], b = o[dice(seed, (unsigned)n)];
    switch (dice(seed, 8)) {
    case 0: return T1(g, "TestSlow", a);
    case 1: return out_at(T1(g, "TestTwo", a), (int)dice(seed, 2));
    case 2: return out_at(T2(g, "TestBoth", a, b), (int)dice(seed, 2));
    case 3: return T1(g, "Identity", a);
    case 4: return test_const(g, (float)dice(seed, 5));
    default: return T2(g, "TestAdd", a, b);
    }
}

static void random_graph(unsigned seed)
{
    enum { NODES = 60, FETCHES = 6 };
    struct graph *g = graph_new();
    struct out o[NODES] = { test_feed(g, "x"), test_feed(g, "y") }, fetch[FETCHES];
    float want[FETCHES], in[] = { 1, 2 };
    for (int i = 2; i < NODES; i++)
        o[i] = random_node(g, o + (i > 20 ? i - 20 : 0), i > 20 ? 20 : i, &seed);
    for (int i = 0; i < FETCHES; i++)
        fetch[i] = o[2 + dice(&seed, NODES - 2)];
    struct setting s = setting_new();
    const struct plan_key *key = KEY(o, 2, fetch, FETCHES);
    ok(run_key(&s, g, key, in, want, PLAN_SERIAL, 1));
    setting_free(&s);
    gives(g, key, in, want);
    graph_unref(g);
}

static void random_graphs(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 150; seed++)
        random_graph(seed);
}

/* ---- memory ---- */

/* Once warm, a run asks the heap for nothing. */
static void warm_runs_allocate_nothing(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct setting s = setting_new();
    struct out x = test_feed(g, "x"), y = x, fetch[2];
    for (int i = 0; i < 50; i++)
        y = T2(g, "TestAdd", T1(g, i % 5 ? "Identity" : "TestSlow", y), x);
    fetch[0] = y;
    fetch[1] = T1(g, "TestSlow", x);
    for (int w = 0; w < WAYS; w++) {
        struct plan *p;
        struct tensor in = test_scalar(1), out[2];
        ok(plan_compile(g, KEY(&x, 1, fetch, 2), s.resources, ways[w].flags, &p));
        struct run *r = run_new(p, s.buffers);
        size_t calls = 0;
        for (int i = 0; i < 200; i++) {
            if (i == 100)
                calls = mem_calls();
            ok(plan_run(p, r, &in, out, &(struct run_options){ .inter = ways[w].inter }));
            tensor_unref(&out[0]);
            tensor_unref(&out[1]);
        }
        if (ways[w].inter == 1)         /* threads may find the pool of buffers empty by turns */
            assert_int_equal(mem_calls(), calls);
        tensor_unref(&in);
        run_free(r);
        plan_free(p);
    }
    setting_free(&s);
    graph_unref(g);
}

/* Every allocation fails once: an error, nothing lost, nothing broken. */
static void memory_ends(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), c = test_const(g, 1);
    struct out v = test_out(g, "TestVar", "v", NULL, 0);
    struct out set = T2(g, "TestAssign", v, T2(g, "TestAdd", x, c));
    struct out fetch[] = { set, T1(g, "TestSlow", x), T1(g, "TestSlow", T1(g, "TestSlow", c)) };
    for (int w = 0; w < 3; w++)
        for (long n = 0, done = 0; !done; n++) {
            struct setting s = setting_new();
            struct plan *p = NULL;
            struct run *r = NULL;
            struct tensor in = test_scalar(1), out[3] = { { 0 } };
            mem_fail_after(n, 0);
            struct status *st = plan_compile(g, KEY(&x, 1, fetch, 3), s.resources,
                                             ways[w].flags, &p);
            if (!st)
                r = run_new(p, s.buffers);
            if (r)
                st = plan_run(p, r, &in, out, &(struct run_options){ .inter = ways[w].inter });
            mem_fail_after(-1, 0);
            done = r && !st && *(float *)out[0].data == 2;
            if (st)
                assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
            status_free(st);
            for (int i = 0; i < 3; i++)
                tensor_unref(&out[i]);
            tensor_unref(&in);
            run_free(r);
            plan_free(p);
            setting_free(&s);
            assert_true(n < 1000);
        }
    graph_unref(g);
}

static void cancelled(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = T2(g, "TestAdd", x, x);
    atomic_int flag = 1;
    for (int w = 0; w < WAYS; w++) {
        struct plan *p;
        struct tensor in = test_scalar(1), out;
        ok(plan_compile(g, KEY(&x, 1, &y, 1), NULL, ways[w].flags, &p));
        struct run *r = run_new(p, NULL);
        struct run_options o = { .inter = ways[w].inter, .stop.cancelled = &flag };
        fails(plan_run(p, r, &in, &out, &o), CANCELLED, "Run call was cancelled");
        assert_null(out.buf);
        tensor_unref(&in);
        run_free(r);
        plan_free(p);
    }
    graph_unref(g);
}

/* ---- placement ---- */

static struct status *place(const char *device, bool soft)
{
    return plan_place(&(struct node){ .name = "x", .device = device }, soft);
}

static void devices(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "/cpu:0", "/CPU:0", "/device:CPU:0", "/device:CPU:*", "/device:cpu:0",
        "/job:localhost/replica:0/task:0/device:CPU:0", "/job:localhost/task:0", "/replica:0" };
    static const char *const elsewhere[] = {
        "/gpu:0", "/device:GPU:0", "/cpu:1", "/device:CPU:1", "/device:XLA_CPU:0" };
    static const char *const nowhere[] = { "/job:ps/task:0", "/task:1/cpu:0", "/replica:1" };
    static const char *const malformed[] = { "cpu:0", "/cpu:x", "/flugbox", "/device:GPU:" };
    const char *text = "Cannot assign a device for operation x: "
                       "Operation was explicitly assigned to";
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(place(good[i], false));
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        fails(place(elsewhere[i], false), INVALID_ARGUMENT, text);
        ok(place(elsewhere[i], true));
    }
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
        fails(place(nowhere[i], true), INVALID_ARGUMENT, text);
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        fails(place(malformed[i], true), INVALID_ARGUMENT, "Malformed device specification");
}

static size_t live_before;

static int remember(void **state)
{
    (void)state;
    live_before = mem_live();
    return 0;
}

static int compare(void **state)
{
    (void)state;
    return mem_live() != live_before;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, remember, compare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(feed_add_fetch), TEST(values_are_shared), TEST(only_what_is_needed_runs),
        TEST(fed_placeholder_is_enough), TEST(bad_keys), TEST(errors_name_their_node),
        TEST(folding_leaves_errors), TEST(constants_are_no_steps), TEST(variables),
        TEST(dead_values), TEST(random_graphs), TEST(warm_runs_allocate_nothing),
        TEST(memory_ends), TEST(cancelled), TEST(devices),
    };
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
