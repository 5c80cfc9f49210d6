/* session_test.c - running, feeding, caching, closing, sharing, timeouts, traces, many threads. */
#include "session/session.h"
#include "base/pool.h"
#include "ops/ops.h"
#include "test/probe.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY(feeds, nf, fetches, n) \
    (&(struct plan_key){ .feed = feeds, .n_feeds = nf, .fetch = fetches, .n_fetches = n })
#define TARGET(node) (&(struct plan_key){ .target = &(node), .n_targets = 1 })

static struct session *open_session(struct graph *g, const struct session_options *o)
{
    struct session *s = NULL;
    ok(session_new(g, o, &s));
    return s;
}

/* Scalars in, scalars out. */
static struct status *run_q(struct session *s, const struct plan_key *key, const float *in,
                            float *out, const struct run_request *q)
{
    struct tensor feed[8], fetch[8];
    for (int i = 0; i < key->n_feeds; i++)
        feed[i] = test_scalar(in[i]);
    struct status *st = session_run(s, key, feed, fetch, q);
    for (int i = 0; i < key->n_fetches; i++) {
        if (!st)
            out[i] = *(float *)fetch[i].data;
        else if (fetch[i].buf)
            abort();
        tensor_unref(&fetch[i]);
    }
    for (int i = 0; i < key->n_feeds; i++)
        tensor_unref(&feed[i]);
    return st;
}

static struct status *run(struct session *s, const struct plan_key *key, const float *in,
                          float *out)
{
    return run_q(s, key, in, out, NULL);
}

static float fetch1(struct session *s, struct out o)
{
    float v = 0;
    ok(run(s, KEY(NULL, 0, &o, 1), NULL, &v));
    return v;
}

/* ---- asking ---- */

static void runs_in_any_order(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = test_feed(g, "y"), d = T2(g, "TestAdd", x, x);
    struct out z = T2(g, "TestAdd", d, y);
    struct session *s = open_session(g, NULL);
    float out[3];
    ok(run(s, KEY(((struct out[]){ x, y }), 2, ((struct out[]){ d, z }), 2),
                (float[]){ 1, 5 }, out));
    assert_true(out[0] == 2 && out[1] == 7);
    ok(run(s, KEY(((struct out[]){ y, x }), 2, ((struct out[]){ z, d }), 2),
                (float[]){ 5, 1 }, out));
    assert_true(out[0] == 7 && out[1] == 2);
    assert_int_equal(session_plan_count(s), 1);         /* B81 */
    for (int i = 0; i < 100; i++) {
        struct out two[] = { y, x }, got[] = { z, d, z };
        ok(run(s, KEY(two, 2, got, 3), (float[]){ (float)i, 1 }, out));
        assert_true(out[0] == (float)i + 2 && out[1] == 2 && out[2] == out[0]);
    }
    assert_int_equal(session_plan_count(s), 2);
    assert_ptr_equal(session_graph(s), g);
    session_free(s);
    graph_unref(g);
}

