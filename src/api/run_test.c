/* run_test.c - what is said for one run: options of runs and of prepared calls, cancelling. */
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
    interrupted = 1;
}

static void interrupt_in_20_ms(void)
{
    struct itimerval in = { .it_value = { .tv_usec = 20000 } };
    interrupted = 0;
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
    interrupted = 0;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupts),
        cmocka_unit_test(interrupts_and_limits),
        cmocka_unit_test(options_of_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
