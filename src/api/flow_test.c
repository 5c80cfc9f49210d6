/* flow_test.c - weft_cond(), weft_case(), weft_while(): what they build and what it computes
 * (E18-E31), and what may not be fed or fetched (A84, A85). */
#include "api/testing.h"

static struct weft_out number(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_FLOAT, x);
}

static struct weft_out int32(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_INT32, x);
}

static struct weft_out add(struct weft_out x, struct weft_out y) { return binary("AddV2", x, y); }

static struct weft_status *try_with(struct weft_session *s, struct weft_out feed,
                                    enum weft_dtype t, double x, struct weft_out fetch,
                                    double *result)
{
    struct weft_tensor *value = weft_tensor_scalar(t, x), *got = NULL;
    struct weft_feed f = { feed, value };
    struct weft_status *st = weft_session_run(s, NULL, &f, 1, &fetch, 1, NULL, 0, &got);
    *result = got ? weft_tensor_number(got, 0) : NAN;
    weft_tensor_free(got);
    weft_tensor_free(value);
    return st;
}

static double with(struct weft_session *s, struct weft_out feed, enum weft_dtype t, double x,
                   struct weft_out fetch)
{
    double result;
    ok(try_with(s, feed, t, x, fetch, &result));
    return result;
}

/* A graph with a predicate and two numbers. */
struct model {
    struct weft_graph *g;
    struct weft_out pred, x, y, z;
    int calls;
};

static int begin(void **state)
{
    struct model *m = calloc(1, sizeof *m);
    m->g = weft_graph_new();
    m->pred = placeholder(m->g, "p", WEFT_BOOL, 0, NULL);
    m->x = weft_op(m->g, "Placeholder", NULL, 0, WEFT_ATTRS(
                   weft_name("x"), weft_attr_type("dtype", WEFT_FLOAT),
                   weft_attr_shape("shape", 0, NULL)));
    m->y = weft_op(m->g, "Identity", &(struct weft_out){ number(m->g, 4).node, 0 }, 1,
                   WEFT_ATTRS(weft_name("y")));
    *state = m;
    return 0;
}

static int end(void **state)
{
    struct model *m = *state;
    weft_graph_free(m->g);
    free(m);
    return 0;
}

static void exist(struct weft_graph *g, const char *const *names)
{
    for (; *names; names++)
        if (!weft_graph_find(g, *names))
            fail_msg("no node '%s'", *names);
}

static void reads(struct weft_graph *g, const char *name, int i, const char *input, int index)
{
    struct weft_node *n = weft_graph_find(g, name);
    assert_non_null(n);
    struct weft_out in = weft_node_input(n, i);
    assert_string_equal(weft_node_name(in.node), input);
    assert_int_equal(in.index, index);
}

static bool waits_for(struct weft_graph *g, const char *name, const char *control)
{
    struct weft_node *n = weft_graph_find(g, name);
    assert_non_null(n);
    for (int i = 0; i < weft_node_controls(n); i++)
        if (!strcmp(weft_node_name(weft_node_control(n, i)), control))
            return true;
    return false;
}

/* ---- conditions ---- */

static void sum(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct model *m = ctx;
    (void)g, (void)n;
    m->calls++;
    results[0] = add(m->y, m->y);
}

static void seven(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct model *m = ctx;
    (void)n;
    m->calls++;
    results[0] = number(g, 7);
}

static void as_it_is(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)g, (void)n;
    results[0] = ((struct model *)ctx)->y;
}

static void missing(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)g, (void)results, (void)n;
}

static void an_int(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    results[0] = int32(g, 1);
}

/* E18: both are called once, while building; the nodes are TensorFlow's. */
static void one_branch_is_computed(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    weft_cond(m->g, NULL, m->pred, sum, seven, m, &r, 1);
    assert_int_equal(m->calls, 2);
    named(r.node, "cond/Merge", "Merge");
    exist(m->g, (const char *const[]){ "cond/Switch", "cond/switch_t", "cond/switch_f",
                                       "cond/pred_id", "cond/AddV2", "cond/Const", NULL });
    reads(m->g, "cond/AddV2", 1, "cond/AddV2/Switch", 1);
    reads(m->g, "cond/AddV2/Switch", 0, "y", 0);
    reads(m->g, "cond/AddV2/Switch", 1, "cond/pred_id", 0);
    assert_null(weft_graph_find(m->g, "cond/AddV2/Switch_1"));
    assert_true(waits_for(m->g, "cond/Const", "cond/switch_f"));
    struct weft_session *s = session_on(m->g);
    is_near(with(s, m->pred, WEFT_BOOL, 1, r), 8, 0);
    is_near(with(s, m->pred, WEFT_BOOL, 0, r), 7, 0);
    weft_session_free(s);
}