static void refusals(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *h = graph_new();
    struct session *s = open_session(g, NULL);
    float out;
    fails(run(s, KEY(NULL, 0, NULL, 0), NULL, NULL), INVALID_ARGUMENT,
               "Session was not created with a graph before Run()!");           /* B82 */
    struct out x = test_feed_shaped(g, "x", SHAPE(2)), y = T1(g, "Identity", x);
    struct out other = test_feed(h, "x");
    fails(run(s, KEY(NULL, 0, NULL, 0), NULL, NULL), INVALID_ARGUMENT,
               "Must specify at least one target to fetch or execute.");        /* B83 */
    fails(run(s, KEY(NULL, 0, &other, 1), NULL, &out), NOT_FOUND, "FetchOutputs node");
    fails(run(s, KEY(&other, 1, &y, 1), (float[]){ 1 }, &out), NOT_FOUND, "FeedInputs");
    fails(run(s, KEY(NULL, 0, ((struct out[]){ { NULL, 0 } }), 1), NULL, &out), NOT_FOUND,
               "FetchOutputs node");
    fails(run(s, KEY(&x, 1, &x, 1), (float[]){ 1 }, &out), INVALID_ARGUMENT,
               "is both fed and fetched.");                                     /* B40 */
    struct tensor t, none = { 0 }, fetch;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE(3)));
    memset(t.data, 0, tensor_bytes(&t));
    fails(session_run(s, KEY(&x, 1, &y, 1), &t, &fetch, NULL), INVALID_ARGUMENT,
               "Cannot feed value of shape [3] for Tensor 'x:0', which has shape [2]");
    tensor_unref(&t);
    ok(tensor_new(&t, NULL, DT_INT32, &SHAPE(2)));
    fails(session_run(s, KEY(&x, 1, &y, 1), &t, &fetch, NULL), INVALID_ARGUMENT,
               "Expects arg[0] to be float but int32 is provided");             /* B55 */
    tensor_unref(&t);
    fails(session_run(s, KEY(&x, 1, &y, 1), &none, &fetch, NULL), INVALID_ARGUMENT,
               "no value");
    fails(session_run(s, KEY(NULL, 0, &y, 1), NULL, &fetch, NULL), INVALID_ARGUMENT,
               "You must feed a value for placeholder tensor 'x' with dtype float and shape [2]");
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE(2)));
    memset(t.data, 0, tensor_bytes(&t));
    ok(session_run(s, KEY(&x, 1, &y, 1), &t, &fetch, NULL));               /* B67 */
    tensor_unref(&fetch);
    tensor_unref(&t);
    session_free(s);
    graph_unref(g);
    graph_unref(h);
}

/* B53: what nobody needs may be fed, and is checked all the same. */
static void unneeded_feeds(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = test_feed(g, "y"), z = T1(g, "Identity", x);
    struct session *s = open_session(g, NULL);
    struct tensor in[2] = { test_scalar(3), test_scalar(4) }, out;
    struct out feeds[] = { x, y };
    ok(session_run(s, KEY(feeds, 2, &z, 1), in, &out, NULL));
    tensor_unref(&out);
    in[1].dtype = DT_INT32;
    fails(session_run(s, KEY(feeds, 2, &z, 1), in, &out, NULL), INVALID_ARGUMENT,
               "Expects arg[1] to be float but int32 is provided");
    tensor_unref(&in[0]);
    tensor_unref(&in[1]);
    session_free(s);
    graph_unref(g);
}

/* B79, B53 */
static void graph_grows(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out v = test_out(g, "TestVar", "v", NULL, 0), c = test_const(g, 3);
    struct node *init = T2(g, "TestAssign", v, c).node;
    struct session *s = open_session(g, NULL);
    ok(run(s, TARGET(init), NULL, NULL));
    for (int i = 0; i < 50; i++) {
        struct out more = T2(g, "TestAdd", v, test_const(g, (float)i));
        assert_true(fetch1(s, more) == (float)(3 + i));
    }
    session_free(s);
    graph_unref(g);
}

/* ---- variables ---- */

/* C2, C5, B75, B76 */
static void sessions_have_their_own_variables(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out v = test_out(g, "TestVar", "v", NULL, 0), ten = test_const(g, 10);
    struct node *init = T2(g, "TestAssign", v, ten).node;
    struct out add = T2(g, "TestAssignAdd", v, test_const(g, 5)), read = T1(g, "Identity", v);
    struct session *a = open_session(g, NULL), *b = open_session(g, NULL);
    float out;
    ok(run(a, TARGET(init), NULL, NULL));
    fails(run(b, KEY(NULL, 0, &add, 1), NULL, &out), FAILED_PRECONDITION,
               "Attempting to use uninitialized value v");
    ok(run(b, TARGET(init), NULL, NULL));
    assert_true(fetch1(a, add) == 15 && fetch1(a, add) == 20);
    assert_true(fetch1(b, add) == 15);
    session_free(a);
    assert_true(fetch1(b, read) == 15);
    a = open_session(g, NULL);
    fails(run(a, KEY(NULL, 0, &read, 1), NULL, &out), FAILED_PRECONDITION, "uninitialized");
    session_free(a);
    session_free(b);
    graph_unref(g);
}

