/* functional_test.c - conditions, loops and gradients of functions, by both executors. */
#include "op/callee.h"
#include "ops/ops.h"
#include "test/functions.h"

#include "base/pool.h"
#include "base/str.h"

#define CONST(type, value) \
    TYPE("dtype", type) "attr { key: 'value' value { tensor { dtype: " type \
    " tensor_shape { } " value " } } } "
#define VALUE(name, type, value) NODE(name, "Const", CONST(type, value))
#define FUNC(key, name) "attr { key: '" key "' value { func { name: '" name "' } } } "
#define FLOAT_OP(name, op, in) BODY(name, op, in TYPE("T", "DT_FLOAT"))
#define NUMBER(name, value) BODY(name, "Const", CONST("DT_FLOAT", "float_val: " value))

#define UNARY(name, body) FUNCTION(name, ARG("x", FLOAT) OUT("y", FLOAT), body)
#define TWICE UNARY("Twice", FLOAT_OP("n", "AddV2", IN("x") IN("x")) RET("y", "n:z:0"))
#define SQUARE UNARY("Square_", FLOAT_OP("n", "Square", IN("x")) RET("y", "n:y:0"))
#define SAME UNARY("Same", RET("y", "x"))
#define FAILING UNARY("Failing", BODY("n", "TestFail", IN("x")) RET("y", "n:b:0"))
#define BELOW(name, most) \
    FUNCTION(name, ARG("x", FLOAT) OUT("y", "type: DT_BOOL"), NUMBER("c", most) \
             FLOAT_OP("n", "Less", IN("x") IN("c:output:0")) RET("y", "n:z:0"))
#define IF(name, op, cond, type, in, yes, no) \
    NODE(name, op, IN(cond) IN(in) TYPE("Tcond", type) TYPES("Tin", FLOATS) TYPES("Tout", FLOATS) \
         FUNC("then_branch", yes) FUNC("else_branch", no))
#define WHILE(name, op, in, test, body) \
    NODE(name, op, IN(in) TYPES("T", FLOATS) FUNC("cond", test) FUNC("body", body))
#define CASES(in) \
    NODE("f", "Case", IN("i") IN(in) TYPES("Tin", FLOATS) TYPES("Tout", FLOATS) \
         "attr { key: 'branches' value { list { func { name: 'Twice' } func { name: 'Square_' } " \
         "func { name: 'Same' } } } } ")

/* ---- conditions ---- */

static void branches(void **state)
{
    (void)state;
    static const struct { const char *cond; double value; } c[] = {
        { VALUE("c", "DT_BOOL", "bool_val: true"), 6 },
        { VALUE("c", "DT_BOOL", "bool_val: false"), 9 },
    };
    for (int i = 0; i < 2; i++) {
        struct str text = { 0 };
        str_printf(&text, "%s%s", TWICE SQUARE X
                   IF("f", "If", "c", "DT_BOOL", "x", "Twice", "Square_"), c[i].cond);
        gives(str_text(&text), "f", c[i].value);
        str_free(&text);
    }
    gives(TWICE SQUARE X VALUE("c", "DT_BOOL", "bool_val: true")
          IF("f", "StatelessIf", "c", "DT_BOOL", "x", "Same", "Twice") SAME, "f", 3);
}

#define WHETHER(type, value) \
    TWICE SQUARE X VALUE("c", type, value) IF("f", "If", "c", type, "x", "Twice", "Square_")

