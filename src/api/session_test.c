/* session_test.c - weft.h as a program sees it: sessions, runs, prepared calls, servers. */
#include "api/testing.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static struct weft_variable counter(struct weft_graph *g, const char *name, double first)
{
    return weft_variable_new(g, name, weft_scalar(g, WEFT_FLOAT, first), 0);
}

/* ---- what a run may be asked ---- */

/* B27, B82, B83: no graph yet, and nothing asked for. B29: fetches and targets that are none. B31:
 * what belongs to another graph. */
static void requests(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new(), *h = weft_graph_new();
    struct weft_session *s = session_on(g);
    struct weft_tensor *t = NULL;
    fails(weft_session_run(s, NULL, NULL, 0, NULL, 0, NULL, 0, NULL), WEFT_INVALID_ARGUMENT,
          "Session was not created with a graph before Run()!");
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1), theirs = weft_scalar(h, WEFT_FLOAT, 1);
    fails(weft_session_run(s, NULL, NULL, 0, NULL, 0, NULL, 0, NULL), WEFT_INVALID_ARGUMENT,
          "Must specify at least one target to fetch or execute.");
    fails(weft_session_eval(s, (struct weft_out){ NULL, 0 }, &t), WEFT_NOT_FOUND,
          "FetchOutputs node");
    fails(weft_session_do(s, NULL), WEFT_NOT_FOUND, "Some target nodes not found");
    fails(weft_session_eval(s, theirs, &t), WEFT_NOT_FOUND,
          "is not an element of this graph");
    fails(weft_session_do(s, theirs.node), WEFT_NOT_FOUND,
          "is not an element of this graph");
    fails(weft_session_eval(s, weft_output(x, 4), &t), WEFT_NOT_FOUND, "");
    fails(weft_session_eval(s, weft_output(x, -1), &t), WEFT_NOT_FOUND, "");
    assert_null(t);
    HOLDS(s, x, 1);
    weft_session_free(s);
    weft_graph_free(g);
    weft_graph_free(h);
}

/* B37: fetched twice, computed once. I4: targets beside fetches. */
static void fetched_twice(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_out more = weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_out drawn = weft_uniform(g, WEFT_FLOAT, 0, NULL, 0, 1, -1);
    struct weft_session *s = session_on(g);
    struct weft_tensor *t[3] = { NULL };
    ok(weft_session_do(s, v.initializer));
    ok(weft_session_run(s, NULL, NULL, 0, WEFT_OUTS(drawn, drawn, drawn), WEFT_NODES(more.node),
                        t));
    assert_true(weft_tensor_number(t[0], 0) == weft_tensor_number(t[2], 0));
    for (int i = 0; i < 3; i++)
        weft_tensor_free(t[i]);
    HOLDS(s, v.value, 2);
    weft_session_free(s);
    weft_graph_free(g);
}

