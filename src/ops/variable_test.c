/* variable_test.c - variables over several runs and plans: what is shared and what is not, readers
 * that never see a later write, updates in place, threads, and no malloc once warm. */
#include "base/mem.h"
#include "ops/ops.h"
#include "test/stage.h"

#include <string.h>

static void refused(struct status *st, enum code code, const char *text)
{
    if (status_code(st) != code || !strstr(status_message(st), text))
        fail_msg("wanted %s \"%s\", got %s \"%s\"", code_name(code), text,
                 code_name(status_code(st)), status_message(st));
    status_free(st);
}

/* ---- building ---- */

static struct out add_after(struct node *first, const char *op, const char *name,
                            const struct out *in, int n_in, const struct attr *attr, int n_attr)
{
    struct node *n = NULL;
    ok(graph_add(graph, &(struct node_def){ .op = op, .name = name, .in = in, .n_in = n_in,
                                            .attr = attr, .n_attr = n_attr, .control = &first,
                                            .n_control = first != NULL }, &n));
    return (struct out){ n, 0 };
}

static struct out put(const char *op, const char *name, const struct out *in, int n_in,
                      const struct attr *attr, int n_attr)
{
    return add_after(NULL, op, name, in, n_in, attr, n_attr);
}

static struct out pair(const char *name, float a, float b)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE(2)));
    ((float *)t.data)[0] = a;
    ((float *)t.data)[1] = b;
    struct out o = put("Const", name, NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT),
                                                     attr_tensor("value", &t)));
    tensor_unref(&t);
    return o;
}

static struct out scalar(const char *name, float a)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)t.data = a;
    struct out o = put("Const", name, NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT),
                                                     attr_tensor("value", &t)));
    tensor_unref(&t);
    return o;
}

static struct out variable(const char *op, const char *name)
{
    return put(op, name, NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT),
                                        attr_shape("shape", &SHAPE(2))));
}

/* ---- running ---- */

struct program { struct plan *plan; struct run *run; };

static struct status *compile_in(struct resources *m, const struct out *fetch, int n,
                                 struct node *target, struct program *p)
{
    struct plan_key key = { .fetch = fetch, .n_fetches = n, .target = &target,
                            .n_targets = target != NULL };
    *p = (struct program){ 0 };
    TRY(plan_compile(graph, &key, m, 0, &p->plan));
    NEED(p->run = run_new(p->plan, buffers));
    return NULL;
}

static void program_free(struct program *p)
{
    if (p->run)
        run_free(p->run);
    if (p->plan)
        plan_free(p->plan);
}

static struct status *go(const struct program *p, struct tensor *got)
{
    return plan_run(p->plan, p->run, NULL, got, &(struct run_options){ .inter = 1, .intra = 1 });
}

static struct status *run_in(struct resources *m, const struct out *fetch, int n,
                             struct node *target, struct tensor *got)
{
    struct program p;
    struct status *st = compile_in(m, fetch, n, target, &p);
    if (!st)
        st = go(&p, got);
    program_free(&p);
    return st;
}

static void run(struct out o)
{
    ok(run_in(state, NULL, 0, o.node, NULL));
}

static void holds_in(struct resources *m, struct out o, float a, float b)
{
    struct tensor t;
    ok(run_in(m, &o, 1, NULL, &t));
    const float *x = t.data;
    if (x[0] != a || x[1] != b)
        fail_msg("wanted %g %g, got %g %g", (double)a, (double)b, (double)x[0], (double)x[1]);
    tensor_unref(&t);
}

static void holds(struct out o, float a, float b)
{
    holds_in(state, o, a, b);
}

/* ---- tests ---- */

/* C2, C5, C6: two sessions on one graph. */
static void each_session_has_its_own(void **unused)
{
    (void)unused;
    struct resources *other = resources_new();
    struct out v = variable("VariableV2", "v");
    struct out init = put("Assign", "v/Assign", OUTS(v, pair("ten", 10, 10)), NULL, 0);
    struct out up = put("AssignAdd", "up", OUTS(v, pair("five", 5, 5)), NULL, 0);
    run(init);
    holds(up, 15, 15);
    refused(run_in(other, &up, 1, NULL, &(struct tensor){ 0 }), FAILED_PRECONDITION,
            "Attempting to use uninitialized value v");
    ok(run_in(other, NULL, 0, init.node, NULL));
    holds_in(other, up, 15, 15);
    holds(up, 20, 20);
    holds_in(other, v, 15, 15);
    resources_unref(other);
}

