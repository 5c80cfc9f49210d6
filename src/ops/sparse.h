/* sparse.h - what the families of sparse tensors share: reading the three tensors that one is made
 * of, checking their indices, putting them in order.
 *
 * A sparse tensor is indices [n, rank], values [n] and a shape [rank]. Nobody says that indices are
 * in order or in bounds; who needs that asks.
 */
#ifndef OPS_SPARSE_H
#define OPS_SPARSE_H

#include "ops/array.h"

struct sparse {
    const struct tensor *indices, *values;
    const int64_t *index;               /* n * rank, where indices are int64 */
    struct shape shape;
    int64_t n;
};

/* The inputs `i` (indices), i+1 (values) and i+2 (shape) of a kernel; or each by its own number. */
MUST_CHECK struct status *sparse_read(const struct kernel *k, int i, struct sparse *s);
MUST_CHECK struct status *sparse_read_at(const struct kernel *k, int indices, int values,
                                         int shape, struct sparse *s);

/* "indices[1] = [2,0] is out of bounds: need 0 <= index < [2,2]"; `ordered`: nor out of order nor
 * repeated. */
MUST_CHECK struct status *sparse_check(const struct sparse *s, bool ordered);

/* -1, 0 or 1: entry a of one set of indices against entry b of another, both of this rank. */
int sparse_compare(const int64_t *a, const int64_t *b, int rank);

/* order[i] is the entry that comes to place i, entries being sorted by row (stable). The memory is
 * the kernel's. */
MUST_CHECK struct status *sparse_order(struct kernel *k, const int64_t *index, int64_t n, int rank,
                                       int64_t **order);

/* Output i of int64, of this shape. */
MUST_CHECK struct status *sparse_new(struct kernel *k, int i, const struct shape *s, int64_t **y);

/* Output i is a shape as a vector. */
MUST_CHECK struct status *sparse_put_shape(struct kernel *k, int i, const struct shape *s);

/* For shape functions: inputs i.. are [n, rank], [n], [rank]; either may be -1. */
MUST_CHECK struct status *sparse_shapes(struct shape_ctx *c, int i, int64_t *n, int64_t *rank);
/* The shape of what has a value for each entry of the sparse tensor at input 0. */
struct status *sparse_values_shape(struct shape_ctx *c);

/* Where entry i lies in a dense tensor that takes these steps. */
static inline int64_t sparse_place(const struct sparse *s, const int64_t *step, int64_t i)
{
    int64_t at = 0;
    for (int d = 0; d < s->shape.rank; d++)
        at += s->index[i * s->shape.rank + d] * step[d];
    return at;
}

#endif