/* What a branch hands on is switched by a node of the branch. */
static void a_branch_may_hand_on(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    weft_cond(m->g, "choice", m->pred, as_it_is, seven, m, &r, 1);
    reads(m->g, "choice/Merge", 1, "choice/Switch_1", 1);
    struct weft_session *s = session_on(m->g);
    is_near(with(s, m->pred, WEFT_BOOL, 1, r), 4, 0);
    is_near(with(s, m->pred, WEFT_BOOL, 0, r), 7, 0);
    weft_session_free(s);
}

/* E19 */
static void results_are_checked(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    weft_cond(m->g, NULL, m->pred, missing, seven, m, &r, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "true_fn must have a return value.");
    assert_null(r.node);
    weft_cond(m->g, NULL, m->pred, seven, missing, m, &r, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "false_fn must have a return value.");
    weft_cond(m->g, NULL, m->pred, seven, an_int, m, &r, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT,
           "Outputs of true_fn and false_fn must have the same type: float32, int32");
    weft_cond(m->g, NULL, m->x, seven, seven, m, &r, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "bool");
    assert_null(weft_current_context(m->g));
}

static void update(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct weft_variable *v = ctx;
    (void)n;
    results[0] = (struct weft_out){ weft_variable_add(*v, number(g, 1)).node, -1 };
}

static void do_nothing(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    results[0] = weft_output(weft_op(g, "NoOp", NULL, 0, NULL, 0), -1);
}

/* E20: a node stands for a bool. Variables are assigned where the branch is taken. */
static void branches_act(void **state)
{
    struct model *m = *state;
    for (unsigned flags = 0; flags <= WEFT_USE_RESOURCE; flags += WEFT_USE_RESOURCE) {
        struct weft_out r;
        struct weft_variable v = weft_variable_new(m->g, "v", number(m->g, 1), flags);
        weft_cond(m->g, NULL, m->pred, update, do_nothing, &v, &r, 1);
        assert_int_equal(weft_out_dtype(r), WEFT_BOOL);
        struct weft_session *s = session_on(m->g);
        ok(weft_session_run(s, NULL, NULL, 0, NULL, 0, &v.initializer, 1, NULL));
        with(s, m->pred, WEFT_BOOL, 0, r);
        HOLDS(s, v.value, 1);
        with(s, m->pred, WEFT_BOOL, 1, r);
        HOLDS(s, v.value, 2);
        weft_session_free(s);
    }
}

static void make_variable(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    struct weft_out initial = number(g, 1);
    results[0] = weft_variable_new(g, "v", initial, 0).value;
}

/* C15, E30 */
static void initial_values_come_from_outside(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    weft_cond(m->g, NULL, m->pred, make_variable, seven, m, &r, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "is from inside a control-flow construct");
}

/* A85 */
static void branches_cannot_be_fetched(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    double value;
    weft_cond(m->g, NULL, m->pred, sum, seven, m, &r, 1);
    struct weft_session *s = session_on(m->g);
    static const char *const inner[] = { "cond/AddV2", "cond/pred_id", "cond/switch_t",
                                         "cond/AddV2/Switch", "cond/Switch" };
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        struct weft_out o = { weft_graph_find(m->g, inner[i]), 0 };
        assert_false(weft_node_may_be_fetched(o.node));
        fails(try_with(s, m->pred, WEFT_BOOL, 1, o, &value), WEFT_INVALID_ARGUMENT,
              "has been marked as not fetchable.");
    }
    weft_session_free(s);
}

/* ---- cases ---- */

static void constant(struct weft_graph *g, struct weft_out *results, double x)
{
    results[0] = number(g, x);
}

