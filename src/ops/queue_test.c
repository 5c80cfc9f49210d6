/* queue_test.c - queues filled and emptied, by reference and by handle, by one run and by many
 * threads; what waits, and what ends it. */
#include "base/mem.h"
#include "base/pool.h"
#include "ops/ops.h"
#include "test/stage.h"

#include <pthread.h>
#include <sched.h>

static bool v2;

/* "QueueSize" or its V2. */
static const char *called(const char *name)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%s", name, v2 ? "V2" : "");
    return text;
}

/* Fetches all outputs of a node, or runs it; stops when told to. */
static struct status *run_until(struct node *n, struct tensor *result, const atomic_int *cancel)
{
    struct out fetch[4];
    struct plan *plan;
    for (int i = 0; i < n->n_out; i++)
        fetch[i] = (struct out){ n, i };
    struct plan_key key = { .fetch = fetch, .n_fetches = n->n_out, .target = &n,
                            .n_targets = !n->n_out };
    TRY(plan_compile(graph, &key, state, 0, &plan));
    struct run *r = run_new(plan, buffers);
    struct status *st = r ? plan_run(plan, r, NULL, result,
                                     &(struct run_options){ .stop.cancelled = cancel })
                          : status_no_memory();
    run_free(r);
    plan_free(plan);
    return st;
}

static struct status *run(struct out o)
{
    struct tensor t[4] = { { 0 } };
    struct status *st = run_until(o.node, t, NULL);
    for (int i = 0; i < 4; i++)
        tensor_unref(&t[i]);
    return st;
}

static void gives(struct out o, const char *first, const char *second)
{
    const char *text[] = { first, second };
    struct tensor t[4] = { { 0 } };
    ok(run_until(o.node, t, NULL));
    for (int i = 0; i < 2 && text[i]; i++) {
        struct tensor want = value(text[i]);
        ok(tensor_differs(&t[i], &want, (struct tolerance){ 0 }));
        tensor_unref(&want);
    }
    for (int i = 0; i < 4; i++)
        tensor_unref(&t[i]);
}

/* ---- graphs ---- */

static const int64_t pair[] = { DT_FLOAT, DT_INT32 };

static struct out queue_with(const char *kind, const struct attr *attr, int n)
{
    return add(called(kind), NULL, 0, attr, n);
}

/* Of one float each. */
static struct out queue(const char *kind, int64_t capacity, const char *name)
{
    struct attr shapes = { "shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &SHAPE_SCALAR }, 1 };
    return queue_with(kind, ATTRS(attr_types("component_types", pair, 1), shapes,
                                  attr_int("capacity", capacity),
                                  attr_string("shared_name", name)));
}

static struct out put(struct out q, const char *text)
{
    return add(called("QueueEnqueue"), OUTS(q, constant(text)), NULL, 0);
}

static struct out put_many(struct out q, const char *text)
{
    return add(called("QueueEnqueueMany"), OUTS(q, constant(text)), NULL, 0);
}

static struct out take(struct out q)
{
    return add(called("QueueDequeue"), &q, 1, ATTRS(attr_types("component_types", pair, 1)));
}

static struct out take_many(const char *op, struct out q, const char *n)
{
    return add(called(op), OUTS(q, constant(n)), ATTRS(attr_types("component_types", pair, 1)));
}

static struct out size(struct out q) { return add(called("QueueSize"), &q, 1, NULL, 0); }

static struct out close_queue(struct out q, bool cancel)
{
    return add(called("QueueClose"), &q, 1, ATTRS(attr_bool("cancel_pending_enqueues", cancel)));
}

/* ---- one thread ---- */

static void first_in_first_out(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 10, ""), n = size(q);
    struct out closed = add(called("QueueIsClosed"), &q, 1, NULL, 0);
    ok(run(put(q, "float{1}")));
    ok(run(put_many(q, "float[4]{2 3 4 5}")));
    ok(run(put_many(q, "float[0]{}")));
    gives(n, "int32{5}", NULL);
    gives(take(q), "float{1}", NULL);
    gives(take_many("QueueDequeueMany", q, "int32{2}"), "float[2]{2 3}", NULL);
    gives(take_many("QueueDequeueMany", q, "int32{0}"), "float[0]{}", NULL);
    gives(closed, "bool{0}", NULL);
    ok(run(close_queue(q, false)));
    gives(closed, "bool{1}", NULL);
    gives(take_many("QueueDequeueUpTo", q, "int32{7}"), "float[2]{4 5}", NULL);
    gives(n, "int32{0}", NULL);
}

