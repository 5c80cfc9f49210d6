/* attr_test.c - attributes come back as they were said, of every kind. */
#include "api/testing.h"

/* A node with a private attribute of each kind of list. */
static struct weft_node *rich(struct weft_graph *g, struct weft_tensor *t)
{
    static const struct weft_shape shapes[] = { { 2, { 3, -1 } }, { -1, { 0 } } };
    struct weft_tensor *const tensors[] = { t, t };
    return weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(
        weft_name("rich"), weft_attr_bytes("_bytes", "a\0b", 3), weft_attr_string("_text", "abc"),
        weft_attr_bools("_bools", (int64_t[]){ 1, 0 }, 2),
        weft_attr_ints("_ints", (int64_t[]){ 7, -8 }, 2),
        weft_attr_floats("_floats", (double[]){ .5 }, 1),
        weft_attr_types("_types", (enum weft_dtype[]){ WEFT_INT8, WEFT_BOOL }, 2),
        weft_attr_strings("_strings", (const char *const[]){ "x", "yz" }, 2),
        weft_attr_shape("_shape", 1, (int64_t[]){ 4 }), weft_attr_shapes("_shapes", shapes, 2),
        weft_attr_tensor("_tensor", t),
        weft_attr_of(WEFT_ATTR_TENSORS, "_tensors", 2, 0, tensors),
        weft_attr_of(WEFT_ATTR_FUNC, "_f", -1, 0, "body"))).node;
}

static struct weft_attr attr(const struct weft_node *n, const char *name, enum weft_attr_kind kind)
{
    struct weft_attr a;
    ok(weft_node_attr(n, name, &a));
    assert_int_equal(a.kind, kind);
    assert_string_equal(a.name, name);
    return a;
}

static void numbers(const struct weft_node *n)
{
    struct weft_attr a = attr(n, "_bools", WEFT_ATTR_BOOLS);
    assert_int_equal(a.i, 2);
    assert_memory_equal(a.p, ((int64_t[]){ 1, 0 }), 16);
    a = attr(n, "_ints", WEFT_ATTR_INTS);
    assert_memory_equal(a.p, ((int64_t[]){ 7, -8 }), 16);
    a = attr(n, "_floats", WEFT_ATTR_FLOATS);
    assert_int_equal(a.i, 1);
    assert_true(*(const double *)a.p == .5);
    a = attr(n, "_types", WEFT_ATTR_TYPES);
    assert_int_equal(a.i, 2);
    assert_int_equal(((const enum weft_dtype *)a.p)[0], WEFT_INT8);
    assert_int_equal(((const enum weft_dtype *)a.p)[1], WEFT_BOOL);
}

static void texts(const struct weft_node *n)
{
    const char *bytes = NULL;
    size_t length = 0;
    struct weft_attr a = attr(n, "_bytes", WEFT_ATTR_STRING);
    assert_int_equal(a.i, 3);
    assert_memory_equal(a.p, "a\0b", 4);
    assert_string_equal(attr(n, "_text", WEFT_ATTR_STRING).p, "abc");
    assert_string_equal(attr(n, "_f", WEFT_ATTR_FUNC).p, "body");
    assert_int_equal(attr(n, "_strings", WEFT_ATTR_STRINGS).i, 2);
    ok(weft_node_attr_string(n, "_strings", 1, &bytes, &length));
    assert_int_equal(length, 2);
    assert_string_equal(bytes, "yz");
    ok(weft_node_attr_string(n, "_text", 0, &bytes, NULL));
    assert_string_equal(bytes, "abc");
    fails(weft_node_attr_string(n, "_strings", 2, &bytes, &length), WEFT_INVALID_ARGUMENT,
          "Attr '_strings' of 'rich' has no element 2 of 2");
    fails(weft_node_attr_string(n, "_ints", 0, &bytes, &length), WEFT_INVALID_ARGUMENT,
          "Attr '_ints' of 'rich' is a list(int), not a string");
}

static void shapes_and_tensors(const struct weft_node *n)
{
    int rank = 0;
    int64_t dims[WEFT_MAX_RANK];
    struct weft_tensor *t = NULL;
    struct weft_attr a = attr(n, "_shape", WEFT_ATTR_SHAPE);
    assert_int_equal(a.i, 1);
    assert_int_equal(*(const int64_t *)a.p, 4);
    assert_int_equal(attr(n, "_shapes", WEFT_ATTR_SHAPES).i, 2);
    ok(weft_node_attr_shape(n, "_shapes", 0, &rank, dims));
    assert_true(rank == 2 && dims[0] == 3 && dims[1] == -1);
    ok(weft_node_attr_shape(n, "_shapes", 1, &rank, dims));
    assert_int_equal(rank, -1);
    ok(weft_node_attr_shape(n, "_shape", 0, &rank, dims));
    assert_true(rank == 1 && dims[0] == 4);
    assert_int_equal(attr(n, "_tensors", WEFT_ATTR_TENSORS).i, 2);
    ok(weft_node_attr_tensor(n, "_tensors", 1, &t));
    assert_true(weft_tensor_number(t, 0) == 5);
    assert_true(weft_tensor_is_shared(t));
    weft_tensor_free(t);
    ok(weft_node_attr_tensor(n, "_tensor", 0, &t));
    weft_tensor_free(t);
    fails(weft_node_attr_tensor(n, "_tensor", 1, &t), WEFT_INVALID_ARGUMENT, "no element 1 of 1");
    fails(weft_node_attr_shape(n, "_tensor", 0, &rank, dims), WEFT_INVALID_ARGUMENT, "not a shape");
}