static void ten(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    constant(g, results, 10);
}

static void twenty(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    constant(g, results, 20);
}

static void thirty(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)ctx, (void)n;
    constant(g, results, 30);
}

/* E23 */
static void the_first_case_that_holds(void **state)
{
    struct model *m = *state;
    double value;
    struct weft_case cases[] = { { binary("Less", m->x, number(m->g, 1)), ten },
                                 { binary("Less", m->x, number(m->g, 3)), twenty } };
    struct weft_out any, strict, last, none;
    weft_case(m->g, NULL, cases, 2, thirty, false, NULL, &any, 1);
    weft_case(m->g, NULL, cases, 2, thirty, true, NULL, &strict, 1);
    weft_case(m->g, "last", cases, 2, NULL, false, NULL, &last, 1);
    struct weft_session *s = session_on(m->g);
    static const double x[] = { 0, 2, 5 }, want[] = { 10, 20, 30 };
    for (int i = 0; i < 3; i++)
        is_near(with(s, m->x, WEFT_FLOAT, x[i], any), want[i], 0);
    is_near(with(s, m->x, WEFT_FLOAT, 2, strict), 20, 0);
    fails(try_with(s, m->x, WEFT_FLOAT, 0, strict, &value), WEFT_INVALID_ARGUMENT,
          "Input error: more than 1 conditions");
    is_near(with(s, m->x, WEFT_FLOAT, 0, last), 10, 0);
    is_near(with(s, m->x, WEFT_FLOAT, 2, last), 20, 0);
    fails(try_with(s, m->x, WEFT_FLOAT, 5, last, &value), WEFT_INVALID_ARGUMENT,
          "Input error: None of conditions evaluated as True:");
    weft_session_free(s);
    weft_case(m->g, NULL, cases, 0, thirty, false, NULL, &none, 1);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "at least one");
}

/* ---- loops ---- */

static struct weft_out below_ten(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                                 int n)
{
    (void)ctx, (void)n;
    return binary("Less", vars[0], int32(g, 10));
}

static void count_and_add(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                          struct weft_out *next, int n)
{
    struct model *m = ctx;
    next[0] = add(vars[0], int32(g, 1));
    for (int i = 1; i < n; i++)
        next[i] = m->z = add(vars[i], m->y);
}

/* E24, E26: TensorFlow's nodes; what is outside comes in once. */
static void loops_run(void **state)
{
    struct model *m = *state;
    struct weft_out r[2];
    weft_while(m->g, below_ten, count_and_add, m,
               (struct weft_out[]){ int32(m->g, 0), number(m->g, 1) }, 2, NULL, r);
    ok(weft_graph_error(m->g));
    named(r[0].node, "while/Exit", "Exit");
    named(r[1].node, "while/Exit_1", "Exit");
    reads(m->g, "while/Merge_1", 1, "while/NextIteration_1", 0);
    reads(m->g, "while/AddV2_1", 1, "while/AddV2_1/Enter", 0);
    reads(m->g, "while/AddV2_1/Enter", 0, "y", 0);
    assert_true(waits_for(m->g, "while/Const", "while/Merge"));
    assert_true(waits_for(m->g, "while/Const_1", "while/Identity"));
    struct weft_session *s = session_on(m->g);
    HOLDS(s, r[0], 10);
    HOLDS(s, r[1], 41);
    weft_session_free(s);
}

/* E24 */
static void so_many_times_at_most(void **state)
{
    struct model *m = *state;
    struct weft_out r[2], start[2] = { int32(m->g, 0), number(m->g, 1) };
    struct weft_loop_options o = { .name = "short", .maximum = int32(m->g, 3) };
    weft_while(m->g, below_ten, count_and_add, m, start, 2, &o, r);
    named(r[0].node, "short/Exit_1", "Exit");
    exist(m->g, (const char *const[]){ "short/iteration_counter", "short/Less/Enter",
                                       "short/LogicalAnd", "short/add/y", NULL });
    struct weft_session *s = session_on(m->g);
    HOLDS(s, r[0], 3);
    HOLDS(s, r[1], 13);
    weft_session_free(s);
    o.maximum = weft_vector(m->g, WEFT_INT32, 1, (double[]){ 3 });
    weft_while(m->g, below_ten, count_and_add, m, start, 2, &o, r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "maximum_iterations must be a scalar, saw shape: [1]");
    o = (struct weft_loop_options){ .parallel_iterations = -1 };
    weft_while(m->g, below_ten, count_and_add, m, start, 2, &o, r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "parallel_iterations must be a positive integer.");
    weft_while(m->g, below_ten, count_and_add, m, start, 0, NULL, r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "No loop variables provided");
}

