/* inside.h - what the files of this folder share: the session itself and where it is listed. */
#ifndef SESSION_INSIDE_H
#define SESSION_INSIDE_H

#include "session/cache.h"
#include "session/session.h"
#include "session/timeout.h"
#include "session/trace.h"

enum { OPEN, CLOSED, RESET };           /* RESET: closed by session_reset() on a server */

struct home;                            /* the direct sessions, or those of a server */

struct session {
    atomic_int refs;                    /* the user's, and one a prepared call */
    struct graph *graph;
    struct session_options options;     /* target is not kept */
    unsigned plan_flags;
    struct resources *resources;
    struct buffer_pool *buffers;
    struct cache cache;
    pthread_mutex_t compiling;          /* held while a plan is added */
    int n_placed;                       /* nodes whose devices are checked, under `compiling` */

    /* One is the session's own, given up by who closes it; each run in flight is one more. Who
     * takes it to zero says so under the lock. */
    atomic_int busy;
    atomic_int state;                   /* OPEN...; what is not OPEN cancels the runs in flight */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool idle, given_back;
    bool late;                          /* the last run gives back: it is in one that it closed */

    struct session_partial *partials;   /* those open, under `lock` */

    struct home *home;
    struct session *next, **link;
};

/* Where the target's sessions are listed; *resources gets a new reference. */
MUST_CHECK struct status *home_enter(struct session *s, const char *target, bool isolate);
void home_leave(struct session *s);

void session_end(struct session *s, int state);         /* close it for this reason */

/* A run in flight keeps the session from being given back: between these two. */
MUST_CHECK struct status *session_enter(struct session *s);
void session_leave(struct session *s);

/* A plan of its own, in no cache. */
MUST_CHECK struct status *session_compile(struct session *s, const struct plan_key *key,
                                          unsigned flags, struct plan **result);
/* The i-th feed, for `o`: "Cannot feed value of shape..." where it does not fit. */
MUST_CHECK struct status *feed_check(const struct feed_check *want, int i, struct out o,
                                     const struct tensor *t);
/* Call fn with what a run of this session may take, and end it when its time is over. */
typedef struct status *run_fn(void *ctx, const struct run_options *o);
MUST_CHECK struct status *session_limited(struct session *s, const struct run_request *q,
                                          run_fn *fn, void *ctx);
void partials_end(struct session_partial *first);       /* their memory is given back */
struct session *session_ref(struct session *s);
void session_unref(struct session *s);

#endif
