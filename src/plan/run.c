/* run.c - what both executors share: a run's memory, feeds in, fetches out. */
#include "plan/run.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"

#include <stdio.h>
#include <time.h>

static void put_constants(struct run *r)
{
    const struct plan *p = r->plan;
    for (int i = 0; i < p->n_constants; i++)
        r->slot[p->constant_slot[i]] = tensor_ref(&p->constant[i]);
}

struct run *run_new(const struct plan *p, struct buffer_pool *buffers)
{
    struct run *r = mem_new(struct run);
    struct tensor *slot = mem_array(struct tensor, p->n_slots);
    char *dead = p->mortal ? mem_array(char, p->n_steps) : NULL;
    if (!r || !slot || (p->mortal && !dead)) {
        mem_free(r);
        mem_free(slot);
        mem_free(dead);
        return NULL;
    }
    *r = (struct run){ .plan = p, .slot = slot, .dead = dead, .env = { .buffers = buffers } };
    put_constants(r);
    return r;
}

static void clear_slots(struct run *r)
{
    for (int i = 0; i < r->plan->n_slots; i++)
        tensor_unref(&r->slot[i]);
}

void run_free(struct run *r)
{
    if (!r)
        return;
    clear_slots(r);
    flow_free(r->flow);
    mem_free(r->slot);
    mem_free(r->dead);
    mem_free(r);
}

struct status *run_was_cancelled(void)
{
    return status_new(CANCELLED, "Run call was cancelled");
}

/* TF: the name in the message is that of the node whose output is the reference. */
static struct status *uninitialized(const struct node *n)
{
    return status_new(FAILED_PRECONDITION, "Attempting to use uninitialized value %s", n->name);
}

int step_missing(const struct step *s, const struct tensor *slot)
{
    int n = 0;
    for (int i = 0; i < s->n_in; i++)
        n += !slot[s->in[i]].buf;
    for (int i = 0; i < s->n_deref; i++)
        n -= s->deref[i].to >= 0 && slot[s->deref[i].from].buf;
    return n;
}

struct status *step_deref(const struct step *s, struct tensor *slot)
{
    for (const struct deref *d = s->deref, *end = d + s->n_deref; d < end; d++) {
        struct variable *v = slot[d->from].data;
        if (!slot[d->from].buf)
            continue;
        if (d->to >= 0)
            slot[d->to] = variable_read(v);
        if (d->to >= 0 ? !slot[d->to].buf : !variable_is_initialized(v))
            return uninitialized(s->node->in[d->in].node);
    }
    return NULL;
}

/* TF: what a fetched variable lacks is the fault of a node that it adds for the fetch (C9). */
static struct status *fetch_ref(const struct plan *p, int i, const struct tensor *ref,
                                struct tensor *fetch)
{
    const struct node *n = p->fetched[i];
    *fetch = variable_read(ref->data);
    if (fetch->buf)
        return NULL;
    char name[256];
    snprintf(name, sizeof name, "_retval_%s_0_%d", n->name, i);
    return status_at_node(uninitialized(n), name);
}

/* The last to read a slot takes what is there. */
static struct status *fetch_one(const struct plan *p, struct run *r, int i, struct tensor *fetch)
{
    struct tensor *t = &r->slot[p->fetch[i]];
    if (!t->buf)
        return status_new(INVALID_ARGUMENT, "Retval[%d] does not have value", i);
    if (dtype_is_ref(t->dtype))
        return fetch_ref(p, i, t, fetch);
    if (p->given && p->readers[p->fetch[i]] == 1 && !buffer_is_foreign(t->buf)) {
        *fetch = *t;
        t->buf = NULL;
        return NULL;
    }
    return tensor_keep(fetch, r->env.buffers, t);
}

/* Those at these places; `at` NULL: all. */
static struct status *take_fetches(const struct plan *p, struct run *r, const int *at, int n,
                                   struct tensor *fetch)
{
    struct status *st = NULL;
    int taken = 0;
    for (; taken < n && !st; taken++)
        st = fetch_one(p, r, at ? at[taken] : taken, &fetch[taken]);
    while (st && taken-- > 0)
        tensor_unref(&fetch[taken]);
    return st;
}

/* After a run that went well only fetches are still in their slots. A constant one stays there. */
static void tidy(const struct plan *p, struct run *r, bool failed)
{
    for (int i = 0; i < p->n_feeds && !p->given; i++)
        r->slot[p->feed[i]].buf = NULL;
    if (failed) {
        clear_slots(r);
        put_constants(r);
        return;
    }
    for (int i = 0; i < p->n_fetches; i++)
        if (p->readers[p->fetch[i]])
            tensor_unref(&r->slot[p->fetch[i]]);
    for (int i = 0; i < p->n_feeds && p->given; i++)
        tensor_unref(&r->slot[p->feed[i]]);             /* those that nobody read */
}

void run_set_buffers(struct run *r, struct buffer_pool *buffers) { r->env.buffers = buffers; }

static void take_options(struct run *r, const struct run_options *o)
{
    r->env.stop = o->stop;
    r->env.threads = o->intra;
    r->env.inter = o->inter;
}

struct status *plan_run(const struct plan *p, struct run *r, const struct tensor *feed,
                        struct tensor *fetch, const struct run_options *o)
{
    take_options(r, o);
    for (int i = 0; i < p->n_feeds; i++)
        r->slot[p->feed[i]] = feed[i];
    for (int i = 0; i < p->n_fetches; i++)
        fetch[i].buf = NULL;
    bool alone = o->inter == 1 || pool_threads() == 1;
    struct status *st = p->serial || (p->orderly && alone) ? run_serial(p, r, o)
                                                           : run_flow(p, r, o);
    if (!st)
        st = take_fetches(p, r, NULL, p->n_fetches, fetch);
    tidy(p, r, st != NULL);
    return st;
}

/* The slots of feeds hold references here, from their part on. */
struct status *plan_run_part(const struct plan *p, struct run *r, const struct plan_part *part,
                             struct tensor *fetch, const struct run_options *o)
{
    take_options(r, o);
    for (int i = 0; i < part->n_fetches; i++)
        fetch[i].buf = NULL;
    for (int i = 0; i < part->n_feeds; i++)
        TRY(tensor_keep(&r->slot[p->feed[part->feed[i]]], r->env.buffers, &part->value[i]));
    TRY(run_flow_part(p, r, part->feed, part->n_feeds, o));
    return take_fetches(p, r, part->fetch, part->n_fetches, fetch);
}
