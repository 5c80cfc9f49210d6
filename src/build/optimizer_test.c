/* optimizer_test.c - optimizers: the nodes they make, and that each rule is what it should be. */
#include "api/testing.h"

/* ---- the rules in plain C, an element at a time ---- */

struct element { double w, slot[3]; };

static void descend(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->w -= h[0] * g;
}

static void descend_with_momentum(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->slot[0] = e->slot[0] * h[1] + g;
    e->w -= h[0] * e->slot[0];
}

static void descend_with_nesterov(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->slot[0] = e->slot[0] * h[1] + g;
    e->w -= h[0] * g + h[0] * h[1] * e->slot[0];
}

static void adagrad(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->slot[0] += g * g;
    e->w -= h[0] * g / sqrt(e->slot[0]);
}

static void adadelta(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->slot[0] = h[1] * e->slot[0] + (1 - h[1]) * g * g;
    double u = sqrt(e->slot[1] + h[2]) / sqrt(e->slot[0] + h[2]) * g;
    e->w -= h[0] * u;
    e->slot[1] = h[1] * e->slot[1] + (1 - h[1]) * u * u;
}

static void rmsprop(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    e->slot[0] += (1 - h[1]) * (g * g - e->slot[0]);
    e->slot[1] = h[2] * e->slot[1] + h[0] * g / sqrt(e->slot[0] + h[3]);
    e->w -= e->slot[1];
}

static void centered_rmsprop(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    double *ms = &e->slot[0], *mg = &e->slot[1], *mom = &e->slot[2];
    *ms += (1 - h[1]) * (g * g - *ms);
    *mg += (1 - h[1]) * (g - *mg);
    *mom = h[2] * *mom + h[0] * g / sqrt(*ms - *mg * *mg + h[3]);
    e->w -= *mom;
}

static void adam(struct element *e, double g, const double h[4], int t)
{
    double a = h[0] * sqrt(1 - pow(h[2], t)) / (1 - pow(h[1], t));
    e->slot[0] += (1 - h[1]) * (g - e->slot[0]);
    e->slot[1] += (1 - h[2]) * (g * g - e->slot[1]);
    e->w -= a * e->slot[0] / (sqrt(e->slot[1]) + h[3]);
}

static void ftrl(struct element *e, double g, const double h[4], int t)
{
    (void)t;
    double n = e->slot[0] + g * g, power = h[1], l1 = h[2], l2 = h[3];
    e->slot[1] += g - (pow(n, -power) - pow(e->slot[0], -power)) / h[0] * e->w;
    double lin = e->slot[1], sign = lin > 0 ? 1 : -1;
    e->w = fabs(lin) > l1 ? (sign * l1 - lin) / (pow(n, -power) / h[0] + 2 * l2) : 0;
    e->slot[0] = n;
}

struct rule {
    const char *name, *op;
    void (*step)(struct element *e, double g, const double h[4], int t);
    double h[4], first[3];              /* numbers; the slots' first values */
    const char *slot[3], *slot_name[3];
    bool fades;                         /* a row without gradient changes too: Adam */
};

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct rule rules[] = {
    { "GradientDescent", "ApplyGradientDescent", descend, { .5 } },
    { "Momentum", "ApplyMomentum", descend_with_momentum, { .1, .9 }, { 0 }, { "momentum" },
      { "w/Momentum" } },
    { "Momentum", "ApplyMomentum", descend_with_nesterov, { .1, .9 }, { 0 }, { "momentum" },
      { "w/Momentum" } },
    { "Adagrad", "ApplyAdagrad", adagrad, { .3 }, { .1 }, { "accumulator" }, { "w/Adagrad" } },
    { "Adadelta", "ApplyAdadelta", adadelta, { 1, .95, 1e-3 }, { 0 }, { "accum", "accum_update" },
      { "w/Adadelta", "w/Adadelta_1" } },
    { "RMSProp", "ApplyRMSProp", rmsprop, { .1, .9, .5, 1e-10 }, { 1 }, { "rms", "momentum" },
      { "w/RMSProp", "w/RMSProp_1" } },
    { "RMSProp", "ApplyCenteredRMSProp", centered_rmsprop, { .1, .9, .5, 1e-10 }, { 1 },
      { "rms", "mg", "momentum" }, { "w/RMSProp", "w/RMSProp_1", "w/RMSProp_2" } },
    { "Adam", "ApplyAdam", adam, { .1, .9, .999, 1e-8 }, { 0 }, { "m", "v" },
      { "w/Adam", "w/Adam_1" }, true },
    { "Ftrl", "ApplyFtrl", ftrl, { .5, -.5, .1, .2 }, { .1 }, { "accum", "linear" },
      { "w/Ftrl", "w/Ftrl_1" } },
};

