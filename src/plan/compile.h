/* compile.h - what the passes of the plan compiler share. Lives as long as plan_compile() runs. */
#ifndef PLAN_COMPILE_H
#define PLAN_COMPILE_H

#include "plan/plan.h"

enum { MOST_PARALLEL = 1 << 10 };       /* iterations of a loop at a time */

/* Where a node's outputs are, by node id; a zeroed one: not needed. */
struct place {
    int slot;                   /* 1 + slot of output 0, in the frame where it lands */
    int step;                   /* 1 + index of its step; 0: it has none (constant, or only fed) */
    int fed;                    /* 1 + index of the first feed that is one of its outputs */
    int constant;               /* 1 + index of its first output in plan->constant; 0: it is none */
    int after;                  /* of a constant: 1 + id of the node that it must wait for, or 0 */
    int frame, lands;           /* as a step's */
    bool watched;               /* whether it is dead is looked at: by a merge, or at the end */
};

/* The functions compiled with a plan and the plans in it. */
struct callees {
    int n;
    const struct callee_use *shared;    /* those that every node may run */
    struct arena tmp;
};

struct compiler {
    struct graph *graph;
    struct plan *plan;
    const struct plan_key *key;
    struct resources *resources;
    unsigned flags;
    struct arena tmp;
    struct place *place;
    uint64_t *needed;           /* bits, by node id */
    int *next_fed;              /* by feed: 1 + the next feed of the same node */
    int n_needed, constants_cap, bound_cap, frames_cap;
    const struct node *open;    /* a merge one of whose inputs was never set, or NULL */
    const char *scope;          /* of a function: what the names of its nodes begin with; or "" */
    struct callees *callees;
};

/* The slot where o's value is read, in its frame: a feed's, or the node's own. */
int compile_slot(const struct compiler *c, struct out o);
int compile_feed_of(const struct compiler *c, struct out o);        /* which feed, or -1 */
bool compile_is_fed(const struct compiler *c, struct out o);
bool compile_is_needed(const struct compiler *c, const struct node *n);

/* Where each needed node runs and lands; the list is put in serial order. INVALID_ARGUMENT where
 * frames are mixed (E29) or edges lead back that must not. */
MUST_CHECK struct status *compile_frames(struct compiler *c, const struct node ***list);
/* What a frame's steps and lasting slots are, once steps and slots are numbered. */
MUST_CHECK struct status *compile_loops(struct compiler *c);

/* The step that must end before whoever waits for a node may run, or NULL: a constant that itself
 * waits for nothing; before an input may be read, or NULL: fed, or such a constant. */
struct step *compile_step_of(const struct compiler *c, const struct node *n);
struct step *compile_writer(const struct compiler *c, struct out o);

/* Loops in which one condition decides what is dead. */
MUST_CHECK struct status *compile_fates(struct compiler *c);

/* Which steps wait for which, what may be dead, and the executor: the last pass. */
MUST_CHECK struct status *compile_waits(struct compiler *c);

/* Compute a step whose inputs are constants, now: then its outputs are constants and the step
 * is not needed; who reads them waits in its stead for what it had to wait for. *folded says so; an
 * error of the kernel's is left to the run (E11). */
MUST_CHECK struct status *compile_fold(struct compiler *c, const struct step *s, bool *folded);

/* A step whose op is a function: the function's body is compiled, with what is stateful in it
 * this call's own. */
MUST_CHECK struct status *compile_call(struct compiler *c, struct step *s);
void callees_unref(const struct callee_use *first);

/* plan_compile() within a plan that is being compiled. */
MUST_CHECK struct status *compile_plan(struct compiler *c, struct graph *g, struct plan **result);

#endif