/* C12: what a variable was given is not changed by what happens to the variable. */
static void initial_values_stay(void **unused)
{
    (void)unused;
    static const char *const op[][3] = { { "VariableV2", "Assign", "AssignAdd" },
                                         { "VarHandleOp", "AssignVariableOp",
                                           "AssignAddVariableOp" } };
    for (int i = 0; i < 2; i++) {
        char name[4][8];
        for (int j = 0; j < 4; j++)
            sprintf(name[j], "%c%d", 'a' + j, i);
        struct out v = variable(op[i][0], name[0]), c = pair(name[1], 1, 2);
        struct out init = put(op[i][1], name[2], OUTS(v, c), NULL, 0);
        struct out up = put(op[i][2], name[3], OUTS(v, c), NULL, 0);
        struct out read = i ? put("ReadVariableOp", "read", OUTS(v),
                                  ATTRS(attr_type("dtype", DT_FLOAT))) : v;
        for (int j = 0; j < 2; j++) {
            run(init);
            holds(read, 1, 2);
            run(up);
            run(up);
            holds(read, 3, 6);
            holds(c, 1, 2);
        }
    }
}

/* Of two reads in one run, the write between them is seen by the second only. */
static void readers_keep_what_they_read(void **unused)
{
    (void)unused;
    struct out v = variable("VariableV2", "v"), c = pair("c", 1, 2), one = scalar("one", 1);
    struct out init = put("Assign", "init", OUTS(v, c), NULL, 0);
    struct out before = put("Identity", "before", OUTS(v), NULL, 0);
    struct out up = add_after(before.node, "ApplyGradientDescent", "up", OUTS(v, one, c), NULL, 0);
    struct out after = add_after(up.node, "Identity", "after", OUTS(v), NULL, 0);
    run(init);
    struct tensor got[2];
    ok(run_in(state, (struct out[]){ before, after }, 2, NULL, got));
    assert_true(((float *)got[0].data)[0] == 1 && ((float *)got[0].data)[1] == 2);
    assert_true(((float *)got[1].data)[0] == 0 && ((float *)got[1].data)[1] == 0);
    tensor_unref(&got[0]);
    tensor_unref(&got[1]);
}

/* The warm step updates in place and asks the heap for nothing. */
static void warm_steps_are_still(void **unused)
{
    (void)unused;
    static const char *const kind[][3] = {
        { "VariableV2", "Assign", "ApplyMomentum" },
        { "VarHandleOp", "AssignVariableOp", "ResourceApplyMomentum" },
    };
    for (int i = 0; i < 2; i++) {
        char name[6][8];
        for (int j = 0; j < 6; j++)
            sprintf(name[j], "%c%d", 'a' + j, i);
        struct out v = variable(kind[i][0], name[0]), slot = variable(kind[i][0], name[1]);
        struct out c = pair(name[2], 1, 2), rate = scalar(name[3], 0.5f);
        run(put(kind[i][1], name[4], OUTS(v, c), NULL, 0));
        run(put(kind[i][1], name[5], OUTS(slot, c), NULL, 0));
        struct out step = put(kind[i][2], i ? "step1" : "step0", OUTS(v, slot, rate, c, rate),
                              NULL, 0);
        struct program p;
        ok(compile_in(state, NULL, 0, step.node, &p));
        ok(go(&p, NULL));
        struct variable *held;
        ok(variable_get(state, DEFAULT_CONTAINER, name[0], DT_FLOAT, &held));
        const void *place = held->value.data;
        size_t calls = mem_calls();
        for (int j = 0; j < 100; j++)
            ok(go(&p, NULL));
        assert_int_equal(mem_calls(), calls);
        assert_ptr_equal(held->value.data, place);
        resource_unref(&held->base);
        program_free(&p);
    }
}

/* The same variable as its own slot: locked once, and no harm done. */
static void one_variable_twice(void **unused)
{
    (void)unused;
    struct out v = variable("VariableV2", "v"), c = pair("c", 1, 2), one = scalar("one", 1);
    run(put("Assign", "init", OUTS(v, c), NULL, 0));
    run(put("ApplyMomentum", "step", OUTS(v, v, one, c, one), NULL, 0));
    struct tensor t;
    ok(run_in(state, &v, 1, NULL, &t));
    assert_int_equal(t.dtype, DT_FLOAT);
    tensor_unref(&t);
}