static struct weft_out small(void *ctx, struct weft_graph *g, const struct weft_out *vars, int n)
{
    (void)ctx, (void)n;
    return binary("Less", weft_op(g, "Size", vars, 1, NULL, 0), int32(g, 9));
}

static void twice(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                  struct weft_out *next, int n)
{
    (void)ctx, (void)n;
    next[0] = weft_op(g, "ConcatV2", (struct weft_out[]){ vars[0], vars[0], int32(g, 0) }, 3, NULL,
                      0);
}

static void to_floats(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                      struct weft_out *next, int n)
{
    (void)ctx, (void)g, (void)n;
    next[0] = cast(vars[0], WEFT_FLOAT);
}

/* E25 */
static void shapes_and_dtypes_stay(void **state)
{
    struct model *m = *state;
    struct weft_out r, v = weft_vector(m->g, WEFT_FLOAT, 2, (double[]){ 1, 2 });
    struct weft_shape any = { 1, { -1 } }, other = { 1, { 3 } };
    weft_while(m->g, small, twice, NULL, &v, 1, NULL, &r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "Input tensor 'Const_1:0' enters the loop with shape "
           "(2,), but has shape (4,) after one iteration. To allow the shape to vary across "
           "iterations, use the `shape_invariants` argument");
    weft_while(m->g, small, twice, NULL, &v, 1, &(struct weft_loop_options){ .shapes = &other },
               &r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "is not compatible with the initial shape of the loop "
           "variable. It enters the loop with shape (2,), but the specified shape invariant is "
           "(3,).");
    struct weft_out i = int32(m->g, 0);
    weft_while(m->g, below_ten, to_floats, NULL, &i, 1, NULL, &r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "incompatible with expected int32");
    weft_while(m->g, small, twice, NULL, &v, 1, &(struct weft_loop_options){ .shapes = &any }, &r);
    struct weft_session *s = session_on(m->g);
    HOLDS(s, r, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2);
    weft_session_free(s);
}

/* E27 */
static void no_iteration(void **state)
{
    struct model *m = *state;
    struct weft_out r[2];
    weft_while(m->g, below_ten, count_and_add, m,
               (struct weft_out[]){ int32(m->g, 11), number(m->g, 5) }, 2, NULL, r);
    struct weft_session *s = session_on(m->g);
    HOLDS(s, r[0], 11);
    HOLDS(s, r[1], 5);
    weft_session_free(s);
}

/* E28, A84 */
static void loops_keep_their_values(void **state)
{
    struct model *m = *state;
    double value;
    struct weft_out r[2];
    weft_while(m->g, below_ten, count_and_add, m,
               (struct weft_out[]){ int32(m->g, 0), number(m->g, 5) }, 2, NULL, r);
    struct weft_out inside = m->z;
    unary("Neg", inside);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "Cannot use 'while/AddV2_1' as input to 'Neg' because "
           "'while/AddV2_1' is in a while loop.");
    m->y = inside;
    weft_while(m->g, below_ten, count_and_add, m,
               (struct weft_out[]){ int32(m->g, 0), number(m->g, 5) }, 2, NULL, r);
    sticks(m->g, WEFT_INVALID_ARGUMENT, "because they are in different while loops.");
    struct weft_session *s = session_on(m->g);
    fails(try_with(s, inside, WEFT_FLOAT, 1, r[0], &value), WEFT_INVALID_ARGUMENT, "");
    fails(try_with(s, inside, WEFT_FLOAT, 1, m->pred, &value), WEFT_INVALID_ARGUMENT,
          "Tensor while/AddV2_1:0 may not be fed.");
    assert_false(weft_node_may_be_fed(weft_graph_find(m->g, "while/Enter")));
    weft_session_free(s);
}

