/* run_flow.c - the dataflow executor: a step runs when all that it waits for has ended.
 *
 * A run is a tree of iterations; an iteration is an array of slots and of counts of what is still
 * to come. The graph itself is one iteration, the root. A value that was not computed is dead: its
 * slot is empty, and a step with a dead input (or one that waits for a dead step) does not run.
 *
 * The thread that called is worker 0 and runs everything cheap that it makes ready. Each worker
 * keeps one expensive step for itself; further ones are shared, and for each of those a helper
 * is asked of the pool. Whether a step whose op says so is really expensive is measured: waking
 * a helper for less costs more than it brings. While nobody was asked, counts are plain loads
 * and stores.
 * The run is over when nothing is shared and no worker is active; both change under the lock.
 */
#include "plan/run.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"

#include <string.h>

enum { DEAD = 1 << 30, SPIN_NS = 40000, EXPENSIVE_NS = 20000 };

struct iter {
    struct tensor *slot;
    atomic_int *pending;        /* by step: what it waits for; plus DEAD once something was dead */
    atomic_int *readers;        /* by slot: who will still read it */
};

struct ready { const struct step *step; struct iter *it; };

struct worker {
    struct pool_task task;      /* first, so that the task is the worker */
    struct flow *flow;
    struct run_env env;
    struct ready *cheap;        /* a stack */
    int n_cheap;
    struct ready expensive;     /* run when no cheap one is left */
    bool active;
};

struct flow {
    const struct plan *plan;
    const struct run_options *options;
    struct run_env env;         /* as every worker begins */
    struct iter root;
    int *counts;                /* pending and readers as they are at the start */
    int *cost_ns;              /* by step, of those that may be expensive: what they took of late */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ready *shared;       /* a stack */
    atomic_int n_shared, n_active;
    bool alone;                 /* no helper was asked for in this run yet */
    bool waiting;               /* worker 0 sleeps */
    atomic_bool stop;
    struct status *st;          /* the first error (B66) */
    int n_workers;              /* that there is room for */
    struct worker worker[];
};

/* ---- memory ---- */

void flow_free(struct flow *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->n_workers; i++)
        mem_free(f->worker[i].cheap);
    mem_free(f->root.pending);
    mem_free(f->counts);
    mem_free(f->cost_ns);
    mem_free(f->shared);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    mem_free(f);
}

static bool flow_init(struct flow *f, const struct plan *p, struct tensor *slot)
{
    int n = p->n_steps + p->n_slots;
    f->counts = mem_array(int, n);
    f->root.pending = mem_array(atomic_int, n);
    f->root.readers = f->root.pending ? f->root.pending + p->n_steps : NULL;
    f->root.slot = slot;
    f->shared = mem_array(struct ready, p->n_steps);
    f->cost_ns = mem_array(int, p->n_steps);
    for (int i = 0; i < f->n_workers; i++) {
        f->worker[i].flow = f;
        f->worker[i].cheap = mem_array(struct ready, p->n_steps);
        if (!f->worker[i].cheap)
            return false;
    }
    if (!f->counts || !f->root.pending || !f->shared || !f->cost_ns)
        return false;
    for (int i = 0; i < p->n_steps; i++) {
        f->counts[i] = p->step[i].pending;
        f->cost_ns[i] = 2 * EXPENSIVE_NS;
    }
    memcpy(f->counts + p->n_steps, p->readers, sizeof(int) * (size_t)p->n_slots);
    return true;
}

static struct flow *flow_new(const struct plan *p, struct tensor *slot)
{
    int workers = 1;
    for (int i = 0; i < p->n_steps && workers < pool_threads(); i++)
        workers += (p->step[i].flags & OP_EXPENSIVE) != 0;
    struct flow *f = mem_zero(sizeof *f + sizeof(struct worker) * (size_t)workers);
    if (!f)
        return NULL;
    f->plan = p;
    f->n_workers = workers;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (flow_init(f, p, slot))
        return f;
    flow_free(f);
    return NULL;
}

/* ---- ready steps ---- */

static void helper_main(struct pool_task *t);

/* Under the lock: a worker who has nothing to do, or NULL: as many as may be are active. */
static struct worker *idle_worker(struct flow *f)
{
    int most = f->options->inter > 0 && f->options->inter < f->n_workers ? f->options->inter
                                                                         : f->n_workers;
    for (int i = 1; i < most; i++)
        if (!f->worker[i].active)
            return &f->worker[i];
    return NULL;
}

static void share(struct flow *f, struct ready x)
{
    pthread_mutex_lock(&f->lock);
    f->shared[f->n_shared] = x;
    atomic_fetch_add_explicit(&f->n_shared, 1, memory_order_relaxed);
    struct worker *helper = idle_worker(f);
    if (helper) {
        if (f->alone)
            f->alone = false;
        helper->active = true;
        helper->env = f->env;
        atomic_fetch_add_explicit(&f->n_active, 1, memory_order_relaxed);
    }
    if (f->waiting)
        pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    if (helper) {
        helper->task.fn = helper_main;
        pool_submit(&helper->task);
    }
}

