/* host_test.c - functions of the program's own in a graph: PyFunc, PyFuncStateless (E41). */
#include "api/testing.h"
#include "base/mem.h"

#include <stdatomic.h>

static atomic_int calls;
static struct weft_graph *graph;
static float kept_memory[2];
static struct weft_session *closing;

static struct weft_status *negate(struct weft_tensor *in, struct weft_tensor **out)
{
    int64_t n = weft_tensor_count(in), dims[1] = { n };
    struct weft_status *st = weft_tensor_new(WEFT_FLOAT, 1, dims, NULL, out);
    for (int64_t i = 0; i < n && !st; i++)
        ((float *)weft_tensor_data(*out))[i] = (float)-weft_tensor_number(in, i);
    return st;
}

/* Two of the three results that are asked for. */
static void too_few(struct weft_tensor **out)
{
    out[0] = weft_tensor_scalar(WEFT_FLOAT, 1);
    out[1] = weft_tensor_scalar(WEFT_INT32, 2);
}

/* A run inside the run, on another session. */
static struct weft_status *run_again(struct weft_tensor *in, struct weft_tensor **out)
{
    struct weft_session *s = NULL;
    struct weft_out x = weft_const(graph, in), y = unary("Neg", x);
    struct weft_status *st = weft_session_new(graph, NULL, &s);
    if (!st)
        st = weft_session_eval(s, y, out);
    weft_session_free(s);
    return st;
}

/* Memory that the function goes on using. */
static struct weft_status *wrap_own(struct weft_tensor **out)
{
    kept_memory[0] = 1;
    kept_memory[1] = 2;
    return weft_tensor_wrap(WEFT_FLOAT, 1, (int64_t[]){ 2 }, kept_memory, NULL, NULL, out);
}

static struct weft_status *host(const char *token, struct weft_tensor *const *in, int n_in,
                                const enum weft_dtype *types, struct weft_tensor **out, int n_out)
{
    (void)types;
    atomic_fetch_add(&calls, 1);
    if (!strcmp(token, "negate"))
        return negate(in[0], out);
    if (!strcmp(token, "run_again"))
        return run_again(in[0], out);
    if (!strcmp(token, "wrap_own"))
        return wrap_own(out);
    if (!strcmp(token, "close"))
        weft_session_close(closing);
    if (!strcmp(token, "same") || !strcmp(token, "close"))
        out[0] = weft_tensor_ref(in[0]);
    else if (!strcmp(token, "too_few"))
        too_few(out);
    else if (!strcmp(token, "count"))
        out[0] = weft_tensor_scalar(WEFT_INT32, n_in + 10 * n_out);
    else if (!strcmp(token, "half_done"))
        out[0] = weft_tensor_scalar(WEFT_FLOAT, 1);
    if (!strcmp(token, "fails") || !strcmp(token, "half_done"))
        return weft_status_new(WEFT_OUT_OF_RANGE, "StopIteration: enough");
    return NULL;
}

static struct weft_out call(const char *op, const char *token, const struct weft_out *in, int n_in,
                            const enum weft_dtype *types, int n_out)
{
    return weft_op(graph, op, in, n_in, WEFT_ATTRS(
        weft_name(token), weft_attr_string("token", token),
        weft_attr_types("Tout", types, n_out)));
}

static struct weft_out py(const char *token, struct weft_out x)
{
    return call("PyFunc", token, &x, 1, (enum weft_dtype[]){ WEFT_FLOAT }, 1);
}

