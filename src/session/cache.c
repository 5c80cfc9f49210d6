#include "session/cache.h"
#include "base/mem.h"

#include <stdlib.h>

struct cache_table {
    struct cache_table *older;
    uint32_t mask;
    int n;
    _Atomic(const struct signature *) at[];
};

/* ---- keys ---- */

static uint64_t mix(uint64_t h, const void *node, int index)
{
    h = (h ^ (uintptr_t)node ^ (uint64_t)index << 48) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static uint64_t hash_of(const struct plan_key *k)
{
    uint64_t h = (uint64_t)k->n_feeds << 32 ^ (uint64_t)k->n_fetches;
    for (int i = 0; i < k->n_feeds; i++)
        h = mix(h, k->feed[i].node, k->feed[i].index);
    for (int i = 0; i < k->n_fetches; i++)
        h = mix(h, k->fetch[i].node, k->fetch[i].index);
    for (int i = 0; i < k->n_targets; i++)
        h = mix(h, k->target[i], 0);
    return h;
}

static bool outs_equal(const struct out *a, const struct out *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i].node != b[i].node || a[i].index != b[i].index)
            return false;
    return true;
}

static bool key_equal(const struct plan_key *a, const struct plan_key *b)
{
    return a->n_feeds == b->n_feeds && a->n_fetches == b->n_fetches &&
           a->n_targets == b->n_targets && outs_equal(a->feed, b->feed, a->n_feeds) &&
           outs_equal(a->fetch, b->fetch, a->n_fetches) &&
           (!a->n_targets || !memcmp(a->target, b->target,
                                     sizeof *a->target * (size_t)a->n_targets));
}

/* ---- the table ---- */

const struct signature *cache_find(const struct cache *c, const struct plan_key *key)
{
    const struct cache_table *t = atomic_load_explicit(&c->table, memory_order_acquire);
    if (!t)
        return NULL;
    uint64_t hash = hash_of(key);
    const struct signature *s;
    for (uint32_t i = (uint32_t)hash;; i++) {
        s = atomic_load_explicit(&t->at[i & t->mask], memory_order_acquire);
        if (!s || (s->hash == hash && key_equal(&s->key, key)))
            return s;
    }
}

static void insert(struct cache_table *t, const struct signature *s)
{
    uint32_t i = (uint32_t)s->hash;
    while (atomic_load_explicit(&t->at[i & t->mask], memory_order_relaxed))
        i++;
    atomic_store_explicit(&t->at[i & t->mask], s, memory_order_release);
    t->n++;
}

static bool make_room(struct cache *c)
{
    struct cache_table *old = atomic_load_explicit(&c->table, memory_order_relaxed);
    if (old && 2 * (uint32_t)old->n <= old->mask)
        return true;
    uint32_t size = old ? 2 * (old->mask + 1) : 8;
    struct cache_table *t = mem_zero(sizeof *t + sizeof t->at[0] * size);
    if (!t)
        return false;
    t->mask = size - 1;
    t->older = old;
    for (uint32_t i = 0; old && i <= old->mask; i++) {
        const struct signature *s = atomic_load_explicit(&old->at[i], memory_order_relaxed);
        if (s)
            insert(t, s);
    }
    atomic_store_explicit(&c->table, t, memory_order_release);
    return true;
}

/* ---- one order for all ---- */

static int compare_ints(int a, int b) { return (a > b) - (a < b); }

struct place { struct out out; int at; };

static int compare_places(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    int c = compare_ints(p->out.node->id, q->out.node->id);
    c = c ? c : compare_ints(p->out.index, q->out.index);
    return c ? c : compare_ints(p->at, q->at);
}

static int compare_nodes(const void *a, const void *b)
{
    return compare_ints((*(struct node *const *)a)->id, (*(struct node *const *)b)->id);
}

/* *at: where each of the sorted ones stood; NULL if they were sorted. */
static struct status *sort_outs(struct arena *a, const struct out *from, int n,
                                const struct out **sorted, const int **at)
{
    struct place *p = arena_array(a, struct place, n);
    struct out *to = arena_array(a, struct out, n);
    int *where = arena_array(a, int, n);
    bool same = true;
    NEED(p && to && where);
    for (int i = 0; i < n; i++)
        p[i] = (struct place){ from[i], i };
    qsort(p, (size_t)n, sizeof *p, compare_places);
    for (int i = 0; i < n; i++) {
        to[i] = p[i].out;
        where[i] = p[i].at;
        same &= where[i] == i;
    }
    *sorted = to;
    *at = same ? NULL : where;
    return NULL;
}

static struct status *sort_key(struct arena *a, const struct plan_key *key, struct plan_key *sorted,
                               const int **feed_at, const int **fetch_at)
{
    struct node **target = arena_array(a, struct node *, key->n_targets);
    *sorted = *key;
    NEED(target);
    if (key->n_targets)
        memcpy(target, key->target, sizeof *target * (size_t)key->n_targets);
    qsort(target, (size_t)key->n_targets, sizeof *target, compare_nodes);
    sorted->target = target;
    TRY(sort_outs(a, key->feed, key->n_feeds, &sorted->feed, feed_at));
    return sort_outs(a, key->fetch, key->n_fetches, &sorted->fetch, fetch_at);
}

struct status *key_copy(struct arena *a, const struct plan_key *key, struct plan_key *copy)
{
    *copy = *key;
    NEED(copy->feed = arena_copy(a, key->feed, sizeof *key->feed * (size_t)key->n_feeds));
    NEED(copy->fetch = arena_copy(a, key->fetch, sizeof *key->fetch * (size_t)key->n_fetches));
    NEED(copy->target = arena_copy(a, key->target, sizeof *key->target * (size_t)key->n_targets));
    return NULL;
}

