/* run_test.c - what is said for one run: options of runs and of prepared calls, cancelling; and
 * that nothing holds on to the caller's memory when it is over. */
#include "api/testing.h"

#include <signal.h>
#include <sys/time.h>

/* Products one after another: much longer than any test waits. */
static struct weft_out chain(struct weft_graph *g)
{
    struct weft_out x = weft_normal(g, WEFT_FLOAT, 2, (int64_t[]){ 300, 300 }, 0, .01, -1);
    for (int i = 0; i < 2000; i++)
        x = binary("MatMul", x, x);
    return x;
}

static volatile int interrupted;

static void on_alarm(int signal)
{
    (void)signal;
    __atomic_store_n(&interrupted, 1, __ATOMIC_RELAXED);
}

static void interrupt_in_20_ms(void)
{
    struct itimerval in = { .it_value = { .tv_usec = 20000 } };
    __atomic_store_n(&interrupted, 0, __ATOMIC_RELAXED);
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &in, NULL);
}

/* By a signal, in a run and in a call, in order and side by side; the session goes on. */
static void interrupts(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out slow[2] = { chain(g), chain(g) }, quick = weft_scalar(g, WEFT_FLOAT, 1);
    struct weft_session *s = session_on(g);
    struct weft_run_options *o = weft_run_options_new();
    struct weft_call *c = NULL;
    struct weft_tensor *t[2] = { NULL, NULL };
    weft_run_options_cancel(o, &interrupted);
    for (int n = 1; n <= 2; n++) {
        interrupt_in_20_ms();
        fails(weft_session_run(s, o, NULL, 0, slow, n, NULL, 0, t), WEFT_CANCELLED,
              "Run call was cancelled");
        assert_null(t[0]);
        ok(weft_call_new(s, NULL, 0, slow, n, NULL, 0, &c));
        interrupt_in_20_ms();
        fails(weft_call_run(c, o, NULL, t), WEFT_CANCELLED, "Run call was cancelled");
        weft_call_free(c);
        HOLDS(s, quick, 1);
    }
    fails(weft_session_run(s, o, NULL, 0, slow, 1, NULL, 0, t), WEFT_CANCELLED,
          "Run call was cancelled");                    /* the flag is up already */
    weft_run_options_cancel(o, NULL);
    ok(weft_session_run(s, o, NULL, 0, &quick, 1, NULL, 0, t));
    weft_tensor_free(t[0]);
    weft_run_options_free(o);
    weft_session_free(s);
    weft_graph_free(g);
}

/* What ends first says how: a limit and a flag in one run. */
static void interrupts_and_limits(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out slow = chain(g);
    struct weft_session *s = session_on(g);
    struct weft_run_options *o = weft_run_options_new();
    struct weft_tensor *t = NULL;
    __atomic_store_n(&interrupted, 0, __ATOMIC_RELAXED);
    weft_run_options_cancel(o, &interrupted);
    weft_run_options_timeout(o, 20);
    fails(weft_session_run(s, o, NULL, 0, &slow, 1, NULL, 0, &t), WEFT_DEADLINE_EXCEEDED, "Timed");
    weft_run_options_timeout(o, 600000);
    interrupt_in_20_ms();
    fails(weft_session_run(s, o, NULL, 0, &slow, 1, NULL, 0, &t), WEFT_CANCELLED, "Run call");
    weft_run_options_free(o);
    weft_session_free(s);
    weft_graph_free(g);
}

