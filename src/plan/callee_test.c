/* callee_test.c - functions of the library are run, by both executors, and refused where they
 * cannot be. */
#include "base/pool.h"
#include "base/str.h"
#include "op/callee.h"
#include "ops/ops.h"
#include "test/functions.h"

/* (x, y) of any type -> (x + y, x) */
#define BOTH FUNCTION("Both", ARG("x", OF_T) ARG("y", OF_T) OUT("sum", OF_T) OUT("same", OF_T) \
                      "attr { name: 'T' type: 'type' } ", \
                      BODY("add", "AddV2", IN("x") IN("y") HOLE("T", "T")) \
                      RET("sum", "add:z:0") RET("same", "x"))
/* x -> 2x, by way of Both */
#define TWICE FUNCTION("Twice", ARG("x", FLOAT) OUT("y", FLOAT), \
                       BODY("both", "Both", IN("x") IN("x") TYPE("T", "DT_FLOAT")) \
                       RET("y", "both:sum:0"))

/* ---- what runs ---- */

static void by_name_and_by_call(void **state)
{
    (void)state;
    gives(BOTH X NODE("f", "Both", IN("x") IN("x") TYPE("T", "DT_FLOAT")), "f:0", 6);
    gives(BOTH X NODE("f", "Both", IN("x") IN("x") TYPE("T", "DT_FLOAT")), "f:1", 3);
    gives(BOTH TWICE X CALL("f", IN("x"), FLOATS, FLOATS, "Twice"), "f", 6);
    gives(BOTH X NODE("f", "StatefulPartitionedCall", IN("x") IN("x") TYPES("Tin", FLOATS FLOATS)
                      TYPES("Tout", FLOATS FLOATS) "attr { key: 'f' value { func { name: 'Both' "
                      TYPE("T", "DT_FLOAT") "} } } "), "f:0", 6);
}

static void one_body_for_each_set_of_attributes(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        BOTH X NODE("f", "Both", IN("x") IN("x") TYPE("T", "DT_FLOAT"))
        NODE("g", "Both", IN("f:1") IN("f") TYPE("T", "DT_FLOAT"))
        NODE("i", "Cast", IN("x") TYPE("SrcT", "DT_FLOAT") TYPE("DstT", "DT_INT32"))
        NODE("h", "Both", IN("i") IN("i") TYPE("T", "DT_INT32")));
    double value[3];
    struct body *f, *other, *h;
    for (int i = 0; i < WAYS; i++) {
        ok(run(g, ways[i], NAMES("f:0", "g:0", "h:0"), 3, value));
        assert_true(value[0] == 6 && value[1] == 9 && value[2] == 6);
    }
    ok(function_body(graph_find(g, "f"), &f));
    ok(function_body(graph_find(g, "g"), &other));
    ok(function_body(graph_find(g, "h"), &h));
    assert_true(f == other && f != h);
    graph_unref(g);
}

/* Arguments that are lists, an output by its number alone, and the shape of what is known. */
static void lists(void **state)
{
    (void)state;
    const char *text =
        FUNCTION("Last", ARG("x", "type_list_attr: 'Ts'") OUT("y", FLOAT) OUT("shape",
                 "type: DT_INT32") "attr { name: 'Ts' type: 'list(type)' } ",
                 BODY("c", "Const", TYPE("dtype", "DT_FLOAT") "attr { key: 'value' value { tensor "
                      "{ dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 5 } } } ")
                 BODY("split", "Split", IN("axis:output:0") IN("c:output:0") TYPE("T", "DT_FLOAT")
                      "attr { key: 'num_split' value { i: 2 } } ")
                 BODY("axis", "Const", TYPE("dtype", "DT_INT32") "attr { key: 'value' value { "
                      "tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } } ")
                 BODY("add", "AddV2", IN("x:1") IN("split:output:1") TYPE("T", "DT_FLOAT"))
                 BODY("shape", "Shape", IN("c:output") TYPE("T", "DT_FLOAT"))
                 RET("y", "add:z:0") RET("shape", "shape:output:0"))
        X NODE("f", "Last", IN("x") IN("x") TYPES("Ts", FLOATS FLOATS));
    gives(text, "f:0", 8);
    struct graph *g = graph_of(text);
    assert_int_equal(graph_find(g, "f")->shape[1]->rank, 1);
    assert_int_equal(graph_find(g, "f")->shape[1]->dim[0], 1);
    graph_unref(g);
}