/* More feeds and fetches than fit on the stack. */
static void many_values(void **state)
{
    (void)state;
    enum { N = 40 };
    struct weft_graph *g = weft_graph_new();
    struct weft_feed feeds[N];
    struct weft_out fetches[N];
    struct weft_tensor *values[N];
    for (int i = 0; i < N; i++) {
        feeds[i].to = placeholder(g, "x", WEFT_FLOAT, 0, NULL);
        feeds[i].value = weft_tensor_scalar(WEFT_FLOAT, i);
        fetches[N - 1 - i] = unary("Neg", feeds[i].to);
    }
    struct weft_session *s = session_on(g);
    for (int again = 0; again < 2; again++) {
        ok(weft_session_run(s, NULL, feeds, N, fetches, N, NULL, 0, values));
        for (int i = 0; i < N; i++) {
            assert_true(weft_tensor_number(values[i], 0) == -(N - 1 - i));
            weft_tensor_free(values[i]);
        }
    }
    for (int i = 0; i < N; i++)
        weft_tensor_free(feeds[i].value);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- feeds ---- */

/* B43: constants and results may be fed. B40 in C: not what is fetched too. B49: shapes. B53: feeds
 * that nobody needs, still checked. B55: twice, and dtypes. B56: what is missing. */
static void feeds(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out c = weft_scalar(g, WEFT_FLOAT, 2), twice = binary("Add", c, c);
    struct weft_out y = unary("Neg", twice);
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 1, (int64_t[]){ 2 });
    struct weft_out any = placeholder(g, "any", WEFT_FLOAT, 2, (int64_t[]){ -1, 3 });
    struct weft_out of_x = unary("Neg", x), of_any = unary("Neg", any);
    struct weft_tensor *ten = weft_tensor_scalar(WEFT_FLOAT, 10), *three = NULL, *got = NULL;
    struct weft_tensor *whole = weft_tensor_scalar(WEFT_INT32, 1);
    struct weft_session *s = session_on(g);
    ok(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ 3 }, NULL, &three));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ c, ten }), &y, 1, NULL, 0, &got));
    assert_true(weft_tensor_number(got, 0) == -20);
    weft_tensor_free(got);
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ twice, ten }), &y, 1, NULL, 0, &got));
    assert_true(weft_tensor_number(got, 0) == -10);
    weft_tensor_free(got);
    got = NULL;
#define RUN(of, ...) weft_session_run(s, NULL, WEFT_FEEDS(__VA_ARGS__), &of, 1, NULL, 0, &got)
    fails(RUN(c, { c, ten }), WEFT_INVALID_ARGUMENT, "is both fed and fetched.");
    fails(RUN(y, { c, ten }, { c, ten }), WEFT_INVALID_ARGUMENT, "fed more than once.");
    fails(RUN(y, { c, whole }), WEFT_INVALID_ARGUMENT,
          "Expects arg[0] to be float but int32 is provided");
    fails(RUN(of_x, { x, three }), WEFT_INVALID_ARGUMENT, "Cannot feed value of shape");
    fails(RUN(of_x, { x, three }), WEFT_INVALID_ARGUMENT, "for Tensor 'x:0', which has shape");
    fails(RUN(y, { x, three }), WEFT_INVALID_ARGUMENT, "Cannot feed value of shape");
    fails(RUN(y, { x, NULL }), WEFT_INVALID_ARGUMENT, "Feed 0 has no value");
    fails(RUN(y, { { NULL, 0 }, ten }), WEFT_INVALID_ARGUMENT, "Feed 0 has no");
    fails(RUN(y, { weft_output(x, 7), ten }), WEFT_NOT_FOUND, "");
    fails(weft_session_eval(s, of_x, &got), WEFT_INVALID_ARGUMENT,
          "You must feed a value for placeholder tensor 'x' with dtype float and shape [2]");
    struct weft_status *st = weft_session_eval(s, of_any, &got);
    assert_string_equal(weft_status_node(st), "any");
    fails(st, WEFT_INVALID_ARGUMENT, "and shape [?,3]");
    assert_null(got);                                                   /* I3 */
    weft_tensor_free(three);
    ok(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ 2 }, NULL, &three));
    ok(RUN(y, { x, three }));
    assert_true(weft_tensor_number(got, 0) == -4);
    weft_tensor_free(got);
    weft_tensor_free(three);
    weft_tensor_free(ten);
    weft_tensor_free(whole);
    weft_session_free(s);
    weft_graph_free(g);
}

/* B54: what is fed is not computed; the node's other outputs are. */
static void fed_nodes_do_not_run(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 0);
    struct weft_out more = weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_out y = unary("Neg", more), got_of[1] = { y };
    struct weft_tensor *ten = weft_tensor_scalar(WEFT_FLOAT, 10), *got;
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, v.initializer));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ more, ten }), got_of, 1, NULL, 0, &got));
    assert_true(weft_tensor_number(got, 0) == -10);
    HOLDS(s, v.value, 0);
    weft_tensor_free(got);
    weft_tensor_free(ten);
    weft_session_free(s);
    weft_graph_free(g);
}