enum { RULES = sizeof rules / sizeof *rules };

static struct weft_optimizer *optimizer_of(const struct rule *r)
{
    const double *h = r->h;
    if (r->step == descend)
        return weft_gradient_descent(h[0]);
    if (r->step == descend_with_momentum || r->step == descend_with_nesterov)
        return weft_momentum(h[0], h[1], r->step == descend_with_nesterov);
    if (r->step == adagrad)
        return weft_adagrad(h[0], r->first[0]);
    if (r->step == adadelta)
        return weft_adadelta(h[0], h[1], h[2]);
    if (r->step == rmsprop || r->step == centered_rmsprop)
        return weft_rmsprop(h[0], h[1], h[2], h[3], r->step == centered_rmsprop);
    if (r->step == adam)
        return weft_adam(h[0], h[1], h[2], h[3]);
    return weft_ftrl(h[0], h[1], r->first[0], h[2], h[3]);
}

/* ---- each rule against the computation above ---- */

enum { ROWS = 3, COLS = 2 };

static const double first_w[ROWS * COLS] = { 1, -2, .5, 3, -1.5, 2.5 };
static const double factor[ROWS * COLS] = { .3, 1, -.7, 2, .1, -.4 };
static const int looked_up[3] = { 0, 2, 0 };

/* sum(factor * w^2 / 2): the gradient is factor * w. */
static struct weft_out dense_loss(struct weft_out w)
{
    struct weft_graph *g = weft_node_graph(w.node);
    enum weft_dtype t = weft_out_dtype(w);
    struct weft_out squares = binary("Mul", w, w);
    struct weft_out parts = binary("Mul", squares, matrix(g, t, ROWS, COLS, factor));
    return binary("Mul", sum_all(parts), weft_scalar(g, t, .5));
}

/* The same of the rows 0, 2 and 0 again of w. */
static struct weft_out sparse_loss(struct weft_variable v, bool resource, enum weft_dtype t)
{
    struct weft_graph *g = weft_node_graph(v.ref.node);
    struct weft_out at = weft_vector(g, WEFT_INT32, 3, (double[]){ 0, 2, 0 });
    struct weft_out zero = weft_scalar(g, WEFT_INT32, 0);
    struct weft_out rows = resource
        ? weft_op(g, "ResourceGather", WEFT_OUTS(v.ref, at), WEFT_ATTRS(weft_attr_type("dtype", t)))
        : weft_op(g, "GatherV2", WEFT_OUTS(v.value, at, zero), NULL, 0);
    return dense_loss(rows);
}

/* Hyperparameters are float32 in the graph, whatever the variable is. */
static void expect_step(const struct rule *r, struct element e[ROWS * COLS], bool sparse, int t)
{
    double g[ROWS * COLS] = { 0 };
    bool touched[ROWS * COLS] = { false };
    double h[4];
    for (int i = 0; i < 4; i++)
        h[i] = (float)r->h[i];
    for (int i = 0; i < ROWS * COLS; i++) {
        int at = sparse ? looked_up[i / COLS] * COLS + i % COLS : i;
        g[at] += factor[i] * e[at].w;
        touched[at] = true;
    }
    for (int i = 0; i < ROWS * COLS; i++)
        if (touched[i] || r->fades)
            r->step(&e[i], g[i], h, t);
}

static void compare(struct weft_session *s, struct weft_out o, const struct element *e, int slot,
                    double tolerance)
{
    double want[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++)
        want[i] = slot < 0 ? e[i].w : e[i].slot[slot];
    holds(s, o, want, ROWS * COLS, tolerance);
}

