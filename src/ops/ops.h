/* ops.h - the op families, each a table of rows that ends with an empty one. */
#ifndef OPS_OPS_H
#define OPS_OPS_H

#include "op/op.h"

/* Register every family, once a process; any thread, any number of calls. */
MUST_CHECK struct status *ops_init(void);

/* The families in the order of their files' names: NULL past the last. */
const char *ops_family(int i, const struct op **rows);

#endif
