/* run_serial.c - the simplest executor: the steps, one after another. It is what small graphs
 * use, and the truth that the dataflow one is tested against. */
#include "plan/run.h"

static bool is_cancelled(const atomic_int *flag)
{
    return flag && __builtin_expect(atomic_load_explicit(flag, memory_order_relaxed), 0);
}

static struct status *run_traced(const struct step *s, struct kernel *k,
                                 const struct run_options *o)
{
    int64_t start = run_clock_ns();
    struct status *st = s->run(k);
    o->on_step(o->ctx, s, start, run_clock_ns(), 0);
    return st;
}

/* The loop is what a warm run of a small graph consists of: everything rare is behind a branch
 * that is never taken. */
static struct status *run_steps(const struct plan *p, struct kernel *k,
                                const struct run_options *o, const struct step **failed)
{
    struct tensor *slot = k->slot;
    for (const struct step *s = p->step, *end = s + p->n_steps; s < end; s++) {
        struct status *st = NULL;
        *failed = s;
        if (is_cancelled(o->cancelled))
            return run_was_cancelled();
        if (__builtin_expect(s->n_deref, 0))
            TRY(step_deref(s, slot));
        k->in = s->in;
        k->n_in = s->n_in;
        k->out = s->out;
        k->movable = s->movable;
        k->state = s->state;
        k->node = s->node;
        st = __builtin_expect(o->on_step != NULL, 0) ? run_traced(s, k, o) : s->run(k);
        if (__builtin_expect(k->env->scratch->head != NULL, 0))
            arena_reset(k->env->scratch);
        if (__builtin_expect(st != NULL, 0))
            return st;
        for (int i = 0; i < s->n_dead; i++)
            tensor_unref(&slot[s->dead[i]]);
    }
    return NULL;
}

struct status *run_serial(const struct plan *p, struct run *r, const struct run_options *o)
{
    const struct step *failed = NULL;
    struct kernel k = { .slot = r->slot, .to = r->slot, .env = &r->env };
    struct status *st = run_steps(p, &k, o, &failed);
    if (!st || status_code(st) == CANCELLED)
        return st;
    return status_at_node(st, failed->node->name);
}
