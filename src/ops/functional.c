/* functional.c - ops that run functions of the graph's library: calls, conditions, loops, and
 * gradients of functions.
 *
 * What a function computes is its own affair (op/callee.h); here is decided which one runs, how
 * often, and on what. Values that nobody else holds are given to the functions, whose kernels
 * write their results where they stand.
 */
#include "ops/functional.h"

#include "graph/function.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "op/kernel.h"
#include "op/wait.h"
#include "tensor/tstring.h"

/* ---- shapes, and what functions must take and give ---- */

static struct status *output_shapes(struct shape_ctx *c)
{
    const struct attr *a = node_attr_find(c->node, "output_shapes");
    if (!a || !a->n)
        return NULL;
    ENSURE(a->n == c->n_out, "`output_shapes` must be the same length as num outputs (%d vs. %d)",
           a->n, c->n_out);
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = a->shapes[i];
    return NULL;
}

static struct status *case_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return output_shapes(c);
}

/* Each output has the dtype of the input that it is the next value of, and often its shape, but may
 * well grow. */
static struct status *for_shape(struct shape_ctx *c)
{
    for (int i = 0; i < 3; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return NULL;
}

/* A gradient is like what it is the gradient of. */
static struct status *gradient_shape(struct shape_ctx *c)
{
    ENSURE(c->n_in >= c->n_out, "len(inputs) < len(outputs)");
    for (int i = 0; i < c->n_out; i++)
        if (node_in_dtype(c->node, i) == c->node->dtype[i])
            *shape_out(c, i) = *shape_in(c, i);
    return NULL;
}

/* Does `f` take the node's inputs from `first` on, after `before` of its own, and give `n_out`
 * results of these dtypes? */
struct fit { int before, first, n_out; const enum dtype *out; };

static struct status *check_fit(const struct node *n, const struct callee *f, struct fit want)
{
    const char *name = callee_name(f);
    int n_in = n->n_in - want.first;
    ENSURE(callee_n_in(f) == n_in + want.before, "Function %s expects %d arguments, but %d is "
           "provided", name, callee_n_in(f), n_in + want.before);
    for (int i = 0; i < n_in; i++) {
        enum dtype is = node_in_dtype(n, want.first + i);
        enum dtype takes = callee_in_dtype(f, want.before + i);
        ENSURE(is == takes, "Function %s expects arg[%d] to be %s but %s is provided", name,
               want.before + i, dtype_name(takes), dtype_name(is));
    }
    ENSURE(callee_n_out(f) == want.n_out, "Function %s returns %d values, but %d are expected",
           name, callee_n_out(f), want.n_out);
    for (int i = 0; want.out && i < want.n_out; i++)
        ENSURE(callee_out_dtype(f, i) == want.out[i], "Function %s returns %s as ret[%d], but %s "
               "is expected", name, dtype_name(callee_out_dtype(f, i)), i, dtype_name(want.out[i]));
    return NULL;
}

static struct status *prepare_function(struct prep *p, const char *attr, int i, struct fit want,
                                       struct callee **f)
{
    TRY(prep_callee_at(p, attr, i, f));
    prep_calls(p, *f);
    return check_fit(p->node, *f, want);
}

static struct fit as_the_node(const struct prep *p, int first)
{
    return (struct fit){ 0, first, p->node->n_out, p->node->dtype };
}

/* ---- conditions ---- */

static struct status *number_is_true(const struct tensor *t, bool *is)
{
    if (t->dtype == DT_BOOL) {
        *is = *(const bool *)t->data;
        return NULL;
    }
    ENSURE(dtype_is_floating(t->dtype) || dtype_is_integer(t->dtype),
           "%s cannot be converted to a boolean", dtype_name(t->dtype));
    *is = dtype_is_floating(t->dtype) ? tensor_double(t, 0) != 0 : tensor_int(t, 0) != 0;
    return NULL;
}

/* TF: a scalar is true if it is not zero, or not empty; anything else if it has elements. */
static struct status *is_true(const struct tensor *t, bool *is)
{
    if (t->shape.rank) {
        *is = tensor_count(t) > 0;
        return NULL;
    }
    if (t->dtype != DT_STRING)
        return number_is_true(t, is);
    *is = tstring_len(t->data) > 0;
    return NULL;
}

/* The inputs from `first` on become those of `f`, its results the outputs. */
static struct status *call(struct kernel *k, struct callee *f, int first)
{
    struct tensor *arg;
    int n = k->n_in - first;
    TRY(kernel_temp(k, sizeof *arg * (size_t)(n + 1), &arg));
    for (int i = 0; i < n; i++)
        arg[i] = kernel_take_in(k, first + i);
    return status_at_call(callee_run_given(f, k->env, arg, n, kernel_out(k, 0)), k->node->name);
}

/* ---- If, Case ---- */

struct branches { int n; struct callee *branch[]; };

static struct status *if_prepare(struct prep *p)
{
    struct branches *b;
    TRY(prep_state(p, sizeof *b + 2 * sizeof *b->branch, &b));
    TRY(prepare_function(p, "then_branch", 0, as_the_node(p, 1), &b->branch[1]));
    return prepare_function(p, "else_branch", 0, as_the_node(p, 1), &b->branch[0]);
}

static struct status *if_run(struct kernel *k)
{
    const struct branches *b = k->state;
    bool taken = false;
    TRY(is_true(kernel_in(k, 0), &taken));
    return call(k, b->branch[taken], 1);
}

static struct status *case_prepare(struct prep *p)
{
    struct branches *b;
    int n = node_attr_find(p->node, "branches")->n;
    TRY(prep_state(p, sizeof *b + (size_t)n * sizeof *b->branch, &b));
    for (; b->n < n; b->n++)
        TRY(prepare_function(p, "branches", b->n, as_the_node(p, 1), &b->branch[b->n]));
    return NULL;
}

/* What is out of range means the last one. */
static struct status *case_run(struct kernel *k)
{
    const struct branches *b = k->state;
    const struct tensor *index = kernel_in(k, 0);
    ENSURE(index->shape.rank == 0, "branch_index must be a scalar, but it has shape %s",
           SHAPE_STR(&index->shape));
    int i = *(const int32_t *)index->data;
    return call(k, b->branch[i >= 0 && i < b->n ? i : b->n - 1], 1);
}

/* ---- loops: two rows of values, the one before and the one after an iteration ---- */

struct loop {
    struct kernel *k;
    struct callee *body;
    struct tensor *now, *next;          /* arguments of the body; its results, 1st those `before` */
    int n, before;
};

static struct status *loop_begin(struct loop *l, int first)
{
    struct kernel *k = l->k;
    size_t row = (size_t)(l->n + l->before);
    TRY(kernel_temp(k, 2 * (row + 1) * sizeof *l->now, &l->now));
    l->next = l->now + row;
    for (int i = 0; i < l->n; i++)
        l->now[l->before + i] = kernel_take_in(k, first + i);
    return NULL;
}

static void loop_drop(struct loop *l)
{
    for (int i = 0; i < l->n; i++)
        tensor_unref(&l->now[l->before + i]);
}

/* What stands before the values in `now` is there; it goes as they do. */
static struct status *loop_step(struct loop *l)
{
    TRY(callee_run_given(l->body, l->k->env, l->now, l->before + l->n, l->next));
    memcpy(l->now + l->before, l->next, (size_t)l->n * sizeof *l->now);
    return NULL;
}

static void loop_end(struct loop *l)
{
    for (int i = 0; i < l->n; i++)
        kernel_set(l->k, i, l->now[l->before + i]);
}

/* Who runs forever must look, like who waits. */
static struct status *check_stop(const struct kernel *k)
{
    return wait_is_over(&k->env->stop) ? status_new(CANCELLED, "Run call was cancelled") : NULL;
}

struct while_loop { struct callee *cond, *body; };

static struct status *while_prepare(struct prep *p)
{
    struct while_loop *w;
    TRY(prep_state(p, sizeof *w, &w));
    TRY(prepare_function(p, "cond", 0, (struct fit){ 0, 0, 1, NULL }, &w->cond));
    return prepare_function(p, "body", 0, as_the_node(p, 0), &w->body);
}

static struct status *goes_on(const struct loop *l, struct callee *cond, bool *is)
{
    struct tensor answer;
    TRY(check_stop(l->k));
    TRY(callee_run(cond, l->k->env, l->now, l->n, &answer));
    struct status *st = is_true(&answer, is);
    tensor_unref(&answer);
    return st;
}

static struct status *while_run(struct kernel *k)
{
    const struct while_loop *w = k->state;
    struct loop l = { .k = k, .body = w->body, .n = k->n_in };
    bool more = true;
    TRY(loop_begin(&l, 0));
    while (more) {
        struct status *st = goes_on(&l, w->cond, &more);
        if (st)
            loop_drop(&l);
        else if (more)
            st = loop_step(&l);         /* on failure the arguments are gone already */
        if (st)
            return status_at_call(st, k->node->name);
    }
    loop_end(&l);
    return NULL;
}

static struct status *for_prepare(struct prep *p)
{
    struct callee *body;
    struct fit fit = { 1, 3, p->node->n_out, p->node->dtype };
    TRY(prepare_function(p, "body", 0, fit, &body));
    ENSURE(callee_in_dtype(body, 0) == DT_INT32, "Function %s expects arg[0] to be %s but int32 is "
           "provided", callee_name(body), dtype_name(callee_in_dtype(body, 0)));
    p->state = body;
    return NULL;
}

struct range { int64_t at, limit, delta; };

static struct status *range_of(const struct kernel *k, struct range *r)
{
    int64_t *to[] = { &r->at, &r->limit, &r->delta };
    for (int i = 0; i < 3; i++) {
        ENSURE(kernel_in(k, i)->shape.rank == 0, "%s must be a scalar, but it has shape %s",
               i ? i == 1 ? "limit" : "delta" : "start", SHAPE_STR(&kernel_in(k, i)->shape));
        *to[i] = *(const int32_t *)kernel_in(k, i)->data;
    }
    ENSURE((r->delta > 0 && r->at <= r->limit) || (r->delta < 0 && r->at >= r->limit) ||
           (r->delta == 0 && r->at == r->limit), "Invalid start/limit/delta: %lld %lld %lld",
           (long long)r->at, (long long)r->limit, (long long)r->delta);
    return NULL;
}

static struct status *for_step(struct loop *l, int64_t at)
{
    struct status *st = check_stop(l->k);
    if (!st)
        st = tensor_new(&l->now[0], l->k->env->buffers, DT_INT32, &SHAPE_SCALAR);
    if (st) {
        loop_drop(l);
        return st;
    }
    *(int32_t *)l->now[0].data = (int32_t)at;
    return loop_step(l);
}

static struct status *for_run(struct kernel *k)
{
    struct loop l = { .k = k, .body = (struct callee *)k->state, .n = k->n_in - 3, .before = 1 };
    struct range r;
    TRY(range_of(k, &r));
    TRY(loop_begin(&l, 3));
    for (; r.delta > 0 ? r.at < r.limit : r.at > r.limit; r.at += r.delta)
        TRY(status_at_call(for_step(&l, r.at), k->node->name));
    loop_end(&l);
    return NULL;
}

/* ---- calls ---- */

static struct status *call_prepare(struct prep *p)
{
    struct callee *f;
    TRY(prepare_function(p, "f", 0, as_the_node(p, 0), &f));
    p->state = f;
    return NULL;
}

static struct status *remote_prepare(struct prep *p)
{
    struct callee *f;
    TRY(prepare_function(p, "f", 0, as_the_node(p, 1), &f));
    p->state = f;
    return NULL;
}

/* The one device there is. */
static struct status *check_target(const struct tensor *target)
{
    ENSURE(target->shape.rank == 0, "target must be a scalar, but it has shape %s",
           SHAPE_STR(&target->shape));
    const char *name = tstring_data(target->data);
    ENSURE(callee_device_is_here(name), "A function cannot run on '%s': there is no such device. "
           "The one there is: /job:localhost/replica:0/task:0/device:CPU:0", name);
    return NULL;
}

static struct status *remote_run(struct kernel *k)
{
    TRY(check_target(kernel_in(k, 0)));
    return call(k, (struct callee *)k->state, 1);
}

static struct status *gradient_prepare(struct prep *p)
{
    struct callee *f;
    TRY(prep_gradient(p, "f", &f));
    prep_calls(p, f);
    TRY(check_fit(p->node, f, as_the_node(p, 0)));
    p->state = f;
    return NULL;
}

#define BRANCH "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; " \
               "else_branch: func; output_shapes: list(shape) >= 0 = []"
#define WHILE "T: list(type) >= 0; cond: func; body: func; output_shapes: list(shape) >= 0 = []; " \
              "parallel_iterations: int = 10"
#define CASE "Tin: list(type) >= 0; Tout: list(type) >= 0; branches: list(func) >= 1; " \
             "output_shapes: list(shape) >= 0 = []"
#define CALL "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func; config: string = \"\"; " \
             "config_proto: string = \"\"; executor_type: string = \"\""
#define IF(op, bits) \
    { .name = op, .inputs = "cond: Tcond, input: Tin", .outputs = "output: Tout", \
      .attrs = BRANCH, .doc = "What one of two functions makes of the inputs: the first, if cond " \
      "is true.", .shape = output_shapes, .grad = if_grad, .prepare = if_prepare, \
      .kernel_any = if_run, .flags = bits }
#define LOOP(op, bits) \
    { .name = op, .inputs = "input: T", .outputs = "output: T", .attrs = WHILE, \
      .doc = "The inputs, put through body again and again while cond holds.", \
      .shape = output_shapes, .grad = while_grad, .prepare = while_prepare, \
      .kernel_any = while_run, .flags = bits }
#define SWITCH(op, bits) \
    { .name = op, .inputs = "branch_index: int32, input: Tin", .outputs = "output: Tout", \
      .attrs = CASE, .doc = "What the function of this index makes of the inputs; of none: the " \
      "last.", .shape = case_shape, .grad = case_grad, .prepare = case_prepare, \
      .kernel_any = case_run, .flags = bits }
#define CALL_OF(op, gradient, bits) \
    { .name = op, .inputs = "args: Tin", .outputs = "output: Tout", .attrs = CALL, \
      .doc = "What a function makes of the inputs.", .shape = shape_unknown, \
      .grad = gradient, .prepare = call_prepare, .kernel_any = kernel_call, \
      .flags = bits | OP_CALL }

const struct op ops_functional[] = {
    CALL_OF("PartitionedCall", function_grad, 0),
    CALL_OF("StatefulPartitionedCall", stateful_call_grad, OP_STATEFUL),
    { .name = "RemoteCall", .inputs = "target: string, args: Tin", .outputs = "output: Tout",
      .attrs = "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func",
      .doc = "What a function makes of the inputs, on the device of that name: this one.",
      .shape = shape_unknown, .grad = NO_GRADIENT, .prepare = remote_prepare,
      .kernel_any = remote_run, .flags = OP_STATEFUL },
    { .name = "SymbolicGradient", .inputs = "input: Tin", .outputs = "output: Tout",
      .attrs = "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func",
      .doc = "The gradients of a function's arguments, given these and those of its results.",
      .shape = gradient_shape, .grad = NO_GRADIENT, .prepare = gradient_prepare,
      .kernel_any = kernel_call },
    IF("If", OP_STATEFUL), IF("StatelessIf", 0),
    SWITCH("Case", OP_STATEFUL), SWITCH("StatelessCase", 0),
    LOOP("While", OP_STATEFUL | OP_EXPENSIVE), LOOP("StatelessWhile", OP_EXPENSIVE),
    { .name = "For", .inputs = "start: int32, limit: int32, delta: int32, input: T",
      .outputs = "output: T", .attrs = "T: list(type) >= 0; body: func",
      .doc = "The inputs, put through body for each number from start to before limit.",
      .shape = for_shape, .grad = for_grad, .prepare = for_prepare, .kernel_any = for_run,
      .flags = OP_EXPENSIVE },
    { 0 }
};
