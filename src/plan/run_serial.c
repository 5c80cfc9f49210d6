/* run_serial.c - the simplest executor: the steps, one after another. It is what small graphs
 * use, and the truth that the dataflow one is tested against. */
#include "plan/run.h"
#include "base/clock.h"
#include "base/pool.h"

static struct status *run_traced(const struct step *s, struct kernel *k,
                                 const struct run_options *o)
{
    struct step_time time = { .start_ns = clock_ns(), .thread = pool_self() };
    struct status *st = s->run(k);
    time.end_ns = clock_ns();
    o->on_step(o->ctx, s, k->to + k->out, &time);
    return st;
}

/* The loop is what a warm run of a small graph consists of: everything rare is behind a branch
 * that is never taken, or left out where nobody is `watching`. */
static inline struct status *run_steps(const struct plan *p, struct kernel *k,
                                       const struct run_options *o, const bool watching)
{
    struct tensor *slot = k->slot;
    const struct stop stop = { o->stop.cancelled, watching ? o->stop.interrupt : NULL };
    for (const struct step *s = p->step, *end = s + p->n_steps; s < end; s++) {
        if (stop_asked(stop))
            return run_was_cancelled();
        struct status *st = __builtin_expect(s->n_deref, 0) ? step_deref(s, slot) : NULL;
        if (__builtin_expect(st != NULL, 0))
            return status_at_node(st, s->node->name);
        k->in = s->in;
        k->n_in = s->n_in;
        k->out = s->out;
        k->movable = s->movable;
        k->state = s->state;
        k->node = s->node;
        st = watching && o->on_step ? run_traced(s, k, o) : s->run(k);
        run_env_tidy(k->env);
        if (__builtin_expect(st != NULL, 0))
            return status_at_node(st, s->node->name);
        for (int i = 0; i < s->n_dead; i++)
            tensor_unref(&slot[s->dead[i]]);
    }
    return NULL;
}

struct status *run_serial(const struct plan *p, struct run *r, const struct run_options *o)
{
    struct kernel k = { .slot = r->slot, .to = r->slot, .env = &r->env };
    if (__builtin_expect(o->on_step || o->stop.interrupt, 0))
        return run_steps(p, &k, o, true);
    return run_steps(p, &k, o, false);
}
