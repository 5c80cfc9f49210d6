/* bitpack.c - CompareAndBitpack: eight answers in a byte. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

static struct status *bitpack_shape(struct shape_ctx *c)
{
    struct shape s = *shape_in(c, 0);
    TRY(shape_want_rank_at_least(&s, 1));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    if (s.rank > 0) {
        int64_t *last = &s.dim[s.rank - 1];
        ENSURE(*last < 0 || *last % 8 == 0, "Inner dimension of input should be divisible by 8, "
               "but saw shape: %s", SHAPE_STR(&s));
        *last = *last < 0 ? -1 : *last / 8;
    }
    *shape_out(c, 0) = s;
    return NULL;
}

struct bitpack { const void *x, *threshold; uint8_t *y; };

static struct status *bitpack_run(struct kernel *k, void (*fn)(void *, int64_t, int64_t))
{
    const struct tensor *x = kernel_in(k, 0), *threshold = kernel_in(k, 1);
    struct shape s = x->shape;
    ENSURE(threshold->shape.rank == 0, "Compare must be a scalar, but saw shape: %s",
           SHAPE_STR(&threshold->shape));
    ENSURE(s.rank > 0, "Input should be at least a vector, but saw a scalar.");
    ENSURE(s.dim[s.rank - 1] % 8 == 0, "Inner dimension of input should be divisible by 8, but "
           "saw shape: %s", SHAPE_STR(&s));
    s.dim[s.rank - 1] /= 8;
    TRY(kernel_new(k, 0, DT_UINT8, &s));
    struct bitpack b = { x->data, threshold->data, kernel_out(k, 0)->data };
    pool_for(shape_count(&s), 1 << 14, k->env->threads, fn, &b);
    return NULL;
}

#define BIT_OF(x, threshold) ((x) > (threshold))
#define EACH "ops/bitpack.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64 | SET_I8 | SET_I16 | SET_I32 | SET_I64)
#include "op/each.h"
#undef BIT_OF

/* TF: truth is packed as it is, whatever the threshold. */
#define BIT_OF(x, threshold) ((void)(threshold), (x))
#define EACH "ops/bitpack.inc"
#define EACH_SET SET_BOOL
#include "op/each.h"
#undef BIT_OF

const struct op ops_bitpack[] = {
    { .name = "CompareAndBitpack", .inputs = "input: T, threshold: T", .outputs = "output: uint8",
      .attrs = "T: {bool, half, float, double, int8, int16, int32, int64}",
      .doc = "Whether input > threshold, for eight neighbours in one byte, the first in its "
             "highest bit.",
      .shape = bitpack_shape, .grad = NO_GRADIENT,
      .kernel = KERNELS([DT_BOOL] = bitpack_b8, [DT_HALF] = bitpack_f16, DOUBLES(bitpack),
                        [DT_INT8] = bitpack_i8, [DT_INT16] = bitpack_i16,
                        [DT_INT32] = bitpack_i32, [DT_INT64] = bitpack_i64) },
    { 0 }
};