/* What a plan bound before the variable was destroyed is what later plans find. */
static void destroyed_and_made_again(void **unused)
{
    (void)unused;
    struct out v = variable("VarHandleOp", "v"), c = pair("c", 1, 2);
    struct out init = put("AssignVariableOp", "init", OUTS(v, c), NULL, 0);
    struct out read = put("ReadVariableOp", "read", OUTS(v), ATTRS(attr_type("dtype", DT_FLOAT)));
    struct out is = put("VarIsInitializedOp", "is", OUTS(v), NULL, 0);
    struct program early;
    ok(compile_in(state, NULL, 0, init.node, &early));
    ok(go(&early, NULL));
    run(put("DestroyResourceOp", "destroy", OUTS(v), NULL, 0));
    refused(run_in(state, &read, 1, NULL, &(struct tensor){ 0 }), FAILED_PRECONDITION,
            "Error while reading resource variable v from Container: localhost.");
    struct tensor t;
    ok(run_in(state, &is, 1, NULL, &t));
    assert_false(*(bool *)t.data);
    tensor_unref(&t);
    ok(go(&early, NULL));
    holds(read, 1, 2);
    program_free(&early);
}

static void names_are_shared(void **unused)
{
    (void)unused;
    struct attr attr[] = { attr_type("dtype", DT_FLOAT), attr_shape("shape", &SHAPE(2)),
                           attr_string("shared_name", "same"), attr_string("container", "box") };
    struct out a = put("VariableV2", "a", NULL, 0, attr, 4);
    struct out b = put("VarHandleOp", "b", NULL, 0, attr, 4);
    struct out apart = put("VarHandleOp", "apart", NULL, 0, attr, 3);
    attr[0] = attr_type("dtype", DT_INT32);
    struct out other = put("VariableV2", "other", NULL, 0, attr, 4);
    run(put("Assign", "init", OUTS(a, pair("c", 1, 2)), NULL, 0));
    holds(put("ReadVariableOp", "read", OUTS(b), ATTRS(attr_type("dtype", DT_FLOAT))), 1, 2);
    struct out none = put("ReadVariableOp", "none", OUTS(apart),
                          ATTRS(attr_type("dtype", DT_FLOAT)));
    refused(run_in(state, &none, 1, NULL, &(struct tensor){ 0 }), FAILED_PRECONDITION, "same");
    struct tensor got;
    refused(run_in(state, &other, 1, NULL, &got), INVALID_ARGUMENT, "Expected float got int32");
    resources_reset(state, "box");
    refused(run_in(state, &a, 1, NULL, &got), FAILED_PRECONDITION,
            "Attempting to use uninitialized value a");
}

/* A handle may be fetched, and outlives the session. */
static void handles_can_be_kept(void **unused)
{
    (void)unused;
    struct resources *m = resources_new();
    struct out v = variable("VarHandleOp", "v");
    struct tensor handle;
    ok(run_in(m, &v, 1, NULL, &handle));
    struct variable *held = *(struct variable **)handle.data;
    assert_string_equal(held->base.name, "v");
    resources_unref(m);
    assert_false(variable_is_initialized(held));
    tensor_unref(&handle);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 300 };

static struct program programs[THREADS];

static void *steps(void *program)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct tensor t;
        ok(go(program, &t));
        const float *x = t.data;
        assert_true(x[1] == 2 * x[0]);              /* never half a step */
        tensor_unref(&t);
    }
    return NULL;
}

static void threads_lose_nothing(void **unused)
{
    (void)unused;
    pthread_t thread[THREADS];
    struct out v = variable("VariableV2", "v"), c = pair("c", 1, 2);
    run(put("Assign", "init", OUTS(v, c), NULL, 0));
    struct out up = put("AssignAdd", "up", OUTS(v, c), NULL, 0);
    struct out read = add_after(up.node, "Identity", "read", OUTS(v), NULL, 0);
    for (int i = 0; i < THREADS; i++)
        ok(compile_in(state, &read, 1, NULL, &programs[i]));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, steps, &programs[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    holds(v, THREADS * ROUNDS + 1, 2 * (THREADS * ROUNDS + 1));
    for (int i = 0; i < THREADS; i++)
        program_free(&programs[i]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_session_has_its_own),
        TEST(initial_values_stay),
        TEST(readers_keep_what_they_read),
        TEST(warm_steps_are_still),
        TEST(one_variable_twice),
        TEST(destroyed_and_made_again),
        TEST(names_are_shared),
        TEST(handles_can_be_kept),
        TEST(threads_lose_nothing),
    };
    struct status *st = ops_init();
    if (st)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
