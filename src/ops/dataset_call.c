/* dataset_call.c - how datasets call functions of the graph's library. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/callee.h"
#include "ops/dataset.h"

enum { FEW = 16 };

/* ---- taken by kernels ---- */

static struct status *prepare(struct prep *p, const char *attr)
{
    struct callee *c;
    TRY(prep_callee(p, attr, &c));
    p->state = c;
    return NULL;
}

struct status *dataset_prepare_f(struct prep *p) { return prepare(p, "f"); }
struct status *dataset_prepare_predicate(struct prep *p) { return prepare(p, "predicate"); }

struct status *caller_take(struct caller *c, struct kernel *k, struct callee *callee, int n_in,
                           int arg)
{
    int n, at = node_arg(k->node, arg, &n);
    c->callee = callee_ref(callee);
    ENSURE(callee_n_in(callee) == n_in + n, "Function %s takes %d arguments, but is given %d",
           callee_name(callee), callee_n_in(callee), n_in + n);
    NEED(c->captured = mem_array(struct tensor, n + 1));
    for (; c->n < n; c->n++)
        TRY(kernel_keep(k, at + c->n, &c->captured[c->n]));
    return NULL;
}

void caller_release(struct caller *c)
{
    callee_unref(c->callee);
    for (int i = 0; i < c->n; i++)
        tensor_unref(&c->captured[i]);
    mem_free(c->captured);
    *c = (struct caller){ 0 };
}

struct status *caller_gives(const struct caller *c, int n, const enum dtype *dtype)
{
    const char *name = callee_name(c->callee);
    ENSURE(callee_n_out(c->callee) == n, "Function %s gives %d results, but %d are expected", name,
           callee_n_out(c->callee), n);
    for (int i = 0; i < n; i++)
        ENSURE(callee_out_dtype(c->callee, i) == dtype[i], "Result %d of function %s is of type "
               "%s, but %s is expected", i, name, dtype_name(callee_out_dtype(c->callee, i)),
               dtype_name(dtype[i]));
    return NULL;
}

/* ---- called ---- */

/* Arguments and then what was captured, borrowed or as references. */
static void join(const struct caller *c, const struct tensor *arg, int n, bool ref,
                 struct tensor *all)
{
    for (int i = 0; i < n; i++)
        all[i] = arg[i];
    for (int i = 0; i < c->n; i++)
        all[n + i] = ref ? tensor_ref(&c->captured[i]) : c->captured[i];
}

static void forget(struct tensor *arg, int n)
{
    for (int i = 0; i < n; i++)
        arg[i].buf = NULL;
}

struct status *caller_run(const struct caller *c, struct run_env *env, struct tensor *arg, int n,
                          struct tensor *out)
{
    struct tensor few[FEW], *all = n + c->n <= FEW ? few : mem_array(struct tensor, n + c->n);
    if (!all) {
        element_clear(arg, n);
        return status_no_memory();
    }
    join(c, arg, n, true, all);
    forget(arg, n);
    struct status *st = callee_run_given(c->callee, env, all, n + c->n, out);
    if (all != few)
        mem_free(all);
    return st;
}

static struct status *run_borrowed(const struct caller *c, struct run_env *env,
                                   const struct tensor *arg, int n, struct tensor *out)
{
    struct tensor few[FEW], *all = n + c->n <= FEW ? few : mem_array(struct tensor, n + c->n);
    NEED(all);
    join(c, arg, n, false, all);
    struct status *st = callee_run(c->callee, env, all, n + c->n, out);
    if (all != few)
        mem_free(all);
    return st;
}

struct status *caller_ask(const struct caller *c, struct run_env *env, const struct tensor *arg,
                          int n, int64_t *v)
{
    struct tensor out = { 0 };
    TRY(run_borrowed(c, env, arg, n, &out));
    bool scalar = out.shape.rank == 0;
    struct status *st = scalar ? NULL
        : status_new(INVALID_ARGUMENT, "Function %s must return a scalar %s, got shape %s",
                     callee_name(c->callee), dtype_name(out.dtype), SHAPE_STR(&out.shape));
    if (scalar)
        *v = tensor_int(&out, 0);
    tensor_unref(&out);
    return st;
}

struct status *caller_dataset(const struct caller *c, struct run_env *env, struct tensor *arg,
                              int n, struct dataset **d)
{
    struct tensor out = { 0 };
    TRY(caller_run(c, env, arg, n, &out));
    struct status *st = dataset_in(&out, d);
    if (!st)
        dataset_ref(*d);
    tensor_unref(&out);
    return st;
}

/* ---- cursors that call ---- */

struct status *call_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    NEED(((struct call_cursor *)c)->element = mem_array(struct tensor, c->d->in[0]->n));
    return NULL;
}

void call_finish(struct cursor *c)
{
    struct call_cursor *call = (struct call_cursor *)c;
    element_clear(call->element, call->element ? c->d->in[0]->n : 0);
    mem_free(call->element);
}
