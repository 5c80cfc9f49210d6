/* pool.h - the loops of pooling by type, for the families that pool. */
#ifndef OPS_POOL_H
#define OPS_POOL_H

#include "num/pooling.h"
#include "tensor/dtype.h"

/* NULL: there are none. */
const struct pool_loops *pool_loops(enum dtype t);

#endif
