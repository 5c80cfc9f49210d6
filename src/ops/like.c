/* like.c - ZerosLike, OnesLike. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "ops/tensor_list.h"

#include <string.h>

static struct status *zeros_like(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    if (x->dtype == DT_STRING)                          /* new strings are empty */
        return kernel_new(k, 0, DT_STRING, &x->shape);
    if (x->dtype == DT_VARIANT)
        return tensor_list_zeros(k);
    if (x->dtype == DT_RESOURCE)
        return status_new(UNIMPLEMENTED, "ZerosLike of %s is not supported",
                          dtype_name(x->dtype));
    TRY(kernel_reuse(k, 0, 0));
    memset(kernel_out(k, 0)->data, 0, tensor_bytes(kernel_out(k, 0)));
    return NULL;
}

#define EACH "ops/like.inc"
#define EACH_SET (SET_FLOATS | SET_INTS | SET_COMPLEX | SET_BOOL)
#include "op/each.h"
#include "op/kernel.h"

const struct op ops_like[] = {
    { .name = "ZerosLike", .inputs = "x: T", .outputs = "y: T", .attrs = "T: type",
      .doc = "Zeros in the shape of x; empty strings, false.", .shape = shape_unchanged,
      .grad = NOT_DIFFERENTIABLE, .kernel_any = zeros_like },
    { .name = "OnesLike", .inputs = "x: T", .outputs = "y: T",
      .attrs = "T: {bfloat16, half, float, double, int8, uint8, int16, uint16, int32, int64, "
               "complex64, complex128, bool}",
      .doc = "Ones in the shape of x; true.", .shape = shape_unchanged,
      .grad = NOT_DIFFERENTIABLE,
      .kernel = KERNELS(NUMBERS(ones_like), [DT_BOOL] = ones_like_b8) },
    { 0 }
};
