/* gemm_bytes.h - exact products of matrices of bytes, to 32 bits that wrap around.
 *
 * A product of two bytes, and the sum of 256 of those, is exact in float: the work is gemm_f32()'s,
 * 256 of k at a time, which is several times as fast as a loop over integers. What is to count as 0
 * in either matrix is taken out afterwards, by the sums of rows and columns. Any thread.
 */
#ifndef NUM_GEMM_BYTES_H
#define NUM_GEMM_BYTES_H

#include "num/gemm.h"

/* As of a product of floats (gemm.h). Matrices lie without gaps (gemm_dense()). */
MUST_CHECK struct status *gemm_bytes_ready(const struct gemm *g);
size_t gemm_bytes_scratch(const struct gemm *g);

/* C = (op(A) - zero_a) (op(B) - zero_b) */
void gemm_bytes(const struct gemm *g, const uint8_t *a, int32_t zero_a, const uint8_t *b,
                int32_t zero_b, int32_t *c, void *scratch);

#endif