/* ---- one in another ---- */

struct nested { struct weft_out i, total, ten; };

static struct weft_out below_outer(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                                   int n)
{
    (void)g, (void)n;
    return binary("Less", vars[0], ((struct nested *)ctx)->i);
}

static void odd(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct nested *b = ctx;
    (void)g, (void)n;
    results[0] = add(b->total, b->i);
}

static void even(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct nested *b = ctx;
    (void)g, (void)n;
    results[0] = binary("Sub", b->total, b->ten);
}

static void inner_body(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                       struct weft_out *next, int n)
{
    const struct nested *b = ctx;
    struct nested here = { vars[0], vars[1], b->ten };
    struct weft_out rest = binary("FloorMod", add(vars[0], b->i), int32(g, 2));
    (void)n;
    weft_cond(g, NULL, binary("Equal", rest, int32(g, 1)), odd, even, &here, &next[1], 1);
    next[0] = add(vars[0], int32(g, 1));
}

static void outer_body(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                       struct weft_out *next, int n)
{
    struct nested b = { vars[0], vars[1], *(struct weft_out *)ctx };
    struct weft_out r[2];
    (void)n;
    weft_while(g, below_outer, inner_body, &b, (struct weft_out[]){ int32(g, 0), vars[1] }, 2, NULL,
               r);
    next[0] = add(vars[0], int32(g, 1));
    next[1] = r[1];
}

/* Values come in through all that lies between: Enter, Enter, Switch. */
static void one_in_another(void **state)
{
    struct model *m = *state;
    struct weft_out r[2], ten_outside = int32(m->g, 10);
    weft_while(m->g, below_ten, outer_body, &ten_outside,
               (struct weft_out[]){ int32(m->g, 0), int32(m->g, 0) }, 2, NULL, r);
    struct weft_session *s = session_on(m->g);
    double want = 0;
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < i; j++)
            want = (i + j) % 2 ? want + j : want - 10;
    HOLDS(s, r[1], want);
    reads(m->g, "while/while/cond/Sub", 1, "while/while/cond/Sub/Switch_1", 0);
    struct weft_node *inner = weft_graph_find(m->g, "while/while/cond/Sub");
    struct weft_context *c = weft_node_context(inner), *loop = weft_context_outer(c);
    assert_false(weft_context_info(c).is_loop);
    assert_int_equal(weft_context_info(c).branch, 0);
    assert_true(weft_context_info(loop).is_loop);
    assert_string_equal(weft_context_info(loop).name, "while/while/while_context");
    assert_string_equal(weft_context_info(weft_context_outer(loop)).name, "while/while_context");
    weft_session_free(s);
}

/* ---- with scopes ---- */

/* A loop's nodes do not wait outside: its Enters do. */
static void control_scopes_around_a_loop(void **state)
{
    struct model *m = *state;
    struct weft_out r[2], start[2] = { int32(m->g, 0), number(m->g, 1) };
    struct weft_node *before = weft_op(m->g, "NoOp", NULL, 0, NULL, 0).node;
    weft_control_dependencies(m->g, &before, 1);
    weft_while(m->g, below_ten, count_and_add, m, start, 2, NULL, r);
    weft_scope_end(m->g);
    assert_true(waits_for(m->g, "while/Enter", "NoOp"));
    assert_true(waits_for(m->g, "while/AddV2_1/Enter", "NoOp"));
    assert_false(waits_for(m->g, "while/Const_1", "NoOp"));
    assert_true(waits_for(m->g, "while/Const_1", "while/Identity"));
    assert_false(waits_for(m->g, "while/Merge", "NoOp"));
    struct weft_session *s = session_on(m->g);
    HOLDS(s, r[1], 41);
    weft_session_free(s);
}

static void out_of_all(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct model *m = ctx;
    (void)n;
    weft_control_dependencies(g, NULL, 0);
    assert_null(weft_current_context(g));
    m->z = add(m->y, m->y);
    weft_scope_end(g);
    assert_non_null(weft_current_context(g));
    results[0] = m->z;
}

