/* iterate.c - the iterations of loops, for the dataflow executor.
 *
 * A loop begins when all its Enters have come, alive or dead. An iteration begins when the first
 * NextIteration leads into it and fewer than frame->parallel are at work; until then it holds what
 * comes. Iterations end in their order: each when the one before has, and nothing in it is at work.
 * The loop is over with its last iteration; then the Exits that never fired are dead.
 *
 * An iteration's memory is kept for the next one of the same frame: a warm loop allocates nothing.
 */
#include "plan/flow.h"
#include "base/mem.h"

#include <string.h>

struct frame_start {
    const struct step **step;   /* its own, in serial order */
    int *first, *later;         /* by step: what it waits for in the first iteration, in others */
    const int *readers;         /* by slot, the plan's */
    struct iter *spare;
};

struct loop {
    const struct frame *frame;
    struct frame_start *start;
    struct iter *outer;         /* who entered it */
    struct loop *next;          /* also entered by `outer` */
    struct iter *oldest, *latest;
    struct tensor *invariant;   /* by frame->invariant */
    char *exited;               /* by step: this Exit has fired */
    int to_enter, n_iterations; /* those in use */
    bool dead_enters;           /* some were */
};

/* ---- memory ---- */

static bool start_new(struct frame_start *at, const struct plan *p, int frame)
{
    const struct frame *f = &p->frame[frame];
    *at = (struct frame_start){ .step = mem_array(const struct step *, f->n_steps),
                                .first = mem_array(int, f->n_steps),
                                .later = mem_array(int, f->n_steps),
                                .readers = p->readers + f->slots };
    if (!at->step || !at->first || !at->later)
        return false;
    for (int i = frame ? f->first : 0; i < f->end; i++) {
        const struct step *s = &p->step[i];
        if (s->frame != frame)
            continue;
        at->step[s->at] = s;
        at->first[s->at] = s->pending;
        at->later[s->at] = s->pending + s->pending_next;
    }
    return true;
}

bool flow_frames_new(struct flow *f, struct tensor *root)
{
    const struct plan *p = f->plan;
    const struct frame *at = &p->frame[0];
    f->root.slot = root;
    f->root.pending = mem_array(atomic_int, at->n_steps + at->n_slots);
    f->root.readers = f->root.pending ? f->root.pending + at->n_steps : NULL;
    f->start = mem_array(struct frame_start, p->n_frames);
    bool ok = f->root.pending && f->start;
    for (int i = 0; ok && i < p->n_frames; i++)
        ok = start_new(&f->start[i], p, i);
    return ok;
}

static void put_constants(const struct flow *f, const struct frame *frame, struct iter *it)
{
    const struct plan *p = f->plan;
    for (int i = 0; i < p->n_constants; i++) {
        int slot = p->constant_slot[i] - frame->slots;
        if (slot >= 0 && slot < frame->n_slots)
            it->slot[slot] = tensor_ref(&p->constant[i]);
    }
}

static struct iter *iter_new(const struct flow *f, const struct frame *frame)
{
    size_t tensors = sizeof(struct tensor) * (size_t)frame->n_slots;
    size_t counts = sizeof(atomic_int) * (size_t)(frame->n_steps + frame->n_slots);
    struct iter *it = mem_zero(sizeof *it + tensors + counts + (size_t)frame->n_steps);
    if (!it)
        return NULL;
    it->slot = (struct tensor *)(it + 1);
    it->pending = (atomic_int *)(it->slot + frame->n_slots);
    it->readers = it->pending + frame->n_steps;
    it->came = (char *)(it->readers + frame->n_slots);
    put_constants(f, frame, it);
    return it;
}

static void iter_free(struct iter *it, const struct frame *frame)
{
    for (int i = 0; i < frame->n_slots; i++)
        tensor_unref(&it->slot[i]);
    mem_free(it);
}

static void loop_free(struct loop *l)
{
    for (int i = 0; l->invariant && i < l->frame->n_invariants; i++)
        tensor_unref(&l->invariant[i]);
    mem_free(l->invariant);
    mem_free(l->exited);
    mem_free(l);
}

void flow_frames_free(struct flow *f)
{
    flow_leave_loops(f);
    for (int i = 0; f->start && i < f->plan->n_frames; i++) {
        for (struct iter *it = f->start[i].spare, *next; it; it = next) {
            next = it->next;
            iter_free(it, &f->plan->frame[i]);
        }
        mem_free(f->start[i].step);
        mem_free(f->start[i].first);
        mem_free(f->start[i].later);
    }
    mem_free(f->start);
    mem_free(f->root.pending);
}

