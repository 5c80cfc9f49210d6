/* api_test.c - weft.h as a program sees it: statuses, tensors, graphs, nodes. */
#include "api/testing.h"

#include <unistd.h>

/* ---- statuses ---- */

static void statuses(void **state)
{
    (void)state;
    assert_int_equal(weft_status_code(NULL), WEFT_OK);
    assert_string_equal(weft_status_message(NULL), "");
    assert_null(weft_status_node(NULL));
    weft_status_free(NULL);
    weft_check(NULL);
    assert_null(weft_status_new(WEFT_OK, "unsaid"));
    fails(weft_status_new(WEFT_DATA_LOSS, "100%s lost"), WEFT_DATA_LOSS, "100%s lost");
    assert_true(strlen(weft_version()) >= 5);
    weft_set_threads(2);
}

/* ---- tensors ---- */

static void dtypes(void **state)
{
    (void)state;
    assert_int_equal(weft_dtype_size(WEFT_FLOAT), 4);
    assert_int_equal(weft_dtype_size(WEFT_COMPLEX128), 16);
    assert_int_equal(weft_dtype_size(WEFT_BOOL), 1);
    assert_int_equal(weft_dtype_size((enum weft_dtype)0), 0);
    assert_int_equal(weft_dtype_size((enum weft_dtype)99), 0);
    assert_int_equal(weft_dtype_size((enum weft_dtype)-1), 0);
    assert_string_equal(weft_dtype_name(WEFT_FLOAT), "float");
    assert_string_equal(weft_dtype_name(WEFT_INT32), "int32");
    assert_non_null(weft_dtype_name((enum weft_dtype)99));
}

static void new_tensors(void **state)
{
    (void)state;
    size_t before = weft_memory_in_use();
    struct weft_tensor *t = NULL;
    ok(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 2, 3 }, NULL, &t));
    assert_int_equal(weft_tensor_dtype(t), WEFT_FLOAT);
    assert_int_equal(weft_tensor_rank(t), 2);
    assert_int_equal(weft_tensor_dim(t, 1), 3);
    assert_int_equal(weft_tensor_dim(t, 2), -1);
    assert_int_equal(weft_tensor_count(t), 6);
    assert_int_equal(weft_tensor_bytes(t), 24);
    assert_int_equal((uintptr_t)weft_tensor_data(t) % 64, 0);
    assert_true(weft_tensor_number(t, 5) == 0 && weft_tensor_number(t, 6) == 0);
    assert_ptr_equal(weft_tensor_ref(t), t);
    weft_tensor_free(t);
    ((float *)weft_tensor_data(t))[5] = 2.5f;
    assert_true(weft_tensor_number(t, 5) == 2.5);
    weft_tensor_free(t);
    ok(weft_tensor_new(WEFT_INT64, 1, (int64_t[]){ 2 }, (int64_t[]){ 7, -8 }, &t));
    assert_true(weft_tensor_number(t, 1) == -8);
    weft_tensor_free(t);
    ok(weft_tensor_new(WEFT_INT32, 2, (int64_t[]){ 0, 5 }, NULL, &t));
    assert_int_equal(weft_tensor_count(t), 0);
    weft_tensor_free(t);
    weft_tensor_free(NULL);
    assert_int_equal(weft_memory_in_use(), before);
}

static void wrong_tensors(void **state)
{
    (void)state;
    struct weft_tensor *t = NULL;
    int64_t dims[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    fails(weft_tensor_new(WEFT_FLOAT, 9, dims, NULL, &t), WEFT_INVALID_ARGUMENT, "rank");
    fails(weft_tensor_new(WEFT_FLOAT, -1, dims, NULL, &t), WEFT_INVALID_ARGUMENT, "rank");
    fails(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ -1 }, NULL, &t), WEFT_INVALID_ARGUMENT, "");
    fails(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ INT64_MAX, 2 }, NULL, &t),
          WEFT_INVALID_ARGUMENT, "");
    fails(weft_tensor_new(WEFT_DOUBLE, 1, (int64_t[]){ INT64_MAX / 4 }, NULL, &t),
          WEFT_RESOURCE_EXHAUSTED, "");
    fails(weft_tensor_new(WEFT_RESOURCE, 0, NULL, NULL, &t), WEFT_INVALID_ARGUMENT, "resource");
    fails(weft_tensor_new((enum weft_dtype)99, 0, NULL, NULL, &t), WEFT_INVALID_ARGUMENT, "");
    fails(weft_tensor_new(WEFT_STRING, 0, NULL, "x", &t), WEFT_INVALID_ARGUMENT, "string");
    assert_null(t);
}