/* E43, E44 */
static void errors(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 10, "shared"), n = size(q);
    struct out any = queue_with("FIFOQueue", ATTRS(attr_types("component_types", pair, 1)));
    fails(run(put(q, "int32{1}")), INVALID_ARGUMENT,
          "Type mismatch in tuple component 0. Expected float, got int32");
    fails(run(put(q, "float[1]{1}")), INVALID_ARGUMENT,
          "Shape mismatch in tuple component 0. Expected [], got [1]");
    fails(run(put_many(q, "float[2,2]{1 2 3 4}")), INVALID_ARGUMENT,
          "Shape mismatch in tuple component 0. Expected [2], got [2,2]");
    fails(run(put_many(q, "float{1}")), INVALID_ARGUMENT, "must have a dimension of them");
    fails(run(add(called("QueueEnqueue"), OUTS(q, constant("float{1}"), constant("int32{1}")),
                  NULL, 0)), INVALID_ARGUMENT, "Wrong number of components in tuple. Expected 1");
    fails(run(take_many("QueueDequeueMany", any, "int32{1}")), INVALID_ARGUMENT,
          "FIFOQueue's DequeueMany and DequeueUpTo require the components to have specified "
          "shapes.");
    fails(run(take_many("QueueDequeueMany", q, "int32{-1}")), INVALID_ARGUMENT,
          "DequeueManyOp requested -1 < 0 elements");
    fails(run(add(called("QueueDequeue"), &q, 1, ATTRS(attr_types("component_types", pair, 1),
                                                       attr_int("timeout_ms", 5)))),
          INVALID_ARGUMENT, "Timeout not supported yet.");
    ok(run(put(q, "float{1}")));
    ok(run(close_queue(q, false)));
    fails(run(close_queue(q, false)), CANCELLED, "FIFOQueue 'shared' is already closed.");
    fails(run(put(q, "float{1}")), CANCELLED, "FIFOQueue 'shared' is closed.");
    fails(run(put_many(q, "float[2]{1 2}")), CANCELLED, "FIFOQueue 'shared' is closed.");
    fails(run(take_many("QueueDequeueMany", q, "int32{3}")), OUT_OF_RANGE, "FIFOQueue 'shared' is "
          "closed and has insufficient elements (requested 3, current size 1)");
    gives(take(q), "float{1}", NULL);
    fails(run(take(q)), OUT_OF_RANGE, "is closed and has insufficient elements (requested 1, "
          "current size 0)");
    gives(n, "int32{0}", NULL);
}

