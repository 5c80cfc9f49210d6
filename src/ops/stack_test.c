/* stack_test.c - what is pushed is popped, the last first; stacks that are full, empty, closed; a
 * trigger runs whatever it waits for; references go round in a loop. */
#include "ops/ops.h"
#include "test/stage.h"

static struct out stack_of(enum dtype t, const char *most)
{
    return add("StackV2", OUTS(constant(most)), ATTRS(attr_type("elem_type", t),
                                                      attr_string("stack_name", "tray")));
}

/* After `control`; NULL: at once. */
static struct out after(const char *op, const struct out *in, int n_in, const struct attr *attr,
                        int n_attr, struct node *control)
{
    struct node *n = NULL;
    char name[16];
    snprintf(name, sizeof name, "n%d", graph->n);
    ok(graph_add(graph, &(struct node_def){ .op = op, .name = name, .in = in, .n_in = n_in,
                                            .attr = attr, .n_attr = n_attr, .control = &control,
                                            .n_control = control != NULL }, &n));
    return (struct out){ n, 0 };
}

static struct out push(struct out stack, const char *value, struct node *control)
{
    return after("StackPushV2", OUTS(stack, constant(value)), NULL, 0, control);
}

static struct out pop(struct out stack, enum dtype t, struct node *control)
{
    return after("StackPopV2", OUTS(stack), ATTRS(attr_type("elem_type", t)), control);
}

static struct status *run(const struct out *fetch, int n, struct tensor *result)
{
    return stage_run(&(struct plan_key){ .fetch = fetch, .n_fetches = n }, result);
}

static void refuses(struct out o, const char *text)
{
    struct tensor none = { 0 };
    fails(run(&o, 1, &none), INVALID_ARGUMENT, text);
}

static void is_float(struct tensor *t, float want)
{
    assert_true(*(float *)t->data == want);
    tensor_unref(t);
}

static void last_first(void **unused)
{
    (void)unused;
    struct tensor got[3] = { 0 };
    struct out stack = stack_of(DT_FLOAT, "int32{-1}");
    struct out first = push(stack, "float{1}", NULL), second = push(stack, "float{2}", first.node);
    struct out a = pop(stack, DT_FLOAT, second.node), b = pop(stack, DT_FLOAT, a.node);
    for (int round = 0; round < 2; round++) {           /* each run has a stack of its own */
        ok(run((struct out[]){ first, a, b }, 3, got));
        is_float(&got[0], 1);
        is_float(&got[1], 2);
        is_float(&got[2], 1);
    }
}

static void refusals(void **unused)
{
    (void)unused;
    struct out few = stack_of(DT_FLOAT, "int32{1}"), one = push(few, "float{1}", NULL);
    refuses(push(few, "float{2}", one.node), "Stack[tray] overflowed its max_size (1)");
    refuses(pop(stack_of(DT_FLOAT, "int32{-1}"), DT_FLOAT, NULL),
            "Stack[tray] is empty when calling Pop().");
    refuses(push(stack_of(DT_INT32, "int32{-1}"), "float{1}", NULL),
            "Must have type int32 but got float");
    refuses(pop(stack_of(DT_INT32, "int32{-1}"), DT_FLOAT, NULL), "Must have type int32");
    struct out shut = stack_of(DT_FLOAT, "int32{-1}"), full = push(shut, "float{1}", NULL);
    struct out close = after("StackCloseV2", OUTS(shut), NULL, 0, full.node);
    refuses(push(shut, "float{1}", close.node), "Stack[tray] has already been closed.");
    refuses(pop(shut, DT_FLOAT, close.node), "Stack[tray] has already been closed.");
}

