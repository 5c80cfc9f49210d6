/* pipeline_end_test.c - pipelines that are left, closed or shared while they work (E47-E50). */
#include "api/pipeline.h"

#include <stdatomic.h>
#include <time.h>

static void less_than(struct weft_graph *g, const struct weft_out *x, double by,
                      struct weft_out *out)
{
    out[0] = call_in(g, "Less", x[0], by);
}

static atomic_int calls, sleeping, finished, open_generators;
static struct weft_session *ending;

static void nap(int ms)
{
    nanosleep(&(struct timespec){ 0, ms * 1000000L }, NULL);
}

/* "slow" takes a millisecond; "count" counts the calls, up to 5; "open" and "close" are a
 * generator's; "end" closes the session. */
static struct weft_status *host(const char *token, struct weft_tensor *const *in, int n_in,
                                const enum weft_dtype *types, struct weft_tensor **out, int n_out)
{
    (void)types;
    (void)n_out;
    int n = atomic_fetch_add(&calls, 1);
    double v = n_in ? weft_tensor_number(in[0], 0) : 0;
    if (!strcmp(token, "slow"))
        nap(1);
    if (!strcmp(token, "end") && v == 0) {
        weft_session_close(ending);
        atomic_store(&finished, 1);
    }
    if (!strcmp(token, "open") || !strcmp(token, "close"))
        atomic_fetch_add(&open_generators, *token == 'o' ? 1 : -1);
    if (!strcmp(token, "count") && (v = n) > 5)
        return weft_status_new(WEFT_OUT_OF_RANGE, "StopIteration");
    out[0] = weft_tensor_scalar(WEFT_INT64, v);
    return NULL;
}

static struct weft_out py(struct weft_graph *g, const char *token, const struct weft_out *x, int n)
{
    struct weft_out y = weft_op(g, "PyFunc", x, n, WEFT_ATTRS(
        weft_attr_string("token", token), weft_attr_types("Tout", int64s, 1)));
    weft_set_shape(y, 0, NULL);
    return y;
}

static void slow(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = py(g, "slow", x, 1);
}

static void open_it(struct weft_graph *g, const struct weft_out *x, double by,
                    struct weft_out *out)
{
    (void)x;
    (void)by;
    out[0] = py(g, "open", NULL, 0);
}

static void count(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = py(g, "count", x, 1);
}

static void close_it(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out)
{
    (void)by;
    out[0] = py(g, "close", x, 1);
}

static struct weft_out generator(void)
{
    struct weft_attr attr[] = {
        weft_attr_func("init_func", define(open_it, 0, NULL, 0, 1)),
        weft_attr_func("next_func", define(count, 0, NULL, 1, 1)),
        weft_attr_func("finalize_func", define(close_it, 0, NULL, 1, 1)),
        weft_attr_types("Tinit_func_args", NULL, 0), weft_attr_types("Tnext_func_args", NULL, 0),
        weft_attr_types("Tfinalize_func_args", NULL, 0)
    };
    return data_in(graph, "GeneratorDataset", NULL, 0, attr, 6);
}

static void generators(void **state)
{
    (void)state;
    weft_set_host_function(host);
    atomic_store(&calls, 0);
    struct walk w = walk(generator());
    goes_on(&w, LIST(1, 2, 3, 4, 5));
    assert_int_equal(atomic_load(&open_generators), 1);
    is_over(&w);
    assert_int_equal(atomic_load(&open_generators), 0);
    atomic_store(&calls, 0);
    ok(weft_session_do(w.session, w.init));
    goes_on(&w, LIST(1, 2));
    assert_int_equal(atomic_load(&open_generators), 1);
    walk_end(&w);
    assert_int_equal(atomic_load(&open_generators), 0);
    weft_set_host_function(NULL);
}

/* Something that never gives an element, or takes its time. */
static struct weft_out endless(int kind)
{
    struct weft_out all = DATA("RepeatDataset", range(1, 9), number(-1));
    struct weft_out none = DATA_F("FilterDataset", "predicate", define(less_than, 0, NULL, 1, 1),
                                  all);
    struct weft_out slowly = DATA_F("ParallelMapDataset", "f", define(slow, 0, NULL, 1, 1), all,
                                    weft_scalar(graph, WEFT_INT32, 3));
    switch (kind) {
    case 0: return none;
    case 1: return DATA("PrefetchDataset", none, number(2));
    case 2: return DATA("PrefetchDataset", DATA_F("ParallelMapDataset", "f", adding(1), none,
                                                  weft_scalar(graph, WEFT_INT32, 3)), number(2));
    case 3: return DATA("SkipDataset", DATA("PrefetchDataset", slowly, number(4)), number(1 << 30));
    case 4: return DATA("ShuffleDataset", all, number(1 << 30), number(1), number(2));
    default: return DATA("SkipDataset", all, number(1 << 30));
    }
}
enum { KINDS = 6 };

