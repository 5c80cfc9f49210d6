/* dataset_thread.h - threads that work for a cursor while nobody asks it: they read ahead, they
 * call functions.
 *
 * They are those that may wait (base/waiter.h), never the pool's. A cursor that has some ends them
 * before it goes: they look at `stop` whenever they are about to begin or to wait.
 */
#ifndef OPS_DATASET_THREAD_H
#define OPS_DATASET_THREAD_H

#include "base/waiter.h"
#include "op/wait.h"
#include "ops/dataset.h"

struct crew {
    pthread_mutex_t lock;               /* on all that the threads and the cursor share */
    pthread_cond_t given, taken;        /* something was made, there is room for more */
    atomic_int stop;
    int threads;                        /* that work, or are about to; under the lock */
    struct buffer_pool *buffers;
};

struct crew_thread {                    /* what a thread's struct begins with */
    struct pool_task task;
    struct crew *crew;
    struct cursor *cursor;
    void (*work)(struct crew_thread *t, struct run_env *env);
};

MUST_CHECK struct status *crew_init(struct crew *c);
/* One more thread does t->work(t, env), in an environment of its own. */
MUST_CHECK struct status *crew_start(struct crew *c, struct crew_thread *t);
/* All of them stop; returns when they have. */
void crew_stop(struct crew *c);
void crew_release(struct crew *c);      /* stops them, if crew_init() was called */
/* Is this thread one of some crew? Then it cannot wait for cursors to end: it may be theirs. */
bool crew_is_here(void);

#endif