static void names_are_shared(void **state_)
{
    (void)state_;
    struct out a = queue("FIFOQueue", 10, "x"), b = queue("FIFOQueue", 10, "x");
    struct shape two = SHAPE(2);
    struct attr shapes = { "shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &two }, 1 };
    ok(run(put(a, "float{7}")));
    gives(take(b), "float{7}", NULL);
    fails(run(size(queue("FIFOQueue", 11, "x"))), INVALID_ARGUMENT,
          "Shared queue 'x' has capacity 10 but requested capacity was 11");
    fails(run(size(queue("PaddingFIFOQueue", 10, "x"))), INVALID_ARGUMENT,
          "Shared queue 'x' has type 'FIFOQueue' that does not match type of Node");
    fails(run(size(queue_with("FIFOQueue", ATTRS(attr_types("component_types", pair, 2),
                                                 attr_int("capacity", 10),
                                                 attr_string("shared_name", "x"))))),
          INVALID_ARGUMENT, "Shared queue 'x' has component types float but requested component "
          "types were float, int32");
    fails(run(size(queue_with("FIFOQueue", ATTRS(attr_types("component_types", pair, 1), shapes,
                                                 attr_int("capacity", 10),
                                                 attr_string("shared_name", "x"))))),
          INVALID_ARGUMENT, "Shared queue 'x' has component shapes [[]] but requested component "
          "shapes were [[2]]");
}

static void padded(void **state_)
{
    (void)state_;
    struct shape open[] = { { 2, { -1, -1 } }, { 0, { 0 } } };
    struct attr shapes = { "shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = open }, 2 };
    struct out q = queue_with("PaddingFIFOQueue",
                              ATTRS(attr_types("component_types", pair, 2), shapes));
    struct out many = add(called("QueueDequeueMany"), OUTS(q, constant("int32{2}")),
                          ATTRS(attr_types("component_types", pair, 2)));
    struct out rest = add(called("QueueDequeueUpTo"), OUTS(q, constant("int32{5}")),
                          ATTRS(attr_types("component_types", pair, 2)));
    const char *const element[] = { "float[1,3]{1 2 3}", "float[2,1]{4 5}", "float[0,2]{}" };
    for (int i = 0; i < 3; i++)
        ok(run(add(called("QueueEnqueue"), OUTS(q, constant(element[i]), constant("int32{9}")),
                   NULL, 0)));
    gives(many, "float[2,2,3]{1 2 3 0 0 0 4 0 0 5 0 0}", "int32[2]{9 9}");
    ok(run(close_queue(q, false)));
    fails(run(many), OUT_OF_RANGE, "PaddingFIFOQueue '");
    gives(rest, "float[1,0,2]{}", "int32[1]{9}");
}

static void by_priority(void **state_)
{
    (void)state_;
    const int64_t types[] = { DT_INT64, DT_INT32 };
    struct attr shapes = { "shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &SHAPE_SCALAR }, 1 };
    struct out q = queue_with("PriorityQueue", ATTRS(attr_types("component_types", types + 1, 1),
                                                     shapes));
    struct out many = add(called("QueueDequeueMany"), OUTS(q, constant("int32{9}")),
                          ATTRS(attr_types("component_types", types, 2)));
    struct out one = add(called("QueueDequeue"), &q, 1,
                         ATTRS(attr_types("component_types", types, 2)));
    ok(run(add(called("QueueEnqueueMany"), OUTS(q, constant("int64[10]{5 -1 7 3 3 9 0 8 2 4}"),
                                                constant("int32[10]{0 1 2 3 4 5 6 7 8 9}")),
               NULL, 0)));
    gives(one, "int64{-1}", "int32{1}");
    gives(many, "int64[9]{0 2 3 3 4 5 7 8 9}", NULL);
    fails(run(add(called("QueueEnqueue"), OUTS(q, constant("int64[1]{5}"), constant("int32{1}")),
                  NULL, 0)), INVALID_ARGUMENT, "Shape mismatch in tuple component 0");
}

static void shuffled(void **state_)
{
    (void)state_;
    struct attr shapes = { "shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = &SHAPE_SCALAR }, 1 };
    struct out q = queue_with("RandomShuffleQueue",
                              ATTRS(attr_types("component_types", pair, 1), shapes,
                                    attr_int("min_after_dequeue", 2), attr_int("seed", 3)));
    struct out got = take_many("QueueDequeueMany", q, "int32{6}");
    struct tensor t[2] = { { 0 } };
    int seen = 0;
    ok(run(put_many(q, "float[8]{0 1 2 3 4 5 6 7}")));
    ok(run_until(got.node, t, NULL));
    for (int i = 0; i < 6; i++)
        seen |= 1 << (int)((float *)t[0].data)[i];
    assert_int_equal(__builtin_popcount((unsigned)seen), 6);
    tensor_unref(&t[0]);
    atomic_int over = 1;                    /* two must stay */
    fails(run_until(take(q).node, t, &over), CANCELLED, "cancelled");
    ok(run(close_queue(q, false)));
    ok(run(take(q)));
    ok(run(take(q)));
    fails(run(take(q)), OUT_OF_RANGE, "RandomShuffleQueue '");
}

/* ---- several threads ---- */

struct job {
    pthread_t thread;
    struct node *node;
    atomic_int cancel;
    struct tensor got[4];
    struct status *st;
    atomic_bool done;
};

static void *work(void *ctx)
{
    struct job *j = ctx;
    j->st = run_until(j->node, j->got, &j->cancel);
    atomic_store(&j->done, true);
    return NULL;
}

static void begin(struct job *j, struct out o)
{
    *j = (struct job){ .node = o.node };
    assert_int_equal(pthread_create(&j->thread, NULL, work, j), 0);
}

static struct status *end(struct job *j)
{
    pthread_join(j->thread, NULL);
    return j->st;
}

static void end_with(struct job *j, const char *text)
{
    ok(end(j));
    struct tensor want = value(text);
    ok(tensor_differs(&j->got[0], &want, (struct tolerance){ 0 }));
    tensor_unref(&want);
    tensor_unref(&j->got[0]);
}

static int count(struct out n)
{
    struct tensor t[4];
    ok(run_until(n.node, t, NULL));
    int got = *(int *)t[0].data;
    tensor_unref(&t[0]);
    return got;
}

static void until_size(struct out n, int want)
{
    while (count(n) != want)
        sched_yield();
}

/* A batch takes what is there and waits for the rest; cancelled, it gives back. */
static void a_batch_comes_bit_by_bit(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 3, ""), n = size(q), one = put(q, "float{1}");
    struct out many = take_many("QueueDequeueMany", q, "int32{5}");
    struct job j, k;
    begin(&j, many);
    ok(run(put_many(q, "float[4]{2 3 4 5}")));      /* more than there is room for */
    until_size(n, 0);
    ok(run(one));
    end_with(&j, "float[5]{2 3 4 5 1}");
    ok(run(put_many(q, "float[2]{6 7}")));
    begin(&j, many);
    until_size(n, 0);
    atomic_store(&j.cancel, 1);
    fails(end(&j), CANCELLED, "Dequeue operation was cancelled");
    gives(n, "int32{2}", NULL);
    begin(&j, many);
    until_size(n, 0);
    ok(run(close_queue(q, false)));
    fails(end(&j), OUT_OF_RANGE, "(requested 3, current size 0)");
    gives(n, "int32{2}", NULL);
    begin(&k, take_many("QueueDequeueUpTo", q, "int32{5}"));
    end_with(&k, "float[2]{6 7}");
}

/* Closing waits for who came before; cancelling does not. */
static void closing(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 1, "q"), n = size(q);
    struct job j;
    ok(run(put(q, "float{1}")));
    begin(&j, put(q, "float{2}"));
    atomic_store(&j.cancel, 1);
    fails(end(&j), CANCELLED, "cancelled");
    begin(&j, put_many(q, "float[2]{3 4}"));
    gives(take(q), "float{1}", NULL);
    until_size(n, 1);
    ok(run(close_queue(q, true)));
    fails(end(&j), CANCELLED, "");
    gives(n, "int32{1}", NULL);
    gives(take(q), "float{3}", NULL);
}

/* Whoever waits in front is served first, though a later one wants less. */
static void first_come_first_served(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 10, ""), n = size(q);
    struct job first, second;
    ok(run(put(q, "float{0}")));
    begin(&first, take_many("QueueDequeueMany", q, "int32{3}"));
    until_size(n, 0);
    begin(&second, take(q));
    ok(run(put_many(q, "float[3]{1 2 3}")));
    end_with(&first, "float[3]{0 1 2}");
    end_with(&second, "float{3}");
}

enum { WORKERS = 6, EACH = 60 };

struct worker_job { struct node *node; int sum, times; };

static void *repeat(void *ctx)
{
    struct worker_job *w = ctx;
    for (int i = 0; i < w->times; i++) {
        struct tensor t[4] = { { 0 } };
        ok(run_until(w->node, t, NULL));
        for (int64_t k = 0; t[0].buf && k < tensor_count(&t[0]); k++)
            w->sum += (int)((float *)t[0].data)[k];
        tensor_unref(&t[0]);
    }
    return NULL;
}

/* Nothing is lost and nothing comes twice, whoever takes and in whatever portions. */
static void producers_and_consumers(void **state_)
{
    (void)state_;
    static const char *const kinds[] = { "FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue" };
    for (int i = 0; i < 3; i++) {
        struct out q = queue(kinds[i], 4, "");
        struct node *put_one = put(q, "float{1}").node, *one = take(q).node;
        struct node *put_three = put_many(q, "float[3]{1 2 3}").node;
        struct node *many = take_many("QueueDequeueMany", q, "int32{5}").node;
        pthread_t thread[4 * WORKERS];
        struct worker_job w[4 * WORKERS];
        int sum = 0;
        for (int k = 0; k < WORKERS; k++) {
            w[4 * k] = (struct worker_job){ put_one, 0, 4 * EACH };
            w[4 * k + 1] = (struct worker_job){ put_three, 0, 2 * EACH };
            w[4 * k + 2] = (struct worker_job){ one, 0, 5 * EACH };
            w[4 * k + 3] = (struct worker_job){ many, 0, EACH };
        }
        for (int k = 0; k < 4 * WORKERS; k++)
            assert_int_equal(pthread_create(&thread[k], NULL, repeat, &w[k]), 0);
        for (int k = 0; k < 4 * WORKERS; k++) {
            pthread_join(thread[k], NULL);
            sum += w[k].sum;
        }
        assert_int_equal(sum, WORKERS * EACH * (4 + 2 * 6));
        gives(size(q), "int32{0}", NULL);
    }
}

/* Runs that wait are ended by chance, others go on: what is in the queue stays consistent. */
static void cancelled_by_chance(void **state_)
{
    (void)state_;
    struct out q = queue("FIFOQueue", 3, ""), n = size(q);
    struct out what[] = { put(q, "float{1}"), take(q),
                          take_many("QueueDequeueMany", q, "int32{4}"),
                          put_many(q, "float[5]{1 1 1 1 1}") };
    unsigned seed = 1;
    for (int round = 0; round < 40; round++) {
        struct job j[8];
        for (int i = 0; i < 8; i++)
            begin(&j[i], what[(seed = seed * 1664525 + 1013904223) >> 30]);
        for (int i = 0; i < 8; i++) {
            atomic_store(&j[i].cancel, 1);
            status_free(end(&j[i]));
            tensor_unref(&j[i].got[0]);
        }
    }
    int left = count(n);
    assert_in_range(left, 0, 3);
    ok(run(close_queue(q, false)));
    while (left-- > 0)
        gives(what[1], "float{1}", NULL);
    fails(run(what[1]), OUT_OF_RANGE, "current size 0");
}

/* The nth allocation fails, for every n: an error or a value, and the queue goes on. */
static void memory_ends(void **state_)
{
    (void)state_;
    struct out q = queue("PaddingFIFOQueue", 20, ""), n = size(q);
    struct out more = put(q, "float{1}"), less = take(q);
    struct out step[] = { put_many(q, "float[5]{1 2 3 4 5}"), less,
                          take_many("QueueDequeueMany", q, "int32{4}") };
    for (int i = 0; i < 3; i++)
        for (long fail = 0, done = 0; !done; fail++) {
            struct tensor t[4] = { { 0 } };
            for (int have; (have = count(n)) != 5;)
                ok(run(have < 5 ? more : less));
            mem_fail_after(fail, 0);
            struct status *st = run_until(step[i].node, t, NULL);
            mem_fail_after(-1, 0);
            done = !st;
            if (st)
                assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
            status_free(st);
            tensor_unref(&t[0]);
        }
}

static void by_reference(void **state_) { (void)state_; v2 = false; }
static void by_handle(void **state_) { (void)state_; v2 = true; }

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
#define ALL                                                                                    \
    TEST(first_in_first_out), TEST(errors), TEST(names_are_shared), TEST(padded),              \
    TEST(by_priority), TEST(shuffled), TEST(a_batch_comes_bit_by_bit), TEST(closing),          \
    TEST(first_come_first_served), TEST(producers_and_consumers), TEST(cancelled_by_chance)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_reference), ALL, TEST(by_handle), ALL, TEST(memory_ends),
    };
    pool_size_hint(3);
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
