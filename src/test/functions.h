/* functions.h - for tests: graphs with functions as text, and what they give, by both executors. */
#ifndef TEST_FUNCTIONS_H
#define TEST_FUNCTIONS_H

#include "base/mem.h"
#include "graph/function.h"
#include "graph/graphdef.h"
#include "plan/plan.h"
#include "test/expect.h"
#include "test/probe.h"
#include "wire/text.h"

#define TYPE(key, t) "attr { key: '" key "' value { type: " t " } } "
#define HOLE(key, of) "attr { key: '" key "' value { placeholder: '" of "' } } "
#define TYPES(key, t) "attr { key: '" key "' value { list { " t " } } } "
#define FLOATS "type: DT_FLOAT "
#define F(name) "attr { key: 'f' value { func { name: '" name "' } } } "
#define IN(x) "input: '" x "' "
#define NODE(name, op, rest) "node { name: '" name "' op: '" op "' " rest "} "
#define BODY(name, op, rest) "node_def { name: '" name "' op: '" op "' " rest "} "
#define ARG(name, t) "input_arg { name: '" name "' " t " } "
#define OUT(name, t) "output_arg { name: '" name "' " t " } "
#define FLOAT "type: DT_FLOAT"
#define OF_T "type_attr: 'T'"
#define RET(key, value) "ret { key: '" key "' value: '" value "' } "
#define FUNCTION(name, sig, rest) \
    "library { function { signature { name: '" name "' " sig "} " rest "} } "
#define X NODE("x", "Placeholder", TYPE("dtype", "DT_FLOAT"))
#define CALL(name, in, n_in, n_out, f) \
    NODE(name, "PartitionedCall", in TYPES("Tin", n_in) TYPES("Tout", n_out) F(f))

static inline struct status *import(struct graph *g, const char *text)
{
    struct arena a = { 0 };
    ProtobufCMessage *m;
    void *bytes;
    size_t n;
    ok(text_read(&a, &wire__graph_def__descriptor, text, strlen(text), &m));
    ok(wire_encode(m, &bytes, &n));
    struct status *st = graph_import(g, NULL, bytes, n);
    mem_free(bytes);
    arena_free(&a);
    return st;
}

static inline struct graph *graph_of(const char *text)
{
    struct graph *g = graph_new();
    ok(import(g, text));
    return g;
}

static inline struct out at(struct graph *g, const char *name)
{
    struct out o = { graph_find(g, name), 0 };
    if (!o.node)
        ok(graph_find_out(g, name, &o));
    return o;
}

/* What is fetched of a graph whose "x" is 3, run `times` times by one plan. */
static inline struct status *run(struct graph *g, unsigned flags, const char *const *names, int n,
                          int times, double *value)
{
    struct resources *resources = resources_new();
    struct buffer_pool *buffers = buffer_pool_new();
    struct out feed = { graph_find(g, "x"), 0 }, fetch[4];
    struct tensor in = test_scalar(3), out[4];
    struct plan *p = NULL;
    struct run *r = NULL;
    for (int i = 0; i < n; i++)
        fetch[i] = at(g, names[i]);
    struct plan_key key = { .feed = &feed, .n_feeds = feed.node ? 1 : 0, .fetch = fetch,
                            .n_fetches = n };
    struct status *st = plan_compile(g, &key, resources, flags, &p);
    if (!st)
        r = run_new(p, buffers);
    while (!st && times-- > 0) {
        st = plan_run(p, r, &in, out, &(struct run_options){ .inter = 0 });
        for (int i = 0; i < n && !st; i++) {
            value[i] = tensor_double(&out[i], 0);
            tensor_unref(&out[i]);
        }
    }
    run_free(r);
    plan_free(p);
    tensor_unref(&in);
    buffer_pool_free(buffers);
    resources_unref(resources);
    return st;
}

#define NAMES(...) (const char *const[]){ __VA_ARGS__ }, \
                   sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)
static const unsigned ways[] = { 0, PLAN_SERIAL, PLAN_FLOW, PLAN_FLOW | PLAN_NO_FOLD };
enum { WAYS = sizeof ways / sizeof *ways };

static inline void gives(const char *text, const char *name, double want)
{
    struct graph *g = graph_of(text);
    for (int i = 0; i < WAYS; i++) {
        double value;
        ok(run(g, ways[i], NAMES(name), 2, &value));
        assert_float_equal(value, want, 0);
    }
    graph_unref(g);
}

static inline void refuses(const char *text, const char *name, enum code code, const char *why)
{
    struct graph *g = graph_of(text);
    for (int i = 0; i < WAYS; i++) {
        double value;
        fails(run(g, ways[i], NAMES(name), 1, &value), code, why);
    }
    graph_unref(g);
}

/* From bytes to "f" of "x", or to its gradient. */
static inline struct status *all_of_it(const void *bytes, size_t size, bool gradient,
                                       const struct tensor *in, struct tensor *out)
{
    struct graph *g = graph_new();
    struct plan *p = NULL;
    struct run *r = NULL;
    NEED(g);
    struct status *st = graph_import(g, NULL, bytes, size);
    struct out x = { st ? NULL : graph_find(g, "x"), 0 }, y = { st ? NULL : graph_find(g, "f"), 0 };
    struct out dx = { 0 };
    struct gradients q = { .y = &y, .n_y = 1, .x = &x, .n_x = 1 };
    if (!st && gradient)
        st = graph_gradients(g, &q, &dx, NULL);
    struct plan_key key = { .feed = &x, .n_feeds = 1, .fetch = gradient ? &dx : &y,
                            .n_fetches = 1 };
    if (!st)
        st = plan_compile(g, &key, NULL, 0, &p);
    if (!st && !(r = run_new(p, NULL)))
        st = status_no_memory();
    if (!st)
        st = plan_run(p, r, in, out, &(struct run_options){ .inter = 1 });
    run_free(r);
    plan_free(p);
    graph_unref(g);
    return st;
}

/* Whatever allocation fails, while bodies or a gradient are made, compiled or run: nothing is lost,
 * and in the end "f" of 3, or its gradient, is `want`. */
static inline void memory_ends(const char *text, bool gradient, float want)
{
    struct graph *g = graph_of(text);
    struct tensor in = test_scalar(3), out = { 0 };
    void *bytes;
    size_t size;
    bool done = false;
    ok(graph_export(g, 0, &bytes, &size));
    for (long n = 0; !done; n++) {
        mem_fail_after(n, 0);
        struct status *st = all_of_it(bytes, size, gradient, &in, &out);
        mem_fail_after(-1, 0);
        done = !st && *(float *)out.data == want;
        if (st)
            assert_int_equal(status_code(st), RESOURCE_EXHAUSTED);
        status_free(st);
        tensor_unref(&out);
        assert_true(n < (gradient ? 20000 : 2000));
    }
    mem_free(bytes);
    tensor_unref(&in);
    graph_unref(g);
}

#endif