/* Wrapped memory is given back with the last run that was fed it: what was fetched is a copy. */
static atomic_int given_back;
static void give_back(void *ctx, void *data, size_t bytes)
{
    (void)ctx;
    (void)data;
    (void)bytes;
    atomic_fetch_add(&given_back, 1);
}

static void wrapped_feeds(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 1, (int64_t[]){ 4 });
    struct weft_out same = unary("Identity", x), neg = unary("Neg", x);
    struct weft_session *s = session_on(g);
    float data[4] = { 1, 2, 3, 4 };
    struct weft_tensor *t, *got[2];
    ok(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 4 }, data, give_back, NULL, &t));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ x, t }), WEFT_OUTS(same, neg), NULL, 0, got));
    weft_tensor_free(t);
    assert_int_equal(given_back, 1);
    assert_true(data[0] == 1 && weft_tensor_number(got[1], 3) == -4);
    data[3] = 9;
    weft_tensor_free(got[1]);
    weft_session_free(s);
    assert_true(weft_tensor_number(got[0], 3) == 4);
    weft_tensor_free(got[0]);
    weft_graph_free(g);
}

/* ---- errors ---- */

/* B63, B66: the code and the node of what failed. B67: the session works on. An error that sticks
 * comes first. */
static void errors(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_out x = weft_scalar(g, WEFT_INT32, 1);
    struct weft_out zero = placeholder(g, "z", WEFT_INT32, 0, NULL);
    struct weft_out bad = weft_op(g, "FloorDiv", WEFT_OUTS(x, zero),
                                  WEFT_ATTRS(weft_name("divided")));
    struct weft_tensor *nothing = weft_tensor_scalar(WEFT_INT32, 0), *got = NULL;
    struct weft_session *s = session_on(g);
    struct weft_status *st = weft_session_run(s, NULL, WEFT_FEEDS({ zero, nothing }), &bad, 1, NULL,
                                              0, &got);
    assert_non_null(st);
    assert_string_equal(weft_status_node(st), "divided");
    fails(st, WEFT_INVALID_ARGUMENT, "Integer division by zero");
    assert_null(got);
    st = weft_session_eval(s, v.value, &got);                            /* C9 */
    assert_non_null(st);
    assert_string_equal(weft_status_node(st), "v/read");
    fails(st, WEFT_FAILED_PRECONDITION, "Attempting to use uninitialized value v");
    fails(weft_session_eval(s, v.ref, &got), WEFT_FAILED_PRECONDITION,
          "Attempting to use uninitialized value v");
    HOLDS(s, x, 1);
    weft_op(g, "Nonsense", NULL, 0, NULL, 0);
    fails(weft_session_eval(s, x, &got), WEFT_NOT_FOUND, "Op type not registered 'Nonsense'");
    HOLDS(s, x, 1);
    weft_tensor_free(nothing);
    weft_session_free(s);
    weft_graph_free(g);
}

/* C11 */
static void uninitialized_resources(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 1),
                                               WEFT_USE_RESOURCE);
    struct weft_tensor *t = NULL;
    struct weft_session *s = session_on(g);
    fails(weft_session_eval(s, v.value, &t), WEFT_FAILED_PRECONDITION,
          "Error while reading resource variable v from Container: localhost. This could mean that "
          "the variable was uninitialized.");
    ok(weft_session_do(s, v.initializer));
    HOLDS(s, v.value, 1);
    HOLDS(s, weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 2)), 3);
    HOLDS(s, weft_variable_sub(v, weft_scalar(g, WEFT_FLOAT, 1)), 2);
    HOLDS(s, weft_variable_assign(v, weft_scalar(g, WEFT_FLOAT, 9)), 9);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- sessions side by side ---- */

/* B5, C2, C5: two sessions on one graph hold a copy each. C6: and initialize it each. B76: closing
 * one is nothing to the other. B75: a new one begins without values. */
