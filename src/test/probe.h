/* probe.h - for the tests of plans and sessions: a few ops whose doings can be observed, and
 * short ways to build graphs of them. Scalars of float everywhere. */
#ifndef TEST_PROBE_H
#define TEST_PROBE_H

#include "base/mem.h"
#include "graph/graph.h"
#include "op/wait.h"
#include "tensor/tensor.h"
#include "test/expect.h"

#include <sched.h>
#include <stdio.h>

static atomic_int ticks;                /* how often TestTick ran */
static atomic_int gate;                 /* TestWait spins until this is not 0, or cancelled */
static atomic_int waiting;              /* how many TestWait are inside */
static atomic_int takers;               /* how many TestTake sleep */

/* What TestPut adds to and TestTake takes from. */
static struct { pthread_mutex_t lock; pthread_cond_t changed; int n; bool ready; } tokens =
    { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- kernels ---- */

static struct status *test_add(struct kernel *k)
{
    const float *a = kernel_in(k, 0)->data, *b = kernel_in(k, 1)->data;
    TRY(kernel_reuse(k, 0, 0));
    *(float *)kernel_out(k, 0)->data = *a + *b;
    return NULL;
}

/* Scratch memory is asked for, filled and forgotten. */
static struct status *test_slow(struct kernel *k)
{
    float *tmp;
    TRY(kernel_temp(k, 1000 * sizeof *tmp, &tmp));
    for (int i = 0; i < 1000; i++)
        tmp[i] = (float)i;
    for (int i = 0; i < 20; i++)
        sched_yield();
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)kernel_out(k, 0)->data = *(float *)kernel_in(k, 0)->data + tmp[1];
    return NULL;
}

static struct status *test_fail(struct kernel *k)
{
    return status_new(OUT_OF_RANGE, "failed at %g", (double)*(float *)kernel_in(k, 0)->data);
}

static struct status *test_tick(struct kernel *k)
{
    atomic_fetch_add(&ticks, 1);
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)kernel_out(k, 0)->data = (float)atomic_load(&ticks);
    return NULL;
}

static struct status *test_two(struct kernel *k)
{
    atomic_fetch_add(&ticks, 1);
    for (int i = 0; i < 2; i++) {
        TRY(kernel_new(k, i, DT_FLOAT, &SHAPE_SCALAR));
        *(float *)kernel_out(k, i)->data = *(float *)kernel_in(k, 0)->data + (float)(i + 1);
    }
    return NULL;
}

static struct status *test_both(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    kernel_forward(k, 1, 1);
    return NULL;
}

static struct status *test_wait(struct kernel *k)
{
    atomic_fetch_add(&waiting, 1);
    while (!atomic_load(&gate) && !stop_asked(k->env->stop))
        sched_yield();
    atomic_fetch_sub(&waiting, 1);
    if (!atomic_load(&gate))
        return status_new(CANCELLED, "TestWait was cancelled");
    kernel_forward(k, 0, 0);
    return NULL;
}

/* Under the lock. */
static struct status *take_token(struct kernel *k)
{
    bool over = false;
    if (!tokens.n && !k->env->may_wait)
        return status_would_wait();
    atomic_fetch_add(&takers, 1);
    while (!tokens.n && !over)
        over = kernel_wait(k, &tokens.changed, &tokens.lock);
    atomic_fetch_sub(&takers, 1);
    if (over)
        return status_new(CANCELLED, "TestTake was cancelled");
    tokens.n--;
    return NULL;
}

static void lock_tokens(void)
{
    pthread_mutex_lock(&tokens.lock);
    if (!tokens.ready)
        wait_init(&tokens.changed);
    tokens.ready = true;
}

static struct status *test_take(struct kernel *k)
{
    lock_tokens();
    struct status *st = take_token(k);
    pthread_mutex_unlock(&tokens.lock);
    if (!st)
        kernel_forward(k, 0, 0);
    return st;
}

