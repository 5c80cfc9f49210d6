/* trial.h - one case built as a graph and run in one of several ways, which must all agree. */
#ifndef TEST_TRIAL_H
#define TEST_TRIAL_H

#include "plan/plan.h"
#include "test/cases.h"

enum feeding {
    FEED_CONST,         /* inputs are constants: shapes inferred, values folded */
    FEED_UNKNOWN,       /* placeholders of unknown shape: the kernel alone decides */
    FEED_COPIED,        /* as before, through a copy, so that buffers may be reused in place */
    FEED_SHAPED         /* placeholders of known shape; integers constant (for gradients) */
};

struct trial {
    const struct op_case *c;
    enum feeding feeding;
    bool in_double;                     /* replace floats by doubles where the op allows it */
    struct graph *graph;
    struct resources *resources;
    struct node *node;
    struct out x[CASE_MOST];            /* the op's inputs */
    struct tensor value[CASE_MOST];     /* their values, perhaps as double */
    struct variable *holder[CASE_MOST];
    struct out feed[2 * CASE_MOST];     /* placeholders, and what they are fed */
    struct tensor fed[2 * CASE_MOST];   /* references */
    int n_feeds;
};

/* Registers the op that FEED_COPIED needs. Once, after ops_init(). */
MUST_CHECK struct status *trial_init(void);

MUST_CHECK struct status *trial_build(struct trial *t, const struct op_case *c,
                                      enum feeding feeding, bool in_double);
void trial_release(struct trial *t);

/* A placeholder of this shape, fed with (a reference to) `value`. */
MUST_CHECK struct status *trial_feed(struct trial *t, const struct shape *s,
                                     const struct tensor *value, struct out *result);

/* A plan of these fetches (and the node as a target) with a run's memory. What is itself fed
 * cannot be fetched: `alias` says which feed stands for it, or -1. */
struct trial_plan { struct plan *plan; struct run *run; int n, alias[3 * CASE_MOST]; };
MUST_CHECK struct status *trial_compile(struct trial *t, const struct out *fetch, int n,
                                        bool target, unsigned flags, struct trial_plan *p);
MUST_CHECK struct status *trial_run(struct trial *t, struct trial_plan *p, struct tensor *fetch);
void trial_plan_release(struct trial_plan *p);

/* Is input i a table? What it holds now: keys and values, each the caller's. */
bool trial_is_table(const struct trial *t, int i);
MUST_CHECK struct status *trial_table_read(struct trial *t, int i, struct tensor got[2]);

/* Adds what gives the elements of a dataset of one component, as the rows of one tensor. */
MUST_CHECK struct status *trial_rows(struct trial *t, struct out dataset, enum dtype dtype,
                                     struct out *result);

/* NULL, or what is wrong with a case (test/check.c). A value case is run with constants, with
 * placeholders of unknown shape and with inputs whose buffers may be reused, each by both
 * executors; what came must be what the case says, of the inferred dtype and shape, inputs must not
 * change, a second run must agree, and all memory must be given back. */
MUST_CHECK struct status *case_check(const struct op_case *c);

/* The gradients of a case, against finite differences (test/finite.c). */
MUST_CHECK struct status *finite_check(const struct op_case *c);

#endif
