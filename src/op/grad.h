/* grad.h - what a gradient function sees.
 *
 * Given dL/dy for each output of g->node it adds nodes that compute dL/dx for each input and
 * stores them in g->dx; an input left {NULL} gets no gradient (None). The first error sticks in
 * g->st and later calls do nothing, so gradients read like mathematics:
 *
 *     g->dx[0] = grad_add(g, "Mul", OUTS(dy, y), NULL, 0);
 */
#ifndef OP_GRAD_H
#define OP_GRAD_H

#include "op/op.h"

struct context;
struct graph;
struct node_def;

struct out { struct node *node; int index; };       /* one output of one node */

/* For ops with OP_SLICES: dy[i] or dx[i] are rows `values` of IndexedSlices; no node in
 * `indices` means the gradient is dense. */
struct slices { struct out indices, dense_shape; };

struct grad {
    struct graph *graph;
    const struct node *node;            /* the node being differentiated  */
    int n_in, n_out;
    const struct out *x, *y, *dy;       /* its inputs, outputs, and dL/dy */
    const struct slices *dy_slices;     /* parallel to dy */
    struct out *dx;                     /* to be filled: dL/dx            */
    struct slices *dx_slices;           /* parallel to dx */
    const char *scope;                  /* "gradients/MatMul_grad/" */
    const struct attr *groups;          /* NULL, or: the "_class" that nodes added here get */
    const char *device;                 /* ... and their device */
    struct context *context;            /* the loop that goes back; NULL: where the caller is */
    struct status *(*add)(struct graph *g, const struct node_def *d, struct node **n);
    struct status *st;
};

#define OUTS(...)  (const struct out[]){ __VA_ARGS__ }, \
                   (int)(sizeof((struct out[]){ __VA_ARGS__ }) / sizeof(struct out))
#define ATTRS(...) (const struct attr[]){ __VA_ARGS__ }, \
                   (int)(sizeof((struct attr[]){ __VA_ARGS__ }) / sizeof(struct attr))

/* Output 0 of a new node; out_at() names the others. */
struct out grad_add(struct grad *g, const char *op, const struct out *in, int n_in,
                    const struct attr *attr, int n_attr);
static inline struct out out_at(struct out o, int index)
{ return (struct out){ o.node, index }; }

/* Nodes of one or two inputs and no attributes: most of what gradients are made of. */
/* A whole gradient: what came for output 0 goes on to input 0, slices as slices (OP_SLICES). */
static inline void grad_passed(struct grad *g)
{
    g->dx[0] = g->dy[0];
    g->dx_slices[0] = g->dy_slices[0];
}

static inline struct out grad1(struct grad *g, const char *op, struct out x)
{ return grad_add(g, op, OUTS(x), NULL, 0); }
static inline struct out grad2(struct grad *g, const char *op, struct out x, struct out y)
{ return grad_add(g, op, OUTS(x, y), NULL, 0); }

struct out grad_scalar(struct grad *g, enum dtype t, double value);             /* Const */
struct out grad_vector(struct grad *g, enum dtype t, const int64_t *v, int n);  /* Const */

/* The same by another name than the op's, for nodes that TensorFlow names after a function ("mul")
 * or puts in a scope ("Greater/y"). */
struct out grad_add_named(struct grad *g, const char *op, const char *name,
                          const struct out *in, int n_in, const struct attr *attr, int n_attr);
struct out grad_named_scalar(struct grad *g, const char *name, enum dtype t, double value);
struct out grad_named_vector(struct grad *g, const char *name, enum dtype t, const int64_t *v,
                             int n);
struct out grad_shape_of(struct grad *g, struct out x, enum dtype t);   /* a Const where known */
enum dtype out_dtype(struct out o);
const struct shape *out_shape(struct out o);

/* Rows at s->indices become the whole tensor, rows that meet summed; what is dense stays. */
struct out grad_dense(struct grad *g, struct out values, const struct slices *s);

/* Sticks. */
__attribute__((format(printf, 3, 4)))
void grad_fail(struct grad *g, enum code code, const char *fmt, ...);

#endif
