/* tensor_list.h - lists of tensors: variants that never change while anybody else holds them.
 *
 * An op that makes a list from another one takes that over where it is the last to hold it, and
 * copies the references to its elements otherwise: pushing on a list in a loop copies nothing.
 */
#ifndef OPS_TENSOR_LIST_H
#define OPS_TENSOR_LIST_H

#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/variant.h"

struct tensor_list {
    struct variant base;
    enum dtype dtype;
    struct shape shape;                 /* what is known of every element's */
    int64_t most;                       /* elements, at most; < 0: any number */
    int64_t n, room;
    struct tensor *element;             /* empty: nothing was put there */
};

/* n empty elements. */
MUST_CHECK struct status *tensor_list_new(enum dtype dtype, const struct shape *s, int64_t n,
                                          struct tensor_list **l);
/* Longer ones have empty elements at their end. Nobody else holds it. */
MUST_CHECK struct status *tensor_list_resize(struct tensor_list *l, int64_t n);

/* With room to grow, and the same elements. */
MUST_CHECK struct status *tensor_list_copy(const struct tensor_list *from,
                                           struct tensor_list **to);

/* This is a list of elements of this dtype, unless that is DT_INVALID. */
MUST_CHECK struct status *tensor_list_of(const struct variant *v, enum dtype dtype,
                                         const struct tensor_list **l);
/* Input i is one, a scalar; borrowed. */
MUST_CHECK struct status *tensor_list_in(const struct kernel *k, int i, enum dtype dtype,
                                         const struct tensor_list **l);
/* Output i is this list, taken over whatever comes. */
MUST_CHECK struct status *tensor_list_give(struct kernel *k, int i, struct tensor_list *l);
/* Output i is a list as input j is, to be changed. */
MUST_CHECK struct status *tensor_list_own(struct kernel *k, int i, int j, struct tensor_list **l);

/* A reference to element i, which is there; zeros, where nothing was put and its shape, by the list
 * and by `s`, is known. */
MUST_CHECK struct status *tensor_list_read(struct kernel *k, const struct tensor_list *l,
                                           int64_t i, const struct shape *s,
                                           struct tensor *value);
/* Element i is this value now, taken over. */
void tensor_list_put(struct tensor_list *l, int64_t i, struct tensor value);

/* The shape that input i says: a vector, -1 for what is not known, or the scalar -1. */
MUST_CHECK struct status *element_shape_in(const struct kernel *k, int i, struct shape *s);
/* The same while a graph is built, as far as it is known. */
MUST_CHECK struct status *element_shape_of(struct shape_ctx *c, int i, struct shape *s);

/* Whole kernels, of variants: a list of zeros like input 0; the sum of all inputs. */
MUST_CHECK struct status *tensor_list_zeros(struct kernel *k);
MUST_CHECK struct status *tensor_list_sum(struct kernel *k);

/* A whole prepare(): the state is "element_dtype". */
MUST_CHECK struct status *tensor_list_prepare(struct prep *p);
static inline enum dtype tensor_list_dtype(const struct kernel *k)
{ return *(const enum dtype *)k->state; }

/* Nodes of gradients: the element shape of list x, and its length. */
struct out grad_element_shape(struct grad *g, struct out x);
struct out grad_list_length(struct grad *g, struct out x);

#endif