/* Nothing of the graph that made it is needed any more. */
static void outlives_its_graph(void **unused)
{
    (void)unused;
    struct out made = add("StackV2", OUTS(constant("int32{-1}")),
                          ATTRS(attr_type("elem_type", DT_FLOAT)));
    struct tensor handle = { 0 }, got = { 0 };
    char text[64];
    snprintf(text, sizeof text, "Stack[%s] is empty when calling Pop().", made.node->name);
    ok(run(&made, 1, &handle));
    graph_unref(graph);
    graph = graph_new();
    struct out fed = add("Placeholder", NULL, 0, ATTRS(attr_type("dtype", DT_RESOURCE)));
    struct out popped = pop(fed, DT_FLOAT, NULL);
    struct plan *plan;
    ok(plan_compile(graph, &(struct plan_key){ .feed = &fed, .n_feeds = 1, .fetch = &popped,
                                               .n_fetches = 1 }, state, 0, &plan));
    struct run *r = run_new(plan, buffers);
    fails(plan_run(plan, r, &handle, &got, &(struct run_options){ .inter = 1, .intra = 1 }),
          INVALID_ARGUMENT, text);
    run_free(r);
    plan_free(plan);
    tensor_unref(&handle);
}

/* E21 */
static void triggers(void **unused)
{
    (void)unused;
    struct out pred = constant("bool{false}"), x = constant("float{3}");
    struct out way = add("Switch", OUTS(x, pred), NULL, 0);
    struct out dead = add("Neg", OUTS(out_at(way, 1)), NULL, 0);
    struct out trigger = after("ControlTrigger", NULL, 0, NULL, 0, dead.node);
    struct out y = after("Identity", OUTS(x), NULL, 0, trigger.node);
    struct out z = after("Identity", OUTS(x), NULL, 0, dead.node);
    struct tensor got = { 0 };
    ok(run(&y, 1, &got));
    is_float(&got, 3);
    refuses(z, "Retval[0] does not have value");
}

#define FRAME ATTRS(attr_string("frame_name", "round"))

/* while (i < 3) v += 1: the variable comes in, goes round and out as a reference. */
static void references_in_loops(void **unused)
{
    (void)unused;
    struct out v = add("VariableV2", NULL, 0, ATTRS(attr_type("dtype", DT_FLOAT),
                                                    attr_shape("shape", &SHAPE_SCALAR)));
    struct out set = add("Assign", OUTS(v, constant("float{10}")), NULL, 0);
    struct out i = add("Enter", OUTS(constant("float{0}")), FRAME);
    struct out ref = add("RefEnter", OUTS(set), FRAME);
    struct out i_merge = add("Merge", OUTS(i, i), NULL, 0);
    struct out merge = add("RefMerge", OUTS(ref, ref), NULL, 0);
    struct out limit = add("Enter", OUTS(constant("float{3}")),
                           ATTRS(attr_string("frame_name", "round"),
                                 attr_bool("is_constant", true)));
    struct out one = add("Enter", OUTS(constant("float{1}")),
                         ATTRS(attr_string("frame_name", "round"),
                               attr_bool("is_constant", true)));
    struct out more = add("LoopCond", OUTS(add("Less", OUTS(i_merge, limit), NULL, 0)), NULL, 0);
    struct out i_way = add("Switch", OUTS(i_merge, more), NULL, 0);
    struct out way = add("RefSwitch", OUTS(merge, more), NULL, 0);
    struct out i_next = add("NextIteration", OUTS(add("Add", OUTS(out_at(i_way, 1), one), NULL,
                                                      0)), NULL, 0);
    struct out more_v = add("AssignAdd", OUTS(out_at(way, 1), one), NULL, 0);
    struct out next = add("RefNextIteration", OUTS(more_v), NULL, 0);
    ok(graph_set_back_edge(graph, i_merge.node, 1, i_next));
    ok(graph_set_back_edge(graph, merge.node, 1, next));
    struct out left = add("RefExit", OUTS(way), NULL, 0);
    struct tensor got = { 0 };
    ok(run(&left, 1, &got));
    is_float(&got, 13);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(last_first), TEST(refusals), TEST(outlives_its_graph), TEST(triggers),
        TEST(references_in_loops),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