static void every_kind(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_tensor *five = weft_tensor_scalar(WEFT_FLOAT, 5);
    assert_false(weft_tensor_is_shared(five));
    struct weft_node *n = rich(g, five);
    ok(weft_graph_error(g));
    assert_true(weft_tensor_is_shared(five));
    numbers(n);
    texts(n);
    shapes_and_tensors(n);
    fails(weft_node_attr(n, "_none", &(struct weft_attr){ 0 }), WEFT_NOT_FOUND,
          "Operation 'rich' has no attr named '_none'.");
    weft_tensor_free(five);
    weft_graph_free(g);
}

/* A92: shapes of too many dimensions are refused in lists too. */
static void too_many_dimensions(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    const struct weft_shape wrong[] = { { 9, { 0 } } };
    weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(weft_attr_shapes("_s", wrong, 1)));
    sticks(g, WEFT_INVALID_ARGUMENT, "at most 8 dimensions");
    weft_graph_free(g);
}

/* The op's own come first, whether said, inferred or by default; then private ones. */
static void order(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_scalar(g, WEFT_DOUBLE, 1), i = weft_scalar(g, WEFT_INT32, 1);
    struct weft_node *n = weft_op(g, "MatMul", WEFT_OUTS(weft_zeros(g, WEFT_FLOAT, 2,
                                                                    (int64_t[]){ 1, 1 }),
                                                         weft_zeros(g, WEFT_FLOAT, 2,
                                                                    (int64_t[]){ 1, 1 })),
                                  WEFT_ATTRS(weft_attr_int("_mine", 3),
                                             weft_attr_bool("transpose_b", true))).node;
    assert_int_equal(weft_node_attrs(n), 4);
    assert_string_equal(weft_node_attr_name(n, 0), "transpose_a");
    assert_string_equal(weft_node_attr_name(n, 2), "T");
    assert_string_equal(weft_node_attr_name(n, 3), "_mine");
    assert_null(weft_node_attr_name(n, 4));
    assert_null(weft_node_attr_name(n, -1));
    assert_int_equal(attr(n, "transpose_a", WEFT_ATTR_BOOL).i, 0);
    assert_int_equal(attr(n, "transpose_b", WEFT_ATTR_BOOL).i, 1);
    assert_int_equal(attr(n, "_mine", WEFT_ATTR_INT).i, 3);
    struct weft_attr types = attr(weft_op(g, "IdentityN", WEFT_OUTS(x, i), NULL, 0).node, "T",
                                  WEFT_ATTR_TYPES);                 /* bound by the inputs */
    assert_int_equal(types.i, 2);
    assert_int_equal(((const enum weft_dtype *)types.p)[0], WEFT_DOUBLE);
    assert_int_equal(((const enum weft_dtype *)types.p)[1], WEFT_INT32);
    weft_graph_free(g);
}

/* An explicit device counts more than scopes and colocation. */
static void devices(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_node *n = NULL;
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 1);
    weft_device(g, "/job:worker/device:GPU:1");
    struct weft_out y = weft_op(g, "Identity", &x, 1, WEFT_ATTRS(weft_attr_device("/cpu:0")));
    assert_string_equal(weft_node_device(y.node), "/device:CPU:0");
    y = weft_op(g, "Identity", &x, 1, WEFT_ATTRS(weft_attr_device("")));
    assert_string_equal(weft_node_device(y.node), "");
    weft_scope_end(g);
    y = weft_op(g, "Identity", &x, 1, WEFT_ATTRS(weft_attr_device("/gpu:2")));
    assert_string_equal(weft_node_device(y.node), "/device:GPU:2");
    ok(weft_node_new(g, "NoOp", "n", NULL, 0, WEFT_ATTRS(weft_attr_device("/task:1")), &n));
    assert_string_equal(weft_node_device(n), "/task:1");
    weft_op(g, "NoOp", NULL, 0, WEFT_ATTRS(weft_attr_device("nonsense")));
    sticks(g, WEFT_INVALID_ARGUMENT, "Unknown attribute");
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(too_many_dimensions),
        cmocka_unit_test(order),
        cmocka_unit_test(devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