static void check_rule(const struct rule *r, bool resource, bool sparse, enum weft_dtype t)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = weft_variable_new(g, "w", matrix(g, t, ROWS, COLS, first_w),
                                               resource ? WEFT_USE_RESOURCE : 0);
    struct weft_out loss = sparse ? sparse_loss(v, resource, t) : dense_loss(v.value);
    struct weft_optimizer *o = optimizer_of(r);
    struct weft_node *train = weft_minimize(o, loss, NULL, 0, NULL);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    struct element e[ROWS * COLS];
    double tolerance = r->fades ? 1e-4 : t == WEFT_DOUBLE ? 1e-7 : 2e-5;     /* Adam's powers */
    for (int i = 0; i < ROWS * COLS; i++)
        e[i] = (struct element){ first_w[i], { r->first[0], r->first[1], r->first[2] } };
    ok(weft_session_do(s, init));
    for (int step = 1; step <= 3; step++) {
        ok(weft_session_do(s, train));
        expect_step(r, e, sparse, step);
        compare(s, v.value, e, -1, tolerance);
        for (int i = 0; i < 3 && r->slot[i]; i++)
            compare(s, weft_optimizer_slot(o, v, r->slot[i]).value, e, i, tolerance);
    }
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* F32-F38 dense; F28, F36, F40 in rows; ref and resource variables; float and double. */
static void rules_hold(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++)
        for (int way = 0; way < 8; way++) {
            print_message("%s %s %s %s\n", rules[i].op, way & 1 ? "resource" : "ref",
                          way & 2 ? "rows" : "dense", way & 4 ? "double" : "float");
            check_rule(&rules[i], way & 1, way & 2, way & 4 ? WEFT_DOUBLE : WEFT_FLOAT);
        }
}

/* ---- names ---- */

static struct weft_variable scalar_variable(struct weft_graph *g, const char *name, double value,
                                            unsigned flags)
{
    return weft_variable_new(g, name, weft_scalar(g, WEFT_FLOAT, value), flags);
}

static struct weft_out square_loss(struct weft_variable v)
{
    return binary("Mul", v.value, v.value);
}

static void has_slot(struct weft_graph *g, const char *name, double first)
{
    char part[64];
    named(weft_graph_find(g, name), name, "VariableV2");
    snprintf(part, sizeof part, "%s/read", name);
    named(weft_graph_find(g, part), part, "Identity");
    snprintf(part, sizeof part, "%s/Assign", name);
    named(weft_graph_find(g, part), part, "Assign");
    snprintf(part, sizeof part, "%s/Initializer/%s", name,
             first == 0 ? "zeros" : first == 1 ? "ones" : "Const");
    named(weft_graph_find(g, part), part, "Const");
}

/* F22: the train op is named after the optimizer, updates <Opt>/update_<var>/Apply<Opt>. F23: slots
 * w/<Opt>, w/<Opt>_1, global and not trainable. F26: they are found by their names. */
static void names_of_nodes(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        const struct rule *r = &rules[i];
        struct weft_graph *g = weft_graph_new();
        struct weft_variable v = scalar_variable(g, "w", 1, 0);
        struct weft_optimizer *o = optimizer_of(r);
        char name[128];
        struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, NULL);
        ok(weft_graph_error(g));
        named(train, r->name, "NoOp");
        snprintf(name, sizeof name, "%s/update_w/%s", r->name, r->op);
        named(weft_graph_find(g, name), name, r->op);
        for (int k = 0; k < 3 && r->slot[k]; k++) {
            has_slot(g, r->slot_name[k], r->first[k]);
            assert_ptr_equal(weft_optimizer_slot(o, v, r->slot[k]).ref.node,
                             weft_graph_find(g, r->slot_name[k]));
        }
        assert_null(weft_optimizer_slot(o, v, "nonsense").ref.node);
        assert_int_equal(weft_trainable_variables(g, NULL, 0), 1);
        struct weft_out trained;
        assert_int_equal(weft_collection(g, "train_op", &trained, 1), 1);
        assert_ptr_equal(trained.node, train);
        assert_int_equal(trained.index, -1);
        weft_optimizer_free(o);
        weft_graph_free(g);
    }
}