static int released;
static size_t released_bytes;

static void release(void *ctx, void *data, size_t bytes)
{
    released++;
    released_bytes = bytes;
    assert_ptr_equal(ctx, &released);
    free(data);
}

static void wrapped_tensors(void **state)
{
    (void)state;
    size_t before = weft_memory_in_use();
    struct weft_tensor *t = NULL;
    float *data = calloc(4, sizeof *data);
    released = 0;
    data[3] = 4;
    fails(weft_tensor_wrap(WEFT_STRING, 1, (int64_t[]){ 4 }, data, release, &released, &t),
          WEFT_INVALID_ARGUMENT, "cannot be wrapped");
    fails(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 2 }, (char *)data + 1, release, &released,
                           &t), WEFT_INVALID_ARGUMENT, "aligned");
    assert_int_equal(released, 0);
    ok(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 4 }, data, release, &released, &t));
    assert_ptr_equal(weft_tensor_data(t), data);
    assert_true(weft_tensor_number(t, 3) == 4);
    weft_tensor_ref(t);
    weft_tensor_free(t);
    assert_int_equal(released, 0);
    weft_tensor_free(t);
    assert_int_equal(released, 1);
    assert_int_equal(released_bytes, 16);
    float own[2] = { 1, 2 };
    ok(weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 2 }, own, NULL, NULL, &t));
    weft_tensor_free(t);
    assert_int_equal(weft_memory_in_use(), before);
}

/* Scalars of each type: what goes in comes out. */
static void scalars(void **state)
{
    (void)state;
    for (int t = WEFT_FLOAT; t <= WEFT_UINT64; t++) {
        bool none = t == WEFT_STRING || t == WEFT_RESOURCE || t == WEFT_VARIANT;
        struct weft_tensor *x = weft_tensor_scalar((enum weft_dtype)t, 1);
        if (none) {
            assert_null(x);
            continue;
        }
        assert_non_null(x);
        assert_int_equal(weft_tensor_rank(x), 0);
        assert_true(weft_tensor_number(x, 0) == 1);
        weft_tensor_free(x);
    }
    assert_null(weft_tensor_scalar((enum weft_dtype)77, 1));
}

/* E39: strings are bytes, any of them. */
static void strings(void **state)
{
    (void)state;
    size_t before = weft_memory_in_use(), n = 9;
    static const char bytes[] = "a\0b\xff\n";
    char large[5000];
    struct weft_tensor *t = weft_tensor_text(bytes, 5);
    memset(large, 'x', sizeof large);
    assert_int_equal(weft_tensor_dtype(t), WEFT_STRING);
    assert_memory_equal(weft_tensor_string(t, 0, &n), bytes, 6);
    assert_int_equal(n, 5);
    assert_string_equal(weft_tensor_string(t, 1, &n), "");
    assert_int_equal(n, 0);
    assert_string_equal(weft_tensor_string(t, 0, NULL), "a");
    weft_tensor_free(t);
    t = weft_tensor_text("", 0);
    assert_string_equal(weft_tensor_string(t, 0, &n), "");
    weft_tensor_free(t);
    ok(weft_tensor_new(WEFT_STRING, 1, (int64_t[]){ 3 }, NULL, &t));
    ok(weft_tensor_set_string(t, 0, large, sizeof large));
    ok(weft_tensor_set_string(t, 1, "short", 5));
    ok(weft_tensor_set_string(t, 1, large, 100));
    ok(weft_tensor_set_string(t, 1, "again", 5));
    assert_memory_equal(weft_tensor_string(t, 0, &n), large, sizeof large);
    assert_int_equal(n, sizeof large);
    assert_string_equal(weft_tensor_string(t, 1, &n), "again");
    assert_string_equal(weft_tensor_string(t, 2, &n), "");
    fails(weft_tensor_set_string(t, 3, "x", 1), WEFT_INVALID_ARGUMENT, "Element 3");
    fails(weft_tensor_set_string(t, -1, "x", 1), WEFT_INVALID_ARGUMENT, "Element -1");
    assert_true(weft_tensor_number(t, 0) == 0);
    weft_tensor_free(t);
    t = weft_tensor_scalar(WEFT_FLOAT, 1);
    fails(weft_tensor_set_string(t, 0, "x", 1), WEFT_INVALID_ARGUMENT, "string tensor");
    assert_string_equal(weft_tensor_string(t, 0, &n), "");
    weft_tensor_free(t);
    assert_int_equal(weft_memory_in_use(), before);
}