static bool is_cheap(const struct flow *f, const struct step *s)
{
    return !(s->flags & OP_EXPENSIVE) || f->cost_ns[s - f->plan->step] < EXPENSIVE_NS;
}

static void make_ready(struct worker *w, struct ready x)
{
    if (is_cheap(w->flow, x.step))
        w->cheap[w->n_cheap++] = x;
    else if (!w->expensive.step)
        w->expensive = x;
    else
        share(w->flow, x);
}

static bool take_own(struct worker *w, struct ready *x)
{
    if (w->n_cheap) {
        *x = w->cheap[--w->n_cheap];
        return true;
    }
    *x = w->expensive;
    w->expensive.step = NULL;
    return x->step != NULL;
}

static int count_down(struct flow *f, atomic_int *count)
{
    if (!f->alone)
        return atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) - 1;
    int n = atomic_load_explicit(count, memory_order_relaxed) - 1;
    atomic_store_explicit(count, n, memory_order_relaxed);
    return n;
}

/* `s` has ended: tell the steps that wait for it. */
static void deliver(struct worker *w, const struct step *s, struct iter *it, bool dead)
{
    const struct step *step = w->flow->plan->step;
    for (int i = 0; i < s->n_next; i++) {
        atomic_int *pending = &it->pending[s->next[i]];
        if (__builtin_expect(dead, 0))
            atomic_fetch_or(pending, DEAD);
        if ((count_down(w->flow, pending) & ~DEAD) == 0)
            make_ready(w, (struct ready){ step + s->next[i], it });
    }
}

/* ---- one step ---- */

/* How many inputs are dead. The value of a variable is not in its slot yet: its reference is. */
static int dead_inputs(const struct step *s, const struct tensor *slot)
{
    int n = 0;
    for (int i = 0; i < s->n_in; i++)
        n += !slot[s->in[i]].buf;
    for (int i = 0; i < s->n_deref; i++)
        n -= s->deref[i].to >= 0 && slot[s->deref[i].from].buf;
    return n;
}

/* A merge is alive while one input is. */
static bool is_dead(const struct flow *f, const struct step *s, struct iter *it)
{
    if (!f->plan->mortal)
        return false;
    if (s->flags & OP_MERGE)
        return dead_inputs(s, it->slot) == s->n_in;
    int pending = atomic_load_explicit(&it->pending[s - f->plan->step], memory_order_relaxed);
    return pending & DEAD || dead_inputs(s, it->slot);
}

/* The inputs that nobody else is going to look at. */
static unsigned movable(const struct flow *f, const struct step *s, struct iter *it)
{
    unsigned bits = 0;
    for (int i = 0; i < s->n_in && i < 32; i++) {
        int n = f->plan->readers[s->in[i]];
        if (n > 1)
            n = atomic_load_explicit(&it->readers[s->in[i]], memory_order_acquire);
        bits |= (unsigned)(n == 1) << i;
    }
    return bits;
}

/* Some weight for the past: one run on a busy machine says little. */
static void note_time(struct flow *f, const struct step *s, const struct tensor *out,
                      int64_t start_ns)
{
    struct step_time time = { start_ns, clock_ns(), pool_self() };
    int *cost = &f->cost_ns[s - f->plan->step];
    int64_t took = time.end_ns - start_ns < INT32_MAX / 4 ? time.end_ns - start_ns : INT32_MAX / 4;
    *cost = (int)((3 * (int64_t)*cost + took) / 4);
    if (f->options->on_step)
        f->options->on_step(f->options->ctx, s, out, &time);
}

static struct status *run_step(struct worker *w, const struct step *s, struct iter *it)
{
    struct kernel k = { .slot = it->slot, .to = it->slot, .in = s->in, .n_in = s->n_in,
                        .out = s->out, .state = s->state, .node = s->node, .env = &w->env };
    const struct run_options *o = w->flow->options;
    if (s->n_deref)
        TRY(step_deref(s, it->slot));
    k.movable = movable(w->flow, s, it);
    bool timed = o->on_step || s->flags & OP_EXPENSIVE;
    int64_t start = timed ? clock_ns() : 0;
    struct status *st = s->run(&k);
    if (timed)
        note_time(w->flow, s, k.to + k.out, start);
    run_env_tidy(&w->env);
    return st;
}

static void release(struct flow *f, struct iter *it, int slot)
{
    int n = f->plan->readers[slot];
    if (n == 1 || (n > 1 && count_down(f, &it->readers[slot]) == 0))
        tensor_unref(&it->slot[slot]);
}

static void release_all(struct flow *f, const struct step *s, struct iter *it)
{
    for (int i = 0; i < s->n_in; i++)
        release(f, it, s->in[i]);
    for (int i = 0; i < s->n_deref; i++)
        if (s->deref[i].to >= 0)
            release(f, it, s->deref[i].from);
    for (int i = 0; i < s->n_out; i++)
        if (!f->plan->readers[s->out + i])
            tensor_unref(&it->slot[s->out + i]);
}

