/* optimizer.h - minimize: gradients, slots and the Apply nodes (SEMANTICS F).
 *
 * An optimizer is a rule and its numbers; it belongs to no graph and may serve several. It
 * remembers the slots it made, and keeps their graphs alive. One thread at a time.
 */
#ifndef BUILD_OPTIMIZER_H
#define BUILD_OPTIMIZER_H

#include "build/variable.h"

enum { MAX_SLOTS = 3, MAX_HYPER = 4 };

/* What tells one rule from another. */
struct optimizer_rule {
    const char *name;                   /* "Momentum": train op, slots and scopes are called so */
    const char *op;                     /* "ApplyMomentum"; "Sparse", "Resource" go in front */
    const char *slot[MAX_SLOTS];
    const char *hyper[MAX_HYPER];       /* its constants; the learning rate is first */
    /* The Apply op's inputs after the variable, a letter each: 'a' to 'c' slots, '0' to '3'
     * numbers, 'p' and 'q' Adam's powers, 'g' the gradient (with the indices of a sparse one). */
    const char *inputs;
};

struct optimizer;

extern const struct optimizer_rule GRADIENT_DESCENT, MOMENTUM, ADAGRAD, ADADELTA, RMSPROP,
    CENTERED_RMSPROP, ADAM, FTRL;

/* NULL: no memory. */
struct optimizer *optimizer_new(const struct optimizer_rule *rule, const double hyper[MAX_HYPER],
                                const double slot_init[MAX_SLOTS], bool nesterov);
void optimizer_free(struct optimizer *o);                               /* NULL is fine */
void optimizer_set_rate(struct optimizer *o, struct out rate);          /* instead of hyper[0] */
MUST_CHECK struct status *optimizer_set_name(struct optimizer *o, const char *name);

/* A gradient: rows if there are indices. */
struct gradient { struct out values, indices, dense_shape; };

/* Errors stick to the graph of the loss, or of the first variable. */
void optimizer_gradients(struct out loss, const struct variable_nodes *vars, int n,
                         struct gradient *grads);
struct node *optimizer_apply(struct optimizer *o, const struct gradient *grads,
                             const struct variable_nodes *vars, int n,
                             const struct variable_nodes *global_step);
/* The slot of that name made for `v`; ref {NULL}: none. */
struct variable_nodes optimizer_slot(struct optimizer *o, const struct variable_nodes *v,
                                     const char *slot);
struct variable_nodes build_global_step(struct graph *g);

#endif
