/* gradients_test.c - weft_gradients(): which paths count, how they are summed, and again. */
#include "api/testing.h"

static struct weft_out gradient(struct weft_out y, struct weft_out x)
{
    struct weft_out dx;
    weft_gradients(weft_node_graph(y.node), &y, 1, &x, 1, NULL, &dx);
    return dx;
}

static struct weft_out number(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_DOUBLE, x);
}

/* F1: the sum over all ys and all paths, under "gradients", then "gradients_1" (F15); each op's
 * part is under <name>_grad. F7: what meets is added by AddN. */
static void paths_are_summed(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), two = number(g, 2);
    struct weft_out square = weft_op(g, "Mul", WEFT_OUTS(x, x), WEFT_ATTRS(weft_name("square")));
    struct weft_out y = binary("Add", square, binary("Mul", x, two));
    struct weft_out both[2] = { y, square }, dx, again;
    weft_gradients(g, both, 2, &x, 1, NULL, &dx);
    named(dx.node, "gradients/AddN_1", "AddN");
    assert_non_null(weft_graph_find(g, "gradients/square_grad/Mul"));
    int n = weft_graph_count(g);
    again = gradient(y, x);
    assert_true(weft_graph_count(g) > n);
    assert_memory_equal(weft_node_name(again.node), "gradients_1/", 12);
    struct weft_session *s = session_on(g);
    HOLDS(s, dx, 14);
    HOLDS(s, again, 8);
    HOLDS(s, gradient(x, x), 1);
    weft_session_free(s);
    weft_graph_free(g);
}

/* The name may be another, and stands under the scope it is asked for in. */
static void named_gradients(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), y = binary("Mul", x, x), dx;
    weft_name_scope(g, "train");
    weft_gradients(g, &y, 1, &x, 1, &(struct weft_gradients_options){ .name = "back" }, &dx);
    assert_memory_equal(weft_node_name(dx.node), "train/back/", 11);
    weft_scope_end(g);
    ok(weft_graph_error(g));
    weft_graph_free(g);
}

/* F2: no path, or only one through integers, gives {NULL}; so do ops not differentiable. */
static void unconnected(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), apart = number(g, 1), y = binary("Mul", x, x);
    struct weft_out back = cast(cast(x, WEFT_INT32), WEFT_DOUBLE);
    struct weft_out whole = weft_scalar(g, WEFT_INT32, 3);
    assert_null(gradient(y, apart).node);
    assert_null(gradient(back, x).node);
    assert_null(gradient(cast(whole, WEFT_DOUBLE), whole).node);
    assert_null(gradient(unary("Sign", cast(binary("Less", x, y), WEFT_DOUBLE)), x).node);
    struct weft_out partly = binary("Mul", binary("Add", x, back), number(g, 2));
    struct weft_session *s = session_on(g);
    HOLDS(s, gradient(partly, x), 2);
    weft_session_free(s);
    weft_graph_free(g);
}

/* F3: dL/dy as given; an entry {NULL} is ones; types and shapes are checked. */
static void given_gradients(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_vector(g, WEFT_DOUBLE, 2, (double[]){ 1, 2 });
    struct weft_out y[2] = { binary("Mul", x, x), unary("Neg", x) }, dx;
    struct weft_out dy[2] = { weft_vector(g, WEFT_DOUBLE, 2, (double[]){ 10, 100 }), { NULL, 0 } };
    struct weft_gradients_options o = { .grad_ys = dy };
    weft_gradients(g, y, 2, &x, 1, &o, &dx);
    struct weft_session *s = session_on(g);
    HOLDS(s, dx, 19, 399);
    dy[0] = weft_scalar(g, WEFT_FLOAT, 1);
    weft_gradients(g, y, 1, &x, 1, &o, &dx);
    assert_null(dx.node);
    sticks(g, WEFT_INVALID_ARGUMENT, "Gradient type float32 generated for tensor");
    weft_session_free(s);
    weft_graph_free(g);
}

/* F4: stop_gradients, and the op StopGradient. */
static void stopped_gradients(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out a = number(g, 1), b = binary("Mul", a, number(g, 2)), y = binary("Add", a, b);
    struct weft_out x[2] = { a, b }, dx[2];
    struct weft_gradients_options o = { .stop = x, .n_stop = 2 };
    struct weft_session *s = session_on(g);
    weft_gradients(g, &y, 1, x, 2, &o, dx);
    HOLDS(s, dx[0], 1);
    HOLDS(s, dx[1], 1);
    weft_gradients(g, &y, 1, x, 2, NULL, dx);
    HOLDS(s, dx[0], 3);
    HOLDS(s, dx[1], 1);
    HOLDS(s, gradient(binary("Add", a, unary("StopGradient", b)), a), 1);
    weft_session_free(s);
    weft_graph_free(g);
}