static void reads(struct weft_tensor *t, int64_t most, const char *want)
{
    char *text = weft_tensor_to_text(t, most);
    assert_string_equal(text, want);
    free(text);
    weft_tensor_free(t);
}

static void tensors_as_text(void **state)
{
    (void)state;
    struct weft_tensor *t = NULL;
    reads(weft_tensor_scalar(WEFT_FLOAT, 1.5), 10, "1.5");
    reads(weft_tensor_scalar(WEFT_INT32, -3), 10, "-3");
    ok(weft_tensor_new(WEFT_INT32, 2, (int64_t[]){ 2, 2 }, (int32_t[]){ 1, 2, 3, 4 }, &t));
    char *text = weft_tensor_to_text(t, 10);
    assert_non_null(strstr(text, "[[1"));
    assert_non_null(strstr(text, "4]]"));
    free(text);
    weft_tensor_free(t);
}

/* ---- graphs ---- */

static void graphs(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    assert_int_equal(weft_graph_count(g), 0);
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1), found = { NULL, 0 };
    struct weft_out y = weft_op(NULL, "Identity", &x, 1, WEFT_ATTRS(weft_name("y"),
                                                                   weft_after(x.node),
                                                                   weft_after(NULL)));
    assert_int_equal(weft_graph_count(g), 2);
    assert_ptr_equal(weft_graph_node(g, 1), y.node);
    assert_null(weft_graph_node(g, 2));
    assert_null(weft_graph_node(g, -1));
    assert_ptr_equal(weft_graph_find(g, "y"), y.node);
    assert_null(weft_graph_find(g, "z"));                               /* I1 */
    ok(weft_graph_find_out(g, "y:0", &found));
    assert_ptr_equal(found.node, y.node);
    fails(weft_graph_find_out(g, "y:9", &found), WEFT_NOT_FOUND, "exists but only has 1 outputs.");
    fails(weft_graph_find_out(g, "nope:0", &found), WEFT_NOT_FOUND,
          "refers to a Tensor which does not exist");
    fails(weft_graph_find_out(g, "y", &found), WEFT_INVALID_ARGUMENT,
          "refers to an Operation, not a Tensor.");
    fails(weft_graph_find_out(g, "y:a", &found), WEFT_INVALID_ARGUMENT,
          "looks a like a Tensor name, but is not a valid one.");
    char *name = weft_graph_unique_name(g, "y", false);
    assert_string_equal(name, "y_1");
    free(name);
    weft_collect(g, "losses", x);
    weft_collect(g, "losses", y);
    weft_collect(g, "losses", x);
    struct weft_out items[2];
    assert_int_equal(weft_collection(g, "losses", items, 2), 3);         /* A41 */
    assert_ptr_equal(items[1].node, y.node);
    assert_int_equal(weft_collection(g, "none", NULL, 0), 0);
    weft_graph_free(g);
    weft_graph_free(NULL);
}

/* A12, A51, A57 */
static void ids(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    assert_int_equal(weft_graph_ids(g), 0);
    assert_int_equal(weft_graph_version(g), 0);
    struct weft_out x = weft_zeros(g, WEFT_FLOAT, 1, (int64_t[]){ 2 });
    struct weft_out y = weft_zeros(g, WEFT_FLOAT, 1, (int64_t[]){ 3 });
    assert_int_equal(weft_graph_version(g), 2);
    binary("Add", x, y);
    sticks(g, WEFT_INVALID_ARGUMENT, "Dimensions must be equal");
    assert_int_equal(weft_graph_ids(g), 3);
    assert_int_equal(weft_graph_version(g), 2);
    named(binary("Add", x, x).node, "Add_1", "Add");
    assert_int_equal(weft_graph_version(g), 4);
    weft_graph_free(g);
}