/* F23: Adam's powers begin as beta1 and beta2, and are multiplied after all updates. */
static void adams_powers(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "a", 1, 0), w = scalar_variable(g, "b", 2, 0);
    struct weft_optimizer *o = weft_adam(.1, .5, .25, 1e-8);
    struct weft_out loss = binary("Add", square_loss(v), square_loss(w));
    struct weft_node *train = weft_minimize(o, loss, NULL, 0, NULL);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    struct weft_out one = { weft_graph_find(g, "beta1_power/read"), 0 };
    struct weft_out two = { weft_graph_find(g, "beta2_power/read"), 0 };
    named(weft_graph_find(g, "Adam/mul"), "Adam/mul", "Mul");
    named(weft_graph_find(g, "Adam/Assign_1"), "Adam/Assign_1", "Assign");
    ok(weft_session_do(s, init));
    HOLDS(s, one, .5);
    HOLDS(s, two, .25);
    ok(weft_session_do(s, train));
    HOLDS(s, one, .25);
    HOLDS(s, two, .0625);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* F22: a second train op is _1, and another optimizer's slots are w/Momentum_1; both work on the
 * same variable. F22: name= and name scopes. */
static void two_optimizers(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "w", 1, 0);
    struct weft_optimizer *a = weft_momentum(.1, .9, false), *b = weft_momentum(.1, 0, false);
    struct weft_optimizer *c = weft_gradient_descent(.5);
    struct weft_node *first = weft_minimize(a, square_loss(v), NULL, 0, NULL);
    named(first, "Momentum", "NoOp");
    named(weft_minimize(a, square_loss(v), NULL, 0, NULL), "Momentum_1", "NoOp");
    assert_null(weft_graph_find(g, "w/Momentum_1"));
    struct weft_node *second = weft_minimize(b, square_loss(v), NULL, 0, NULL);
    named(second, "Momentum_2", "NoOp");
    named(weft_graph_find(g, "w/Momentum_1"), "w/Momentum_1", "VariableV2");
    ok(weft_optimizer_set_name(c, "Mine"));
    fails(weft_optimizer_set_name(c, ""), WEFT_INVALID_ARGUMENT, "Must specify the optimizer name");
    weft_name_scope(g, "scope");
    struct weft_node *third = weft_minimize(c, square_loss(v), NULL, 0, NULL);
    weft_scope_end(g);
    named(third, "scope/Mine", "NoOp");
    assert_non_null(weft_graph_find(g, "scope/Mine/update_w/ApplyGradientDescent"));
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    ok(weft_session_do(s, first));
    HOLDS(s, v.value, .8);
    ok(weft_session_do(s, second));
    HOLDS(s, v.value, .64);
    ok(weft_session_do(s, third));
    HOLDS(s, v.value, 0);
    weft_session_free(s);
    weft_optimizer_free(a);
    weft_optimizer_free(b);
    weft_optimizer_free(c);
    weft_graph_free(g);
}

/* F26: slots belong to a graph, so that one optimizer serves several, also when they have gone. */
static void one_optimizer_on_two_graphs(void **state)
{
    (void)state;
    struct weft_optimizer *o = weft_adam(.1, .9, .999, 1e-8);
    for (int i = 0; i < 2; i++) {
        struct weft_graph *g = weft_graph_new();
        struct weft_variable v = scalar_variable(g, "w", 1 + i, 0);
        struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, NULL);
        named(train, "Adam", "NoOp");
        struct weft_node *init = weft_variables_initializer(g);
        struct weft_session *s = session_on(g);
        ok(weft_session_do(s, init));
        ok(weft_session_do(s, train));
        is_near(number_of(s, v.value), .9 + i, 1e-5);
        assert_ptr_equal(weft_node_graph(weft_optimizer_slot(o, v, "m").ref.node), g);
        weft_session_free(s);
        weft_graph_free(g);
    }
    weft_optimizer_free(o);
    weft_optimizer_free(NULL);
}

