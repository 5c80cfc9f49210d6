/* gemm.h - matrix products, the one door to oneDNN and OpenBLAS.
 *
 * Which one, measured on an AVX-512 Xeon, one thread (microseconds; oneDNN, OpenBLAS):
 *     4^3 0.55 0.04    16^3 0.72 0.15    64^3 4.5 3.7    128^3 17 40    512^3 987 2239
 *     1x784x128 4.4 4.2    32x784x128 33 89    64x3136x1024 2885 5553    1024x1024x1 85 397
 * and, both held to AVX2, 64^3 5.4 8.9, 512^3 1922 3622: oneDNN it is for float, but for products
 * so small that the call is what costs. Those are a loop here, which needs no library at all.
 * Double and complex go to OpenBLAS, integers to the loop (they wrap around), half and bfloat16
 * to float and back, tile by tile.
 *
 * Matrices are row-major. C must not overlap A or B. Any thread.
 */
#ifndef NUM_GEMM_H
#define NUM_GEMM_H

#include "base/half.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gemm_op { GEMM_N, GEMM_T, GEMM_C };        /* as it lies, transposed, conjugated as well */

struct gemm {                           /* C[m,n] = (add ? C : 0) + op(A)[m,k] op(B)[k,n] */
    enum gemm_op a, b;
    int64_t m, n, k;
    int64_t lda, ldb, ldc;              /* elements from one stored row to the next */
    bool add;
    int threads;                        /* most to use; 0: all of the pool */
};

/* A product of matrices that lie without gaps. */
static inline struct gemm gemm_dense(enum gemm_op a, enum gemm_op b, int64_t m, int64_t n,
                                     int64_t k, int threads)
{
    return (struct gemm){ a, b, m, n, k, a == GEMM_N ? k : m, b == GEMM_N ? n : k, n, false,
                          threads };
}

/* For each type: ready() loads the library such a product needs, and must have returned NULL
 * before it (or a smaller one) runs; scratch() is how many bytes of memory the run wants, 0 for
 * most. With k = 0 the product is zeros. Complex elements are pairs of real ones. */
#define GEMM_TYPES(X)                                                                    \
    X(f32, float) X(f64, double) X(i32, int32_t) X(i64, int64_t) X(f16, struct half)     \
    X(bf16, struct bfloat16) X(c64, void) X(c128, void)

#define X(s, T)                                                                          \
    MUST_CHECK struct status *gemm_ready_##s(const struct gemm *g);                      \
    size_t gemm_scratch_##s(const struct gemm *g);                                       \
    void gemm_##s(const struct gemm *g, const T *a, const T *b, T *c, void *scratch);
GEMM_TYPES(X)
#undef X

#endif