static void *taker(void *arg)
{
    struct walk *w = arg;
    struct weft_tensor *t;
    atomic_fetch_add(&sleeping, 1);
    struct weft_status *st = weft_session_eval(w->session, w->next, &t);
    assert_non_null(st);
    assert_int_equal(weft_status_code(st), WEFT_CANCELLED);
    weft_status_free(st);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

/* A session that closes ends the walk, and those who wait for their turn. */
static void closed(void **state)
{
    (void)state;
    weft_set_host_function(host);
    for (int kind = 0; kind < KINDS; kind++) {
        struct walk w = walk(endless(kind));
        pthread_t thread[2];
        atomic_store(&sleeping, 0);
        atomic_store(&finished, 0);
        for (int i = 0; i < 2; i++)
            pthread_create(&thread[i], NULL, taker, &w);
        while (atomic_load(&sleeping) < 2)
            nap(1);
        nap(20);
        assert_int_equal(atomic_load(&finished), 0);
        weft_session_close(w.session);
        for (int i = 0; i < 2; i++)
            pthread_join(thread[i], NULL);
        weft_session_free(w.session);
    }
    weft_set_host_function(NULL);
}

/* Threads that nobody waits for end with the session, or when the iterator begins again. */
static void left(void **state)
{
    (void)state;
    weft_set_host_function(host);
    for (int i = 0; i < 3; i++) {
        struct weft_out all = DATA("RepeatDataset", range(1, 9), number(-1));
        struct weft_out slowly = DATA_F("ParallelMapDataset", "f", define(slow, 0, NULL, 1, 1), all,
                                        weft_scalar(graph, WEFT_INT32, 2 + i));
        struct walk w = walk(DATA("PrefetchDataset", slowly, number(i)));
        for (int k = 0; k < 3; k++) {
            goes_on(&w, LIST(1, 2, 3));
            ok(weft_session_do(w.session, w.init));
        }
        goes_on(&w, LIST(1));
        walk_end(&w);
    }
    weft_set_host_function(NULL);
}

static void end_it(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = py(g, "end", x, 1);
}

/* A function that a thread of the pipeline calls closes the session: what cannot end at once ends
 * a little later. */
static void closed_from_within(void **state)
{
    (void)state;
    weft_set_host_function(host);
    struct weft_out d = DATA_F("ParallelMapDataset", "f", define(end_it, 0, NULL, 1, 1),
                               range(0, 9), weft_scalar(graph, WEFT_INT32, 2));
    struct walk w = walk(DATA("PrefetchDataset", d, number(2)));
    struct weft_tensor *t;
    ending = w.session;
    atomic_store(&finished, 0);
    struct weft_status *st = weft_session_eval(w.session, w.next, &t);
    if (!st)
        weft_tensor_free(t);
    weft_status_free(st);
    while (!atomic_load(&finished))
        nap(1);
    walk_end(&w);
    weft_graph_free(graph);
    for (int i = 0; i < 5000 && mem_live() != before; i++)
        nap(1);
    graph = weft_graph_new();
    weft_set_host_function(NULL);
}

/* Several take from one iterator: each element comes once. */
struct share { struct walk w; int64_t sum; };

static void *share(void *arg)
{
    struct share *s = arg;
    int64_t v = 0;
    while (walk_next(&s->w, &v))
        s->sum += v;
    return NULL;
}

static void shared(void **state)
{
    (void)state;
    struct weft_out d = DATA_F("ParallelMapDataset", "f", adding(0), range(0, 500),
                               weft_scalar(graph, WEFT_INT32, 3));
    struct walk w = walk(DATA("PrefetchDataset", d, number(3)));
    struct share part[4];
    pthread_t thread[4];
    int64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        part[i] = (struct share){ .w = w };
        pthread_create(&thread[i], NULL, share, &part[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        sum += part[i].sum;
    }
    assert_int_equal(sum, 499 * 500 / 2);
    walk_end(&w);
}

/* Once warm, it takes what it gives back. */
static void memory_is_flat(void **state)
{
    (void)state;
    struct weft_out all = DATA("RepeatDataset", range(0, 100), number(-1));
    struct weft_out d = DATA_F("MapDataset", "f", adding(1), DATA("ShuffleDataset", all, number(64),
                                                                  number(1), number(2)));
    struct walk w = walk(DATA("TakeDataset", d, number(100000)));
    size_t held = 0;
    int64_t v = 0;
    for (int i = 0; walk_next(&w, &v); i++) {
        if (i == 1000)
            held = mem_live();
        if (i > 1000 && i % 100 == 0)
            assert_true(mem_live() <= held + 4096);
        if (i > 5000)
            break;
    }
    walk_end(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(generators), TEST(closed), TEST(left), TEST(closed_from_within), TEST(shared),
        TEST(memory_is_flat),
    };
    weft_graph_free(weft_graph_new());      /* what the library makes once is there */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
