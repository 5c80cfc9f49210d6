/* philox_isa.h - the functions that philox_ISA.c make; philox.c chooses one. */
#ifndef NUM_PHILOX_ISA_H
#define NUM_PHILOX_ISA_H

#include "num/philox.h"

enum { PHILOX_LANES = 32 };     /* more than the compiler unrolls: it would make no vectors */

/* Whole lanes only: n / PHILOX_LANES of them. */
void philox_many_base(struct philox *p, int n, uint32_t (*block)[4]);
void philox_many_avx2(struct philox *p, int n, uint32_t (*block)[4]);
void philox_many_avx512(struct philox *p, int n, uint32_t (*block)[4]);

#endif