/* ---- what outlives a run ---- */

#define VARIABLE(name) \
    NODE(name, "VarHandleOp", \
         TYPE("dtype", "DT_FLOAT") "attr { key: 'shape' value { shape { } } } ")
#define ADDING \
    FUNCTION("Adding", ARG("v", "type: DT_RESOURCE") ARG("by", FLOAT) "is_stateful: true ", \
             BODY("add", "AssignAddVariableOp", IN("v") IN("by") TYPE("dtype", "DT_FLOAT")))
#define READ(after) NODE("read", "ReadVariableOp", IN("v") after TYPE("dtype", "DT_FLOAT"))

/* What a function does to a variable is done though nobody asks for a value, once for each call. */
static void variables(void **state)
{
    (void)state;
    gives(ADDING VARIABLE("v") X
          NODE("init", "AssignVariableOp", IN("v") IN("x") TYPE("dtype", "DT_FLOAT"))
          NODE("once", "Adding", IN("v") IN("x") IN("^init"))
          NODE("twice", "Adding", IN("v") IN("x") IN("^once"))
          READ(IN("^twice")), "read", 9);
}

#define BAD(rest)                                                                             \
    FUNCTION("Check", ARG("x", FLOAT) OUT("y", FLOAT),                                        \
             BODY("bad", "Squeeze", IN("x") TYPE("T", "DT_FLOAT") TYPES("squeeze_dims", "i: 0 ")) \
             RET("y", "x") rest)                                                              \
    X NODE("f", "Check", IN("x"))

/* What control_ret names runs, though it is not stateful and nobody asks for its value. */
static void control_outputs(void **state)
{
    (void)state;
    gives(BAD(""), "f", 3);
    refuses(BAD("control_ret { key: 'bad' value: 'bad' } "), "f", INVALID_ARGUMENT,
            "\n\t [[{{node bad}}]]\n\t [[{{node f}}]]");
}

/* Each call has numbers of its own, which go on from run to run. */
static void random_numbers(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        FUNCTION("Draw", ARG("shape", "type: DT_INT32") OUT("y", FLOAT) "is_stateful: true ",
                 BODY("u", "RandomUniform", IN("shape") TYPE("T", "DT_INT32")
                      TYPE("dtype", "DT_FLOAT") "attr { key: 'seed' value { i: 7 } } ")
                 RET("y", "u:output:0"))
        NODE("s", "Const", TYPE("dtype", "DT_INT32") "attr { key: 'value' value { tensor { "
             "dtype: DT_INT32 tensor_shape { dim { size: 0 } } } } } ")
        NODE("a", "Draw", IN("s")) NODE("b", "Draw", IN("s")));
    double once[2], more[2], again[2];
    ok(run(g, PLAN_SERIAL, NAMES("a", "b"), 1, once));
    ok(run(g, PLAN_FLOW, NAMES("a", "b"), 2, more));
    ok(run(g, PLAN_SERIAL, NAMES("a", "b"), 2, again));
    assert_true(once[0] == once[1] && more[0] == more[1] && once[0] != more[0]);
    assert_true(more[0] == again[0]);
    graph_unref(g);
}

/* ---- what is refused ---- */

