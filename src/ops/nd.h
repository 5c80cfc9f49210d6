/* nd.h - what is done to elements that indices name, by dtype. */
#ifndef OPS_ND_H
#define OPS_ND_H

#include "tensor/tensor.h"

/* n elements of y from `at` on change by those of x from `from` on; as tensor_copy_elements(). */
typedef struct status *scatter_fn(struct tensor *y, int64_t at, const struct tensor *x,
                                  int64_t from, int64_t n);

/* Integers wrap around, strings are joined; UNIMPLEMENTED where elements cannot be added. */
extern scatter_fn *const scatter_add[DT_COUNT], *const scatter_sub[DT_COUNT];

#endif
