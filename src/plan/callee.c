/* callee.c - functions that steps run: plans within the plan.
 *
 * As in TensorFlow a call begins when all its arguments are there and ends when all of its body has
 * run. A callee has runs of its own, spare between calls, so that many threads may be in it.
 */
#include "op/callee.h"
#include "base/mem.h"
#include "graph/function.h"
#include "plan/compile.h"
#include "plan/run.h"

#include <stdatomic.h>

/* A function may call others twice, and these others twice... */
enum { SPARE_RUNS = 8, MOST_CALLEES = 1 << 14, FEW_ARGS = 8 };

struct callee {
    atomic_int refs;
    const struct body *body;    /* of the library of: */
    struct graph *home;         /* a reference */
    struct resources *resources;        /* likewise, for kernels that look things up; or NULL */
    struct plan *plan;          /* NULL: the function does nothing */
    unsigned flags;             /* what executors want to know of it */
    bool shared;                /* nothing in it is one node's own */
    _Atomic(struct run *) spare[SPARE_RUNS];
};

/* One that a plan keeps, or that was compiled with it. */
struct callee_use { struct callee *callee; struct callee_use *next; };

/* ---- counted ---- */

struct callee *callee_ref(struct callee *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void callee_unref(struct callee *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < SPARE_RUNS; i++)
        run_free(atomic_load(&c->spare[i]));
    plan_free(c->plan);
    resources_unref(c->resources);
    graph_unref(c->home);
    mem_free(c);
}

static struct callee *callee_new(const struct body *b, struct resources *resources)
{
    struct callee *c = mem_new(struct callee);
    if (c) {
        atomic_init(&c->refs, 1);
        c->body = b;
        c->home = graph_ref(b->graph->outer);
        c->resources = resources ? resources_ref(resources) : NULL;
    }
    return c;
}

/* ---- what it is ---- */

const char *callee_name(const struct callee *c) { return c->body->name; }
int callee_n_in(const struct callee *c) { return c->body->n_args; }
int callee_n_out(const struct callee *c) { return c->body->n_results; }
bool callee_may_wait(const struct callee *c) { return c->flags & (OP_STATEFUL | OP_BLOCKING); }

enum dtype callee_in_dtype(const struct callee *c, int i)
{
    return out_dtype(c->body->arg[i]);
}

enum dtype callee_out_dtype(const struct callee *c, int i)
{
    return out_dtype(c->body->result[i]);
}

/* ---- running ---- */

static struct run *take_run(struct callee *c, const struct run_env *env)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        if (!atomic_load_explicit(&c->spare[i], memory_order_relaxed))
            continue;
        struct run *r = atomic_exchange_explicit(&c->spare[i], NULL, memory_order_acquire);
        if (r)
            return r;
    }
    return run_new(c->plan, env->buffers);
}

