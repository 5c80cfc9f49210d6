/* mirror.h - how far a mirror shows. */
#ifndef OPS_MIRROR_H
#define OPS_MIRROR_H

#include "base/status.h"

#include <stdint.h>

/* May a dimension of size `dim` be padded so? edge 1: the outermost elements are not repeated. */
MUST_CHECK struct status *mirror_dim(int64_t before, int64_t after, int64_t dim, int64_t edge);

#endif
