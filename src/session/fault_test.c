/* fault_test.c - the nth allocation of a training step fails, for every n.
 *
 * A small net is built, differentiated, trained for a few steps and given back; whichever
 * allocation fails, the outcome is RESOURCE_EXHAUSTED or success, and afterwards nothing is held.
 *
 *     session-fault-test [N]      N: only that allocation
 */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "ops/ops.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { BATCH = 4, IN = 5, HIDDEN = 3, CLASSES = 2, LAYERS = 2, STEPS = 2 };

struct net {
    struct graph *graph;
    struct session *session;
    struct out x, labels, loss, weight[LAYERS], bias[LAYERS];
    struct node *init[2 * LAYERS], *train[2 * LAYERS];
    int n_vars, made;
};

/* ---- building ---- */

static struct status *add(struct net *t, const char *op, const struct out *in, int n_in,
                          const struct attr *attr, int n_attr, struct out *result)
{
    char name[32];
    snprintf(name, sizeof name, "n%d", t->made++);
    struct node_def d = { .op = op, .name = name, .in = in, .n_in = n_in,
                          .attr = attr, .n_attr = n_attr };
    struct node *n = NULL;
    TRY(graph_add(t->graph, &d, &n));
    *result = (struct out){ n, 0 };
    return NULL;
}

static struct status *placeholder(struct net *t, enum dtype dtype, const struct shape *s,
                                  struct out *result)
{
    struct attr attr[] = { attr_type("dtype", dtype), attr_shape("shape", s) };
    return add(t, "Placeholder", NULL, 0, attr, 2, result);
}

/* Values that are not all the same; a vector for a bias, a scalar for a rate. */
static struct status *constant(struct net *t, const struct shape *s, float value,
                               struct out *result)
{
    struct tensor v;
    TRY(tensor_new(&v, NULL, DT_FLOAT, s));
    for (int64_t i = 0; i < tensor_count(&v); i++)
        ((float *)v.data)[i] = value + 0.1f * (float)(i % 7);
    struct attr attr[] = { attr_type("dtype", DT_FLOAT), attr_tensor("value", &v) };
    struct status *st = add(t, "Const", NULL, 0, attr, 2, result);
    tensor_unref(&v);
    return st;
}

/* Weights are ref variables, biases resources. */
static struct status *variable(struct net *t, bool resource, const struct shape *s,
                               struct out *result)
{
    struct out value, assign;
    struct attr attr[] = { attr_type("dtype", DT_FLOAT), attr_shape("shape", s) };
    TRY(add(t, resource ? "VarHandleOp" : "VariableV2", NULL, 0, attr, 2, result));
    TRY(constant(t, s, -0.2f, &value));
    TRY(add(t, resource ? "AssignVariableOp" : "Assign", OUTS(*result, value), NULL, 0, &assign));
    t->init[t->n_vars++] = assign.node;
    return NULL;
}

static struct status *layer(struct net *t, int i, int64_t from, int64_t to, struct out *x)
{
    struct out b;
    TRY(variable(t, false, &SHAPE(from, to), &t->weight[i]));
    TRY(variable(t, true, &SHAPE(to), &t->bias[i]));
    TRY(add(t, "ReadVariableOp", OUTS(t->bias[i]), ATTRS(attr_type("dtype", DT_FLOAT)), &b));
    TRY(add(t, "MatMul", OUTS(*x, t->weight[i]), NULL, 0, x));
    return add(t, "BiasAdd", OUTS(*x, b), NULL, 0, x);
}

static struct status *leave_it(void *ctx, struct grad *g, bool *done)
{
    (void)ctx;
    (void)g;
    *done = false;
    return NULL;
}

static struct status *updates(struct net *t)
{
    struct out x[2 * LAYERS], dx[2 * LAYERS], rate, done;
    for (int i = 0; i < LAYERS; i++) {
        x[i] = t->weight[i];
        x[LAYERS + i] = t->bias[i];
    }
    struct gradients q = { .y = &t->loss, .n_y = 1, .x = x, .n_x = 2 * LAYERS,
                           .colocate = true, .gate = true, .function = leave_it };
    TRY(graph_gradients(t->graph, &q, dx, NULL));
    TRY(constant(t, &SHAPE_SCALAR, 0.1f, &rate));
    for (int i = 0; i < 2 * LAYERS; i++) {
        TRY(add(t, i < LAYERS ? "ApplyGradientDescent" : "ResourceApplyGradientDescent",
                OUTS(x[i], rate, dx[i]), NULL, 0, &done));
        t->train[i] = done.node;
    }
    return NULL;
}

static struct status *build(struct net *t)
{
    struct out h, cross, axis;
    struct tensor none = { 0 };
    NEED(t->graph = graph_new());
    TRY(placeholder(t, DT_FLOAT, &SHAPE(-1, IN), &t->x));
    TRY(placeholder(t, DT_FLOAT, &SHAPE(-1, CLASSES), &t->labels));
    h = t->x;
    TRY(layer(t, 0, IN, HIDDEN, &h));
    TRY(add(t, "Relu", OUTS(h), NULL, 0, &h));
    TRY(layer(t, 1, HIDDEN, CLASSES, &h));
    TRY(add(t, "SoftmaxCrossEntropyWithLogits", OUTS(h, t->labels), NULL, 0, &cross));
    TRY(tensor_new(&none, NULL, DT_INT32, &SHAPE(1)));
    ((int32_t *)none.data)[0] = 0;
    struct status *st = add(t, "Const", NULL, 0, ATTRS(attr_type("dtype", DT_INT32),
                                                       attr_tensor("value", &none)), &axis);
    tensor_unref(&none);
    TRY(st);
    TRY(add(t, "Mean", OUTS(cross, axis), NULL, 0, &t->loss));
    return updates(t);
}

