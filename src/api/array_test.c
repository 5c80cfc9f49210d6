/* array_test.c - arrays of tensors, weft_map_fn(), weft_scan(), weft_foldl() and weft_foldr(): what
 * they build and what it computes. */
#include "api/testing.h"

static const double six[] = { 1, 2, 3, 4, 5, 6 };

static struct weft_out floats(struct weft_graph *g, int n)
{
    return weft_vector(g, WEFT_FLOAT, n, six);
}

static struct weft_out ints(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_INT32, x);
}

static void holds_all(struct weft_session *s, struct weft_out o, int n, const double *want)
{
    struct weft_tensor *t = NULL;
    ok(weft_session_run(s, NULL, NULL, 0, &o, 1, NULL, 0, &t));
    assert_int_equal(weft_tensor_count(t), n);
    for (int i = 0; i < n; i++)
        is_near(weft_tensor_number(t, i), want[i], 1e-6);
    weft_tensor_free(t);
}

#define HOLDS_ALL(s, o, ...) \
    holds_all(s, o, (int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)), \
              (const double[]){ __VA_ARGS__ })

static void end(struct weft_graph *g, struct weft_session *s)
{
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- arrays ---- */

static void elements(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_array a = weft_array_new(g, WEFT_FLOAT, ints(g, 2),
                                         &(struct weft_array_options){ .keeps = true });
    a = weft_array_write(a, ints(g, 1), floats(g, 2));
    a = weft_array_write(a, ints(g, 0), floats(g, 2));
    struct weft_out all = weft_array_stack(a), joined = weft_array_concat(a);
    int64_t dims[WEFT_MAX_RANK];
    assert_int_equal(weft_out_shape(all, dims), 2);
    assert_int_equal(dims[1], 2);
    struct weft_session *s = session_on(g);
    HOLDS_ALL(s, weft_array_read(a, ints(g, 1)), 1, 2);
    HOLDS_ALL(s, weft_array_size(a), 2);
    HOLDS_ALL(s, all, 1, 2, 1, 2);
    HOLDS_ALL(s, joined, 1, 2, 1, 2);
    weft_array_write(a, ints(g, 1), floats(g, 3));
    sticks(g, WEFT_INVALID_ARGUMENT, "Inconsistent shapes: saw [3] but expected [2]");
    end(g, s);
}

static void parts(void **state)
{
    static const double lengths[] = { 1, 2 };
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_array_options varied = { .varied = true };
    struct weft_array a = weft_array_split(weft_array_new(g, WEFT_FLOAT, ints(g, 2), &varied),
                                           floats(g, 3), weft_vector(g, WEFT_INT64, 2, lengths));
    struct weft_array b = weft_array_unstack(weft_array_new(g, WEFT_FLOAT, ints(g, 3), NULL),
                                             floats(g, 3));
    struct weft_session *s = session_on(g);
    HOLDS_ALL(s, weft_array_read(a, ints(g, 1)), 2, 3);
    HOLDS_ALL(s, weft_array_gather(b, weft_vector(g, WEFT_INT32, 2, lengths)), 2, 3);
    end(g, s);
}

/* The error stays in the graph where it happened. */
static void nothing_comes_of_nothing(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out one = ints(g, 1), x = floats(g, 2);
    binary("AddV2", x, one);
    struct weft_array a = weft_array_new(g, WEFT_FLOAT, one, NULL);
    assert_null(a.handle.node);
    a = weft_array_unstack(weft_array_write(a, one, x), x);
    a = weft_array_split(weft_array_scatter(a, one, x), x, one);
    assert_null(a.handle.node);
    assert_null(weft_array_read(a, one).node);
    assert_null(weft_array_gather(a, one).node);
    assert_null(weft_array_stack(a).node);
    assert_null(weft_array_concat(a).node);
    assert_null(weft_array_size(a).node);
    ok(weft_graph_error(weft_default_graph()));
    weft_status_free(weft_graph_error(g));
    weft_graph_free(g);
}

/* ---- functions over rows ---- */

static void squares(void *ctx, struct weft_graph *g, const struct weft_out *state,
                    const struct weft_out *row, struct weft_out *results)
{
    (void)g, (void)state;
    ++*(int *)ctx;
    results[0] = binary("Mul", row[0], row[0]);
}

static void plus(void *ctx, struct weft_graph *g, const struct weft_out *state,
                 const struct weft_out *row, struct weft_out *results)
{
    (void)g, (void)ctx;
    results[0] = binary("AddV2", state[0], row[0]);
}

static void minus_twice(void *ctx, struct weft_graph *g, const struct weft_out *state,
                        const struct weft_out *row, struct weft_out *results)
{
    (void)g, (void)ctx;
    results[0] = binary("Sub", binary("AddV2", state[0], state[0]), row[0]);
}

static void maps(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = floats(g, 4), y;
    int calls = 0;
    weft_map_fn(g, squares, &calls, &x, 1, NULL, &y, 1);
    assert_int_equal(calls, 1);
    int64_t dims[WEFT_MAX_RANK];
    assert_int_equal(weft_out_shape(y, dims), 1);
    assert_int_equal(dims[0], 4);
    static const char *const names[] = { "map/TensorArray", "map/TensorArray_1", "map/while/Exit_2",
        "map/TensorArrayUnstack/TensorArrayScatter/TensorArrayScatterV3", "map/while/Less_1/y",
        "map/while/TensorArrayReadV3", "map/while/TensorArrayWrite/TensorArrayWriteV3",
        "map/while/maximum_iterations", "map/TensorArrayStack/TensorArrayGatherV3" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!weft_graph_find(g, names[i]))
            fail_msg("no %s", names[i]);
    struct weft_session *s = session_on(g);
    HOLDS_ALL(s, y, 1, 4, 9, 16);
    end(g, s);
}

/* As many rows as a run feeds. */
static void maps_any_number(void **state)
{
    static const int64_t any[] = { -1 };
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 1, any), y;
    int calls = 0;
    weft_map_fn(g, squares, &calls, &x, 1, NULL, &y, 1);
    struct weft_session *s = session_on(g);
    for (int n = 0; n < 4; n++) {
        struct weft_tensor *in, *out = NULL;
        ok(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ n }, NULL, &in));
        for (int i = 0; i < n; i++)
            ((float *)weft_tensor_data(in))[i] = (float)(i + 1);
        struct weft_feed feed = { x, in };
        ok(weft_session_run(s, NULL, &feed, 1, &y, 1, NULL, 0, &out));
        assert_int_equal(weft_tensor_count(out), n);
        if (n)
            is_near(weft_tensor_number(out, n - 1), n * n, 0);
        weft_tensor_free(out);
        weft_tensor_free(in);
    }
    end(g, s);
}