static void two_sessions(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 10);
    struct weft_out add = weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 5));
    struct weft_session *a = session_on(g), *b = session_on(g);
    ok(weft_session_do(a, v.initializer));
    HOLDS(a, add, 15);
    fails(weft_session_do(b, add.node), WEFT_FAILED_PRECONDITION,
          "Attempting to use uninitialized value v");
    ok(weft_session_do(b, v.initializer));
    HOLDS(b, add, 15);
    HOLDS(a, add, 20);
    HOLDS(b, v.value, 15);
    weft_session_free(a);
    HOLDS(b, v.value, 15);
    weft_session_close(b);
    weft_session_free(b);
    struct weft_session *c = session_on(g);
    fails(weft_session_do(c, add.node), WEFT_FAILED_PRECONDITION, "uninitialized");
    weft_session_free(c);
    weft_graph_free(g);
}

/* B79: the graph may grow after a run; variables keep their values. B81: the order in which feeds
 * and fetches are named does not matter. */
static void graphs_grow(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, v.initializer));
    for (int i = 1; i <= 20; i++)
        HOLDS(s, weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 1)), 1 + i);
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 0, NULL);
    struct weft_out y = placeholder(g, "y", WEFT_FLOAT, 0, NULL);
    struct weft_out less = binary("Sub", x, y), more = binary("Add", x, y);
    struct weft_tensor *one = weft_tensor_scalar(WEFT_FLOAT, 1);
    struct weft_tensor *two = weft_tensor_scalar(WEFT_FLOAT, 2);
    struct weft_tensor *t[2];
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ x, one }, { y, two }), WEFT_OUTS(less, more),
                        NULL, 0, t));
    assert_true(weft_tensor_number(t[0], 0) == -1 && weft_tensor_number(t[1], 0) == 3);
    weft_tensor_free(t[0]);
    weft_tensor_free(t[1]);
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ y, two }, { x, one }), WEFT_OUTS(more, less),
                        NULL, 0, t));
    assert_true(weft_tensor_number(t[0], 0) == 3 && weft_tensor_number(t[1], 0) == -1);
    weft_tensor_free(t[0]);
    weft_tensor_free(t[1]);
    weft_tensor_free(one);
    weft_tensor_free(two);
    weft_session_free(s);
    weft_graph_free(g);
}

/* B39: what was fetched never changes later. */
static void fetched_values_stay(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_out more = weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, v.initializer));
    struct weft_tensor *read = value_of(s, v.value), *ref = value_of(s, v.ref);
    struct weft_tensor *two = value_of(s, more);
    ok(weft_session_do(s, more.node));
    assert_true(weft_tensor_number(read, 0) == 1 && weft_tensor_number(ref, 0) == 1);
    assert_true(weft_tensor_number(two, 0) == 2);
    weft_session_free(s);
    weft_graph_free(g);
    assert_true(weft_tensor_number(read, 0) == 1 && weft_tensor_number(two, 0) == 2);
    weft_tensor_free(read);
    weft_tensor_free(ref);
    weft_tensor_free(two);
}

/* ---- closing ---- */

/* B26, B69, B70: closed is closed, twice is fine, and the graph is not touched. B74: calls outlive
 * it. B9: the graph may go before the session. */