/* ---- the global step ---- */

/* F30: int64, "global_step", not trainable, once. F22: with it the updates are <Opt>/update, and
 * the train op is its increment. */
static void global_steps(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "w", 1, 0), step = weft_global_step(g);
    named(step.ref.node, "global_step", "VariableV2");
    assert_int_equal(weft_out_dtype(step.value), WEFT_INT64);
    assert_int_equal(weft_trainable_variables(g, NULL, 0), 1);
    assert_null(weft_global_step(g).ref.node);
    sticks(g, WEFT_ALREADY_EXISTS, "\"global_step\" already exists.");
    struct weft_optimizer *o = weft_gradient_descent(.25);
    struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, &step);
    named(train, "GradientDescent", "AssignAdd");
    named(weft_graph_find(g, "GradientDescent/update"), "GradientDescent/update", "NoOp");
    assert_int_equal(weft_node_controls(train), 1);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    HOLDS(s, step.value, 0);
    ok(weft_session_do(s, train));
    ok(weft_session_do(s, train));
    HOLDS(s, step.value, 2);
    HOLDS(s, v.value, .25);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* A resource variable may count the steps too, of any dtype. */
static void a_resource_counts_steps(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "w", 1, WEFT_USE_RESOURCE);
    struct weft_variable step = weft_variable_new(g, "step", weft_scalar(g, WEFT_INT32, 5),
                                                  WEFT_USE_RESOURCE | WEFT_NOT_TRAINABLE);
    struct weft_optimizer *o = weft_adam(.25, .9, .999, 1e-8);
    struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, &step);
    named(train, "Adam", "AssignAddVariableOp");
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    ok(weft_session_do(s, train));
    HOLDS(s, step.value, 6);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* ---- which variables, and what may go wrong ---- */