static void scans(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = floats(g, 4), ten = weft_scalar(g, WEFT_FLOAT, 10), y[4];
    weft_scan(g, plus, NULL, &x, 1, NULL, 1, NULL, &y[0]);
    weft_scan(g, plus, NULL, &x, 1, &ten, 1, NULL, &y[1]);
    struct weft_map_options back = { .reverse = true };
    weft_scan(g, plus, NULL, &x, 1, NULL, 1, &back, &y[2]);
    weft_scan(g, plus, NULL, &x, 1, &ten, 1, &back, &y[3]);
    struct weft_session *s = session_on(g);
    HOLDS_ALL(s, y[0], 1, 3, 6, 10);
    HOLDS_ALL(s, y[1], 11, 13, 16, 20);
    HOLDS_ALL(s, y[2], 10, 9, 7, 4);
    HOLDS_ALL(s, y[3], 20, 19, 17, 14);
    end(g, s);
}

static void folds(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = floats(g, 3), ten = weft_scalar(g, WEFT_FLOAT, 10), y[4];
    weft_foldl(g, minus_twice, NULL, &x, 1, NULL, 1, NULL, &y[0]);
    weft_foldl(g, minus_twice, NULL, &x, 1, &ten, 1, NULL, &y[1]);
    weft_foldr(g, minus_twice, NULL, &x, 1, NULL, 1, NULL, &y[2]);
    weft_foldr(g, minus_twice, NULL, &x, 1, &ten, 1, NULL, &y[3]);
    struct weft_session *s = session_on(g);
    HOLDS_ALL(s, y[0], (1 * 2 - 2) * 2 - 3);
    HOLDS_ALL(s, y[1], ((10 * 2 - 1) * 2 - 2) * 2 - 3);
    HOLDS_ALL(s, y[2], (3 * 2 - 2) * 2 - 1);
    HOLDS_ALL(s, y[3], ((10 * 2 - 3) * 2 - 2) * 2 - 1);
    end(g, s);
}

/* Two products in each iteration, many iterations at once. */
static void products(void *ctx, struct weft_graph *g, const struct weft_out *state,
                     const struct weft_out *row, struct weft_out *results)
{
    (void)ctx, (void)g, (void)state;
    struct weft_out twice = binary("AddV2", row[0], row[0]);
    results[0] = binary("Sub", binary("MatMul", row[0], row[0]), binary("MatMul", twice, row[0]));
}

static void maps_on_threads(void **state)
{
    enum { ROWS = 40, SIDE = 24 };
    static const int64_t dims[] = { ROWS, SIDE, SIDE };
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 3, dims), y;
    weft_map_fn(g, products, NULL, &x, 1, NULL, &y, 1);
    struct weft_session *s = session_on(g);
    struct weft_tensor *in, *out = NULL;
    ok(weft_tensor_new(WEFT_FLOAT, 3, dims, NULL, &in));
    float *v = weft_tensor_data(in);
    for (int i = 0; i < ROWS * SIDE * SIDE; i++)
        v[i] = (float)(i / (SIDE * SIDE));
    struct weft_feed feed = { x, in };
    for (int run = 0; run < 5; run++) {
        ok(weft_session_run(s, NULL, &feed, 1, &y, 1, NULL, 0, &out));
        for (int r = 0; r < ROWS; r++)
            is_near(weft_tensor_number(out, (int64_t)r * SIDE * SIDE + 5), -SIDE * r * r, 1e-6);
        weft_tensor_free(out);
    }
    weft_tensor_free(in);
    end(g, s);
}

static void refusals(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x[] = { floats(g, 3), floats(g, 4) }, one = weft_scalar(g, WEFT_FLOAT, 1), y,
                    two[2];
    int calls = 0;
    weft_map_fn(g, squares, &calls, &one, 1, NULL, &y, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "elems must be a 1+ dimensional Tensor, not a scalar");
    weft_map_fn(g, squares, &calls, x, 2, NULL, &y, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "must be equal, but are 3 and 4");
    weft_map_fn(g, squares, &calls, x, 0, NULL, &y, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "elems must not be empty");
    weft_map_fn(g, squares, &calls, x, 1, NULL, two, 2);
    sticks(g, WEFT_INVALID_ARGUMENT, "dtypes must be given: there are 2 results of 1 elems");
    assert_null(two[0].node);
    assert_int_equal(calls, 0);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements), cmocka_unit_test(parts),
        cmocka_unit_test(nothing_comes_of_nothing), cmocka_unit_test(maps),
        cmocka_unit_test(maps_any_number), cmocka_unit_test(scans), cmocka_unit_test(folds),
        cmocka_unit_test(maps_on_threads), cmocka_unit_test(refusals),
    };
    weft_set_threads(8);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
