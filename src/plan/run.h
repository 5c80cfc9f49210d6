/* run.h - the memory of one run, and the two executors that plan_run() chooses from. */
#ifndef PLAN_RUN_H
#define PLAN_RUN_H

#include "plan/plan.h"

struct flow;

struct run {
    const struct plan *plan;
    struct tensor *slot;        /* constants stand in theirs for good; feeds are borrowed */
    char *dead;                 /* by step, where some may be: run_serial() has not run it */
    struct run_env env;         /* the caller's thread's */
    struct flow *flow;          /* what run_flow() needs besides, made at its first run */
};

/* Where its memory comes from, from now on. */
void run_set_buffers(struct run *r, struct buffer_pool *buffers);

/* When they return, whatever happened, what is still in slots is plan_run()'s to clear. */
MUST_CHECK struct status *run_serial(const struct plan *p, struct run *r,
                                     const struct run_options *o);
MUST_CHECK struct status *run_flow(const struct plan *p, struct run *r,
                                   const struct run_options *o);
/* The next part of a run: these feeds, by index, are in their slots now. */
MUST_CHECK struct status *run_flow_part(const struct plan *p, struct run *r, const int *feed,
                                        int n_feeds, const struct run_options *o);
void flow_free(struct flow *f);

/* How many inputs are dead. The value of a variable is not in its slot yet: its reference is. */
int step_missing(const struct step *s, const struct tensor *slot);

/* Take the values of the variables that a step's inputs refer to (C9, C10). */
MUST_CHECK struct status *step_deref(const struct step *s, struct tensor *slot);

MUST_CHECK struct status *run_was_cancelled(void);      /* B71 */

#endif