static void contexts_are_left(void **state)
{
    struct model *m = *state;
    struct weft_out r;
    weft_cond(m->g, NULL, m->pred, out_of_all, seven, m, &r, 1);
    assert_null(weft_node_context(m->z.node));
    struct weft_session *s = session_on(m->g);
    HOLDS(s, m->z, 8);
    is_near(with(s, m->pred, WEFT_BOOL, 1, r), 8, 0);
    weft_session_free(s);
}

/* ---- where an error sticks ---- */

static void nothing_comes_of_nothing(void **state)
{
    struct model *m = *state;
    struct weft_out x = m->x, inside = m->y, results = m->y;
    assert_null(weft_branch_new(m->g, NULL, m->pred, (struct weft_out){ 0 }, 1));
    assert_null(weft_branch_result(NULL, m->x).node);
    assert_null(weft_context_value(NULL, m->x).node);
    binary("AddV2", m->x, m->pred);
    assert_null(weft_loop_begin(m->g, NULL, &x, 1, &inside));
    assert_null(inside.node);
    weft_loop_test_is(NULL, inside, &inside);
    weft_loop_end(NULL, &inside, &results);
    assert_ptr_equal(results.node, m->y.node);
    assert_int_equal(weft_graph_contexts(m->g), 0);
    weft_status_free(weft_graph_error(m->g));
}

/* A rank that no tensor has is refused like any other that the variable has not. */
static void shapes_of_too_many_dimensions(void **state)
{
    struct model *m = *state;
    struct weft_out x = m->x, inside;
    struct weft_shape shape = { 4096, { 1, 2, 3, 4, 5, 6, 7, 8 } };
    assert_null(weft_loop_begin(m->g, &(struct weft_loop_options){ .shapes = &shape }, &x, 1,
                                &inside));
    sticks(m->g, WEFT_INVALID_ARGUMENT, "invariant is (1, 2, 3, 4, 5, 6, 7, 8)");
}

/* ---- meta graphs ---- */

static void meta_graphs_keep_them(void **state)
{
    struct model *m = *state;
    struct weft_out r[2], c;
    struct weft_bytes meta, again, *both[2] = { &meta, &again };
    weft_while(m->g, below_ten, count_and_add, m,
               (struct weft_out[]){ int32(m->g, 0), number(m->g, 1) }, 2, NULL, r);
    weft_cond(m->g, NULL, m->pred, sum, seven, m, &c, 1);
    ok(weft_meta_graph_export(m->g, NULL, &meta));
    struct weft_graph *g = weft_graph_new();
    ok(weft_meta_graph_import(g, NULL, false, meta.data, meta.size));
    ok(weft_meta_graph_export(g, NULL, &again));
    assert_int_equal(meta.size, again.size);
    assert_memory_equal(meta.data, again.data, meta.size);
    struct weft_context *loop = weft_node_context(weft_graph_find(g, "while/AddV2_1"));
    assert_non_null(loop);
    assert_int_equal(weft_context_info(loop).n_vars, 2);
    struct weft_out outside[1], inside[1];
    assert_int_equal(weft_context_captures(loop, outside, inside, 1), 1);
    named(outside[0].node, "y", "Identity");
    named(inside[0].node, "while/AddV2_1/Enter", "Enter");
    for (int i = 0; i < 2; i++)
        weft_bytes_free(both[i]);
    weft_graph_free(g);
}

int main(void)
{
#define IN_MODEL(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        IN_MODEL(one_branch_is_computed),
        IN_MODEL(a_branch_may_hand_on),
        IN_MODEL(results_are_checked),
        IN_MODEL(branches_act),
        IN_MODEL(initial_values_come_from_outside),
        IN_MODEL(branches_cannot_be_fetched),
        IN_MODEL(the_first_case_that_holds),
        IN_MODEL(loops_run),
        IN_MODEL(so_many_times_at_most),
        IN_MODEL(shapes_and_dtypes_stay),
        IN_MODEL(no_iteration),
        IN_MODEL(loops_keep_their_values),
        IN_MODEL(one_in_another),
        IN_MODEL(control_scopes_around_a_loop),
        IN_MODEL(contexts_are_left),
        IN_MODEL(nothing_comes_of_nothing),
        IN_MODEL(shapes_of_too_many_dimensions),
        IN_MODEL(meta_graphs_keep_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