static void unknown_functions(void **state)
{
    (void)state;
    refuses(X CALL("f", IN("x"), FLOATS, FLOATS, "Nobody"), "f", NOT_FOUND,
            "Function Nobody is not defined.\n\t [[{{node f}}]]");
    refuses(FUNCTION("Bad", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("n", "NoSuchOp", IN("x")) RET("y", "n:y:0"))
            X NODE("f", "Bad", IN("x")), "f", NOT_FOUND, "Op type not registered 'NoSuchOp'");
    refuses(FUNCTION("Bad", ARG("x", FLOAT) OUT("y", FLOAT), RET("y", "n:y:0"))
            X NODE("f", "Bad", IN("x")), "f", INVALID_ARGUMENT, "Function Bad: ");
    refuses(FUNCTION("Bad", ARG("x", FLOAT) OUT("y", FLOAT), "")
            X NODE("f", "Bad", IN("x")), "f", INVALID_ARGUMENT, "return value 'y' is missing");
    refuses(FUNCTION("Bad", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("n", "Neg", IN("x") TYPE("T", "DT_FLOAT")) RET("y", "n:z:0"))
            X NODE("f", "Bad", IN("x")), "f", INVALID_ARGUMENT, "node 'n' has no output 'z'");
    refuses(FUNCTION("Bad", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("n", "Neg", IN("x") TYPE("T", "DT_FLOAT"))
                     BODY("m", "Neg", IN("n:y:1") TYPE("T", "DT_FLOAT")) RET("y", "m:y:0"))
            X NODE("f", "Bad", IN("x")), "f", INVALID_ARGUMENT, "has no output y:1");
}

static void calls_that_do_not_fit(void **state)
{
    (void)state;
    refuses(BOTH TWICE X CALL("f", IN("x") IN("x"), FLOATS FLOATS, FLOATS, "Twice"), "f",
            INVALID_ARGUMENT, "Function Twice expects 1 arguments, but 2 is provided");
    refuses(BOTH TWICE X CALL("f", IN("x"), FLOATS, FLOATS FLOATS, "Twice"), "f:0",
            INVALID_ARGUMENT, "Function Twice returns 1 values, but 2 are expected");
    refuses(BOTH TWICE X CALL("f", IN("x"), FLOATS, "type: DT_INT32", "Twice"), "f",
            INVALID_ARGUMENT, "Function Twice returns float as ret[0], but int32 is expected");
    refuses(BOTH X CALL("f", IN("x") IN("x"), FLOATS FLOATS, FLOATS FLOATS, "Both"), "f:0",
            INVALID_ARGUMENT, "Function Both is not given its attribute 'T'");
}

static void calls_without_end(void **state)
{
    (void)state;
    refuses(FUNCTION("Self", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("again", "Self", IN("x")) RET("y", "again:y:0"))
            X NODE("f", "Self", IN("x")), "f", INVALID_ARGUMENT, "Function Self calls itself");
    refuses(FUNCTION("Ping", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("n", "Pong", IN("x")) RET("y", "n:y:0"))
            FUNCTION("Pong", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("n", "Ping", IN("x")) RET("y", "n:y:0"))
            X NODE("f", "Ping", IN("x")), "f", INVALID_ARGUMENT, "Function Ping calls itself");
    /* Each call gives the next one more than it was given. */
    refuses(FUNCTION("Grow", ARG("x", FLOAT) OUT("y", FLOAT) "attr { name: 'f' type: 'func' } ",
                     BODY("n", "Grow", IN("x") "attr { key: 'f' value { func { name: 'g' "
                          HOLE("f", "f") "} } } ") RET("y", "n:y:0"))
            X NODE("f", "Grow", IN("x") F("g")), "f", INVALID_ARGUMENT,
            "nested more than 100 deep");
}

/* f0 calls f1, which calls f2... */
static void deep_calls(void **state)
{
    (void)state;
    for (int deep = 0; deep < 2; deep++) {
        struct str text = { 0 };
        int n = deep ? 36 : 30;
        for (int i = 0; i < n; i++)
            str_printf(&text, "library { function { signature { name: 'f%d' " ARG("x", FLOAT)
                       OUT("y", FLOAT) "} node_def { name: 'n' op: '%s%.0d' input: 'x' " "%s} "
                       RET("y", "n:y:0") "} } ", i, i + 1 < n ? "f" : "Neg",
                       i + 1 < n ? i + 1 : 0, i + 1 < n ? "" : TYPE("T", "DT_FLOAT"));
        str_printf(&text, "%s", X NODE("f", "f0", IN("x")));
        if (deep)
            refuses(str_text(&text), "f", INVALID_ARGUMENT, "is called within more than 32 others");
        else
            gives(str_text(&text), "f", -3);
        str_free(&text);
    }
}