/* Numbers are true that are not zero, strings that are not empty, others that have elements. */
static void conditions_of_any_dtype(void **state)
{
    (void)state;
    gives(WHETHER("DT_INT32", "int_val: -1"), "f", 6);
    gives(WHETHER("DT_INT32", "int_val: 0"), "f", 9);
    gives(WHETHER("DT_INT64", "int64_val: 4294967296"), "f", 6);
    gives(WHETHER("DT_FLOAT", "float_val: 0.5"), "f", 6);
    gives(WHETHER("DT_DOUBLE", "double_val: -0.0"), "f", 9);
    gives(WHETHER("DT_UINT8", "int_val: 3"), "f", 6);
    gives(WHETHER("DT_STRING", "string_val: 'no'"), "f", 6);
    gives(WHETHER("DT_STRING", "string_val: ''"), "f", 9);
    refuses(WHETHER("DT_COMPLEX64", "scomplex_val: 1 scomplex_val: 0"), "f", INVALID_ARGUMENT,
            "complex64 cannot be converted to a boolean");
    gives(TWICE SQUARE X NODE("c", "Const", TYPE("dtype", "DT_INT32") "attr { key: 'value' value { "
          "tensor { dtype: DT_INT32 tensor_shape { dim { size: 2 } } int_val: 0 } } } ")
          IF("f", "If", "c", "DT_INT32", "x", "Twice", "Square_"), "f", 6);
    gives(TWICE SQUARE X NODE("c", "Const", TYPE("dtype", "DT_INT32") "attr { key: 'value' value { "
          "tensor { dtype: DT_INT32 tensor_shape { dim { size: 0 } } } } } ")
          IF("f", "If", "c", "DT_INT32", "x", "Twice", "Square_"), "f", 9);
}