/* A prepared call takes the options of a run. */
static void options_of_calls(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out slow = chain(g), x = placeholder(g, "x", WEFT_FLOAT, 0, NULL);
    struct weft_out y = weft_op(g, "Neg", &x, 1, WEFT_ATTRS(weft_name("minus")));
    struct weft_session *s = session_on(g);
    struct weft_run_options *o = weft_run_options_new();
    struct weft_tensor *two = weft_tensor_scalar(WEFT_FLOAT, 2), *t = NULL;
    struct weft_call *c = NULL;
    ok(weft_call_new(s, &x, 1, &y, 1, NULL, 0, &c));
    weft_run_options_trace(o, true);
    ok(weft_call_run(c, o, &two, &t));
    is_near(weft_tensor_number(t, 0), -2, 0);
    assert_non_null(strstr(weft_run_options_trace_json(o), "minus"));
    weft_tensor_free(t);
    weft_call_free(c);
    ok(weft_call_new(s, NULL, 0, &slow, 1, NULL, 0, &c));
    weft_run_options_timeout(o, 20);
    fails(weft_call_run(c, o, NULL, &t), WEFT_DEADLINE_EXCEEDED, "Timed out");
    weft_call_free(c);
    weft_tensor_free(two);
    weft_run_options_free(o);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- memory of the caller's ---- */

static void given_back(void *ctx, void *data, size_t bytes)
{
    assert_non_null(data);
    assert_int_equal(bytes, 3 * sizeof(float));
    ++*(int *)ctx;
}

/* Run `update` with x fed from an array that is overwritten afterwards. */
static void run_with_array(struct weft_session *s, struct weft_out x, struct weft_out update,
                           bool counted)
{
    float array[3] = { 1, 2, 3 };
    int times = 0;
    struct weft_tensor *t, *got;
    ok(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 3 }, array, counted ? given_back : NULL,
                        &times, &t));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ x, t }), &update, 1, NULL, 0, &got));
    assert_false(weft_tensor_is_shared(t));
    weft_tensor_free(t);
    assert_int_equal(times, counted);
    array[0] = array[1] = array[2] = 99;
    for (int i = 0; i < 3; i++)
        is_near(weft_tensor_number(got, i), i + 1, 0);
    weft_tensor_free(got);
}

/* Updates that could take the fed value over, of both kinds of variable. */
static int updates_of(struct weft_variable v, struct weft_out x, struct weft_out *update)
{
    struct weft_graph *g = weft_node_graph(x.node);
    struct weft_out rows = weft_vector(g, WEFT_INT32, 3, (double[]){ 0, 1, 2 });
    int n = 0;
    update[n++] = weft_variable_assign(v, x);
    update[n++] = weft_variable_assign(v, unary("Identity", x));
    if (weft_out_is_ref(v.ref))
        update[n++] = weft_op(g, "ScatterUpdate", WEFT_OUTS(v.ref, rows, x), NULL, 0);
    return n;
}

static void variables_keep_copies(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags <= WEFT_USE_RESOURCE; flags += WEFT_USE_RESOURCE) {
        struct weft_graph *g = weft_graph_new();
        struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 1, (int64_t[]){ 3 }), update[3];
        struct weft_out start = weft_zeros(g, WEFT_FLOAT, 1, (int64_t[]){ 3 });
        struct weft_variable v = weft_variable_new(g, "v", start, flags);
        int n = updates_of(v, x, update);
        struct weft_session *s = session_on(g);
        for (int i = 0; i < 2 * n; i++) {
            ok(weft_session_do(s, v.initializer));
            run_with_array(s, x, update[i / 2], i % 2);
            HOLDS(s, v.value, 1, 2, 3);
        }
        weft_session_free(s);
        weft_graph_free(g);
    }
}

/* A fetched value that is a feed, as it is or in another shape. */
static void fetches_are_copies(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 1, (int64_t[]){ 3 });
    struct weft_out row = weft_vector(g, WEFT_INT32, 2, (double[]){ 1, 3 });
    struct weft_session *s = session_on(g);
    run_with_array(s, x, unary("Identity", x), true);
    run_with_array(s, x, binary("Reshape", x, row), true);
    weft_session_free(s);
    weft_graph_free(g);
}

static void constants_are_copies(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    float array[2] = { 1, 2 };
    struct weft_tensor *t;
    ok(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 2 }, array, NULL, NULL, &t));
    struct weft_out c = weft_const(g, t);
    struct weft_tensor *const both[] = { t, t };
    struct weft_out n = weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(
        weft_attr_of(WEFT_ATTR_TENSORS, "_list", 2, 0, both)));
    assert_false(weft_tensor_is_shared(t));
    weft_tensor_free(t);
    array[0] = 99;
    ok(weft_node_attr_tensor(n.node, "_list", 1, &t));
    is_near(weft_tensor_number(t, 0), 1, 0);
    weft_tensor_free(t);
    struct weft_session *s = session_on(g);
    HOLDS(s, c, 1, 2);
    weft_session_free(s);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupts),
        cmocka_unit_test(interrupts_and_limits),
        cmocka_unit_test(options_of_calls),
        cmocka_unit_test(variables_keep_copies),
        cmocka_unit_test(fetches_are_copies),
        cmocka_unit_test(constants_are_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
