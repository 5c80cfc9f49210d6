/* call.c - a step that runs a function: a plan within the plan.
 *
 * As in TensorFlow a call begins when all its arguments are there and ends when all of its body has
 * run. A call has runs of its own, spare between calls, so that many threads may be in it.
 */
#include "base/mem.h"
#include "graph/function.h"
#include "plan/compile.h"

#include <stdatomic.h>

/* A function may call others twice, and these others twice... */
enum { SPARE_RUNS = 4, MOST_CALLS = 1 << 14 };

struct call {
    struct plan *plan;          /* NULL: the function does nothing */
    struct call *next;          /* of the same plan */
    _Atomic(struct run *) spare[SPARE_RUNS];
};

/* ---- running ---- */

static struct run *take_run(struct call *c, struct buffer_pool *buffers)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        struct run *r = atomic_exchange_explicit(&c->spare[i], NULL, memory_order_acquire);
        if (r)
            return r;
    }
    return run_new(c->plan, buffers);
}

static void give_run(struct call *c, struct run *r)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        struct run *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&c->spare[i], &none, r, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    run_free(r);
}

static struct status *call_run(struct kernel *k)
{
    struct call *c = (struct call *)k->state;
    struct run_options o = { .stop = k->env->stop, .inter = k->env->inter,
                             .intra = k->env->threads };
    struct tensor *arg = NULL;
    if (!c->plan)
        return NULL;
    TRY(kernel_temp(k, sizeof *arg * (size_t)(k->n_in + 1), &arg));
    struct run *r = take_run(c, k->env->buffers);
    NEED(r);
    for (int i = 0; i < k->n_in; i++)
        arg[i] = *kernel_in(k, i);
    struct status *st = plan_run(c->plan, r, arg, kernel_out(k, 0), &o);
    give_run(c, r);
    return status_at_call(st, k->node->name);
}

/* ---- compiling ---- */

void calls_free(struct call *first)
{
    for (struct call *c = first, *next; c; c = next) {
        next = c->next;
        for (int i = 0; i < SPARE_RUNS; i++)
            run_free(atomic_load(&c->spare[i]));
        plan_free(c->plan);
        mem_free(c);
    }
}

static struct status *compile_body(struct compiler *c, const struct step *s, struct body *b,
                                   struct plan **p)
{
    struct plan_key key = { .feed = b->arg, .n_feeds = b->n_args, .fetch = b->result,
                            .n_fetches = b->n_results, .target = b->target,
                            .n_targets = b->n_targets };
    struct compiler inner = { .key = &key, .resources = c->resources,
                              .flags = c->flags & ~(unsigned)PLAN_PARTS, .n_calls = c->n_calls };
    if (!b->n_results && !b->n_targets)
        return NULL;
    NEED(inner.scope = arena_printf(&c->tmp, "%s%s/", c->scope, s->node->name));
    b->busy = true;
    struct status *st = compile_plan(&inner, b->graph, p);
    b->busy = false;
    return st;
}

/* What the executor wants to know of a step, it wants to know of all that the step does. */
static unsigned flags_of(const struct plan *p)
{
    unsigned flags = 0;
    for (int i = 0; p && i < p->n_steps; i++)
        flags |= p->step[i].flags & (OP_EXPENSIVE | OP_BLOCKING | OP_HOST);
    return flags;
}

struct status *compile_call(struct compiler *c, struct step *s)
{
    struct body *b;
    TRY(function_body(s->node, &b));
    ENSURE(!b->busy, "Function %s calls itself", b->name);
    if (++*c->n_calls > MOST_CALLS)
        return status_new(RESOURCE_EXHAUSTED, "More than %d calls of functions are needed",
                          MOST_CALLS);
    struct call *call = mem_new(struct call);
    NEED(call);
    call->next = c->plan->calls;
    c->plan->calls = call;
    TRY(status_at_call(compile_body(c, s, b, &call->plan), s->node->name));
    s->run = call_run;
    s->state = call;
    s->flags |= flags_of(call->plan);
    return NULL;
}