/* B39: a fetched value never changes later. */
static void fetched_values_stay(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out v = test_out(g, "TestVar", "v", NULL, 0), one = test_const(g, 1);
    struct node *init = T2(g, "TestAssign", v, one).node;
    struct out add = T2(g, "TestAssignAdd", v, one);
    struct session *s = open_session(g, NULL);
    struct tensor before;
    ok(run(s, TARGET(init), NULL, NULL));
    ok(session_run(s, KEY(NULL, 0, &v, 1), NULL, &before, NULL));
    assert_true(fetch1(s, add) == 2 && fetch1(s, add) == 3);
    session_free(s);
    assert_true(*(float *)before.data == 1);
    tensor_unref(&before);
    graph_unref(g);
}

/* C3: shared by container and name, whatever the graph, and outliving sessions. */
static void servers(void **state)
{
    (void)state;
    struct server *server;
    ok(server_new(&server));
    struct session_options on = { .target = server_target(server) };
    struct session_options alone = { .target = server_target(server), .isolate_state = true };
    struct graph *g = graph_new(), *h = graph_new();
    struct out v = test_out(g, "TestVar", "v", NULL, 0), w = test_out(h, "TestVar", "v", NULL, 0);
    struct node *init = T2(g, "TestAssign", v, test_const(g, 4)).node;
    struct out r = T1(h, "Identity", w);
    struct session *a = open_session(g, &on), *b, *c = open_session(h, &alone);
    float out;
    ok(run(a, TARGET(init), NULL, NULL));
    session_free(a);
    b = open_session(h, &on);
    assert_true(fetch1(b, r) == 4);
    fails(run(c, KEY(NULL, 0, &r, 1), NULL, &out), FAILED_PRECONDITION, "uninitialized");
    ok(session_reset(server_target(server), NULL, 0));                     /* B94 */
    fails(run(b, KEY(NULL, 0, &r, 1), NULL, &out), ABORTED, "has been reset");
    session_free(b);
    session_free(c);
    b = open_session(h, &on);
    fails(run(b, KEY(NULL, 0, &r, 1), NULL, &out), FAILED_PRECONDITION, "uninitialized");
    char target[32];
    snprintf(target, sizeof target, "%s", server_target(server));
    server_free(server);
    fails(run(b, KEY(NULL, 0, &r, 1), NULL, &out), ABORTED, "");
    session_free(b);
    fails(session_new(g, &(struct session_options){ .target = target }, &b), NOT_FOUND,
               "No session factory registered for the given session options");  /* B2 */
    fails(session_reset("grpc://nowhere", NULL, 0), NOT_FOUND, "No session factory");
    graph_unref(g);
    graph_unref(h);
}

/* B93: every direct session of the process. */
static void reset_direct(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out c = test_const(g, 1);
    struct session *s[3];
    float out;
    for (int i = 0; i < 3; i++)
        s[i] = open_session(g, NULL);
    ok(session_reset("", (const char *const[]){ "box" }, 1));
    for (int i = 0; i < 3; i++) {
        fails(run(s[i], KEY(NULL, 0, &c, 1), NULL, &out), CANCELLED,
                   "Session has been closed.");
        session_free(s[i]);
    }
    ok(session_reset(NULL, NULL, 0));
    graph_unref(g);
}

/* ---- closing ---- */

static void closed(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = T2(g, "TestAdd", x, x);
    struct session *s = open_session(g, NULL);
    struct session_call *call, *late;
    float out;
    ok(session_prepare(s, KEY(&x, 1, &y, 1), &call));
    struct tensor in = test_scalar(2), got;
    ok(session_call(call, &in, &got, NULL));
    assert_true(*(float *)got.data == 4);
    tensor_unref(&got);
    assert_false(session_is_closed(s));
    session_close(s);
    session_close(s);                                                           /* B69 */
    assert_true(session_is_closed(s));
    assert_int_equal(session_bytes_kept(s), 0);
    fails(run(s, KEY(&x, 1, &y, 1), (float[]){ 1 }, &out), CANCELLED,
               "Session has been closed.");                                     /* B70 */
    fails(session_call(call, &in, &got, NULL), CANCELLED, "Session has been closed.");
    fails(session_prepare(s, KEY(&x, 1, &y, 1), &late), CANCELLED, "Session has been closed.");
    session_free(s);
    fails(session_call(call, &in, &got, NULL), CANCELLED, "Session has been closed.");
    session_call_free(call);                                                    /* B74 */
    session_free(NULL);
    session_call_free(NULL);
    tensor_unref(&in);
    graph_unref(g);
}

