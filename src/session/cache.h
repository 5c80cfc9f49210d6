/* cache.h - the plans of a session, found by what is asked for.
 *
 * Looking one up takes no lock: entries are only ever added, and a table that was outgrown stays
 * until the cache is freed. Keys are nodes' addresses, which say the graph too; the order inside
 * the sets does not matter (B81), for another order of a known key gets an entry of its own that
 * says how to permute. Adding is for one thread at a time. */
#ifndef SESSION_CACHE_H
#define SESSION_CACHE_H

#include "plan/plan.h"

enum { SPARE_RUNS = 16 };

struct cached_plan {
    struct plan *plan;
    _Atomic(struct run *) spare[SPARE_RUNS];    /* runs' memory that nobody uses now */
    struct cached_plan *next;
};

struct feed_check { enum dtype dtype; struct shape shape; };

struct signature {                      /* one key, in one order */
    uint64_t hash;
    struct plan_key key;                /* a copy */
    struct cached_plan *plan;
    const struct feed_check *check;     /* by feed, in the order of the key */
    const int *feed_at, *fetch_at;      /* the plan's i-th is the key's at[i]; NULL: the same */
};

struct cache_table;
struct cache {
    _Atomic(struct cache_table *) table;        /* the newest; older ones behind it */
    struct arena arena;
    struct cached_plan *plans;
    int n_plans;
};

MUST_CHECK struct status *key_copy(struct arena *a, const struct plan_key *key,
                                   struct plan_key *copy);
/* What these outputs of the graph may be fed, as far as it is known now. */
MUST_CHECK struct status *feed_checks(struct arena *a, struct graph *g, const struct out *feed,
                                      int n, const struct feed_check **checks);

const struct signature *cache_find(const struct cache *c, const struct plan_key *key);

/* Compiles it where no order of the key is known yet. */
MUST_CHECK struct status *cache_add(struct cache *c, struct graph *g, const struct plan_key *key,
                                    struct resources *resources, unsigned flags,
                                    const struct signature **result);
void cache_free(struct cache *c);

/* NULL: no memory. */
struct run *cached_run_take(struct cached_plan *p, struct buffer_pool *buffers);
void cached_run_give(struct cached_plan *p, struct run *r);

#endif
