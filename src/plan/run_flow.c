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
 *
 * A step that would wait goes to a keeper, a worker with a thread that may: no worker of the pool
 * ever sleeps in a kernel. A worker 0 or a keeper that has nothing else to do waits itself.
 */
#include "plan/flow.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/waiter.h"

#include <string.h>

enum { SPIN_NS = 40000, EXPENSIVE_NS = 20000 };

/* ---- memory ---- */

static void keepers_free(struct keeper *first)
{
    for (struct keeper *k = first, *next; k; k = next) {
        next = k->next;
        mem_free(k->worker.cheap);
        mem_free(k);
    }
}

void flow_free(struct flow *f)
{
    if (!f)
        return;
    keepers_free(f->spare);
    for (int i = 0; i < f->n_workers; i++)
        mem_free(f->worker[i].cheap);
    flow_frames_free(f);
    mem_free(f->cost_ns);
    mem_free(f->shared);
    pthread_mutex_destroy(&f->loops);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    mem_free(f);
}

static bool flow_init(struct flow *f, const struct plan *p, struct tensor *slot)
{
    f->cost_ns = mem_array(atomic_int, p->n_steps);
    for (int i = 0; i < f->n_workers; i++)
        f->worker[i].flow = f;
    if (!flow_frames_new(f, slot) || !f->cost_ns)
        return false;
    for (int i = 0; i < p->n_steps; i++)
        f->cost_ns[i] = 2 * EXPENSIVE_NS;
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
    pthread_mutex_init(&f->loops, NULL);
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

/* Room for one more on a stack of n. */
static bool has_room(struct ready **stack, int n, int *cap)
{
    if (n < *cap)
        return true;
    struct ready *grown = mem_array(struct ready, 2 * *cap + 64);
    if (!grown)
        return false;
    if (n)
        memcpy(grown, *stack, sizeof *grown * (size_t)n);
    mem_free(*stack);
    *stack = grown;
    *cap = 2 * *cap + 64;
    return true;
}

/* Under the lock. */
static void note_failure(struct flow *f, struct status *st)
{
    if (f->st)
        status_free(st);
    else
        f->st = st;
    atomic_store(&f->stop, true);
}

void flow_fail(struct flow *f, struct status *st)
{
    pthread_mutex_lock(&f->lock);
    note_failure(f, st);
    pthread_mutex_unlock(&f->lock);
}

static void share(struct flow *f, struct ready x)
{
    pthread_mutex_lock(&f->lock);
    if (!has_room(&f->shared, f->n_shared, &f->shared_cap)) {
        note_failure(f, status_no_memory());
        pthread_mutex_unlock(&f->lock);
        return;
    }
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
    const atomic_int *cost = &f->cost_ns[s - f->plan->step];
    return !(s->flags & OP_EXPENSIVE) ||
           atomic_load_explicit(cost, memory_order_relaxed) < EXPENSIVE_NS;
}

void flow_ready(struct worker *w, struct ready x)
{
    if (x.it->loop)
        atomic_fetch_add_explicit(&x.it->busy, 1, memory_order_relaxed);
    if (!is_cheap(w->flow, x.step) && w->expensive.step)
        share(w->flow, x);
    else if (!is_cheap(w->flow, x.step))
        w->expensive = x;
    else if (has_room(&w->cheap, w->n_cheap, &w->cheap_cap))
        w->cheap[w->n_cheap++] = x;
    else
        flow_fail(w->flow, status_no_memory());
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

void flow_deliver(struct worker *w, const struct step *s, struct iter *it, bool dead)
{
    const struct step *step = w->flow->plan->step;
    for (int i = 0; i < s->n_next; i++) {
        const struct step *to = step + s->next[i];
        atomic_int *pending = &it->pending[to->at];
        if (__builtin_expect(dead, 0))
            atomic_fetch_or(pending, DEAD);
        if ((count_down(w->flow, pending) & ~DEAD) == 0)
            flow_ready(w, (struct ready){ to, it });
    }
}

/* ---- one step ---- */

/* A merge is alive while one input is. */
static bool is_dead(const struct step *s, struct iter *it)
{
    if (!s->mortal)
        return false;
    if (s->flags & OP_MERGE)
        return step_missing(s, it->slot) == s->n_in;
    int pending = atomic_load_explicit(&it->pending[s->at], memory_order_relaxed);
    return pending & DEAD || step_missing(s, it->slot);
}

/* The inputs that nobody else is going to look at. */
static unsigned movable(const struct flow *f, const struct step *s, struct iter *it)
{
    unsigned bits = 0;
    for (int i = 0; i < s->n_in && i < 32; i++) {
        int n = f->plan->readers[f->plan->frame[s->frame].slots + s->in[i]];
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
    atomic_int *cost = &f->cost_ns[s - f->plan->step];  /* iterations overwrite one another's */
    int64_t before = atomic_load_explicit(cost, memory_order_relaxed);
    int64_t took = time.end_ns - start_ns < INT32_MAX / 4 ? time.end_ns - start_ns : INT32_MAX / 4;
    atomic_store_explicit(cost, (int)((3 * before + took) / 4), memory_order_relaxed);
    if (f->options->on_step)
        f->options->on_step(f->options->ctx, s, out, &time);
}

/* A step that waits because what it calls does cannot try whether it would: it would be half
 * done. */
static bool is_untried(const struct worker *w, const struct step *s)
{
    return s->flags & OP_BLOCKING && !w->env.may_wait && !(s->node->op->flags & OP_BLOCKING);
}

static struct status *run_step(struct worker *w, const struct step *s, struct iter *it,
                               struct iter *to)
{
    struct kernel k = { .slot = it->slot, .to = to->slot, .in = s->in, .n_in = s->n_in,
                        .out = s->out, .unread = s->unread, .state = s->state,
                        .node = s->node, .env = &w->env };
    const struct run_options *o = w->flow->options;
    if (s->n_deref)
        TRY(step_deref(s, it->slot));
    k.movable = movable(w->flow, s, it);
    bool timed = o->on_step || s->flags & OP_EXPENSIVE;
    int64_t start = timed ? clock_ns() : 0;
    struct status *st = is_untried(w, s) ? status_would_wait() : s->run(&k);
    if (timed && st != status_would_wait())
        note_time(w->flow, s, k.to + k.out, start);
    run_env_tidy(&w->env);
    return st;
}

static void release(struct flow *f, struct iter *it, const struct frame *frame, int slot)
{
    int n = f->plan->readers[frame->slots + slot];
    if (n == 1 || (n > 1 && count_down(f, &it->readers[slot]) == 0))
        tensor_unref(&it->slot[slot]);
}

static void release_inputs(struct flow *f, const struct step *s, struct iter *it)
{
    const struct frame *in = &f->plan->frame[s->frame];
    for (int i = 0; i < s->n_in; i++)
        release(f, it, in, s->in[i]);
    for (int i = 0; i < s->n_deref; i++)
        if (s->deref[i].to >= 0)
            release(f, it, in, s->deref[i].from);
}

static void release_unread(struct flow *f, const struct step *s, struct iter *to)
{
    const struct frame *out = &f->plan->frame[s->lands];
    for (int i = 0; i < s->n_out; i++)
        if (!f->plan->readers[out->slots + s->out + i])
            tensor_unref(&to->slot[s->out + i]);
}

/* A dead value goes into no other iteration, and leaves a loop when that is over. */
static struct status *run_alive(struct worker *w, const struct step *s, struct iter *it, bool dead)
{
    struct iter *to = it;
    if (stop_asked(w->env.stop))
        return run_was_cancelled();
    if (dead && s->flags & (OP_EXIT | OP_NEXT)) {
        release_inputs(w->flow, s, it);
        return NULL;
    }
    if (s->flags & (OP_ENTER | OP_EXIT | OP_NEXT))
        TRY(flow_landing(w->flow, s, it, &to));
    if (!dead)
        TRY(status_at_node(run_step(w, s, it, to), s->node->name));
    release_inputs(w->flow, s, it);
    release_unread(w->flow, s, to);
    if (s->flags & (OP_ENTER | OP_EXIT | OP_NEXT))
        return flow_arrive(w, s, it, to, dead);
    flow_deliver(w, s, to, dead);
    return NULL;
}

static void wait_somewhere(struct worker *w, struct ready x);

static void run_ready(struct worker *w, struct ready x)
{
    struct status *st = run_alive(w, x.step, x.it, is_dead(x.step, x.it));
    if (__builtin_expect(st == status_would_wait(), 0))
        wait_somewhere(w, x);
    else if (__builtin_expect(st != NULL, 0))
        flow_fail(w->flow, st);
    else if (x.it->loop)
        flow_unbusy(w, x.it);
}

/* ---- workers ---- */

static void run_own(struct worker *w)
{
    for (struct ready x; take_own(w, &x);)
        if (!atomic_load_explicit(&w->flow->stop, memory_order_relaxed))
            run_ready(w, x);
}

/* ---- steps that wait ---- */

static void run_waiting(struct worker *w, struct ready x)
{
    w->env.may_wait = true;
    struct status *st = run_alive(w, x.step, x.it, false);
    w->env.may_wait = false;
    if (st)
        flow_fail(w->flow, st);
    else if (x.it->loop)
        flow_unbusy(w, x.it);
}

/* Under the lock: it is active no more, and its memory is the flow's again. */
static void retire(struct keeper *k)
{
    struct flow *f = k->worker.flow;
    k->next = f->spare;
    f->spare = k;
    atomic_fetch_sub_explicit(&f->n_active, 1, memory_order_relaxed);
    if (f->waiting)
        pthread_cond_signal(&f->changed);
}

static void keeper_main(struct pool_task *t)
{
    struct keeper *k = (struct keeper *)t;
    struct flow *f = k->worker.flow;
    if (!atomic_load_explicit(&f->stop, memory_order_relaxed))
        run_waiting(&k->worker, k->waits);
    run_own(&k->worker);
    pthread_mutex_lock(&f->lock);
    retire(k);
    pthread_mutex_unlock(&f->lock);
}

/* Under the lock: one that is active from now on, or NULL: no memory. */
static struct keeper *enlist(struct flow *f, struct ready x)
{
    struct keeper *k = f->spare;
    if (k)
        f->spare = k->next;
    else if (!(k = mem_new(struct keeper)))
        return NULL;
    k->worker.flow = f;
    k->worker.task.fn = keeper_main;
    k->worker.env = f->env;
    k->waits = x;
    if (f->alone)
        f->alone = false;
    atomic_fetch_add_explicit(&f->n_active, 1, memory_order_relaxed);
    return k;
}

static void hand_over(struct flow *f, struct ready x)
{
    pthread_mutex_lock(&f->lock);
    struct keeper *k = enlist(f, x);
    if (!k)
        note_failure(f, status_no_memory());
    pthread_mutex_unlock(&f->lock);
    if (!k || waiter_submit(&k->worker.task))
        return;
    pthread_mutex_lock(&f->lock);
    note_failure(f, status_new(RESOURCE_EXHAUSTED, "No thread could be made to wait for '%s'",
                               x.step->node->name));
    retire(k);
    pthread_mutex_unlock(&f->lock);
}

/* Has nobody else anything to do in this run, as far as this worker would have to help? */
static bool is_free(const struct worker *w)
{
    const struct flow *f = w->flow;
    if (w->n_cheap || w->expensive.step)
        return false;
    if (w == &f->worker[0])
        return !atomic_load(&f->n_shared) && !atomic_load(&f->n_active);
    return w->task.fn == keeper_main;
}

static void wait_somewhere(struct worker *w, struct ready x)
{
    if (is_free(w))
        run_waiting(w, x);
    else
        hand_over(w->flow, x);
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
    f->env = r->env;
    f->env.stop.failed = &f->stop;
    f->env.stop.outer = &r->env.stop;
    f->worker[0].env = f->env;
}

static void start(struct flow *f, struct run *r, const struct run_options *o)
{
    const struct plan *p = f->plan;
    take_over(f, r, o);
    flow_root_begin(f);
    for (int i = p->n_steps - 1; i >= 0; i--)
        if (!p->step[i].frame && !p->step[i].pending)
            flow_ready(&f->worker[0], (struct ready){ &p->step[i], &f->root });
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
    struct status *st = run_ready_ones(r->flow);
    flow_leave_loops(r->flow);
    return st;
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
        flow_ready(&r->flow->worker[0], (struct ready){ &p->step[feed[i]], &r->flow->root });
    return run_ready_ones(r->flow);
}