static void closing(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1), y = unary("Neg", x);
    struct weft_session *s = session_on(g);
    struct weft_call *c = NULL, *late = NULL;
    struct weft_tensor *t = NULL;
    ok(weft_call_new(s, &x, 1, &y, 1, NULL, 0, &c));
    struct weft_tensor *seven = weft_tensor_scalar(WEFT_FLOAT, 7), *none = NULL;
    ok(weft_call_run(c, NULL, &seven, &t));
    assert_true(weft_tensor_number(t, 0) == -7);
    weft_tensor_free(t);
    t = NULL;
    fails(weft_call_run(c, NULL, &none, &t), WEFT_INVALID_ARGUMENT, "Feed 0 has no value");
    weft_session_close(s);
    weft_session_close(s);
    fails(weft_session_eval(s, y, &t), WEFT_CANCELLED, "Session has been closed.");
    fails(weft_call_run(c, NULL, &seven, &t), WEFT_CANCELLED, "Session has been closed.");
    fails(weft_call_new(s, NULL, 0, &y, 1, NULL, 0, &late), WEFT_CANCELLED,
          "Session has been closed.");
    assert_non_null(weft_scalar(g, WEFT_FLOAT, 2).node);
    weft_graph_free(g);
    assert_int_equal(weft_graph_count(weft_session_graph(s)), 3);
    weft_session_free(s);
    weft_session_free(NULL);
    fails(weft_call_run(c, NULL, &seven, &t), WEFT_CANCELLED, "Session has been closed.");
    assert_null(t);
    assert_null(late);
    weft_call_free(c);
    weft_call_free(NULL);
    weft_tensor_free(seven);
}

/* B86: a call's fetches are checked when it is made; what sticks to the graph comes first. */
static void wrong_calls(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1), none = { NULL, 0 };
    struct weft_session *s = session_on(g);
    struct weft_call *c = NULL;
    fails(weft_call_new(s, NULL, 0, &none, 1, NULL, 0, &c), WEFT_NOT_FOUND, "FetchOutputs node");
    fails(weft_call_new(s, &none, 1, &x, 1, NULL, 0, &c), WEFT_NOT_FOUND, "FeedInputs: unable");
    fails(weft_call_new(s, NULL, 0, NULL, 0, NULL, 0, &c), WEFT_INVALID_ARGUMENT,
          "Must specify at least one target to fetch or execute.");
    weft_op(g, "Nonsense", NULL, 0, NULL, 0);
    fails(weft_call_new(s, NULL, 0, &x, 1, NULL, 0, &c), WEFT_NOT_FOUND, "Nonsense");
    assert_null(c);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- options ---- */

static void traces(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_INT32, 0, NULL);
    struct weft_out y = weft_op(g, "FloorDiv", WEFT_OUTS(x, x), WEFT_ATTRS(weft_name("quotient")));
    struct weft_run_options *o = weft_run_options_new();
    struct weft_tensor *two = weft_tensor_scalar(WEFT_INT32, 2), *t = NULL;
    struct weft_tensor *zero = weft_tensor_scalar(WEFT_INT32, 0);
    struct weft_session *s = session_on(g);
    assert_string_equal(weft_run_options_trace_json(o), "");
    ok(weft_session_run(s, o, WEFT_FEEDS({ x, two }), &y, 1, NULL, 0, &t));
    weft_tensor_free(t);
    assert_string_equal(weft_run_options_trace_json(o), "");
    weft_run_options_trace(o, true);
    ok(weft_session_run(s, o, WEFT_FEEDS({ x, two }), &y, 1, NULL, 0, &t));
    weft_tensor_free(t);
    assert_non_null(strstr(weft_run_options_trace_json(o), "quotient"));
    fails(weft_session_run(s, o, WEFT_FEEDS({ x, zero }), &y, 1, NULL, 0, &t),
          WEFT_INVALID_ARGUMENT, "Integer division by zero");
    weft_run_options_trace(o, false);
    ok(weft_session_run(s, o, WEFT_FEEDS({ x, two }), &y, 1, NULL, 0, &t));
    weft_tensor_free(t);
    weft_tensor_free(two);
    weft_tensor_free(zero);
    weft_run_options_free(o);
    weft_run_options_free(NULL);
    weft_session_free(s);
    weft_graph_free(g);
}