/* Functions that an import brought before it failed are gone, and their bodies. */
static void failed_imports(void **state)
{
    (void)state;
    struct graph *g = graph_of(X);
    fails(import(g, BOTH TWICE NODE("y", "Placeholder", TYPE("dtype", "DT_FLOAT"))
                 NODE("f", "Twice", IN("y")) NODE("bad", "Neg", IN("nobody"))),
          INVALID_ARGUMENT, "Unknown input node 'nobody'");
    fails(import(g, BOTH TWICE NODE("y", "Placeholder", TYPE("dtype", "DT_FLOAT"))
                 NODE("f", "Twice", IN("y")) NODE("g", "Twice", IN("f")) NODE("h", "Neg", "")),
          INVALID_ARGUMENT, "");
    assert_int_equal(library_count(g), 0);
    assert_int_equal(g->n, 1);
    graph_unref(g);
}

/* ---- from outside ---- */

static void memory_ends_in_calls(void **state)
{
    (void)state;
    memory_ends(BOTH TWICE X CALL("f", IN("x"), FLOATS, FLOATS, "Twice"), false, 6);
}

struct caller { struct plan *plan; struct tensor in; int runs; };

static void *call_often(void *arg)
{
    struct caller *c = arg;
    struct run *r = run_new(c->plan, NULL);
    struct tensor out;
    for (int i = 0; i < c->runs; i++) {
        ok(plan_run(c->plan, r, &c->in, &out, &(struct run_options){ .inter = 0 }));
        assert_true(*(float *)out.data == 6);
        tensor_unref(&out);
    }
    run_free(r);
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct graph *g = graph_of(BOTH TWICE X CALL("f", IN("x"), FLOATS, FLOATS, "Twice"));
    struct out x = at(g, "x"), y = at(g, "f");
    struct plan_key key = { .feed = &x, .n_feeds = 1, .fetch = &y, .n_fetches = 1 };
    struct caller c = { .in = test_scalar(3), .runs = 200 };
    pthread_t thread[8];
    ok(plan_compile(g, &key, NULL, PLAN_FLOW, &c.plan));
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, call_often, &c), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
    plan_free(c.plan);
    tensor_unref(&c.in);
    graph_unref(g);
}

static atomic_int cancel;

static void *cancel_soon(void *arg)
{
    (void)arg;
    while (!atomic_load(&waiting))
        sched_yield();
    atomic_store(&cancel, 1);
    return NULL;
}

/* What waits within a function hears that the run is to end. */
static void cancelled(void **state)
{
    (void)state;
    struct graph *g = graph_of(FUNCTION("Wait", ARG("x", FLOAT) OUT("y", FLOAT),
                                        BODY("w", "TestWait", IN("x")) RET("y", "w"))
                               X NODE("f", "Wait", IN("x")));
    struct out x = at(g, "x"), y = at(g, "f");
    struct plan_key key = { .feed = &x, .n_feeds = 1, .fetch = &y, .n_fetches = 1 };
    struct tensor in = test_scalar(3), out;
    struct run_options o = { .stop.cancelled = &cancel };
    pthread_t thread;
    struct plan *p;
    ok(plan_compile(g, &key, NULL, 0, &p));
    struct run *r = run_new(p, NULL);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    fails(plan_run(p, r, &in, &out, &o), CANCELLED, "TestWait was cancelled");
    pthread_join(thread, NULL);
    run_free(r);
    plan_free(p);
    tensor_unref(&in);
    graph_unref(g);
}

/* ---- callees that outlive their plan ---- */

static struct callee *held;

static struct status *hold_prepare(struct prep *p)
{
    struct callee *c;
    TRY(prep_callee(p, "f", &c));
    callee_unref(held);
    held = callee_ref(c);
    return NULL;
}