static void fail(struct flow *f, struct status *st)
{
    pthread_mutex_lock(&f->lock);
    if (f->st)
        status_free(st);
    else
        f->st = st;
    pthread_mutex_unlock(&f->lock);
    atomic_store(&f->stop, true);
}

static void run_ready(struct worker *w, struct ready x)
{
    bool dead = is_dead(w->flow, x.step, x.it);
    struct status *st = NULL;
    if (stop_asked(w->env.stop))
        st = run_was_cancelled();
    else if (!dead)
        st = status_at_node(run_step(w, x.step, x.it), x.step->node->name);
    if (__builtin_expect(st != NULL, 0)) {
        fail(w->flow, st);
        return;
    }
    release_all(w->flow, x.step, x.it);
    deliver(w, x.step, x.it, dead);
}

/* ---- workers ---- */

static void run_own(struct worker *w)
{
    for (struct ready x; take_own(w, &x);)
        if (!atomic_load_explicit(&w->flow->stop, memory_order_relaxed))
            run_ready(w, x);
}

/* Under the lock. */
static bool take_shared(struct worker *w)
{
    struct flow *f = w->flow;
    if (!f->n_shared)
        return false;
    w->expensive = f->shared[atomic_fetch_sub_explicit(&f->n_shared, 1, memory_order_relaxed) - 1];
    return true;
}

static void deactivate(struct worker *w)
{
    w->active = false;
    atomic_fetch_sub_explicit(&w->flow->n_active, 1, memory_order_relaxed);
}

/* A helper leaves as soon as nothing is shared; then it is touched no more. */
static void helper_main(struct pool_task *t)
{
    struct worker *w = (struct worker *)t;
    struct flow *f = w->flow;
    pthread_mutex_lock(&f->lock);
    while (take_shared(w)) {
        pthread_mutex_unlock(&f->lock);
        run_own(w);
        pthread_mutex_lock(&f->lock);
    }
    deactivate(w);
    if (f->waiting)
        pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

/* Helpers whom nobody has woken yet are not needed any more. */
static void withdraw_helpers(struct flow *f)
{
    pthread_mutex_lock(&f->lock);
    for (int i = 1; i < f->n_workers && !f->n_shared; i++)
        if (f->worker[i].active && pool_withdraw(&f->worker[i].task))
            deactivate(&f->worker[i]);
    pthread_mutex_unlock(&f->lock);
}

/* Helpers are at work: lend a hand to their loops for a while, before sleeping. */
static void look_around(struct flow *f)
{
    for (int64_t end = clock_ns() + SPIN_NS; clock_ns() < end;) {
        for (int i = 0; i < 64; i++)
            if (atomic_load_explicit(&f->n_shared, memory_order_relaxed) ||
                !atomic_load_explicit(&f->n_active, memory_order_relaxed))
                return;
        if (pool_help())
            end = clock_ns() + SPIN_NS;
    }
}

/* Worker 0 stays until nobody else is active. */
static bool wait_for_shared(struct worker *w)
{
    struct flow *f = w->flow;
    if (f->alone && !f->n_shared)
        return false;
    withdraw_helpers(f);
    look_around(f);
    pthread_mutex_lock(&f->lock);
    f->waiting = true;
    while (!f->n_shared && f->n_active)
        pthread_cond_wait(&f->changed, &f->lock);
    f->waiting = false;
    bool more = take_shared(w);
    pthread_mutex_unlock(&f->lock);
    return more;
}

/* Nobody else is at it yet, or any more. */
static void take_over(struct flow *f, struct run *r, const struct run_options *o)
{
    f->options = o;
    f->st = NULL;
    f->alone = true;
    atomic_store_explicit(&f->stop, false, memory_order_relaxed);
    f->env = f->worker[0].env = r->env;
}

static void start(struct flow *f, struct run *r, const struct run_options *o)
{
    const struct plan *p = f->plan;
    take_over(f, r, o);
    memcpy((void *)f->root.pending, f->counts, sizeof(int) * (size_t)(p->n_steps + p->n_slots));
    for (int i = p->n_steps - 1; i >= 0; i--)
        if (!p->step[i].pending)
            make_ready(&f->worker[0], (struct ready){ &p->step[i], &f->root });
}

static struct status *run_ready_ones(struct flow *f)
{
    do
        run_own(&f->worker[0]);
    while (wait_for_shared(&f->worker[0]));
    return f->st;
}

struct status *run_flow(const struct plan *p, struct run *r, const struct run_options *o)
{
    if (!r->flow)
        NEED(r->flow = flow_new(p, r->slot));
    start(r->flow, r, o);
    return run_ready_ones(r->flow);
}

struct status *run_flow_part(const struct plan *p, struct run *r, const int *feed, int n_feeds,
                             const struct run_options *o)
{
    if (r->flow) {
        take_over(r->flow, r, o);
    } else {
        NEED(r->flow = flow_new(p, r->slot));
        start(r->flow, r, o);
    }
    for (int i = 0; i < n_feeds; i++)
        make_ready(&r->flow->worker[0], (struct ready){ &p->step[feed[i]], &r->flow->root });
    return run_ready_ones(r->flow);
}
