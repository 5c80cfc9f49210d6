/* pipeline.h - for the tests of datasets: short ways to write pipelines of int64 elements, the
 * functions in them, and walks through them. Each test has a graph of its own. */
#ifndef API_PIPELINE_H
#define API_PIPELINE_H

#include "api/testing.h"
#include "base/mem.h"

static struct weft_graph *graph;
static int functions;                   /* made so far in this graph */
static size_t before;                   /* bytes held when the test began */

static inline int begin(void **state)
{
    (void)state;
    before = mem_live();
    graph = weft_graph_new();
    functions = 0;
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    ok(weft_graph_error(graph));
    weft_graph_free(graph);
    assert_int_equal(mem_live(), before);
    return 0;
}

static inline struct weft_out number(double v) { return weft_scalar(graph, WEFT_INT64, v); }

static inline struct weft_out text(const char *s)
{
    struct weft_tensor *t = weft_tensor_text(s, strlen(s));
    struct weft_out o = weft_const(graph, t);
    weft_tensor_free(t);
    return o;
}

static inline struct weft_out truth(bool v) { return weft_scalar(graph, WEFT_BOOL, v); }

/* ---- datasets, of one component that is an int64 scalar ---- */

static const enum weft_dtype int64s[] = { WEFT_INT64, WEFT_INT64 };
static const struct weft_shape scalars[2];

static inline struct weft_out data_in(struct weft_graph *g, const char *op,
                                      const struct weft_out *in, int n_in,
                                      const struct weft_attr *more, int n_more)
{
    struct weft_attr attr[12] = { weft_attr_types("output_types", int64s, 1),
                                  weft_attr_shapes("output_shapes", scalars, 1) };
    for (int i = 0; i < n_more; i++)
        attr[2 + i] = more[i];
    return weft_op(g, op, in, n_in, attr, 2 + n_more);
}

#define DATA(op, ...) data_in(graph, op, WEFT_OUTS(__VA_ARGS__), NULL, 0)

static inline struct weft_out range_in(struct weft_graph *g, struct weft_out from,
                                       struct weft_out to)
{
    return data_in(g, "RangeDataset", WEFT_OUTS(from, to, weft_scalar(g, WEFT_INT64, 1)), NULL, 0);
}

static inline struct weft_out range(double from, double to)
{
    return range_in(graph, number(from), number(to));
}

static inline struct weft_out slices(int n, const double *v)
{
    return weft_op(NULL, "TensorSliceDataset", WEFT_OUTS(weft_vector(graph, WEFT_INT64, n, v)),
                   WEFT_ATTRS(weft_attr_shapes("output_shapes", scalars, 1)));
}

/* ---- functions ---- */

/* Adds nodes to `g` that compute out[] from x[]; the number is whatever the maker of it meant. */
typedef void body_fn(struct weft_graph *g, const struct weft_out *x, double by,
                     struct weft_out *out);

/* Its name, the graph's. */
static inline const char *define(body_fn *body, double by, const enum weft_dtype *types, int n_in,
                                 int n_out)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x[4], y[4];
    struct weft_bytes def;
    char name[16];
    snprintf(name, sizeof name, "f%d", functions++);
    for (int i = 0; i < n_in; i++)
        x[i] = weft_op(g, "Placeholder", NULL, 0, WEFT_ATTRS(
            weft_attr_type("dtype", types ? types[i] : WEFT_INT64),
            weft_attr_shape("shape", types && types[i] != WEFT_INT64 ? -1 : 0, NULL)));
    body(g, x, by, y);
    ok(weft_graph_error(g));
    ok(weft_graph_define(g, &(struct weft_definition){ .name = name, .inputs = x, .n_inputs = n_in,
                                                       .outputs = y, .n_outputs = n_out,
                                                       .n_nodes = -1 }, &def));
    ok(weft_graph_add_function(graph, def.data, def.size, NULL));
    weft_bytes_free(&def);
    weft_graph_free(g);
    return weft_graph_function_name(graph, weft_graph_functions(graph) - 1);
}

#define F_ATTRS(key, f) WEFT_ATTRS(weft_attr_func(key, f), weft_attr_types("Targuments", NULL, 0))

/* A dataset op with a function that captures nothing; `...` are its inputs. */
#define DATA_F(op, key, f, ...) data_in(graph, op, WEFT_OUTS(__VA_ARGS__), F_ATTRS(key, f))

static inline struct weft_out call_in(struct weft_graph *g, const char *op, struct weft_out x,
                                      double v)
{
    return weft_op(g, op, WEFT_OUTS(x, weft_scalar(g, WEFT_INT64, v)), NULL, 0);
}

static inline void add_by(struct weft_graph *g, const struct weft_out *x, double by,
                          struct weft_out *out)
{
    out[0] = call_in(g, "AddV2", x[0], by);
}

static inline const char *adding(double by) { return define(add_by, by, NULL, 1, 1); }

/* ---- walks ---- */

struct walk {
    struct weft_session *session;
    struct weft_node *init;
    struct weft_out iterator, next;
};

static inline struct weft_out iterator(void)
{
    return data_in(graph, "IteratorV2", NULL, 0, WEFT_ATTRS(weft_attr_string("shared_name", ""),
                                                            weft_attr_string("container", "")));
}

static inline struct walk walk_of(struct weft_out dataset)
{
    struct walk w = { .iterator = iterator() };
    w.init = weft_op(NULL, "MakeIterator", WEFT_OUTS(dataset, w.iterator), NULL, 0).node;
    w.next = DATA("IteratorGetNext", w.iterator);
    return w;
}

static inline struct walk walk(struct weft_out dataset)
{
    struct walk w = walk_of(dataset);
    w.session = session_on(graph);
    ok(weft_session_do(w.session, w.init));
    return w;
}

static inline void walk_end(struct walk *w) { weft_session_free(w->session); }

static inline bool walk_next(struct walk *w, int64_t *v)
{
    struct weft_tensor *t;
    struct weft_status *st = weft_session_eval(w->session, w->next, &t);
    if (st) {
        fails(st, WEFT_OUT_OF_RANGE, "End of sequence");
        return false;
    }
    *v = *(int64_t *)weft_tensor_data(t);
    weft_tensor_free(t);
    return true;
}

static inline void goes_on(struct walk *w, const int64_t *want, int n)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++) {
        if (!walk_next(w, &v))
            fail_msg("element %d of %d does not come", i, n);
        if (v != want[i])
            fail_msg("element %d is %lld instead of %lld", i, (long long)v, (long long)want[i]);
    }
}

static inline void is_over(struct walk *w)
{
    assert_false(walk_next(w, &(int64_t){ 0 }));
    assert_false(walk_next(w, &(int64_t){ 0 }));
}

/* All that a dataset holds, twice over. */
static inline void gives(struct weft_out dataset, const int64_t *want, int n)
{
    struct walk w = walk(dataset);
    for (int i = 0; i < 2; i++) {
        goes_on(&w, want, n);
        is_over(&w);
        ok(weft_session_do(w.session, w.init));
    }
    walk_end(&w);
}

#define LIST(...) (const int64_t[]){ __VA_ARGS__ }, \
                  (int)(sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

#endif
