/* condition.h - one of two branches, chosen in the run (TF: tf.cond, tf.case).
 *
 * Errors stick to the graph. What a branch builds is put in its context, graph/context.h.
 */
#ifndef BUILD_CONDITION_H
#define BUILD_CONDITION_H

#include "graph/context.h"

/* Made under the current name scope: which branch, and what is alive in each. */
struct condition { struct out pred, pivot[2]; };        /* pivot[1]: where pred holds */
/* pred {NULL}: an error sticks. */
struct condition build_condition(struct graph *g, struct out pred);

/* A branch, to be entered with scope_context(). NULL: an error sticks. */
struct context *build_branch_context(struct graph *g, const char *name, struct out pred,
                                     struct out pivot, int branch);
/* Inside: a result of the branch; index -1: the node itself, for which its pivot stands once that
 * node has run (E20). */
struct out branch_result(struct context *c, struct out value);
/* Outside: the one that is alive. Both branches are done when all of theirs are merged. */
struct out build_merge(struct graph *g, struct out when_false, struct out when_true);

/* What builds a branch and tells its n results. */
struct branch {
    void (*build)(void *ctx, struct graph *g, struct out *results, int n);
    void *ctx;
};

void build_cond(struct graph *g, const char *name, struct out pred, struct branch when_true,
                struct branch when_false, struct out *results, int n);

/* ---- case.c ---- */

struct build_case { struct out pred; struct branch then; };
/* The first whose pred holds; `otherwise` that builds nothing: one has to (E23). */
void build_case(struct graph *g, const char *name, const struct build_case *cases, int n_cases,
                struct branch otherwise, bool exclusive, struct out *results, int n);

#endif