static void unique_names(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    const char *want[] = { "y", "y", "y_1", "y_2" };
    for (int i = 0; i < 4; i++) {
        char *name = weft_graph_unique_name(g, "y", i > 0);
        assert_string_equal(name, want[i]);
        free(name);
    }
    named(weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(weft_name("y"))).node, "y_3", "NoOp");
    weft_graph_free(g);
}

static void known_values(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out p = placeholder(g, "p", WEFT_FLOAT, 2, (int64_t[]){ 4, 5 });
    struct weft_out size = unary("Size", p);
    struct weft_variable v = weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 1), 0);
    struct weft_tensor *t = weft_out_value(binary("Add", size, weft_scalar(g, WEFT_INT32, 1)));
    assert_non_null(t);
    assert_true(weft_tensor_number(t, 0) == 21);
    assert_false(weft_tensor_is_shared(t));
    weft_tensor_free(t);
    assert_null(weft_out_value(p));
    assert_null(weft_out_value(v.value));
    assert_null(weft_out_value((struct weft_out){ NULL, 0 }));
    assert_true(weft_out_is_ref(v.ref) && !weft_out_is_ref(v.value));
    weft_graph_free(g);
}

/* A52 */
static void finalized_graphs(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1);
    assert_false(weft_graph_is_finalized(g));
    weft_graph_finalize(g);
    assert_true(weft_graph_is_finalized(g));
    assert_null(weft_scalar(g, WEFT_FLOAT, 2).node);
    sticks(g, WEFT_FAILED_PRECONDITION, "Graph is finalized and cannot be modified.");
    weft_collect(g, "key", x);
    sticks(g, WEFT_FAILED_PRECONDITION, "Graph is finalized and cannot be modified.");
    struct weft_session *s = session_on(g);
    HOLDS(s, x, 1);
    weft_session_free(s);
    weft_graph_free(g);
}

static void nodes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out a = placeholder(g, "a", WEFT_FLOAT, 2, (int64_t[]){ 2, -1 });
    struct weft_out b = placeholder(g, "b", WEFT_FLOAT, -1, NULL);
    weft_device(g, "/cpu:0");
    struct weft_out m = weft_op(g, "MatMul", WEFT_OUTS(a, b),
                                WEFT_ATTRS(weft_attr_bool("transpose_a", true), weft_after(a.node),
                                           weft_name("product")));
    weft_scope_end(g);
    const struct weft_node *n = m.node;
    double number = -1;
    const char *text;
    size_t length;
    int64_t dims[WEFT_MAX_RANK];
    named(n, "product", "MatMul");
    assert_string_equal(weft_node_device(n), "/device:CPU:0");
    assert_string_equal(weft_node_device(a.node), "");
    assert_ptr_equal(weft_node_graph(n), g);
    assert_int_equal(weft_node_inputs(n), 2);
    assert_ptr_equal(weft_node_input(n, 1).node, b.node);
    assert_null(weft_node_input(n, 2).node);
    assert_int_equal(weft_node_outputs(n), 1);
    assert_int_equal(weft_node_controls(n), 1);
    assert_ptr_equal(weft_node_control(n, 0), a.node);
    assert_null(weft_node_control(n, 1));
    ok(weft_node_number(n, "transpose_a", &number));
    assert_true(number == 1);
    ok(weft_node_number(n, "T", &number));
    assert_true(number == WEFT_FLOAT);
    fails(weft_node_number(n, "nope", &number), WEFT_NOT_FOUND,          /* A93 */
          "Operation 'product' has no attr named 'nope'.");
    fails(weft_node_number(a.node, "shape", &number), WEFT_INVALID_ARGUMENT, "not a number");
    fails(weft_node_text(n, "T", &text, &length), WEFT_INVALID_ARGUMENT, "not a string");
    assert_int_equal(weft_out_dtype(m), WEFT_FLOAT);
    assert_int_equal(weft_out_shape(a, dims), 2);
    assert_true(dims[0] == 2 && dims[1] == -1);
    assert_int_equal(weft_out_shape(b, dims), -1);
    assert_int_equal(weft_out_shape((struct weft_out){ NULL, 0 }, dims), -1);
    weft_set_shape(b, 2, (int64_t[]){ 2, 5 });                           /* A90 */
    assert_int_equal(weft_out_shape(b, dims), 2);
    assert_int_equal(dims[1], 5);
    weft_set_shape(b, 2, (int64_t[]){ 3, -1 });
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_set_shape(b, 9, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1, 1 });
    sticks(g, WEFT_INVALID_ARGUMENT, "9");
    weft_graph_free(g);
}

