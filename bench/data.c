/* data.c - a pipeline of small elements: range, map, shuffle, batch, prefetch, everything on one
 * processor. Predicted before it was measured: 2,000,000 elements a second, most of which are the
 * calls of the mapped function. */
#include "measure.h"

#include <sched.h>
#include <stdio.h>
#include <weft.h>
#include <weft_ops.h>

enum { ELEMENTS = 2000000, BATCH = 100, ROUNDS = 3 };

static const enum weft_dtype numbers[] = { WEFT_INT64 };
static const struct weft_shape scalars[1], vectors[1] = { { 1, { -1 } } };
#define ELEMENT(shapes) numbers, 1, shapes, 1

static void on_one_processor(void)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all))
        return;
    for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static struct weft_out number(struct weft_graph *g, double v)
{
    return weft_scalar(g, WEFT_INT64, v);
}

/* The graph gets a function that adds 1. */
static void define_next(struct weft_graph *g)
{
    struct weft_graph *body = weft_graph_new();
    struct weft_out x = weft_op(body, "Placeholder", NULL, 0,
                                WEFT_ATTRS(weft_attr_type("dtype", WEFT_INT64),
                                           weft_attr_shape("shape", 0, NULL)));
    struct weft_out y = weft_add_v2(body, x, number(body, 1));
    struct weft_bytes def;
    weft_check(weft_graph_define(body, &(struct weft_definition){
        .name = "next", .inputs = &x, .n_inputs = 1, .outputs = &y, .n_outputs = 1,
        .n_nodes = -1 }, &def));
    weft_check(weft_graph_add_function(g, def.data, def.size, NULL));
    weft_bytes_free(&def);
    weft_graph_free(body);
}

static struct weft_out pipeline(struct weft_graph *g)
{
    define_next(g);
    struct weft_out d = weft_range_dataset(g, number(g, 0), number(g, ELEMENTS), number(g, 1),
                                           ELEMENT(scalars));
    d = weft_map_dataset(g, d, NULL, 0, "next", ELEMENT(scalars));
    d = weft_shuffle_dataset(g, d, number(g, 1000), number(g, 1), number(g, 2), ELEMENT(scalars));
    d = weft_batch_dataset(g, d, number(g, BATCH), ELEMENT(vectors));
    return weft_prefetch_dataset(g, d, number(g, 2), ELEMENT(vectors));
}

static double sum_of(struct weft_call *next)
{
    struct weft_tensor *t;
    struct weft_status *st;
    double sum = 0;
    while (!(st = weft_call_run(next, NULL, NULL, &t))) {
        const int64_t *v = weft_tensor_data(t);
        for (int64_t i = 0; i < weft_tensor_count(t); i++)
            sum += (double)v[i];
        weft_tensor_free(t);
    }
    weft_status_free(st);
    return sum;
}

int main(void)
{
    on_one_processor();
    struct weft_graph *g = weft_graph_new();
    struct weft_out d = pipeline(g);
    struct weft_out it = weft_iterator_v2(g, "", "", ELEMENT(vectors));
    struct weft_node *begin = weft_make_iterator(g, d, it).node;
    struct weft_out next = weft_iterator_get_next(g, it, ELEMENT(vectors));
    struct weft_session *s;
    struct weft_call *call;
    bool ok = true;
    weft_check(weft_graph_error(g));
    weft_check(weft_session_new(g, NULL, &s));
    weft_check(weft_call_new(s, NULL, 0, &next, 1, NULL, 0, &call));
    for (int i = 0; i < ROUNDS; i++) {
        weft_check(weft_session_do(s, begin));
        double start = now_us();
        ok &= sum_of(call) == ELEMENTS * (ELEMENTS + 1.0) / 2;
        row("m_pipeline_elements_per_second", 1, ELEMENTS / (now_us() - start) * 1e6);
    }
    weft_call_free(call);
    weft_session_free(s);
    weft_graph_free(g);
    return !ok;
}