static void cases(void **state)
{
    (void)state;
    gives(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: 0") CASES("x"), "f", 6);
    gives(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: 1") CASES("x"), "f", 9);
    gives(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: 7") CASES("x"), "f", 3);
    gives(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: -1") CASES("x"), "f", 3);
}

/* ---- loops ---- */

static void while_loops(void **state)
{
    (void)state;
    gives(TWICE BELOW("Below", "100") X WHILE("f", "While", "x", "Below", "Twice"), "f", 192);
    gives(TWICE BELOW("Below", "100") X WHILE("f", "StatelessWhile", "x", "Below", "Twice"), "f",
          192);
    gives(TWICE BELOW("Below", "1") X WHILE("f", "While", "x", "Below", "Twice"), "f", 3);
}

#define WHILE_BODY(name, test, body) \
    BODY(name, "While", IN("x") TYPES("T", FLOATS) FUNC("cond", test) FUNC("body", body))

static void loops_and_conditions_in_one_another(void **state)
{
    (void)state;
    gives(TWICE BELOW("Below", "100") BELOW("Ten", "10")
          UNARY("Inner", WHILE_BODY("w", "Ten", "Twice") FLOAT_OP("n", "AddV2", IN("w:output:0")
                IN("w:output:0")) RET("y", "n:z:0"))
          X WHILE("f", "While", "x", "Below", "Inner"), "f", 192);
    gives(TWICE SQUARE BELOW("Below", "100") BELOW("Ten", "10")
          UNARY("Inner", BODY("t", "Ten", IN("x"))
                BODY("i", "If", IN("t:y:0") IN("x") TYPE("Tcond", "DT_BOOL") TYPES("Tin", FLOATS)
                     TYPES("Tout", FLOATS) FUNC("then_branch", "Square_")
                     FUNC("else_branch", "Twice")) RET("y", "i:output:0"))
          X WHILE("f", "While", "x", "Below", "Inner"), "f", 162);
}

#define ADD_INDEX \
    FUNCTION("AddIndex", ARG("i", "type: DT_INT32") ARG("x", FLOAT) OUT("y", FLOAT), \
             BODY("c", "Cast", IN("i") TYPE("SrcT", "DT_INT32") TYPE("DstT", "DT_FLOAT")) \
             FLOAT_OP("n", "AddV2", IN("x") IN("c:y:0")) RET("y", "n:z:0"))
#define FOR(from, to, by) \
    ADD_INDEX X VALUE("from", "DT_INT32", "int_val: " from) \
    VALUE("to", "DT_INT32", "int_val: " to) VALUE("by", "DT_INT32", "int_val: " by) \
    NODE("f", "For", IN("from") IN("to") IN("by") IN("x") TYPES("T", FLOATS) \
         FUNC("body", "AddIndex"))

static void for_loops(void **state)
{
    (void)state;
    gives(FOR("0", "4", "1"), "f", 9);
    gives(FOR("5", "0", "-2"), "f", 12);
    gives(FOR("2", "2", "0"), "f", 3);
    gives(FOR("2147483646", "2147483647", "2147483647"), "f", 2147483649.);
    refuses(FOR("4", "0", "1"), "f", INVALID_ARGUMENT, "Invalid start/limit/delta: 4 0 1");
    refuses(FOR("0", "4", "0"), "f", INVALID_ARGUMENT, "Invalid start/limit/delta: 0 4 0");
}

/* ---- calls ---- */

#define REMOTE(target) \
    TWICE X VALUE("t", "DT_STRING", "string_val: '" target "'") \
    NODE("f", "RemoteCall", IN("t") IN("x") TYPES("Tin", FLOATS) TYPES("Tout", FLOATS) F("Twice"))

static void remote_calls(void **state)
{
    (void)state;
    gives(REMOTE("/job:localhost/replica:0/task:0/device:CPU:0"), "f", 6);
    gives(REMOTE("/cpu:0"), "f", 6);
    refuses(REMOTE("/gpu:0"), "f", INVALID_ARGUMENT, "A function cannot run on '/gpu:0'");
    refuses(REMOTE("here"), "f", INVALID_ARGUMENT, "A function cannot run on 'here'");
}

/* ---- what is refused ---- */

static void functions_that_do_not_fit(void **state)
{
    (void)state;
    refuses(TWICE X WHILE("f", "While", "x", "Nobody", "Twice"), "f", NOT_FOUND,
            "Function Nobody is not defined.\n\t [[{{node f}}]]");
    refuses(ADD_INDEX BELOW("Below", "9") X WHILE("f", "While", "x", "Below", "AddIndex"), "f",
            INVALID_ARGUMENT, "Function AddIndex expects 2 arguments, but 1 is provided");
    refuses(BELOW("Below", "9") X WHILE("f", "While", "x", "Below", "Below"), "f",
            INVALID_ARGUMENT, "Function Below returns bool as ret[0], but float is expected");
    refuses(FUNCTION("Self", ARG("x", FLOAT) OUT("y", FLOAT),
                     BODY("again", "If", IN("x") IN("x") TYPE("Tcond", "DT_FLOAT")
                          TYPES("Tin", FLOATS) TYPES("Tout", FLOATS) FUNC("then_branch", "Self")
                          FUNC("else_branch", "Same")) RET("y", "again:output:0")) SAME
            X IF("f", "If", "x", "DT_FLOAT", "x", "Self", "Same"), "f", INVALID_ARGUMENT,
            "Function Self calls itself");
}

/* An error within names all the way to it, and gives everything back. */
static void failures_within(void **state)
{
    (void)state;
    refuses(FAILING BELOW("Below", "100") X WHILE("f", "While", "x", "Below", "Failing"), "f",
            OUT_OF_RANGE, "failed at 3\n\t [[{{node n}}]]\n\t [[{{node f}}]]");
    refuses(FAILING SAME X IF("f", "If", "x", "DT_FLOAT", "x", "Failing", "Same"), "f",
            OUT_OF_RANGE, "failed at 3\n\t [[{{node n}}]]\n\t [[{{node f}}]]");
    gives(FAILING SAME X IF("f", "If", "x", "DT_FLOAT", "x", "Same", "Failing"), "f", 3);
}

static atomic_int cancel;

static void *cancel_soon(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        sched_yield();
    atomic_store(&cancel, 1);
    return NULL;
}

/* A loop that never ends, also one of nothing at all, ends with its run. */
static void endless_loops_end(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        FUNCTION("True", OUT("y", "type: DT_BOOL"),
                 BODY("c", "Const", CONST("DT_BOOL", "bool_val: true")) RET("y", "c:output:0"))
        FUNCTION("Nothing", "", "")
        NODE("f", "While", TYPES("T", "") FUNC("cond", "True") FUNC("body", "Nothing")));
    struct node *f = graph_find(g, "f");
    struct plan_key key = { .target = &f, .n_targets = 1 };
    struct run_options o = { .stop = { .cancelled = &cancel } };
    struct plan *p;
    pthread_t thread;
    ok(plan_compile(g, &key, NULL, 0, &p));
    struct run *r = run_new(p, NULL);
    atomic_store(&cancel, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    fails(plan_run(p, r, NULL, NULL, &o), CANCELLED, "Run call was cancelled");
    pthread_join(thread, NULL);
    run_free(r);
    plan_free(p);
    graph_unref(g);
}

/* A loop that never ends is no reason for a run not to end whose other step has failed. */
static void endless_loops_end_with_failures(void **state)
{
    (void)state;
    struct graph *g = graph_of(
        SAME X WHILE("f", "While", "x", "Same", "Same") NODE("s", "TestSlow", IN("x"))
        NODE("bad", "TestFail", IN("s")));
    double value[2];
    for (int i = 0; i < 20; i++)
        fails(run(g, PLAN_FLOW, NAMES("f", "bad"), 1, value), OUT_OF_RANGE, "failed at 4");
    graph_unref(g);
}

/* ---- gradients ---- */

/* dy/dx at x = 3, y being output "f" of the graph. */
static void has_gradient(const char *text, double want)
{
    struct graph *g = graph_of(text);
    struct out x = at(g, "x"), y = at(g, "f"), dx = { 0 };
    struct gradients q = { .y = &y, .n_y = 1, .x = &x, .n_x = 1 };
    ok(graph_gradients(g, &q, &dx, NULL));
    assert_non_null(dx.node);
    struct str name = { 0 };
    str_printf(&name, "%s:%d", dx.node->name, dx.index);
    for (int i = 0; i < WAYS; i++) {
        double value;
        ok(run(g, ways[i], NAMES(str_text(&name)), 2, &value));
        assert_float_equal(value, want, 1e-5);
    }
    str_free(&name);
    graph_unref(g);
}

#define CUBE UNARY("Cube", BODY("s", "Square_", IN("x")) FLOAT_OP("n", "Mul", IN("s:y:0") IN("x")) \
                   RET("y", "n:z:0"))
#define SYMBOLIC(name, in, n, f) \
    NODE(name, "SymbolicGradient", in TYPES("Tin", n) TYPES("Tout", FLOATS) F(f))

static void symbolic_gradients(void **state)
{
    (void)state;
    gives(SQUARE X SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Square_"), "f", 18);
    gives(SQUARE CUBE X SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Cube"), "f", 81);
    gives(SAME X SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Same"), "f", 3);
    gives(UNARY("Five", NUMBER("c", "5") RET("y", "c:output:0")) X
          SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Five"), "f", 0);
    refuses(X SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Nobody"), "f", NOT_FOUND,
            "Function Nobody is not defined.");
    refuses(SQUARE X SYMBOLIC("f", IN("x"), FLOATS, "Square_"), "f", INVALID_ARGUMENT,
            "Function Square_ expects 2 arguments, but 1 is provided");
}

static void gradients_of_calls(void **state)
{
    (void)state;
    has_gradient(SQUARE X NODE("f", "Square_", IN("x")), 6);
    has_gradient(SQUARE CUBE X NODE("f", "Cube", IN("x")), 27);
    has_gradient(SQUARE X NODE("f", "PartitionedCall", IN("x") TYPES("Tin", FLOATS)
                               TYPES("Tout", FLOATS) F("Square_")), 6);
    has_gradient(SQUARE CUBE X NODE("f", "StatefulPartitionedCall", IN("x") TYPES("Tin", FLOATS)
                                    TYPES("Tout", FLOATS) F("Cube")), 27);
    /* What the library names as the gradient, that it is. */
    has_gradient(SQUARE FUNCTION("Odd", ARG("x", FLOAT) ARG("dy", FLOAT) OUT("dx", FLOAT),
                                 NUMBER("c", "5")
                                 FLOAT_OP("n", "Mul", IN("dy") IN("c:output:0")) RET("dx", "n:z:0"))
                 "library { gradient { function_name: 'Square_' gradient_func: 'Odd' } } "
                 X NODE("f", "Square_", IN("x")), 5);
}

static void gradients_of_conditions(void **state)
{
    (void)state;
    has_gradient(TWICE SQUARE X VALUE("c", "DT_BOOL", "bool_val: true")
                 IF("f", "If", "c", "DT_BOOL", "x", "Twice", "Square_"), 2);
    has_gradient(TWICE SQUARE X VALUE("c", "DT_BOOL", "bool_val: false")
                 IF("f", "StatelessIf", "c", "DT_BOOL", "x", "Twice", "Square_"), 6);
    has_gradient(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: 1") CASES("x"), 6);
    has_gradient(TWICE SQUARE SAME X VALUE("i", "DT_INT32", "int_val: 2") CASES("x"), 1);
}

#define SQUARE_AT \
    FUNCTION("SquareAt", ARG("i", "type: DT_INT32") ARG("x", FLOAT) OUT("y", FLOAT), \
             BODY("s", "Square_", IN("x")) RET("y", "s:y:0"))

/* 3 -> 9 -> 81 -> 6561: x to the 8th. */
static void gradients_of_loops(void **state)
{
    (void)state;
    has_gradient(TWICE BELOW("Below", "100") X WHILE("f", "While", "x", "Below", "Twice"), 64);
    has_gradient(SQUARE BELOW("Below", "100") X
                 WHILE("f", "StatelessWhile", "x", "Below", "Square_"), 17496);
    has_gradient(SQUARE BELOW("Below", "1") X WHILE("f", "While", "x", "Below", "Square_"), 1);
    has_gradient(SQUARE SQUARE_AT X VALUE("from", "DT_INT32", "int_val: 0")
                 VALUE("to", "DT_INT32", "int_val: 3") VALUE("by", "DT_INT32", "int_val: 1")
                 NODE("f", "For", IN("from") IN("to") IN("by") IN("x") TYPES("T", FLOATS)
                      FUNC("body", "SquareAt")), 17496);
    /* A loop in a loop's body, and a condition in that: 3 * 2 * 2, squared until it is 144. */
    has_gradient(TWICE SQUARE BELOW("Below", "100") BELOW("Ten", "10")
                 UNARY("Inner", WHILE_BODY("w", "Ten", "Twice")
                       BODY("s", "Square_", IN("w:output:0")) RET("y", "s:y:0"))
                 X WHILE("f", "While", "x", "Below", "Inner"), 96);
}

static void no_gradient(const char *text, enum code code, const char *why)
{
    struct graph *g = graph_of(text);
    struct out x = at(g, "x"), y = at(g, "f"), dx = { 0 };
    struct gradients q = { .y = &y, .n_y = 1, .x = &x, .n_x = 1 };
    fails(graph_gradients(g, &q, &dx, NULL), code, why);
    graph_unref(g);
}

/* What would be another value when it is computed again. */
static void no_gradients_of_what_is_stateful(void **state)
{
    (void)state;
    no_gradient(UNARY("Noisy", BODY("t", "TestTick", "")
                      FLOAT_OP("n", "Mul", IN("x") IN("t:b:0")) RET("y", "n:z:0"))
                BELOW("Below", "100") X WHILE("f", "While", "x", "Below", "Noisy"), UNIMPLEMENTED,
                "the gradient of 'f' (op: 'While') would compute 't' (op: 'TestTick') of function "
                "Noisy anew, which need not be the same");
}

#define SELF \
    FUNCTION("Self", ARG("x", FLOAT) OUT("y", FLOAT), \
             BODY("again", "If", IN("x") IN("x") TYPE("Tcond", "DT_FLOAT") TYPES("Tin", FLOATS) \
                  TYPES("Tout", FLOATS) FUNC("then_branch", "Self") FUNC("else_branch", "Same")) \
             RET("y", "again:output:0")) SAME X

static void no_gradients_of_what_calls_itself(void **state)
{
    (void)state;
    no_gradient(SELF IF("f", "If", "x", "DT_FLOAT", "x", "Self", "Same"), INVALID_ARGUMENT,
                "Function Self calls itself");
    no_gradient(SELF NODE("f", "StatefulPartitionedCall", IN("x") TYPES("Tin", FLOATS)
                          TYPES("Tout", FLOATS) F("Self")), INVALID_ARGUMENT,
                "Function Self calls itself");
    refuses(SELF SYMBOLIC("f", IN("x") IN("x"), FLOATS FLOATS, "Self"), "f", INVALID_ARGUMENT,
            "Function Self calls itself");
    /* What a variable that goes round in a circle holds, nobody says. */
    no_gradient(FUNCTION("Around", ARG("v", "type: DT_RESOURCE") ARG("x", FLOAT) OUT("y", FLOAT),
                         BODY("n", "Around", IN("v") IN("x")) RET("y", "n:y:0"))
                X NODE("v", "VarHandleOp", TYPE("dtype", "DT_FLOAT")
                       "attr { key: 'shape' value { shape { } } } ")
                NODE("f", "StatefulPartitionedCall", IN("v") IN("x")
                     TYPES("Tin", "type: DT_RESOURCE " FLOATS) TYPES("Tout", FLOATS) F("Around")),
                INVALID_ARGUMENT, "Function Around calls itself");
}

/* f0 calls f1 twice, which calls f2 twice... */
static void functions_of_functions(void **state)
{
    (void)state;
    enum { DEEP = 28 };
    struct str text = { 0 };
    for (int i = 0; i < DEEP; i++)
        str_printf(&text, "library { function { signature { name: 'f%d' " ARG("x", FLOAT)
                   OUT("y", FLOAT) "} node_def { name: 'a' op: 'f%d' input: 'x' } node_def { name: "
                   "'b' op: 'f%d' input: 'a:y:0' } " RET("y", "b:y:0") "} } ", i, i + 1, i + 1);
    str_printf(&text, "library { function { signature { name: 'f%d' " ARG("x", FLOAT)
               OUT("y", FLOAT) "} " RET("y", "x") "} } ", DEEP);
    str_printf(&text, "%s", X IF("f", "If", "x", "DT_FLOAT", "x", "f0", "f0"));
    struct graph *g = graph_of(str_text(&text));
    struct out x = at(g, "x"), y = at(g, "f"), dx = { 0 };
    struct gradients q = { .y = &y, .n_y = 1, .x = &x, .n_x = 1 };
    ok(graph_gradients(g, &q, &dx, NULL));
    assert_non_null(dx.node);
    str_free(&text);
    graph_unref(g);
}

/* ---- memory ends ---- */

static void memory_ends_in_gradients(void **state)
{
    (void)state;
    memory_ends(SQUARE BELOW("Below", "100") X
                WHILE("f", "StatelessWhile", "x", "Below", "Square_"), true, 17496);
    memory_ends(TWICE SQUARE X IF("f", "StatelessIf", "x", "DT_FLOAT", "x", "Twice", "Square_"),
                true, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches),
        cmocka_unit_test(conditions_of_any_dtype),
        cmocka_unit_test(cases),
        cmocka_unit_test(while_loops),
        cmocka_unit_test(loops_and_conditions_in_one_another),
        cmocka_unit_test(for_loops),
        cmocka_unit_test(remote_calls),
        cmocka_unit_test(functions_that_do_not_fit),
        cmocka_unit_test(failures_within),
        cmocka_unit_test(endless_loops_end),
        cmocka_unit_test(endless_loops_end_with_failures),
        cmocka_unit_test(symbolic_gradients),
        cmocka_unit_test(gradients_of_calls),
        cmocka_unit_test(gradients_of_conditions),
        cmocka_unit_test(gradients_of_loops),
        cmocka_unit_test(no_gradients_of_what_is_stateful),
        cmocka_unit_test(no_gradients_of_what_calls_itself),
        cmocka_unit_test(functions_of_functions),
        cmocka_unit_test(memory_ends_in_gradients),
    };
    pool_size_hint(8);
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