/* Every kind of attribute arrives as it was said. */
static void attributes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_tensor *five = weft_tensor_scalar(WEFT_INT32, 5);
    struct weft_out c = weft_op(g, "Const", NULL, 0,
                                WEFT_ATTRS(weft_attr_tensor("value", five),
                                           weft_attr_type("dtype", WEFT_INT32)));
    weft_tensor_free(five);
    struct weft_out image = weft_zeros(g, WEFT_FLOAT, 4, (int64_t[]){ 1, 4, 4, 1 });
    struct weft_out pooled = weft_op(g, "MaxPool", &image, 1,
        WEFT_ATTRS(weft_attr_ints("ksize", (int64_t[]){ 1, 2, 2, 1 }, 4),
                   weft_attr_ints("strides", (int64_t[]){ 1, 2, 2, 1 }, 4),
                   weft_attr_string("padding", "SAME")));
    struct weft_out shape = weft_op(g, "Shape", &pooled, 1,
                                    WEFT_ATTRS(weft_attr_type("out_type", WEFT_INT64)));
    struct weft_out leaky = weft_op(g, "LeakyRelu", &image, 1,
                                    WEFT_ATTRS(weft_attr_float("alpha", .5)));
    double alpha = 0;
    const char *text = NULL;
    size_t n = 0;
    ok(weft_graph_error(g));
    ok(weft_node_number(leaky.node, "alpha", &alpha));
    assert_true(alpha == .5);
    ok(weft_node_text(pooled.node, "padding", &text, &n));
    assert_int_equal(n, 4);
    assert_memory_equal(text, "SAME", 4);
    struct weft_session *s = session_on(g);
    HOLDS(s, c, 5);
    HOLDS(s, shape, 1, 2, 2, 1);
    HOLDS(s, weft_text(g, "abc"), 0);
    weft_op(g, "LeakyRelu", &image, 1, WEFT_ATTRS(weft_attr_float("nonsense", .5)));
    sticks(g, WEFT_INVALID_ARGUMENT, "nonsense");
    weft_op(g, "Placeholder", NULL, 0, WEFT_ATTRS(weft_attr_type("dtype", WEFT_FLOAT),
                                                  weft_attr_shape("shape", 9, NULL)));
    sticks(g, WEFT_INVALID_ARGUMENT, "at most 8 dimensions");
    weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(weft_attr_of((enum weft_attr_kind)99, "x", 0, 0, NULL)));
    sticks(g, WEFT_INVALID_ARGUMENT, "is of no known kind");
    weft_op(g, "LeakyRelu", &image, 1, WEFT_ATTRS(
        weft_attr_floats("f", (double[]){ 1, 2 }, 2),
        weft_attr_types("t", (enum weft_dtype[]){ WEFT_FLOAT }, 1),
        weft_attr_strings("s", (const char *const[]){ "a", "b" }, 2)));
    sticks(g, WEFT_INVALID_ARGUMENT, "attr");
    weft_session_free(s);
    weft_graph_free(g);
}