/* F5: an op without gradient on the path; one that forbids it. */
static void without_gradient(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 2), dx = { NULL, 1 };
    struct weft_out y = weft_op(g, "PreventGradient", &x, 1,
                                WEFT_ATTRS(weft_attr_string("message", "not this way")));
    weft_gradients(g, &y, 1, &x, 1, NULL, &dx);
    assert_null(dx.node);
    sticks(g, WEFT_NOT_FOUND, "Gradient explicitly disabled. Reason: ");
    y = weft_op(g, "Mod", WEFT_OUTS(x, x), WEFT_ATTRS(weft_name("rest")));
    weft_gradients(g, &y, 1, &x, 1, NULL, &dx);
    sticks(g, WEFT_NOT_FOUND, "No gradient defined for operation 'rest' (op type: Mod)");
    weft_graph_free(g);
}

/* F10: outputs that nobody uses count as zeros. */
static void unused_outputs(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_vector(g, WEFT_DOUBLE, 4, (double[]){ 1, 2, 3, 4 });
    struct weft_out parts = weft_op(g, "Split", WEFT_OUTS(weft_scalar(g, WEFT_INT32, 0), x),
                                    WEFT_ATTRS(weft_attr_int("num_split", 2)));
    struct weft_out second = weft_output(parts, 1);
    struct weft_session *s = session_on(g);
    HOLDS(s, gradient(binary("Mul", second, second), x), 0, 0, 6, 8);
    weft_session_free(s);
    weft_graph_free(g);
}

/* F15: gradients wait for nothing that the forward pass was told to wait for. */
static void control_dependencies_stay_behind(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 2), c = number(g, 1);
    weft_control_dependencies(g, &c.node, 1);
    struct weft_out y = binary("Mul", x, x);
    weft_scope_end(g);
    int n = weft_graph_count(g);
    gradient(y, x);
    for (int i = n; i < weft_graph_count(g); i++)
        assert_int_equal(weft_node_controls(weft_graph_node(g, i)), 0);
    ok(weft_graph_error(g));
    weft_graph_free(g);
}

/* F17: broadcast axes are summed; ties: Maximum's first, Max shares; relu' and abs' at 0 are 0. */
static void broadcasts_and_ties(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_vector(g, WEFT_DOUBLE, 2, (double[]){ 1, 2 });
    struct weft_out m = matrix(g, WEFT_DOUBLE, 3, 2, (double[]){ 1, 2, 3, 4, 5, 6 });
    struct weft_out zero = number(g, 0), one = number(g, 1);
    struct weft_out same = weft_vector(g, WEFT_DOUBLE, 3, (double[]){ 7, 7, 1 });
    struct weft_out axis = weft_vector(g, WEFT_INT32, 1, (double[]){ 0 });
    struct weft_session *s = session_on(g);
    HOLDS(s, gradient(binary("Mul", m, x), x), 9, 12);
    HOLDS(s, gradient(binary("Mul", m, one), one), 21);
    HOLDS(s, gradient(binary("Maximum", one, binary("Mul", one, one)), one), 1);
    HOLDS(s, gradient(binary("Max", same, axis), same), .5, .5, 0);
    HOLDS(s, gradient(unary("Relu", zero), zero), 0);
    HOLDS(s, gradient(unary("Abs", zero), zero), 0);
    HOLDS(s, gradient(unary("Sqrt", zero), zero), INFINITY);
    weft_session_free(s);
    weft_graph_free(g);
}

/* F8: gathers give rows, several are joined, dense ones too; asked for dense, they are summed. */
static void rows(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = matrix(g, WEFT_DOUBLE, 3, 1, (double[]){ 1, 2, 3 });
    struct weft_out at = weft_vector(g, WEFT_INT32, 3, (double[]){ 2, 0, 2 });
    struct weft_out zero = weft_scalar(g, WEFT_INT32, 0), dx;
    struct weft_out looked = weft_op(g, "GatherV2", WEFT_OUTS(x, at, zero), NULL, 0);
    struct weft_out y = sum_all(binary("Mul", looked, looked));
    struct weft_slices slices;
    struct weft_gradients_options o = { .slices = &slices };
    struct weft_session *s = session_on(g);
    weft_gradients(g, &y, 1, &x, 1, &o, &dx);
    assert_non_null(slices.indices.node);
    HOLDS(s, slices.values, 6, 2, 6);
    HOLDS(s, slices.indices, 2, 0, 2);
    HOLDS(s, slices.dense_shape, 3, 1);
    HOLDS(s, gradient(y, x), 2, 0, 12);
    y = binary("Add", y, sum_all(x));
    weft_gradients(g, &y, 1, &x, 1, &o, &dx);
    assert_non_null(slices.indices.node);
    struct weft_tensor *t = value_of(s, slices.values);
    assert_int_equal(weft_tensor_dim(t, 0), 6);
    weft_tensor_free(t);
    HOLDS(s, gradient(y, x), 3, 1, 13);
    weft_session_free(s);
    weft_graph_free(g);
}

/* F13: a variable stands for its value, whichever kind it is. */
static void variables(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags <= WEFT_USE_RESOURCE; flags += WEFT_USE_RESOURCE) {
        struct weft_graph *g = weft_graph_new();
        struct weft_variable v = weft_variable_new(g, "v", number(g, 3), flags);
        struct weft_out y = binary("Mul", v.value, v.value);
        struct weft_node *init = weft_variables_initializer(g);
        struct weft_session *s = session_on(g);
        ok(weft_session_do(s, init));
        HOLDS(s, gradient(y, v.ref), 6);
        HOLDS(s, gradient(y, v.value), 6);
        weft_session_free(s);
        weft_graph_free(g);
    }
}

