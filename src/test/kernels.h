/* kernels.h - which dtypes an op has a kernel for, asked of its row or of a plan. */
#ifndef TEST_KERNELS_H
#define TEST_KERNELS_H

#include "op/op.h"

/* Of the dtypes that attribute `attr` of the op, a TYPE, allows: those there is a kernel for, as
 * bits. What cannot be built so simply counts as there. */
unsigned kernel_dtypes(const struct op *op, int attr);

#endif