/* I1, A8, A12, A92: the builder of bindings; the graph is as it was where it fails. */
static void plain_nodes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new(), *h = weft_graph_new();
    struct weft_node *n = NULL;
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1), other = weft_scalar(h, WEFT_FLOAT, 1);
    ok(weft_node_new(g, "Identity", "y", &x, 1, NULL, 0, &n));
    named(n, "y", "Identity");
    n = NULL;
    fails(weft_node_new(g, "Identity", "y", &x, 1, NULL, 0, &n), WEFT_INVALID_ARGUMENT,
          "Duplicate node name in graph: 'y'");
    fails(weft_node_new(g, "Identity", "_z", &x, 1, NULL, 0, &n), WEFT_INVALID_ARGUMENT,
          "is not a valid node name");
    fails(weft_node_new(g, "Nonsense", "z", &x, 1, NULL, 0, &n), WEFT_NOT_FOUND,
          "Op type not registered 'Nonsense'");
    fails(weft_node_new(g, "Identity", "z", &other, 1, NULL, 0, &n), WEFT_INVALID_ARGUMENT,
          "must be from the same graph");                                /* A82 */
    fails(weft_node_new(g, "Identity", "z", NULL, 0, NULL, 0, &n), WEFT_INVALID_ARGUMENT, "");
    fails(weft_node_new(g, "Identity", "z", &(struct weft_out){ x.node, 3 }, 1, NULL, 0, &n),
          WEFT_OUT_OF_RANGE, "Connecting to invalid output 3");
    fails(weft_node_new(g, "Identity", "z", &(struct weft_out){ NULL, 0 }, 1, NULL, 0, &n),
          WEFT_INVALID_ARGUMENT, "missing");
    assert_null(n);
    assert_int_equal(weft_graph_count(g), 2);
    ok(weft_graph_error(g));
    weft_graph_free(g);
    weft_graph_free(h);
}

/* Lists of inputs, as the builders of weft_ops.h give them. */
static void inputs_in_lists(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out a[2] = { weft_scalar(g, WEFT_FLOAT, 1), weft_scalar(g, WEFT_FLOAT, 2) };
    struct weft_list lists[1] = { { a, 2 } };
    struct weft_attr own[1] = { weft_name("own") };
    struct weft_out sum = weft_op_built(g, "AddN", NULL, 0, lists, 1, own, 1, NULL, 0);
    named(sum.node, "own", "AddN");
    struct weft_session *s = session_on(g);
    HOLDS(s, sum, 3);
    weft_session_free(s);
    weft_graph_free(g);
}