static struct status *hold_run(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

static const struct op hold_ops[] = {
    { .name = "TestHold", .inputs = "a: float", .outputs = "b: float", .attrs = "f: func",
      .doc = "For tests.", .shape = shape_unknown, .grad = NO_GRADIENT, .prepare = hold_prepare,
      .kernel_any = hold_run },
    { 0 }
};

static void hold(const char *text)
{
    struct graph *g = graph_of(text);
    double value;
    ok(run(g, 0, NAMES("f"), 1, &value));
    graph_unref(g);
}

static void *run_held(void *arg)
{
    const struct run_env *env = arg;
    for (int i = 0; i < 200; i++) {
        struct tensor in = test_scalar((float)i), out;
        ok(callee_run(held, env, &in, 1, &out));
        assert_true(*(float *)out.data == 2 * (float)i && tensor_unique(&out));
        tensor_unref(&out);
        ok(callee_run_given(held, env, &in, 1, &out));
        assert_true(*(float *)out.data == 2 * (float)i);
        tensor_unref(&out);
    }
    return NULL;
}

static void outlive_their_plan(void **state)
{
    (void)state;
    struct run_env env = { 0 };
    pthread_t thread[8];
    hold(BOTH TWICE X NODE("f", "TestHold", IN("x") F("Twice")));
    assert_int_equal(callee_n_in(held) + callee_n_out(held), 2);
    assert_int_equal(callee_out_dtype(held, 0), DT_FLOAT);
    assert_false(callee_may_wait(held));
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_held, &env), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
}

/* One may block without being stateful. */
static void who_may_wait(void **state)
{
    (void)state;
    hold(FUNCTION("Wait", ARG("x", FLOAT) OUT("y", FLOAT),
                  BODY("w", "TestWait", IN("x")) RET("y", "w"))
         X NODE("f", "TestHold", IN("x") F("Wait")));
    assert_true(callee_may_wait(held));
}

static void *run_held_slowly(void *arg)
{
    const struct run_env *env = arg;
    for (int i = 0; i < 20; i++) {
        struct tensor in = test_scalar((float)i), out[2];
        ok(callee_run_given(held, env, &in, 1, out));
        assert_true(*(float *)out[0].data == (float)i + 1 && *(float *)out[1].data == (float)i + 1);
        tensor_unref(&out[0]);
        tensor_unref(&out[1]);
    }
    return NULL;
}

/* More threads than there are spare runs, each with helpers of the pool. */
static void many_threads_and_helpers(void **state)
{
    (void)state;
    struct run_env env = { 0 };
    pthread_t thread[12];
    hold(FUNCTION("Slow", ARG("x", FLOAT) OUT("y", FLOAT) OUT("z", FLOAT),
                  BODY("a", "TestSlow", IN("x")) BODY("b", "TestSlow", IN("x"))
                  RET("y", "a:b:0") RET("z", "b:b:0"))
         X NODE("f", "TestHold", IN("x") F("Slow")));
    for (int i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_held_slowly, &env), 0);
    for (int i = 0; i < 12; i++)
        pthread_join(thread[i], NULL);
}

/* What is given and held by nobody else is written again; what is lent is not. */
static void arguments_given(void **state)
{
    (void)state;
    struct run_env env = { 0 };
    struct tensor in = test_scalar(3), out;
    void *memory = in.data;
    hold(BOTH TWICE X NODE("f", "TestHold", IN("x") F("Twice")));
    ok(callee_run(held, &env, &in, 1, &out));
    assert_true(out.data != memory && *(float *)memory == 3);
    tensor_unref(&out);
    struct tensor two[2] = { tensor_ref(&in), in };
    fails(callee_run_given(held, &env, two, 2, &out), INVALID_ARGUMENT,
          "Function Twice expects 1 arguments, but 2 is provided");
    in = (struct tensor){ 0 };
    ok(tensor_new(&in, NULL, DT_INT32, &SHAPE_SCALAR));
    fails(callee_run(held, &env, &in, 1, &out), INVALID_ARGUMENT,
          "Function Twice expects arg[0] to be float but int32 is provided");
    tensor_unref(&in);
}

