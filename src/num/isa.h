/* isa.h - for the tables beside vec.h's that there are one of for each instruction set: those of
 * the set that vec_best() chose. */
#ifndef NUM_ISA_H
#define NUM_ISA_H

#include "num/vec.h"

#include <string.h>

enum isa { ISA_BASE, ISA_AVX2, ISA_AVX512 };

static inline enum isa isa_best(void)
{
    const char *isa = vec_best()->isa;
    return !strcmp(isa, "avx512") ? ISA_AVX512 : !strcmp(isa, "avx2") ? ISA_AVX2 : ISA_BASE;
}

#endif
