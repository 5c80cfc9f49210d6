/* plan.h - a graph compiled for one (feeds, fetches, targets) signature.
 *
 * Immutable once compiled; many runs, on many threads, may use it at the same time. Everything
 * that can be decided before a run is decided here, once: kernels, slots, last readers, who
 * waits for whom. It holds references to the resources (variables, generators) it bound, and
 * none to the graph: the session keeps that.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/arena.h"
#include "graph/graph.h"
#include "op/kernel.h"

/* An input that refers to a variable: before the step runs, the variable must be initialized
 * and, where the op wants its value, the executor takes the tensor that is there at that moment. */
struct deref { int in, from, to; };     /* input, slot of the reference, of the value (-1: none) */

/* Whether a step of a loop lives in an iteration: see fate.c. */
enum fate {
    FATE_ASKED,                 /* its inputs show it */
    FATE_LIVES,                 /* always */
    FATE_GOES_ON, FATE_LEAVES   /* where the loop's condition is true; where it is false */
};

struct step {                   /* one node, as the executor sees it */
    kernel_fn *run;
    const void *state;
    const struct node *node;
    const int *in;              /* slots of its inputs, in its frame */
    const int *dead;            /* slots of the plan that nobody reads after it, in serial order */
    const struct deref *deref;
    const int *wait;            /* steps whose death is its own: by a control edge (mortal plans) */
    const int *next;            /* steps that wait for it (flow plans only) */
    int n_in, n_out, out, n_dead, n_deref, n_wait, n_next, pending;
    int pending_next;           /* what it waits for besides, but in a loop's first iteration */
    int frame, lands;           /* where it runs; where its outputs land: `out` counts there */
    int at;                     /* which of its frame's steps it is */
    int slots, lands_slots;     /* the first slots of these two frames */
    unsigned movable;           /* bit i: it is the last to read input i, in serial order */
    unsigned unread;            /* bit i: nobody reads output i */
    unsigned flags;             /* the op's */
    bool mortal;                /* it may come that it does not run */
    bool watched;               /* others want to know whether it did */
    bool opens;                 /* the first of a loop whose steps have fates */
    enum fate fate;
    bool closes;                /* the last of its frame, in serial order */
};

/* A loop: what runs again and again between its Enters and its Exits. Frame 0 is what is in none.
 * In serial order a frame's steps stand together, with those of the frames in it between them; its
 * slots do, without theirs. */
struct frame {
    const char *name;
    int parent;
    int first, end;             /* its steps, */
    int n_steps;                /* and how many are its own */
    int slots, n_slots;         /* the first of its slots, and how many */
    int *next;                  /* slots of the plan that the next iteration begins with */
    int *invariant;             /* those that every iteration sees */
    int n_next, n_invariants;
    int n_enters;
    int *enter;                 /* slots of the plan; of a loop whose steps have fates */
    int parallel;               /* most iterations at a time */
};

struct callee_use;              /* of callee.c: functions that steps run */

struct plan {
    struct arena arena;
    struct step *step;          /* in a topological order */
    struct frame *frame;        /* a parent stands before its children */
    int n_frames;
    int n_steps, n_slots, n_feeds, n_fetches;
    int *feed, *fetch;          /* slots */
    struct tensor *constant;  /* values that stand in slots before a run: constants, folded nodes */
    int *constant_slot, n_constants;
    int *readers;               /* per slot: inputs and fetches that read it; 0: kept, or unread */
    bool serial;                /* best run in order, on one thread */
    bool orderly;               /* may be run in order: no control flow, nothing that blocks */
    bool mortal;                /* some values may be dead: there is control flow */
    bool given;                 /* feeds are the run's, as other values are */
    struct resource **bound;    /* references to give back */
    int n_bound;
    const struct callee_use *callees;   /* references to give back */
    const struct node *const *fetched;      /* for messages */
};

struct plan_key {               /* what is asked for; arrays are borrowed */
    const struct out *feed, *fetch;
    struct node *const *target;
    int n_feeds, n_fetches, n_targets;
};

enum {
    PLAN_NO_FOLD = 1,
    PLAN_FLOW = 4, PLAN_SERIAL = 8,      /* one executor, whatever the plan looks like; for tests */
    PLAN_PLACE = 16,                      /* check the devices of the nodes that are needed (E61) */
    PLAN_SOFT = 32,                         /* ... softly (E56) */
    PLAN_PARTS = 64,                        /* for plan_run_part(): feeds come by and by */
    PLAN_GIVEN = 128                        /* plan_run() takes the references of feeds over */
};

/* Takes the graph's lock. Errors as in B54-B56, B82-B83; those of a kernel's preparation name its
 * node. The graph must outlive the plan. */
MUST_CHECK struct status *plan_compile(struct graph *g, const struct plan_key *key,
                                       struct resources *resources, unsigned flags,
                                       struct plan **result);
void plan_free(struct plan *p);                                 /* NULL is fine */

/* Is there a device for what the node asks for? The CPU is the only one (E55, E56). */
MUST_CHECK struct status *plan_place(const struct node *n, bool soft);

/* One run's memory: kept by the session between runs. Nothing of it is shared. */
struct run;
struct run *run_new(const struct plan *p, struct buffer_pool *buffers);     /* NULL: no memory */
void run_free(struct run *r);

struct step_time { int64_t start_ns, end_ns; int thread; };

struct run_options {
    struct stop stop;                   /* stop soon once it is asked */
    int inter, intra;                 /* most steps at a time, most threads a step; 0: the pool's */
    /* NULL, or told of each step, by any thread; its outputs are there, if it did not fail. */
    void (*on_step)(void *ctx, const struct step *s, const struct tensor *out,
                    const struct step_time *time);
    void *ctx;
};

/* Feeds are borrowed (or, PLAN_GIVEN, taken over whatever happens) and must fit, as who calls
 * checks; each fetch comes back holding a reference, or none is set on failure. */
MUST_CHECK struct status *plan_run(const struct plan *p, struct run *r, const struct tensor *feed,
                                   struct tensor *fetch, const struct run_options *o);

/* One run of a plan compiled with PLAN_PARTS: each part brings some of the feeds, runs every step
 * that can run by now and has not yet, and takes some of the fetches, all by their index. What
 * was fed stays as it was; the values are copied if they are not ours. After an error there is
 * nothing left to do with `r` but run_free(). */
struct plan_part {
    const int *feed, *fetch;
    const struct tensor *value;         /* by feed */
    int n_feeds, n_fetches;
};
MUST_CHECK struct status *plan_run_part(const struct plan *p, struct run *r,
                                        const struct plan_part *part, struct tensor *fetch,
                                        const struct run_options *o);

#endif