/* B2: an unknown target. E55: a device that is not there, and E56: softly. */
static void session_options(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_session_options *o = weft_session_options_new();
    struct weft_session *s = NULL;
    struct weft_tensor *t = NULL;
    assert_true(weft_session_options_target(o, "nowhere://1"));
    fails(weft_session_new(g, o, &s), WEFT_NOT_FOUND,
          "No session factory registered for the given session options");
    assert_null(s);
    assert_true(weft_session_options_target(o, ""));
    weft_session_options_threads(o, 2, 2);
    weft_session_options_timeout(o, 60000);
    weft_session_options_isolate(o, false);
    weft_device(g, "/device:GPU:0");
    struct weft_out x = unary("Identity", weft_scalar(g, WEFT_FLOAT, 1));
    weft_scope_end(g);
    ok(weft_session_new(g, o, &s));
    fails(weft_session_eval(s, x, &t), WEFT_INVALID_ARGUMENT,
          "Cannot assign a device for operation");
    weft_session_free(s);
    weft_session_options_place_pruned(o, true);
    ok(weft_session_new(g, o, &s));
    fails(weft_session_eval(s, x, &t), WEFT_INVALID_ARGUMENT, "Cannot assign a device");
    weft_session_free(s);
    weft_session_options_soft_placement(o, true);
    ok(weft_session_new(g, o, &s));
    HOLDS(s, x, 1);
    weft_session_free(s);
    weft_session_options_free(o);
    weft_session_options_free(NULL);
    weft_graph_free(g);
}

/* B61: a run that takes too long ends as such, by the session's limit or the run's own. */
static struct weft_out long_work(struct weft_graph *g)
{
    struct weft_out x = weft_normal(g, WEFT_FLOAT, 2, (int64_t[]){ 300, 300 }, 0, .01, -1);
    for (int i = 0; i < 2000; i++)
        x = binary("MatMul", x, x);
    return x;
}

static void timeouts(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out slow = long_work(g), quick = weft_scalar(g, WEFT_FLOAT, 1);
    struct weft_session_options *o = weft_session_options_new();
    struct weft_run_options *r = weft_run_options_new();
    struct weft_session *s = NULL;
    struct weft_tensor *t = NULL;
    weft_session_options_timeout(o, 20);
    ok(weft_session_new(g, o, &s));
    fails(weft_session_eval(s, slow, &t), WEFT_DEADLINE_EXCEEDED,
          "Timed out waiting for notification");
    HOLDS(s, quick, 1);
    weft_session_free(s);
    s = session_on(g);
    weft_run_options_timeout(r, 20);
    fails(weft_session_run(s, r, NULL, 0, &slow, 1, NULL, 0, &t), WEFT_DEADLINE_EXCEEDED, "Timed");
    assert_null(t);
    ok(weft_session_run(s, r, NULL, 0, &quick, 1, NULL, 0, &t));
    weft_tensor_free(t);
    weft_session_free(s);
    weft_run_options_free(r);
    weft_session_options_free(o);
    weft_graph_free(g);
}

/* ---- threads ---- */

struct shared { struct weft_graph *g; struct weft_session *s; struct weft_out x, slow; int n; };

static void *evaluates(void *p)
{
    struct shared *w = p;
    for (int i = 0; i < w->n; i++)
        HOLDS(w->s, w->x, 1);
    return NULL;
}

static void *grows(void *p)
{
    struct shared *w = p;
    for (int i = 0; i < w->n; i++) {
        weft_name_scope(w->g, "grown");
        HOLDS(w->s, binary("Add", w->x, weft_scalar(w->g, WEFT_FLOAT, i)), 1 + i);
        weft_scope_end(w->g);
    }
    return NULL;
}

/* B78: a hundred threads evaluate a constant. A97: ten grow the graph while ten run. */
static void many_threads(void **state)
{
    (void)state;
    struct shared w = { .g = weft_graph_new(), .n = 1 };
    pthread_t thread[100];
    w.x = weft_scalar(w.g, WEFT_FLOAT, 1);
    w.s = session_on(w.g);
    for (int i = 0; i < 100; i++)
        pthread_create(&thread[i], NULL, evaluates, &w);
    for (int i = 0; i < 100; i++)
        pthread_join(thread[i], NULL);
    w.n = 50;
    for (int i = 0; i < 20; i++)
        pthread_create(&thread[i], NULL, i % 2 ? evaluates : grows, &w);
    for (int i = 0; i < 20; i++)
        pthread_join(thread[i], NULL);
    weft_session_free(w.s);
    weft_graph_free(w.g);
}

