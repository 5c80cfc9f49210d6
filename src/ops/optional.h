/* optional.h - values that may not be there: an element, or none. */
#ifndef OPS_OPTIONAL_H
#define OPS_OPTIONAL_H

#include "op/kernel.h"

/* Output i holds the element, n tensors whose references are taken over, also on failure; n = 0:
 * none. */
MUST_CHECK struct status *optional_put(struct kernel *k, int i, struct tensor *element, int n);

#endif
