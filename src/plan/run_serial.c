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

/* ---- values that may be dead, and loops ---- */

static bool waits_for_dead(const struct step *s, const char *dead)
{
    for (int i = 0; i < s->n_wait; i++)
        if (dead[s->wait[i]])
            return true;
    return false;
}

/* Some input is not there. A merge is content with one; the value of a variable comes later. */
static bool is_missed(const struct step *s, const struct tensor *slot, const char *dead)
{
    int i = 0;
    if (!(s->flags & OP_MERGE))
        return step_missing(s, slot) || waits_for_dead(s, dead);
    while (i < s->n_in && !slot[s->in[i]].buf)
        i++;
    return i == s->n_in && step_missing(s, slot) == s->n_in;
}

static inline bool is_dead(const struct step *s, const struct tensor *slot, const char *dead)
{
    for (int i = 0; i < s->n_in; i++)
        if (!slot[s->in[i]].buf)
            return is_missed(s, slot, dead);
    return s->n_wait && waits_for_dead(s, dead);
}

/* Did all come alive that enters the loop? Then the fates of its steps hold. */
static bool is_entered(const struct frame *f, const struct tensor *slot)
{
    for (int i = 0; i < f->n_enters; i++)
        if (!slot[f->enter[i]].buf)
            return false;
    return true;
}

static bool has_next(const struct frame *f, const struct tensor *slot)
{
    for (int i = 0; i < f->n_next; i++)
        if (slot[f->next[i]].buf)
            return true;
    return false;
}

/* After the last step of one loop or of several: the first step of the one that goes on, or NULL.
 * What the iteration before computed is gone: each value with its last reader. */
static const struct step *next_iteration(const struct plan *p, const struct step *last,
                                         struct tensor *slot)
{
    int end = (int)(last - p->step) + 1;
    for (int i = last->frame; i && p->frame[i].end == end; i = p->frame[i].parent) {
        const struct frame *f = &p->frame[i];
        if (has_next(f, slot))
            return p->step + f->first;
        for (int k = 0; k < f->n_invariants; k++)
            tensor_unref(&slot[f->invariant[k]]);
    }
    return NULL;
}

/* ---- the loop over the steps ---- */

/* A value that nobody reads any more. The room of a scalar is kept for the next one. */
static inline void give_back(struct run_env *e, struct tensor *t)
{
    struct buffer *b = t->buf;
    t->buf = NULL;
    if (!b)
        return;
    if (!e->spare && buffer_is_least(b, e->buffers) && buffer_unique(b))
        e->spare = b;
    else
        buffer_unref(b);
}

static inline struct status *run_alive(const struct step *s, struct tensor *slot, struct kernel *k,
                                       const struct run_options *o, const bool watching)
{
    struct status *st = __builtin_expect(s->n_deref, 0) ? step_deref(s, slot) : NULL;
    if (__builtin_expect(st != NULL, 0))
        return status_at_node(st, s->node->name);
    k->in = s->in;
    k->n_in = s->n_in;
    k->out = s->out;
    k->movable = s->movable;
    k->unread = s->unread;
    k->state = s->state;
    k->node = s->node;
    st = watching && o->on_step ? run_traced(s, k, o) : s->run(k);
    run_env_tidy(k->env);
    return __builtin_expect(st != NULL, 0) ? status_at_node(st, s->node->name) : NULL;
}

static inline void release_dead(const struct step *s, struct run *r)
{
    for (const int *dead = s->dead, *end = dead + s->n_dead; dead < end; dead++)
        give_back(&r->env, &r->slot[*dead]);
}

/* A loop whose steps have fates, all of its iterations. */
static struct status *run_loop(const struct plan *p, const struct frame *f, struct run *r,
                               struct kernel *k, struct stop stop)
{
    const struct step *first = p->step + f->first, *end = p->step + f->end;
    struct tensor *slot = k->slot = r->slot + f->slots;
    enum fate dead = FATE_ASKED;                    /* before the condition is known, none is */
    do
        for (const struct step *s = first; s < end; s++) {
            if (stop_asked(stop))
                return run_was_cancelled();
            if (s->watched)
                r->dead[s - p->step] = s->fate == dead;
            if (s->fate != dead) {
                k->to = r->slot + s->lands_slots;
                TRY(run_alive(s, slot, k, NULL, false));
                if (s->flags & OP_SWITCH)
                    dead = slot[s->out + 1].buf ? FATE_LEAVES : FATE_GOES_ON;
            }
            release_dead(s, r);
        }
    while (dead == FATE_LEAVES);
    return NULL;
}

/* It is what a warm run of a small graph consists of: everything rare is behind a branch that is
 * never taken, or left out where nobody is `watching` and nothing is `mortal`. */
static inline struct status *run_steps(const struct plan *p, struct run *r, struct kernel *k,
                                       const struct run_options *o, const bool watching,
                                       const bool mortal)
{
    struct tensor *slots = r->slot, *slot = slots;
    const struct stop stop = { .cancelled = o->stop.cancelled,
                               .interrupt = watching ? o->stop.interrupt : NULL };
    for (const struct step *s = p->step, *end = s + p->n_steps; s < end; s++) {
        bool dead = false;
        if (stop_asked(stop))
            return run_was_cancelled();
        if (mortal && s->opens && !watching && is_entered(&p->frame[s->frame], slots)) {
            const struct frame *f = &p->frame[s->frame];
            TRY(run_loop(p, f, r, k, stop));
            s = p->step + f->end - 1;
        } else {
            if (mortal) {
                k->slot = slot = slots + s->slots;
                k->to = slots + s->lands_slots;
                dead = s->mortal && is_dead(s, slot, r->dead);
                r->dead[s - p->step] = dead;
            }
            if (!dead)
                TRY(run_alive(s, slot, k, o, watching));
            release_dead(s, r);
        }
        if (mortal && s->closes) {
            const struct step *first = next_iteration(p, s, slots);
            if (first)
                s = first - 1;
        }
    }
    return NULL;
}

struct status *run_serial(const struct plan *p, struct run *r, const struct run_options *o)
{
    struct kernel k = { .slot = r->slot, .to = r->slot, .env = &r->env };
    bool watching = o->on_step || o->stop.interrupt;
    struct status *st;
    if (__builtin_expect(p->mortal, 0))
        st = watching ? run_steps(p, r, &k, o, true, true) : run_steps(p, r, &k, o, false, true);
    else
        st = watching ? run_steps(p, r, &k, o, true, false)
                      : run_steps(p, r, &k, o, false, false);
    if (r->env.spare)
        buffer_unref(r->env.spare);
    r->env.spare = NULL;
    return st;
}