static void *runs_until_closed(void *p)
{
    struct shared *w = p;
    struct weft_tensor *t;
    struct weft_status *st;
    while (!(st = weft_session_eval(w->s, w->x, &t)))
        weft_tensor_free(t);
    fails(st, WEFT_CANCELLED, "");
    return NULL;
}

static void *runs_long(void *p)
{
    struct shared *w = p;
    struct weft_tensor *t = NULL;
    fails(weft_session_eval(w->s, w->slow, &t), WEFT_CANCELLED, "");
    return NULL;
}

/* B68, B71: closing while others run ends their runs as cancelled, and waits for them; what they
 * have fetched by then is theirs. */
static void closing_under_way(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct shared w = { .g = weft_graph_new() };
        pthread_t thread[4];
        w.slow = long_work(w.g);
        w.x = unary("Neg", weft_uniform(w.g, WEFT_FLOAT, 0, NULL, 0, 1, 1));
        w.s = session_on(w.g);
        for (int k = 0; k < 4; k++)
            pthread_create(&thread[k], NULL, k ? runs_until_closed : runs_long, &w);
        usleep((useconds_t)(i * 500));
        weft_session_close(w.s);
        for (int k = 0; k < 4; k++)
            pthread_join(thread[k], NULL);
        weft_session_free(w.s);
        weft_graph_free(w.g);
    }
}

/* ---- memory ---- */

static void one_cycle(struct weft_graph *g, struct weft_variable v, struct weft_node *train)
{
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, v.initializer));
    ok(weft_session_do(s, train));
    HOLDS(s, v.value, .5);
    weft_session_free(s);
}

/* Sessions come and go a thousand times, and nothing of them stays. */
static void a_thousand_sessions(void **state)
{
    (void)state;
    size_t before = weft_memory_in_use();
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_optimizer *o = weft_gradient_descent(.25);
    struct weft_node *train = weft_minimize(o, binary("Mul", v.value, v.value), NULL, 0, NULL);
    weft_optimizer_free(o);
    for (int i = 0; i < 3; i++)
        one_cycle(g, v, train);
    size_t warm = weft_memory_in_use();
    for (int i = 0; i < 1000; i++)
        one_cycle(g, v, train);
    assert_int_equal(weft_memory_in_use(), warm);
    weft_graph_free(g);
    assert_true(weft_memory_in_use() - before < 4096);
}

/* ---- servers ---- */

/* C3: sessions on one server share variables by name, whatever their graphs, and the values outlive
 * them; isolated ones do not share. B94: reset ends them. B95: no such target. */
static void servers(void **state)
{
    (void)state;
    struct weft_server *server = NULL;
    struct weft_graph *g[2] = { weft_graph_new(), weft_graph_new() };
    struct weft_variable v[2] = { counter(g[0], "v", 1), counter(g[1], "v", 7) };
    struct weft_session_options *o = weft_session_options_new();
    struct weft_session *s[3];
    struct weft_tensor *t = NULL;
    ok(weft_server_new(&server));
    assert_true(weft_session_options_target(o, weft_server_target(server)));
    ok(weft_session_new(g[0], o, &s[0]));
    ok(weft_session_do(s[0], v[0].initializer));
    ok(weft_session_new(g[1], o, &s[1]));
    HOLDS(s[1], v[1].value, 1);
    weft_session_free(s[0]);
    HOLDS(s[1], v[1].value, 1);
    weft_session_options_isolate(o, true);
    ok(weft_session_new(g[1], o, &s[2]));
    fails(weft_session_eval(s[2], v[1].value, &t), WEFT_FAILED_PRECONDITION, "uninitialized");
    ok(weft_reset(weft_server_target(server), NULL, 0));
    fails(weft_session_eval(s[1], v[1].value, &t), WEFT_ABORTED, "");
    weft_session_options_isolate(o, false);
    ok(weft_session_new(g[0], o, &s[0]));
    fails(weft_session_eval(s[0], v[0].value, &t), WEFT_FAILED_PRECONDITION, "uninitialized");
    fails(weft_reset("weft://none", NULL, 0), WEFT_NOT_FOUND, "");
    weft_server_free(server);
    fails(weft_session_eval(s[0], v[0].value, &t), WEFT_ABORTED, "");
    for (int i = 0; i < 3; i++)
        weft_session_free(s[i]);
    weft_server_free(NULL);
    weft_session_options_free(o);
    weft_graph_free(g[0]);
    weft_graph_free(g[1]);
}

