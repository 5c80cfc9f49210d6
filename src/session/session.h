/* session.h - a graph, the variables, and the plans compiled so far.
 *
 * A session keeps its graph alive. Running is thread safe; closing cancels the steps in flight,
 * waits for them and gives back everything that the session owned (B68); later runs fail.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "plan/plan.h"
#include "session/trace.h"

struct session;

struct session_options {
    const char *target;                 /* "" or NULL: direct; else a server made by server_new() */
    int inter_op_threads, intra_op_threads;     /* 0: as many as CPUs (E52) */
    int64_t timeout_ms;                 /* of each run; 0: none (E54) */
    bool isolate_state;                 /* on a server: variables of its own (C3) */
    bool allow_soft_placement;          /* E56 */
    bool log_device_placement;          /* E57: to standard error */
    bool place_pruned_graph;            /* B20, E61 */
    unsigned plan_flags;                /* PLAN_... */
};

struct run_request {                    /* RunOptions, for one run; zeroed is the default */
    int64_t timeout_ms;                 /* overrides the session's (B61) */
    struct trace **trace;               /* NULL, or: gets what the steps took (B60); caller frees */
    const volatile int *interrupt;      /* NULL, or: ends the run once it is not 0 */
};

MUST_CHECK struct status *session_new(struct graph *g, const struct session_options *o,
                                      struct session **result);
struct graph *session_graph(struct session *s);
MUST_CHECK struct status *session_run(struct session *s, const struct plan_key *key,
                                      const struct tensor *feed, struct tensor *fetch,
                                      const struct run_request *r);
void session_close(struct session *s);          /* twice is fine (B69) */
void session_free(struct session *s);           /* closes; NULL is fine */
bool session_is_closed(struct session *s);
size_t session_bytes_kept(struct session *s);   /* recycled buffers that no value uses now */
int session_plan_count(struct session *s);

/* A prepared run (make_callable, B85): the plan looked up once. It keeps the session's memory,
 * but not open: after close a call is CANCELLED "Session has been closed." (B74). */
struct session_call;
MUST_CHECK struct status *session_prepare(struct session *s, const struct plan_key *key,
                                          struct session_call **result);
MUST_CHECK struct status *session_call(struct session_call *c, const struct tensor *feed,
                                       struct tensor *fetch, const struct run_request *r);
void session_call_free(struct session_call *c);

/* A run in parts (B88-B91): key says what may be fed and fetched, each once, over all parts; then
 * a part's key says what it brings and takes. One thread at a time. It keeps the session's memory,
 * but not open. */
struct session_partial;
MUST_CHECK struct status *session_partial_new(struct session *s, const struct plan_key *key,
                                              struct session_partial **result);
MUST_CHECK struct status *session_partial_run(struct session_partial *p,
                                              const struct plan_key *key,
                                              const struct tensor *feed, struct tensor *fetch);
void session_partial_free(struct session_partial *p);   /* NULL is fine */

/* An in-process server: variables shared by (container, name) among its sessions, whatever their
 * graphs, and outliving them. Its target is "weft://N". */
struct server;
MUST_CHECK struct status *server_new(struct server **result);
const char *server_target(const struct server *s);
void server_free(struct server *s);             /* sessions on it then fail with ABORTED */

/* Empty the named containers (none named: the default one) of every session of the target and
 * close those sessions (B93-B95). */
MUST_CHECK struct status *session_reset(const char *target, const char *const *containers, int n);

#endif
