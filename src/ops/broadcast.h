/* broadcast.h - two shapes walked as one, and the way back for gradients.
 *
 * Any family may use it: the walk by kernels that take two inputs (Add, Select...), the
 * gradient helpers by ops that broadcast.
 */
#ifndef OPS_BROADCAST_H
#define OPS_BROADCAST_H

#include "num/vec.h"
#include "op/grad.h"
#include "tensor/shape.h"

/* The result's dimensions, innermost first, those that behave alike made one: dim[0] is a run over
 * which x and y each advance by one or stand still. Never of rank 0. */
struct broadcast {
    int rank;
    int64_t dim[MAX_RANK];
    int64_t x[MAX_RANK], y[MAX_RANK];   /* elements to the next one along it; 0: repeated */
};

/* Where the run of the result that is at hand begins in x and y. */
struct broadcast_at { int64_t x, y, index[MAX_RANK]; };

/* x and y must fit (shape_broadcast_of() has said so) and be fully known. */
void broadcast_plan(struct broadcast *b, const struct shape *x, const struct shape *y);
int64_t broadcast_rows(const struct broadcast *b);              /* runs that are not empty */
struct broadcast_at broadcast_seek(const struct broadcast *b, int64_t row);

static inline enum vec_form broadcast_form(const struct broadcast *b)
{ return !b->x[0] ? VEC_SV : !b->y[0] ? VEC_VS : VEC_VV; }

static inline void broadcast_next(const struct broadcast *b, struct broadcast_at *at)
{
    for (int d = 1; d < b->rank; d++) {
        at->x += b->x[d];
        at->y += b->y[d];
        if (++at->index[d] < b->dim[d])
            return;
        at->x -= b->x[d] * b->dim[d];
        at->y -= b->y[d] * b->dim[d];
        at->index[d] = 0;
    }
}

/* Where x and y were repeated to meet each other: a gradient in the shape that they broadcast to is
 * summed over that, to the shape of x (i = 0) or y. TF's nodes in its order: the shapes and the
 * axes first, each sum after the gradient that it is of. */
struct repeats { struct out shape[2], axes; };
struct repeats grad_repeats(struct grad *g, struct out x, struct out y);
struct out grad_sum_repeats(struct grad *g, const struct repeats *r, int i, struct out dz);

bool grad_alike(struct out x, struct out y);    /* of shapes that are known and equal */

/* *dx and *dy, gradients in the shape that x and y broadcast to, are summed over what was repeated,
 * to x's and y's shapes. Adds nothing where both shapes are known and equal (as TF 1.15). Either
 * may be NULL or hold no node. */
void grad_unbroadcast(struct grad *g, struct out x, struct out y, struct out *dx, struct out *dy);

/* For an op of inputs x and y: g->dx[0] and g->dx[1] are dx and dy, summed. */
void grad_binary(struct grad *g, struct out dx, struct out dy);

/* conj(x) for complex x, else x: a gradient multiplies by the conjugate. */
struct out grad_conj(struct grad *g, struct out x);

/* Gradients read better so. */
static inline struct out grad_mul(struct grad *g, struct out x, struct out y)    /* TF: x * y */
{ return grad_add_named(g, "Mul", "mul", OUTS(x, y), NULL, 0); }
static inline struct out grad_scale(struct grad *g, double by, struct out x)
{ return grad2(g, "Mul", grad_scalar(g, out_dtype(x), by), x); }

#endif
