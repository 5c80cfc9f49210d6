/* flow.h - what the two halves of the dataflow executor share: workers and what is ready
 * (run_flow.c), iterations and loops (iterate.c).
 */
#ifndef PLAN_FLOW_H
#define PLAN_FLOW_H

#include "base/pool.h"
#include "plan/run.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DEAD = 1 << 30 };

struct loop;

/* One pass through a frame. That through frame 0, the root, is the run itself. */
struct iter {
    struct tensor *slot;        /* of its frame */
    atomic_int *pending;        /* by step of its frame: what it waits for; plus DEAD once something
                                 * was dead */
    atomic_int *readers;        /* by slot: who will still read it */
    /* The rest is a loop's, and under flow->loops, but for `busy`. */
    struct loop *loop;          /* NULL: the root */
    struct iter *next;          /* the one after it */
    struct iter *older, *newer; /* all that are in use, in no order */
    char *came;                 /* by step: this NextIteration is there, but it has not started */
    int number;
    bool started;
    atomic_int busy;            /* steps that are ready or run, loops in it that are not over */
    struct loop *loops;         /* that it has entered */
};

struct ready { const struct step *step; struct iter *it; };

struct worker {
    struct pool_task task;      /* first, so that the task is the worker */
    struct flow *flow;
    struct run_env env;
    struct ready *cheap;        /* a stack */
    int n_cheap, cheap_cap;
    struct ready expensive;     /* run when no cheap one is left */
    bool active;
};

/* A thread that waits for a step, and is a worker from then on. */
struct keeper {
    struct worker worker;       /* first, so that its task is the keeper */
    struct ready waits;
    struct keeper *next;
};

struct flow {
    const struct plan *plan;
    const struct run_options *options;
    struct run_env env;         /* as every worker begins */
    struct iter root;
    struct frame_start *start;  /* by frame: what an iteration begins with */
    atomic_int *cost_ns;        /* by step, of those that may be expensive: what they took */
    pthread_mutex_t loops;      /* taken before `lock` */
    struct iter *in_use;        /* of loops */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ready *shared;       /* a stack */
    int shared_cap;
    atomic_int n_shared, n_active;
    bool alone;                 /* no helper was asked for in this run yet */
    struct keeper *spare;       /* who wait for nothing now */
    bool waiting;               /* worker 0 sleeps */
    atomic_bool stop;
    struct status *st;          /* the first error (B66) */
    int n_workers;              /* that there is room for */
    struct worker worker[];
};

/* ---- run_flow.c ---- */

void flow_fail(struct flow *f, struct status *st);              /* takes it over */
/* x waits for nothing any more. */
void flow_ready(struct worker *w, struct ready x);
/* `s` has left its values in `it`, or none: tell the steps that wait for them. */
void flow_deliver(struct worker *w, const struct step *s, struct iter *it, bool dead);

/* ---- iterate.c ---- */

MUST_CHECK bool flow_frames_new(struct flow *f, struct tensor *root);
void flow_frames_free(struct flow *f);
/* Everything waits again. */
void flow_root_begin(struct flow *f);
/* Give back what a run that failed left in loops. */
void flow_leave_loops(struct flow *f);

/* Where the outputs of a step land. */
MUST_CHECK struct status *flow_landing(struct flow *f, const struct step *s, struct iter *it,
                                       struct iter **to);
/* After it ran, or came to be dead: whoever waits is told, now or when the iteration starts. */
MUST_CHECK struct status *flow_arrive(struct worker *w, const struct step *s, struct iter *it,
                                      struct iter *to, bool dead);
/* One step fewer is at work in `it`, which may end with it, and the loop too. */
void flow_unbusy(struct worker *w, struct iter *it);

#endif