/* ---- running ---- */

static struct status *run_targets(struct net *t, struct node **target, int n,
                                  const struct tensor *feed, float *loss)
{
    struct out feeds[] = { t->x, t->labels };
    struct tensor fetch = { 0 };
    struct plan_key key = { .target = target, .n_targets = n, .feed = feeds,
                            .n_feeds = feed ? 2 : 0, .fetch = &t->loss, .n_fetches = loss != NULL };
    TRY(session_run(t->session, &key, feed, &fetch, NULL));
    if (loss)
        *loss = ((float *)fetch.data)[0];
    tensor_unref(&fetch);
    return NULL;
}

/* The loss again, in two parts. */
static struct status *run_parts(struct net *t, const struct tensor *feed)
{
    struct out feeds[] = { t->x, t->labels };
    struct plan_key all = { .feed = feeds, .n_feeds = 2, .fetch = &t->loss, .n_fetches = 1 };
    struct plan_key first = { .feed = feeds, .n_feeds = 1 };
    struct plan_key second = { .feed = feeds + 1, .n_feeds = 1, .fetch = &t->loss, .n_fetches = 1 };
    struct tensor fetch = { 0 };
    struct session_partial *p = NULL;
    TRY(session_partial_new(t->session, &all, &p));
    struct status *st = session_partial_run(p, &first, feed, NULL);
    if (!st)
        st = session_partial_run(p, &second, feed + 1, &fetch);
    tensor_unref(&fetch);
    session_partial_free(p);
    return st;
}

static struct status *steps(struct net *t, float *loss)
{
    struct tensor feed[2] = { { 0 } };
    TRY(run_targets(t, t->init, 2 * LAYERS, NULL, NULL));
    struct status *st = tensor_new(&feed[0], NULL, DT_FLOAT, &SHAPE(BATCH, IN));
    if (!st)
        st = tensor_new(&feed[1], NULL, DT_FLOAT, &SHAPE(BATCH, CLASSES));
    for (int i = 0; !st && i < BATCH * IN; i++)
        ((float *)feed[0].data)[i] = (float)(i % 3);
    for (int i = 0; !st && i < BATCH * CLASSES; i++)
        ((float *)feed[1].data)[i] = i % CLASSES == (i / CLASSES) % CLASSES;
    for (int i = 0; !st && i < STEPS; i++)
        st = run_targets(t, t->train, 2 * LAYERS, feed, loss);
    if (!st)
        st = run_parts(t, feed);
    tensor_unref(&feed[0]);
    tensor_unref(&feed[1]);
    return st;
}

/* The graph goes out and comes in again, too. */
static struct status *export_import(struct net *t)
{
    void *bytes = NULL;
    size_t n;
    struct graph *g = graph_new();
    NEED(g);
    struct status *st = graph_export(t->graph, 0, &bytes, &n);
    if (!st)
        st = graph_import(g, NULL, bytes, n);
    mem_free(bytes);
    graph_unref(g);
    return st;
}

static struct status *train(unsigned flags, float *loss)
{
    struct net t = { 0 };
    struct session_options o = { .inter_op_threads = 1, .intra_op_threads = 1,
                                 .plan_flags = flags };
    struct status *st = build(&t);
    if (!st)
        st = session_new(t.graph, &o, &t.session);
    if (!st)
        st = steps(&t, loss);
    if (!st)
        st = export_import(&t);
    session_free(t.session);
    graph_unref(t.graph);
    return st;
}

/* ---- failing ---- */

static long only = -1;

static void fail_each(unsigned flags, int sticky)
{
    float loss = 0, want = 0;
    struct status *st = train(flags, &want);        /* what is made once is made here */
    if (st)
        fail_msg("without failures: %s", status_message(st));
    size_t before = mem_live(), calls = mem_calls();
    status_free(train(flags, &want));
    assert_int_equal(mem_live(), before);
    long n_calls = (long)(mem_calls() - calls), refused = 0;
    for (long n = only < 0 ? 0 : only; n < (only < 0 ? n_calls : only + 1); n++) {
        mem_fail_after(n, sticky);
        st = train(flags, &loss);
        mem_fail_after(-1, 0);
        if (st && status_code(st) != RESOURCE_EXHAUSTED)
            fail_msg("allocation %ld: %s: %s", n, code_name(status_code(st)), status_message(st));
        if (!st && loss != want)
            fail_msg("allocation %ld: the loss is %g, should be %g", n, loss, want);
        refused += st != NULL;
        status_free(st);
        if (mem_live() != before)
            fail_msg("allocation %ld: %ld bytes were not given back", n,
                     (long)(mem_live() - before));
    }
    printf("%ld allocations, %ld of them refused the step\n", n_calls, refused);
    assert_true(only >= 0 || refused > n_calls / 2);
}

static void serial(void **state)
{
    (void)state;
    fail_each(PLAN_SERIAL, 0);
}

static void serial_from_then_on(void **state)
{
    (void)state;
    fail_each(PLAN_SERIAL, 1);
}

static void dataflow(void **state)
{
    (void)state;
    fail_each(PLAN_FLOW, 0);
}

static void dataflow_from_then_on(void **state)
{
    (void)state;
    fail_each(PLAN_FLOW, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial),
        cmocka_unit_test(serial_from_then_on),
        cmocka_unit_test(dataflow),
        cmocka_unit_test(dataflow_from_then_on),
    };
    if (argc > 1)
        only = atol(argv[1]);
    struct status *st = ops_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
