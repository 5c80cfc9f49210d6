/* pool.h - the process's one pool of threads.
 *
 * Made when first needed, sized by the first caller that says so, the calling
 * thread included. Workers spin for some tens of microseconds before they
 * sleep: waking a sleeper costs more than most kernels. A fork()ed child makes
 * its own. Any thread may call anything here, workers too (nested loops run).
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stdint.h>

/* How many threads the pool will have, caller included; 0 = as many as there are
 * CPUs this process may use. The first call decides, later ones change nothing (E52). */
void pool_size_hint(int threads);
int pool_threads(void);
int pool_self(void);                    /* which worker calls, from 1; 0: not one of ours */

/* Does what `fn(ctx, 0, n)` does, in pieces of at least `grain` items that may run on several
 * threads at the same time; returns when all are done. `max_threads` 0 means all, 1 runs here. */
void pool_for(int64_t n, int64_t grain, int max_threads,
              void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx);

/* Have t->fn(t) called by some worker, soon; with no worker it runs before this returns. The
 * memory is the caller's and must stay until fn is entered. */
struct pool_task { void (*fn)(struct pool_task *t); struct pool_task *next; };
void pool_submit(struct pool_task *t);
bool pool_withdraw(struct pool_task *t);        /* true: nobody had taken it, and nobody will */

/* For one who waits: take part in a loop that someone has offered. False: there was none. */
bool pool_help(void);

#endif