/* E14 on a server: variables are shared, generators are each session's own. */
static void generators_on_a_server(void **state)
{
    (void)state;
    struct weft_server *server = NULL;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_uniform(g, WEFT_DOUBLE, 0, NULL, 0, 1, 5);
    struct weft_session_options *o = weft_session_options_new();
    double drawn[2];
    ok(weft_server_new(&server));
    assert_true(weft_session_options_target(o, weft_server_target(server)));
    for (int i = 0; i < 2; i++) {
        struct weft_session *s;
        struct weft_tensor *t;
        ok(weft_session_new(g, o, &s));
        ok(weft_session_eval(s, x, &t));
        drawn[i] = weft_tensor_number(t, 0);
        weft_tensor_free(t);
        weft_session_free(s);
    }
    assert_true(drawn[0] == drawn[1]);
    weft_server_free(server);
    weft_session_options_free(o);
    weft_graph_free(g);
}

/* B93: reset of the direct target closes every session of the process that is on no server. */
static void resetting_everything(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = counter(g, "v", 1);
    struct weft_session *a = session_on(g), *b = session_on(g);
    struct weft_tensor *t = NULL;
    ok(weft_session_do(a, v.initializer));
    ok(weft_reset("", NULL, 0));
    fails(weft_session_eval(a, v.value, &t), WEFT_CANCELLED, "Session has been closed.");
    fails(weft_session_do(b, v.initializer), WEFT_CANCELLED, "Session has been closed.");
    weft_session_free(a);
    weft_session_free(b);
    ok(weft_reset(NULL, (const char *const[]){ "box" }, 1));
    weft_graph_free(g);
}

/* Strings go through runs as any bytes. */
static void strings(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_STRING, 0, NULL), same = unary("Identity", x);
    struct weft_tensor *t = weft_tensor_text("a\0b and enough not to be short", 30), *got = NULL;
    struct weft_session *s = session_on(g);
    size_t n;
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ x, t }), &same, 1, NULL, 0, &got));
    weft_tensor_free(t);
    weft_session_free(s);
    assert_memory_equal(weft_tensor_string(got, 0, &n), "a\0b and enough not to be short", 30);
    assert_int_equal(n, 30);
    weft_tensor_free(got);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(fetched_twice),
        cmocka_unit_test(many_values),
        cmocka_unit_test(feeds),
        cmocka_unit_test(fed_nodes_do_not_run),
        cmocka_unit_test(wrapped_feeds),
        cmocka_unit_test(errors),
        cmocka_unit_test(uninitialized_resources),
        cmocka_unit_test(two_sessions),
        cmocka_unit_test(graphs_grow),
        cmocka_unit_test(fetched_values_stay),
        cmocka_unit_test(closing),
        cmocka_unit_test(wrong_calls),
        cmocka_unit_test(traces),
        cmocka_unit_test(session_options),
        cmocka_unit_test(timeouts),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(closing_under_way),
        cmocka_unit_test(a_thousand_sessions),
        cmocka_unit_test(servers),
        cmocka_unit_test(generators_on_a_server),
        cmocka_unit_test(resetting_everything),
        cmocka_unit_test(strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