static int begin(void **state)
{
    (void)state;
    graph = weft_graph_new();
    weft_set_host_function(host);
    atomic_store(&calls, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    weft_set_host_function(NULL);
    weft_graph_free(graph);
    return 0;
}

static void values(void **state)
{
    (void)state;
    struct weft_out x = weft_vector(graph, WEFT_FLOAT, 3, (double[]){ 1, 2, 3 });
    struct weft_out y = py("negate", x);
    int64_t dims[WEFT_MAX_RANK];
    struct weft_session *s = session_on(graph);
    assert_int_equal(weft_out_shape(y, dims), -1);
    HOLDS(s, y, -1, -2, -3);
    HOLDS(s, binary("Add", y, x), 0, 0, 0);
    HOLDS(s, py("same", x), 1, 2, 3);
    HOLDS(s, binary("Mul", py("same", x), py("same", x)), 1, 4, 9);
    enum weft_dtype one[] = { WEFT_INT32 };
    HOLDS(s, call("PyFunc", "count", NULL, 0, one, 1), 10);
    HOLDS(s, call("PyFunc", "count", WEFT_OUTS(x, y, x), one, 1), 13);
    weft_session_free(s);
}

/* With constants in, a shape that was told, nothing in: it runs in runs alone, each time. */
static void runs_in_runs_alone(void **state)
{
    static const char *const ops[] = { "PyFunc", "PyFuncStateless" };
    enum weft_dtype one[] = { WEFT_INT32 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct weft_out x = weft_scalar(graph, WEFT_FLOAT, 1);
        struct weft_out some = call(ops[i], "count", &x, 1, one, 1);
        struct weft_out none = call(ops[i], "count", NULL, 0, one, 1);
        weft_set_shape(some, 0, NULL);
        weft_set_shape(none, 0, NULL);
        assert_null(weft_out_value(some));
        assert_null(weft_out_value(none));
        binary("ExpandDims", x, some);                  /* its shape function wants the value */
        struct weft_session *s = session_on(graph);
        struct weft_call *c = NULL;
        atomic_store(&calls, 0);
        ok(weft_call_new(s, NULL, 0, WEFT_OUTS(some, none), NULL, 0, &c));
        assert_int_equal(atomic_load(&calls), 0);
        for (int k = 1; k <= 2; k++) {
            struct weft_tensor *t[2];
            ok(weft_call_run(c, NULL, NULL, t));
            weft_tensor_free(t[0]);
            weft_tensor_free(t[1]);
            assert_int_equal(atomic_load(&calls), 2 * k);
        }
        weft_call_free(c);
        weft_session_free(s);
    }
    assert_true(weft_op_is_stateful(weft_op_find("PyFunc")));
    assert_false(weft_op_is_stateful(weft_op_find("PyFuncStateless")));
}

static void fails_to_run(struct weft_session *s, struct weft_out o, enum weft_code code,
                         const char *text)
{
    struct weft_tensor *t = NULL;
    fails(weft_session_eval(s, o, &t), code, text);
    assert_null(t);
}

static void failures(void **state)
{
    enum weft_dtype three[] = { WEFT_FLOAT, WEFT_INT32, WEFT_BOOL };
    enum weft_dtype wrong[] = { WEFT_FLOAT, WEFT_FLOAT };
    (void)state;
    struct weft_out x = weft_scalar(graph, WEFT_FLOAT, 1);
    struct weft_session *s = session_on(graph);
    fails_to_run(s, py("fails", x), WEFT_OUT_OF_RANGE, "StopIteration: enough");
    fails_to_run(s, py("half_done", x), WEFT_OUT_OF_RANGE, "[[{{node half_done}}]]");
    fails_to_run(s, call("PyFunc", "too_few", &x, 1, three, 3), WEFT_INVALID_ARGUMENT,
                 "too_few returns 2 values, but expects to see 3 values.");
    fails_to_run(s, call("PyFunc", "too_few", &x, 1, wrong, 2), WEFT_INVALID_ARGUMENT,
                 "1-th value returned by too_few is int32, but expects float");
    weft_set_host_function(NULL);
    fails_to_run(s, py("negate", x), WEFT_INVALID_ARGUMENT, "callback negate is not found");
    weft_session_free(s);
}

/* What later steps write does not reach the function's memory, nor the other way. */
static void memory_stays_apart(void **state)
{
    (void)state;
    struct weft_out x = weft_vector(graph, WEFT_FLOAT, 2, (double[]){ 1, 2 });
    struct weft_out own = py("wrap_own", x);
    struct weft_out start = weft_zeros(graph, WEFT_FLOAT, 1, (int64_t[]){ 2 });
    struct weft_variable v = weft_variable_new(graph, "v", start, 0);
    struct weft_out set = weft_variable_assign(v, own);
    struct weft_session *s = session_on(graph);
    HOLDS(s, unary("Neg", own), -1, -2);
    assert_true(kept_memory[0] == 1 && kept_memory[1] == 2);
    HOLDS(s, set, 1, 2);
    kept_memory[0] = 99;
    HOLDS(s, v.value, 1, 2);
    weft_session_free(s);
}

/* A function cannot wait for the step that called it: that step gives the session back. */
static void closes_its_own_session(void **state)
{
    (void)state;
    struct weft_out x = weft_scalar(graph, WEFT_FLOAT, 3);
    struct weft_out y = unary("Neg", py("close", x));
    struct weft_tensor *value = NULL;
    closing = session_on(graph);
    struct weft_status *st = weft_session_run(closing, NULL, NULL, 0, &y, 1, NULL, 0, &value);
    weft_status_free(st);               /* cancelled or, where it was faster, not */
    weft_tensor_free(value);
    fails_to_run(closing, y, WEFT_CANCELLED, "Session has been closed.");
    weft_session_free(closing);
}

/* A function may build, and run sessions of its own, in the middle of a run. */
static void runs_inside_runs(void **state)
{
    (void)state;
    struct weft_out x = weft_vector(graph, WEFT_FLOAT, 2, (double[]){ 1, 2 }), y = x;
    struct weft_out a = py("run_again", x), b = py("run_again", unary("Exp", y));
    struct weft_session *s = session_on(graph);
    HOLDS(s, binary("Sub", a, b), -1 + exp(1), -2 + exp(2));
    weft_session_free(s);
}

/* Each allocation fails once: an error, nothing lost. */
static void memory_ends(void **state)
{
    (void)state;
    enum weft_dtype two[] = { WEFT_FLOAT, WEFT_INT32 };
    struct weft_out x = weft_vector(graph, WEFT_FLOAT, 2, (double[]){ 1, 2 });
    struct weft_out y[2] = { py("negate", x), call("PyFunc", "too_few", &x, 1, two, 2) };
    struct weft_session *s = session_on(graph);
    struct weft_call *c = NULL;
    bool done = false;
    ok(weft_call_new(s, NULL, 0, y, 2, NULL, 0, &c));
    size_t before = weft_memory_in_use();
    for (long n = 0; !done; n++) {
        struct weft_tensor *t[2] = { NULL, NULL };
        mem_fail_after(n, 0);
        struct weft_status *st = weft_call_run(c, NULL, NULL, t);
        mem_fail_after(-1, 0);
        done = !st;
        if (st && weft_status_code(st) != WEFT_INVALID_ARGUMENT)        /* a value is missing */
            assert_int_equal(weft_status_code(st), WEFT_RESOURCE_EXHAUSTED);
        weft_status_free(st);
        weft_tensor_free(t[0]);
        weft_tensor_free(t[1]);
        assert_true(n < 1000);
    }
    weft_call_free(c);
    weft_session_free(s);
    assert_true(weft_memory_in_use() <= before);
}

struct shared { struct weft_session *s; struct weft_out y; };

static void *evaluates(void *p)
{
    struct shared *w = p;
    for (int i = 0; i < 100; i++)
        HOLDS(w->s, w->y, -6);
    return NULL;
}

static void from_many_threads(void **state)
{
    (void)state;
    struct weft_out x = weft_vector(graph, WEFT_FLOAT, 1, (double[]){ 2 });
    struct weft_out three[3] = { py("negate", x), py("negate", x), py("negate", x) };
    struct shared w = { session_on(graph), weft_op(graph, "AddN", three, 3, NULL, 0) };
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, evaluates, &w);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(atomic_load(&calls), 1200);
    weft_session_free(w.s);
}

/* As in TensorFlow. */
static void gradients_stop(void **state)
{
    (void)state;
    struct weft_out x = weft_scalar(graph, WEFT_FLOAT, 1), y = py("negate", x), dx;
    weft_gradients(graph, &y, 1, &x, 1, NULL, &dx);
    assert_null(weft_graph_error(graph));
    assert_null(dx.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values, begin, end),
        cmocka_unit_test_setup_teardown(runs_in_runs_alone, begin, end),
        cmocka_unit_test_setup_teardown(failures, begin, end),
        cmocka_unit_test_setup_teardown(memory_stays_apart, begin, end),
        cmocka_unit_test_setup_teardown(closes_its_own_session, begin, end),
        cmocka_unit_test_setup_teardown(runs_inside_runs, begin, end),
        cmocka_unit_test_setup_teardown(memory_ends, begin, end),
        cmocka_unit_test_setup_teardown(from_many_threads, begin, end),
        cmocka_unit_test_setup_teardown(gradients_stop, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
