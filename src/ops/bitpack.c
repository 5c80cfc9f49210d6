/* bitpack.c - bits counted and packed: PopulationCount, CompareAndBitpack. */
#include "graph/graph.h"
#include "base/pool.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/elementwise.h"

/* ---- PopulationCount ---- */

#define RESULT uint8_t
#define RESULT_STORE SAME
#define RESULT_DT DT_UINT8
#define EACH "ops/bitcount.inc"
#include "op/each_int.h"
#undef RESULT
#undef RESULT_STORE
#undef RESULT_DT

/* ---- CompareAndBitpack: eight elements a byte, the first one its highest bit ---- */

enum { PACK_GRAIN = 1 << 14 };          /* bytes made that are worth another thread */

struct pack { const void *x, *threshold; uint8_t *to; };

static struct status *pack_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 1));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    if (x->rank < 0)
        return NULL;
    struct shape y = *x;
    int64_t *last = &y.dim[y.rank - 1];
    ENSURE(*last < 0 || *last % 8 == 0, "Dimension size must be evenly divisible by 8 but is %lld",
           (long long)*last);
    *last = *last < 0 ? -1 : *last / 8;
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *pack(struct kernel *k, void (*fn)(void *, int64_t, int64_t))
{
    const struct tensor *x = kernel_in(k, 0), *threshold = kernel_in(k, 1);
    struct shape y = x->shape;
    ENSURE(threshold->shape.rank == 0, "Compare must be a scalar, but saw shape: %s",
           SHAPE_STR(&threshold->shape));
    ENSURE(y.rank > 0, "Input should be at least a vector, but saw a scalar.");
    ENSURE(y.dim[y.rank - 1] % 8 == 0, "Inner dimension of input should be divisible by 8, but saw "
           "shape: %s", SHAPE_STR(&x->shape));
    y.dim[y.rank - 1] /= 8;
    TRY(kernel_new(k, 0, DT_UINT8, &y));
    struct pack p = { x->data, threshold->data, kernel_out(k, 0)->data };
    pool_for(shape_count(&y), PACK_GRAIN, k->env->threads, fn, &p);
    return NULL;
}

#define EACH "ops/bitpack.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64 | SET_I8 | SET_I16 | SET_I32 | SET_I64 | SET_BOOL)
#include "op/each.h"

const struct op ops_bitpack[] = {
    { .name = "PopulationCount", .inputs = "x: T", .outputs = "y: uint8",
      .attrs = "T: {int8, int16, int32, int64, uint8, uint16, uint32, uint64}",
      .doc = "How many bits of x are set.", .shape = shape_unchanged, .grad = NO_GRADIENT,
      .kernel = KERNELS(INTS(bit_count)) },
    { .name = "CompareAndBitpack", .inputs = "input: T, threshold: T", .outputs = "output: uint8",
      .attrs = "T: {bool, half, float, double, int8, int16, int32, int64}",
      .doc = "Whether elements are greater than the threshold (bool: whether they are true), "
             "eight of them a byte.",
      .shape = pack_shape, .grad = NO_GRADIENT,
      .kernel = KERNELS([DT_BOOL] = pack_b8, [DT_HALF] = pack_f16, DOUBLES(pack),
                        [DT_INT8] = pack_i8, [DT_INT16] = pack_i16, [DT_INT32] = pack_i32,
                        [DT_INT64] = pack_i64) },
    { 0 }
};