/* ---- second derivatives against differences of the first ---- */

static struct weft_out f_product(struct weft_out x)
{ return binary("Mul", x, binary("Mul", x, x)); }
static struct weft_out f_tanh(struct weft_out x) { return unary("Tanh", x); }
static struct weft_out f_sigmoid(struct weft_out x) { return unary("Sigmoid", x); }
static struct weft_out f_quotient(struct weft_out x)
{ return binary("RealDiv", unary("Sin", x), unary("Exp", x)); }
static struct weft_out f_log(struct weft_out x) { return unary("Log", binary("Mul", x, x)); }
static struct weft_out f_sqrt(struct weft_out x) { return unary("Sqrt", unary("Exp", x)); }
static struct weft_out f_softplus(struct weft_out x) { return unary("Softplus", x); }
static struct weft_out f_power(struct weft_out x)
{ return binary("Pow", x, number(weft_node_graph(x.node), 2.5)); }

static struct weft_out f_matmul(struct weft_out x)
{
    struct weft_graph *g = weft_node_graph(x.node);
    struct weft_out m = binary("Mul", x, matrix(g, WEFT_DOUBLE, 2, 2, (double[]){ 1, 2, 3, 4 }));
    return sum_all(binary("MatMul", m, m));
}

static struct weft_out f_softmax(struct weft_out x)
{
    struct weft_graph *g = weft_node_graph(x.node);
    struct weft_out m = binary("Mul", x, matrix(g, WEFT_DOUBLE, 1, 3, (double[]){ 1, -2, 3 }));
    struct weft_out y = unary("Softmax", m);
    return sum_all(binary("Mul", y, y));
}

static double at(struct weft_session *s, struct weft_out x, struct weft_out y, double value)
{
    struct weft_tensor *v = weft_tensor_scalar(WEFT_DOUBLE, value), *t = NULL;
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ x, v }), &y, 1, NULL, 0, &t));
    double number = weft_tensor_number(t, 0);
    weft_tensor_free(t);
    weft_tensor_free(v);
    return number;
}

static void derivatives_agree(struct weft_out (*f)(struct weft_out))
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_DOUBLE, 0, NULL), y = f(x);
    struct weft_out first = gradient(y, x), second = gradient(first, x);
    struct weft_session *s = session_on(g);
    const double h = 1e-5, points[] = { .7, 1.9 };
    for (int i = 0; i < 2; i++) {
        double p = points[i];
        is_near(at(s, x, first, p), (at(s, x, y, p + h) - at(s, x, y, p - h)) / (2 * h), 1e-6);
        is_near(at(s, x, second, p), (at(s, x, first, p + h) - at(s, x, first, p - h)) / (2 * h),
                1e-6);
    }
    weft_session_free(s);
    weft_graph_free(g);
}

static void second_derivatives(void **state)
{
    (void)state;
    struct weft_out (*const f[])(struct weft_out) = {
        f_product, f_tanh, f_sigmoid, f_quotient, f_log, f_sqrt, f_softplus, f_power, f_matmul,
        f_softmax,
    };
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) {
        print_message("function %zu\n", i);
        derivatives_agree(f[i]);
    }
}

/* What is no output of the graph is refused; so is asking after an error. */
static void wrong_requests(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new(), *h = weft_graph_new();
    struct weft_out x = number(g, 1), y = number(h, 2), none = { NULL, 0 }, dx = { x.node, 0 };
    weft_gradients(g, &x, 1, &y, 1, NULL, &dx);
    assert_null(dx.node);
    sticks(g, WEFT_INVALID_ARGUMENT, "is not an element of this graph.");
    weft_gradients(g, &x, 1, &none, 1, NULL, &dx);
    sticks(g, WEFT_INVALID_ARGUMENT, "is not an element of this graph.");
    weft_gradients(g, &none, 1, &x, 1, NULL, &dx);
    sticks(g, WEFT_INVALID_ARGUMENT, "is not an element of this graph.");
    weft_op(g, "Nonsense", NULL, 0, NULL, 0);
    int n = weft_graph_count(g);
    weft_gradients(g, &x, 1, &x, 1, NULL, &dx);
    assert_int_equal(weft_graph_count(g), n);
    sticks(g, WEFT_NOT_FOUND, "Op type not registered 'Nonsense'");
    weft_graph_free(g);
    weft_graph_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_summed),
        cmocka_unit_test(named_gradients),
        cmocka_unit_test(unconnected),
        cmocka_unit_test(given_gradients),
        cmocka_unit_test(stopped_gradients),
        cmocka_unit_test(without_gradient),
        cmocka_unit_test(unused_outputs),
        cmocka_unit_test(control_dependencies_stay_behind),
        cmocka_unit_test(broadcasts_and_ties),
        cmocka_unit_test(rows),
        cmocka_unit_test(variables),
        cmocka_unit_test(second_derivatives),
        cmocka_unit_test(wrong_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