struct waiter { struct session *s; struct out feed, fetch; enum code code; char text[80]; };

static void *wait_in_run(void *ctx)
{
    struct waiter *w = ctx;
    float out;
    struct status *st = run(w->s, KEY(&w->feed, 1, &w->fetch, 1), (float[]){ 1 }, &out);
    w->code = status_code(st);
    snprintf(w->text, sizeof w->text, "%s", status_message(st));
    status_free(st);
    return NULL;
}

/* B68, B71: close() cancels what is running and returns when it has ended. */
static void close_cancels_and_waits(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = T1(g, "TestWait", x);
    for (int round = 0; round < 20; round++) {
        struct session *s = open_session(g, NULL);
        struct waiter w[3];
        pthread_t t[3];
        atomic_store(&gate, 0);
        for (int i = 0; i < 3; i++) {
            w[i] = (struct waiter){ .s = s, .feed = x, .fetch = y };
            pthread_create(&t[i], NULL, wait_in_run, &w[i]);
        }
        while (atomic_load(&waiting) < 3)
            sched_yield();
        session_close(s);
        assert_int_equal(atomic_load(&waiting), 0);
        for (int i = 0; i < 3; i++) {
            pthread_join(t[i], NULL);
            assert_int_equal(w[i].code, CANCELLED);
            assert_non_null(strstr(w[i].text, "TestWait was cancelled"));
        }
        session_free(s);
    }
    graph_unref(g);
}

/* ---- options of a run ---- */

static void timeouts(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = T1(g, "TestWait", x), fast = T2(g, "TestAdd", x, x);
    struct session *s = open_session(g, &(struct session_options){ .timeout_ms = 30 });
    float out, in[] = { 1 };
    atomic_store(&gate, 0);
    fails(run(s, KEY(&x, 1, &y, 1), in, &out), DEADLINE_EXCEEDED,
               "Timed out waiting for notification");                           /* E54 */
    fails(run_q(s, KEY(&x, 1, &y, 1), in, &out, &(struct run_request){ .timeout_ms = 5 }),
               DEADLINE_EXCEEDED, "Timed out waiting for notification");        /* B61 */
    atomic_store(&gate, 1);
    for (int i = 0; i < 100; i++)
        ok(run_q(s, KEY(&x, 1, &fast, 1), in, &out,
                      &(struct run_request){ .timeout_ms = 60000 }));
    ok(run_q(s, KEY(&x, 1, &y, 1), in, &out, &(struct run_request){ .timeout_ms = 60000 }));
    /* Closing wakes what has a timeout, too. */
    struct waiter w = { .s = s, .feed = x, .fetch = y };
    pthread_t t;
    session_free(s);
    w.s = s = open_session(g, &(struct session_options){ .timeout_ms = 60000 });
    atomic_store(&gate, 0);
    pthread_create(&t, NULL, wait_in_run, &w);
    while (!atomic_load(&waiting))
        sched_yield();
    session_close(s);
    pthread_join(t, NULL);
    assert_int_equal(w.code, CANCELLED);
    session_free(s);
    graph_unref(g);
}

