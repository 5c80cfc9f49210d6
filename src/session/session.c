/* session.c - opening, running, closing. How plans are found: cache.h; targets: server.c. */
#include "session/inside.h"
#include "base/mem.h"
#include "base/pool.h"
#include "op/host.h"

#include <stdio.h>

/* ---- opening ---- */

/* E52: both kinds of thread come from one pool, which the first session of the process sizes. */
static void hint_threads(const struct session_options *o)
{
    int a = o->inter_op_threads, b = o->intra_op_threads;
    pool_size_hint(a > 0 && b > 0 ? (a > b ? a : b) : 0);
}

static unsigned flags_of(const struct session_options *o)
{
    return o->plan_flags | (o->place_pruned_graph ? PLAN_PLACE : 0) |
           (o->allow_soft_placement ? PLAN_SOFT : 0);
}

struct status *session_new(struct graph *g, const struct session_options *o,
                           struct session **result)
{
    static const struct session_options defaults;
    struct session *s = mem_new(struct session);
    NEED(s);
    s->options = o ? *o : defaults;
    s->plan_flags = flags_of(&s->options);
    s->graph = graph_ref(g);
    atomic_init(&s->refs, 1);
    atomic_init(&s->busy, 1);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->compiling, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->buffers = buffer_pool_new();
    struct status *st = s->buffers ? home_enter(s, s->options.target, s->options.isolate_state)
                                   : status_no_memory();
    s->options.target = NULL;
    if (st) {
        session_free(s);
        return st;
    }
    hint_threads(&s->options);
    if (s->options.log_device_placement)
        fprintf(stderr, "Device mapping:\n"
                        "/job:localhost/replica:0/task:0/device:CPU:0 -> the CPU\n");
    *result = s;
    return NULL;
}

struct graph *session_graph(struct session *s) { return s->graph; }

/* ---- closing ---- */

/* What resources hold (an iterator its dataset, that its function) may hold the table of resources,
 * and would keep it for ever. */
static void give_back(struct session *s)
{
    partials_end(s->partials);
    cache_free(&s->cache);
    if (s->resources)
        resources_reset(s->resources, NULL);
    resources_unref(s->resources);
    buffer_pool_free(s->buffers);
    s->resources = NULL;
    s->buffers = NULL;
}

/* Called with the lock held. */
static void finish(struct session *s)
{
    give_back(s);
    s->given_back = true;
    pthread_cond_broadcast(&s->changed);
}

static void wait_and_finish(struct session *s, bool first)
{
    while (first ? !s->idle : !s->given_back)
        pthread_cond_wait(&s->changed, &s->lock);
    if (first)
        finish(s);
}

/* A second caller returns when the first has finished. A function that a step of this session has
 * called cannot wait for that step: then its end is the session's. */
void session_end(struct session *s, int state)
{
    int open = OPEN;
    bool first = atomic_compare_exchange_strong(&s->state, &open, state);
    if (first)
        watch_cancel(s);
    pthread_mutex_lock(&s->lock);
    if (first && atomic_fetch_sub(&s->busy, 1) == 1)
        s->idle = true;
    if (s->given_back || !host_call_is_for(s->buffers))
        wait_and_finish(s, first);
    else if (first) {
        session_ref(s);
        s->late = true;
    }
    pthread_mutex_unlock(&s->lock);
}

void session_close(struct session *s) { session_end(s, CLOSED); }
bool session_is_closed(struct session *s) { return atomic_load(&s->state) != OPEN; }