static struct status *test_put(struct kernel *k)
{
    lock_tokens();
    tokens.n += (int)*(float *)kernel_in(k, 0)->data;
    pthread_cond_broadcast(&tokens.changed);
    pthread_mutex_unlock(&tokens.lock);
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *test_switch(struct kernel *k)
{
    kernel_forward(k, *(float *)kernel_in(k, 1)->data != 0, 0);
    return NULL;
}

static struct status *test_merge(struct kernel *k)
{
    for (int i = 0; i < k->n_in; i++)
        if (kernel_in(k, i)->buf) {
            kernel_forward(k, 0, i);
            return NULL;
        }
    return status_new(INTERNAL, "nothing to merge");
}

static struct status *test_var_prepare(struct prep *p)
{
    struct variable *v;
    TRY(variable_get(p->resources, DEFAULT_CONTAINER, p->name, DT_FLOAT, &v));
    p->bound = &v->base;
    p->state = v;
    return NULL;
}

static struct status *test_var(struct kernel *k)
{
    kernel_set_ref(k, 0, (struct variable *)k->state);
    return NULL;
}

static struct status *test_assign(struct kernel *k)
{
    struct variable *v = kernel_ref(k, 0);
    variable_assign(v, kernel_in(k, 1));
    kernel_set_ref(k, 0, v);
    return NULL;
}

static struct status *test_assign_add(struct kernel *k)
{
    struct variable *v = kernel_ref(k, 0);
    struct tensor *value;
    struct status *st = variable_lock(v, k->env->buffers, "it", &value);
    if (!st)
        *(float *)value->data += *(float *)kernel_in(k, 1)->data;
    variable_unlock(v);
    kernel_set_ref(k, 0, v);
    return st;
}

#define TEST_OP(text, ins, outs, fn, bits) \
    { .name = text, .inputs = ins, .outputs = outs, .doc = "For tests.", .shape = shape_unknown, \
      .grad = NO_GRADIENT, .kernel_any = fn, .flags = bits }

static const struct op test_ops[] = {
    TEST_OP("TestAdd", "a: float, b: float", "c: float", test_add, 0),
    TEST_OP("TestSlow", "a: float", "b: float", test_slow, OP_EXPENSIVE),
    TEST_OP("TestFail", "a: float", "b: float", test_fail, OP_STATEFUL),
    TEST_OP("TestTick", NULL, "b: float", test_tick, OP_STATEFUL),
    TEST_OP("TestTwo", "a: float", "b: float, c: float", test_two, 0),
    TEST_OP("TestBoth", "a: float, b: float", "c: float, d: float", test_both, 0),
    TEST_OP("TestWait", "a: float", "b: float", test_wait, OP_STATEFUL | OP_EXPENSIVE),
    TEST_OP("TestTake", "a: float", "b: float", test_take, OP_STATEFUL | OP_BLOCKING),
    TEST_OP("TestPut", "a: float", "b: float", test_put, OP_STATEFUL),
    TEST_OP("TestSwitch", "a: float, p: float", "b: float, c: float", test_switch, OP_SWITCH),
    TEST_OP("TestMerge", "a: float, b: float", "c: float", test_merge, OP_MERGE),
    TEST_OP("TestNone", "a: float", "b: float", NULL, 0),
    TEST_OP("TestAssignAdd", "ref: Ref(float), value: float", "out: Ref(float)", test_assign_add,
            0),
    TEST_OP("TestAssign", "ref: Ref(float), value: float", "out: Ref(float)", test_assign,
            OP_UNINITIALIZED),
    { .name = "TestVar", .outputs = "ref: Ref(float)", .doc = "For tests.",
      .shape = shape_unknown, .grad = NO_GRADIENT, .prepare = test_var_prepare,
      .kernel_any = test_var, .flags = OP_STATEFUL },
    { 0 }
};

/* ---- graphs ---- */

static inline struct node *test_node(struct graph *g, const struct node_def *d)
{
    struct node *n = NULL;
    char name[32];
    struct node_def def = *d;
    snprintf(name, sizeof name, "n%d", g->n);
    if (!def.name)
        def.name = name;
    ok(graph_add(g, &def, &n));
    return n;
}

static inline struct out test_out(struct graph *g, const char *op, const char *name,
                                  const struct out *in, int n_in)
{
    return (struct out){ test_node(g, &(struct node_def){ .op = op, .name = name, .in = in,
                                                          .n_in = n_in }), 0 };
}

#define T1(g, op, a) test_out(g, op, NULL, OUTS(a))
#define T2(g, op, a, b) test_out(g, op, NULL, OUTS(a, b))

static inline struct tensor test_scalar(float v)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)t.data = v;
    return t;
}

static inline struct out test_const(struct graph *g, float v)
{
    struct tensor t = test_scalar(v);
    struct node *n = test_node(g, &(struct node_def){
        .op = "Const", .attr = (struct attr[]){ attr_tensor("value", &t),
                                                attr_type("dtype", DT_FLOAT) }, .n_attr = 2 });
    tensor_unref(&t);
    return (struct out){ n, 0 };
}

static inline struct out test_feed_shaped(struct graph *g, const char *name, struct shape s)
{
    return (struct out){ test_node(g, &(struct node_def){
        .op = "Placeholder", .name = name,
        .attr = (struct attr[]){ attr_type("dtype", DT_FLOAT), attr_shape("shape", &s) },
        .n_attr = 2 }), 0 };
}

static inline struct out test_feed(struct graph *g, const char *name)
{
    return test_feed_shaped(g, name, SHAPE_SCALAR);
}

#endif