static void given_memory_is_written_again(void **state)
{
    (void)state;
    struct run_env env = { 0 };
    struct tensor in = test_scalar(3), out;
    void *memory = in.data;
    hold(FUNCTION("Inc", ARG("x", FLOAT) ARG("unread", FLOAT) OUT("y", FLOAT),
                  BODY("c", "Const", TYPE("dtype", "DT_FLOAT") "attr { key: 'value' value { tensor "
                       "{ dtype: DT_FLOAT tensor_shape { } float_val: 1 } } } ")
                  BODY("n", "TestAdd", IN("x") IN("c:output:0")) RET("y", "n:c:0"))
         X NODE("f", "TestHold", IN("x") F("Inc")));
    struct tensor arg[2] = { in, test_scalar(5) };
    ok(callee_run_given(held, &env, arg, 2, &out));
    assert_true(out.data == memory && *(float *)memory == 4);
    tensor_unref(&out);
}

static void held_ones_refused(void **state)
{
    (void)state;
    callee_unref(held);
    held = NULL;
    refuses(X NODE("f", "TestHold", IN("x") F("Nobody")), "f", NOT_FOUND,
            "Function Nobody is not defined.\n\t [[{{node f}}]]");
    refuses(FUNCTION("Self", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("again", "TestHold", IN("x") F("Self")) RET("y", "again:b:0"))
            X NODE("f", "TestHold", IN("x") F("Self")), "f", INVALID_ARGUMENT,
            "Function Self calls itself");
}

/* ---- calls that wait ---- */

#define TAKE FUNCTION("Take", ARG("x", FLOAT) OUT("y", FLOAT), \
                      BODY("w", "TestTake", IN("x")) RET("y", "w:b:0"))

/* A call that waits is in nobody's way, nor are several, nor one within another. */
static void waits(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        TAKE FUNCTION("Takes", ARG("x", FLOAT) OUT("y", FLOAT),
                      BODY("a", "Take", IN("x")) BODY("b", "Take", IN("x"))
                      BODY("sum", "TestAdd", IN("a:y:0") IN("b:y:0")) RET("y", "sum:c:0"))
        X NODE("f", "Takes", IN("x")) NODE("g", "Take", IN("x")) NODE("put", "TestPut", IN("x")));
    for (int i = 0; i < WAYS; i++) {
        double value[3];
        ok(run(g, ways[i], NAMES("f", "g", "put"), 50, value));
        assert_float_equal(value[0], 6, 0);
        assert_int_equal(tokens.n, 0);
    }
    graph_unref(g);
}

/* One step of a run fails: what waits, however deep, ends with it. */
static void failure_ends_waits(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        TAKE FUNCTION("Takes", ARG("x", FLOAT) OUT("y", FLOAT),
                      BODY("a", "Take", IN("x")) RET("y", "a:y:0"))
        X NODE("f", "Takes", IN("x")) NODE("slow", "TestSlow", IN("x"))
        NODE("fail", "TestFail", IN("slow")));
    for (int i = 0; i < WAYS; i++) {
        double value[2];
        fails(run(g, ways[i], NAMES("f", "fail"), 1, value), OUT_OF_RANGE, "failed at 4");
        assert_int_equal(atomic_load(&takers), 0);
    }
    graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name_and_by_call),
        cmocka_unit_test(one_body_for_each_set_of_attributes),
        cmocka_unit_test(lists),
        cmocka_unit_test(variables),
        cmocka_unit_test(control_outputs),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(unknown_functions),
        cmocka_unit_test(calls_that_do_not_fit),
        cmocka_unit_test(calls_without_end),
        cmocka_unit_test(deep_calls),
        cmocka_unit_test(failed_imports),
        cmocka_unit_test(memory_ends_in_calls),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(outlive_their_plan), cmocka_unit_test(who_may_wait),
        cmocka_unit_test(many_threads_and_helpers),
        cmocka_unit_test(arguments_given),
        cmocka_unit_test(given_memory_is_written_again),
        cmocka_unit_test(held_ones_refused),
        cmocka_unit_test(waits),
        cmocka_unit_test(failure_ends_waits),
    };
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    ok(ops_register(hold_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