static void give_run(struct callee *c, struct run *r)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        struct run *none = NULL;
        if (!atomic_load_explicit(&c->spare[i], memory_order_relaxed) &&
            atomic_compare_exchange_strong_explicit(&c->spare[i], &none, r, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    run_free(r);
}

static struct status *check_args(const struct callee *c, const struct tensor *arg, int n)
{
    const struct body *b = c->body;
    ENSURE(n == b->n_args, "Function %s expects %d arguments, but %d is provided", b->name,
           b->n_args, n);
    for (int i = 0; i < n; i++) {
        enum dtype want = b->arg[i].node->dtype[0];
        ENSURE(arg[i].dtype == want, "Function %s expects arg[%d] to be %s but %s is provided",
               b->name, i, dtype_name(want), dtype_name(arg[i].dtype));
    }
    return NULL;
}

static void give_back(struct tensor *arg, int n)
{
    for (int i = 0; i < n; i++)
        tensor_unref(&arg[i]);
}

struct status *callee_run_given(struct callee *c, const struct run_env *env, struct tensor *arg,
                                int n_args, struct tensor *result)
{
    struct run_options o = { .stop = env->stop, .inter = env->inter, .intra = env->threads };
    struct status *st = check_args(c, arg, n_args);
    struct run *r = st || !c->plan ? NULL : take_run(c, env);
    if (!st && c->plan && !r)
        st = status_no_memory();
    if (!r) {
        give_back(arg, n_args);
        return st;
    }
    run_set_buffers(r, env->buffers);
    st = plan_run(c->plan, r, arg, result, &o);
    give_run(c, r);
    return st;
}

struct status *callee_run(struct callee *c, const struct run_env *env, const struct tensor *arg,
                          int n_args, struct tensor *result)
{
    struct tensor few[FEW_ARGS];
    struct tensor *given = n_args <= FEW_ARGS ? few : mem_array(struct tensor, n_args);
    NEED(given);
    for (int i = 0; i < n_args; i++)
        given[i] = tensor_ref(&arg[i]);
    struct status *st = callee_run_given(c, env, given, n_args, result);
    if (given != few)
        mem_free(given);
    return st;
}

struct status *kernel_call(struct kernel *k)
{
    struct callee *c = (struct callee *)k->state;
    struct tensor *arg;
    TRY(kernel_temp(k, sizeof *arg * (size_t)(k->n_in + 1), &arg));
    for (int i = 0; i < k->n_in; i++)
        arg[i] = kernel_take_in(k, i);
    return status_at_call(callee_run_given(c, k->env, arg, k->n_in, kernel_out(k, 0)),
                          k->node->name);
}

/* ---- compiling ---- */

void callees_unref(const struct callee_use *first)
{
    for (const struct callee_use *u = first; u; u = u->next)
        callee_unref(u->callee);
}

/* What the executor wants to know of a step, it wants to know of all that the step does. */
static unsigned flags_of(const struct plan *p)
{
    unsigned flags = 0;
    for (int i = 0; p && i < p->n_steps; i++)
        flags |= p->step[i].flags & (OP_EXPENSIVE | OP_BLOCKING | OP_HOST | OP_STATEFUL);
    return flags;
}

static bool is_shared(const struct plan *p)
{
    bool shared = !p || !p->n_bound;
    for (const struct callee_use *u = p ? p->callees : NULL; u && shared; u = u->next)
        shared = u->callee->shared;
    return shared;
}

/* `scope`: what the names of all in it begin with. */
static struct status *compile_body(struct compiler *c, struct body *b, const char *scope,
                                   struct callee *to)
{
    struct plan_key key = { .feed = b->arg, .n_feeds = b->n_args, .fetch = b->result,
                            .n_fetches = b->n_results, .target = b->target,
                            .n_targets = b->n_targets };
    struct compiler inner = { .key = &key, .resources = c->resources, .scope = scope,
                              .flags = (c->flags & ~(unsigned)PLAN_PARTS) | PLAN_GIVEN,
                              .callees = c->callees };
    if (!b->n_results && !b->n_targets)
        return NULL;
    b->busy = true;
    struct status *st = compile_plan(&inner, b->graph, &to->plan);
    b->busy = false;
    to->flags = flags_of(to->plan);
    to->shared = is_shared(to->plan);
    return st;
}

static struct status *keep(struct arena *a, const struct callee_use **list, struct callee *callee)
{
    struct callee_use *u = arena_new(a, struct callee_use);
    NEED(u);
    *u = (struct callee_use){ callee, (struct callee_use *)*list };
    *list = u;
    return NULL;
}

static struct callee *compiled_already(const struct compiler *c, const struct body *b)
{
    const struct callee_use *u = c->callees->shared;
    while (u && u->callee->body != b)
        u = u->next;
    return u ? callee_ref(u->callee) : NULL;
}

static struct status *callee_make(struct compiler *c, struct body *b, const char *scope,
                                  struct callee **result)
{
    ENSURE(!b->busy, "Function %s calls itself", b->name);
    if (++c->callees->n > MOST_CALLEES)
        return status_new(RESOURCE_EXHAUSTED, "More than %d calls of functions are needed",
                          MOST_CALLEES);
    struct callee *callee = *result = callee_new(b, c->resources);
    NEED(callee);
    struct status *st = compile_body(c, b, scope, callee);
    if (!st && callee->shared)
        st = keep(&c->callees->tmp, &c->callees->shared, callee);
    return st;
}

/* The plan keeps it, also one that failed. */
static struct status *callee_get(struct compiler *c, struct body *b, const char *scope,
                                 struct callee **result)
{
    struct callee *callee = compiled_already(c, b);
    struct status *st = callee ? NULL : callee_make(c, b, scope, &callee);
    struct status *kept = callee ? keep(&c->plan->arena, &c->plan->callees, callee) : NULL;
    if (kept)
        callee_unref(callee);
    if (st) {
        status_free(kept);
        return st;
    }
    *result = callee;
    return kept;
}

struct status *compile_call(struct compiler *c, struct step *s)
{
    struct body *b;
    struct callee *callee;
    const char *scope = arena_printf(&c->tmp, "%s%s/", c->scope, s->node->name);
    NEED(scope);
    TRY(function_body(s->node, &b));
    TRY(status_at_call(callee_get(c, b, scope, &callee), s->node->name));
    s->run = kernel_call;
    s->state = callee;
    s->flags |= callee->flags;
    return NULL;
}

/* ---- for prepare() ---- */

typedef struct status *body_fn(const struct node *n, const struct func *f, struct body **b);

static struct status *prep(struct prep *p, const char *attr, int i, body_fn *body,
                           struct callee **result)
{
    const struct attr *a = node_attr_find(p->node, attr);
    const char *scope;
    struct body *b;
    if (!p->compiler)
        return status_new(INTERNAL, "A function cannot run outside a plan");
    if (!a || (a->kind != ATTR_FUNC && (a->kind != ATTR_FUNC + ATTR_LIST || i >= a->n)))
        return status_new(INTERNAL, "Attribute '%s' names no function %d", attr, i);
    NEED(scope = arena_printf(&p->compiler->tmp, "%s/%s/%d/", p->name, attr, i));
    TRY(body(p->node, &a->funcs[i], &b));
    p->flags |= OP_CALL;
    return status_at_call(callee_get(p->compiler, b, scope, result), p->node->name);
}

struct status *prep_callee_at(struct prep *p, const char *attr, int i, struct callee **result)
{
    return prep(p, attr, i, function_named, result);
}

struct status *prep_gradient(struct prep *p, const char *attr, struct callee **result)
{
    return prep(p, attr, 0, function_gradient, result);
}

struct status *prep_callee(struct prep *p, const char *attr, struct callee **c)
{
    return prep_callee_at(p, attr, 0, c);
}

void prep_calls(struct prep *p, const struct callee *c) { p->flags |= c->flags; }
