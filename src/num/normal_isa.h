/* normal_isa.h - the functions that normal_ISA.c make; normal.c chooses one. */
#ifndef NUM_NORMAL_ISA_H
#define NUM_NORMAL_ISA_H

#include <stdint.h>

enum { NORMAL_LANES = 64 };

/* NORMAL_LANES pairs. Where doubt[i] is not 0, pair i may be another one than libm's. */
void normal_try_base(const uint32_t *w, float *y, uint32_t *doubt);
void normal_try_avx2(const uint32_t *w, float *y, uint32_t *doubt);
void normal_try_avx512(const uint32_t *w, float *y, uint32_t *doubt);

#endif