static void traces(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), a = test_out(g, "TestSlow", "a", &x, 1);
    struct out b = test_out(g, "TestSlow", "b", &x, 1), c = test_out(g, "TestAdd", "c", OUTS(a, b));
    struct session *s = open_session(g, NULL);
    struct trace *trace;
    float out;
    ok(run_q(s, KEY(&x, 1, &c, 1), (float[]){ 1 }, &out, &(struct run_request){ .trace = &trace }));
    session_free(s);
    assert_int_equal(trace->n, 3);
    const struct trace_step *step = trace->step, *last = step + 2;
    assert_string_equal(last->node->name, "c");
    assert_string_equal(last->node->op->name, "TestAdd");
    for (int i = 0; i < 3; i++)
        assert_true(step[i].time.start_ns <= step[i].time.end_ns);
    assert_true(step[0].time.end_ns <= last->time.start_ns);
    struct str json = { 0 };
    trace_to_json(trace, &json);
    assert_non_null(strstr(str_text(&json), "\"args\":{\"name\":\"c\"}"));
    str_free(&json);
    graph_unref(g);
    trace_free(trace);
    trace_free(NULL);
}

/* E55, E56, E61, B20 */
static void placement(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out c = test_const(g, 1), y = T1(g, "Identity", c);
    struct node *there = test_node(g, &(struct node_def){ .op = "NoOp", .name = "there",
                                                          .device = "/device:GPU:0" });
    struct session *plain = open_session(g, NULL);
    struct session_options prune = { .place_pruned_graph = true };
    struct session_options softly = { .allow_soft_placement = true };
    struct session *pruned = open_session(g, &prune), *soft = open_session(g, &softly);
    const char *text = "Cannot assign a device for operation there: Operation was explicitly "
                       "assigned to /device:GPU:0 but available devices are";
    float out;
    for (int i = 0; i < 2; i++)
        fails(run(plain, KEY(NULL, 0, &y, 1), NULL, &out), INVALID_ARGUMENT, text);
    ok(run(pruned, KEY(NULL, 0, &y, 1), NULL, &out));
    fails(run(pruned, TARGET(there), NULL, NULL), INVALID_ARGUMENT, text);
    ok(run(soft, TARGET(there), NULL, NULL));
    session_free(plain);
    session_free(pruned);
    session_free(soft);
    graph_unref(g);
}

/* ---- threads ---- */

struct crowd { struct session *s; struct graph *g; struct out x, y, two; atomic_int failures; };

static void *runs_much(void *ctx)
{
    struct crowd *c = ctx;
    struct out fetch[] = { c->y, c->two };
    for (int i = 0; i < 300; i++) {
        float out[2], in = (float)i;
        struct status *st = run(c->s, KEY(&c->x, 1, fetch, 1 + i % 2), &in, out);
        if (st || out[0] != 2 * in + 2)
            atomic_fetch_add(&c->failures, 1);
        status_free(st);
    }
    return NULL;
}

static void *grows_graph(void *ctx)
{
    struct crowd *c = ctx;
    for (int i = 0; i < 100; i++) {
        struct node *n;
        char name[32];
        float out, in = 1;
        snprintf(name, sizeof name, "more%d", i);
        struct status *st = graph_add(c->g, &(struct node_def){ .op = "TestAdd", .name = name,
            .in = (struct out[]){ c->x, c->y }, .n_in = 2 }, &n);
        if (!st)
            st = run(c->s, KEY(&c->x, 1, ((struct out[]){ { n, 0 } }), 1), &in, &out);
        if (st || out != 5)
            atomic_fetch_add(&c->failures, 1);
        status_free(st);
    }
    return NULL;
}

/* B5, B78: one session, many threads, a growing graph. */
static void many_threads(void **state)
{
    (void)state;
    struct crowd c = { .g = graph_new() };
    c.x = test_feed(c.g, "x");
    struct out a = T1(c.g, "TestSlow", c.x), b = T1(c.g, "TestSlow", c.x);
    c.y = T2(c.g, "TestAdd", a, b);
    c.two = test_const(c.g, 2);
    c.s = open_session(c.g, NULL);
    pthread_t t[9];
    for (int i = 0; i < 9; i++)
        pthread_create(&t[i], NULL, i ? runs_much : grows_graph, &c);
    for (int i = 0; i < 9; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&c.failures), 0);
    assert_int_equal(session_plan_count(c.s), 102);
    session_free(c.s);
    graph_unref(c.g);
}