static void constants(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_tensor *t = weft_tensor_scalar(WEFT_INT16, 3);
    named(weft_const(g, t).node, "Const", "Const");
    named(weft_const_named(g, "three", t).node, "three", "Const");
    weft_tensor_free(t);
    struct weft_out zeros = weft_zeros(g, WEFT_FLOAT, 2, (int64_t[]){ 2, 2 });
    struct weft_out uniform = weft_uniform(g, WEFT_FLOAT, 1, (int64_t[]){ 100 }, 2, 3, 1);
    struct weft_out normal = weft_normal(g, WEFT_FLOAT, 1, (int64_t[]){ 100 }, 5, .1, 1);
    struct weft_out cut = weft_normal_truncated(g, WEFT_FLOAT, 1, (int64_t[]){ 100 }, 0, 1, 1);
    named(uniform.node, "random_uniform", "Add");
    named(normal.node, "random_normal", "Add");
    named(cut.node, "truncated_normal", "Add");
    named(weft_group(g, WEFT_NODES(zeros.node, cut.node), NULL), "group_deps", "NoOp");
    struct weft_session *s = session_on(g);
    HOLDS(s, zeros, 0, 0, 0, 0);
    struct weft_tensor *u = value_of(s, uniform), *c = value_of(s, cut);
    for (int i = 0; i < 100; i++) {
        assert_true(weft_tensor_number(u, i) >= 2 && weft_tensor_number(u, i) < 3);
        assert_true(fabs(weft_tensor_number(c, i)) <= 2);
    }
    weft_tensor_free(u);
    weft_tensor_free(c);
    weft_const(g, NULL);
    sticks(g, WEFT_INVALID_ARGUMENT, "no value");
    weft_scalar(g, WEFT_RESOURCE, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_scalar(g, (enum weft_dtype)99, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_scalar(g, WEFT_STRING, 1);
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_zeros(g, WEFT_FLOAT, 1, (int64_t[]){ -2 });
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_zeros(g, WEFT_FLOAT, 20, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1, 1 });
    sticks(g, WEFT_INVALID_ARGUMENT, "");
    weft_uniform(g, WEFT_INT32, 0, NULL, 0, 1, 1);
    weft_status_free(weft_graph_error(g));
    weft_session_free(s);
    weft_graph_free(g);
}

/* A57-A59: seeds decide; what is drawn is the same in a new session. */
static void seeds(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    weft_graph_set_seed(g, 42);
    struct weft_out x = weft_uniform(g, WEFT_FLOAT, 0, NULL, 0, 1, -1);
    double first[2], second[2];
    for (int i = 0; i < 2; i++) {
        struct weft_session *s = session_on(g);
        first[i] = number_of(s, x);
        second[i] = number_of(s, x);
        weft_session_free(s);
    }
    assert_true(first[0] == first[1] && second[0] == second[1] && first[0] != second[0]);
    weft_graph_free(g);
}

/* ---- scopes and default graphs through the API ---- */

static void scopes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out c = weft_scalar(g, WEFT_FLOAT, 1);
    assert_string_equal(weft_name_scope(g, "a"), "a/");
    weft_control_dependencies(g, &c.node, 1);
    weft_device(g, "/cpu:0");
    weft_colocate_with(g, NULL);
    weft_container(g, "box");
    struct weft_variable v = weft_variable_new(g, "v", c, 0);
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 2);
    for (int i = 0; i < 5; i++)
        weft_scope_end(g);
    const char *text;
    named(v.ref.node, "a/v", "VariableV2");
    ok(weft_node_text(v.ref.node, "container", &text, NULL));
    assert_string_equal(text, "box");
    assert_int_equal(weft_node_controls(x.node), 1);
    assert_string_equal(weft_node_device(x.node), "/device:CPU:0");
    ok(weft_graph_error(g));
    weft_scope_end(g);
    sticks(g, WEFT_FAILED_PRECONDITION, "A scope ends that was never entered");
    weft_colocate_with(g, c.node);
    assert_string_equal(weft_node_device(weft_scalar(g, WEFT_FLOAT, 1).node), "");
    weft_scope_end(g);
    weft_graph_free(g);
}

static void default_graph(void **state)
{
    (void)state;
    struct weft_graph *own = weft_default_graph(), *g = weft_graph_new();
    struct weft_session *s = NULL;
    struct weft_out old = weft_scalar(NULL, WEFT_FLOAT, 3);
    assert_ptr_equal(weft_node_graph(old.node), own);
    ok(weft_session_new(NULL, NULL, &s));                                /* B3 */
    assert_ptr_equal(weft_session_graph(s), own);
    ok(weft_graph_enter(g));
    assert_ptr_equal(weft_default_graph(), g);
    fails(weft_reset_default_graph(), WEFT_FAILED_PRECONDITION, "1 graph entered");
    ok(weft_graph_leave(g));
    fails(weft_graph_leave(g), WEFT_FAILED_PRECONDITION, "Nesting violated");
    ok(weft_reset_default_graph());                                      /* A76 */
    assert_ptr_not_equal(weft_node_graph(weft_scalar(NULL, WEFT_FLOAT, 1).node), own);
    HOLDS(s, old, 3);
    weft_session_free(s);
    ok(weft_reset_default_graph());
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(dtypes),
        cmocka_unit_test(new_tensors),
        cmocka_unit_test(wrong_tensors),
        cmocka_unit_test(wrapped_tensors),
        cmocka_unit_test(scalars),
        cmocka_unit_test(strings),
        cmocka_unit_test(tensors_as_text),
        cmocka_unit_test(graphs),
        cmocka_unit_test(ids),
        cmocka_unit_test(unique_names),
        cmocka_unit_test(known_values),
        cmocka_unit_test(finalized_graphs),
        cmocka_unit_test(nodes),
        cmocka_unit_test(attributes),
        cmocka_unit_test(plain_nodes),
        cmocka_unit_test(inputs_in_lists),
        cmocka_unit_test(constants),
        cmocka_unit_test(seeds),
        cmocka_unit_test(scopes),
        cmocka_unit_test(default_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
