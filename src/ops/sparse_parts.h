/* sparse_parts.h - sparse tensors on their own, apart from any kernel's inputs: the rows that one
 * is cut into, and many stacked to one. */
#ifndef OPS_SPARSE_PARTS_H
#define OPS_SPARSE_PARTS_H

#include "ops/sparse.h"

/* The three tensors of a sparse one, each owned; nobody says that they fit together. */
struct sparse_part { struct tensor indices, values, shape; };

void sparse_part_release(struct sparse_part *p);

/* Calls fn for each row (along dimension 0) of the sparse tensor in inputs i.. that is `empty`, or
 * that is not. The part is fn's, whatever it returns. Indices must be in order; rank at least 2. */
typedef struct status *sparse_row_fn(void *ctx, int64_t row, struct sparse_part part);
MUST_CHECK struct status *sparse_rows_read(const struct kernel *k, int i, struct sparse *s);
MUST_CHECK struct status *sparse_each_row(const struct sparse *s, bool empty, sparse_row_fn *fn,
                                          void *ctx);

/* Outputs 0 to 2 become the n parts, as many as `outer` holds, in a shape that is `outer` and then
 * as large as the largest of theirs; a scalar `outer`: the one part as it is. They stay the
 * caller's. */
MUST_CHECK struct status *sparse_stack(struct kernel *k, struct sparse_part *part, int64_t n,
                                       const struct shape *outer, enum dtype dtype);

/* The three tensors become elements at.. of a tensor of strings or variants (sparse_serial.c). */
MUST_CHECK struct status *sparse_part_put(const struct sparse_part *p, struct tensor *to,
                                          int64_t at);

#endif
