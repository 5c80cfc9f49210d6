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

    struct home *home;
    struct session *next, **link;
};

/* Where the target's sessions are listed; *resources gets a new reference. */
MUST_CHECK struct status *home_enter(struct session *s, const char *target, bool isolate);
void home_leave(struct session *s);

void session_end(struct session *s, int state);         /* close it for this reason */
struct session *session_ref(struct session *s);
void session_unref(struct session *s);

#endif