void flow_root_begin(struct flow *f)
{
    const struct frame *at = &f->plan->frame[0];
    memcpy((void *)f->root.pending, f->start->first, sizeof(int) * (size_t)at->n_steps);
    memcpy((void *)f->root.readers, f->start->readers, sizeof(int) * (size_t)at->n_slots);
}

/* ---- iterations, under flow->loops ---- */

/* The one after the latest of the loop. */
static struct iter *add_iteration(struct flow *f, struct loop *l)
{
    struct iter *it = l->start->spare;
    if (it)
        l->start->spare = it->next;
    else if (!(it = iter_new(f, l->frame)))
        return NULL;
    it->loop = l;
    it->next = NULL;
    it->loops = NULL;
    it->number = l->latest ? l->latest->number + 1 : 0;
    it->started = false;
    it->newer = NULL;
    it->older = f->in_use;
    if (f->in_use)
        f->in_use->newer = it;
    f->in_use = it;
    l->n_iterations++;
    memcpy((void *)it->pending, it->number ? l->start->later : l->start->first,
           sizeof(int) * (size_t)l->frame->n_steps);
    memcpy((void *)it->readers, l->start->readers, sizeof(int) * (size_t)l->frame->n_slots);
    if (l->latest)
        l->latest->next = it;
    else
        l->oldest = it;
    l->latest = it;
    return it;
}

static void unlink_iteration(struct flow *f, struct iter *it)
{
    if (it->newer)
        it->newer->older = it->older;
    else
        f->in_use = it->older;
    if (it->older)
        it->older->newer = it->newer;
    it->loop->n_iterations--;
}

/* What is read was released by its readers, but for those that never ran. */
static void give_back(struct flow *f, struct iter *it)
{
    struct loop *l = it->loop;
    unlink_iteration(f, it);
    for (int i = 0; i < l->frame->n_slots; i++)
        if (l->start->readers[i])
            tensor_unref(&it->slot[i]);
    memset(it->came, 0, (size_t)l->frame->n_steps);
    it->next = l->start->spare;
    l->start->spare = it;
}

/* Nobody is at work any more. A kernel that failed may have left anything: nothing is kept. */
void flow_leave_loops(struct flow *f)
{
    while (f->in_use) {
        struct iter *it = f->in_use;
        struct loop *l = it->loop;
        unlink_iteration(f, it);
        iter_free(it, l->frame);
        if (!l->n_iterations)
            loop_free(l);
    }
    f->root.loops = NULL;
}

/* ---- a loop's beginning ---- */

static struct loop *loop_new(struct flow *f, int frame, struct iter *outer)
{
    struct loop *l = mem_new(struct loop);
    if (!l)
        return NULL;
    *l = (struct loop){ .frame = &f->plan->frame[frame], .start = &f->start[frame],
                        .outer = outer, .next = outer->loops };
    l->to_enter = l->frame->n_enters;
    l->invariant = mem_array(struct tensor, l->frame->n_invariants);
    l->exited = mem_array(char, l->frame->n_steps);
    if (!l->invariant || !l->exited || !add_iteration(f, l)) {
        loop_free(l);
        return NULL;
    }
    outer->loops = l;
    if (outer->loop)
        atomic_fetch_add_explicit(&outer->busy, 1, memory_order_relaxed);
    return l;
}

static struct loop *entered(struct flow *f, int frame, struct iter *outer)
{
    struct loop *l = outer->loops;
    while (l && l->frame != &f->plan->frame[frame])
        l = l->next;
    return l ? l : loop_new(f, frame, outer);
}

/* What waits for a dead Enter by a control edge is dead; who reads it will see. */
static void spread_death(const struct flow *f, struct iter *it)
{
    const struct plan *p = f->plan;
    const struct frame *frame = it->loop->frame;
    for (int i = 0; i < p->n_steps; i++) {
        const struct step *s = &p->step[i];
        if (!(s->flags & OP_ENTER) || &p->frame[s->lands] != frame || it->slot[s->out].buf)
            continue;
        for (int k = 0; k < s->n_next; k++)
            atomic_fetch_or(&it->pending[p->step[s->next[k]].at], DEAD);
    }
}

static void start_iteration(struct worker *w, struct iter *it)
{
    const struct loop *l = it->loop;
    const int *pending = it->number ? l->start->later : l->start->first;
    const struct step *const *step = l->start->step;
    it->started = true;
    for (int i = 0; i < l->frame->n_invariants; i++) {
        int slot = l->frame->invariant[i] - l->frame->slots;
        if (l->start->readers[slot] && l->invariant[i].buf)
            it->slot[slot] = tensor_ref(&l->invariant[i]);
    }
    if (l->dead_enters)
        spread_death(w->flow, it);
    for (int i = l->frame->n_steps - 1; i >= 0; i--)
        if (!pending[i])
            flow_ready(w, (struct ready){ step[i], it });
    for (int i = 0; i < l->frame->n_steps; i++)
        if (it->came[i])
            flow_deliver(w, step[i], it, false);
}