/* F19: all trainable ones, or those given. F20: those without gradient are left alone. */
static void which_variables(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable a = scalar_variable(g, "a", 1, 0), b = scalar_variable(g, "b", 1, 0);
    struct weft_variable fixed = scalar_variable(g, "fixed", 1, WEFT_NOT_TRAINABLE);
    struct weft_variable unused = scalar_variable(g, "unused", 1, 0);
    struct weft_out loss = weft_op(g, "AddN", WEFT_OUTS(square_loss(a), square_loss(b),
                                                        square_loss(fixed)),
                                   NULL, 0);
    struct weft_optimizer *o = weft_gradient_descent(.25);
    struct weft_node *all = weft_minimize(o, loss, NULL, 0, NULL);
    struct weft_node *only_b = weft_minimize(o, loss, &b, 1, NULL);
    assert_null(weft_graph_find(g, "GradientDescent/update_unused/ApplyGradientDescent"));
    struct weft_variable found[2];
    assert_int_equal(weft_trainable_variables(g, found, 2), 3);
    assert_ptr_equal(found[0].ref.node, a.ref.node);
    assert_ptr_equal(found[1].value.node, b.value.node);
    assert_ptr_equal(found[1].initializer, b.initializer);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    ok(weft_session_do(s, all));
    ok(weft_session_do(s, only_b));
    HOLDS(s, a.value, .5);
    HOLDS(s, b.value, .25);
    HOLDS(s, fixed.value, 1);
    HOLDS(s, unused.value, 1);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* F19-F21: the texts. F24: an initializer made before does not know the slots. */
static void errors(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_optimizer *o = weft_momentum(.1, .9, false);
    struct weft_out c = weft_scalar(g, WEFT_FLOAT, 1);
    assert_null(weft_minimize(o, c, NULL, 0, NULL));
    sticks(g, WEFT_INVALID_ARGUMENT, "No variables to optimize.");
    struct weft_variable v = scalar_variable(g, "v", 1, 0);
    assert_null(weft_minimize(o, c, NULL, 0, NULL));
    sticks(g, WEFT_INVALID_ARGUMENT, "No gradients provided for any variable, check your graph for "
           "ops that do not support gradients");
    assert_null(weft_minimize(o, weft_scalar(g, WEFT_INT32, 1), NULL, 0, NULL));
    sticks(g, WEFT_INVALID_ARGUMENT, "Invalid type");
    struct weft_slices none = { { 0 }, { 0 }, { 0 } };
    assert_null(weft_apply_gradients(o, &none, &v, 1, NULL));
    sticks(g, WEFT_INVALID_ARGUMENT, "No gradients provided for any variable");
    ok(weft_graph_enter(g));
    assert_null(weft_apply_gradients(o, NULL, NULL, 0, NULL));
    ok(weft_graph_leave(g));
    sticks(g, WEFT_INVALID_ARGUMENT, "No variables provided.");
    assert_null(weft_minimize(NULL, c, NULL, 0, NULL));
    assert_null(weft_minimize(o, (struct weft_out){ NULL, 0 }, NULL, 0, NULL));
    struct weft_node *early = weft_variables_initializer(g);
    struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, NULL);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, early));
    fails(weft_session_do(s, train), WEFT_FAILED_PRECONDITION,
          "Attempting to use uninitialized value v/Momentum");
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* F18: minimize is its two halves; between them gradients may be changed. */
static void gradients_may_be_changed(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v[2] = { scalar_variable(g, "a", 3, 0), scalar_variable(g, "b", 4, 0) };
    struct weft_optimizer *o = weft_gradient_descent(1);
    struct weft_slices grads[2];
    weft_compute_gradients(o, binary("Add", square_loss(v[0]), square_loss(v[1])), v, 2, grads);
    assert_non_null(grads[0].values.node);
    assert_null(grads[0].indices.node);
    grads[0].values = weft_scalar(g, WEFT_FLOAT, .5);
    grads[1].values.node = NULL;
    struct weft_node *train = weft_apply_gradients(o, grads, v, 2, NULL);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    ok(weft_session_do(s, train));
    HOLDS(s, v[0].value, 2.5);
    HOLDS(s, v[1].value, 4);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* The learning rate may be fed or computed. F31: exponential decay is a graph's own matter. */
static void the_rate_may_be_fed(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "v", 1, 0);
    struct weft_out rate = placeholder(g, "rate", WEFT_FLOAT, 0, NULL);
    struct weft_optimizer *o = weft_gradient_descent(100);
    weft_optimizer_set_rate(o, rate);
    struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, NULL);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    struct weft_tensor *quarter = weft_tensor_scalar(WEFT_FLOAT, .25);
    ok(weft_session_do(s, init));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ rate, quarter }), NULL, 0, &train, 1, NULL));
    HOLDS(s, v.value, .5);
    weft_tensor_free(quarter);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

/* What is made under control dependencies runs after them, gradients first made there or not:
 * so are moving averages updated before each step. */
static void training_waits(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = scalar_variable(g, "v", 1, 0);
    struct weft_variable count = scalar_variable(g, "count", 0, WEFT_NOT_TRAINABLE);
    struct weft_out counted = weft_variable_add(count, weft_scalar(g, WEFT_FLOAT, 1));
    struct weft_optimizer *o = weft_gradient_descent(.25);
    weft_control_dependencies(g, &counted.node, 1);
    struct weft_node *train = weft_minimize(o, square_loss(v), NULL, 0, NULL);
    weft_scope_end(g);
    struct weft_node *init = weft_variables_initializer(g);
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, init));
    ok(weft_session_do(s, train));
    HOLDS(s, count.value, 1);
    HOLDS(s, v.value, .5);
    weft_session_free(s);
    weft_optimizer_free(o);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_hold),
        cmocka_unit_test(names_of_nodes),
        cmocka_unit_test(adams_powers),
        cmocka_unit_test(two_optimizers),
        cmocka_unit_test(one_optimizer_on_two_graphs),
        cmocka_unit_test(global_steps),
        cmocka_unit_test(a_resource_counts_steps),
        cmocka_unit_test(which_variables),
        cmocka_unit_test(errors),
        cmocka_unit_test(gradients_may_be_changed),
        cmocka_unit_test(the_rate_may_be_fed),
        cmocka_unit_test(training_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