/* ---- adding ---- */

/* Shapes may become better known later. */
struct status *feed_checks(struct arena *a, struct graph *g, const struct out *feed, int n,
                           const struct feed_check **checks)
{
    struct feed_check *check = arena_array(a, struct feed_check, n);
    NEED(check);
    graph_lock(g);
    for (int i = 0; i < n; i++)
        check[i] = (struct feed_check){ feed[i].node->dtype[feed[i].index],
                                        *feed[i].node->shape[feed[i].index] };
    graph_unlock(g);
    *checks = check;
    return NULL;
}

static struct status *add_signature(struct cache *c, struct graph *g, const struct plan_key *key,
                                    struct cached_plan *plan, const int *feed_at,
                                    const int *fetch_at, const struct signature **result)
{
    struct arena *a = &c->arena;
    struct signature *s = arena_new(a, struct signature);
    NEED(s);
    NEED(make_room(c));
    *s = (struct signature){ .hash = hash_of(key), .plan = plan };
    TRY(key_copy(a, key, &s->key));
    if (feed_at)
        NEED(s->feed_at = arena_copy(a, feed_at, sizeof *feed_at * (size_t)key->n_feeds));
    if (fetch_at)
        NEED(s->fetch_at = arena_copy(a, fetch_at, sizeof *fetch_at * (size_t)key->n_fetches));
    TRY(feed_checks(a, g, s->key.feed, key->n_feeds, &s->check));
    insert(atomic_load_explicit(&c->table, memory_order_relaxed), s);
    *result = s;
    return NULL;
}

static struct status *add_plan(struct cache *c, struct graph *g, const struct plan_key *key,
                               struct resources *resources, unsigned flags,
                               struct cached_plan **result)
{
    struct cached_plan *p = mem_new(struct cached_plan);
    NEED(p);
    struct status *st = plan_compile(g, key, resources, flags, &p->plan);
    if (st) {
        mem_free(p);
        return st;
    }
    p->next = c->plans;
    c->plans = p;
    c->n_plans++;
    *result = p;
    return NULL;
}

static bool is_of_graph(const struct graph *g, const struct plan_key *k)
{
    bool ours = true;
    for (int i = 0; i < k->n_feeds; i++)
        ours &= k->feed[i].node && k->feed[i].node->graph == g;
    for (int i = 0; i < k->n_fetches; i++)
        ours &= k->fetch[i].node && k->fetch[i].node->graph == g;
    for (int i = 0; i < k->n_targets; i++)
        ours &= k->target[i] && k->target[i]->graph == g;
    return ours;
}

/* A key that cannot be sorted is one that the compiler refuses. */
static struct status *refuse(struct graph *g, const struct plan_key *key, unsigned flags)
{
    struct plan *p = NULL;
    TRY(plan_compile(g, key, NULL, flags, &p));
    plan_free(p);
    return status_new(INTERNAL, "A plan of another graph's nodes was compiled");
}

static struct status *add_sorted(struct cache *c, struct graph *g, const struct plan_key *key,
                                 struct resources *resources, unsigned flags, struct arena *tmp,
                                 const struct signature **result)
{
    struct plan_key sorted;
    const int *feed_at, *fetch_at;
    struct cached_plan *plan;
    TRY(sort_key(tmp, key, &sorted, &feed_at, &fetch_at));
    const struct signature *known = cache_find(c, &sorted);
    if (known) {
        plan = known->plan;
    } else {
        TRY(add_plan(c, g, &sorted, resources, flags, &plan));
        TRY(add_signature(c, g, &sorted, plan, NULL, NULL, &known));
    }
    *result = known;
    return key_equal(key, &sorted) ? NULL
                                   : add_signature(c, g, key, plan, feed_at, fetch_at, result);
}

struct status *cache_add(struct cache *c, struct graph *g, const struct plan_key *key,
                         struct resources *resources, unsigned flags,
                         const struct signature **result)
{
    struct arena tmp = { 0 };
    if (!is_of_graph(g, key))
        return refuse(g, key, flags);
    struct status *st = add_sorted(c, g, key, resources, flags, &tmp, result);
    arena_free(&tmp);
    return st;
}

void cache_free(struct cache *c)
{
    for (struct cached_plan *p = c->plans, *next; p; p = next) {
        next = p->next;
        for (int i = 0; i < SPARE_RUNS; i++)
            run_free(atomic_load(&p->spare[i]));
        plan_free(p->plan);
        mem_free(p);
    }
    for (struct cache_table *t = atomic_load(&c->table), *older; t; t = older) {
        older = t->older;
        mem_free(t);
    }
    arena_free(&c->arena);
    atomic_store(&c->table, NULL);
    c->plans = NULL;
}

/* ---- runs ---- */

struct run *cached_run_take(struct cached_plan *p, struct buffer_pool *buffers)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        if (!atomic_load_explicit(&p->spare[i], memory_order_relaxed))
            continue;
        struct run *r = atomic_exchange_explicit(&p->spare[i], NULL, memory_order_acquire);
        if (r)
            return r;
    }
    return run_new(p->plan, buffers);
}

void cached_run_give(struct cached_plan *p, struct run *r)
{
    for (int i = 0; i < SPARE_RUNS; i++) {
        struct run *none = NULL;
        if (!atomic_load_explicit(&p->spare[i], memory_order_relaxed) &&
            atomic_compare_exchange_strong_explicit(&p->spare[i], &none, r, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    run_free(r);
}