/* ---- its end ---- */

static void end_loop(struct worker *w, struct loop *l)
{
    struct iter *outer = l->outer;
    for (int i = 0; i < l->frame->n_steps; i++)
        if (l->start->step[i]->flags & OP_EXIT && !l->exited[i])
            flow_deliver(w, l->start->step[i], outer, true);
    struct loop **at = &outer->loops;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    loop_free(l);
}

/* Those that nothing is left of, from the oldest on; the next one that waited may start. True: all
 * are over. */
static bool end_iterations(struct worker *w, struct loop *l)
{
    while (l->oldest->started &&
           !atomic_load_explicit(&l->oldest->busy, memory_order_acquire)) {
        struct iter *it = l->oldest;
        l->oldest = it->next;
        give_back(w->flow, it);
        if (!l->oldest)
            return true;
        if (!l->latest->started && l->latest->number - l->oldest->number < l->frame->parallel)
            start_iteration(w, l->latest);
    }
    return false;
}

/* An iteration has one thing fewer at work: its end may be that of the loop, and so on outwards. */
static void settle(struct worker *w, struct iter *it)
{
    while (it->loop && atomic_fetch_sub_explicit(&it->busy, 1, memory_order_acq_rel) == 1) {
        struct loop *l = it->loop;
        struct iter *outer = l->outer;
        if (!end_iterations(w, l))
            return;
        end_loop(w, l);
        it = outer;
    }
}

void flow_unbusy(struct worker *w, struct iter *it)
{
    int n = atomic_load_explicit(&it->busy, memory_order_relaxed);
    while (n > 1)
        if (atomic_compare_exchange_weak_explicit(&it->busy, &n, n - 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return;
    pthread_mutex_lock(&w->flow->loops);
    settle(w, it);
    pthread_mutex_unlock(&w->flow->loops);
}

/* ---- where values go ---- */

struct status *flow_landing(struct flow *f, const struct step *s, struct iter *it,
                            struct iter **to)
{
    if (s->flags & OP_EXIT) {
        *to = it->loop->outer;
        return NULL;
    }
    pthread_mutex_lock(&f->loops);
    if (s->flags & OP_ENTER) {
        struct loop *l = entered(f, s->lands, it);
        *to = l ? l->oldest : NULL;
    } else {
        *to = it->next ? it->next : add_iteration(f, it->loop);
    }
    pthread_mutex_unlock(&f->loops);
    return *to ? NULL : status_no_memory();
}

/* All of a loop's invariants have come with its last Enter. */
static void begin(struct worker *w, struct loop *l)
{
    for (int i = 0; i < l->frame->n_invariants; i++) {
        struct tensor *t = &l->oldest->slot[l->frame->invariant[i] - l->frame->slots];
        l->invariant[i] = *t;
        t->buf = NULL;
    }
    atomic_store_explicit(&l->oldest->busy, 1, memory_order_relaxed);   /* not over before that */
    start_iteration(w, l->oldest);
    settle(w, l->oldest);
}

static void arrive_enter(struct worker *w, struct loop *l, bool dead)
{
    l->dead_enters |= dead;
    if (!--l->to_enter)
        begin(w, l);
}

static void arrive_next(struct worker *w, const struct step *s, struct iter *to)
{
    const struct loop *l = to->loop;
    if (to->started) {
        flow_deliver(w, s, to, false);
        return;
    }
    to->came[s->at] = 1;
    if (to->number - l->oldest->number < l->frame->parallel)
        start_iteration(w, to);
}

struct status *flow_arrive(struct worker *w, const struct step *s, struct iter *it,
                           struct iter *to, bool dead)
{
    struct flow *f = w->flow;
    pthread_mutex_lock(&f->loops);
    bool twice = s->flags & OP_EXIT && it->loop->exited[s->at];
    if (s->flags & OP_ENTER)
        arrive_enter(w, to->loop, dead);
    else if (s->flags & OP_NEXT)
        arrive_next(w, s, to);
    else
        it->loop->exited[s->at] = 1;
    pthread_mutex_unlock(&f->loops);
    ENSURE(!twice, "The loop is left twice by '%s'", s->node->name);
    if (s->flags & OP_EXIT)
        flow_deliver(w, s, to, false);
    return NULL;
}