struct session *session_ref(struct session *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void session_unref(struct session *s)
{
    if (atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    graph_unref(s->graph);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->compiling);
    pthread_cond_destroy(&s->changed);
    mem_free(s);
}

/* It leaves its home first: then session_reset() cannot find it any more. */
void session_free(struct session *s)
{
    if (!s)
        return;
    home_leave(s);
    session_close(s);
    session_unref(s);
}

size_t session_bytes_kept(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    size_t kept = s->buffers ? buffer_pool_kept(s->buffers) : 0;
    pthread_mutex_unlock(&s->lock);
    return kept;
}

int session_plan_count(struct session *s)
{
    pthread_mutex_lock(&s->compiling);
    int n = s->cache.n_plans;
    pthread_mutex_unlock(&s->compiling);
    return n;
}

/* ---- a run in flight keeps the session from being given back ---- */

static struct status *why_closed(const struct session *s)
{
    return atomic_load(&s->state) == RESET
               ? status_new(ABORTED, "The server that this session was on has been reset.")
               : status_new(CANCELLED, "Session has been closed.");
}

void session_leave(struct session *s)
{
    if (atomic_fetch_sub(&s->busy, 1) != 1)
        return;
    pthread_mutex_lock(&s->lock);
    bool late = s->late;
    s->idle = true;
    pthread_cond_broadcast(&s->changed);
    if (late)
        finish(s);
    pthread_mutex_unlock(&s->lock);
    if (late)
        session_unref(s);
}

struct status *session_enter(struct session *s)
{
    if (atomic_load_explicit(&s->state, memory_order_relaxed) != OPEN)
        return why_closed(s);
    atomic_fetch_add(&s->busy, 1);
    if (__builtin_expect(atomic_load(&s->state) == OPEN, 1))
        return NULL;
    session_leave(s);
    return why_closed(s);
}

/* ---- plans ---- */

/* E55: a node that cannot be placed stops every run, needed or not; E57. */
static struct status *place_new_nodes(struct session *s)
{
    struct graph *g = s->graph;
    if (s->options.place_pruned_graph)
        return NULL;
    for (; s->n_placed < g->n; s->n_placed++) {
        const struct node *n = g->node[s->n_placed];
        TRY(status_at_node(plan_place(n, s->options.allow_soft_placement), n->name));
        if (s->options.log_device_placement)
            fprintf(stderr, "%s: (%s): /job:localhost/replica:0/task:0/device:CPU:0\n", n->name,
                    n->op->name);
    }
    return NULL;
}

static struct status *check_graph(struct session *s)
{
    graph_lock(s->graph);
    struct status *st = s->graph->n ? place_new_nodes(s)
                                    : status_new(INVALID_ARGUMENT, "Session was not created with "
                                                 "a graph before Run()!");
    graph_unlock(s->graph);
    return st;
}

struct status *session_compile(struct session *s, const struct plan_key *key, unsigned flags,
                               struct plan **result)
{
    pthread_mutex_lock(&s->compiling);
    struct status *st = check_graph(s);
    pthread_mutex_unlock(&s->compiling);
    return st ? st : plan_compile(s->graph, key, s->resources, s->plan_flags | flags, result);
}

static struct status *add_plan(struct session *s, const struct plan_key *key,
                               const struct signature **result)
{
    TRY(check_graph(s));
    return cache_add(&s->cache, s->graph, key, s->resources, s->plan_flags, result);
}

static struct status *find_plan(struct session *s, const struct plan_key *key,
                                const struct signature **result)
{
    *result = cache_find(&s->cache, key);
    if (__builtin_expect(*result != NULL, 1))
        return NULL;
    struct status *st = NULL;
    pthread_mutex_lock(&s->compiling);
    *result = cache_find(&s->cache, key);       /* someone else may have been faster */
    if (!*result)
        st = add_plan(s, key, result);
    pthread_mutex_unlock(&s->compiling);
    return st;
}

/* ---- running ---- */

static struct status *refuse_feed(const struct feed_check *want, int i, struct out o,
                                  const struct tensor *t)
{
    ENSURE(t->buf, "The feed for Tensor '%s:%d' has no value", o.node->name, o.index);
    ENSURE(t->dtype == want->dtype, "Expects arg[%d] to be %s but %s is provided", i,
           dtype_name(want->dtype), dtype_name(t->dtype));
    return status_new(INVALID_ARGUMENT, "Cannot feed value of shape %s for Tensor '%s:%d', which "
                      "has shape %s", SHAPE_STR(&t->shape), o.node->name, o.index,
                      SHAPE_STR(&want->shape));
}

struct status *feed_check(const struct feed_check *want, int i, struct out o,
                          const struct tensor *t)
{
    if (!t->buf || t->dtype != want->dtype || !shape_accepts(&want->shape, &t->shape))
        return refuse_feed(want, i, o, t);
    return NULL;
}

static struct status *check_feeds(const struct signature *sig, const struct tensor *feed)
{
    for (int i = 0; i < sig->key.n_feeds; i++)
        TRY(feed_check(&sig->check[i], i, sig->key.feed[i], &feed[i]));
    return NULL;
}

static struct status *run_sorted(struct session *s, const struct signature *sig,
                                 const struct tensor *feed, struct tensor *fetch,
                                 const struct run_options *o)
{
    struct run *r = cached_run_take(sig->plan, s->buffers);
    NEED(r);
    struct status *st = plan_run(sig->plan->plan, r, feed, fetch, o);
    cached_run_give(sig->plan, r);
    return st;
}

/* The plan has its feeds and fetches in another order than the caller. */
static struct status *run_permuted(struct session *s, const struct signature *sig,
                                   const struct tensor *feed, struct tensor *fetch,
                                   const struct run_options *o)
{
    int n = sig->key.n_feeds, m = sig->key.n_fetches;
    struct tensor *t = mem_array(struct tensor, n + m);
    NEED(t);
    for (int i = 0; i < n; i++)
        t[i] = feed[sig->feed_at ? sig->feed_at[i] : i];
    struct status *st = run_sorted(s, sig, t, t + n, o);
    for (int i = 0; i < m && !st; i++)
        fetch[sig->fetch_at ? sig->fetch_at[i] : i] = t[n + i];
    mem_free(t);
    return st;
}

static struct status *run_with(struct session *s, const struct signature *sig,
                               const struct tensor *feed, struct tensor *fetch,
                               const struct run_options *o)
{
    if (__builtin_expect(sig->feed_at || sig->fetch_at, 0))
        return run_permuted(s, sig, feed, fetch, o);
    return run_sorted(s, sig, feed, fetch, o);
}

/* Steps end on any thread. */
struct recorder { pthread_mutex_t lock; struct trace *trace; };

static void record(void *ctx, const struct step *s, const struct tensor *out,
                   const struct step_time *time)
{
    struct recorder *r = ctx;
    pthread_mutex_lock(&r->lock);
    trace_add(r->trace, s, out, time);
    pthread_mutex_unlock(&r->lock);
}

/* B61: what ends because time is over ends with one error, whatever the steps say. */
static struct status *run_watched(struct session *s, int64_t timeout_ms, struct run_options *o,
                                  run_fn *fn, void *ctx)
{
    struct watch w;
    TRY(watch_begin(&w, s, timeout_ms));
    if (session_is_closed(s))
        atomic_store(&w.cancelled, 1);
    o->stop.cancelled = &w.cancelled;
    struct status *st = fn(ctx, o);
    if (!watch_end(&w) || !st)
        return st;
    status_free(st);
    return status_new(DEADLINE_EXCEEDED, "Timed out waiting for notification");
}

static struct status *run_recorded(struct session *s, const struct run_request *q,
                                   struct run_options *o, run_fn *fn, void *ctx)
{
    struct recorder recorder = { .lock = PTHREAD_MUTEX_INITIALIZER };
    int64_t timeout = q && q->timeout_ms > 0 ? q->timeout_ms : s->options.timeout_ms;
    if (q && q->trace) {
        NEED(*q->trace = recorder.trace = mem_new(struct trace));
        o->on_step = record;
        o->ctx = &recorder;
    }
    return timeout > 0 ? run_watched(s, timeout, o, fn, ctx) : fn(ctx, o);
}

static inline struct run_options options_of(struct session *s, const struct run_request *q)
{
    return (struct run_options){ .stop = { .cancelled = &s->state,
                                           .interrupt = q ? q->interrupt : NULL },
                                 .inter = s->options.inter_op_threads,
                                 .intra = s->options.intra_op_threads };
}

struct status *session_limited(struct session *s, const struct run_request *q, run_fn *fn,
                               void *ctx)
{
    struct run_options o = options_of(s, q);
    return run_recorded(s, q, &o, fn, ctx);
}

struct known { struct session *s; const struct signature *sig; const struct tensor *feed;
               struct tensor *fetch; };

static struct status *run_it(void *ctx, const struct run_options *o)
{
    const struct known *k = ctx;
    return run_with(k->s, k->sig, k->feed, k->fetch, o);
}

/* What is rare is out of the way. */
static struct status *run_known(struct session *s, const struct signature *sig,
                                const struct tensor *feed, struct tensor *fetch,
                                const struct run_request *q)
{
    struct run_options o = options_of(s, q);
    TRY(check_feeds(sig, feed));
    if (__builtin_expect((q && (q->trace || q->timeout_ms > 0)) || s->options.timeout_ms > 0, 0))
        return run_recorded(s, q, &o, run_it, &(struct known){ s, sig, feed, fetch });
    return run_with(s, sig, feed, fetch, &o);
}

static void empty(struct tensor *fetch, int n, const struct run_request *q)
{
    for (int i = 0; i < n; i++)
        fetch[i].buf = NULL;
    if (q && q->trace)
        *q->trace = NULL;
}

struct status *session_run(struct session *s, const struct plan_key *key,
                           const struct tensor *feed, struct tensor *fetch,
                           const struct run_request *q)
{
    const struct signature *sig;
    empty(fetch, key->n_fetches, q);
    TRY(session_enter(s));
    struct status *st = find_plan(s, key, &sig);
    if (!st)
        st = run_known(s, sig, feed, fetch, q);
    session_leave(s);
    return st;
}

/* ---- prepared runs ---- */

struct session_call { struct session *session; const struct signature *signature; int n_fetches; };

struct status *session_prepare(struct session *s, const struct plan_key *key,
                               struct session_call **result)
{
    struct session_call *c = mem_new(struct session_call);
    NEED(c);
    struct status *st = session_enter(s);
    if (!st) {
        st = find_plan(s, key, &c->signature);
        session_leave(s);
    }
    if (st) {
        mem_free(c);
        return st;
    }
    c->session = session_ref(s);
    c->n_fetches = key->n_fetches;
    *result = c;
    return NULL;
}

struct status *session_call(struct session_call *c, const struct tensor *feed,
                            struct tensor *fetch, const struct run_request *q)
{
    empty(fetch, c->n_fetches, q);
    TRY(session_enter(c->session));             /* from here on the signature is there */
    struct status *st = run_known(c->session, c->signature, feed, fetch, q);
    session_leave(c->session);
    return st;
}

void session_call_free(struct session_call *c)
{
    if (!c)
        return;
    session_unref(c->session);
    mem_free(c);
}