/* B84, which ours does better: a child forked after a run can run. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
static void forked(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();                     /* it cannot follow a child that starts threads */
#endif
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x");
    struct out y = T2(g, "TestAdd", T1(g, "TestSlow", x), T1(g, "TestSlow", x));
    struct session *s = open_session(g, NULL);
    float out, in = 3;
    ok(run(s, KEY(&x, 1, &y, 1), &in, &out));
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        struct status *st = run(s, KEY(&x, 1, &y, 1), &in, &out);
        _exit(st || out != 8);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    session_free(s);
    graph_unref(g);
}

/* ---- memory ---- */

static void prepared_calls_allocate_nothing(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), y = test_feed(g, "y"), z = T2(g, "TestAdd", x, y);
    struct session *s = open_session(g, NULL);
    struct session_call *call;
    struct out feeds[] = { x, y };
    ok(session_prepare(s, KEY(feeds, 2, &z, 1), &call));
    struct tensor in[2] = { test_scalar(1), test_scalar(2) }, out;
    size_t calls = 0;
    for (int i = 0; i < 1000; i++) {
        if (i == 10)
            calls = mem_calls();
        ok(session_call(call, in, &out, NULL));
        tensor_unref(&out);
        ok(session_run(s, KEY(feeds, 2, &z, 1), in, &out, NULL));
        tensor_unref(&out);
    }
    assert_int_equal(mem_calls(), calls);
    tensor_unref(&in[0]);
    tensor_unref(&in[1]);
    session_call_free(call);
    session_free(s);
    graph_unref(g);
}

static void open_run_close(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), v = test_out(g, "TestVar", "v", NULL, 0);
    struct out set = T2(g, "TestAssign", v, T2(g, "TestAdd", x, test_const(g, 1)));
    size_t live = 0;
    int rounds = getenv("WEFT_LONG") ? 100000 : 5000;
    for (int i = 0; i < rounds; i++) {
        float out, in = (float)(i % 1000);
        if (i == 2)
            live = mem_live();
        struct session *s = open_session(g, NULL);
        ok(run(s, KEY(&x, 1, &set, 1), &in, &out));
        assert_true(out == in + 1);
        session_free(s);
    }
    assert_int_equal(mem_live(), live);
    graph_unref(g);
}

/* Every allocation fails once. */
static void memory_ends(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = test_feed(g, "x"), v = test_out(g, "TestVar", "v", NULL, 0);
    struct out set = T2(g, "TestAssign", v, T1(g, "TestSlow", x)), both[] = { set, x };
    both[1] = T1(g, "Identity", x);
    for (long n = 0, done = 0; !done; n++) {
        struct session *s = NULL;
        struct session_call *call = NULL;
        struct trace *trace = NULL;
        struct tensor in = test_scalar(1), out[2] = { { 0 } };
        struct out back[] = { both[1], both[0] };
        mem_fail_after(n, 0);
        struct status *st = session_new(g, NULL, &s);
        if (!st)
            st = session_run(s, KEY(&x, 1, both, 2), &in, out,
                             &(struct run_request){ .trace = &trace });
        tensor_unref(&out[0]);
        tensor_unref(&out[1]);
        if (!st)
            st = session_prepare(s, KEY(&x, 1, back, 2), &call);
        if (!st)
            st = session_call(call, &in, out, NULL);
        mem_fail_after(-1, 0);
        done = !st;
        if (st)
            assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
        status_free(st);
        tensor_unref(&out[0]);
        tensor_unref(&out[1]);
        tensor_unref(&in);
        trace_free(trace);
        session_call_free(call);
        session_free(s);
        assert_true(n < 1000);
    }
    graph_unref(g);
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
        TEST(runs_in_any_order), TEST(refusals), TEST(unneeded_feeds), TEST(graph_grows),
        TEST(sessions_have_their_own_variables), TEST(fetched_values_stay), TEST(servers),
        TEST(reset_direct), TEST(closed), TEST(close_cancels_and_waits), TEST(timeouts),
        TEST(traces), TEST(placement), TEST(many_threads), TEST(forked),
        TEST(prepared_calls_allocate_nothing), TEST(open_run_close), TEST(memory_ends),
    };
    pool_size_hint(4);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
