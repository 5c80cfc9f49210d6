/* shape_fn.h - what a shape function sees, and the common ones.
 *
 * A shape function runs once, as its node is added, under the graph's lock. It reads the
 * shapes of the inputs, constant inputs' values and attributes (node_attr(c->node, ...)) and
 * sets the shape of each output; one it does not set is of unknown rank.
 */
#ifndef OP_SHAPE_FN_H
#define OP_SHAPE_FN_H

#include "op/op.h"

struct shape_ctx {
    const struct node *node;            /* being added: op, name, inputs and attributes are there */
    int n_in, n_out;
    const struct shape *const *in;
    struct shape *out;
    int *budget;                        /* how many more nodes may be looked into for values */
    int asked;                          /* which output's value partial() is to give */
};

static inline const struct shape *shape_in(const struct shape_ctx *c, int i) { return c->in[i]; }
static inline struct shape *shape_out(struct shape_ctx *c, int i) { return &c->out[i]; }

/* The value of input i if it is known while the graph is built (a constant, or computed from
 * constants or known shapes by cheap ops), else NULL. Borrowed; lives as long as the graph. */
const struct tensor *shape_in_value(struct shape_ctx *c, int i);

/* The shape that input i, an int32 or int64 vector, denotes: unknown dims where elements are not
 * known, unknown rank where even their number is not. Checks that it is a vector and not negative
 * (-1 is read as unknown). */
MUST_CHECK struct status *shape_in_shape(struct shape_ctx *c, int i, struct shape *s);

/* As shape_in_shape(), but for an int scalar: -1 where it is not known. */
MUST_CHECK struct status *shape_in_size(struct shape_ctx *c, int i, int64_t *size);

/* "Shape must be rank 2 but is rank 1"; unknown rank passes. */
MUST_CHECK struct status *shape_want_rank(const struct shape *s, int rank);
MUST_CHECK struct status *shape_want_rank_at_least(const struct shape *s, int rank);

/* axis in [-rank, rank) to [0, rank); refuses others. */
MUST_CHECK struct status *axis_resolve(int64_t axis, int rank, int *resolved);

struct status *shape_none(struct shape_ctx *c);             /* no outputs */
struct status *shape_scalar(struct shape_ctx *c);           /* every output is a scalar */
struct status *shape_unknown(struct shape_ctx *c);          /* TF has no shape function for it */
struct status *shape_unchanged(struct shape_ctx *c);        /* output 0 has input 0's shape */
struct status *shape_from_input(struct shape_ctx *c);       /* output 0 has the shape in input 0 */
struct status *shape_merged(struct shape_ctx *c);           /* all inputs and output 0 alike */
struct status *shape_broadcast(struct shape_ctx *c);        /* inputs 0 and 1 broadcast */
struct status *shape_attr(struct shape_ctx *c);             /* output 0 has attr "shape" */

#endif
